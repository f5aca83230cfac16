"""The story's undercover visits (暗访): plan, draw, inspectors, records (演示)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accountability.demo.by_two import approve_pending
from accountability.demo.calendar import Calendar
from accountability.demo.ceremony import Ceremony
from accountability.demo.people import Office
from accountability.inspections.models import Inspection, InspectionPlan
from accountability.inspections.rules import CheckItem, Conclusion, Method
from accountability.inspections.services import plans, visits
from accountability.rectifications.models import RectificationItem
from accountability.rectifications.queries import signs_of
from evaluations.rounds.models import Round

YES = dict.fromkeys((item.value for item in CheckItem), "yes")
OPENS, HOUR = time(9), timedelta(hours=1)


@dataclass
class Visiting:
    """The visits of one round."""

    round: Round
    office: Office
    calendar: Calendar

    def plan(self, *, first: date, last: date, drawn: int, at: datetime) -> InspectionPlan:
        """Let the chief propose a plan and the commission approve it."""
        facts = plans.PlanFacts("上榜科室整改暗访（演示）", first, last, drawn)
        plan = plans.propose_plan(round_id=self.round.pk, facts=facts, by=self.office.chief, at=at)
        approve_pending(plan, "insp.plan", by=self.office.commission, at=at)
        plan.refresh_from_db()
        return plan

    def assign(self, plan: InspectionPlan, ceremony: Ceremony | None, *, drawn_at: datetime, at: datetime) -> None:
        """Draw the additional sections, set the days and assign both inspectors to every visit."""
        if plan.draw and ceremony:
            ceremony.finish(plan.draw, at=drawn_at)
        ids = [inspector.pk for inspector in self.office.inspectors]
        for visit in plans.schedule_visits(plan_id=plan.pk, by=self.office.chief, at=at):
            plans.assign_inspectors(inspection_id=visit.pk, inspector_ids=ids, by=self.office.chief, at=at)

    def visit(self, visit: Inspection, *, lead: str = "", is_sound: bool = False) -> Inspection:
        """Let the first inspector fill in and submit the record, on the day of the visit; `is_sound` finds nothing."""
        arrived = timezone.make_aware(datetime.combine(visit.visit_on, OPENS)) + HOUR
        items, at, by = visits.open_items(visit), arrived + 2 * HOUR, self.office.inspectors[0]
        record = self._record(arrived, items, is_transferred=bool(lead), is_sound=is_sound)
        visits.save_record(inspection_id=visit.pk, record=record, by=by, at=at)
        return visits.submit_record(inspection_id=visit.pk, lead=lead, by=by, at=at)

    def approve(self, visit: Inspection, *, at: datetime) -> None:
        """Let the chief approve a submitted record."""
        visits.approve_record(inspection_id=visit.pk, by=self.office.chief, at=at)

    def _record(
        self, arrived: datetime, items: Sequence[RectificationItem], *, is_transferred: bool, is_sound: bool
    ) -> visits.Record:
        signs = [code for code, sign in signs_of(self.round).items() if sign["indicator"] != "greedy"]
        done = {item.pk: True for item in items if item.finished_at}
        is_sound = is_sound or bool(done)
        found = Conclusion.TRANSFER if is_transferred else Conclusion.BY_DATE
        return visits.Record(
            method=Method.ERRAND,
            arrived_at=arrived,
            left_at=arrived + HOUR,
            place="办事大厅窗口",
            errand="咨询并申报一件常办事项（演示）",
            situation="窗口有人，一次告知材料。" if is_sound else "等候较久，告知不全。",
            conclusion=Conclusion.SOUND if is_sound else found,
            checks=YES,
            findings=[] if is_sound else [(signs[0], "2")],
            items=done,
        )

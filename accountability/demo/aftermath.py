"""The twelve days after publication: talks, a plan, an inspection, an order, a closed item."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from django.utils import timezone

from accountability.cases.models import Case
from accountability.cases.rules.measures import MeasureKind
from accountability.cases.services import record_measure
from accountability.demo.ceremony import Ceremony
from accountability.evidence.services.evidence import Upload, add_evidence
from accountability.inspections.models import Inspection
from accountability.inspections.rules import CheckItem, Conclusion, Method
from accountability.inspections.services import orders, plans
from accountability.inspections.services import visits as visits_services
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.queries import signs_of
from accountability.rectifications.rules import TermKind
from accountability.rectifications.services import items as item_services
from accountability.rectifications.services import rectifications
from accountability.talks.models import Talk
from accountability.talks.services import file_talk, talk_record, write_talk
from evaluations.rounds.models import Round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.users.models import User

TALKED, INSPECTED, VISITED, HOUR = 3, 5, 3, timedelta(hours=1)
YES = dict.fromkeys((item.value for item in CheckItem), "yes")


@dataclass
class Aftermath:
    """Accounts and calendar; `day(n)` is nine o'clock n days ago, `liaison(case)` the unit's account."""

    round_: Round
    clerk: User
    chief: User
    commission: User
    inspectors: Sequence[User]
    ceremony: Ceremony
    day: Callable[[int], datetime]
    liaison: Callable[[Case], User]

    def run(self) -> None:
        """Run all steps after publication; without a listed section there are none."""
        cases = list(Case.objects.of_round(self.round_.pk).select_related("result__section").order_by("result__rank"))
        if not cases:
            return
        for case in cases:
            self._record_notice(case)
        for case in cases[:TALKED]:
            self._talk_to_leader(case)
        first = cases[0]
        self._talk_to_head(first)
        self._rectify(first)
        self._inspect(first)

    def _record_notice(self, case: Case) -> None:
        notice = case.measures.get(kind=MeasureKind.NOTICE)
        on = timezone.localtime(self.day(11)).date()
        text = "《南川日报》刊登公示（演示）"
        record_measure(measure_id=notice.pk, done_on=on, record=text, by=self.commission, at=self.day(11))

    def _talk_to_leader(self, case: Case) -> None:
        facts = {"talker": "区纪委监委 王书记（演示）", "place": "区纪委监委谈话室"}
        self._talk(case, MeasureKind.TALK_LEADER, self.commission, self.day(9), facts)

    def _talk_to_head(self, case: Case) -> None:
        facts = {"talker": "单位党委（党组）书记（演示）", "place": "单位会议室"}
        self._talk(case, MeasureKind.TALK_HEAD, self.liaison(case), self.day(8), facts)

    def _talk(self, case: Case, kind: MeasureKind, by: User, held_at: datetime, facts: dict[str, str]) -> Talk:
        measure = case.measures.get(kind=kind)
        post, _, person = measure.target.rpartition(" ")
        record = {
            **facts,
            "person": person,
            "post": post or person,
            "held_at": held_at,
            "reason": f"{measure.basis}。主要问题：{case.result.main_problems}",
            "points": "指出群众反映的问题，提醒履行管理责任，不回避、不护短。",
            "attitude": "诚恳接受，认真整改。",
            "demand": "制定整改方案，按期完成，接受暗访检验。",
            "recorder": "演示记录员",
            "is_signed": True,
        }
        at = held_at + HOUR
        talk = write_talk(measure_id=measure.pk, facts=record, by=by, at=at)
        scan = talk_record(talk)
        add_evidence(subject=talk, upload=Upload("谈话记录签字件.pdf", BytesIO(scan), len(scan)), by=by, at=at)
        return file_talk(talk_id=talk.pk, by=by, at=at)

    def _rectify(self, case: Case) -> None:
        row, by = Rectification.objects.get(case=case), self.liaison(case)
        if not row.items.exists():
            sign = next(code for code, sign in signs_of(self.round_).items() if sign["indicator"] != "greedy")
            item_services.add_item(rectification_id=row.pk, sign=sign, by=by, at=self.day(9))
        for item in row.items.all():
            self._plan_item(item, by)
        rectifications.submit_plan(rectification_id=row.pk, opinion="同意，按方案整改。", by=by, at=self.day(8))
        proposed = approvals.propose("rect.plan", row, by=self.clerk, at=self.day(8), accepted=True, note="措施具体")
        approvals.approve(approval_id=proposed.pk, by=self.chief, at=self.day(8) + HOUR)
        first = row.items.order_by("position")[0]
        item_services.report_progress(item_id=first.pk, text="全员培训，窗口公开承诺。", by=by, at=self.day(7))
        item_services.finish_item(item_id=first.pk, outcome="培训完成，承诺上墙。", by=by, at=self.day(6))

    def _plan_item(self, item: RectificationItem, by: User) -> None:
        kinds = [TermKind.AT_ONCE, TermKind.BY_DATE, TermKind.CONTINUING]
        facts = {
            "cause": "教育管理不严，流程公开不够。",
            "goal": "群众办事有人答、一次清、按期结。",
            "measures": "全员培训；公开流程和时限；设投诉电话；每周抽查。",
            "leader": "演示分管领导",
            "person": "演示科室负责人",
            "term": kinds[(item.position - 1) % len(kinds)],
            "due_on": timezone.localtime(self.day(2)).date() + timedelta(days=(item.position - 1) * 20),
        }
        item_services.edit_item(item_id=item.pk, facts=facts, by=by, at=self.day(9))

    def _inspect(self, first: Case) -> None:
        start, end = (timezone.localtime(self.day(n)).date() for n in (5, 0))
        facts = plans.PlanFacts("上榜科室整改暗访（演示）", start, end, INSPECTED)
        plan = plans.propose_plan(round_id=self.round_.pk, facts=facts, by=self.chief, at=self.day(8))
        plan = plans.approve_plan(plan_id=plan.pk, by=self.commission, at=self.day(8))
        if plan.draw:
            self.ceremony.finish(plan.draw, at=self.day(6))
        visits = plans.schedule_visits(plan_id=plan.pk, by=self.chief, at=self.day(5))
        ids = [inspector.pk for inspector in self.inspectors]
        for visit in visits:
            plans.assign_inspectors(inspection_id=visit.pk, inspector_ids=ids, by=self.chief, at=self.day(5))
        # Visits whose drawn day has come, that to the hardest section first.
        come = [visit for visit in visits if visit.visit_on <= timezone.localtime(self.day(1)).date()]
        come.sort(key=lambda visit: visit.section_id != first.result.section_id)
        for visit in come[:VISITED]:
            self._visit(visit)

    def _visit(self, visit: Inspection) -> None:
        arrived = timezone.make_aware(datetime.combine(visit.visit_on, self.day(0).time())) + HOUR
        items = visits_services.open_items(visit)
        at, by = arrived + 2 * HOUR, self.inspectors[0]
        visits_services.save_record(inspection_id=visit.pk, record=self._record(visit, arrived, items), by=by, at=at)
        visits_services.submit_record(inspection_id=visit.pk, lead="", by=by, at=at)
        visits_services.approve_record(inspection_id=visit.pk, by=self.chief, at=self.day(1))
        if not items:
            demand = "加强窗口管理，公开办事流程。"
            orders.issue_order(inspection_id=visit.pk, demand=demand, due_on=None, by=self.chief, at=self.day(1))
        for item in (item for item in items if item.finished_at):
            verdict = "暗访核实，整改到位。"
            proposed = approvals.propose("rect.close", item, by=self.clerk, at=self.day(1), verdict=verdict)
            approvals.approve(approval_id=proposed.pk, by=self.chief, at=self.day(1) + HOUR)

    def _record(
        self, visit: Inspection, arrived: datetime, items: Sequence[RectificationItem]
    ) -> visits_services.Record:
        signs = [code for code, sign in signs_of(self.round_).items() if sign["indicator"] != "greedy"]
        done = {item.pk: True for item in items if item.finished_at}
        return visits_services.Record(
            method=Method.ERRAND,
            arrived_at=arrived,
            left_at=arrived + HOUR,
            place="办事大厅窗口",
            errand="咨询并申报一件常办事项（演示）",
            situation="窗口有人，一次告知材料。" if done else "等候较久，告知不全。",
            conclusion=Conclusion.SOUND if done else Conclusion.BY_DATE,
            checks=YES,
            findings=[] if done else [(signs[0], "2")],
            items=done,
        )

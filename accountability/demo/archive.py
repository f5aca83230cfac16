"""An earlier half-year after its publication: every measure carried out, every case closed, the round archived."""

from dataclasses import dataclass

from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.cases.services import record_measure
from accountability.demo.by_two import by_two
from accountability.demo.calendar import Calendar
from accountability.demo.people import Office, liaison_of
from accountability.demo.rectifying import (
    accept_plan,
    close_items,
    common_scan,
    confirm_talk,
    finish_item,
    notice_record,
    submit_plan,
    summon_head,
    talk_to_head,
    talk_to_leader,
)
from accountability.demo.visiting import Visiting
from accountability.inspections.services import plans
from accountability.rectifications.models import Rectification
from accountability.rectifications.services import rectifications
from evaluations.rounds.models import Round

RECORDS = {
    MeasureKind.CIRCULAR: "已书面通报上级主管单位（演示）",
    MeasureKind.ASSESSMENT: "已纳入年度综合考核（演示）",
    MeasureKind.BONUS: "已与年终绩效奖挂钩（演示）",
    MeasureKind.SPECIAL_INSPECTION: "已开展专项督查，单位党委（党组）已向领导小组报告（演示）",
    MeasureKind.REMOVAL_PROMPT: "领导小组已研究（演示）",
}
BY_PERSONNEL = frozenset({MeasureKind.ASSESSMENT, MeasureKind.BONUS})


@dataclass
class Archive:
    """Whoever has a part in closing a round; days after the story's own are counted on, as negative ones."""

    round: Round
    office: Office
    calendar: Calendar

    def run(self) -> str:
        """Close all cases and archive the round; return what was done."""
        cases = list(Case.objects.of_round(self.round.pk).filter(state=CaseState.OPEN).order_by("result__rank"))
        for case in cases:
            self._talk(case)
            self._record(case)
            self._plan(case)
        if cases:
            self._visit()
        for case in cases:
            self._close(case)
        by_two("round.archive", self.round, self.office.above, at=self.calendar.day(-86))
        self.round.refresh_from_db()
        return f"问责整改：{len(cases)}个问责事项全部办结，已归档"

    def _talk(self, case: Case) -> None:
        day = self.calendar.day
        talk_to_leader(case, self.office, held_at=day(10), scan=common_scan)
        talk = talk_to_head(case, self.office, held_at=day(9), scan=common_scan)
        confirm_talk(talk, self.office, at=day(9, 14))
        if summons := summon_head(case, self.office, held_at=day(9, 10), scan=common_scan):
            confirm_talk(summons, self.office, at=day(9, 15))

    def _record(self, case: Case) -> None:
        for measure in case.measures.filter(state=MeasureState.PENDING):
            kind = MeasureKind(measure.kind)
            if kind == MeasureKind.FREEZE:
                self._record_freeze(measure)
            else:
                record = notice_record(self.round) if kind == MeasureKind.NOTICE else RECORDS[kind]
                by = self.office.personnel if kind in BY_PERSONNEL else self.office.commission
                on, at = self.calendar.on(8), self.calendar.day(8)
                record_measure(measure_id=measure.pk, done_on=on, record=record, by=by, at=at)

    def _record_freeze(self, measure: Measure) -> None:
        on, at = self.calendar.on(8).isoformat(), self.calendar.day(8)
        pair = self.office.commission, self.office.personnel
        by_two("freeze.record", measure, pair, at=at, done_on=on, record="已登记影响期（演示）")

    def _plan(self, case: Case) -> None:
        row = submit_plan(case, self.calendar)
        accept_plan(row, self.office, at=self.calendar.day(8))
        for item in row.items.all():
            finish_item(item, liaison_of(case), reported_at=self.calendar.day(7), at=self.calendar.day(6))

    def _visit(self) -> None:
        day, on = self.calendar.day, self.calendar.on
        visiting = Visiting(self.round, self.office, self.calendar)
        plan = visiting.plan(first=on(5), last=on(-9), drawn=0, at=day(6, 14))
        visiting.assign(plan, None, drawn_at=day(6), at=day(5))
        for visit in plan.inspections.select_related("section", "plan__round", "rectification"):
            visiting.visit(visit, is_sound=True)
            visiting.approve(visit, at=day(-10))
        plans.finish_plan(plan_id=plan.pk, by=self.office.chief, at=day(-11))

    def _close(self, case: Case) -> None:
        day, row = self.calendar.day, Rectification.objects.get(case=case)
        close_items(row, self.office, at=day(-12))
        report = "整改任务全部完成，经暗访核实（演示）。"
        rectifications.submit_report(rectification_id=row.pk, report=report, by=liaison_of(case), at=day(-13))
        for freeze in case.freezes.filter(lifted_on=None):
            pair = self.office.commission, self.office.personnel
            on = self.calendar.on(-84).isoformat()
            by_two("freeze.lift", freeze, pair, at=day(-84), on=on, reason="影响期满（演示）")
        by_two("case.close", case, self.office.above, at=day(-85))

"""The twelve days after publication: cases at several stages, visits, an order, a lead, an appeal."""

from dataclasses import dataclass

from accountability.cases.models import Case
from accountability.cases.rules.measures import MeasureKind
from accountability.cases.services import record_measure
from accountability.demo.by_two import by_two
from accountability.demo.calendar import Calendar
from accountability.demo.ceremony import Ceremony
from accountability.demo.people import Office, liaison_of, liaison_of_unit
from accountability.demo.rectifying import (
    accept_plan,
    close_items,
    confirm_talk,
    finish_item,
    notice_record,
    submit_plan,
    summon_head,
    talk_to_head,
    talk_to_leader,
)
from accountability.demo.visiting import Visiting
from accountability.inspections.models import Inspection, Order
from accountability.inspections.queries import other_sections
from accountability.inspections.rules import OrderState
from accountability.inspections.services import orders
from accountability.inspections.services.visits import open_items
from accountability.objections.models import Objection
from accountability.objections.rules import LEAST_WITNESSES, Ground, Outcome
from accountability.objections.services import (
    Decision,
    decide_objection,
    file_objection,
    recount_objection,
    sign_recount,
)
from accountability.rectifications.models import Rectification
from evaluations.rounds.models import Round

# How many cases have come how far: the leader talked to, the plan submitted, the plan accepted.
TALKED, PLANNED, ACCEPTED = 3, 4, 2
INSPECTED, VISITED = 5, 4
# Of the units that appeal, counted from the end of the list: whose appeal is still to be read, whose is decided.
READ_LATER, DECIDED = 1, 2
# The report's own example of a second listing: 殡仪馆.
FUNERAL_HOME = "D06-01"
LEAD = "窗口外有人自称可以代办加急，称“打点一下就快”（演示线索）"


@dataclass
class Aftermath:
    """What happens to the cases of a round that was published twelve days ago."""

    round: Round
    office: Office
    ceremony: Ceremony
    calendar: Calendar

    def run(self) -> str:
        """Run all steps after publication and return what was done; without a listed section there are none."""
        cases = list(Case.objects.of_round(self.round.pk).select_related("result__section").order_by("result__rank"))
        if not cases:
            return "没有科室上榜，没有问责事项"
        for case in cases:
            self._record_notice(case)
        for case in cases[:TALKED]:
            talk_to_leader(case, self.office, held_at=self.calendar.day(9))
        self._talk_to_heads(cases[:ACCEPTED])
        self._summon(cases)
        self._rectify(cases)
        self._inspect(cases[0])
        self._appeal(cases)
        return f"问责整改：{len(cases)}个问责事项，进度各不相同"

    def _record_notice(self, case: Case) -> None:
        notice = case.measures.get(kind=MeasureKind.NOTICE)
        on, at, text = self.calendar.on(11), self.calendar.day(11), notice_record(self.round)
        record_measure(measure_id=notice.pk, done_on=on, record=text, by=self.office.commission, at=at)

    def _talk_to_heads(self, cases: list[Case]) -> None:
        """Let the units talk; the commission has confirmed the first record only."""
        for case in cases:
            talk = talk_to_head(case, self.office, held_at=self.calendar.day(8))
            if case == cases[0]:
                confirm_talk(talk, self.office, at=self.calendar.day(7))

    def _summon(self, cases: list[Case]) -> None:
        """Let the party group summon the head of the funeral home, which was listed before."""
        for case in cases:
            if case.result.section.code == FUNERAL_HOME:
                talk = summon_head(case, self.office, held_at=self.calendar.day(8, 15))
                if talk:
                    confirm_talk(talk, self.office, at=self.calendar.day(7, 15))

    def _rectify(self, cases: list[Case]) -> None:
        rows = [submit_plan(case, self.calendar) for case in cases[:PLANNED]]
        for row in rows[:ACCEPTED]:
            accept_plan(row, self.office, at=self.calendar.day(8))
        first = rows[0].items.order_by("position")[0]
        by = liaison_of(cases[0])
        finish_item(first, by, reported_at=self.calendar.day(7), at=self.calendar.day(6))

    def _inspect(self, first: Case) -> None:
        day, on = self.calendar.day, self.calendar.on
        visiting = Visiting(self.round, self.office, self.calendar)
        # A list of a short roster, or one published although few sections were ranked, leaves fewer to draw from.
        drawn = min(INSPECTED, other_sections(self.round).count())
        plan = visiting.plan(first=on(5), last=on(0), drawn=drawn, at=day(8))
        visiting.assign(plan, self.ceremony, drawn_at=day(6), at=day(5))
        # Visits whose drawn day has come: that to the hardest section first, then one that finds something to order.
        come = list(plan.inspections.filter(visit_on__lte=on(1)).select_related("section", "plan__round"))
        is_first = {visit.pk: visit.section_id == first.result.section_id for visit in come}
        come.sort(key=lambda visit: (not is_first[visit.pk], bool(open_items(visit)), visit.section.code))
        for number, visit in enumerate(come[:VISITED]):
            self._visit(visiting, visit, lead=LEAD if number == VISITED - 1 else "")
        close_items(Rectification.objects.get(case=first), self.office, at=day(1, 14))

    def _visit(self, visiting: Visiting, visit: Inspection, *, lead: str) -> None:
        has_items = bool(open_items(visit))
        visiting.visit(visit, lead=lead)
        if lead:
            return  # waits for the chief
        visiting.approve(visit, at=self.calendar.day(1, 12))
        if not has_items:
            demand, by = "加强窗口管理，公开办事流程。", self.office.chief
            at = self.calendar.day(1, 13)
            order = orders.issue_order(inspection_id=visit.pk, demand=demand, due_on=None, by=by, at=at)
            self._reply_to_first(order)

    def _reply_to_first(self, order: Order) -> None:
        """Let the unit that was ordered first reply, so that its reply waits for a return visit."""
        if not Order.objects.filter(inspection__plan=order.inspection.plan, state=OrderState.REPLIED).exists():
            by, at = liaison_of_unit(order.inspection.section.department_code), self.calendar.day(1, 16)
            orders.reply_order(order_id=order.pk, reply="已调整窗口值班，公开办事流程（演示）。", by=by, at=at)

    def _appeal(self, cases: list[Case]) -> None:
        """Let up to three units appeal: one appeal is accepted, one still to be read, one decided, from the last up."""
        appealing = cases[-3:]
        for number, case in zip(reversed(range(len(appealing))), appealing, strict=True):
            facts = "部分评议票所评事项由其他单位承办，请核对评议对象（演示）。"
            appeal = file_objection(
                section_id=case.result.section_id,
                ground=Ground.WRONG_SECTION,
                facts=facts,
                by=liaison_of(case),
                at=self.calendar.day(4),
            )
            if number != READ_LATER:
                self._accept(appeal)
            if number == DECIDED:
                self._decide(appeal)

    def _accept(self, appeal: Objection) -> None:
        by_two("appeal.accept", appeal, self.office.desk, at=self.calendar.day(3))

    def _decide(self, appeal: Objection) -> None:
        """Recount before the supervisors; who approved the list may not decide: the other commission account does."""
        pk, at = appeal.pk, self.calendar.day(2)
        recount_objection(objection_id=pk, by=self.office.clerk, at=at)
        for codes in self.ceremony.codes[:LEAST_WITNESSES]:
            sign_recount(objection_id=pk, code=codes.pop(), at=at)
        answer = "经核对评议对象并在监督员见证下复算，评议对象无误，计票结果一致，予以维持（演示）。"
        decision = Decision(Outcome.REJECTED, answer)
        decide_objection(objection_id=pk, decision=decision, by=self.office.second_commission, at=self.calendar.day(1))

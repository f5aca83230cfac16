"""What waits for every role at the story's end: proposals of several kinds, and the next half-year in preparation."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import MeasureKind, MeasureState
from accountability.citizens.services import suggest_section
from accountability.demo.calendar import Calendar
from accountability.demo.people import Office, liaison_of
from accountability.inspections.queries import other_sections
from accountability.inspections.services import plans
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import RectificationState
from accountability.rectifications.services.items import ask_extension
from departments.models import Tenure
from evaluations.rounds.models import Round
from nanchuan_eval.accounts.services import save_account
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

HEADS, FREEZES, REVISITED = 3, 2, 2
MEASURED = "已登记影响期（演示）"
# Accounts without a role yet, and the role proposed, which says whom the grant waits for; the last has no proposal yet.
NEWCOMERS = (
    ("clerk4", "演示工作人员丁", Role.CLERK),
    ("jiwei3", "演示纪检员丙", Role.COMMISSION),
    ("inspector3", "演示督查员丙", None),
)


@dataclass
class Waiting:
    """Leaves something to do for everybody, in the hours before the demonstration ends."""

    round: Round
    draft: Round
    office: Office
    calendar: Calendar

    def run(self) -> str:
        """Leave it and return how much."""
        self._propose("round.edit", self.draft, by=self.office.clerk)
        if not User.objects.filter(username=NEWCOMERS[0][0]).exists():  # an earlier demonstration has left both
            self._correct_heads()
            self._grant_roles()
        if Case.objects.of_round(self.round.pk).exists():
            self._after_publication()
        suggest_section(unit="住房公积金中心", section="提取业务科", reason="提取手续多（演示）", at=self._at)
        return f"待办：{Approval.objects.pending().count()}件待审批，{self.draft.name}正在筹备"

    @property
    def _at(self) -> datetime:
        return min(self.calendar.day(0, 8), timezone.now())

    def _propose(self, name: str, target: object, *, by: User, **asked: object) -> None:
        approvals.propose(name, target, by=by, at=self._at, **asked)  # type: ignore[arg-type]

    def _correct_heads(self) -> None:
        """Let the clerk propose corrections of small slips in the heads' days in office."""
        for tenure in Tenure.objects.filter(ends_on=None).select_related("section").order_by("pk")[:HEADS]:
            since = (tenure.starts_on + timedelta(days=1)).isoformat()
            row = {"model": Tenure._meta.label, "parent": "section", "pk": tenure.pk, "fields": {"starts_on": since}}
            self._propose("departments.section.edit", tenure.section, by=self.office.clerk, fields={}, rows=[row])

    def _grant_roles(self) -> None:
        for username, name, role in NEWCOMERS:
            new = User(username=username, name=name, person_code=f"演示-{username}")
            new = save_account(account=new, by=self.office.system_admin, at=self._at, changed=[])
            if role:
                action = "role.grant.admin" if role == Role.COMMISSION else "role.grant"
                self._propose(action, new, by=self.office.security_admin, role=role.value, unit_code="")

    def _after_publication(self) -> None:
        submitted = Rectification.objects.filter(
            case__result__round=self.round, state=RectificationState.SUBMITTED
        ).order_by("pk")
        for row in submitted[:1]:
            self._propose("rect.plan", row, by=self.office.clerk, accepted=True, note="措施具体")
        self._ask_extension()
        for measure in self._freezes()[:FREEZES]:
            on = self.calendar.on(1).isoformat()
            self._propose("freeze.record", measure, by=self.office.commission, done_on=on, record=MEASURED)
        drawn = min(REVISITED, other_sections(self.round).count())
        facts = plans.PlanFacts("回头看暗访（演示）", self.calendar.on(-3), self.calendar.on(-14), drawn)
        plans.propose_plan(round_id=self.round.pk, facts=facts, by=self.office.chief, at=self._at)

    def _ask_extension(self) -> None:
        """Let a unit ask for more time for what is due next."""
        items = RectificationItem.objects.filter(
            rectification__case__result__round=self.round,
            rectification__state=RectificationState.RUNNING,
            due_on__gt=self.calendar.today,
        )
        item = items.select_related("rectification__case__result__section").order_by("due_on", "-pk").first()
        if item and item.due_on:
            due_on, by = item.due_on + timedelta(days=15), liaison_of(item.rectification.case)
            ask_extension(item_id=item.pk, due_on=due_on, reason="窗口改造需待设备到货（演示）", by=by, at=self._at)

    def _freezes(self) -> list[Measure]:
        pending = Measure.objects.filter(
            case__result__round=self.round, kind=MeasureKind.FREEZE, state=MeasureState.PENDING
        )
        return list(pending.order_by("case__result__rank"))

"""Plain functions that make what a test needs; name only what matters to the test."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from departments.models import Department, DepartmentKind, Section, ServiceKind, Tenure
from evaluations.models import CodeBatch, Round
from evaluations.rules.ballots import Origin
from evaluations.rules.indicators import Channel, Indicator
from evaluations.rules.rounds import RoundState
from evaluations.rules.rulebook import default_rulebook
from evaluations.services import credential
from evaluations.services import round as steps
from nanchuan_eval.models import User
from nanchuan_eval.policy import Role

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ROLES = {
    "supervisor": Role.SUPERVISOR,
    "clerk": Role.CLERK,
    "chief": Role.CHIEF,
    "commission": Role.COMMISSION,
    "liaison": Role.LIAISON,
    "inspector": Role.INSPECTOR,
    "personnel": Role.PERSONNEL,
    "sysadmin": Role.SYSTEM_ADMIN,
    "security": Role.SECURITY_ADMIN,
    "auditor": Role.AUDITOR,
}
_numbers = count(1)


def make_user(role: str = "chief", **fields: Any) -> User:
    """An account in a role named by a short word."""
    number = next(_numbers)
    fields.setdefault("unit_code", "D01" if role == "liaison" else "")
    fields.setdefault("username", f"{role}{number}")
    return User.objects.create(name=f"{role}{number}", role=ROLES[role], **fields)


def make_department(**fields: Any) -> Department:
    """A department with a code of its own."""
    number = next(_numbers)
    defaults = {"code": f"U{number:03d}", "name": f"单位{number}", "kind": DepartmentKind.ADMINISTRATIVE}
    return Department.objects.create(**{**defaults, "chief_leader": "局长甲", "leader_in_charge": "副局长乙", **fields})


def make_section(*, head: str = "科长丙", **fields: Any) -> Section:
    """An active section with a head in office since 2019."""
    number = next(_numbers)
    department = fields.pop("department", None) or make_department()
    defaults = {"code": f"{department.code}-{number:02d}", "name": f"科室{number}", "service_kind": ServiceKind.SERVICE}
    section = Section.objects.create(department=department, **{**defaults, **fields})
    if head:
        Tenure.objects.create(section=section, name=head, starts_on=date(2019, 1, 1))
    return section


def make_round(*, state: RoundState = RoundState.DRAFT, rulebook: dict[str, Any] | None = None, **fields: Any) -> Round:
    """A round in preparation whose vote runs from a day before NOON to a day after."""
    number = next(_numbers)
    defaults = {
        "key": f"R{number}",
        "name": f"第{number}轮",
        "period_start": date(2020, 1, 1),
        "period_end": date(2020, 6, 30),
        "opens_at": NOON - timedelta(days=1),
        "closes_at": NOON + timedelta(days=1),
        "rulebook": {**default_rulebook(), **(rulebook or {})},
    }
    return Round.objects.create(state=state, **{**defaults, **fields})


def make_open_round(*, sections: int = 3, **fields: Any) -> Round:
    """A round whose roster is frozen and whose vote is open; draws are skipped."""
    for _ in range(sections):
        make_section()
    round_ = make_round(**fields)
    steps.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    round_.refresh_from_db()
    return round_


def make_codes(
    round_: Round, count: int = 1, *, channel: Channel = Channel.TARGETED, origin: Origin = Origin.ISSUED
) -> list[str]:
    """Codes of a fresh batch."""
    _, codes = credential.issue_batch(
        round_id=round_.pk, channel=channel, origin=origin, label="", count=count, by=make_user("clerk"), at=NOON
    )
    return codes


def make_self_service(round_: Round, channel: Channel = Channel.OTHER) -> CodeBatch:
    """A counter at which citizens take a code by themselves."""
    return credential.open_self_service(
        round_id=round_.pk, channel=channel, origin=Origin.OPEN, label="网上", by=make_user("clerk"), at=NOON
    )


def raw_answers(level: str = "1", **answers: str) -> dict[str, list[str]]:
    """Typed answers for one section: the same level everywhere but where named."""
    return {i.value: [answers.get(i.value, level)] for i in Indicator}

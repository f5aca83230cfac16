"""Promotion freezes (影响期): lifting, questions to the register, certificates."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.cases.documents import print_letter
from accountability.cases.models import Case
from accountability.cases.rules.measures import NAME_MISSING
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.queries import ask_register, freezes_of_unit
from accountability.promotion_freezes.rules import Answer, Question, UnitAnswer, counts
from accountability.promotion_freezes.workbooks import AskedList, answer_workbook, read_questions
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

# Label in the audit log: a question to the register changes nothing in it.
QUESTION = "查询影响期"


@transaction.atomic
def lift_freeze(*, freeze_id: int, on: date, reason: str, by: User, at: datetime) -> PromotionFreeze:
    """Lift a freeze after its last day (解除影响期).

    After an upheld appeal the correction itself lifts it (accountability/case_lifecycle/services/corrections.py).
    """
    policy.check(by, "acc.hold.lift")
    # Also after the case is closed: a freeze may last longer than the case.
    Case.objects.select_for_update().get(freezes=freeze_id)
    freeze = PromotionFreeze.objects.get(pk=freeze_id)
    _refuse_lifted(freeze)
    if not reason.strip():
        raise RuleViolation("请填写解除理由。")
    if not freeze.starts_on <= on <= timezone.localtime(at).date():
        raise RuleViolation(f"解除日期应在影响期起始日{in_chinese(freeze.starts_on)}与今天之间。")
    if on <= freeze.ends_on:
        raise RuleViolation(_unfinished(freeze))
    freeze.lifted_on, freeze.lift_reason = on, reason.strip()
    freeze.save(update_fields=["lifted_on", "lift_reason"])
    detail = {"fixed": fixed_digests(("freezes", freeze.case_id))}
    audit.record("acc.hold.lift", freeze, by=by, at=at, reason=reason.strip(), detail=detail)
    return freeze


def refuse_unliftable(freeze: PromotionFreeze, today: date) -> None:
    """Refuse to lift a freeze twice, or before its last day is over."""
    _refuse_lifted(freeze)
    if today <= freeze.ends_on:
        raise RuleViolation(_unfinished(freeze))


def _refuse_lifted(freeze: PromotionFreeze) -> None:
    if freeze.lifted_on:
        raise RuleViolation(f"该影响期已于{in_chinese(freeze.lifted_on)}解除，不能重复解除。")


def _unfinished(freeze: PromotionFreeze) -> str:
    return f"影响期至{in_chinese(freeze.ends_on)}止，期满前不能解除；复核后更正名单的，系统随更正解除。"


@transaction.atomic
def ask_freeze(*, asked: Question, by: User, at: datetime) -> Answer:
    """Answer whether a freeze bars a person's promotion on a day; each question is logged."""
    policy.check_sees(by, "acc.hold.set")
    (found,) = ask_register([asked])
    detail = {"asked": asked.name, "unit": asked.unit, **_days(asked.on), "verdict": found.verdict.value}
    audit.record("acc.view", None, by=by, at=at, detail={"step_label": QUESTION, **detail})
    return found


@transaction.atomic
def ask_unit(*, unit: str, on: Span, by: User, at: datetime) -> UnitAnswer:
    """Return the freezes of a unit; each question is logged."""
    policy.check_sees(by, "acc.hold.set")
    found = freezes_of_unit(unit, on)
    detail = {"unit": unit, **_days(on), "found": len(found.found)}
    audit.record("acc.view", None, by=by, at=at, detail={"step_label": QUESTION, **detail})
    return found


@transaction.atomic
def ask_list(*, content: bytes, filename: str, by: User, at: datetime) -> tuple[AskedList, list[Answer]]:
    """Answer a list of people; it is logged with the number of people and of each answer."""
    policy.check_sees(by, "acc.hold.set")
    asked = read_questions(read_rows(content, filename), today=timezone.localtime(at).date())
    answers = ask_register(asked.questions)
    audit.record("acc.view", None, by=by, at=at, detail=_counted(answers))
    return asked, answers


@transaction.atomic
def export_answers(*, asked: AskedList, by: User, at: datetime) -> bytes:
    """Return the workbook of the answers to a list."""
    policy.check_sees(by, "acc.hold.set")
    answers = ask_register(asked.questions)
    entry = audit.record("acc.view", None, by=by, at=at, detail=_counted(answers))
    with audit.numbered(entry):
        return answer_workbook(answers, notices=asked.notices, today=timezone.localtime(at).date())


@transaction.atomic
def certify_freeze(*, freeze_id: int, on: date, by: User, at: datetime) -> bytes:
    """Return the certificate of a freeze (影响期证明) as of a day."""
    policy.check_sees(by, "acc.hold.set")
    rows = PromotionFreeze.objects.select_related("case__result__section", "case__result__round")
    freeze = rows.get(pk=freeze_id)
    entry = audit.record("acc.hold.set", freeze, by=by, at=at, detail={"certificate": on.isoformat()})
    with audit.numbered(entry):
        return _certificate(freeze, on=on, at=at)


def _counted(answers: Sequence[Answer]) -> dict[str, object]:
    return {"step_label": QUESTION, "asked_list": len(answers), "verdicts": counts(answers)}


def _days(on: Span) -> dict[str, str]:
    day = {"on": on.first.isoformat()}
    return day if on.first == on.last else {**day, "until": on.last.isoformat()}


def _basis(case: Case) -> str:
    result = case.result
    place = f"列第{result.rank}位" if result.is_listed else "曾列入上榜名单，名单更正后不再上榜"
    return f"{result.round.name}最难办事科室群众评{place}"


def _certificate(freeze: PromotionFreeze, *, on: date, at: datetime) -> bytes:
    case = freeze.case
    pairs = [
        ("姓名", freeze.person_name or "（姓名未登记）"),
        ("职务", freeze.post),
        ("单位、科室", str(case)),
        ("依据", _basis(case)),
        ("影响期", f"{in_chinese(freeze.starts_on)}至{in_chinese(freeze.ends_on)}（含起止日）"),
        (f"截至{in_chinese(on)}", freeze.standing(on, why=True)),
    ]
    return print_letter(
        "certificate",
        "影响期证明",
        case.result.round,
        at,
        pairs=pairs,
        body="影响期内不得提拔重用。本证明仅供干部选拔任用工作使用。",
        signed_at=at,
    )


ACTIONS = (
    ApprovableAction(
        "freeze.lift",
        "acc.hold.lift",
        "解除影响期",
        PromotionFreeze,
        content=lambda freeze, asked: {
            "事项": str(freeze.case),
            "影响期": str(freeze),
            "职务": freeze.post,
            "解除日期": in_chinese(date.fromisoformat(asked["on"])),
            "解除理由": asked["reason"],
        },
        closed=lambda freeze: refuse_unliftable(freeze, timezone.localdate(clock.now())),
        follows=lambda freeze: (
            f"{freeze.person_name or NAME_MISSING}的影响期自解除之日起终止，不能恢复；登记和解除理由保留可查"
        ),
        perform=calls(lift_freeze, "freeze_id", on=date.fromisoformat),
        is_small=True,
    ),
)

"""Approvable actions: declaring a year's holidays complete, and undoing it."""

from datetime import datetime

from django.contrib.contenttypes.models import ContentType

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays import services
from nanchuan_eval.workdays.models import CompleteYear
from nanchuan_eval.workdays.queries import year_of
from nanchuan_eval.workdays.rules import doubts

DECLARE, WITHDRAW = "holidays.declare", "holidays.withdraw"


def _declaration(_: ContentType, asked: Arguments) -> dict[str, object]:
    """Return what is declared complete: every entry, so that a later change makes the proposal void."""
    year = year_of(int(asked["year"]))
    return {
        "年份": f"{year.number}年",
        "放假": [str(entry) for entry in year.days_off],
        "调休上班": [str(entry) for entry in year.extra_workdays] or ["（没有）"],
        "需要核对": doubts(year) or ["（没有发现）"],
    }


def _require(_: ContentType, asked: Arguments, *, at: datetime) -> None:
    services.refuse_undeclarable(int(asked["year"]))
    if Approval.objects.pending().filter(kind=DECLARE, arguments__year=asked["year"]).exists():
        raise RuleViolation(f"{asked['year']}年节假日已录全的确认已经提请，正在等待审批。")


def _declare(_: ContentType, asked: Arguments, *, by: User, at: datetime) -> CompleteYear:
    return services.declare_year(year=int(asked["year"]), by=by, at=at)


ACTIONS = (
    # There is no row to lock yet: the model's content type is the target.
    ApprovableAction(
        DECLARE,
        services.ACTION,
        "确认节假日已录全",
        ContentType,
        content=_declaration,
        perform=_declare,
        require=_require,
        names=lambda _, asked: f"{asked['year']}年",
    ),
    ApprovableAction(
        WITHDRAW,
        services.ACTION,
        "撤销节假日已录全的确认",
        CompleteYear,
        content=lambda row, asked: {"年份": str(row), "理由": asked["reason"]},
        perform=calls(services.withdraw_year, "declared_id"),
    ),
)

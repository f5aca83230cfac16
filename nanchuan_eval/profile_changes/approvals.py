"""The approvable action: changing the profile."""

from datetime import datetime

from django.contrib.contenttypes.models import ContentType

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.profile.models import ProfileVersion
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.profile.rules.profile import from_json
from nanchuan_eval.profile.rules.wording import changes, shown
from nanchuan_eval.profile_changes import services
from nanchuan_eval.users.models import User


def _content(_: ContentType, asked: Arguments) -> dict[str, object]:
    """Return every change with what stands now, so that a change in between makes the proposal void."""
    before, after = newest_profile(), from_json(asked["profile"])
    return {
        "改动": list(changes(before, after)),
        "改后的机构信息": [f"{label}：{text}" for label, text in shown(after)],
        "适用": "同意后，网页和新锁定的轮次用改后的内容；已经锁定的轮次，文书、通知、名单仍用锁定时的内容。",
        "理由": asked["reason"],
    }


def _require(_: ContentType, asked: Arguments, *, at: datetime) -> None:
    services.refuse_unfit(from_json(asked["profile"]), asked["reason"])
    if Approval.objects.pending().filter(kind=services.ACTION).exists():
        raise RuleViolation("机构信息的修改已经提请，正在等待审批；需要更改的，由提请人撤回后重新提请。")


def _change(_: ContentType, asked: Arguments, *, by: User, at: datetime) -> ProfileVersion:
    return services.change_profile(profile=asked["profile"], reason=asked["reason"], by=by, at=at)


ACTIONS = (
    # There is no row to change: the model's content type is the target.
    ApprovableAction(
        services.ACTION,
        services.ACTION,
        "修改机构信息",
        ContentType,
        content=_content,
        perform=_change,
        require=_require,
        names=lambda _, asked: str(asked["profile"]["district"]),
    ),
)

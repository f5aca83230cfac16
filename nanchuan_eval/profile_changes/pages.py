"""Contents of the page of the profile: what is in force, what waits, the versions before."""

from itertools import pairwise
from typing import Any

from django.urls import reverse

from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.models import ProfileVersion
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.profile.rules.profile import from_json
from nanchuan_eval.profile.rules.wording import changes, shown
from nanchuan_eval.profile_changes.services import ACTION
from nanchuan_eval.users.models import User

MOST_VERSIONS = 20


def profile_context(user: User) -> dict[str, Any]:
    """Return what the page shows, with the pictures of what waits for approval (four queries)."""
    current, waits = newest_profile(), approvals.waiting_about(user, kind_of(ProfileVersion))
    waits = [each for each in waits if each.approval.kind == ACTION]
    proposed = [str(each.approval.arguments["profile"]["logo"]) for each in waits]
    return {
        "title": "机构信息",
        "facts": list(shown(current)),
        "logo": address_of_logo(current.logo),
        "waits": waits,
        "proposed_logos": [address_of_logo(logo) for logo in proposed if logo not in {"", current.logo}],
        "may_change": policy.may_start(user, ACTION),
        "versions": _versions(),
    }


def address_of_logo(digest: str) -> str:
    """Return where a logo is served, or nothing."""
    return reverse("site-logo", args=[digest]) if digest else ""


def _versions() -> list[dict[str, Any]]:
    """Return the newest versions, each with what it changed; the first one with all it says."""
    rows = list(ProfileVersion.objects.select_related("approved_by")[: MOST_VERSIONS + 1])
    profiles = [from_json(row.content) for row in rows]
    told: list[dict[str, Any]] = [{"lines": list(changes(before, after))} for after, before in pairwise(profiles)]
    if len(rows) <= MOST_VERSIONS:
        told += [{"lines": [f"{label}：{text}" for label, text in shown(one)], "whole": True} for one in profiles[-1:]]
    return [{"row": row, "by": _approver(row), **each} for row, each in zip(rows, told, strict=False)]


def _approver(row: ProfileVersion) -> str:
    return f"{row.approved_by.name}审批" if row.approved_by else "安装时导入"

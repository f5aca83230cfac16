"""Changing the profile (机构信息): a logo taken in, a change proposed and approved, the first version installed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, BinaryIO

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.profile.queries import forget_profile, newest_profile
from nanchuan_eval.profile.rules.profile import Profile, from_json, require_sound
from nanchuan_eval.profile_changes.files import redrawn
from nanchuan_eval.users.models import User

ACTION = "profile.edit"
LONGEST_REASON = 300
INSTALLED = "安装时导入"


@transaction.atomic
def propose_profile(
    *, profile: Profile, upload: BinaryIO | None, reason: str, by: User, at: datetime
) -> Approval | None:
    """Propose a changed profile, with a new logo if one was uploaded; None if it is in force at once."""
    policy.check_starts(by, ACTION)
    given = profile.as_json()
    if upload:
        given["logo"] = store_logo(upload=upload, by=by, at=at).sha256
    target = ContentType.objects.get_for_model(ProfileVersion)
    return approvals.start(ACTION, target, by=by, at=at, profile=given, reason=reason.strip()[:LONGEST_REASON])


@transaction.atomic
def store_logo(*, upload: BinaryIO, by: User, at: datetime) -> Logo:
    """Keep a picture, drawn anew; it is shown to the public only once a version names it."""
    policy.check_starts(by, ACTION)
    png = redrawn(upload)
    digest = sha256_hex(png)
    if known := Logo.objects.filter(sha256=digest).first():
        return known
    logo = Logo.objects.create(sha256=digest, png=png, uploaded_at=at)
    audit.record(ACTION, logo, by=by, at=at, detail={"step_label": "上传徽标", "sha256": digest}, wrote=[logo])
    return logo


@transaction.atomic
def change_profile(*, profile: Mapping[str, Any], reason: str, by: User, at: datetime) -> ProfileVersion:
    """Put a profile in force (修改机构信息); rounds frozen before keep theirs."""
    policy.check(by, ACTION)
    list(ProfileVersion.objects.select_for_update()[:1])
    wanted = from_json(profile)
    refuse_unfit(wanted, reason)
    return _added(wanted, reason, by=by, at=at)


@transaction.atomic
def install_profile(*, profile: Profile, reason: str, by: policy.Actor, at: datetime) -> ProfileVersion:
    """Put the first profile in force, from the server's shell (安装时导入); later ones take two persons."""
    policy.check(by, ACTION)
    if ProfileVersion.objects.exists():
        raise RuleViolation("机构信息已经审定过，请由系统管理员在“系统 → 机构信息”提请修改。")
    require_sound(profile)
    return _added(profile, reason, by=by, at=at)


def refuse_unfit(profile: Profile, reason: str) -> None:
    """Refuse a profile with faults, without a change, with an unknown logo or without a reason."""
    require_sound(profile)
    if profile == newest_profile():
        raise RuleViolation("没有改动，不需要提请。")
    if not reason.strip():
        raise RuleViolation("请填写修改的理由。")
    if profile.logo and not Logo.objects.filter(sha256=profile.logo).exists():
        raise RuleViolation("徽标已不在系统中，请重新上传。")


def _added(profile: Profile, reason: str, *, by: policy.Actor, at: datetime) -> ProfileVersion:
    account = by if isinstance(by, User) else None
    version = ProfileVersion.objects.create(
        content=profile.as_json(),
        reason=audit.plain(reason.strip())[:LONGEST_REASON],
        approved_by=account,
        approved_at=at,
    )
    detail = {"step_label": "修改机构信息", "version": version.pk}
    audit.record(ACTION, version, by=by, at=at, reason=reason.strip(), detail=detail, wrote=[version])
    forget_profile()
    transaction.on_commit(forget_profile)
    return version

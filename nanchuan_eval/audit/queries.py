"""Audit: queries."""

from django.db import models

from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


def logins_of(user: User) -> models.QuerySet[AuditEntry]:
    """Return an account's log-ins, also the failed ones (登录记录)."""
    return AuditEntry.objects.filter(
        action__startswith="session.", object_type=user._meta.label, object_id=str(user.pk)
    ).order_by("-seq")


def actions_of(user: User) -> models.QuerySet[AuditEntry]:
    """Return what an account did (log.own)."""
    if not policy.may_see(user, "log.own", own=True):
        return AuditEntry.objects.none()
    return AuditEntry.objects.filter(actor=user).exclude(action__startswith="session.").order_by("-seq")


def anchors_text() -> str:
    """Return the anchors' file: public, for whoever wants to keep a copy."""
    return "".join(f"{anchor}\n" for anchor in AuditAnchor.objects.all())

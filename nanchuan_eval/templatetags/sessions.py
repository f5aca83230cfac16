"""The limits of a session and the drafts of forms, on every page for accounts."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context

from nanchuan_eval.accounts import sessions
from nanchuan_eval.accounts.middleware import needs_second_factor
from nanchuan_eval.users.models import User

register = template.Library()


@register.inclusion_tag("shared/_session.html", takes_context=True)
def session(context: Context) -> dict[str, Any]:
    """Render what warns before the session ends and keeps drafts; the key only for a confirmed session."""
    request: HttpRequest = context["request"]
    user = request.user
    if not isinstance(user, User):
        return {}
    return {
        "account": user.pk,
        "key": "" if needs_second_factor(request) else sessions.draft_key(user),
        "limits": sessions.limits(request),
        "accepted": sessions.accepted_forms(request),
        "draft_hours": settings.DRAFT_HOURS,
        "session_hours": settings.SESSION_HOURS,
        "is_answer_to_form": request.method == "POST",
        "here": request.get_full_path(),
    }

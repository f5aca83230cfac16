"""Header and navigation of the staff's pages."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.urls import reverse

from nanchuan_eval.accounts.middleware import needs_second_factor
from nanchuan_eval.handbook.pages import help_address
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.users.models import User
from nanchuan_eval.workspace.pages import navigation_of

register = template.Library()


@register.inclusion_tag("workspace/_header.html", takes_context=True)
def workspace_header(context: Context) -> dict[str, Any]:
    """Render the header with the phases that the account may open; before the second factor only the account."""
    request: HttpRequest = context["request"]
    user = request.user
    if not isinstance(user, User):
        return {}
    tabs = [] if needs_second_factor(request) else navigation_of(request)
    return {
        "user": user,
        "profile": current_profile(),
        "tabs": tabs,
        "current": next((tab for tab in tabs if tab.is_current), None),
        "csrf_token": context.get("csrf_token"),
        "path": request.path,
        "home": reverse("home"),
        "help": help_address(request),
    }

"""Buttons of steps that cannot be taken back."""

from typing import Any

from django import template
from django.template.context import Context

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy

register = template.Library()


@register.inclusion_tag("shared/_ask_once.html", takes_context=True)
def ask_once(context: Context, step: str, address: str, service: approvals.Start) -> dict[str, Any]:
    """Render a step's button below what follows from it; where nobody has to approve, both are unfolded first."""
    is_proposal = policy.requires_approval(approvals.action_named(service.kind).permission)
    return {
        "step": step,
        "address": address,
        "follows": approvals.what_follows(service),
        "is_proposal": is_proposal,
        "csrf_token": context.get("csrf_token"),
    }

"""Whom a visitor calls, and whether the site shows demonstration data: on every public page and every refusal."""

from typing import NamedTuple

from django import template
from django.db import DatabaseError
from django.http import HttpRequest
from django.template.context import Context

from evaluations.rounds import queries
from nanchuan_eval.profile.queries import current_profile, known_profile
from nanchuan_eval.profile.rules.phone import dialled

register = template.Library()


class Phone(NamedTuple):
    """The telephone as it is read and as it is dialled."""

    text: str
    number: str


@register.simple_tag
def office_name() -> str:
    """Return the office's full name."""
    return current_profile().office


@register.simple_tag
def site_name() -> str:
    """Return the site's name as far as this process knows it: an error page does not ask the database."""
    known = known_profile()
    return known.site_name if known else "最难办事科室群众评"


@register.simple_tag(takes_context=True)
def office_phone(context: Context) -> Phone | None:
    """Return the office's telephone: of the page's ballot form, else of the installation."""
    form = context.get("ballot_form")
    text = getattr(form, "office_phone", "") or _office(context).phone
    return Phone(text, dialled(text)) if text else None


@register.simple_tag(takes_context=True)
def shows_demo(context: Context) -> bool:
    """True if the installation holds a demonstration: said on pages that belong to no single round."""
    return _office(context).is_demo


def _office(context: Context) -> queries.Office:
    """Read once for each request; an error page says nothing rather than fail again."""
    request = context.get("request")
    known = getattr(request, "office", None)
    if known is None:
        try:
            known = queries.office()
        except DatabaseError:
            known = queries.Office("", is_demo=False)
        if isinstance(request, HttpRequest):
            request.office = known  # type: ignore[attr-defined]  # read again above
    return known

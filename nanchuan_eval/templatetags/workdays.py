"""The hint beside a term in working days, on every page that shows one."""

from django import template
from django.template.context import Context
from django.utils.html import format_html

from nanchuan_eval.workdays.queries import declared_for
from nanchuan_eval.workdays.rules import Term, hint

register = template.Library()


@register.simple_tag(takes_context=True)
def term_hint(context: Context, term: Term | None, what: str = "期限") -> str:
    """Render why the last day of a term is not sure; the years are read once in a request, if there is a term."""
    said = hint(term, declared_for(context.get("request")), what) if term else ""
    return format_html('<small class="term-hint">（{}）</small>', said) if said else ""

"""The hint beside a term in working days, on every page that shows one."""

from django import template
from django.template.context import Context

from nanchuan_eval.workdays.queries import declared_for
from nanchuan_eval.workdays.rules import Term, hint

register = template.Library()


@register.inclusion_tag("shared/_term_hint.html", takes_context=True)
def term_hint(context: Context, term: Term | None, what: str = "期限") -> dict[str, str]:
    """Render why the last day of a term is not sure; the years are read once in a request, if there is a term."""
    return {"hint": hint(term, declared_for(context.get("request")), what) if term else ""}

"""Rounds on the staff site's first page."""

from django import template

from evaluations.lifecycle.pages import RoundLine, current_rounds
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.users.models import User

register = template.Library()


@register.simple_tag
def rounds_in_work(user: User) -> list[RoundLine]:
    """Return the rounds that are not over, each with its next step; none for those who may not see rounds."""
    return current_rounds(user, clock.now())

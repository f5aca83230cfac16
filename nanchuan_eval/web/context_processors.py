"""What every page may show."""

from django.conf import settings
from django.http import HttpRequest


def single_person(request: HttpRequest) -> dict[str, bool]:
    """Say on staff pages that the rule of two persons is switched off (单人演示)."""
    user = getattr(request, "user", None)
    return {"is_single_person": not settings.TWO_PERSON_RULE and bool(user and user.is_authenticated)}

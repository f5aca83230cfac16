"""Documents about a round as PDF: demonstration notice, signature of the office, date and time."""

from datetime import datetime

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import document_mark
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.rules import in_chinese


def print_document(template: str, title: str, round_: Round, at: datetime, **data: object) -> bytes:
    """Render a document, marked if the round is a demonstration or the server kept its box key."""
    mark = document_mark(round_.rulebook, is_demo=round_.is_demo)
    office = profile_of(round_).office
    return render_pdf(template, {"title": title, "demo": mark, "office": office, **data}, at=at)


def print_letter(
    template: str, title: str, round_: Round, at: datetime, *, signed_at: datetime, **data: object
) -> bytes:
    """Render a document with the day of `signed_at`, signed by the office (评议办) unless `office` names another."""
    date = in_chinese(timezone.localtime(signed_at).date())
    return print_document(template, title, round_, at, date=date, **data)


def moment(at: datetime) -> str:
    """Format a moment as 2020年6月30日 09:00."""
    local = timezone.localtime(at)
    return f"{in_chinese(local.date())} {local:%H:%M}"

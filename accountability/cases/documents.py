"""Printed papers of what follows the list (谈话记录、影响期证明、责令整改通知书): ready data for the templates."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accountability.cases.rules.deadlines import in_chinese
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.documents.rendering import render_pdf

Pairs = Sequence[tuple[str, str]]


def print_document(template: str, title: str, round_: Round, at: datetime, **data: object) -> bytes:
    return render_pdf(template, {"title": title, "demo": DEMO_NOTICE if round_.is_demo else "", **data}, at=at)


def moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{in_chinese(local.date())} {local:%H:%M}"

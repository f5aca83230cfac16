"""Shared parts of printed documents (谈话记录、影响期证明、责令整改通知书): demonstration notice, date and time."""

from datetime import datetime

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.rules import in_chinese


def print_document(template: str, title: str, round_: Round, at: datetime, **data: object) -> bytes:
    return render_pdf(template, {"title": title, "demo": DEMO_NOTICE if round_.is_demo else "", **data}, at=at)


def moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{in_chinese(local.date())} {local:%H:%M}"

"""What the public page of the ballot box shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from evaluations.codes.models import CodeBatch
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel


@dataclass(frozen=True)
class SectionLine:
    """One section's rated lines by channel, small figures hidden."""

    department: str
    name: str
    cells: list[tuple[str, int | str]]


def batches_to_show(round_: Round) -> QuerySet[CodeBatch]:
    """Return the batches with their number of codes (one query)."""
    return CodeBatch.objects.filter(round=round_).annotate(codes=Count("credentials"))


def sections_to_show(round_: Round, closing: Mapping[str, Any]) -> list[SectionLine]:
    """Return the counts of the closing record by section (one query)."""
    return [
        SectionLine(
            section.department_name,
            section.name,
            [(c.label, closing["sections"][section.code][c.value]) for c in Channel],
        )
        for section in round_.sections.all()
    ]

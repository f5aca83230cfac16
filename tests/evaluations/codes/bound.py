"""Codes of drawn clients, each bound to the section in whose draw its holder stands."""

from typing import Any

from evaluations.codes.models import CodeBatch
from evaluations.codes.queries import lacking_codes
from evaluations.codes.services.issuing import issue_lacking
from evaluations.draws.models import Draw, DrawEntry
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from tests.evaluations.service_records.factories import make_client
from tests.factories import NOON, make_user


def stratum_of(section: RoundSection) -> str:
    """The stratum of the section's clients."""
    return f"{section.code} {section.name}"


def draw_clients(round_: Round, people: dict[str, int] | int = 20, **fields: Any) -> Draw:
    """A published draw of that many clients of each section, or of each section named, without its ceremony."""
    draw = Draw.objects.create(
        round=round_,
        purpose=DrawPurpose.CLIENTS,
        status=DrawStatus.PUBLISHED,
        draw_id=f"{round_.key}-clients",
        params="{}",
        committed_at=NOON,
        **fields,
    )
    for section in round_.sections.all():
        number = people if isinstance(people, int) else people.get(section.code, 0)
        add_drawn(draw, section, number)
    return draw


def add_drawn(draw: Draw, section: RoundSection, people: int) -> None:
    """More drawn clients of a section."""
    stratum, first = stratum_of(section), draw.entries.filter(stratum=stratum_of(section)).count()
    DrawEntry.objects.bulk_create(
        DrawEntry(draw=draw, stratum=stratum, token=f"{n:064x}", client=make_client(), is_selected=True, place=n + 1)
        for n in range(first, first + people)
    )


def issue_bound(round_: Round) -> dict[str, list[str]]:
    """Section -> the codes made for its drawn clients now."""
    lines = [line for line in lacking_codes(round_) if line.is_bound]
    made = issue_lacking(round_id=round_.pk, lines=lines, by=make_user("clerk"), at=NOON)
    return {batch.section.code: codes for batch, codes in made if batch.section}


def make_bound_codes(round_: Round, people: dict[str, int] | int = 20) -> dict[str, list[str]]:
    """Section -> codes of its drawn clients."""
    draw_clients(round_, people)
    return issue_bound(round_)


def bound_batch(section: RoundSection) -> CodeBatch:
    """The batch bound to the section."""
    return CodeBatch.objects.get(section=section, replaces=None)

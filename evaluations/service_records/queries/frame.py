"""The round's frame: one chance for each phone with a finished record in the period, whatever number of records.

Several people may share a phone, but whoever delivers records could make up names for it: of those who share one the
first stands in the frame of a section, for all of them.
"""

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from django.db.models import Count, Q, QuerySet

from departments.models import Section
from evaluations.rounds.models import Round
from evaluations.service_records.models import ServiceRecord
from evaluations.service_records.rules.frame import FrameLine, FrameSection, batch_min, exclusion_of

ELIGIBLE = Q(client__exclusion="") & ~Q(client__phone_hash="")
# Of eligible records: how many people can be drawn.
CHANCES = Count("client__phone_hash", distinct=True)
_CHUNK = 5000


def frame_sections(round_: Round) -> list[FrameSection]:
    """Return the sections of the round by code: of the frozen roster, before that those that will take part."""
    frozen = [FrameSection(*row) for row in round_.sections.order_by().values_list("section_id", "code", "name")]
    return sorted(frozen or _coming_sections(), key=lambda section: section.code)


def records_of(round_: Round) -> QuerySet[ServiceRecord]:
    """Return what was finished in the period of the round, corrected records once."""
    return (
        ServiceRecord.objects.standing().filter(finished_on__range=(round_.period_start, round_.period_end)).order_by()
    )


def eligible_people(round_: Round, without: Collection[int] = ()) -> dict[str, int]:
    """Return section code -> people who can be drawn, for every section of the round (two or three queries).

    `without` = clients who are excluded since their import.
    """
    records = records_of(round_).filter(ELIGIBLE)
    if without:
        records = records.exclude(client__in=without)
    people = dict(records.values_list("section_id").annotate(people=CHANCES))
    return {section.code: people.get(section.pk, 0) for section in frame_sections(round_)}


def people_by_code(round_: Round) -> dict[str, int]:
    """Return section code -> people who can be drawn; empty where there are no records (one query)."""
    rows = records_of(round_).filter(ELIGIBLE).values_list("section__code")
    return dict(rows.annotate(people=CHANCES))


def drawn_sections(round_: Round, without: Collection[int] = ()) -> list[FrameSection]:
    """Return the sections with enough people for a draw of their own (the same queries)."""
    people, least = eligible_people(round_, without), batch_min(round_.rulebook)
    return [section for section in frame_sections(round_) if people[section.code] >= least]


def frame_candidates(round_: Round, without: Collection[int] = ()) -> Iterator[FrameLine]:
    """Yield each person once per section with enough people, those excluded with the reason, always in this order."""
    rows = _rows(round_, without, "client__name", "client__phone")
    for section, (_, phone_hash, client, exclusion, name, phone) in rows:
        yield FrameLine(section.code, section.name, client, name, phone, exclusion_of(exclusion, phone_hash))


def frame_lines(round_: Round, without: Collection[int] = ()) -> Iterator[tuple[str, str, int, str]]:
    """Yield the same lines as (section code, its name, client, exclusion), which spares decrypting the phones."""
    for section, (_, phone_hash, client, exclusion) in _rows(round_, without):
        yield section.code, section.name, client, exclusion_of(exclusion, phone_hash)


def _rows(round_: Round, without: Collection[int], *fields: str) -> Iterator[tuple[FrameSection, tuple[Any, ...]]]:
    """Yield a row of each person in each section, of those eligible who share a phone that of the first one only.

    The rows are sorted, so that nothing is kept in memory.
    """
    sections = {section.pk: section for section in drawn_sections(round_, without)}
    records = records_of(round_).filter(section__in=sections, client__isnull=False)
    key = ("section_id", "client__phone_hash", "client_id")
    rows = records.order_by(*key).values_list(*key, "client__exclusion", *fields)
    met = None
    for (section, phone, client), same in groupby(rows.iterator(_CHUNK), key=lambda row: row[:3]):
        row = next(same)
        is_eligible = phone and not row[3] and client not in without
        if not is_eligible or met != (section, phone):
            yield sections[section], row
        met = (section, phone) if is_eligible else met


def _coming_sections() -> Iterator[FrameSection]:
    for row in Section.objects.active().values_list("pk", "code", "name"):
        yield FrameSection(*row)

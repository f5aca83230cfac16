"""一科一档: a section over all its rounds, through reforms, as far as an account may see it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accountability.cases.models import Measure
from accountability.cases.permissions import measures_for
from accountability.history.models import EarlierListing
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import RectificationItem
from accountability.rectifications.queries import rectifications_for
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Places, read_sections
from accountability.section_story.queries.story import read_story
from accountability.section_story.rules import Entry
from accountability.talks.queries import with_talks
from departments.models import Section, SectionChange
from departments.reforms.queries import section_history
from departments.reforms.rules.lineage import earlier_sections
from evaluations.rounds.models import Round
from evaluations.scoring.wording import shown
from nanchuan_eval.users.models import User


@dataclass(frozen=True)
class RoundPart:
    """A section, or a predecessor, in one round; without a right to cases or visits these are left out."""

    round_: Round
    places: Places
    line: Line
    ticks: Sequence[tuple[str, int | str]]
    measures: Sequence[Measure]
    freezes: Sequence[PromotionFreeze]
    items: Sequence[RectificationItem]
    entries: Sequence[Entry]


@dataclass(frozen=True)
class SectionDossier:
    """All rounds of a section, the newest first, its reforms, and the lists from before this system."""

    section: Section
    parts: Sequence[RoundPart]
    imported: Sequence[EarlierListing]
    reforms: Sequence[str]


def read_section_dossier(code: str, *, is_demo: bool, by: User) -> SectionDossier:
    """Return the dossier of a section in a fixed number of queries."""
    section = Section.objects.select_related("department").get(code=code)
    known = {code, *earlier_sections(code, SectionChange.objects.values_list("earlier__code", "later__code"))}
    results = read_sections(known, is_demo=is_demo)
    story = {(chapter.key, chapter.section): chapter.entries for chapter in read_story(code, by=by)}
    sections = [line.section.pk for _, line in results]
    measures = _by_section(with_talks(measures_for(by).filter(case__result__section__in=sections)))
    cases = [row.case_id for rows in measures.values() for row in rows]
    freezes: dict[int, list[PromotionFreeze]] = {}
    for freeze in PromotionFreeze.objects.filter(case__in=cases):
        freezes.setdefault(freeze.case_id, []).append(freeze)
    items: dict[int, list[RectificationItem]] = {}
    plans = rectifications_for(by).filter(case__result__section__in=sections).values("pk")
    for item in RectificationItem.objects.filter(rectification__in=plans).select_related("rectification__case__result"):
        items.setdefault(item.rectification.case.result.section_id, []).append(item)
    return SectionDossier(
        section,
        [
            RoundPart(
                places.round_,
                places,
                line,
                ticked(places.round_, line),
                measures.get(line.section.pk, []),
                freezes.get(line.case.pk, []) if line.case else [],
                items.get(line.section.pk, []),
                story.get((places.round_.key, str(line.section)), ()),
            )
            for places, line in results
        ],
        [] if is_demo else list(_imported(known)),
        [f"{line.on:%Y-%m-%d}　{line.text}" for line in section_history(section).lines],
    )


def ticked(round_: Round, line: Line) -> list[tuple[str, int | str]]:
    """Return the ticked 表象 with counts, the most ticked first; fewer than five ticks are hidden."""
    texts = {sign["code"]: sign["text"] for sign in json.loads(round_.ballot_form or "{}").get("manifestations", [])}
    counts = sorted(line.result.ticks.items(), key=lambda item: (-item[1], item[0]))
    return [(texts.get(code, code), shown(times)) for code, times in counts]


def _by_section(measures: Iterable[Measure]) -> Mapping[int, list[Measure]]:
    found: dict[int, list[Measure]] = {}
    for measure in measures:
        found.setdefault(measure.case.result.section_id, []).append(measure)
    return found


def _imported(codes: set[str]) -> Iterable[EarlierListing]:
    rows = EarlierListing.objects.filter(section__code__in=codes).select_related("round")
    return rows.order_by("-round__period_start", "rank")

"""Which counts anybody may repeat (公开复算), and the publication gate with the decision that overrides it."""

import json
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from evaluations.publication.models import Publication, PublicationDecision
from evaluations.publication.rules import gate_note, gate_refusal, last_day
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import has_public_recount
from evaluations.tally.models import Tally, Veto

# What the content of a list with a response has in it (canonical JSON).
RESPONSE = '"response":{'


def open_counts(publications: Sequence[Publication], annulled: Container[int] | None = None) -> dict[int, Tally]:
    """Return of each published version of one round, given in order, the count whose files are public.

    There is one such count at a time. After publication no ballot can be declared invalid any more, so a corrected
    count follows from ballots that stand: beside the first file it would show what the few say in which they differ.
    It takes the first one's place when the round is over, and at once where the figures are the same. Files that
    name a veto annulled since are not public any more (`annulled`, where `annulled_since` was already asked).
    """
    if not publications or not has_public_recount(publications[0].round.rulebook):
        return {}
    counts = {tally.cells_sha256: tally for tally in publications[0].round.tallies.exclude(cells="")}
    published = {each.version: counts.get(json.loads(each.content).get("cells_sha256")) for each in publications}
    first, newest = published[publications[0].version], published[publications[-1].version]
    if publications[0].round.state == RoundState.CLOSED:
        in_force = newest
    else:
        in_force = next((each for each in reversed(published.values()) if _has_same_figures(each, first)), None)
    wrong = annulled_since(publications) if annulled is None else annulled
    return {
        version: tally
        for version, tally in published.items()
        if tally is not None and tally == in_force and version not in wrong
    }


def waits_for_files(newest: Publication) -> bool:
    """True if the files of the list in force become public when the round is over, unless they already are."""
    has_files = bool(json.loads(newest.content).get("cells_sha256"))
    return has_files and has_public_recount(newest.round.rulebook)


def _has_same_figures(tally: Tally | None, other: Tally | None) -> bool:
    """True if two counts differ by their rules at most, not by what the ballots say."""
    if tally is None or other is None:
        return False
    return tally == other or _figures(tally) == _figures(other)


def _figures(tally: Tally) -> dict[str, Any]:
    return {key: value for key, value in json.loads(tally.cells).items() if key != "rulebook_sha256"}


def annulled_since(publications: Sequence[Publication], *, is_correcting: bool = False) -> dict[int, frozenset[str]]:
    """Return the versions that name sections by a veto annulled since, with these sections (at most one query).

    `publications` are all versions of one list: an annulment makes a further one, unless that is being made just now.
    """
    if len(publications) < (1 if is_correcting else 2):
        return {}
    vetoes = Veto.objects.filter(round=publications[0].round_id).exclude(annulled_at=None)
    annulled = list(vetoes.values_list("section__code", "annulled_at"))
    found = {
        each.version: frozenset(code for code, at in annulled if at and at > each.published_at) for each in publications
    }
    return {version: codes for version, codes in found.items() if codes}


def version_that_listed(round_: Round, code: str) -> Publication | None:
    """Return the version of the list that first named a section; None if none has."""
    versions = round_.publications.select_related("approved_by").order_by("version")
    naming = (each for each in versions if any(row["code"] == code for row in json.loads(each.content)["entries"]))
    return next(naming, None)


def first_version(publication: Publication) -> Publication:
    """Return the version from whose day all terms run."""
    if publication.version == 1:
        return publication
    return Publication.objects.select_related("round").get(round=publication.round_id, version=1)


def version_that_struck(round_: Round, code: str) -> Publication | None:
    """Return the correction that took a section off the list for good; None if it is on it or never was (one query)."""
    turns = turns_of(round_, code)
    return turns[-1][0] if turns and not turns[-1][1] else None


def version_that_began(round_: Round, code: str) -> Publication | None:
    """Return the version from whose day a section's unit may appeal: the one that put it on the list (one query).

    For a section that is not on the list, that is the first version; None before there is one.
    """
    turns = turns_of(round_, code)
    return turns[-1][0] if turns and turns[-1][1] else round_.publications.order_by("version").first()


def turns_of(round_: Round, code: str) -> list[tuple[Publication, bool]]:
    """Return the versions that put a section on the list (True) or took it off (False), in order (one query)."""
    turns: list[tuple[Publication, bool]] = []
    for each in round_.publications.order_by("version"):
        is_listed = any(row["code"] == code for row in json.loads(each.content)["entries"])
        if is_listed != (turns[-1][1] if turns else False):
            turns.append((each, is_listed))
    return turns


def appeals_until(round_: Round) -> date | None:
    """Return the last day on which a unit may appeal; None if the list names nobody (one query).

    It counts from the last version that put a section on the list.
    """
    began, listed = None, frozenset[str]()
    for each in round_.publications.order_by("version"):
        before, listed = listed, frozenset(row["code"] for row in json.loads(each.content)["entries"])
        began = each if listed - before else began
    return last_day(timezone.localdate(began.published_at), round_.rulebook) if began and listed else None


def published_response(round_: Round) -> dict[str, Any] | None:
    """Return the response fixed with a round's list; None if it has none, as before publication (one query)."""
    first = round_.publications.order_by("version").first()
    return fixed_response(first) if first else None


def fixed_response(first: Publication) -> dict[str, Any] | None:
    """Return the response fixed with the first version of a list; None in lists older than responses."""
    found: dict[str, Any] | None = json.loads(first.content).get("response")
    return found


def rounds_with_response() -> list[Round]:
    """Return the rounds whose published list has a response (one query)."""
    told = Publication.objects.filter(version=1, content__contains=RESPONSE).select_related("round")
    return [each.round for each in told.defer("content").order_by("-round__period_start", "-round__pk")]


def superiors(publication: Publication) -> dict[str, set[str]]:
    """Map the superior units (上级主管单位) of listed sections to the codes of these sections (one query)."""
    codes = [entry["code"] for entry in json.loads(publication.content)["entries"]]
    found: dict[str, set[str]] = {}
    for section in RoundSection.objects.filter(round=publication.round_id, code__in=codes):
        if section.reports_to_superior:
            found.setdefault(section.superior_name, set()).add(section.code)
    return found


def closed_gate(tally: Tally) -> Mapping[str, Any] | None:
    """Return the gate of a count whose list may not be published; None if it may, as always under NC-1."""
    gate: Mapping[str, Any] | None = json.loads(tally.result).get("publication")
    return None if gate is None or gate["allowed"] else gate


def gate_faults(round_: Round) -> list[str]:
    """Return in Chinese why the gate refuses a counted round's list; nothing once that is decided otherwise."""
    tally = round_.tallies.last()
    gate = closed_gate(tally) if tally else None
    if tally is None or gate is None or _decision_on(tally, gate):
        return []
    return [gate_refusal(gate, round_.rulebook["list_length"])]


def note_of(tally: Tally) -> str:
    """Return the note that a list of this count carries because it is published by decision; else nothing."""
    gate = closed_gate(tally)
    decision = _decision_on(tally, gate) if gate else None
    if not gate or not decision:
        return ""
    return gate_note(gate, reason=decision.reason, decided_on=timezone.localtime(decision.decided_at).date())


def _decision_on(tally: Tally, gate: Mapping[str, Any]) -> PublicationDecision | None:
    """Return the decision in force: a recount keeps the one before while the gate says the same."""
    decisions = PublicationDecision.objects.filter(tally__round=tally.round_id).select_related("tally")
    return next((each for each in decisions.order_by("-pk") if closed_gate(each.tally) == gate), None)

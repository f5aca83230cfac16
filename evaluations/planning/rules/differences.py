"""What a plan would change in the rulebook of its round, in words, and the plan as a file (plan.json)."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from evaluations.planning.rules.lines import Gate, Outlook
from evaluations.planning.rules.plan import Invitation, Margin, Plan, SectionPlan
from evaluations.rounds.rules.rulebook import planned_seats, shares_of
from evaluations.rounds.rules.settings import as_text, settings_of


class Difference(NamedTuple):
    """One changed number or choice."""

    label: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what differs: settings, the seats of each group of evaluators, the letters to each section's clients."""
    pairs = [(setting, setting.value_in(before), setting.value_in(after)) for setting in settings_of(before)]
    found = [Difference(s.label_in(before), as_text(s, old), as_text(s, new)) for s, old, new in pairs if old != new]
    return [*found, *_strata(before, after), *_seats(before, after), *_clients(before, after)]


def plan_document(found: Plan) -> dict[str, Any]:
    """Return the plan as canonical JSON takes it: estimates have one decimal and are texts."""
    return {
        "is_estimate": True,
        "clients_channel": found.channel or None,
        "bought": found.bought,
        "lead": _decimal(found.lead),
        "gate": {"general": _gate(found.general), "planned": _gate(found.planned)},
        "client_draw": found.is_client_draw,
        "letters": found.letters,
        "top_up": found.top_up if found.channel else 0,
        "needs": [asdict(each) for each in found.needs],
        "margins": [_margin(each) for each in found.margins],
        "sections": [_section(each) for each in found.sections],
    }


def _strata(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    if before["evaluators"] == after["evaluators"]:
        return
    then = shares_of(after["evaluators"], after["evaluator_strata"])
    for name, seats in shares_of(before["evaluators"], before["evaluator_strata"]).items():
        yield Difference(f"定向评议名额·{name}", f"{seats}人", f"{then[name]}人")


def _seats(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = planned_seats(before), planned_seats(after)
    for code in sorted({*old, *new}):
        if old.get(code) != new.get(code):
            seats = ("未定" if of.get(code) is None else f"{of[code]}张" for of in (old, new))
            yield Difference(f"发放名额·{code}", *seats)


def _clients(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = _client_lines(before), _client_lines(after)
    for code in sorted({*old, *new}):
        if old.get(code) != new.get(code):
            yield Difference(f"抽取办事群众·{code}", old.get(code, "未定"), new.get(code, "未定"))


def _client_lines(rulebook: Mapping[str, Any]) -> dict[str, str]:
    needs = rulebook.get("client_needs", {})
    seats = rulebook.get("client_seats", {})
    return {code: f"{seat}人，需收回{needs.get(code, '—')}张" for code, seat in seats.items()}


def _section(of: SectionPlan) -> dict[str, Any]:
    return {
        "section": of.section,
        "general": _outlook(of.general),
        "needs": dict(of.needs),
        "invitation": _invitation(of.invitation) if of.invitation else None,
        "planned": _outlook(of.planned),
        "margin": _decimal(of.margin),
        "is_protected": of.is_protected,
    }


def _outlook(of: Outlook) -> dict[str, Any]:
    lines = {channel: _decimal(n) for channel, n in of.lines.items()}
    return {"lines": lines, "drawn": _decimal(of.drawn), "is_thin": of.is_thin}


def _invitation(of: Invitation) -> dict[str, Any]:
    return {
        "quota": of.quota,
        "return_percent": _decimal(of.return_percent),
        "letters": of.letters,
        "clients": of.clients,
        "is_everybody": of.is_everybody,
        "expected": _decimal(of.expected),
    }


def _gate(of: Gate) -> dict[str, Any]:
    return {"sections": of.sections, "ranked": of.ranked, "needed": of.needed, "is_passed": of.is_passed}


def _margin(of: Margin) -> dict[str, Any]:
    return {"lines": of.lines, "usual": _decimal(of.usual), "selective": _decimal(of.selective)}


def _decimal(value: float) -> str:
    return f"{value:.1f}"

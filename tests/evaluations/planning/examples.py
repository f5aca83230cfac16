"""Rulebooks and inputs of plans: pass only what matters."""

from collections.abc import Mapping
from typing import Any

from evaluations.planning.rules.inputs import Inputs, parse_inputs
from evaluations.planning.rules.lines import LastRound
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.nc2.method import MethodTwo, parse_method_two

SECTIONS = [f"D{unit:02}-{section:02}" for unit in range(1, 22) for section in range(1, 6)]


def rulebook(sections: int = 105, **changes: Any) -> dict[str, Any]:
    """The default rulebook with that many sections."""
    return {**default_rulebook(), "sections": SECTIONS[:sections], "vetoes": [], **changes}


def method(**changes: Any) -> MethodTwo:
    return parse_method_two(rulebook(**changes))


def sampled_drawn(sections: int = 105, **changes: Any) -> dict[str, Any]:
    """A rulebook whose sampled ballots are issued to drawn clients."""
    channels = default_rulebook()["channels"]
    return rulebook(
        sections,
        channels={**channels, "sampled": {**channels["sampled"], "drawn": True}},
        sampled_forms="issued_codes",
        **changes,
    )


def inputs(sections: Mapping[str, Any] | None = None, known: int = 105, **numbers: Any) -> Inputs:
    """Inputs; `a__b=1` is the path a.b."""
    document: dict[str, Any] = {path.replace("__", "."): value for path, value in numbers.items()}
    return parse_inputs({**document, "sections": dict(sections or {})}, SECTIONS[:known])


def last(lines: Mapping[str, Mapping[str, int]] | None = None, **changes: Any) -> LastRound:
    """A last round with these lines by section."""
    figures = {"means": {"targeted": 14.0}, "between": 2.0, "lead": 8.0, "ranked": 105}
    return LastRound(lines=lines or {}, **{**figures, **changes})

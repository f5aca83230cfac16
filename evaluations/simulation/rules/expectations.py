"""What a district expects of a round still to come (simulate_round --expect): a file of settings, all optional."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from evaluations.scoring.method import Channel, RulebookError, rational, whole

MOST_BALLOTS = 100_000
MOST_LINES = 1_000
MOST_TOP_UPS = 5


class ExpectationError(ValueError):
    """The file of expectations cannot be used; the Chinese text names the setting. Nothing is simulated."""


class Difficulty(StrEnum):
    """How hard the sections are, among each other."""

    NORMAL = "normal"
    SKEW = "skew"
    UNIFORM = "uniform"
    TEN_BAD = "tenbad"
    FLAT = "flat"


SPREADS = {
    Difficulty.NORMAL: Fraction("0.35"),
    Difficulty.SKEW: Fraction("0.35"),
    Difficulty.UNIFORM: Fraction("0.35"),
    Difficulty.TEN_BAD: Fraction("0.25"),
    Difficulty.FLAT: Fraction("0.12"),
}


@dataclass(frozen=True)
class ChannelExpectation:
    """One channel: its ballots and the people behind them, on the scale of difficulty."""

    ballots: int
    return_rate: Fraction
    sections_per_ballot: Fraction
    preference: Fraction  # exponent: how much likelier a frequented section is to be rated
    severity: Fraction  # standard deviation between people
    noise: Fraction  # standard deviation between the lines of one person
    shift: Fraction  # by how much the channel is harsher


@dataclass(frozen=True)
class OneLine:
    """Ballots for one section, of its own clients: so many returned, or as many as reach a number of drawn lines."""

    quota: int
    up_to: int
    letters: int  # drawn clients a section, or all where fewer; 0 = asked until the quota is returned
    top_ups: int  # further rounds, each drawing in all sections, while a section with clients left misses the quota
    top_up_percent: int  # people of one further round, of the letters
    clients: int  # of a section of middling popularity; 0 = never too few
    fewest: int  # sections with fewer clients are left to the general ballots
    answering_spread: Fraction  # standard deviation between sections of the logit of the return rate


@dataclass(frozen=True)
class Expectation:
    """A round as it is expected."""

    channels: Mapping[str, ChannelExpectation]
    difficulty: Difficulty
    spread: Fraction  # standard deviation of difficulty; of TEN_BAD only that of the others
    channel_effect: Fraction  # standard deviation of a section's difference between channels
    popularity_correlation: Fraction  # of popularity and difficulty
    strata: bool  # evaluators of five groups of different severity, a third of the sections serving businesses
    selective: Fraction  # s: how much likelier somebody answers who has something to complain about
    floor: int  # drawn lines up to which a section is topped up
    one_line: OneLine
    hearsay: Fraction  # the part that evaluators of several sections know by hearsay only
    attacks: bool


# 1,000 targeted, 500 sampled and 6,000 other ballots, as NC-2 was measured with.
CHANNELS = {
    "targeted": {
        "ballots": 1000,
        "return_rate": 1,
        "sections_per_ballot": 7,
        "preference": "0.4",
        "severity": "0.6",
        "noise": "0.6",
        "shift": 0,
    },
    "sampled": {
        "ballots": 500,
        "return_rate": 1,
        "sections_per_ballot": 4,
        "preference": "0.8",
        "severity": "0.6",
        "noise": "0.7",
        "shift": "0.05",
    },
    "other": {
        "ballots": 6000,
        "return_rate": 1,
        "sections_per_ballot": "1.6129",
        "preference": 1,
        "severity": "0.8",
        "noise": "0.8",
        "shift": "0.35",
    },
}
ONE_LINE = {
    "quota": 0,
    "up_to": 0,
    "letters": 0,
    "top_ups": 2,
    "top_up_percent": 50,
    "clients": 0,
    "fewest": 0,
    "answering_spread": 0,
}
DEFAULTS: dict[str, Any] = {
    "channels": CHANNELS,
    "difficulty": Difficulty.NORMAL,
    "spread": None,
    "channel_effect": "0.08",
    "popularity_correlation": 0,
    "strata": False,
    "selective": 0,
    "floor": 0,
    "one_line": ONE_LINE,
    "hearsay": 0,
    "attacks": True,
}


def complete(document: Any) -> dict[str, Any]:
    """Return the settings of a file, with the defaults of those it does not name."""
    given = _with_defaults(document, DEFAULTS, "文件")
    channels = _with_defaults(given["channels"], CHANNELS, "channels")
    return given | {
        "channels": {c: _with_defaults(channels[c], CHANNELS[c], f"channels.{c}") for c in CHANNELS},
        "one_line": _with_defaults(given["one_line"], ONE_LINE, "one_line"),
    }


def parse_expectation(document: Mapping[str, Any]) -> Expectation:
    """Read complete settings."""
    try:
        return _expectation(document)
    except RulebookError as error:
        raise ExpectationError(str(error)) from None


def _expectation(given: Mapping[str, Any]) -> Expectation:
    kind = _difficulty(given["difficulty"])
    flags = {key: given[key] for key in ("strata", "attacks")}
    for key, value in flags.items():
        if not isinstance(value, bool):
            raise ExpectationError(f"“{key}”应为 true 或 false。")
    return Expectation(
        channels={c.value: _channel(given["channels"][c], c) for c in Channel},
        difficulty=kind,
        spread=SPREADS[kind] if given["spread"] is None else rational(given, "spread", 5),
        channel_effect=rational(given, "channel_effect", 5),
        popularity_correlation=rational(given, "popularity_correlation", 1),
        selective=rational(given, "selective", 5),
        floor=whole(given, "floor", 0, MOST_LINES),
        one_line=_one_line(given["one_line"]),
        hearsay=rational(given, "hearsay", 1),
        **flags,
    )


def _channel(value: Mapping[str, Any], channel: str) -> ChannelExpectation:
    where = f"channels.{channel}"
    given = {f"{where}.{key}": v for key, v in value.items()}
    sections = rational(given, f"{where}.sections_per_ballot", 50)
    if sections < 1:
        raise ExpectationError(f"“{where}.sections_per_ballot”应为1到50之间的数。")
    return ChannelExpectation(
        ballots=whole(given, f"{where}.ballots", 0, MOST_BALLOTS),
        return_rate=rational(given, f"{where}.return_rate", 1),
        sections_per_ballot=sections,
        preference=rational(given, f"{where}.preference", 5),
        severity=rational(given, f"{where}.severity", 5),
        noise=rational(given, f"{where}.noise", 5),
        shift=rational(given, f"{where}.shift", 5),
    )


def _one_line(value: Mapping[str, Any]) -> OneLine:
    given = {f"one_line.{key}": v for key, v in value.items()}
    found = OneLine(
        quota=whole(given, "one_line.quota", 0, MOST_LINES),
        up_to=whole(given, "one_line.up_to", 0, MOST_LINES),
        letters=whole(given, "one_line.letters", 0, MOST_BALLOTS),
        top_ups=whole(given, "one_line.top_ups", 0, MOST_TOP_UPS),
        top_up_percent=whole(given, "one_line.top_up_percent", 1, 200),
        clients=whole(given, "one_line.clients", 0, MOST_BALLOTS),
        fewest=whole(given, "one_line.fewest", 0, MOST_LINES),
        answering_spread=rational(given, "one_line.answering_spread", 5),
    )
    if found.quota and found.up_to:
        raise ExpectationError("“one_line.quota”和“one_line.up_to”只能填写一项。")
    if found.letters and not found.quota:
        raise ExpectationError("填写了“one_line.letters”的，还应填写“one_line.quota”（每个科室需要收回的票数）。")
    return found


def _difficulty(value: Any) -> Difficulty:
    if value not in list(Difficulty):
        raise ExpectationError(f"“difficulty”应为{'、'.join(Difficulty)}之一。")
    return Difficulty(value)


def _with_defaults(value: Any, defaults: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ExpectationError(f"“{where}”应为一个对象。")
    unknown = sorted(set(value) - set(defaults))
    if unknown:
        raise ExpectationError(f"“{where}”中没有“{unknown[0]}”这一项；可填写{'、'.join(defaults)}。")
    return {**defaults, **value}

"""Simulated opinions, determined by the seed (pure).

Sections differ in difficulty and in number of visitors, voters in harshness; some answers are "don't know".
Ids, codes and draws do not depend on the seed: they stay truly random.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from evaluations.ballot_form.rules.form import BallotForm
from evaluations.scoring.method import Channel, Indicator

Rated = Mapping[Channel, tuple[int, int]]
SECTIONS_RATED = {Channel.TARGETED: (4, 9), Channel.SAMPLED: (2, 5), Channel.OTHER: (1, 3)}
DONT_KNOW_RATE = 0.09
# The report's own examples are hard in every half-year; the others change.
HARD_SECTIONS, ALWAYS_HARD = 12, ("D06-01", "D05-01", "D14-01", "D01-01")
COMMENTS = (
    "窗口排队时间太长，希望增加人手。",
    "材料清单能不能一次说清楚。",
    "电话打了三次才有人接。",
    "这次办事很顺利，工作人员很耐心。",
    "网上预约到现场还要重新取号，不方便。",
    "希望中午也有人值班。",
)


@dataclass(frozen=True)
class Character:
    """A section's simulated difficulty and number of visitors, and which indicators and 表象 stand out."""

    difficulty: float
    visits: float
    leaning: Mapping[str, float]
    favourites: Mapping[str, str]


@dataclass(frozen=True)
class Opinion:
    """One simulated ballot: section -> indicator -> answer as the form sends it, ticks, comment."""

    channel: Channel
    answers: Mapping[str, Mapping[str, str]]
    ticks: Mapping[str, Sequence[str]]
    comment: str


def characters(form: BallotForm, seed: int, half_year: str) -> dict[str, Character]:
    """Return the character of every section in a half-year; about a dozen are hard to deal with."""
    rng = Random(f"sections/{seed}/{half_year}")  # noqa: S311  a simulation, not a draw
    always = [code for code in ALWAYS_HARD if code in form.section_codes]
    others = sorted(form.section_codes - set(always))
    hard = {*always, *rng.sample(others, min(HARD_SECTIONS - len(always), len(others)))}
    return {section.code: _character(rng, form, hard=section.code in hard) for section in form.sections}


def opinions(
    form: BallotForm,
    channels: Sequence[Channel],
    seed: int,
    *,
    half_year: str,
    rated: Rated | None = None,
    listed: Iterable[Sequence[str]] = (),
) -> Iterator[Opinion]:
    """Yield one opinion per entry of `channels`, always the same for the same seed and half-year.

    `listed` = the sections listed first for one targeted evaluator after another, who rate these and others they know.
    """
    world = characters(form, seed, half_year)
    rng = Random(f"voters/{seed}/{half_year}")  # noqa: S311  a simulation, not a draw
    lists = iter(listed)
    for channel in channels:
        count = rng.randint(*(rated or SECTIONS_RATED)[channel])
        harshness = _harshness(rng)
        visited = _visited(rng, world, count)
        if channel == Channel.TARGETED:
            visited = _with_listed(visited, next(lists, ()))
        yield _opinion(rng, form, world, channel, harshness, visited)


def opinions_of_clients(
    form: BallotForm, world: Mapping[str, Character], section: str, seed: int, *, half_year: str
) -> Iterator[Opinion]:
    """Yield, without end, the opinions that one section's own clients have of it."""
    rng = Random(f"clients/{section}/{seed}/{half_year}")  # noqa: S311  a simulation, not a draw
    while True:
        yield _opinion(rng, form, world, Channel.TARGETED, _harshness(rng), [section])


def _character(rng: Random, form: BallotForm, *, hard: bool) -> Character:
    return Character(
        difficulty=rng.uniform(1.1, 1.7) if hard else max(0.0, rng.gauss(0.45, 0.25)),
        visits=rng.lognormvariate(0, 0.5),
        leaning={
            indicator.value: rng.gauss(-0.5 if indicator == Indicator.GREEDY else 0, 0.3) for indicator in Indicator
        },
        favourites={
            indicator.value: rng.choice([s.code for s in form.manifestations if s.indicator == indicator])
            for indicator in Indicator
        },
    )


def _with_listed(visited: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Return as many sections as visited, those listed among them, or all that are listed where these are more."""
    others = [code for code in visited if code not in listed]
    return sorted([*listed, *others[: max(0, len(visited) - len(listed))]])


def _harshness(rng: Random) -> float:
    return rng.gauss(0, 0.35)


def _opinion(
    rng: Random,
    form: BallotForm,
    world: Mapping[str, Character],
    channel: Channel,
    harshness: float,
    codes: Sequence[str],
) -> Opinion:
    answers = {code: _answers(rng, form, world[code], harshness) for code in codes}
    return Opinion(
        channel=channel,
        answers=answers,
        ticks={code: _ticks(rng, form, world[code], answers[code]) for code in codes},
        comment=rng.choice(COMMENTS) if rng.random() < 0.05 else "",
    )


def _visited(rng: Random, world: Mapping[str, Character], count: int) -> list[str]:
    order = sorted(world, key=lambda code: rng.random() ** (1 / world[code].visits), reverse=True)
    return sorted(order[:count])


def _answers(rng: Random, form: BallotForm, section: Character, harshness: float) -> dict[str, str]:
    return {
        indicator.value: "x" if rng.random() < DONT_KNOW_RATE else _level(rng, form, section, harshness, indicator)
        for indicator in Indicator
    }


def _level(rng: Random, form: BallotForm, section: Character, harshness: float, indicator: str) -> str:
    felt = section.difficulty + section.leaning[indicator] + harshness + rng.gauss(0, 0.6)
    return str(min(form.levels, max(0, round(felt))))


def _ticks(rng: Random, form: BallotForm, section: Character, answers: Mapping[str, str]) -> list[str]:
    ticks: list[str] = []
    for indicator, answer in answers.items():
        if answer in form.severe_answers:
            others = [s.code for s in form.manifestations if s.indicator == indicator]
            ticks.append(section.favourites[indicator] if rng.random() < 0.6 else rng.choice(others))
    return ticks

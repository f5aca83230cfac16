"""Simulated sections and people: what they would answer, drawn from one generator in a fixed order.

Everything lives on one scale, that of difficulty; an answer is the level whose threshold the latent answer reaches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from evaluations.scoring.method import Channel, Indicator
from evaluations.simulation.rules.expectations import ChannelExpectation, Difficulty, Expectation, OneLine

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

THRESHOLDS = np.array([0.5, 1.2, 1.9, 2.6])
UNKNOWN = np.array([0.05, 0.05, 0.05, 0.08, 0.20])  # not answered, by indicator
MOST_UNKNOWN = 2  # a line with more is answered in full
OFFSET_SPREAD, ANSWER_NOISE = 0.12, 0.5
POPULARITY_SPREAD = 1.3  # of the logarithm
MOST_SECTIONS = {Channel.TARGETED: 40, Channel.SAMPLED: 12, Channel.OTHER: 10}
BAD_MEAN, BAD_SPREAD = 1.0, 0.15
STRATA_SHARES = np.array([0.50, 0.20, 0.15, 0.10, 0.05])
STRATA_SEVERITY = np.array([0.0, 0.25, -0.1, -0.35, 0.0])
BUSINESS = 1  # the stratum of businesses
BUSINESS_SECTIONS = 3  # every third section serves businesses
BUSINESS_PREFERENCE = (1.5, -1.0)  # of the stratum for such sections and for others
OTHERS_PREFERENCE = -1.0  # of the other strata for such sections
BUSINESS_CLIENTS = (0.75, 0.08)  # share of the stratum among such sections' clients and others'
ANSWERING = -0.4  # the logit at which an average person answers
FEWEST_CLIENTS = 15
UNLIMITED = 8  # clients asked for each ballot wanted where there are always enough
SPARE = 40


@dataclass(frozen=True)
class District:
    """The sections of one simulated round, by number."""

    difficulty: Floats
    popularity: Floats  # logarithm, 0 = middling
    effects: dict[str, Floats]  # by channel
    offsets: Floats  # of each indicator
    serves_business: NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    """Lines of one channel: ballot and section by number; answers by indicator, -1 = not answered."""

    ballots: Ints
    sections: Ints
    answers: Ints

    def keep(self, kept: NDArray[np.bool_]) -> "Lines":
        """Return some of the lines."""
        return Lines(self.ballots[kept], self.sections[kept], self.answers[kept])

    def followed_by(self, others: "Lines") -> "Lines":
        """Return these lines and those of other ballots."""
        first = int(self.ballots.max(initial=-1)) + 1
        return Lines(
            np.concatenate([self.ballots, others.ballots + first]),
            np.concatenate([self.sections, others.sections]),
            np.concatenate([self.answers, others.answers]),
        )


@dataclass(frozen=True)
class World:
    """What answering depends on: the district, the expectation, the highest level; the last round's popularity."""

    expectation: Expectation
    district: District
    levels: int

    @property
    def size(self) -> int:
        """The number of sections."""
        return len(self.district.difficulty)


def make_district(rng: Generator, expectation: Expectation, size: int, popularity: Floats | None) -> District:
    """Draw the sections; their popularity is given where a last round tells it."""
    difficulty = _difficulty(rng, expectation, size)
    free = _popularity(rng, expectation, difficulty)
    effect = float(expectation.channel_effect)
    offsets = rng.normal(0, OFFSET_SPREAD, (size, len(Indicator)))
    return District(
        difficulty=difficulty,
        popularity=free if popularity is None else popularity,
        effects={c: rng.normal(0, effect, size) for c in Channel.values},
        offsets=offsets - offsets.mean(axis=1, keepdims=True),
        serves_business=rng.permutation(size) % BUSINESS_SECTIONS == 0,
    )


def make_lines(rng: Generator, world: World, channel: Channel) -> Lines:
    """Return the lines of a channel: general ballots, and what the targeted channel has beside them."""
    lines = _general(rng, world, channel)
    if channel is not Channel.TARGETED:
        return lines
    if world.expectation.selective:
        lines = lines.keep(_answers_at_all(rng, world, lines, np.full(world.size, ANSWERING)))
    lines = lines.followed_by(_top_up(rng, world, lines))
    return lines.followed_by(_of_clients(rng, world, lines))


def false_lines(rng: Generator, world: World, section: int, times: int, *, praise: bool) -> Lines:
    """Return one-line ballots of people who were told what to answer: the worst in everything, or nearly all 0."""
    answers = np.full((times, len(Indicator)), world.levels)
    if praise:
        answers = (rng.random(answers.shape) < 0.05).astype(np.int64)
    return Lines(np.arange(times), np.full(times, section), answers)


def points_of(lines: Lines) -> Floats:
    """Return each line's mean answer."""
    known = lines.answers >= 0
    total: Floats = np.where(known, lines.answers, 0).sum(axis=1) / known.sum(axis=1)
    return total


def slope(expectation: Expectation, weights: dict[str, float], levels: int, line_cap: float) -> float:
    """Return by how many points the index rises with difficulty, at its middle."""
    rng, size, step = np.random.default_rng(0), 20_000, 0.35
    rise = 0.0
    for channel, weight in weights.items():
        of = expectation.channels[channel]
        latent = float(of.shift) + rng.normal(0, 1, size) * np.hypot(float(of.severity), float(of.noise))
        noise = rng.normal(0, np.hypot(OFFSET_SPREAD, ANSWER_NOISE), (size, len(Indicator)))
        low, high = (
            np.minimum(line_cap, _levels(latent[:, None] + at + noise, levels).mean(axis=1) * 100 / levels).mean()
            for at in (-step, step)
        )
        rise += weight * float(high - low) / (2 * step)
    return rise


def _difficulty(rng: Generator, expectation: Expectation, size: int) -> Floats:
    spread = float(expectation.spread)
    match expectation.difficulty:
        case Difficulty.SKEW:
            skewed: Floats = (rng.gamma(2, size=size) - 2) / np.sqrt(2) * spread
            return skewed
        case Difficulty.UNIFORM:
            return rng.uniform(-np.sqrt(3), np.sqrt(3), size) * spread
        case Difficulty.TEN_BAD:
            bad = rng.permutation(size) < 10
            return np.where(bad, rng.normal(BAD_MEAN, BAD_SPREAD, size), rng.normal(0, spread, size))
    return rng.normal(0, spread, size)


def _popularity(rng: Generator, expectation: Expectation, difficulty: Floats) -> Floats:
    shared, own = float(expectation.popularity_correlation), rng.normal(0, 1, len(difficulty))
    level = (difficulty - difficulty.mean()) / (difficulty.std() or 1)
    found: Floats = POPULARITY_SPREAD * (shared * level + np.sqrt(1 - shared**2) * own)
    return found


def _general(rng: Generator, world: World, channel: Channel) -> Lines:
    """Return ballots of people who choose their sections themselves, the frequented ones more often."""
    of = world.expectation.channels[channel]
    people = int(rng.binomial(of.ballots, float(of.return_rate)))
    is_targeted = channel is Channel.TARGETED
    strata = _strata(rng, world, people) if is_targeted else np.zeros(people, np.int64)
    ballots, sections = _choose(
        rng, _preferences(world, of, strata, is_targeted=is_targeted), _sizes(rng, of, channel, people)
    )
    severity = (rng.normal(0, float(of.severity), people) + _severity(world, strata))[ballots]
    seen = world.district.difficulty[sections]
    if is_targeted and world.expectation.hearsay:
        part = float(world.expectation.hearsay)
        seen = (1 - part) * seen + rng.normal(0, part / 2, len(seen))
    return Lines(ballots, sections, _answer(rng, world, channel, sections, seen + severity))


def _sizes(rng: Generator, of: ChannelExpectation, channel: Channel, people: int) -> Ints:
    mean = float(of.sections_per_ballot)
    drawn = rng.geometric(1 / mean, people) if channel is Channel.OTHER else 1 + rng.poisson(mean - 1, people)
    return np.minimum(drawn, MOST_SECTIONS[channel])


def _preferences(world: World, of: ChannelExpectation, strata: Ints, *, is_targeted: bool) -> Floats:
    """Return the logarithm of each person's preference for each section."""
    common = float(of.preference) * world.district.popularity
    if not (is_targeted and world.expectation.strata):
        return np.broadcast_to(common, (len(strata), world.size))
    business, other = BUSINESS_PREFERENCE
    serves = world.district.serves_business
    of_business = np.where(serves, business, other)
    of_others = np.where(serves, OTHERS_PREFERENCE, 0.0)
    return common + np.where((strata == BUSINESS)[:, None], of_business, of_others)


def _choose(rng: Generator, preferences: Floats, sizes: Ints) -> tuple[Ints, Ints]:
    """Choose without replacement in proportion to the preferences; returns ballot and section of each line."""
    keys = preferences + rng.gumbel(size=preferences.shape)
    order = np.argsort(-keys, axis=1)[:, : int(sizes.max(initial=0))]
    chosen = np.arange(order.shape[1]) < sizes[:, None]
    return np.nonzero(chosen)[0], order[chosen]


def _strata(rng: Generator, world: World, people: int) -> Ints:
    if not world.expectation.strata:
        return np.zeros(people, np.int64)
    return rng.choice(len(STRATA_SHARES), people, p=STRATA_SHARES)


def _severity(world: World, strata: Ints) -> Floats:
    return STRATA_SEVERITY[strata] if world.expectation.strata else np.zeros(len(strata))


def _answer(rng: Generator, world: World, channel: Channel, sections: Ints, seen: Floats) -> Ints:
    """Return the answers of lines, from their section's difficulty as it is seen and their person's severity."""
    of, district = world.expectation.channels[channel], world.district
    latent = (
        seen + district.effects[channel][sections] + float(of.shift) + rng.normal(0, float(of.noise), len(sections))
    )
    noise = rng.normal(0, ANSWER_NOISE, (len(sections), len(Indicator)))
    answers = _levels(latent[:, None] + district.offsets[sections] + noise, world.levels)
    unknown = rng.random(answers.shape) < UNKNOWN
    unknown[unknown.sum(axis=1) > MOST_UNKNOWN] = False
    return np.where(unknown, -1, answers)


def _levels(latent: Floats, levels: int) -> Ints:
    return np.searchsorted(THRESHOLDS[:levels], latent, side="right")


def _answers_at_all(rng: Generator, world: World, lines: Lines, usual: Floats) -> NDArray[np.bool_]:
    """Tell which lines are returned: those with more to complain about rather, in some sections more than in others."""
    s = float(world.expectation.selective)
    pull = rng.normal(s, s, world.size)
    points = points_of(lines)
    standard = (points - points.mean()) / (points.std() or 1) if len(points) else points
    chance = 1 / (1 + np.exp(-(usual[lines.sections] + pull[lines.sections] * standard)))
    return rng.random(len(points)) < chance


def _top_up(rng: Generator, world: World, lines: Lines) -> Lines:
    """Return further ballots of one line for the sections below the floor."""
    missing = np.maximum(0, world.expectation.floor - np.bincount(lines.sections, minlength=world.size))
    sections = np.repeat(np.arange(world.size), missing)
    return _single(rng, world, sections, _strata(rng, world, len(sections)))


def _of_clients(rng: Generator, world: World, lines: Lines) -> Lines:
    """Return the one-line ballots of the sections' own clients, as many as are wanted and answer."""
    one_line, size = world.expectation.one_line, world.size
    wanted = np.full(size, one_line.quota)
    if one_line.up_to:
        wanted = np.maximum(0, one_line.up_to - np.bincount(lines.sections, minlength=size))
    asked = _asked(world, one_line, wanted)
    sections = np.repeat(np.arange(size), asked)
    invited = _single(rng, world, sections, _client_strata(rng, world, sections))
    usual = rng.normal(ANSWERING, float(one_line.answering_spread), size)
    answers = _answers_at_all(rng, world, invited, usual)
    if one_line.letters:
        return invited.keep(answers & _drawn(one_line, invited, answers, asked))
    returned = invited.keep(answers)
    return returned.keep(_place(returned.sections) < wanted[returned.sections])


def _asked(world: World, one_line: OneLine, wanted: Ints) -> Ints:
    """Return how many clients could be asked: all there are, or so many that enough of them answer."""
    many = np.where(wanted, UNLIMITED * wanted + SPARE, 0)
    if one_line.letters:
        many = np.where(wanted, _letters(one_line, one_line.top_ups), 0)
    if not one_line.clients:
        return many
    clients = np.maximum(FEWEST_CLIENTS, one_line.clients * np.exp(world.district.popularity)).astype(np.int64)
    found: Ints = np.where(clients < one_line.fewest, 0, np.minimum(many, clients))
    return found


def _drawn(one_line: OneLine, invited: Lines, answers: NDArray[np.bool_], asked: Ints) -> NDArray[np.bool_]:
    """Tell who is drawn: the first round, then a further one while a section with people left misses its quota."""
    place = _place(invited.sections)
    for round_no in range(one_line.top_ups + 1):
        letters = _letters(one_line, round_no)
        drawn: NDArray[np.bool_] = place < letters
        returned = np.bincount(invited.sections[answers & drawn], minlength=len(asked))
        if not np.any((returned < one_line.quota) & (asked > letters)):
            break
    return drawn


def _letters(one_line: OneLine, top_ups: int) -> int:
    """Return how many people of a section are drawn after so many further rounds."""
    return one_line.letters + top_ups * -(-one_line.letters * one_line.top_up_percent // 100)


def _place(sections: Ints) -> Ints:
    """Return each line's place among those of its section, which stand together."""
    return np.arange(len(sections)) - np.searchsorted(sections, sections)


def _client_strata(rng: Generator, world: World, sections: Ints) -> Ints:
    if not world.expectation.strata:
        return np.zeros(len(sections), np.int64)
    others = np.delete(STRATA_SHARES, BUSINESS)
    strata = rng.choice(np.delete(np.arange(len(STRATA_SHARES)), BUSINESS), len(sections), p=others / others.sum())
    share = np.where(world.district.serves_business[sections], *BUSINESS_CLIENTS)
    return np.where(rng.random(len(sections)) < share, BUSINESS, strata)


def _single(rng: Generator, world: World, sections: Ints, strata: Ints) -> Lines:
    """Return ballots of one line, each of another person who has dealt with the section."""
    severity = rng.normal(0, float(world.expectation.channels[Channel.TARGETED].severity), len(sections))
    seen = world.district.difficulty[sections] + severity + _severity(world, strata)
    return Lines(np.arange(len(sections)), sections, _answer(rng, world, Channel.TARGETED, sections, seen))

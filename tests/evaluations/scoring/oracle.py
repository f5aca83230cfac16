"""A second implementation of NC-1, after method.md 2 and 3: line by line, without cells or whole-number scores.

Only for the tests: slow, and sharing no code with evaluations.scoring beyond the type of a line.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import product
from math import erfc, exp, sqrt
from typing import Any

from evaluations.scoring.counting import Line

Value = Callable[[Line], Fraction | None]
ORDER = ("targeted", "sampled", "other")


class Oracle:
    """The outcome of a list of lines under a rulebook."""

    def __init__(self, book: Mapping[str, Any], all_lines: Iterable[Line]) -> None:
        self.book, self.all_lines = book, list(all_lines)
        self.vetoed = {veto["section"] for veto in book["vetoes"]}
        self.drawn = [c for c in ORDER if book["channels"].get(c, {}).get("drawn")]
        self.valid = self._grouped(self.y)
        self.score = self.scores(self.valid)
        self.spread = {s: self.variance(s) for s in book["sections"]}
        self.ranked = [s for s in book["sections"] if self._is_ranked(s)]
        self.placed = [*self.ranked, *(self.vetoed - set(self.ranked))]

    def y(self, line: Line) -> Fraction | None:
        weights = [Fraction(w) for w in self.book["indicator_weights"].values()]
        given = [(w, x) for w, x in zip(weights, line.answers, strict=True) if x is not None]
        if len(given) < self.book["min_answered"]:
            return None
        return 100 * sum(w * x for w, x in given) / (self.book["levels"] * sum(w for w, _ in given))

    def _grouped(self, value: Value) -> dict[tuple[str, str], list[Fraction]]:
        groups = {key: [] for key in product(self.book["sections"], self.book["channels"])}
        for line in self.all_lines:
            worth = value(line)
            if worth is not None:
                groups[line.section, line.channel].append(worth)
        return groups

    def scores(self, groups: Mapping[tuple[str, str], list[Fraction]]) -> dict[str, dict[str, Any]]:
        """S and e unrounded, and the capped channels, of every section."""
        used = [c for c in ORDER if any(groups.get((s, c)) for s in self.book["sections"])]
        total = sum(Fraction(self.book["channels"][c]["weight"]) for c in used)
        w = {c: Fraction(self.book["channels"][c]["weight"]) / total for c in used}
        mean = {c: self._mean([groups[s, c] for s in self.book["sections"]]) for c in used}
        return {s: self._one({c: groups[s, c] for c in used}, w, mean) for s in self.book["sections"]}

    def _mean(self, ys: list[list[Fraction]]) -> Fraction:
        means = [sum(y) / len(y) for y in ys if y and len(y) >= self.book["mean_min_lines"]]
        return sum(means) / len(means) if means else sum(map(sum, ys)) / sum(map(len, ys))

    def _one(self, ys: Mapping[str, list[Fraction]], w: Mapping[str, Fraction], mean: Mapping[str, Fraction]) -> Any:
        k, cap = self.book["prior_ballots"], Fraction(self.book["cap"])
        d = {c: sum((v - mean[c] for v in y), Fraction(0)) / (len(y) + k) for c, y in ys.items()}
        drawn = [c for c in ys if c in self.drawn]
        e = sum(w[c] * d[c] for c in drawn) / sum(w[c] for c in drawn) if drawn else Fraction(0)
        held = {c: v if c in drawn or not drawn else sorted([e - cap, v, e + cap])[1] for c, v in d.items()}
        return {
            "S": sum((w[c] * (mean[c] + held[c]) for c in ys), Fraction(0)),
            "e": e,
            "capped": [c for c in ys if held[c] != d[c]],
            "w": w,
        }

    def variance(self, section: str) -> Fraction:
        nu0 = self.book["nu0"]
        result = Fraction(0)
        for c, w in self.score[section]["w"].items():
            column = [self.valid[s, c] for s in self.book["sections"]]
            pooled = (Fraction(self.book["v_prior"]) + sum(map(_ss, column))) / (
                1 + sum(max(len(y) - 1, 0) for y in column)
            )
            y = self.valid[section, c]
            freedom = nu0 + max(len(y) - 1, 0)
            u = (nu0 * pooled + _ss(y)) / freedom if freedom else pooled
            result += w**2 * u / (len(y) + self.book["prior_ballots"])
        return result

    def _is_ranked(self, section: str) -> bool:
        n = {c: len(self.valid[section, c]) for c in self.book["channels"]}
        enough = sum(n.values()) >= self.book["min_lines"]
        return enough and sum(n[c] for c in self.drawn) >= self.book["min_drawn_lines"]

    def is_severe(self, line: Line) -> bool:
        return any(x is not None and x >= self.book["severe_from"] for x in line.answers)

    def severe_share(self, section: str) -> Fraction:
        counted = [
            self.is_severe(line)
            for line in self.all_lines
            if line.section == section and line.channel in self.drawn and self.y(line) is not None
        ]
        return Fraction(sum(counted), len(counted)) if counted else Fraction(0)

    def votes(self, section: str) -> int:
        return sum(self.is_severe(line) for line in self.all_lines if line.section == section)

    def ranks(self, scores: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
        def key(s: str) -> tuple[Any, ...]:
            by_votes = self.book["basis"] == "vote_count" and s not in self.vetoed
            order = (round4(scores[s]["S"]), round4(scores[s]["e"]), self.severe_share(s))
            return (s in self.vetoed, self.votes(s) if by_votes else 0, *order)

        return {s: 1 + sum(key(t) > key(s) for t in self.placed) for s in self.placed}

    def trimmed_ranks(self) -> dict[str, int]:
        trimmed = {key: _trim(y) if key[1] in self.drawn else y for key, y in self.valid.items()}
        return self.ranks(self.scores(trimmed))

    def clearly_harder(self, t: str, j: str) -> bool:
        if (t in self.vetoed) != (j in self.vetoed):
            return t in self.vetoed
        gap = round4(self.score[t]["S"]) - round4(self.score[j]["S"])
        return gap > 0 and gap**2 > Fraction(self.book["z"]) ** 2 * (self.spread[t] + self.spread[j])

    def interval(self, section: str) -> list[int]:
        harder = sum(self.clearly_harder(t, section) for t in self.placed)
        return [1 + harder, len(self.placed) - sum(self.clearly_harder(section, t) for t in self.placed)]

    def indicator(self, place: int) -> dict[str, Fraction]:
        def value(line: Line) -> Fraction | None:
            x = line.answers[place]
            return None if x is None else Fraction(100 * x, self.book["levels"])

        return {s: score["S"] for s, score in self.scores(self._grouped(value)).items()}

    def p_top(self, section: str) -> float:
        """The probability by enumerating who of the others is harder: 2^m cases instead of a recursion."""
        if section in self.vetoed:
            return 1.0
        seats = self.book["list_length"] - len(self.vetoed)
        others = [s for s in self.ranked if s != section and s not in self.vetoed]
        grid = [-4 + g * 0.25 for g in range(33)]
        weights = [exp(-x * x / 2) for x in grid]
        mean, sigma = float(round4(self.score[section]["S"])), sqrt(self.spread[section])
        chances = [self._few(mean + sigma * x, others, seats) for x in grid]
        return sum(w * p for w, p in zip(weights, chances, strict=True)) / sum(weights)

    def _few(self, threshold: float, others: list[str], seats: int) -> float:
        chance = 0.0
        for harder in product([True, False], repeat=len(others)):
            if sum(harder) < seats:
                case = 1.0
                for s, is_harder in zip(others, harder, strict=True):
                    p = _above(threshold, float(round4(self.score[s]["S"])), sqrt(self.spread[s]))
                    case *= p if is_harder else 1 - p
                chance += case
        return chance


def round4(value: Fraction) -> Fraction:
    """Half away from zero."""
    whole, rest = divmod(abs(value) * 10_000, 1)
    return Fraction((whole + (2 * rest >= 1)) * (1 if value >= 0 else -1), 10_000)


def _above(threshold: float, mean: float, sigma: float) -> float:
    if sigma > 0:
        return 0.5 * erfc((threshold - mean) / (sigma * sqrt(2)))
    return 0.5 if threshold == mean else float(threshold < mean)


def _ss(y: list[Fraction]) -> Fraction:
    return sum(((v - sum(y) / len(y)) ** 2 for v in y), Fraction(0))


def _trim(y: list[Fraction]) -> list[Fraction]:
    cut = len(y) // 10
    return sorted(y)[cut : len(y) - cut]

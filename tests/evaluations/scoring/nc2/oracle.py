"""A second implementation of NC-2, after method-2.md 2 to 4: line by line in plain fractions.

Only for the tests: slow, and sharing no code with evaluations.scoring beyond the type of a line.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import combinations, product
from math import erfc, exp, sqrt
from typing import Any

from evaluations.scoring.counting import Line

F = Fraction
ORDER = ("targeted", "sampled", "other")
INDICATORS = ("cold", "lazy", "buck_passing", "disorderly", "greedy")
Groups = dict[tuple[str, str], list[F]]


class Oracle:
    """The outcome of ballots under a rulebook."""

    def __init__(self, book: Mapping[str, Any], votes: Iterable[tuple[str, Line]]) -> None:
        self.book, self.votes = book, list(votes)
        self.sections = sorted(book["sections"])
        self.vetoed = {veto["section"] for veto in book["vetoes"]}
        self.channels = [c for c in ORDER if c in book["channels"]]
        self.k, self.n0 = book["prior_ballots"], book["cell_min_lines"]
        valid = {(b, v.section, v.channel): y for b, v in self.votes if (y := self.y(v.answers)) is not None}
        self.valid = self._grouped({key: F(0) for key in valid})
        seen = {key: y for key, y in valid.items() if len(self.valid[key[1:]]) >= self.n0}
        self.r: dict[Any, F] = {}
        self.corrected = self._correct(seen)
        self.groups = self._grouped(self.corrected)
        self.w, self.m, self.f, self.d, self.e = self.deviations(self.groups)
        self.v, self.u = self._variances()
        self.between = self._between()
        self.s = {s: self.index(s, self.w, self.m, self.d) for s in self.sections}
        self.e4 = {s: r4(self.drawn(s, self.w, self.d)) for s in self.sections}
        self.q = {s: sum((w**2 * self.v[s, c] for c, w in self.w.items()), F(0)) for s in self.sections}
        self.s2 = {s: q + F(book["between_weight"]) * self.between for s, q in self.q.items()}
        self.enough = [s for s in self.sections if self._has_enough(s)]

    def y(self, answers: tuple[int | None, ...]) -> F | None:
        given = [(F(self.book["indicator_weights"][i]), x) for i, x in zip(INDICATORS, answers, strict=True)]
        given = [(w, x) for w, x in given if x is not None]
        if len(given) < self.book["min_answered"]:
            return None
        y = 100 * sum(w * x for w, x in given) / (self.book["levels"] * sum(w for w, _ in given))
        return min(F(self.book["line_cap"]), y)

    def is_drawn(self, channel: str) -> bool:
        return self.book["channels"][channel]["drawn"]

    def _grouped(self, ys: Mapping[tuple[str, str, str], F]) -> Groups:
        groups: Groups = {key: [] for key in product(self.sections, self.channels)}
        for (_, section, channel), y in ys.items():
            groups[section, channel].append(y)
        return groups

    def _correct(self, ys: dict[Any, F]) -> dict[Any, F]:
        now, cap, prior = dict(ys), F(self.book["line_cap"]), F(self.book["rater_prior"])
        for _ in range(self.book["rater_sweeps"]):
            mean = {key: r4(sum(y) / len(y)) for key, y in self._grouped(now).items() if y}
            for key, y in ys.items():
                ballot, section, channel = key
                if self.is_drawn(channel):
                    others = [o for o in ys if o[0] == ballot and o[1] != section]
                    gap = sum((ys[o] - mean[o[1:]] for o in others), F(0))
                    self.r[key] = r4(gap / (len(others) + prior)) if others else F(0)
                    now[key] = min(y - self.r[key], (y + cap) / 2)
        return now

    def deviations(self, groups: Groups) -> tuple[Any, ...]:
        """W, M, f, d and e over the cells with enough lines."""
        seen = {key: ys for key, ys in groups.items() if len(ys) >= self.n0}
        used = [c for c in self.channels if any(key[1] == c for key in seen)]
        total = sum(F(self.book["channels"][c]["weight"]) for c in used)
        w = {c: F(self.book["channels"][c]["weight"]) / total for c in used}
        cells = {c: [ys for key, ys in seen.items() if key[1] == c] for c in used}
        m = {c: r4(sum(sum(ys) / len(ys) for ys in of) / len(of)) for c, of in cells.items()}
        cap, rho = F(self.book["cap"]), F(self.book["follow"])
        any_drawn = any(map(self.is_drawn, used))
        f, d, e = {}, {}, {}
        for s, c in sorted(product(self.sections, used), key=lambda key: not self.is_drawn(key[1])):
            ys = seen.get((s, c), [])
            if self.is_drawn(c):
                f[s, c] = d[s, c] = r4((sum(ys) - len(ys) * m[c]) / (len(ys) + self.k))
            else:
                e[s] = self.drawn(s, w, d)
                f[s, c] = r4((sum(ys) - len(ys) * m[c] + self.k * rho * e[s]) / (len(ys) + self.k))
                d[s, c] = r4(sorted([e[s] - cap, f[s, c], e[s] + cap])[1]) if any_drawn else f[s, c]
        return w, m, f, d, e

    def drawn(self, s: str, w: Mapping[str, F], d: Mapping[tuple[str, str], F]) -> F:
        drawn = [c for c in w if self.is_drawn(c)]
        return sum(w[c] * d[s, c] for c in drawn) / sum(w[c] for c in drawn) if drawn else F(0)

    def index(self, s: str, w: Mapping[str, F], m: Mapping[str, F], d: Mapping[tuple[str, str], F]) -> F:
        return r4(sum((w[c] * (m[c] + d[s, c]) for c in w), F(0)))

    def _variances(self) -> tuple[Any, Any]:
        u, v = {}, {}
        nu0 = F(self.book["nu0"])
        for c in self.w:
            of = [self.groups[s, c] for s in self.sections if self.groups[s, c]]
            pooled = (F(self.book["v_prior"]) + sum(map(ss, of))) / (1 + sum(len(ys) - 1 for ys in of))
            for s in self.sections:
                ys = self.groups[s, c]
                free = nu0 + len(ys) - 1 if ys else 0
                u[s, c] = (nu0 * pooled + ss(ys)) / free if free else pooled
                v[s, c] = r4(u[s, c] / (len(ys) + self.k))
        return v, u

    def _between(self) -> F:
        drawn = [c for c in self.w if self.is_drawn(c)]
        xs = []
        for (a, b), s in product(combinations(self.w, 2), self.sections):
            ya, yb = self.groups[s, a], self.groups[s, b]
            if (not drawn or a in drawn or b in drawn) and min(len(ya), len(yb)) >= self.book["pair_min_lines"]:
                gap = (sum(ya) / len(ya) - self.m[a]) - (sum(yb) / len(yb) - self.m[b])
                xs.append(gap**2 / F(4549, 10000) - self.u[s, a] / len(ya) - self.u[s, b] / len(yb))
        if len(xs) < self.book["pair_min_count"]:
            return r4(F(self.book["between_prior"]))
        xs.sort()
        middle = (xs[(len(xs) - 1) // 2] + xs[len(xs) // 2]) / 2
        return r4(max(F(0), middle / 2))

    def _has_enough(self, s: str) -> bool:
        n = {c: len(self.groups[s, c]) for c in self.channels}
        drawn = sum(n[c] for c in self.channels if self.is_drawn(c))
        enough = sum(n.values()) >= self.book["min_lines"] and drawn >= self.book["min_drawn_lines"]
        return bool(self.w) and enough

    def rank(self, s: str) -> int | None:
        placed = {*self.enough, *self.vetoed}
        if s not in placed:
            return None
        key = {t: (t in self.vetoed, self.s[t], self.e4[t]) for t in placed}
        return 1 + sum(key[t] > key[s] for t in placed)

    def clearly_harder(self, a: str, b: str) -> bool:
        if (a in self.vetoed) != (b in self.vetoed):
            return a in self.vetoed
        gap = self.s[a] - self.s[b]
        return gap > 0 and gap**2 > F(self.book["z"]) ** 2 * (self.s2[a] + self.s2[b])

    def interval(self, s: str) -> tuple[int, int]:
        low = 1 + sum(self.clearly_harder(t, s) for t in self.sections)
        return low, len(self.sections) - sum(self.clearly_harder(s, t) for t in self.sections)

    def label(self, s: str) -> str:
        rank, length = self.rank(s), self.book["list_length"]
        if s in self.vetoed:
            return "一票否决"
        if rank is None:
            return "样本不足"
        if rank > length:
            return ""
        return "明确" if self.interval(s)[1] <= length < len(self.sections) else "误差范围内"

    def public_row(self, s: str) -> dict[str, Any]:
        rank, shown = self.rank(s), s in self.enough
        low, high = self.interval(s) if shown else (None, None)
        return {
            "section": s,
            "rank": rank,
            "listed": s in self.vetoed or (rank is not None and rank <= self.book["list_length"]),
            "label": self.label(s),
            "difficulty": text(self.s[s]) if shown else None,
            "drawn_deviation": text(self.e4[s]) if shown else None,
            "rank_low": low,
            "rank_high": high,
        }

    def row(self, s: str) -> dict[str, Any]:
        shown = s in self.enough
        severe = self.book["severe_from"]
        votes = [v.answers for _, v in self.votes if v.section == s]
        return self.public_row(s) | {
            "lines": {c: len(self.valid[s, c]) for c in self.channels},
            "vote_count": sum(any(x is not None and x >= severe for x in row) for row in votes),
            "capped": [c for c in self.w if shown and self.d[s, c] != self.f[s, c]],
            "indicators": {i: self._indicator(s, place) if shown else None for place, i in enumerate(INDICATORS)},
        }

    def _indicator(self, s: str, place: int) -> str | None:
        rows = {(b, v.section, v.channel): v.answers[place] for b, v in self.votes}
        ys = {key: F(100 * x, self.book["levels"]) for key, x in rows.items() if x is not None}
        w, m, _, d, _ = self.deviations(self._grouped(ys))
        return text(self.index(s, w, m, d)) if w else None

    def result(self) -> dict[str, Any]:
        """result.json without p_top."""
        share = F(self.book["publish_share"])
        needed = int(-((-share * len(self.sections)) // 1))
        ranked = len(self.enough)
        return {
            "method": "NC-2",
            "channel_means": {c: text(m) for c, m in self.m.items()},
            "between_variance": text(self.between),
            "publication": {
                "sections": len(self.sections),
                "ranked": ranked,
                "needed": needed,
                "allowed": ranked >= needed,
            },
            "sections": [self.row(s) for s in sorted(self.sections, key=lambda s: (self.rank(s) or 99, s))],
        }

    def cells(self) -> list[dict[str, Any]]:
        """The sections of cells.json."""

        def cell(s: str, c: str) -> dict[str, Any]:
            return {"n": len(self.groups[s, c]) or None, "d": text(self.d[s, c]), "v": text(self.v[s, c])}

        return [{"section": s, "cells": {c: cell(s, c) for c in self.w}} for s in self.sections]

    def p_top(self, s: str) -> float:
        """The probability by enumerating who of the others is harder."""
        if s in self.vetoed:
            return 1.0
        seats = self.book["list_length"] - len(self.vetoed)
        others = [t for t in self.sections if t != s and t not in self.vetoed]
        grid = [-4 + g * 0.25 for g in range(33)]
        weights = [exp(-x * x / 2) for x in grid]
        found = [self._few(float(self.s[s]) + sqrt(self.s2[s]) * x, others, seats) for x in grid]
        return sum(w * p for w, p in zip(weights, found, strict=True)) / sum(weights)

    def _few(self, threshold: float, others: list[str], seats: int) -> float:
        above: list[Callable[[bool], float]] = []
        for t in others:
            p = _above(threshold, float(self.s[t]), sqrt(self.s2[t]))
            above.append(lambda harder, p=p: p if harder else 1 - p)
        chance = 0.0
        for harder in product([True, False], repeat=len(others)):
            if sum(harder) < seats:
                case = 1.0
                for of, is_harder in zip(above, harder, strict=True):
                    case *= of(is_harder)
                chance += case
        return chance


def r4(value: F) -> F:
    """Half away from zero."""
    whole, rest = divmod(abs(value) * 10_000, 1)
    return F((whole + (2 * rest >= 1)) * (1 if value >= 0 else -1), 10_000)


def text(value: F) -> str:
    """Four decimals, from the decimal digits of a Python format."""
    value = r4(value)
    return f"{'-' if value < 0 else ''}{abs(value) // 1}.{abs(value) % 1 * 10_000 // 1:04d}"


def ss(ys: list[F]) -> F:
    return sum(((y - sum(ys) / len(ys)) ** 2 for y in ys), F(0))


def _above(threshold: float, mean: float, sigma: float) -> float:
    if sigma > 0:
        return 0.5 * erfc((threshold - mean) / (sigma * sqrt(2)))
    return 0.5 if threshold == mean else float(threshold < mean)

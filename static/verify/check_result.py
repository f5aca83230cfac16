"""独立复算: counts a round again from ballots.csv and rulebook.json, with Python's standard library alone.

    python3 check_result.py ballots.csv rulebook.json [result.json]

Shares no code with the system: method NC-1 written once more, line by line. Prints the ranking; with result.json
also OK or FAIL and why (scores and places of every section are compared).
"""

import csv
import json
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

INDICATORS = ("cold", "lazy", "buck_passing", "disorderly", "greedy")
Book = dict[str, Any]
Key = tuple[str, str]


class Count:
    """One count: what every section's lines say in every channel."""

    def __init__(self, book: Book, rows: list[dict[str, str]]) -> None:
        self.book = book
        self.scores: dict[Key, list[Fraction]] = defaultdict(list)
        self.severe: dict[Key, int] = defaultdict(int)
        self.votes: dict[str, int] = defaultdict(int)
        for row in rows:
            self._take(row)
        lines = {c: sum(len(self.scores[s, c]) for s in book["sections"]) for c in book["channels"]}
        used = [c for c in book["channels"] if lines[c]]
        whole = sum((self._number("channels", c, "weight") for c in used), Fraction(0))
        self.weights = {c: self._number("channels", c, "weight") / whole for c in used}
        self.drawn = [c for c in used if book["channels"][c]["drawn"]]
        self.means = {c: self._mean(c) for c in used}

    def _number(self, *path: str) -> Fraction:
        value: Any = self.book
        for key in path:
            value = value[key]
        return Fraction(str(value))

    def _take(self, row: dict[str, str]) -> None:
        given = {i: int(row[i]) for i in INDICATORS if row[i] != ""}
        key = row["section"], row["channel"]
        severe = any(x >= self.book["severe_from"] for x in given.values())
        self.votes[row["section"]] += severe
        if len(given) < self.book["min_answered"]:
            return
        weights = {i: self._number("indicator_weights", i) for i in given}
        points = sum((weights[i] * x for i, x in given.items()), Fraction(0))
        self.scores[key].append(100 * points / (self.book["levels"] * sum(weights.values())))
        self.severe[key] += severe

    def _mean(self, channel: str) -> Fraction:
        cells = [self.scores[s, channel] for s in self.book["sections"] if self.scores[s, channel]]
        enough = [sum(cell) / len(cell) for cell in cells if len(cell) >= self.book["mean_min_lines"]]
        if enough:
            return sum(enough, Fraction(0)) / len(enough)
        return sum((sum(cell) for cell in cells), Fraction(0)) / sum(len(cell) for cell in cells)

    def _deviation(self, section: str, channel: str) -> Fraction:
        cell = self.scores[section, channel]
        total = sum(cell, Fraction(0)) - len(cell) * self.means[channel]
        return total / (len(cell) + int(self.book["prior_ballots"]))

    def score(self, section: str) -> tuple[Fraction, Fraction]:
        """Return difficulty and drawn deviation of a section, before rounding."""
        free = {c: self._deviation(section, c) for c in self.weights}
        share = sum((self.weights[c] for c in self.drawn), Fraction(0))
        drawn = sum((self.weights[c] * free[c] for c in self.drawn), Fraction(0)) / share if share else Fraction(0)
        cap = self._number("cap")
        kept = {
            c: d if c in self.drawn or not self.drawn else max(drawn - cap, min(d, drawn + cap))
            for c, d in free.items()
        }
        return sum((self.weights[c] * (self.means[c] + kept[c]) for c in self.weights), Fraction(0)), drawn

    def is_ranked(self, section: str) -> bool:
        """Whether enough valid lines came in."""
        lines = {c: len(self.scores[section, c]) for c in self.book["channels"]}
        drawn = sum(n for c, n in lines.items() if self.book["channels"][c]["drawn"])
        return sum(lines.values()) >= self.book["min_lines"] and drawn >= self.book["min_drawn_lines"]

    def order(self, section: str) -> tuple[Any, ...]:
        """Return what places are decided by, the hardest being the greatest."""
        score, drawn = self.score(section)
        channels = [c for c in self.book["channels"] if self.book["channels"][c]["drawn"]]
        lines = sum(len(self.scores[section, c]) for c in channels)
        severe = sum(self.severe[section, c] for c in channels)
        vetoed = section in vetoed_sections(self.book)
        by_votes = self.book["basis"] == "vote_count" and not vetoed
        votes = self.votes[section] if by_votes else 0
        share = Fraction(severe, lines) if lines else Fraction(0)
        return vetoed, votes, four(score), four(drawn), share

    def places(self) -> dict[str, int]:
        """Return the place of every ranked or vetoed section; equal ones share it."""
        placed = [s for s in self.book["sections"] if self.is_ranked(s) or s in vetoed_sections(self.book)]
        keys = {s: self.order(s) for s in placed}
        return {s: 1 + sum(other > key for other in keys.values()) for s, key in keys.items()}


def vetoed_sections(book: Book) -> set[str]:
    return {veto["section"] for veto in book["vetoes"]}


def four(value: Fraction) -> Fraction:
    """Round at four decimals, half away from zero."""
    whole = (abs(value) * 20000 + 1) // 2
    return Fraction(whole if value >= 0 else -whole, 10000)


def faults(count: Count, result: dict[str, Any]) -> list[str]:
    """Return in Chinese where a result says something else than the ballots do."""
    places, found = count.places(), []
    told = {row["section"]: row for row in result["sections"]}
    if set(told) != set(count.book["sections"]):
        found.append("结果文件的科室与规则文件不同")
    for section in sorted(set(told) & set(count.book["sections"])):
        row = told[section]
        if row["rank"] != places.get(section):
            found.append(f"{section}：位次应为{places.get(section)}，结果文件为{row['rank']}")
        if Fraction(row["difficulty"]) != four(count.score(section)[0]):
            found.append(
                f"{section}：难办指数应为{float(four(count.score(section)[0])):.4f}，结果文件为{row['difficulty']}"
            )
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) not in {2, 3}:
        print(__doc__)
        return 2
    with Path(arguments[0]).open(encoding="utf-8-sig", newline="") as ballots:
        rows = list(csv.DictReader(ballots))
    count = Count(json.loads(Path(arguments[1]).read_bytes()), rows)
    for section, place in sorted(count.places().items(), key=lambda item: (item[1], item[0])):
        print(f"{place:>4}  {section:<12}{float(four(count.score(section)[0])):>9.4f}")
    if len(arguments) == 2:
        return 0
    found = faults(count, json.loads(Path(arguments[2]).read_bytes()))
    print("\n".join(f"FAIL {fault}" for fault in found) or "OK")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

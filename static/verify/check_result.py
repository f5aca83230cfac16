"""独立复算: counts a round again from its files, with Python's standard library alone.

    python3 check_result.py cells.json rulebook.json [list.json or list.txt] [result.json]       anybody (NC-2)
    python3 check_result.py ballots.csv rulebook.json [result.json] [cells.json] [list.json]     supervisors, auditors

The order does not matter: what a file is shows in its content. Shares no code with the system: methods NC-1 and NC-2
are written once more here, from their description. Prints the ranking, and OK or FAIL with every difference. list.json
is the public list as published; list.txt has a line for each listed section: place, code and, where known, label and
interval, for example “1 D05-01 明确 1-3”. From cells.json follow place, listing, label, interval and gate; that
cells.json follows from the ballots only ballots.csv can show.
"""

import csv
import hashlib
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

INDICATORS = ("cold", "lazy", "buck_passing", "disorderly", "greedy")
CHANNELS = ("targeted", "sampled", "other")
HEADER = ["ballot", "channel", "origin", "section", *INDICATORS]
CERTAIN, WITHIN_MARGIN, TOO_FEW, VETOED = "明确", "误差范围内", "样本不足", "一票否决"
MOST_BYTES, MOST_BALLOT_BYTES = 2_000_000, 500_000_000
NUMBER = re.compile(r"-?[0-9]{1,40}([./][0-9]{1,40})?")
ROUNDED = re.compile(r"(?!-0\.0000)-?(0|[1-9][0-9]{0,39})\.[0-9]{4}")
ZERO = Fraction(0)
ENTRY = ("rank", "label", "rank_low", "rank_high")
MEANINGS = {
    CERTAIN: "位次区间全部在前{length}位以内：该科室上榜，不大可能是已计入的误差造成的。",
    WITHIN_MARGIN: "位次区间超出前{length}位：该科室与未上榜科室差别不大，运用结果应当从严把握。",
    VETOED: "经查实由纪委监委决定列在最前；难办指数仍为评议结果，未作改动。",
    TOO_FEW: "有效票没有达到参加排名的最少张数，不参加排名，也不公布得分。",
}
# How lists published before 2027 explain a veto.
VETOED_BEFORE = "经查实由区纪委监委决定列在最前；难办指数仍为评议结果，未作改动。"
# Of a list as long as the round, beside which there is no section; such lists published before 2027 said MEANINGS.
NOBODY_BESIDE = "公布名额不少于参评科室：该科室上榜，不说明与其他科室有差别。"
Key = tuple[str, str]  # section, channel
Row = dict[str, Any]


class Unusable(Exception):
    """A file that cannot be used; the Chinese text says why."""


def need(truth: object, why: str) -> None:
    """Refuse a file unless something holds."""
    if not truth:
        raise Unusable(why)


@contextmanager
def in_file(name: str) -> Iterator[None]:
    """Name the file in what is told about its content."""
    try:
        yield
    except Unusable as fault:
        raise Unusable(f"{name}：{fault}") from None
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as fault:
        raise Unusable(f"{name}：内容不符合规定（{type(fault).__name__}：{brief(str(fault))}）") from None


# --- numbers and texts ---


def four(value: Fraction) -> Fraction:
    """Round at four decimals, half away from zero."""
    whole = (abs(value) * 20000 + 1) // 2
    return Fraction(whole if value >= 0 else -whole, 10000)


def text(value: Fraction) -> str:
    """Write four decimals."""
    whole = int(four(value) * 10000)
    return f"{'-' if whole < 0 else ''}{abs(whole) // 10000}.{abs(whole) % 10000:04d}"


def mean(values: Iterable[Fraction]) -> Fraction:
    given = list(values)
    return sum(given, ZERO) / len(given)


def brief(value: Any) -> str:
    shown = "无" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return shown[:64] + "…" * (len(shown) > 64)  # a digest is shown whole


def canonical(document: Any) -> str:
    """Return the SHA-256 of a document in canonical form: sorted keys, no spaces, UTF-8."""
    written = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


# --- the rulebook ---


class Book:
    """The settings of the count."""

    def __init__(self, book: Row) -> None:
        need(isinstance(book, dict) and book.get("method") in {"NC-1", "NC-2"}, "“method”应为 NC-1 或 NC-2")
        self.raw, self.is_two = book, book["method"] == "NC-2"
        self.is_public = self.is_two and book.get("public_recount") is not False
        self.sections = sorted(self.get("sections", list))
        need(all(isinstance(s, str) and s for s in self.sections), "“sections”应为科室代码")
        need(len(set(self.sections)) == len(self.sections), "“sections”中有重复的科室代码")
        vetoes = self.get("vetoes", list)
        need(all(isinstance(v, dict) and v.get("section") in self.sections for v in vetoes), "“vetoes”有误")
        self.vetoed = {veto["section"] for veto in vetoes}
        self.weights, self.drawn = self._channels(self.get("channels", dict))
        need(sum(self.weights.values()) == 1 and min(self.weights.values()) > 0, "渠道权重之和应为1")
        weights = self.get("indicator_weights", dict)
        need(set(weights) == set(INDICATORS), "“indicator_weights”应为五项指标")
        self.indicators = {i: self._fraction(f"indicator_weights.{i}", weights[i]) for i in INDICATORS}
        need(min(self.indicators.values()) > 0, "指标权重应大于0")
        self.levels, self.severe_from = self.whole("levels", 1), self.whole("severe_from", 1)
        self.min_answered, self.k = self.whole("min_answered", 1), self.whole("prior_ballots", 1)
        self.min_lines, self.min_drawn = self.whole("min_lines"), self.whole("min_drawn_lines")
        self.length, self.cap = self.whole("list_length", 1), self.number("cap")
        self.z, self.nu0, self.v_prior = self.number("z"), self.number("nu0"), self.number("v_prior")
        if not self.is_two:
            self.mean_min, self.by_votes = self.whole("mean_min_lines"), self.get("basis", str) == "vote_count"
            return
        self.line_cap, self.sweeps = self.number("line_cap"), self.whole("rater_sweeps")
        self.rater_prior, self.cell_min = self.number("rater_prior"), self.whole("cell_min_lines", 1)
        self.follow, self.pair_lines = self.number("follow"), self.whole("pair_min_lines", 1)
        self.pair_count, self.between_prior = self.whole("pair_min_count", 1), self.number("between_prior")
        self.between_weight, self.share = self.number("between_weight"), self.number("publish_share")

    def _channels(self, given: Row) -> tuple[dict[str, Fraction], list[str]]:
        need(given and set(given) <= set(CHANNELS), "“channels”有误")
        for c, of in given.items():
            need(isinstance(of, dict) and isinstance(of.get("drawn"), bool), f"“channels.{c}”缺少“drawn”或者类型有误")
        used = [c for c in CHANNELS if c in given]
        weights = {c: self._fraction(f"channels.{c}.weight", given[c].get("weight")) for c in used}
        return weights, [c for c in used if given[c]["drawn"]]

    def get(self, key: str, kind: type) -> Any:
        need(isinstance(self.raw.get(key), kind), f"缺少“{key}”或者类型有误：{brief(self.raw.get(key))}")
        return self.raw[key]

    def whole(self, key: str, low: int = 0) -> int:
        value: int = self.get(key, int)
        need(not isinstance(value, bool) and value >= low, f"“{key}”应为不小于{low}的整数，实为：{brief(value)}")
        return value

    def number(self, key: str) -> Fraction:
        value = self._fraction(key, self.raw.get(key))
        need(value >= 0, f"“{key}”不能是负数，实为：{brief(self.raw[key])}")
        return value

    def _fraction(self, key: str, value: Any) -> Fraction:
        need(not isinstance(value, bool) and NUMBER.fullmatch(str(value)), f"“{key}”不是数：{brief(value)}")
        try:
            return Fraction(str(value))
        except ZeroDivisionError:
            raise Unusable(f"“{key}”的分母不能为0") from None

    def rescaled(self, used: list[str]) -> dict[str, Fraction]:
        """Return the weights of the channels that are used, divided by their sum."""
        return {c: self.weights[c] / sum(self.weights[one] for one in used) for c in used}

    def e(self, weights: dict[str, Fraction], d: dict[str, Fraction]) -> Fraction:
        """Return the drawn channels' deviations in one."""
        drawn = {c: w for c, w in weights.items() if c in self.drawn}
        return sum((w * d[c] for c, w in drawn.items()), ZERO) / sum(drawn.values()) if drawn else ZERO

    def has_enough(self, lines: dict[str, int]) -> bool:
        drawn = sum(n for c, n in lines.items() if c in self.drawn)
        return sum(lines.values()) >= self.min_lines and drawn >= self.min_drawn

    def variances(self, scores: dict[Key, list[Fraction]], used: list[str]) -> tuple[dict[str, Fraction], Any]:
        """Return V of each channel and u, the variance of a line, of any cell."""
        about = {key: sum((y * y for y in ys), ZERO) - sum(ys, ZERO) ** 2 / len(ys) for key, ys in scores.items() if ys}
        pooled = {}
        for c in used:
            keys = [key for key in about if key[1] == c]
            lines = sum(len(scores[key]) - 1 for key in keys)
            pooled[c] = (self.v_prior + sum((about[key] for key in keys), ZERO)) / (1 + lines)

        def of_line(key: Key) -> Fraction:
            freedom = self.nu0 + max(len(scores.get(key, ())) - 1, 0)
            return (self.nu0 * pooled[key[1]] + about.get(key, ZERO)) / freedom if freedom else pooled[key[1]]

        return pooled, of_line


# --- the ballots ---


class Ballots:
    """What every line says: the valid ones' scores by cell, votes, and answers to single indicators."""

    def __init__(self, book: Book, rows: Iterable[Row]) -> None:
        self.lines: dict[Key, list[tuple[str, Fraction]]] = defaultdict(list)  # ballot and uncapped score
        self.severe: Counter[Key] = Counter()
        self.votes: Counter[str] = Counter()
        self.answers: dict[str, dict[Key, list[Fraction]]] = {i: defaultdict(list) for i in INDICATORS}
        for row in rows:
            key, given = (row["section"], row["channel"]), {i: int(row[i]) for i in INDICATORS if row[i] != ""}
            is_severe = any(x >= book.severe_from for x in given.values())
            self.votes[key[0]] += is_severe
            for i, x in given.items():
                self.answers[i][key].append(Fraction(100 * x, book.levels))
            if len(given) >= book.min_answered:
                points = sum((book.indicators[i] * x for i, x in given.items()), ZERO)
                weight = sum((book.indicators[i] for i in given), ZERO)
                self.lines[key].append((row["ballot"], 100 * points / (book.levels * weight)))
                self.severe[key] += is_severe

    def scores(self) -> dict[Key, list[Fraction]]:
        return {key: [y for _, y in lines] for key, lines in self.lines.items()}

    def counts(self, book: Book, section: str) -> dict[str, int]:
        return {c: len(self.lines.get((section, c), ())) for c in book.weights}


# --- method NC-1 ---


def by_nc1(book: Book, ballots: Ballots) -> Row:
    """Return result.json."""
    scores = ballots.scores()
    lines = {s: ballots.counts(book, s) for s in book.sections}
    ranked = [s for s in book.sections if book.has_enough(lines[s])]
    placed = [s for s in book.sections if s in ranked or s in book.vetoed]
    means, found = _nc1_scores(book, scores)
    kept = {key: _without_tenths(ys) if key[1] in book.drawn else ys for key, ys in scores.items()}
    ranks = _nc1_places(book, ballots, found, placed)
    trimmed = _nc1_places(book, ballots, _nc1_scores(book, kept)[1], placed)
    by_indicator = {i: _nc1_scores(book, ballots.answers[i])[1] for i in INDICATORS}
    weights = book.rescaled(list(means))
    _, of_line = book.variances(scores, list(means))
    index = {s: four(found[s][0]) for s in book.sections}
    spread = {
        s: sum((w**2 * of_line((s, c)) / (lines[s][c] + book.k) for c, w in weights.items()), ZERO)
        for s in book.sections
    }
    spans = {} if book.by_votes else intervals(book, {s: index[s] for s in placed}, spread)
    chances = {} if book.by_votes else chance(book, {s: index[s] for s in ranked}, spread)
    rows = []
    for s in book.sections:
        rank = ranks.get(s)
        listed = s in book.vetoed or (rank is not None and rank <= book.length)
        low, high = spans.get(s, (None, None))
        label = CERTAIN if high is not None and high <= book.length else WITHIN_MARGIN
        label = label if listed and high is not None else ""
        drawn = sum(lines[s][c] for c in book.drawn)
        rows.append(
            {
                "section": s,
                "rank": rank,
                "listed": listed,
                "label": VETOED if s in book.vetoed else label if s in ranked else TOO_FEW,
                "difficulty": text(found[s][0]),
                "drawn_deviation": text(found[s][1]),
                "severe_share": text(_severe_share(book, ballots, s, drawn)),
                "rank_low": low,
                "rank_high": high,
                "p_top": chances.get(s),
                "lines": lines[s],
                "vote_count": ballots.votes[s],
                "capped": found[s][2],
                "trimmed_rank": trimmed.get(s),
                "indicators": {i: text(by_indicator[i][s][0]) for i in INDICATORS},
            }
        )
    rows.sort(key=lambda row: (row["rank"] or len(book.sections) + 1, row["section"]))
    return {"method": "NC-1", "channel_means": {c: text(m) for c, m in means.items()}, "sections": rows}


def _nc1_scores(book: Book, scores: dict[Key, list[Fraction]]) -> tuple[dict[str, Fraction], dict[str, Any]]:
    """Return the channels' means, and of every section index, drawn deviation (not rounded) and capped channels."""
    means = {}
    for c in book.weights:
        cells = [ys for (_, channel), ys in scores.items() if channel == c and ys]
        enough = [mean(ys) for ys in cells if len(ys) >= book.mean_min]
        if cells:
            means[c] = mean(enough or [y for ys in cells for y in ys])
    weights, found = book.rescaled(list(means)), {}
    for s in book.sections:
        cells_of = {c: scores.get((s, c), []) for c in means}
        free = {c: (sum(ys, ZERO) - len(ys) * means[c]) / (len(ys) + book.k) for c, ys in cells_of.items()}
        e, is_held = book.e(weights, free), any(c in book.drawn for c in weights)
        d = {c: _held(book, f, e) if is_held and c not in book.drawn else f for c, f in free.items()}
        index = sum((weights[c] * (means[c] + d[c]) for c in weights), ZERO)
        found[s] = index, e, [c for c in weights if d[c] != free[c]]
    return means, found


def _held(book: Book, deviation: Fraction, e: Fraction) -> Fraction:
    return sorted([e - book.cap, deviation, e + book.cap])[1]


def _nc1_places(book: Book, ballots: Ballots, found: dict[str, Any], placed: list[str]) -> dict[str, int]:
    def order(s: str) -> tuple[Any, ...]:
        votes = ballots.votes[s] if book.by_votes and s not in book.vetoed else 0
        drawn = sum(len(ballots.lines.get((s, c), ())) for c in book.drawn)
        share = _severe_share(book, ballots, s, drawn)
        return s in book.vetoed, votes, four(found[s][0]), four(found[s][1]), share

    keys = {s: order(s) for s in placed}
    return {s: 1 + sum(other > key for other in keys.values()) for s, key in keys.items()}


def _severe_share(book: Book, ballots: Ballots, section: str, drawn: int) -> Fraction:
    return Fraction(sum(ballots.severe[section, c] for c in book.drawn), drawn) if drawn else ZERO


def _without_tenths(scores: list[Fraction]) -> list[Fraction]:
    cut = len(scores) // 10
    return sorted(scores)[cut : len(scores) - cut]


# --- method NC-2: from the ballots to cells.json ---


def by_nc2(book: Book, ballots: Ballots) -> tuple[Row, Row]:
    """Return result.json and cells.json."""
    cells, capped = _nc2_cells(book, ballots)
    result = from_cells(book, cells)
    by_indicator = {i: _nc2_index(book, ballots.answers[i]) for i in INDICATORS}
    for row in result["sections"]:
        s, shown = row["section"], row["difficulty"] is not None
        row["lines"], row["vote_count"] = ballots.counts(book, s), ballots.votes[s]
        row["capped"] = capped[s] if shown else []
        row["indicators"] = {i: by_indicator[i].get(s) if shown else None for i in INDICATORS}
    return result, cells


def _nc2_cells(book: Book, ballots: Ballots) -> tuple[Row, dict[str, list[str]]]:
    scores = _visible(book, _corrected(book, ballots))
    means, free, d = _deviations(book, scores)
    pooled, of_line = book.variances(scores, list(means))
    sections = []
    for s in book.sections:
        cells = {}
        for c in means:
            n = len(scores.get((s, c), ()))
            u = of_line((s, c)) if n else pooled[c]
            cells[c] = {"n": n or None, "d": text(d[s][c]), "v": text(u / (n + book.k))}
        sections.append({"section": s, "cells": cells})
    weights = book.rescaled(list(means))
    document = {
        "method": "NC-2",
        "rulebook_sha256": canonical(book.raw),
        "between_variance": text(_between(book, scores, means, of_line)),
        "channels": {c: {"mean": text(means[c]), "weight": str(weights[c])} for c in means},
        "sections": sections,
    }
    return document, {s: [c for c in means if d[s][c] != free[s][c]] for s in book.sections}


def _visible(book: Book, scores: dict[Key, list[Fraction]]) -> dict[Key, list[Fraction]]:
    return {key: ys for key, ys in scores.items() if len(ys) >= book.cell_min}


def _corrected(book: Book, ballots: Ballots) -> dict[Key, list[Fraction]]:
    """Return the scores with the line cap, in drawn channels without the ballots' strictness."""
    lines = {key: [(b, min(y, book.line_cap)) for b, y in of] for key, of in ballots.lines.items()}
    scores = {key: [y for _, y in of] for key, of in lines.items() if key[1] not in book.drawn}
    for channel in book.drawn:
        keys = [key for key in lines if key[1] == channel and len(lines[key]) >= book.cell_min]
        sheets: dict[str, dict[str, Fraction]] = defaultdict(dict)
        for s, _ in keys:
            for ballot, y in lines[s, channel]:
                sheets[ballot][s] = y
        now = {ballot: dict(sheet) for ballot, sheet in sheets.items()}
        for _ in range(book.sweeps):
            middle = {s: four(mean(now[ballot][s] for ballot, _ in lines[s, channel])) for s, _ in keys}
            for ballot, sheet in sheets.items():
                gaps = {s: y - middle[s] for s, y in sheet.items()}
                whole, others = sum(gaps.values(), ZERO), len(sheet) - 1
                for s, y in sheet.items():
                    r = four((whole - gaps[s]) / (others + book.rater_prior)) if others else ZERO
                    now[ballot][s] = min(y - r, (y + book.line_cap) / 2)
        scores |= {(s, channel): [now[ballot][s] for ballot, _ in lines[s, channel]] for s, _ in keys}
    return scores


def _deviations(book: Book, scores: dict[Key, list[Fraction]]) -> tuple[dict[str, Fraction], Any, Any]:
    """Return the channels' means and every section's deviations before and after the cap; hidden cells are left out."""
    averages: dict[str, list[Fraction]] = defaultdict(list)
    for (_, c), ys in scores.items():
        averages[c].append(mean(ys))
    means = {c: four(mean(averages[c])) for c in book.weights if c in averages}
    weights, free, held = book.rescaled(list(means)), {}, {}
    drawn = [c for c in means if c in book.drawn]
    for s in book.sections:
        cells = {c: scores.get((s, c), []) for c in means}
        gap = {c: sum(ys, ZERO) - len(ys) * means[c] for c, ys in cells.items()}
        f = {c: four(gap[c] / (len(cells[c]) + book.k)) for c in drawn}
        e = book.e(weights, f)
        f |= {c: four((gap[c] + book.k * book.follow * e) / (len(cells[c]) + book.k)) for c in means if c not in drawn}
        free[s] = f
        held[s] = {c: four(_held(book, f[c], e)) if drawn and c not in drawn else f[c] for c in means}
    return means, free, held


def _nc2_index(book: Book, answers: dict[Key, list[Fraction]]) -> dict[str, str]:
    means, _, d = _deviations(book, _visible(book, answers))
    weights = book.rescaled(list(means))
    return {s: text(sum((w * (means[c] + d[s][c]) for c, w in weights.items()), ZERO)) for s in d if means}


def _between(book: Book, scores: dict[Key, list[Fraction]], means: dict[str, Fraction], of_line: Any) -> Fraction:
    """Return tau squared, the disagreement between channels."""
    found = []
    drawn = [c for c in means if c in book.drawn]
    for pair in combinations(means, 2):
        if drawn and not set(pair) & set(drawn):
            continue
        for s in book.sections:
            if all(len(scores.get((s, c), ())) >= book.pair_lines for c in pair):
                a, b = (mean(scores[s, c]) - means[c] for c in pair)
                chances = sum((of_line((s, c)) / len(scores[s, c]) for c in pair), ZERO)
                found.append((a - b) ** 2 / Fraction("0.4549") - chances)
    if len(found) < book.pair_count:
        return book.between_prior
    return max(ZERO, median(found) / 2)


# --- method NC-2: from cells.json to the list ---


def from_cells(book: Book, cells: Row) -> Row:
    """Return the public part of result.json."""
    check_cells(book, cells)
    means = {c: Fraction(of["mean"]) for c, of in cells["channels"].items()}
    weights, between = book.rescaled([c for c in CHANNELS if c in means]), Fraction(cells["between_variance"])
    index, second, spread, enough = {}, {}, {}, {}
    for row in cells["sections"]:
        s, of = row["section"], row["cells"]
        d = {c: Fraction(of[c]["d"]) for c in weights}
        index[s] = four(sum((w * (means[c] + d[c]) for c, w in weights.items()), ZERO))
        second[s] = four(book.e(weights, d))
        sampling = sum((w**2 * Fraction(of[c]["v"]) for c, w in weights.items()), ZERO)
        spread[s] = sampling + book.between_weight * between
        enough[s] = bool(of) and book.has_enough({c: of[c]["n"] or 0 for c in weights})
    keys = {s: (s in book.vetoed, index[s], second[s]) for s in index if enough[s] or s in book.vetoed}
    ranks = {s: 1 + sum(other > key for other in keys.values()) for s, key in keys.items()}
    spans, chances = intervals(book, index, spread), chance(book, index, spread)
    rows = []
    for s in book.sections:
        shown, listed = enough[s], s in book.vetoed or (s in ranks and ranks[s] <= book.length)
        is_certain = spans[s][1] <= book.length < len(book.sections)
        label = (CERTAIN if is_certain else WITHIN_MARGIN) if listed else ""
        rows.append(
            {
                "section": s,
                "rank": ranks.get(s),
                "listed": listed,
                "label": VETOED if s in book.vetoed else label if shown else TOO_FEW,
                "difficulty": text(index[s]) if shown else None,
                "drawn_deviation": text(second[s]) if shown else None,
                "rank_low": spans[s][0] if shown else None,
                "rank_high": spans[s][1] if shown else None,
                "p_top": chances[s] if shown or s in book.vetoed else None,
            }
        )
    rows.sort(key=lambda row: (row["rank"] or len(book.sections) + 1, row["section"]))
    ranked, needed = sum(enough.values()), math.ceil(book.share * len(rows))
    return {
        "method": "NC-2",
        "channel_means": {c: text(m) for c, m in means.items()},
        "between_variance": text(between),
        "publication": {"sections": len(rows), "ranked": ranked, "needed": needed, "allowed": ranked >= needed},
        "sections": rows,
    }


def check_cells(book: Book, cells: Row) -> None:
    """Refuse a cells.json of another rulebook, or one whose figures cannot stand beside each other."""
    need(book.is_two, "规则文件的计分方法是 NC-1，没有 cells.json")
    _has_keys("文件", cells, {"method", "rulebook_sha256", "between_variance", "channels", "sections"})
    need(cells["method"] == "NC-2", f"“method”应为 NC-2，实为：{brief(cells['method'])}")
    told, own = cells["rulebook_sha256"], canonical(book.raw)
    need(told == own, f"与规则文件不是同一轮的：文件写明规则文件的校验值为{brief(told)}，所给规则文件的校验值为{own}")
    channels = cells["channels"]
    need(isinstance(channels, dict) and set(channels) <= set(book.weights), "“channels”应为规则文件中的渠道")
    used = [c for c in CHANNELS if c in channels]
    weights = book.rescaled(used)
    for c in used:
        _has_keys(f"channels.{c}", channels[c], {"mean", "weight"})
        need(channels[c]["weight"] == str(weights[c]), f"“channels.{c}.weight”应为{weights[c]}")
        _number(f"channels.{c}.mean", channels[c]["mean"])
    _number("between_variance", cells["between_variance"], low=0)
    rows = cells["sections"]
    codes = [row.get("section") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None
    need(codes == book.sections and len(rows) == len(codes), "“sections”应为规则文件中的全部科室，按代码排列")
    empty: dict[str, str] = {}
    for row in rows:
        _has_keys(row["section"], row, {"section", "cells"})
        _has_keys(row["section"], row["cells"], set(used))
        _check_section(book, weights, row, empty)


def _check_section(book: Book, weights: dict[str, Fraction], row: Row, empty: dict[str, str]) -> None:
    for c, cell in row["cells"].items():
        where = f"{row['section']}.{c}"
        _has_keys(where, cell, {"n", "d", "v"})
        is_shown = isinstance(cell["n"], int) and not isinstance(cell["n"], bool) and cell["n"] >= book.cell_min
        fits = cell["n"] is None or is_shown
        need(fits, f"“{where}.n”应为 null 或者不小于{book.cell_min}的整数，实为：{brief(cell['n'])}")
        _number(f"{where}.d", cell["d"])
        _number(f"{where}.v", cell["v"], low=0)
    d = {c: Fraction(row["cells"][c]["d"]) for c in weights}
    e, is_held = book.e(weights, d), any(c in book.drawn for c in weights)
    for c, cell in row["cells"].items():
        free = is_held and c not in book.drawn
        own = d[c] if cell["n"] else four(book.follow * e) if free else ZERO
        expected = four(_held(book, own, e)) if free else own
        need(d[c] == expected, f"“{row['section']}.{c}.d”应为{text(expected)}，实为：{cell['d']}")
        if cell["n"] is None:
            same = empty.setdefault(c, cell["v"])
            need(cell["v"] == same, f"“{row['section']}.{c}.v”应与其他空白单元相同，实为：{cell['v']}")


def _has_keys(where: str, value: Any, keys: set[str]) -> None:
    need(isinstance(value, dict) and set(value) == keys, f"“{where}”应恰好有：{'、'.join(sorted(keys))}")


def _number(where: str, value: Any, low: int | None = None) -> None:
    need(isinstance(value, str) and ROUNDED.fullmatch(value), f"“{where}”应为四位小数，实为：{brief(value)}")
    need(low is None or Fraction(value) >= low, f"“{where}”不能是负数，实为：{value}")


# --- both methods ---


def intervals(book: Book, index: dict[str, Fraction], spread: dict[str, Fraction]) -> dict[str, tuple[int, int]]:
    """Return every section's interval among the given ones."""
    limit = {s: book.z**2 * spread[s] for s in index}

    def harder(a: str, b: str) -> bool:
        if (a in book.vetoed) != (b in book.vetoed):
            return a in book.vetoed
        return index[a] > index[b] and (index[a] - index[b]) ** 2 > limit[a] + limit[b]

    return {s: (1 + sum(harder(o, s) for o in index), len(index) - sum(harder(s, o) for o in index)) for s in index}


def chance(book: Book, index: dict[str, Fraction], spread: dict[str, Fraction]) -> dict[str, str]:
    """Return each section's probability to be listed: the only floats, in no place and no label."""
    normal = {s: (float(index[s]), math.sqrt(spread[s])) for s in sorted(index) if s not in book.vetoed}
    seats, grid = book.length - len(book.vetoed), [step / 4 for step in range(-16, 17)]
    weights = [math.exp(-x * x / 2) for x in grid]
    found = dict.fromkeys(book.vetoed, "1.0000")
    for s, (middle, width) in normal.items():
        others = [of for other, of in normal.items() if other != s]
        total = 0.0
        for x, weight in zip(grid, weights, strict=True):
            harder = [_above(middle + width * x, *other) for other in others]
            total += weight / sum(weights) * _at_most(harder, seats - 1)
        found[s] = text(Fraction(min(1.0, max(0.0, total))))
    return found


def _above(threshold: float, middle: float, width: float) -> float:
    if width == 0:
        return 0.5 if threshold == middle else float(middle > threshold)
    return math.erfc((threshold - middle) / (width * math.sqrt(2))) / 2


def _at_most(chances: list[float], most: int) -> float:
    """Return the probability that at most so many of independent events happen."""
    if most < 0:
        return 0.0
    exactly = [1.0] + [0.0] * most
    for p in chances:
        before = 0.0
        for k, value in enumerate(exactly):
            exactly[k], before = value * (1 - p) + before * p, value
    return sum(exactly)


# --- comparing ---


def differences(expected: Any, given: Any, where: str) -> Iterator[str]:
    """Yield in Chinese every value of a document that is not the one that was computed."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for key in sorted({*expected, *given}, key=str):
            if key not in given:
                yield f"{where}缺少“{key}”"
            elif key not in expected:
                yield f"{where}多出“{key}”：{brief(given[key])}"
            else:
                yield from differences(expected[key], given[key], f"{where}{'' if where.endswith('：') else '.'}{key}")
    elif isinstance(expected, list) and isinstance(given, list) and any(isinstance(row, dict) for row in expected):
        yield from _rows(expected, given, where)
    elif type(expected) is not type(given) or expected != given:
        yield f"{where}应为{brief(expected)}，文件中为{brief(given)}"


def _rows(expected: list[Row], given: list[Any], where: str) -> Iterator[str]:
    rows = {row.get("section"): row for row in given if isinstance(row, dict)}
    codes = [row["section"] for row in expected]
    if [row.get("section") if isinstance(row, dict) else row for row in given] != codes:
        yield f"{where}的科室或者次序不同"
    for row in expected:
        if row["section"] in rows:
            yield from differences(row, rows[row["section"]], f"{where.partition('：')[0]}：{row['section']}")


def against_list(result: Row, published: Row) -> Iterator[str]:
    """Yield what the list's entries say otherwise, those withdrawn and the number of struck ones included."""
    rows = {row["section"]: row for row in result["sections"]}
    entries = {str(entry["code"]): entry for entry in published["entries"]}
    withdrawn = {str(entry["code"]): entry for entry in published.get("withdrawn", [])}
    if [code for code in rows if code in entries] != [entry["code"] for entry in published["entries"]]:
        yield "公示：科室的次序不同，或者同一科室出现两次"
    for code, entry in sorted(entries.items()):
        if code not in rows or not rows[code]["listed"]:
            yield f"公示：{code}不应上榜，公示名单中有"
        else:
            keys = [key for key in ENTRY if key in entry]
            yield from differences({k: rows[code][k] for k in keys}, {k: entry[k] for k in keys}, f"公示：{code}")
    for code, entry in sorted(withdrawn.items()):
        if code not in rows or code in entries or len(withdrawn) != len(published["withdrawn"]):
            yield f"公示：更正撤下的{code}不在规则中，或者同一科室出现两次"
        elif "vacant" not in published:
            yield from differences(rows[code]["rank"], entry.get("rank"), f"公示：更正撤下的{code}.rank")
    # Sections that a decision has taken off the list: named where they had been published, else only their number.
    gone = [code for code, row in rows.items() if row["listed"] and code not in entries]
    # Later lists give a withdrawn section the place that it had, whatever a recount says, and name the vacant places.
    vacant = sorted({rows[code]["rank"] for code in gone} - {entry.get("rank") for entry in entries.values()})
    yield from differences(vacant, published.get("vacant", vacant), "公示：空缺的位次")
    missing = [code for code in gone if code not in withdrawn]
    struck = published.get("struck", 0)
    if type(struck) is not int or len(missing) != struck:
        yield f"公示：应上榜而名单中没有的科室：{'、'.join(missing) or '无'}；公示写明公示前撤下{brief(struck)}个"


def against_content(book: Book, result: Row, published: Row, digests: Row) -> Iterator[str]:
    """Yield what list.json says otherwise besides its entries: digests, numbers, gate and, under NC-2, sentences."""
    unranked = sum(row["rank"] is None for row in result["sections"])
    follows: Row = digests | {"sections": len(result["sections"]), "unranked": unranked}
    if book.is_two:
        follows |= {"publication": result["publication"]} | sentences(book, result, published["entries"])
    yield from differences(
        follows, {key: _as_worded_now(published[key], book) for key in follows if key in published}, "公示："
    )
    if book.is_two:
        yield from against_note(result["publication"], published.get("note"))
    if book.is_public:
        lacking = [(entry["code"], key) for entry in published["entries"] for key in ENTRY if key not in entry]
        yield from (f"公示：{code}缺少“{key}”" for code, key in lacking)
        named = published.get("unranked_sections")
        if not isinstance(named, list) or len(named) != unranked:
            yield f"公示：“unranked_sections”应有{unranked}个科室，文件中为{brief(named)}"


def _meanings(book: Book) -> dict[str, str]:
    found = {label: of.format(length=book.length) for label, of in MEANINGS.items()}
    return found | {WITHIN_MARGIN: NOBODY_BESIDE} if len(book.sections) <= book.length else found


def _as_worded_now(told: Any, book: Book) -> Any:
    """Return what a list says, a label explained as in lists of before as it is explained now."""
    if not isinstance(told, list):
        return told
    before = [[VETOED, VETOED_BEFORE], [WITHIN_MARGIN, MEANINGS[WITHIN_MARGIN].format(length=book.length)]]
    return [[each[0], _meanings(book)[each[0]]] if each in before else each for each in told]


def against_note(gate: Row, note: Any) -> Iterator[str]:
    """Yield what is wrong with the note, which a list that misses the gate needs and no other has."""
    start = (
        f"说明：本轮{gate['sections']}个科室中，{gate['ranked']}个有效评议足够，参加排名；"
        f"{gate['sections'] - gate['ranked']}个样本不足，未参加排名。经"
    )
    if gate["allowed"] and note:
        yield f"公示：参加排名的科室达到公示条件，不应有说明：{brief(note)}"
    if not gate["allowed"] and not str(note).startswith(start):
        yield f"公示：参加排名的科室未达到公示条件，应以“{start}”写明决定和理由，文件中为{brief(note or None)}"


def sentences(book: Book, result: Row, entries: list[Row]) -> Row:
    """Return the sentences of list.json by NC-2 that follow from the numbers."""
    listed = {row["label"] for row in result["sections"] if row["section"] in {entry["code"] for entry in entries}}
    counted = {row["label"] for row in result["sections"] if row["listed"]}
    ranked, placed = result["publication"]["ranked"], sum(row["rank"] is not None for row in result["sections"])
    besides = f"（另有{placed - ranked}个样本不足、经一票否决列在最前）" if placed > ranked else ""
    said: Row = {"method": "NC-2", "places": f"在{ranked}个参加排名的科室中{besides}", "margin": ""}
    if counted and CERTAIN not in counted and book.length < len(book.sections):
        said["margin"] = f"本轮前{book.length}名与其后科室差距不明显。"
    if not book.is_public:
        return said
    sure = min(99, round(math.erf(float(book.z) / math.sqrt(2)) * 100))
    said["interval"] = (
        f"位次区间是本科室在全部{len(book.sections)}个科室中的位置，已计入评议人数有限和各渠道看法不一造成的误差，"
        f"未计入刷票、买票和评议人选不当；就一个科室而言约有{sure}%的把握。"
    )
    said["labels"] = [[label, of] for label, of in _meanings(book).items() if label in listed]
    return said


def not_checked(published: Row) -> list[str]:
    """Return in Chinese what list.json says that no public file can show."""
    withdrawn, struck = [str(entry["code"]) for entry in published.get("withdrawn", [])], published.get("struck", 0)
    gone = len(withdrawn) + struck
    told = ["科室名称、主要问题、票数等名单的其他内容不能由这些文件核对"]
    if gone:
        named = f"（{'、'.join(withdrawn)}）" if withdrawn else ""
        told.append(
            f"名单比计票少{gone}个科室：更正撤下{len(withdrawn)}个{named}，公示前撤下{struck}个，不能由公开文件核对"
        )
    return told


def pasted_list(lines: list[str], book: Book) -> Row:
    """Read the published list from text: place, code and perhaps label and interval in every line, nothing else."""
    entries: list[Row] = []
    for number, line in enumerate(lines, 1):
        words = re.findall(r"[^\s,，;；]+", line)
        if not words:
            continue
        is_entry = len(words) > 1 and re.fullmatch(r"[0-9]{1,9}", words[0]) and words[1] in book.sections
        need(is_entry, f"第{number}行应为“位次 科室代码”，实为：{brief(line.strip())}")
        entry: Row = {"rank": int(words[0]), "code": words[1]}
        for word in words[2:]:
            told = _told(word)
            need(told, f"第{number}行的“{brief(word)}”不是标注，也不是位次区间（如 1-3、第1至第3位、第1位）")
            need(not told.keys() & entry.keys(), f"第{number}行的“{brief(word)}”多余：标注和位次区间各写一次")
            entry |= told
        need(entry["code"] not in {each["code"] for each in entries}, f"第{number}行：科室“{entry['code']}”出现两次")
        entries.append(entry)
    return {"entries": entries}


def _told(word: str) -> Row:
    """Return what a word after the code says, the interval also as the public page writes it; nothing if unknown."""
    if word in {CERTAIN, WITHIN_MARGIN, VETOED, TOO_FEW}:
        return {"label": word}
    if word in {"—", "－", "-"}:
        return {"rank_low": None, "rank_high": None}
    if one := re.fullmatch(r"第([0-9]{1,9})位", word):
        return {"rank_low": int(one[1]), "rank_high": int(one[1])}
    span = re.fullmatch(r"第?([0-9]{1,9})位?[-–—至到~～]第?([0-9]{1,9})位?", word)
    return {"rank_low": int(span[1]), "rank_high": int(span[2])} if span else {}


# --- files ---


def read_document(name: str, data: bytes) -> Any:
    """Read JSON; what two programs could read differently is refused."""

    def unique(pairs: list[tuple[str, Any]]) -> Row:
        (key, times), *_ = Counter(key for key, _ in pairs).most_common(1) or [("", 0)]
        need(times <= 1, f"{name}：“{brief(key)}”出现{times}次")
        return dict(pairs)

    def no_number(given: str) -> Any:
        raise Unusable(f"{name}：数只能是整数，小数应写成文字：{brief(given)}")

    def whole(digits: str) -> int:
        need(len(digits) <= 40, f"{name}：整数过大：{brief(digits)}")
        return int(digits)

    need(len(data) <= MOST_BYTES, f"{name}：文件过大，超过{MOST_BYTES // 1_000_000}MB")
    try:
        text_ = data.decode("utf-8-sig")
        document = json.loads(
            text_, object_pairs_hook=unique, parse_int=whole, parse_float=no_number, parse_constant=no_number
        )
        canonical(document)
    except UnicodeError:
        raise Unusable(f"{name}：文字不是UTF-8编码") from None
    except json.JSONDecodeError as fault:
        raise Unusable(f"{name}：第{fault.lineno}行第{fault.colno}个字符处不是有效的 JSON") from None
    except RecursionError:
        raise Unusable(f"{name}：括号嵌套过深") from None
    return document


def read_rows(lines: Iterable[str], book: Book) -> Iterator[Row]:
    """Yield the lines of ballots.csv; a faulty one stops everything."""
    reader, allowed = csv.reader(lines, strict=True), {"", *map(str, range(book.levels + 1))}
    channel_of: dict[str, str] = {}
    seen: set[Key] = set()
    try:
        for number, cells in enumerate(reader, 1):
            where = f"第{number}行"
            if number == 1:
                need(cells == HEADER, f"{where}表头应为 {','.join(HEADER)}")
                continue
            need(len(cells) == len(HEADER), f"{where}应有{len(HEADER)}列，实有{len(cells)}列")
            row = dict(zip(HEADER, cells, strict=True))
            need(row["ballot"].strip(), f"{where}票编号为空")
            need(row["channel"] in book.weights, f"{where}渠道“{brief(row['channel'])}”不在规则中")
            need(row["section"] in book.sections, f"{where}科室“{brief(row['section'])}”不在规则中")
            bad = next((row[i] for i in INDICATORS if row[i] not in allowed), None)
            need(bad is None, f"{where}“{brief(bad)}”不是0到{book.levels}的整数")
            need((row["ballot"], row["section"]) not in seen, f"{where}同一张票对同一科室评议了两次")
            seen.add((row["ballot"], row["section"]))
            same = channel_of.setdefault(row["ballot"], row["channel"]) == row["channel"]
            need(same, f"{where}同一张票出现在两个渠道")
            yield row
    except csv.Error:
        raise Unusable(f"第{reader.line_num}行不是有效的CSV") from None


NAMES = {
    "ballots": "ballots.csv",
    "rulebook": "rulebook.json",
    "cells": "cells.json",
    "result": "result.json",
    "list": "list.json",
    "pasted": "list.txt",
}


def sort_out(paths: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Tell the files apart by their content: ballots and a pasted list as lines, the others as documents; and names."""
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name in paths:
        try:
            with Path(name).open("rb") as source:
                data = source.read(MOST_BALLOT_BYTES)
        except OSError:
            raise Unusable(f"{name}：读不到文件") from None
        kind: str | None = "lines"
        content: Any = None
        if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
            content = read_document(name, data)
            marks = {"list": "entries", "cells": "channels", "result": "channel_means", "rulebook": "levels"}
            known = [
                k for k in ("rulebook", "list", "result", "cells") if isinstance(content, dict) and marks[k] in content
            ]
            kind = known[0] if known else None
        else:
            need(b"\n" in data[:10_000] or len(data) <= 10_000, f"{name}：不是本程序使用的文件")
            try:
                content = data.decode("utf-8-sig").splitlines(keepends=True)
            except UnicodeDecodeError as fault:
                line = data.count(b"\n", 0, fault.start) + 1
                raise Unusable(f"{name}：第{line}行不是UTF-8编码") from None
            kind = "ballots" if content and content[0].startswith("ballot,") else "pasted"
        need(kind is not None, f"{name}：不是计票结果、规则、cells.json 或者公示名单")
        need(kind not in found, f"{name}：同类的文件给了两个")
        found[str(kind)], names[str(kind)] = content, name
    return found, names


def check(files: dict[str, Any], names: Mapping[str, str] = NAMES) -> tuple[Row, list[str]]:
    """Return the computed result and in Chinese everything in the given files that disagrees with it."""
    need("rulebook" in files, "缺少规则文件 rulebook.json")
    with in_file(names["rulebook"]):
        book = Book(files["rulebook"])
    need("ballots" in files or "cells" in files, "缺少 cells.json 或者 ballots.csv")
    need(book.is_two or "cells" not in files, "规则文件的计分方法是 NC-1，没有 cells.json")
    with in_file(names["ballots" if "ballots" in files else "cells"]):
        result, cells = count(book, files)
    found: list[str] = []
    if "ballots" in files and "cells" in files:
        found += differences(cells, files["cells"], "cells.json：")
    if "result" in files:
        with in_file(names["result"]):
            given = files["result"] if "ballots" in files else public_part(result, files["result"])
            found += differences(result, given, "result.json：")
            found += [] if "ballots" in files else unlike_cells(files["cells"], files["result"])
    if "list" in files:
        digests = {"rulebook_sha256": canonical(book.raw)}
        digests |= {"cells_sha256": canonical(cells)} if cells else {}
        digests |= {"result_sha256": canonical(files["result"])} if "result" in files else {}
        with in_file(names["list"]):
            found += against_list(result, files["list"])
            found += against_content(book, result, files["list"], digests)
    if "pasted" in files:
        with in_file(names["pasted"]):
            found += against_list(result, pasted_list(files["pasted"], book))
    return result, found


def count(book: Book, files: dict[str, Any]) -> tuple[Row, Row | None]:
    """Return the result and, under NC-2, the cells: from the ballots where they are given."""
    if "ballots" not in files:
        return from_cells(book, files["cells"]), files["cells"]
    ballots = Ballots(book, read_rows(files["ballots"], book))
    return by_nc2(book, ballots) if book.is_two else (by_nc1(book, ballots), None)


def public_part(result: Row, given: Row) -> Row:
    """Return of a result.json what follows from cells.json."""
    own = {key for row in result["sections"] for key in row}
    return {**given, "sections": [{k: v for k, v in row.items() if k in own} for row in given["sections"]]}


def unlike_cells(cells: Row, given: Row) -> Iterator[str]:
    """Yield the numbers of lines in result.json that are not those of cells.json; hidden ones are not known."""
    lines = {row["section"]: row["lines"] for row in given["sections"]}
    for row in cells["sections"]:
        shown = {c: cell["n"] for c, cell in row["cells"].items() if cell["n"] is not None}
        told = {c: lines.get(row["section"], {}).get(c) for c in shown}
        yield from differences(shown, told, f"result.json：{row['section']}.lines")


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__)
        return 2
    try:
        files, names = sort_out(arguments)
        result, found = check(files, names)
    except Unusable as fault:
        print(f"FAIL {fault}")
        return 1
    for row in result["sections"]:
        span = f"{row['rank_low']}-{row['rank_high']}" if row["rank_low"] is not None else ""
        index = row["difficulty"] or ""
        print(f"{row['rank'] or '':>4}  {row['section']:<12}{index:>9}  {span:>9}  {row['label']}")
    if "publication" in result:
        gate = result["publication"]
        reached = "达到" if gate["allowed"] else "未达到"
        print(f"有效票达到要求的科室{gate['ranked']}个，至少应有{gate['needed']}个，{reached}公示条件")
    gone = ""
    if "list" in files:
        print(f"公示内容校验值 {canonical(files['list'])}（应与报纸刊登的一致）")
        if not found:
            _, *others = told = not_checked(files["list"])
            print("\n".join(told))
            gone = "，名单上少的科室除外" if others else ""
    is_compared = files.keys() & {"list", "pasted", "result"} or {"ballots", "cells"} <= files.keys()
    agrees = f"OK{gone}" if is_compared else "只作了复算，没有与任何名单或结果比较"
    print("\n".join(f"FAIL {fault}" for fault in found) or agrees)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

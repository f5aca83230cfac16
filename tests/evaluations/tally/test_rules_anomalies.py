"""Anomaly flags: which patterns each one finds, which it must not, and which ballots it names."""

import math
import re
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.counting import EMPTY, Line, count_lines
from evaluations.scoring.method import parse_method
from evaluations.scoring.methods import gaps_to_drawn
from evaluations.scoring.nc2.ballots import Ballots, count_ballots
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.tally.rules.anomalies import (
    FALSE_ALARMS,
    FALSE_ALARMS_OF_ONE,
    NAMES_BALLOTS,
    Days,
    FlagKind,
    Limits,
    Sheet,
    _log_odds,
    _outliers,
    comparable_cells,
    false_alarms,
    flag_ballots,
    flag_bursts,
    flag_cells,
    without,
)

LIMITS = Limits(Fraction(10), Fraction("3.5"))
SECTIONS = [f"S{n:02}" for n in range(1, 13)]
METHOD = parse_method({**default_rulebook("NC-1"), "sections": SECTIONS, "vetoes": [], "min_lines": 20})
METHOD_TWO = parse_method_two({**default_rulebook("NC-2"), "sections": SECTIONS, "vetoes": []})
ALL = {(section, channel) for section in SECTIONS for channel in ("sampled", "other")}
LABELS = {"open": "网上领票", "newspaper": "报纸"}


def sheet(ballot="a", channel="targeted", *rows):
    return Sheet(ballot, channel, {SECTIONS[n]: row for n, row in enumerate(rows)})


def kinds(flags):
    return [flag.kind for flag in flags]


def cells(lines):
    return count_lines(METHOD, (Line(section, channel, row) for section, channel, row in lines))


def cell_flags(lines, limits=LIMITS, method=METHOD):
    votes = ((f"b{number}", Line(section, channel, row)) for number, (section, channel, row) in enumerate(lines))
    ballots = count_ballots(method, votes)
    tested = comparable_cells(method, ballots.cells)
    return flag_cells(method, ballots.cells, gaps_to_drawn(method, ballots), tested, limits)


def ballot_flags(sheets, tested=ALL):
    return flag_ballots(METHOD, sheets, tested)


def honest(section, channel="targeted", times=12):
    """Rows that differ from section to section, from channel to channel and within one cell."""
    base = SECTIONS.index(section)
    zeros, times = (base % 3, times + base % 4) if channel == "other" else (1, times)
    rows = [((base + n) % 3, n % 3, (n + 1) % 3, base % 2, n % 2) for n in range(times - zeros)]
    return [(section, channel, row) for row in [*rows, *[(0,) * 5] * zeros]]


def honest_district():
    return [row for s in SECTIONS for c in ("targeted", "other") for row in honest(s, c)]


class TestStraightLining:
    def test_the_same_nonzero_answer_for_three_sections_is_flagged(self):
        (flag,) = ballot_flags([sheet("a", "targeted", (2,) * 5, (2,) * 5, (2, 2, None, 2, 2))])
        assert (flag.kind, flag.ballots, flag.channel) == (FlagKind.STRAIGHT, ("a",), "targeted")

    @pytest.mark.parametrize(
        "rows",
        [
            [(0,) * 5] * 4,  # all 没有 is an honest answer
            [(2,) * 5] * 2,  # two sections are too few
            [(2,) * 5, (2,) * 5, (2, 2, 2, 2, 1)],
            [(None,) * 5] * 3,
        ],
        ids=["all zero", "two sections", "one other answer", "no answer"],
    )
    def test_honest_patterns_are_not_flagged(self, rows):
        assert FlagKind.STRAIGHT not in kinds(ballot_flags([sheet("a", "targeted", *rows)]))


class TestDuplicates:
    ROWS = ((1, 0, 2, 0, 0), (0, 3, 0, 0, 0))

    def test_equal_ballots_of_two_sections_form_one_group(self):
        (flag,) = ballot_flags([sheet(b, "targeted", *self.ROWS) for b in "cab"])
        assert (flag.kind, flag.ballots) == (FlagKind.DUPLICATE, ("a", "b", "c"))

    def test_equal_answers_in_two_channels_are_no_duplicates(self):
        assert ballot_flags([sheet("a", "targeted", *self.ROWS), sheet("b", "sampled", *self.ROWS)]) == []

    def test_two_ballots_with_two_marks_are_enough(self):
        (flag,) = ballot_flags([sheet(b, "targeted", (1, 0, 0, 0, 0), (1, 0, 0, 0, 0)) for b in "ab"])
        assert (flag.kind, flag.ballots) == (FlagKind.DUPLICATE, ("a", "b"))

    def test_one_section_or_one_mark_is_not_enough(self):
        alike = [sheet(b, "targeted", (1, 1, 0, 0, 0)) for b in "ab"]
        empty = [sheet(b, "targeted", (1, 0, 0, 0, 0), (0,) * 5) for b in "cd"]
        assert ballot_flags([*alike, *empty]) == []


class TestRepeatedPatterns:
    def flags(self, channel, copies, others):
        rows = [sheet(f"c{n}", channel, (3, 2, 3, 1, 0)) for n in range(copies)]
        rows += [sheet(f"o{n}", channel, (n % 4, (n // 4) % 4, n % 3, 0, 1)) for n in range(others)]
        return ballot_flags(rows)

    def test_five_copies_that_are_a_sixth_of_the_lines_are_flagged(self):
        (flag,) = self.flags("other", 5, 25)
        assert (flag.kind, flag.section, len(flag.ballots)) == (FlagKind.REPEATED, "S01", 5)

    @pytest.mark.parametrize(("channel", "copies", "others"), [("other", 4, 0), ("other", 5, 40), ("targeted", 9, 0)])
    def test_few_copies_a_small_share_or_a_drawn_channel_are_not_flagged(self, channel, copies, others):
        assert self.flags(channel, copies, others) == []

    def test_a_cell_with_too_few_lines_is_not_looked_at(self):
        rows = [sheet(f"c{n}", "other", (3, 2, 3, 1, 0)) for n in range(9)]
        assert ballot_flags(rows, ALL - {("S01", "other")}) == []

    @pytest.mark.parametrize(("copies", "others", "flagged"), [(6, 34, True), (6, 35, False), (10, 57, False)])
    def test_copies_are_flagged_from_15_percent_of_the_lines(self, copies, others, flagged):
        assert bool(self.flags("other", copies, others)) is flagged

    @pytest.mark.parametrize(
        ("row", "flagged"),
        [((1, 1, 0, 0, 0), True), ((1, 2, None, None, None), True), ((1, 0, 0, 0, 0), False), ((1,) * 5, False)],
    )
    def test_only_rows_with_two_marks_that_are_not_all_alike_are_distinctive(self, row, flagged):
        assert bool(ballot_flags([sheet(f"c{n}", "other", row) for n in range(5)])) is flagged


class TestCells:
    def test_an_honest_district_raises_no_flag(self):
        assert cell_flags(honest_district()) == []

    @pytest.mark.parametrize(("answers", "word"), [((3,) * 5, "偏高"), ((0,) * 5, "偏低")])
    def test_stuffing_one_section_in_an_open_channel_is_flagged(self, answers, word):
        rows = [*honest_district(), *[("S04", "other", answers)] * 60]
        flags = [flag for flag in cell_flags(rows) if flag.section == "S04"]
        assert {FlagKind.ONE_SIDED, FlagKind.EXTREME, FlagKind.FAR} <= set(kinds(flags))
        assert any(word in flag.text for flag in flags)
        assert all(flag.ballots == () for flag in flags)

    @pytest.mark.parametrize(
        ("answers", "side"), [((3,) * 5, "偏高（疑似集中打压）"), ((0,) * 5, "偏低（疑似集中拉抬）")]
    )
    def test_the_flag_names_the_side(self, answers, side):
        rows = [*honest_district(), *[("S04", "other", answers)] * 60]
        flags = [flag for flag in cell_flags(rows) if flag.section == "S04"]
        assert side in next(flag.text for flag in flags if flag.kind == FlagKind.ONE_SIDED)

    def test_a_section_extreme_in_the_drawn_channel_too_is_not_flagged_as_extreme(self):
        rows = [*honest_district(), *[("S04", c, (3,) * 5) for c in ("other", "targeted")] * 60]
        assert FlagKind.EXTREME not in kinds(cell_flags(rows))

    def test_every_gap_above_the_limit_is_flagged_with_its_points_and_side(self):
        gaps = gaps_to_drawn(METHOD, Ballots(cells(honest_district()), {}))
        texts = [
            f"与抽签渠道相差{float(abs(gap)):.2f}分（{'偏高' if gap > 0 else '偏低'}），超过1/10分。"
            for gap in gaps.values()
            if abs(gap) > Fraction(1, 10)
        ]
        flags = cell_flags(honest_district(), Limits(Fraction(1, 10), Fraction(100)))
        assert [flag.text for flag in flags if flag.kind == FlagKind.FAR] == texts
        assert {"偏高", "偏低"} <= {text.partition("（")[2][:2] for text in texts}

    def test_of_a_section_that_is_not_ranked_no_figure_is_told(self):
        thin = replace(METHOD, min_lines=1000)
        flags = cell_flags(honest_district(), Limits(Fraction(1, 10), Fraction(1, 100)), method=thin)
        assert {flag.kind for flag in flags} == {FlagKind.FAR, FlagKind.ONE_SIDED, FlagKind.EXTREME}
        assert {re.sub("超过1/10分", "", flag.text) for flag in flags if re.search("[0-9]", flag.text)} == {
            "与抽签渠道相差较大（偏高），。",
            "与抽签渠道相差较大（偏低），。",
        }

    def test_the_side_is_that_of_the_sign_however_low_the_limit(self):
        flags = cell_flags(honest_district(), Limits(Fraction(100), Fraction(1, 100)))
        texts = [flag.text for flag in flags if flag.kind == FlagKind.ONE_SIDED]
        assert all(("偏低" in text) is ("分-" in text) for text in texts)
        assert any("偏高" in text and "分0." in text for text in texts)

    @pytest.mark.parametrize(
        ("targeted", "sampled", "open_", "is_tested"),
        [(10, 10, 10, True), (9, 10, 10, False), (10, 9, 10, False), (10, 10, 9, False), (10, 0, 40, False)],
    )
    def test_a_cell_is_tested_from_10_lines_there_and_in_each_drawn_channel(self, targeted, sampled, open_, is_tested):
        book = default_rulebook("NC-1")
        book["channels"]["sampled"]["drawn"] = True
        method = parse_method({**book, "sections": SECTIONS, "vetoes": []})
        lines = {"targeted": targeted, "sampled": sampled, "other": open_}
        counted = {("S01", channel): replace(EMPTY, lines=number) for channel, number in lines.items()}
        assert comparable_cells(method, counted) == [("S01", "other")] * is_tested

    @pytest.mark.parametrize(("lines", "is_tested"), [(19, False), (20, True)])
    def test_a_cell_that_counts_as_empty_is_not_tested(self, lines, is_tested):
        method = replace(METHOD_TWO, cell_min_lines=20)
        counted = {("S01", channel): replace(EMPTY, lines=lines) for channel in ("targeted", "other")}
        assert comparable_cells(method, counted) == [("S01", "other")] * is_tested

    @pytest.mark.parametrize(("kept", "flagged"), [(9, set()), (10, {FlagKind.FAR, FlagKind.ONE_SIDED})])
    @pytest.mark.parametrize("channel", ["targeted", "other"])
    @pytest.mark.parametrize("method", [METHOD, METHOD_TWO], ids=["NC-1", "NC-2"])
    def test_far_apart_cells_are_flagged_from_10_lines_on(self, method, channel, kept, flagged):
        rows = [row for row in honest_district() if row[0] != "S04"]
        mild = {"targeted": 30, "other": 30} | {channel: kept}
        rows += [("S04", "targeted", (0, 0, 0, 0, n % 2)) for n in range(mild["targeted"])]
        rows += [("S04", "other", (3, 3, 3, 3, 2 + n % 2)) for n in range(mild["other"])]

        found = {flag.kind for flag in cell_flags(rows, method=method) if flag.section == "S04"}

        assert found & {FlagKind.FAR, FlagKind.ONE_SIDED} == flagged

    def test_a_gap_is_far_above_the_limit_only(self):
        votes = [(f"b{n}", Line(s, c, row)) for n, (s, c, row) in enumerate(honest_district())]
        ballots = count_ballots(METHOD_TWO, votes)
        gaps = {abs(gap) for gap in gaps_to_drawn(METHOD_TWO, ballots).values()}
        (largest, second), far = sorted(gaps, reverse=True)[:2], Fraction(1000)

        def number(points):
            flags = cell_flags(honest_district(), Limits(points, far), METHOD_TWO)
            return sum(flag.kind == FlagKind.FAR for flag in flags)

        assert (number(largest), number(second)) == (0, 1)

    def test_an_outlier_lies_further_from_the_median_than_the_limit(self):
        values = {name: Fraction(value) for name, value in zip("EDCBA", (100, 4, 3, 2, 1), strict=True)}
        z = Fraction(97) / Fraction("1.4826")
        assert [*_outliers(values, Fraction("3.5"))] == [("E", z)]
        assert [*_outliers({**values, "E": Fraction(-94)}, Fraction("3.5"))] != []
        assert [*_outliers(values, z)] == []
        assert [*_outliers({name: -value for name, value in values.items()}, Fraction("3.5"))] == [("E", -z)]
        assert [*_outliers({"A": Fraction(1), "B": Fraction(1), "C": Fraction(9)}, Fraction(1))] == []

    def test_the_log_odds_add_half_a_line_on_either_side(self):
        cell = replace(EMPTY, lines=5, histogram={0: 3, 7: 2})
        assert _log_odds([cell], 0) == math.log(3.5 / 2.5)
        assert _log_odds([cell, cell], 0) == math.log(6.5 / 4.5)
        assert _log_odds([cell], 1) == math.log(0.5 / 5.5)

    def test_without_a_drawn_channel_no_cell_is_flagged(self):
        book = default_rulebook("NC-1")
        channels = {name: {**rule, "drawn": False} for name, rule in book["channels"].items()}
        method = parse_method({**book, "channels": channels, "sections": SECTIONS, "vetoes": []})
        assert cell_flags(honest_district(), method=method) == []

    @pytest.mark.parametrize("rows", [[], [("S01", "other", (3,) * 5)], [(s, "other", (1,) * 5) for s in SECTIONS]])
    def test_empty_and_thin_rounds_do_not_divide_by_zero(self, rows):
        assert FlagKind.ONE_SIDED not in kinds(cell_flags(rows))


class TestBursts:
    DAYS = [Days(date(2020, 5, day), date(2020, 5, day)) for day in range(1, 11)]

    def test_a_day_far_above_the_others_is_flagged(self):
        days = {"open": dict.fromkeys(self.DAYS, 4) | {self.DAYS[3]: 60}, "newspaper": dict.fromkeys(self.DAYS, 5)}
        (flag,) = flag_bursts(days, LABELS)
        assert flag.kind == FlagKind.BURST
        assert "网上领票在5月4日到票60张" in flag.text

    def test_a_busy_day_of_every_origin_is_not_flagged(self):
        busy = dict.fromkeys(self.DAYS, 4) | {self.DAYS[3]: 40}
        assert flag_bursts({"open": busy, "newspaper": busy}, LABELS) == []

    def flagged(self, *counts, **others):
        """The texts for the first day of an origin, whose other days and other origins have these counts."""
        days = {name: dict(zip(self.DAYS, row, strict=False)) for name, row in {"open": counts, **others}.items()}
        return [flag.text for flag in flag_bursts(days, LABELS) if "网上领票在5月1日" in flag.text]

    @pytest.mark.parametrize(
        ("open_", "newspaper", "expected"),
        [
            ((60, 7, 7, 7, 7), (), "约7.0"),  # the mean of the other days
            ((60, 5), (), "约5.0"),
            ((60, 4), (), "不足5"),
            ((6,), (), "不足5"),
            ((60, 6, 6, 6, 6), (3, 3, 3, 3, 3), "约6.0"),  # the other days in the ratio of the other origin
            ((60, 6, 6, 6, 6), (6, 3, 3, 3, 3), "约12.0"),
            ((60, 12, 12, 12, 12), (0, 1, 1, 1, 1), "约6.0"),  # half a ballot stands for none
        ],
    )
    def test_the_text_names_the_ballots_to_expect(self, open_, newspaper, expected):
        (text,) = self.flagged(*open_, newspaper=newspaper)
        assert text.endswith(f"到票{open_[0]}张，按其他日期和来源推算{expected}张。")

    @pytest.mark.parametrize(
        ("counts", "is_burst"),
        [
            ((6, 1, *(0,) * 8), True),
            ((5, 0, *(0,) * 8), False),  # fewer than six ballots are no burst
            ((6, *(1,) * 9), False),  # not so improbable
            ((6, 9, *(0,) * 8), False),
            ((9, *(9,) * 9), False),
            ((8, *(9,) * 9), False),
        ],
    )
    def test_six_ballots_are_a_burst_if_hardly_any_are_expected(self, counts, is_burst):
        assert bool(self.flagged(*counts)) is is_burst

    @pytest.mark.parametrize("days", [{}, {"open": {}}, {"open": {DAYS[0]: 5}}])
    def test_small_or_missing_figures_are_not_flagged(self, days):
        assert flag_bursts(days, LABELS) == []

    def after_a_stop(self, count, length=4, before=1):
        """Daily totals of which the last holds several days, for the clock stood still."""
        first = self.DAYS[-1].last + timedelta(days=1)
        stopped = Days(first, first + timedelta(days=length - 1))
        return {"open": dict.fromkeys(self.DAYS, before) | {stopped: count}}

    def test_the_ballots_of_several_days_are_no_burst(self):
        assert flag_bursts(self.after_a_stop(60), LABELS) == []
        assert [flag.kind for flag in flag_bursts(self.after_a_stop(60, length=1), LABELS)] == [FlagKind.BURST]

    def test_the_days_of_a_stop_count_each_in_the_mean(self):
        days = self.after_a_stop(160, length=10, before=0)
        days["open"] = {day: count for day, count in days["open"].items() if count} | {self.DAYS[0]: 60}
        (flag,) = flag_bursts(days, LABELS)
        assert "到票60张" in flag.text
        assert "约16.0张" in flag.text


def test_the_cells_without_the_flagged_ballots_are_those_of_the_rest():
    kept, bad = honest_district(), [("S04", "other", (3, 2, 3, 1, 0))] * 7
    whole = Ballots(cells([*kept, *bad]), {})
    assert without(whole, Ballots(cells(bad), {}), []).cells == cells(kept)
    assert ("S04", "other") not in without(whole, Ballots({}, {}), [("S04", "other")]).cells


def test_the_sheets_without_the_flagged_ballots_are_those_of_the_rest():
    honest_sheet, bad_sheet = (("S01", 12), ("S02", 60)), (("S01", 180),)
    whole = Ballots({}, {"targeted": {honest_sheet: 3, bad_sheet: 2}})
    rest = without(whole, Ballots({}, {"targeted": {honest_sheet: 1, bad_sheet: 2}}), [])
    assert rest.sheets == {"targeted": {honest_sheet: 2}}


def test_no_text_names_a_figure_of_one_to_four():
    straight = [sheet(f"s{n}", "targeted", *[(2,) * 5] * 3) for n in range(4)]
    alike = [sheet(f"d{n}", "sampled", (1, 0, 2, 0, 0), (0, 3, 0, 0, 0)) for n in range(2)]
    repeated = [sheet(f"r{n}", "other", (3, 2, None, 1, 0)) for n in range(10)]
    day, other = Days(date(2020, 5, 5), date(2020, 5, 5)), Days(date(2020, 5, 6), date(2020, 5, 6))
    flags = [
        *ballot_flags([*straight, *alike, *repeated]),
        *flag_bursts({"open": {day: 60, other: 3}}, LABELS),
    ]

    assert {flag.kind for flag in flags} == {*NAMES_BALLOTS, FlagKind.BURST}
    assert [flag.text for flag in flags if re.search(r"(?<![0-9.])[1-4](?![0-9.])", flag.text)] == []


@pytest.mark.parametrize(
    ("ballots", "text"), [(4, "有少于5张票评议的科室（少于5个）"), (5, "有5张票评议的科室（少于5个）")]
)
def test_figures_are_named_from_five_on(ballots, text):
    (flag,) = ballot_flags([sheet(f"d{n}", "targeted", (1, 0, 2, 0, 0), (0, 3, 0, 0, 0)) for n in range(ballots)])
    assert flag.text.startswith(text)


def test_every_kind_states_its_false_alarms_under_the_rounds_method_and_only_three_name_ballots():
    assert set(FALSE_ALARMS) == set(FALSE_ALARMS_OF_ONE) == set(FlagKind)
    assert {kind for kind in FlagKind if false_alarms(kind, "NC-1") != false_alarms(kind, "NC-2")} == {FlagKind.FAR}
    assert {FlagKind.STRAIGHT, FlagKind.DUPLICATE, FlagKind.REPEATED} == NAMES_BALLOTS

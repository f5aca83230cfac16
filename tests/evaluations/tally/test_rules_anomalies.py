"""Anomaly flags: which patterns each one finds, which it must not, and which ballots it names."""

from datetime import date
from fractions import Fraction

import pytest

from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.counting import Line, count_lines
from evaluations.scoring.method import parse_method
from evaluations.tally.rules.anomalies import (
    FALSE_ALARMS,
    NAMES_BALLOTS,
    FlagKind,
    Limits,
    Sheet,
    flag_ballots,
    flag_bursts,
    flag_cells,
    without,
)

LIMITS = Limits(Fraction(10), Fraction("3.5"))
SECTIONS = [f"S{n:02}" for n in range(1, 13)]
METHOD = parse_method({**default_rulebook(), "sections": SECTIONS, "vetoes": []})
LABELS = {"open": "网上领票", "newspaper": "报纸"}


def sheet(ballot="a", channel="targeted", *rows):
    return Sheet(ballot, channel, {SECTIONS[n]: row for n, row in enumerate(rows)})


def kinds(flags):
    return [flag.kind for flag in flags]


def cells(lines):
    return count_lines(METHOD, (Line(section, channel, row) for section, channel, row in lines))


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
        (flag,) = flag_ballots(METHOD, [sheet("a", "targeted", (2,) * 5, (2,) * 5, (2, 2, None, 2, 2))])
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
        assert FlagKind.STRAIGHT not in kinds(flag_ballots(METHOD, [sheet("a", "targeted", *rows)]))


class TestDuplicates:
    ROWS = ((1, 0, 2, 0, 0), (0, 3, 0, 0, 0))

    def test_equal_ballots_of_two_sections_form_one_group(self):
        (flag,) = flag_ballots(METHOD, [sheet(b, "targeted", *self.ROWS) for b in "cab"])
        assert (flag.kind, flag.ballots) == (FlagKind.DUPLICATE, ("a", "b", "c"))

    def test_equal_answers_in_two_channels_are_no_duplicates(self):
        assert flag_ballots(METHOD, [sheet("a", "targeted", *self.ROWS), sheet("b", "sampled", *self.ROWS)]) == []

    def test_one_section_or_one_mark_is_not_enough(self):
        alike = [sheet(b, "targeted", (1, 1, 0, 0, 0)) for b in "ab"]
        empty = [sheet(b, "targeted", (1, 0, 0, 0, 0), (0,) * 5) for b in "cd"]
        assert flag_ballots(METHOD, [*alike, *empty]) == []


class TestRepeatedPatterns:
    def flags(self, channel, copies, others):
        rows = [sheet(f"c{n}", channel, (3, 2, 3, 1, 0)) for n in range(copies)]
        rows += [sheet(f"o{n}", channel, (n % 4, (n // 4) % 4, n % 3, 0, 1)) for n in range(others)]
        return flag_ballots(METHOD, rows)

    def test_five_copies_that_are_a_sixth_of_the_lines_are_flagged(self):
        (flag,) = self.flags("other", 5, 25)
        assert (flag.kind, flag.section, len(flag.ballots)) == (FlagKind.REPEATED, "S01", 5)

    @pytest.mark.parametrize(("channel", "copies", "others"), [("other", 4, 0), ("other", 5, 40), ("targeted", 9, 0)])
    def test_few_copies_a_small_share_or_a_drawn_channel_are_not_flagged(self, channel, copies, others):
        assert self.flags(channel, copies, others) == []


class TestCells:
    def test_an_honest_district_raises_no_flag(self):
        assert flag_cells(METHOD, cells(honest_district()), LIMITS) == []

    @pytest.mark.parametrize(("answers", "word"), [((3,) * 5, "偏高"), ((0,) * 5, "偏低")])
    def test_stuffing_one_section_in_an_open_channel_is_flagged(self, answers, word):
        rows = [*honest_district(), *[("S04", "other", answers)] * 60]
        flags = [flag for flag in flag_cells(METHOD, cells(rows), LIMITS) if flag.section == "S04"]
        assert {FlagKind.ONE_SIDED, FlagKind.EXTREME, FlagKind.FAR} <= set(kinds(flags))
        assert any(word in flag.text for flag in flags)
        assert all(flag.ballots == () for flag in flags)

    def test_without_a_drawn_channel_no_cell_is_flagged(self):
        book = default_rulebook()
        channels = {name: {**rule, "drawn": False} for name, rule in book["channels"].items()}
        method = parse_method({**book, "channels": channels, "sections": SECTIONS, "vetoes": []})
        assert flag_cells(method, cells(honest_district()), LIMITS) == []

    @pytest.mark.parametrize("rows", [[], [("S01", "other", (3,) * 5)], [(s, "other", (1,) * 5) for s in SECTIONS]])
    def test_empty_and_thin_rounds_do_not_divide_by_zero(self, rows):
        assert FlagKind.ONE_SIDED not in kinds(flag_cells(METHOD, cells(rows), LIMITS))


class TestBursts:
    DAYS = [date(2020, 5, day) for day in range(1, 11)]

    def test_a_day_far_above_the_others_is_flagged(self):
        days = {"open": dict.fromkeys(self.DAYS, 4) | {self.DAYS[3]: 60}, "newspaper": dict.fromkeys(self.DAYS, 5)}
        (flag,) = flag_bursts(days, LABELS)
        assert flag.kind == FlagKind.BURST
        assert "网上领票在5月4日到票60张" in flag.text

    def test_a_busy_day_of_every_origin_is_not_flagged(self):
        busy = dict.fromkeys(self.DAYS, 4) | {self.DAYS[3]: 40}
        assert flag_bursts({"open": busy, "newspaper": busy}, LABELS) == []

    @pytest.mark.parametrize("days", [{}, {"open": {}}, {"open": {date(2020, 5, 1): 5}}])
    def test_small_or_missing_figures_are_not_flagged(self, days):
        assert flag_bursts(days, LABELS) == []


def test_the_cells_without_the_flagged_ballots_are_those_of_the_rest():
    kept, bad = honest_district(), [("S04", "other", (3, 2, 3, 1, 0))] * 7
    whole = cells([*kept, *bad])
    assert without(whole, cells(bad), []) == cells(kept)
    assert ("S04", "other") not in without(whole, {}, [("S04", "other")])


def test_every_kind_states_its_false_alarms_and_only_three_name_ballots():
    assert set(FALSE_ALARMS) == set(FlagKind)
    assert {FlagKind.STRAIGHT, FlagKind.DUPLICATE, FlagKind.REPEATED} == NAMES_BALLOTS

"""Counts over earlier rounds: 上期位次、上榜次数、连续上榜、连续前3、一年内上榜."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.history.rules.earlier_lists import period_end
from accountability.history.rules.history import Appearance, Held, History, history, is_within_year, meet
from evaluations.rounds.rules.repeat_steps import read_steps
from nanchuan_eval.workdays.rules import add_months

# Half-years without a gap, of which no day of publication is known.
HALVES = [Held(add_months(date(2010, 1, 1), 6 * n), add_months(date(2010, 6, 30), 6 * n)) for n in range(9)]


def past(*rounds):
    """(order, rank) or (order, rank, label); places up to 10 are listed."""
    return [Appearance(r[0], r[1], r[1] is not None and r[1] <= 10, *(r[2:] or ("明确",))) for r in rounds]


@pytest.mark.parametrize(
    ("rounds", "now", "expected"),
    [
        ([], 0, History()),
        ([(0, 4)], 0, History(None, 1, 1, 0, 0, 1)),
        ([(0, 4), (1, 2)], 1, History(4, 2, 2, 1, 1, 2)),
        ([(0, 2), (1, 3)], 1, History(2, 2, 2, 2, 2, 2)),
        ([(0, 2), (1, 40), (2, 1)], 2, History(40, 2, 1, 1, 1, 1)),
        ([(0, 2), (2, 1)], 2, History(None, 2, 1, 1, 1, 1)),
        ([(0, 2), (1, None), (2, 1)], 2, History(None, 2, 1, 1, 1, 1)),
        ([(0, 1), (1, 1), (2, 1)], 1, History(1, 2, 2, 2, 2, 2)),
        ([(0, 1, "误差范围内"), (1, 1)], 1, History(1, 2, 2, 2, 1, 2)),
        ([(0, 1), (1, 1, "误差范围内")], 1, History(1, 2, 2, 2, 0, 2)),
        ([(0, 1, "一票否决"), (1, 3)], 1, History(1, 2, 2, 2, 2, 2)),
    ],
)
def test_history_counts_published_rounds(rounds, now, expected):
    assert history(past(*rounds), held=HALVES, now=now, top=3) == expected


def test_of_merged_predecessors_the_one_rated_hardest_counts():
    summary = history(past((0, 12), (0, 3), (1, 2)), held=HALVES, now=1, top=3)

    assert summary == History(3, 2, 2, 2, 2, 2)


@pytest.mark.parametrize(
    ("labels", "prompts"),
    [(("明确", "明确"), True), (("一票否决", "明确"), True), (("误差范围内", "明确"), False), (("明确", ""), False)],
)
def test_the_removal_prompt_needs_two_certain_places_in_a_row(labels, prompts):
    summary = history(past((0, 1, labels[0]), (1, 2, labels[1])), held=HALVES, now=1, top=3)

    assert summary.calls_for_removal_prompt is prompts


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(1, 105)), max_size=20), st.integers(0, 8))
def test_runs_never_exceed_the_listings(rounds, now):
    summary = history(past(*rounds), held=HALVES, now=now, top=3)

    assert summary.sure_top_in_a_row <= summary.top_in_a_row <= summary.listed_in_a_row <= summary.listings


@given(st.permutations([(0, 12), (0, 3), (1, 2), (2, 40), (2, 9)]))
def test_the_order_of_the_rows_does_not_matter(rounds):
    assert history(past(*rounds), held=HALVES, now=2, top=3) == history(
        past((0, 3), (1, 2), (2, 9)), held=HALVES, now=2, top=3
    )


@pytest.mark.parametrize(
    ("predecessors", "previous_rank"),
    [
        ([(0, None), (0, 105)], 105),  # a place, however far down, before none
        ([(0, 7, "误差范围内"), (0, 7, "明确")], 7),
    ],
)
def test_of_two_predecessors_the_one_with_a_place_stands(predecessors, previous_rank):
    for rows in (predecessors, predecessors[::-1]):
        assert history(past(*rows, (1, 2)), held=HALVES, now=1, top=3).previous_rank == previous_rank


def test_of_two_predecessors_on_one_place_the_certain_one_stands():
    for labels in (("误差范围内", "明确"), ("明确", "误差范围内")):
        assert history(past(*((0, 1, label) for label in labels)), held=HALVES, now=0, top=3).sure_top_in_a_row == 1


@pytest.mark.parametrize(("label", "sure"), [("明确", 0), ("一票否决", 1)])
def test_only_a_veto_is_certain_where_too_few_sections_were_ranked(label, sure):
    found = history([Appearance(0, 1, is_listed=True, label=label, is_by_decision=True)], held=HALVES, now=0, top=3)

    assert (found.sure_top_in_a_row, found.top_in_a_row) == (sure, 1)


def half(year, number, published_on=None):
    """A half-year of which a list is known."""
    return Held(date(year, 6 * number - 5, 1), add_months(date(year, 6, 30), 6 * (number - 1)), published_on)


def quarter(year, number):
    first = date(year, 3 * number - 2, 1)
    return Held(first, period_end(f"{year}年第{number}季度", f"{year}Q{number}", first))


def always_listed(*held, ranks=()):
    """A section that every one of these rounds has listed, by default on places 1, 2 …"""
    rows = [Appearance(order, (ranks or range(1, 99))[order], is_listed=True) for order in range(len(held))]
    return history(rows, held=held, now=len(held) - 1, top=3)


@pytest.mark.parametrize(
    ("held", "run"),
    [
        ([half(2015, 1), half(2015, 2), half(2020, 1)], 1),
        ([half(2015, 1), half(2015, 2), half(2016, 1)], 3),
        ([half(2015, 1), half(2016, 1)], 1),
        ([quarter(2019, 3), quarter(2019, 4), half(2020, 1)], 3),
        ([quarter(2019, 1), half(2019, 2)], 1),
        ([quarter(2019, 1), quarter(2019, 2), half(2019, 2)], 3),
        ([Held(date(2019, 7, 1), date(2019, 12, 30)), half(2020, 1)], 2),
    ],
)
def test_rounds_are_in_a_row_only_if_no_quarter_lies_between_them(held, run):
    found = always_listed(*held, ranks=[1] * len(held))

    assert (found.listed_in_a_row, found.top_in_a_row, found.listings) == (run, run, len(held))


@given(st.lists(st.tuples(st.integers(2010, 2014), st.integers(1, 2)), min_size=1, max_size=8, unique=True))
def test_a_run_never_reaches_over_a_gap(halves):
    """However many lists there are, the run is as long as the half-years that meet at its end."""
    held = [half(*each) for each in sorted(halves)]
    numbers = [2 * year + number for year, number in sorted(halves)]
    expected = next((n for n in range(1, len(numbers)) if numbers[-n] - numbers[-n - 1] != 1), len(numbers))

    assert always_listed(*held).listed_in_a_row == expected


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 800))
def test_within_a_year_counts_days_of_publication(published_on, days):
    later = date.fromordinal(published_on.toordinal() + days)
    held = half(2019, 1, published_on), half(2019, 2, later)

    assert is_within_year(*held) is (later <= add_months(published_on, 12))


@pytest.mark.parametrize(
    ("earlier", "within"),
    [(half(2019, 2), True), (quarter(2019, 2), True), (half(2019, 1), False), (quarter(2019, 1), False)],
)
def test_a_list_without_a_day_of_publication_is_dated_by_its_period(earlier, within):
    assert is_within_year(earlier, half(2020, 1, date(2020, 7, 10))) is within


def test_a_period_meets_itself_and_the_next_one():
    assert [meet(HALVES[0], HALVES[n]) for n in range(3)] == [True, True, False]


def test_imported_lists_count_for_steps_and_never_for_the_removal_prompt():
    """They are facts without a margin: nobody knows whether a place was 明确."""
    rows = [Appearance(0, 1, is_listed=True), Appearance(1, 1, is_listed=True), Appearance(2, 1, True, "明确")]

    found = history(rows, held=HALVES, now=2, top=3)

    assert (found.listed_in_a_row, found.top_in_a_row, found.calls_for_removal_prompt) == (3, 3, False)


@pytest.mark.parametrize(
    ("heads", "prompts"), [(("孙一", "孙 一"), True), (("孙一", "周二"), False), (("", "周二"), False)]
)
def test_the_removal_prompt_needs_one_head_in_both_rounds(heads, prompts):
    rows = [Appearance(n, 1, is_listed=True, label="明确", head=head) for n, head in enumerate(heads)]

    found = history(rows, held=HALVES, now=1, top=3)

    assert (found.top_in_a_row, found.calls_for_removal_prompt) == (2, prompts)


def test_a_withdrawn_listing_counts_for_nothing():
    rows = [Appearance(0, 1, is_listed=True), Appearance(1, None, is_listed=False), Appearance(2, 2, is_listed=True)]

    found = history(rows, held=HALVES, now=2, top=3)

    assert (found.listings, found.listed_in_a_row, found.listings_in_year) == (2, 1, 1)


@pytest.mark.parametrize(
    ("repetition", "times", "reached"),
    [
        ("within_year", 2, True),
        ("within_year", 3, False),
        ("in_a_row", 3, True),
        ("in_a_row", 4, False),
        ("top_in_a_row", 2, True),
        ("top_in_a_row", 3, False),
    ],
)
def test_a_step_is_reached_from_its_number_of_repetitions_on(repetition, times, reached):
    step = {"repetition": repetition, "times": times, "measure": "summons", "actor": "unit", "workdays": 10}
    found = History(listings=5, listed_in_a_row=3, top_in_a_row=2, listings_in_year=2)

    assert bool(found.reached(read_steps({"repeat_steps": [step]}))) is reached


@pytest.mark.parametrize(
    ("rounds", "held", "in_a_row"),
    [
        ([(0, None, "样本不足"), (1, None, "样本不足")], HALVES, 2),
        ([(0, 40), (1, None, "样本不足")], HALVES, 1),
        ([(0, None, "样本不足"), (1, 40)], HALVES, 0),
        ([(1, None, "样本不足")], HALVES, 1),
        # A vetoed section is listed, whatever its ballots.
        ([(0, None, "样本不足"), (1, 1, "一票否决")], HALVES, 0),
        # Of merged predecessors one was ranked.
        ([(0, None, "样本不足"), (0, 30), (1, None, "样本不足")], HALVES, 1),
        # No list is known of the half-year between.
        ([(0, None, "样本不足"), (1, None, "样本不足")], [HALVES[0], HALVES[2]], 1),
    ],
)
def test_too_few_ballots_are_counted_over_rounds_in_a_row(rounds, held, in_a_row):
    summary = history(past(*rounds), held=held, now=1, top=3)

    assert summary.too_few_in_a_row == in_a_row
    assert summary.stays_too_few == (in_a_row >= 2)


outcomes = st.sampled_from([None, "样本不足", "明确", ""])


@given(st.lists(outcomes, min_size=1, max_size=9))
def test_the_run_of_too_few_ends_at_the_latest_round_with_another_outcome(told):
    """None = the section did not take part in the round."""
    rounds = [(n, None if label == "样本不足" else 40, label) for n, label in enumerate(told) if label is not None]

    run = history(past(*rounds), held=HALVES, now=len(told) - 1, top=3).too_few_in_a_row

    assert told[len(told) - run :] == ["样本不足"] * run
    assert run == len(told) or told[len(told) - run - 1] != "样本不足"

"""A section's history read from the published rounds, through reforms."""

from datetime import date

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.history.models import EarlierListing, EarlierRound
from accountability.history.queries import histories, read_history
from departments.models import ChangeKind, Section, SectionChange
from evaluations.rounds.rules.lifecycle import RoundState
from tests.accountability.factories import NOON, make_account, make_bare_round, make_counted_round, make_result

pytestmark = pytest.mark.django_db


def became(earlier, later):
    SectionChange.objects.create(
        kind=ChangeKind.MERGED,
        on=date(2020, 1, 15),
        earlier=Section.objects.get(code=earlier),
        later=Section.objects.get(code=later),
        earlier_name=earlier,
        earlier_department_name="原单位",
    )


def test_the_ranks_of_merged_sections_follow_the_new_one():
    earlier = make_bare_round("2019H2", RoundState.PUBLISHED)
    make_result(earlier, "D01-01", rank=40)
    make_result(earlier, "D01-02", rank=3)
    round_ = make_bare_round()
    make_result(round_, "D01-03", rank=2)
    became("D01-01", "D01-03")
    became("D01-02", "D01-03")

    past = histories(round_)["D01-03"]

    assert (past.previous_rank, past.listings, past.top_in_a_row) == (3, 2, 2)


def test_the_trend_shows_the_predecessor_that_the_counts_are_about():
    earlier = make_bare_round("2019H2", RoundState.PUBLISHED)
    make_result(earlier, "D01-01", rank=2)
    make_result(earlier, "D01-02", rank=5)
    earlier.results.filter(rank=2).update(is_listed=False, is_withdrawn=True)
    round_ = make_bare_round()
    make_result(round_, "D01-03", rank=1)
    became("D01-01", "D01-03")
    became("D01-02", "D01-03")

    read = read_history(round_)

    assert read.histories()["D01-03"].previous_rank == 5
    assert [(placed.rank, placed.is_listed) for placed in read.trend("D01-03")] == [(5, True), (1, True)]


@pytest.mark.parametrize("state", [RoundState.REVIEW, RoundState.VOID, RoundState.COUNTED])
def test_a_list_that_was_never_published_is_no_history(state):
    make_counted_round("2019H2", state, places=1)
    round_ = make_counted_round(places=1)

    assert histories(round_)["D01-01"].listings == 1


def test_a_demonstration_is_no_history_of_a_real_round():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1, is_demo=True)
    round_ = make_counted_round(places=1)

    assert histories(round_)["D01-01"].previous_rank is None


def test_later_rounds_do_not_change_the_history_of_an_earlier_one():
    round_ = make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    make_counted_round("2020H1", RoundState.PUBLISHED, places=1)

    assert histories(round_)["D01-01"].listings == 1


def test_a_section_that_is_new_in_the_roster_has_no_earlier_place():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    round_ = make_bare_round()
    make_result(round_, "D50-01", rank=4)

    assert histories(round_)["D50-01"].previous_rank is None


def imported(key, starts_on, code="D01-01"):
    round_ = EarlierRound.objects.create(key=key, name=f"{key[:4]}年", period_start=starts_on)
    section = code and Section.objects.get(code=code)
    EarlierListing.objects.create(
        round=round_, rank=1, department_name="甲局", section_name="乙科", section=section or None
    )


def test_a_gap_without_a_list_ends_the_run():
    round_ = make_counted_round(places=1)
    for key, starts_on in (("2015H1", date(2015, 1, 1)), ("2015H2", date(2015, 7, 1))):
        imported(key, starts_on)

    past = histories(round_)["D01-01"]

    assert (past.listings, past.listed_in_a_row, past.top_in_a_row, past.listings_in_year) == (3, 1, 1, 1)


def test_a_list_on_which_no_known_section_stands_was_held_all_the_same():
    """Its sections are those of the time; the section of today was not among them."""
    round_ = make_counted_round(places=1)
    imported("2019H1", date(2019, 1, 1))
    imported("2019H2", date(2019, 7, 1), code=None)

    assert histories(round_)["D01-01"].listed_in_a_row == 1


@pytest.mark.parametrize(
    ("published_on", "times"), [(date(2020, 7, 10), 2), (date(2021, 7, 10), 2), (date(2021, 7, 11), 1)]
)
def test_within_a_year_goes_by_the_days_of_publication(published_on, times):
    first = make_counted_round("2019H2", places=1)
    publish_and_start(round_id=first.pk, by=make_account(), at=NOON)
    round_ = make_counted_round(places=1)

    assert histories(round_, published_on)["D01-01"].listings_in_year == times


def test_a_withdrawn_listing_is_no_repetition():
    earlier = make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    earlier.results.update(is_listed=False, rank=None)
    round_ = make_counted_round(places=1)

    past = histories(round_)["D01-01"]

    assert (past.listings, past.listed_in_a_row, past.listings_in_year) == (1, 1, 1)

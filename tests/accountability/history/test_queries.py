"""A section's history read from the published rounds, through reforms."""

from datetime import date

import pytest

from accountability.history.queries import histories
from departments.models import ChangeKind, Section, SectionChange
from evaluations.rounds.rules.lifecycle import RoundState
from tests.accountability.factories import make_bare_round, make_counted_round, make_result

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

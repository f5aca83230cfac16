"""The quarterly cycle of 2014 (每季度评一次): two rounds from freeze to closed cases, on a moved clock."""

from datetime import date

import pytest

from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState
from accountability.demo.earlier import EarlierStory
from accountability.history.queries import read_history
from evaluations.rounds.models import Round
from evaluations.rounds.queries import rhythm_doubts
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import with_rhythm
from evaluations.verification.services import verify_round

pytestmark = pytest.mark.django_db
QUARTERS = {
    "2014Q1": ("2014年第一季度", date(2014, 1, 1), date(2014, 3, 31), date(2014, 5, 12)),
    "2014Q2": ("2014年第二季度", date(2014, 4, 1), date(2014, 6, 30), date(2014, 8, 11)),
}


class Quarter(EarlierStory):
    """A quarterly round; its list is published on its last day."""

    key = ""

    def _new_round(self) -> Round:
        name, starts, ends, _ = QUARTERS[self.key]
        return Round(
            key=self.key,
            name=name,
            period_start=starts,
            period_end=ends,
            opens_at=self._day(35, 9),
            closes_at=self._day(22, 17),
            is_demo=True,
            rulebook=self._rulebook(),
        )

    def _rulebook(self) -> dict[str, object]:
        return with_rhythm(super()._rulebook(), "quarter")


def told(key: str) -> Round:
    story = Quarter(ballots=0, seed=7, today=QUARTERS[key][3])
    story.key = key
    return story.run()


def test_two_quarters_run_from_freeze_to_closed_cases_and_are_consecutive(settings):
    settings.TWO_PERSON_RULE = True
    first, second = (told(key) for key in QUARTERS)
    listed = [
        set(round_.results.filter(is_listed=True).values_list("section__code", flat=True)) for round_ in (first, second)
    ]
    again = listed[0] & listed[1]
    histories = read_history(second).histories()

    assert [round_.state for round_ in (first, second)] == [RoundState.CLOSED] * 2
    assert [round_.name for round_ in (first, second)] == ["2014年第一季度", "2014年第二季度"]
    assert rhythm_doubts(second) == []
    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.CLOSED}
    assert [fault for round_ in (first, second) for _, faults in verify_round(round_) for fault in faults] == []
    assert again
    assert {histories[code].listed_in_a_row for code in again} == {2}
    assert {histories[code].listed_in_a_row for code in listed[1] - again} == {1}

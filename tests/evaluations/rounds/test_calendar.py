"""The calendar of a half-year (rulebook R-K)."""

from datetime import date, timedelta

import pytest

from evaluations.rounds.rules.calendar import OFFSETS, SoFar, Standing, calendar_of, done_by_state, offset_errors
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.workdays.rules import Calendar

OPENS, CLOSES = date(2020, 7, 1), date(2020, 7, 21)


def days(**given):
    dues = calendar_of(OPENS, CLOSES, default_rulebook(), Calendar(), **given)
    return {due.key: due.on for due in dues}


def test_the_stages_before_the_vote_are_counted_back_from_its_opening():
    found = days()

    before = [found[key] for key in ("freeze", "pools", "supervisors", "evaluators", "open")]
    assert before == [date(2020, 6, 11), date(2020, 6, 16), date(2020, 6, 21), date(2020, 6, 24), OPENS]


def test_the_count_and_the_announcement_are_counted_from_the_closing():
    found = days()

    assert found["counted"] == date(2020, 7, 22)
    assert found["count"] == date(2020, 7, 27)
    assert found["announce"] == date(2020, 7, 28)
    assert found["objections"] == date(2020, 7, 31)  # three working days


def test_the_list_is_never_due_before_the_objections_have_ended():
    found = days(offsets={"publish": 8, "announce": 8})

    assert found["publish"] == found["objections"] + timedelta(1)


def test_objections_end_so_many_days_after_the_real_announcement_and_the_list_follows_a_day_later():
    told = days(so_far=SoFar(date(2020, 8, 3), announced_on=date(2020, 8, 3)))

    assert told["objections"] == date(2020, 8, 6)  # three working days
    assert told["publish"] == date(2020, 8, 7)


def test_units_still_to_be_told_have_their_whole_period_before_them():
    found = days(so_far=SoFar(date(2020, 8, 10)))

    assert found["announce"] == date(2020, 7, 28)
    assert found["objections"] == date(2020, 8, 13)
    assert found["publish"] == date(2020, 8, 14)


def test_rules_without_an_objection_period_have_no_end_of_it():
    rules = {**default_rulebook(), "objection_workdays": 0}
    found = {due.key: due.on for due in calendar_of(OPENS, CLOSES, rules, Calendar(), offsets={"publish": 7})}

    assert "objections" not in found
    assert found["publish"] == found["announce"]


def test_what_follows_is_counted_from_the_real_publication_once_there_is_one():
    found = days(so_far=SoFar(published_on=date(2020, 8, 10)))

    assert found["talks"] == date(2020, 8, 24)  # ten working days
    assert found["reports"] == date(2020, 9, 10)
    assert found["inspections"] == date(2020, 11, 9)  # sixty days after the report


def test_what_follows_an_overdue_list_is_counted_from_today_at_the_earliest():
    found = days(so_far=SoFar(date(2020, 9, 1), announced_on=date(2020, 7, 28)))

    assert found["publish"] < date(2020, 9, 1)
    assert found["talks"] == date(2020, 9, 15)  # ten working days
    assert found["reports"] == date(2020, 10, 1)


def test_the_calendar_ends_with_the_next_roster():
    assert days()["next"] == date(2021, 1, 1) - timedelta(20)


def test_the_stages_come_in_the_order_of_their_days():
    found = list(days().values())

    assert found == sorted(found)


def test_a_district_sets_other_days():
    assert days(offsets={"freeze": 30})["freeze"] == date(2020, 6, 1)


@pytest.mark.parametrize(
    ("offsets", "fault"),
    [
        ({"frezee": 3}, "不是日历的节点"),
        ({"freeze": 1000}, "0到180之间"),
        ({"freeze": 5}, "依次减少"),
        ({"announce": 3}, "依次增加"),
    ],
)
def test_days_that_make_no_sense_are_refused_with_what_to_do(offsets, fault):
    assert fault in "".join(offset_errors(offsets))


def test_the_default_days_are_in_order():
    assert offset_errors(OFFSETS) == []


def test_a_stage_is_done_late_due_or_ahead():
    dues = calendar_of(OPENS, CLOSES, default_rulebook(), Calendar())
    done = done_by_state(dues, RoundState.DRAWN)
    standings = {due.key: due.standing(done, date(2020, 7, 1)) for due in dues}

    assert standings["freeze"] == standings["evaluators"] == Standing.DONE
    assert standings["pools"] == Standing.LATE  # nothing but a notice tells
    assert standings["open"] == Standing.DUE
    assert standings["close"] == Standing.AHEAD


def test_only_a_round_that_draws_clients_has_that_stage():
    def stages(**rules):
        return {due.key: due.on for due in calendar_of(OPENS, CLOSES, {**default_rulebook(), **rules}, Calendar())}

    assert "clients" not in stages(client_draw=False)
    found = stages(client_draw=True)
    assert found["clients"] == found["evaluators"]

"""Answers about promotion freezes by date and person, with namesakes kept apart."""

from datetime import date

import pytest

from accountability.promotion_freezes.rules import Question, RegisterEntry, Verdict, answer

START, END = date(2020, 7, 10), date(2020, 10, 10)
SUN = RegisterEntry("孙强", "公安局", "公安局车管所主要负责人", START, END)
OTHER_SUN = RegisterEntry("孙强", "税务局", "税务局办税服务厅主要负责人", START, END)
THIRD_SUN = RegisterEntry("孙强", "公安局", "公安局户政科主要负责人", START, END)


def ask(register, name="孙强", unit="", on=date(2020, 8, 1)):
    return answer(Question(name, unit, on), register)


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (date(2020, 7, 9), Verdict.FREE),
        (START, Verdict.FROZEN),
        (END, Verdict.FROZEN),
        (date(2020, 10, 11), Verdict.FREE),
    ],
)
def test_the_first_and_the_last_day_count(on, verdict):
    assert ask([SUN], on=on).verdict == verdict


def test_from_the_day_of_lifting_on_a_person_is_free():
    lifted = RegisterEntry("孙强", "公安局", "负责人", START, END, lifted_on=date(2020, 8, 1))

    assert ask([lifted], on=date(2020, 7, 31)).verdict == Verdict.FROZEN
    assert ask([lifted], on=date(2020, 8, 1)).verdict == Verdict.FREE


@pytest.mark.parametrize(
    ("register", "unit", "verdict", "matches"),
    [
        ([SUN, OTHER_SUN], "公安局", Verdict.FROZEN, (SUN,)),
        ([SUN, OTHER_SUN], "", Verdict.NAMESAKE, (SUN, OTHER_SUN)),
        ([SUN, THIRD_SUN], "公安局", Verdict.NAMESAKE, (SUN, THIRD_SUN)),
        ([SUN], "财政局", Verdict.NAMESAKE, (SUN,)),
        ([SUN], "", Verdict.FROZEN, (SUN,)),
        ([], "公安局", Verdict.FREE, ()),
    ],
)
def test_namesakes_are_kept_apart(register, unit, verdict, matches):
    found = ask(register, unit=unit)

    assert (found.verdict, found.matches) == (verdict, matches)


def test_another_name_is_no_match():
    assert ask([SUN], name="孙强强").verdict == Verdict.FREE

"""How a measure stands: one answer, whatever page asks; a freeze is not overdue while it runs."""

from datetime import date, timedelta

import pytest

from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind, MeasureState
from accountability.cases.rules.standing import Standing, standing
from accountability.worklist.pages import case_figures
from accountability.worklist.queries.items import work_items_of
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import TODAY, make_account, make_bare_round, make_case, make_published_round

END = date(2020, 10, 10)
KINDS_WITH_A_TERM = [kind for kind in MeasureKind if kind != MeasureKind.FREEZE]


def measure(kind=MeasureKind.TALK_HEAD, state=MeasureState.PENDING, due_on=END):
    return Measure(kind=kind, state=state, due_on=due_on)


@pytest.mark.parametrize("kind", KINDS_WITH_A_TERM)
@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (END - timedelta(days=8), Standing.PENDING),
        (END - timedelta(days=7), Standing.SOON),
        (END, Standing.TODAY),
        (END + timedelta(days=1), Standing.OVERDUE),
    ],
)
def test_a_pending_measure_stands_by_the_days_left(kind, today, expected):
    assert standing(measure(kind), today) == expected


@pytest.mark.parametrize("days", [92, 7, 1, 0])
def test_a_freeze_is_in_force_until_its_last_day(days):
    assert standing(measure(MeasureKind.FREEZE), END - timedelta(days=days)) == Standing.IN_FORCE


def test_a_freeze_that_nobody_recorded_is_overdue_after_its_last_day():
    assert standing(measure(MeasureKind.FREEZE), END + timedelta(days=1)) == Standing.OVERDUE


def test_a_measure_without_a_term_is_never_overdue():
    assert standing(measure(MeasureKind.REMOVAL_PROMPT, due_on=None), date(2030, 1, 1)) == Standing.PENDING


@pytest.mark.parametrize("state", [MeasureState.DONE, MeasureState.NOT_APPLICABLE])
@pytest.mark.parametrize("kind", MeasureKind)
def test_what_is_done_or_waived_stays_so(kind, state):
    assert standing(measure(kind, state), date(2030, 1, 1)).label == state.label


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-1, 0, 1, 8, 15, 92, 93, 200])
def test_lists_and_figures_count_as_overdue_what_stands_as_overdue(days):
    make_published_round()
    today = TODAY + timedelta(days=days)

    late = {each.pk for each in Measure.objects.all() if standing(each, today) == Standing.OVERDUE}

    assert set(Measure.objects.overdue(today).values_list("pk", flat=True)) == late
    assert case_figures(make_account(), today).overdue == len(late)


@pytest.mark.django_db
def test_a_running_freeze_waits_in_the_work_list_without_being_overdue():
    case = make_case(make_bare_round(state="published"), kind="freeze")
    case.measures.update(due_on=END)

    (item,) = work_items_of(make_account(Role.PERSONNEL), TODAY + timedelta(days=30))

    assert (item.urgency(TODAY + timedelta(days=30)).label, item.term) == ("未到期", None)
    assert "影响期自公示之日起生效，待登记" in item.what


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "unit"), [(Role.COMMISSION, ""), (Role.LIAISON, "D01")])
def test_every_page_says_the_same_of_a_running_freeze(client, time_machine, role, unit):
    round_ = make_published_round()
    time_machine.move_to(date(2020, 9, 1))
    client.force_login(make_account(role, unit))
    case = Measure.objects.filter(kind="freeze", case__result__section__code="D01-01").get().case
    pages = {
        Role.COMMISSION: [
            f"/admin/accountability/case/{case.pk}/change/",
            f"/commission/{round_.key}/sections/D01-01/",
        ],
        Role.LIAISON: ["/unit/"],
    }

    for address in pages[role]:
        shown = client.get(address).content.decode()
        assert Standing.IN_FORCE.label in shown, address

"""The responsible head: from the frozen roster or named by the commission, and never a retired one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.case_lifecycle.services.responsible import change_responsible, heads_in_period
from accountability.cases.rules.measures import MeasureKind, MeasureState
from accountability.cases.services import waive_measure
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.rules import Question, Verdict
from accountability.promotion_freezes.services import ask_freeze
from departments.models import Leaving, Tenure
from evaluations.publication.services import Correction
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import LATER, NOON, TODAY, make_account, make_counted_round

pytestmark = pytest.mark.django_db


def tenure(round_, name, start, end=None, leaving=""):
    section = round_.sections.get(code="D01-01").section
    return Tenure.objects.create(section=section, name=name, starts_on=start, ends_on=end, leaving=leaving)


def published(**leaving):
    """A published round whose first section had two heads in the rated half-year."""
    round_ = make_counted_round(places=2)
    tenure(round_, "孙科长", date(2019, 1, 1), date(2020, 4, 30), **leaving)
    tenure(round_, "周科长", date(2020, 5, 1))
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    return round_.results.get(section__code="D01-01").case


def test_the_prompt_for_a_removal_ends_with_the_head_who_had_earned_it():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=2)
    case = published()
    assert case.measures.get(kind=MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING

    change(case, "周科长")

    prompt = case.measures.get(kind=MeasureKind.REMOVAL_PROMPT)
    assert (prompt.state, prompt.record) == (MeasureState.NOT_APPLICABLE, "更正责任人：此前上榜时负责人不是周科长")


def change(case, name, by=None, reason="五月起实际负责"):
    chosen = Tenure.objects.get(name=name)
    return change_responsible(case_id=case.pk, tenure_id=chosen.pk, reason=reason, by=by or make_account(), at=LATER)


def test_the_heads_of_the_period_are_listed_with_their_days_in_office():
    case = published()

    assert [(head.name, days) for head, days in heads_in_period(case)] == [("孙科长", 121), ("周科长", 61)]


def test_another_head_takes_over_the_talk_and_the_freeze_with_both_on_record():
    case = published()

    change(case, "周科长")

    freezes = list(PromotionFreeze.objects.filter(case=case).order_by("pk"))
    assert [(freeze.person_name, bool(freeze.lifted_on)) for freeze in freezes] == [("孙科长", True), ("周科长", False)]
    assert freezes[0].ends_on == freezes[1].ends_on
    assert case.measures.get(kind=MeasureKind.TALK_HEAD).target.endswith("周科长")


@pytest.mark.parametrize(("name", "reason", "message"), [("孙科长", "误", "已是责任人"), ("周科长", " ", "理由")])
def test_a_change_needs_another_head_and_a_reason(name, reason, message):
    case = published()

    with pytest.raises(RuleViolation, match=message):
        change(case, name, reason=reason)

    assert PromotionFreeze.objects.filter(case=case).count() == 1


def test_another_spelling_of_the_responsible_head_is_no_other_head():
    case = published()
    Tenure.objects.filter(name="孙科长").update(name="孙　科长")

    with pytest.raises(RuleViolation, match="已是责任人"):
        change(case, "孙　科长")


def test_a_head_not_in_office_in_the_period_is_refused():
    case = published()
    outsider = tenure(case.result.round, "吴科长", date(2020, 7, 1))

    with pytest.raises(RuleViolation, match="评议期内任过"):
        change_responsible(case_id=case.pk, tenure_id=outsider.pk, reason="查明", by=make_account(), at=LATER)


def test_only_the_commission_names_another():
    with pytest.raises(Denied):
        change(published(), "周科长", by=make_account(Role.CHIEF))


def test_a_retired_head_is_not_frozen():
    case = published(leaving=Leaving.RETIRED)

    freeze = case.measures.get(kind=MeasureKind.FREEZE)
    assert (freeze.state, freeze.record) == (MeasureState.NOT_APPLICABLE, "已于2020年4月30日退休，不设影响期。")
    assert not PromotionFreeze.objects.filter(case=case).exists()


def freeze_of(case):
    return case.measures.get(kind=MeasureKind.FREEZE)


def test_the_freeze_of_a_head_named_by_mistake_ends_though_the_right_one_has_retired():
    case = published()
    Tenure.objects.filter(name="周科长").update(ends_on=date(2020, 6, 30), leaving=Leaving.RETIRED)

    change(case, "周科长")

    row = freeze_of(case)
    assert (row.state, row.record) == (MeasureState.NOT_APPLICABLE, "已于2020年6月30日退休，不设影响期。")
    assert row.target.endswith("周科长")
    assert [freeze.standing(date(2020, 8, 1)) for freeze in case.freezes.all()] == ["已于2020年7月20日撤销"]


def test_the_head_named_instead_of_a_retired_one_is_frozen():
    case = published(leaving=Leaving.RETIRED)

    change(case, "周科长")

    row, freeze = freeze_of(case), case.freezes.get()
    assert (row.state, row.record) == (MeasureState.PENDING, "")
    assert row.target.endswith("周科长")
    assert (freeze.person_name, freeze.starts_on, freeze.ends_on) == ("周科长", TODAY, row.due_on)
    asked = Question("周科长", "D01局", Span(date(2020, 8, 1), date(2020, 8, 1)))
    assert ask_freeze(asked=asked, by=make_account(Role.PERSONNEL), at=LATER).verdict == Verdict.FROZEN


def test_a_freeze_that_two_persons_waived_is_not_set_for_another_head():
    case = published()
    waive_measure(measure_id=freeze_of(case).pk, reason="已免职", by=make_account(Role.PERSONNEL), at=NOON)

    change(case, "周科长")

    assert freeze_of(case).record == "已免职"
    assert [freeze.person_name for freeze in case.freezes.all()] == ["孙科长"]


@pytest.mark.parametrize(("left", "now"), [("孙科长", "周科长"), ("周科长", "孙科长")])
def test_a_section_listed_again_freezes_the_head_named_and_nobody_else(left, now):
    """Whichever of the two has retired: a correction of the list looks at the head who is responsible."""
    case = published()
    Tenure.objects.filter(name="孙科长").update(leaving=Leaving.RETIRED if left == "孙科长" else "")
    if left == "周科长":
        Tenure.objects.filter(name="周科长").update(ends_on=date(2020, 6, 30), leaving=Leaving.RETIRED)
    change(case, "周科长")
    for days, is_listed in ((20, False), (22, True)):
        case.result.round.results.filter(pk=case.result_id).update(is_listed=is_listed)
        at = NOON + timedelta(days=days)
        correct_and_follow(round_id=case.result.round_id, correction=Correction("重新计票"), by=make_account(), at=at)

    running = case.freezes.filter(lifted_on=None)
    assert [freeze.person_name for freeze in running] == (["周科长"] if left == "孙科长" else [])
    state = MeasureState.PENDING if left == "孙科长" else MeasureState.NOT_APPLICABLE
    assert freeze_of(case).state == state
    assert freeze_of(case).target.endswith("周科长")


def test_the_register_does_not_speak_of_a_head_named_by_mistake():
    case = published()
    PromotionFreeze.objects.exclude(case=case).update(person_name="吴科长")
    asked = Question("孙科长", "D01局", Span(date(2020, 12, 1), date(2020, 12, 1)))

    change(case, "周科长")

    answer = ask_freeze(asked=asked, by=make_account(Role.PERSONNEL), at=LATER)
    assert (answer.verdict, answer.on_other_days) == (Verdict.FREE, ())


def test_a_freeze_ends_on_the_day_of_the_change_here_not_in_greenwich():
    case = published()
    chosen, at = Tenure.objects.get(name="周科长"), datetime(2020, 7, 14, 23, 30, tzinfo=UTC)

    change_responsible(case_id=case.pk, tenure_id=chosen.pk, reason="查明", by=make_account(), at=at)

    assert case.freezes.get(person_name="孙科长").lifted_on == date(2020, 7, 15)

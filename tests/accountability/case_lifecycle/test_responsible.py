"""The responsible head: from the frozen roster or named by the commission, and never a retired one."""

from datetime import date

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.responsible import change_responsible, heads_in_period
from accountability.cases.rules.measures import MeasureKind, MeasureState
from accountability.promotion_freezes.models import PromotionFreeze
from departments.models import Leaving, Tenure
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import LATER, NOON, make_account, make_counted_round

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


def test_a_freeze_is_not_moved_to_a_retired_head():
    case = published()
    Tenure.objects.filter(name="周科长").update(ends_on=date(2020, 6, 30), leaving=Leaving.RETIRED)

    with pytest.raises(RuleViolation, match="已于2020年6月30日退休，不能登记影响期"):
        change(case, "周科长")

    case.refresh_from_db()
    assert case.head_name == "孙科长"

"""Cases from publication to closing; archiving the round."""

from datetime import date
from unittest.mock import patch

import pytest

from accountability.case_lifecycle.queries import read_cases
from accountability.case_lifecycle.services.cases import close_case, publish_and_start
from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.cases.services import record_measure
from accountability.inspections.models import Order
from accountability.inspections.rules import Conclusion, InspectionState, OrderState
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import ItemState, RectificationState
from departments.models import DepartmentKind
from evaluations.lifecycle.services import archive_round
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import (
    LATER,
    NOON,
    TODAY,
    make_account,
    make_bare_round,
    make_case,
    make_counted_round,
    make_inspection,
    make_measure,
    make_rectification,
    make_result,
    make_tally,
)

pytestmark = pytest.mark.django_db


def published(**fields):
    round_ = make_counted_round(**fields)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    round_.refresh_from_db()
    return round_


def test_publishing_opens_a_case_per_listed_section():
    round_ = published()

    assert round_.state == RoundState.PUBLISHED
    assert list(Case.objects.order_by("result__rank").values_list("result__rank", flat=True)) == list(range(1, 11))


def test_a_case_holds_the_measures_of_the_rule_in_order():
    published(places=1)

    kinds = list(Case.objects.get().measures.values_list("kind", flat=True))
    assert kinds == ["notice", "talk_leader", "talk_head", "freeze", "assessment", "bonus"]


def test_the_freeze_runs_from_the_day_of_publication():
    published(places=1)

    freeze = PromotionFreeze.objects.get()
    assert (freeze.starts_on, freeze.ends_on, freeze.person_name) == (TODAY, date(2020, 10, 10), "孙科长")
    assert list(PromotionFreeze.objects.in_force(TODAY)) == [freeze]


@pytest.mark.parametrize("section", [{"is_vertical": True}, {"department_kind": DepartmentKind.UTILITY}])
def test_a_unit_with_a_superior_gets_no_freeze(section):
    round_ = make_bare_round()
    make_result(round_, "D30-01", section=section)
    make_tally(round_)

    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    assert not PromotionFreeze.objects.exists()
    assert Measure.objects.filter(kind=MeasureKind.CIRCULAR).count() == 1


def test_publishing_and_opening_are_each_logged_once():
    published()

    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["publish.approve", "acc.open"]


def test_a_failure_while_opening_cases_rolls_the_publication_back():
    round_ = make_counted_round()

    with (
        patch.object(PromotionFreeze.objects, "bulk_create", side_effect=OSError),
        pytest.raises(OSError),
    ):
        publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    round_.refresh_from_db()
    assert round_.state == RoundState.REVIEW
    assert not any(model.objects.exists() for model in (Publication, Case, Measure, AuditEntry))


def test_a_published_round_cannot_be_published_again():
    round_ = published()

    with pytest.raises(RuleViolation, match="已公示"):
        publish_and_start(round_id=round_.pk, by=make_account(), at=LATER)

    assert Case.objects.count() == 10


@pytest.mark.parametrize("role", [Role.CLERK, Role.CHIEF, Role.PERSONNEL])
def test_only_the_commission_publishes(role):
    round_ = make_counted_round()

    with pytest.raises(Denied):
        publish_and_start(round_id=round_.pk, by=make_account(role), at=NOON)

    assert not Case.objects.exists()


def test_two_certain_top_places_in_a_row_raise_the_removal_prompt():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    published(places=3)

    assert Measure.objects.filter(kind=MeasureKind.REMOVAL_PROMPT).count() == 3


def test_a_head_who_came_between_the_two_rounds_is_not_proposed_for_removal():
    earlier = make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    earlier.sections.filter(code="D01-01").update(head_name="前任")
    published(places=3)

    prompts = Measure.objects.filter(kind=MeasureKind.REMOVAL_PROMPT)
    assert "D01-01" not in prompts.values_list("case__result__section__code", flat=True)
    assert prompts.count() == 2


def test_the_rulebook_can_switch_the_prompt_off():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    published(places=3, rulebook=default_rulebook() | {"repeat_prompt": False, "sample_audit": False})

    assert not Measure.objects.filter(kind=MeasureKind.REMOVAL_PROMPT).exists()


def test_a_section_listed_again_within_a_year_is_summoned_by_its_unit():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    published(places=2)

    again, first = (set(case.measures.values_list("kind", flat=True)) for case in Case.objects.order_by("result__rank"))
    assert again - first == {MeasureKind.SUMMONS, MeasureKind.REMOVAL_PROMPT}


def test_an_earlier_rulebook_opens_its_cases_without_steps():
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    rules = {key: value for key, value in default_rulebook().items() if key != "repeat_steps"}
    published(places=1, rulebook=rules | {"sample_audit": False})

    assert not Measure.objects.filter(kind=MeasureKind.SUMMONS).exists()


def test_a_list_without_sections_opens_no_case():
    round_ = make_bare_round()
    make_result(round_, "D01-01", rank=None)
    make_tally(round_)

    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    assert not Case.objects.exists()


def test_a_case_with_a_measure_still_open_is_not_closed():
    case = make_case()
    make_measure(case, "notice", responsible="评议办")

    with pytest.raises(RuleViolation) as refusal:
        close_case(case_id=case.pk, by=make_account(), at=LATER)

    assert refusal.value.reasons == (
        "“对科室负责人谈话提醒”尚未登记办理情况（责任单位：D01局党委（党组））。",
        "“公示曝光”尚未登记办理情况（责任单位：评议办）。",
    )
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_a_case_with_all_measures_recorded_is_closed():
    case, commission = make_case(kind="notice"), make_account()
    record_measure(measure_id=case.measures.get().pk, done_on=TODAY, record="已谈话", by=commission, at=LATER)

    close_case(case_id=case.pk, by=commission, at=LATER)

    case.refresh_from_db()
    assert (case.state, case.closed_at) == (CaseState.CLOSED, LATER)
    assert AuditEntry.objects.filter(action="acc.close").count() == 1


def recorded_case():
    """A case all of whose measures are recorded."""
    case = make_case(kind="notice")
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已刊登")
    return case


def test_a_case_whose_rectification_is_not_closed_stays_open_and_names_what_is_missing():
    case = recorded_case()
    row = make_rectification(case, items=2)
    first, second = row.items.all()
    close_item_of(first)

    with pytest.raises(RuleViolation) as refusal:
        close_case(case_id=case.pk, by=make_account(), at=LATER)

    assert refusal.value.reasons == (
        f"整改第2项“{second.problem}”尚未销号（整改中）。",
        "整改报告尚未报送。",
    )
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def close_item_of(item):
    item.state, item.closed_on, item.accepted_by = ItemState.CLOSED, TODAY, make_account(Role.CHIEF)
    item.save()


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        (RectificationState.AWAITED, "整改方案尚未报送"),
        (RectificationState.RETURNED, "整改方案已退回，尚未重新报送"),
        (RectificationState.SUBMITTED, "整改方案尚未审核"),
        (RectificationState.ESCALATED, "尚无处理意见"),
    ],
)
def test_closing_is_not_even_proposed_before_the_rectification_is_under_way(state, missing):
    case = recorded_case()
    make_rectification(case, state=state)

    with pytest.raises(RuleViolation, match=missing):
        approvals.propose("case.close", case, by=make_account(Role.CHIEF), at=LATER)

    assert not Approval.objects.exists()


@pytest.mark.parametrize("state", [RectificationState.CLOSED, RectificationState.CANCELLED])
def test_a_case_is_closed_once_its_rectification_is(state):
    case = recorded_case()
    make_rectification(case, state=state, closed_on=TODAY if state == RectificationState.CLOSED else None)

    close_case(case_id=case.pk, by=make_account(), at=LATER)

    case.refresh_from_db()
    assert case.state == CaseState.CLOSED


def test_a_round_with_a_rectification_still_running_is_not_archived():
    case = make_case(state=CaseState.CLOSED, closed_at=LATER)
    make_rectification(case)

    with pytest.raises(RuleViolation, match=f"尚有1件整改未销号：{case}（整改中）"):
        archive_round(round_id=case.result.round_id, by=make_account(), at=LATER)

    assert Round.objects.get().state == RoundState.PUBLISHED


def test_the_approver_reads_measures_and_rectification_and_what_follows():
    case = recorded_case()
    make_rectification(case, state=RectificationState.CLOSED, closed_on=TODAY)

    proposed = approvals.propose("case.close", case, by=make_account(Role.CHIEF), at=LATER)

    assert "已刊登" in proposed.content["措施"][0]
    assert proposed.content["整改"] == "已销号，2020年7月10日"
    assert "不能再改动" in proposed.content["办理后果"]


def test_a_closed_case_is_not_closed_again():
    case = make_case(state=CaseState.CLOSED, closed_at=LATER)

    with pytest.raises(RuleViolation, match="已办结"):
        close_case(case_id=case.pk, by=make_account(), at=LATER)


@pytest.mark.parametrize("role", [Role.CLERK, Role.CHIEF, Role.PERSONNEL])
def test_only_the_commission_closes_a_case(role):
    case = make_case()
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已谈话")

    with pytest.raises(Denied):
        close_case(case_id=case.pk, by=make_account(role), at=LATER)


def test_a_round_with_an_open_case_is_not_archived():
    case = make_case()

    with pytest.raises(RuleViolation, match="尚有1件问责事项未办结"):
        archive_round(round_id=case.result.round_id, by=make_account(), at=LATER)

    assert Round.objects.get().state == RoundState.PUBLISHED


def test_archiving_is_not_even_proposed_while_a_case_is_open():
    case = make_case()

    with pytest.raises(RuleViolation, match="尚有1件问责事项未办结"):
        approvals.propose("round.archive", case.result.round, by=make_account(Role.CHIEF), at=LATER)

    assert not Approval.objects.exists()


def test_a_round_with_a_finding_that_nobody_ordered_to_mend_is_not_archived():
    case = make_case(state=CaseState.CLOSED, closed_at=LATER)
    visit = make_inspection(case.result.section, state=InspectionState.APPROVED, conclusion=Conclusion.BY_DATE)
    unordered = f"尚有1次暗访发现的问题没有责令整改或者没有复查：{visit.section}。"

    with pytest.raises(RuleViolation, match=unordered):
        archive_round(round_id=case.result.round_id, by=make_account(), at=LATER)


@pytest.mark.parametrize(("state", "orders"), [(OrderState.ISSUED, 1), (OrderState.REPLIED, 1), (OrderState.PASSED, 0)])
def test_a_round_is_archived_once_every_order_was_checked(state, orders):
    case = make_case(state=CaseState.CLOSED, closed_at=LATER)
    visit = make_inspection(case.result.section, state=InspectionState.APPROVED, conclusion=Conclusion.BY_DATE)
    facts = {"demand": "公开办事流程", "due_on": LATER.date(), "issued_by": make_account(Role.CHIEF), "issued_at": NOON}
    Order.objects.create(inspection=visit, state=state, **facts)

    assert len(read_cases(case.result.round)["open_orders"]) == orders


def test_a_round_whose_cases_are_closed_is_archived():
    case = make_case(state=CaseState.CLOSED, closed_at=LATER)

    archive_round(round_id=case.result.round_id, by=make_account(), at=LATER)

    assert Round.objects.get().state == RoundState.CLOSED


def test_the_rounds_page_says_which_cases_archiving_waits_for(client):
    case = make_case()
    client.force_login(make_account(Role.CHIEF))

    shown = next_step(client, case.result.round)

    assert f"尚有1件问责事项未办结：{case}，请先办结。" in shown
    assert f"result__round__id__exact={case.result.round.pk}" in shown
    assert "条件已具备" not in shown


@pytest.mark.parametrize(("role", "may"), [(Role.CHIEF, True), (Role.COMMISSION, False), (Role.CLERK, False)])
def test_the_rounds_page_leads_to_the_archive_once_all_cases_are_closed(client, settings, role, may):
    settings.TWO_PERSON_RULE = True
    round_ = make_case(state=CaseState.CLOSED, closed_at=LATER).result.round
    client.force_login(make_account(role))

    shown = next_step(client, round_)

    assert "条件已具备" in shown
    assert (f'action="/commission/{round_.key}/archive/"' in shown) is may
    assert ("这一步由评议办负责人办理" in shown) is not may
    assert "纪委监委办理" not in shown


def next_step(client, round_):
    page = client.get(f"/admin/evaluations/round/{round_.pk}/change/").content.decode()
    return page.partition('class="next"')[2].partition("</section>")[0]

"""What is proposed waits for whoever approves it: nobody is asked to propose it again, in no list and on no page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accountability.cases.rules.deadlines import Urgency
from accountability.cases.rules.measures import CaseState
from accountability.worklist.pages import home_page
from accountability.worklist.queries.items import work_items_of
from accountability.worklist.services import send_reminders, set_address
from evaluations.lifecycle.approvals import start_settlement
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.approvals import DECLARE
from nanchuan_eval.workdays.models import CompleteYear
from tests.accountability.factories import LATER, NOON, make_account, make_bare_round, make_case
from tests.factories import make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(settings):
    """Turn the two-person rule on."""
    settings.TWO_PERSON_RULE = True


@pytest.fixture
def settled(two):
    """Propose a draft's plan: (round, proposer, colleague, approver)."""
    round_ = make_round(state=RoundState.DRAFT)
    clerk, colleague = make_account(Role.CLERK, name="王五"), make_account(Role.CLERK, name="赵六")
    chief = make_account(Role.CHIEF, name="李四")
    start_settlement(round_id=round_.pk, by=clerk, at=timezone.now())
    return round_, clerk, colleague, chief


def read(user, address):
    client = Client()
    client.force_login(user)
    return client.get(address).content.decode()


def own(user):
    return " ".join(item.what for item in work_items_of(user) if not item.waits_for)


def of_others(user):
    return [item for item in work_items_of(user) if item.waits_for]


def test_what_is_proposed_waits_for_no_clerk_any_more(settled):
    _, clerk, colleague, _ = settled

    assert "审定" not in own(clerk)
    assert "审定" not in own(colleague)


def test_the_colleague_reads_who_proposed_it_and_who_approves(settled):
    _, clerk, colleague, _ = settled

    (mine,), (theirs,) = of_others(clerk), of_others(colleague)
    shown = read(colleague, reverse("home"))

    assert (mine.what, mine.asked_by) == (theirs.what, "")
    assert theirs.asked_by == "王五"
    assert theirs.waits_for == "评议办负责人（李四）"
    assert "王五已提请，等待评议办负责人（李四）" in shown


def test_the_rounds_page_asks_for_no_second_proposal(settled):
    round_, clerk, *_ = settled

    page = read(clerk, reverse("admin:evaluations_round_change", args=[round_.pk]))

    assert "请提请审定方案" not in page
    assert reverse("admin:round-settle", args=[round_.pk]) not in page
    assert "尚待审批" in page
    assert "王五已提请，等待评议办负责人（李四）审批" in page


def test_the_page_of_the_act_shows_the_proposal_instead_of_its_form(settled):
    round_, _, colleague, _ = settled

    page = read(colleague, reverse("admin:round-settle", args=[round_.pk]))

    assert "等待评议办负责人审批" in page
    assert "<button" not in page.partition('id="content"')[2].partition("</main>")[0]


def test_a_second_proposal_is_refused_with_who_made_the_first(settled):
    round_, _, colleague, _ = settled

    with pytest.raises(RuleViolation, match="王五已经提请，等待评议办负责人审批"):
        start_settlement(round_id=round_.pk, by=colleague, at=NOON)


def test_a_grant_that_is_proposed_is_not_asked_for_again(two):
    security, newcomer = make_account(Role.SECURITY_ADMIN), make_account("", name="新人")
    assert "新人）尚无角色" in own(security)
    role = Role.COMMISSION
    name = accounts.grant_action(newcomer, role)
    approvals.propose(name, newcomer, by=security, at=timezone.now(), role=role, unit_code="", reason="到岗")

    assert "新人" not in own(security)
    assert [item.waits_for for item in of_others(security)]


def test_a_year_that_is_declared_is_not_asked_for_again(two):
    clerk, colleague = make_account(Role.CLERK), make_account(Role.CLERK)
    year = timezone.localdate().year
    CompleteYear.objects.filter(year=year).delete()
    approvals.propose(DECLARE, kind_of(CompleteYear), by=clerk, at=timezone.now(), year=year)

    page = read(colleague, reverse("admin:holidays-declare", args=[year]))

    assert f"确认{year}年节假日已录全" not in own(colleague)
    assert "等待评议办负责人审批" in page
    assert "<button" not in page.partition('id="content"')[2].partition("</main>")[0]


def test_proposals_have_no_deadline_and_stand_on_top_with_their_day(settled):
    *_, chief = settled

    group = home_page(chief, timezone.now()).groups[0]
    (item,) = group.items
    shown = read(chief, reverse("home"))

    assert group.urgency == Urgency.DECIDE
    assert item.due_on is None
    assert item.asked_on == timezone.localdate()
    assert "待审批（1件）" in shown
    assert "今日到期" not in shown
    today = timezone.localdate()
    assert f"{today.month}月{today.day}日提请" in shown


def test_what_came_back_stands_apart_from_what_is_dated(settled):
    round_, clerk, _, chief = settled
    (waiting,) = approvals.waiting_about(chief, round_)
    approvals.send_back(approval_id=waiting.approval.pk, note="时间有误", by=chief, at=timezone.now())

    group = home_page(clerk, timezone.now()).groups[0]

    assert group.urgency == Urgency.RETURNED
    assert "时间有误" in group.items[0].what


def test_a_proposal_is_mailed_once_to_whoever_decides(settled):
    *_, chief = settled
    set_address(email="chief@example.cn", by=chief, at=NOON)

    assert [send_reminders(at=timezone.now())[0] for _ in range(2)] == [1, 0]


def test_the_rounds_card_names_who_it_waits_for(settled):
    _, _, _, chief = settled

    (card,) = home_page(chief, timezone.now()).rounds

    assert card.next_by == "王五已提请，等待评议办负责人审批"


def test_what_was_returned_stands_once_and_is_gone_once_it_is_proposed_again(settled):
    round_, clerk, _, chief = settled
    (waiting,) = approvals.waiting_about(chief, round_)
    approvals.send_back(approval_id=waiting.approval.pk, note="时间有误", by=chief, at=timezone.now())
    assert own(clerk).count("审定") == 1

    again = start_settlement(round_id=round_.pk, by=clerk, at=timezone.now())
    approvals.approve(approval_id=again.pk, by=chief, at=timezone.now())

    assert "时间有误" not in own(clerk)


def test_a_step_is_late_in_the_list_when_it_is_late_in_the_calendar(two):
    at = timezone.now()
    make_round(state=RoundState.DRAFT, opens_at=at + timedelta(days=3), closes_at=at + timedelta(days=17))
    clerk = make_account(Role.CLERK)

    page = home_page(clerk, at)
    late = next(line.on for line in page.calendars[0].open if line.key == "freeze")
    dues = {item.due_on for item in work_items_of(clerk, at=at) if item.key.startswith(("lack-", "step-"))}

    assert dues == {late}


@pytest.mark.parametrize("role", [Role.CLERK, Role.CHIEF, Role.COMMISSION])
def test_archiving_waits_for_open_cases_and_then_for_the_chief_alone(two, role):
    case = make_case(make_bare_round(state="published"))
    user, address = make_account(role), reverse("admin:evaluations_round_change", args=[case.result.round_id])
    assert "尚有1件问责事项未办结" in read(user, address)
    case.state, case.closed_at = CaseState.CLOSED, LATER
    case.save()

    step = read(user, address).partition('class="next"')[2].partition("</section>")[0]

    assert "条件已具备" in step
    assert "问责事项" not in step
    assert ("<button" in step) == (role == Role.CHIEF)
    assert ("这一步由评议办负责人办理" in step) == (role != Role.CHIEF)

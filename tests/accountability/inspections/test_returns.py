"""Orders to be checked: who has them in their list, what a return visit shows, what a submission hands in."""

from datetime import date, timedelta

import pytest

from accountability.evidence.services.evidence import add_evidence, may_add, may_see
from accountability.inspections.rules import OrderState
from accountability.inspections.services import changes, orders
from accountability.inspections.services.plans import assign_inspectors
from accountability.worklist.queries.items import work_items_of
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_file, make_item, make_liaison, make_rectification
from tests.accountability.inspections.factories import approve, chief, make_inspectors, make_visit, one_of, save, submit

pytestmark = pytest.mark.django_db
RETURN_ON = date(2020, 7, 27)


@pytest.fixture
def order():
    """An order to which the unit has replied."""
    visit = make_visit()
    approve(visit)
    found = orders.issue_order(inspection_id=visit.pk, demand="改进态度", due_on=None, by=chief(), at=LATER)
    return orders.reply_order(order_id=found.pk, reply="已培训全体人员", by=make_liaison(), at=LATER)


def sent_back(order):
    """A return visit with inspectors of its own."""
    again = orders.schedule_return(order_id=order.pk, visit_on=RETURN_ON, by=chief(), at=LATER)
    ids = [person.pk for person in make_inspectors()]
    return assign_inspectors(inspection_id=again.pk, inspector_ids=ids, by=chief(), at=LATER)


def items(account, key):
    return [item for item in work_items_of(account, at=LATER) if item.key.rpartition("-")[0] == key]


def text_of(client, account, address):
    client.force_login(account)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_replied_order_waits_for_the_chief_with_the_term_of_its_check(order):
    (item,) = items(chief(), "replied")

    assert item.what.endswith("已反馈责令整改，安排回访复查")
    assert item.due_on == LATER.date() + timedelta(days=60)
    assert item.story == "/work/sections/D01-01/"


def test_the_commission_keeps_it_in_sight_until_it_is_checked(order):
    again = sent_back(order)
    (item,) = items(make_account(), "replied-watch")
    assert item.waits_for == Role.CHIEF.label
    assert not items(chief(), "replied")

    again.visit_on = date(2020, 7, 18)
    again.save()
    approve(again, conclusion="sound", findings=[])

    assert not items(make_account(), "replied-watch")


def test_an_order_left_unanswered_past_its_term_waits_too(order):
    order.state, order.reply, order.replied_at, order.due_on = OrderState.ISSUED, "", None, date(2020, 7, 15)
    order.save()

    (item,) = items(chief(), "replied")

    assert item.what.endswith("逾期未反馈责令整改，安排回访复查")
    assert item.due_on == date(2020, 7, 15)


def test_the_form_of_a_return_visit_shows_what_was_ordered_and_replied(client, order, time_machine):
    time_machine.move_to(LATER)

    page = text_of(client, chief(), f"/work/orders/{order.pk}/return/")

    for words in ("不起身、不抬头（较重）", "改进态度", "2020年8月10日", "已培训全体人员", "2020年7月20日反馈"):
        assert words in page
    assert 'name="visit_on"' in page


def test_no_return_visit_is_offered_while_the_unit_may_still_reply(client, order, time_machine):
    order.state, order.reply, order.replied_at = OrderState.ISSUED, "", None
    order.save()
    page = f"/work/orders/{order.pk}/"

    time_machine.move_to(LATER)
    assert f"{page}return/" not in text_of(client, chief(), page)
    refused = text_of(client, chief(), f"{page}return/")
    assert "单位尚未反馈，整改期限2020年8月10日" in refused
    assert 'name="visit_on"' not in refused
    with pytest.raises(RuleViolation, match="单位尚未反馈"):
        orders.schedule_return(order_id=order.pk, visit_on=RETURN_ON, by=chief(), at=LATER)

    time_machine.move_to(LATER + timedelta(days=22))
    assert f"{page}return/" in text_of(client, chief(), page)
    assert "单位尚未反馈" in text_of(client, chief(), f"{page}return/")


@pytest.mark.parametrize(("on", "message"), [(date(2020, 7, 17), "不能早于今天"), (date(2020, 7, 25), "不是工作日")])
def test_a_return_visit_is_on_a_coming_working_day(order, on, message):
    with pytest.raises(RuleViolation, match=message):
        orders.schedule_return(order_id=order.pk, visit_on=on, by=chief(), at=LATER)


def test_no_second_return_visit_is_offered_before_the_first_is_settled(client, order):
    page = f"/work/orders/{order.pk}/"
    assert f"{page}return/" in text_of(client, chief(), page)

    sent_back(order)

    assert f"{page}return/" not in text_of(client, chief(), page)
    assert "已安排回访复查，尚未审定" in text_of(client, chief(), f"{page}return/")


def test_a_cancelled_return_visit_puts_the_order_back_into_the_list(order):
    again = sent_back(order)
    assert not items(chief(), "replied")

    changes.cancel_visit(inspection_id=again.pk, reason="督查员生病", by=chief(), at=LATER)

    assert items(chief(), "replied")
    orders.schedule_return(order_id=order.pk, visit_on=RETURN_ON, by=chief(), at=LATER)


def test_the_inspector_reads_that_it_is_a_return_visit(order):
    again = sent_back(order)

    assert [item.what for item in work_items_of(one_of(again), at=LATER)] == ["回访复查：D01局第D01-01科"]


@pytest.mark.parametrize("role", ["inspector", "chief"])
def test_a_return_visit_shows_finding_order_term_reply_and_files(client, order, role, settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path
    first = order.inspection
    first.state = "assigned"
    first.save()
    add_evidence(subject=first, upload=make_file(name="现场.png"), by=one_of(first), at=LATER)
    again = sent_back(order)

    page = text_of(client, one_of(again) if role == "inspector" else chief(), f"/inspection/{again.pk}/")

    for words in ("不起身、不抬头（较重）", "改进态度", "2020年8月10日", "已培训全体人员", "现场.png"):
        assert words in page
    if role == "inspector":
        assert page.index("已培训全体人员") < page.index('name="check-first_asked"')


def test_inspectors_of_the_return_visit_view_the_files_before_but_add_none(order, settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path
    first = order.inspection
    first.state = "assigned"
    first.save()
    file = add_evidence(subject=first, upload=make_file(), by=one_of(first), at=LATER)
    again = sent_back(order)

    assert may_see(one_of(again), file)
    assert not may_add(one_of(again), first)
    assert not may_see(make_account(Role.INSPECTOR), file)


def test_the_list_of_orders_is_for_chief_commission_and_the_own_unit(client, order):
    for account in (chief(), make_account(), make_liaison()):
        assert "已反馈，待回访复查" in text_of(client, account, "/work/orders/")
    assert "已反馈，待回访复查" not in text_of(client, make_liaison("D02"), "/work/orders/").partition("<table")[2]
    for role in (Role.CLERK, Role.AUDITOR, Role.INSPECTOR):
        client.force_login(make_account(role))
        assert client.get("/work/orders/").status_code == 403


def test_a_unit_does_not_learn_the_day_of_the_return_visit(client, order):
    sent_back(order)

    for address in ("/work/orders/", f"/work/orders/{order.pk}/"):
        assert "7月27日" not in text_of(client, make_liaison(), address)
        assert "7月27日" in text_of(client, chief(), address)


class TestBeforeSubmission:
    """The page before a record is submitted."""

    def test_says_every_finding_check_and_file_that_is_handed_in(self, client):
        visit = make_visit()
        row = make_rectification(visit.section.result.case, items=0)
        done, undone = (
            make_item(row, position=1, problem="电话无人接"),
            make_item(row, position=2, problem="材料说不清"),
        )
        visit.rectification = row
        visit.save()
        save(visit, items={done.pk: True, undone.pk: False})

        page = text_of(client, one_of(visit), f"/inspection/{visit.pk}/submit/")

        assert "提交的暗访发现（1项）" in page
        assert "不起身、不抬头（较重）" in page
        assert "提交的整改复查（2项）" in page
        assert "电话无人接：整改到位" in page
        assert "材料说不清：整改不到位" in page
        assert "0个文件" in page

    def test_says_nothing_of_the_order_before_there_is_a_conclusion(self, client, order):
        again = sent_back(order)

        assert "原责令整改通知记为" not in text_of(client, one_of(again), f"/inspection/{again.pk}/submit/")

    def test_shows_what_is_missing_instead_of_the_form(self, client):
        visit = make_visit()

        page = text_of(client, one_of(visit), f"/inspection/{visit.pk}/submit/")

        assert "请填写现场情况" in page
        assert 'name="lead"' not in page

    @pytest.mark.parametrize(("conclusion", "state"), [("sound", "回访复查通过"), ("by_date", "回访复查未通过")])
    def test_says_what_the_return_visit_makes_of_the_order(self, client, order, conclusion, state):
        again = sent_back(order)
        again.visit_on = date(2020, 7, 18)
        again.save()
        save(again, conclusion=conclusion, findings=[] if conclusion == "sound" else [("COLD-1", "1")])

        assert f"原责令整改通知记为“{state}”" in text_of(client, one_of(again), f"/inspection/{again.pk}/submit/")


def test_a_submitted_record_is_shown_with_what_it_checked(client, order):
    again = sent_back(order)
    again.visit_on = date(2020, 7, 18)
    again.save()
    submit(again)

    assert "回访复查的责令整改" in text_of(client, chief(), f"/inspection/{again.pk}/")

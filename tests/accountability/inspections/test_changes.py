"""Visits that are moved, cancelled or scheduled afterwards; what a plan still has to visit."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.evidence.services.evidence import add_evidence
from accountability.inspections.models import Inspection, VisitChange
from accountability.inspections.queries import left_uncovered
from accountability.inspections.rules import InspectionState, is_missed, uncovered
from accountability.inspections.services import changes
from accountability.inspections.services.plans import assign_inspectors, finish_plan
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from nanchuan_eval.workdays.rules import in_chinese
from tests.accountability.factories import LATER, make_account, make_file
from tests.accountability.inspections.factories import approve, chief, make_inspectors, make_visit, one_of, save, submit

pytestmark = pytest.mark.django_db
MONDAY, SATURDAY = date(2020, 7, 27), date(2020, 7, 25)


@pytest.fixture
def visit():
    return make_visit()


def move(visit, on=MONDAY, reason="窗口搬迁", by=None):
    return changes.move_visit(inspection_id=visit.pk, visit_on=on, reason=reason, by=by or chief(), at=LATER)


def cancel(visit, reason="科室停办业务", by=None):
    return changes.cancel_visit(inspection_id=visit.pk, reason=reason, by=by or chief(), at=LATER)


def names_uncovered(plan):
    return [each.section.code for each in left_uncovered(plan, plan.inspections.select_related("section"))]


def test_a_moved_visit_keeps_its_first_day_and_the_reason(visit):
    before = visit.visit_on

    change = move(visit)

    visit.refresh_from_db()
    assert (visit.visit_on, visit.state) == (MONDAY, InspectionState.ASSIGNED)
    assert (change.from_on, change.to_on) == (before, MONDAY)
    assert str(change) == "由2020年7月10日改至2020年7月27日：窗口搬迁"
    entry = AuditEntry.objects.get(detail__step_label="暗访改期")
    assert (entry.reason, entry.detail["to"]) == ("窗口搬迁", "2020-07-27")


@pytest.mark.parametrize(
    ("on", "reason", "message"),
    [
        (date(2020, 7, 17), "窗口搬迁", "不能早于今天"),
        (SATURDAY, "窗口搬迁", "不是工作日"),
        (MONDAY, " ", "请填写理由"),
    ],
)
def test_a_visit_is_moved_to_a_coming_working_day_with_a_reason(visit, on, reason, message):
    with pytest.raises(RuleViolation, match=message):
        move(visit, on, reason)

    visit.refresh_from_db()
    assert visit.visit_on == date(2020, 7, 10)
    assert not VisitChange.objects.exists()


def test_a_cancelled_visit_covers_nothing_until_another_is_scheduled(visit):
    plan, code = visit.plan, visit.section.code
    assert names_uncovered(plan) == []

    cancel(visit)

    assert names_uncovered(plan) == [code]
    again = changes.add_visit(plan_id=plan.pk, code=code, visit_on=MONDAY, by=chief(), at=LATER)
    assert (again.target, again.state) == ("listed", InspectionState.PLANNED)
    assert names_uncovered(plan) == []
    with pytest.raises(RuleViolation, match="已有暗访安排"):
        changes.add_visit(plan_id=plan.pk, code=code, visit_on=MONDAY, by=chief(), at=LATER)


def test_a_cancelled_visit_takes_no_record_no_inspectors_and_no_other_day(visit):
    cancel(visit)

    with pytest.raises(RuleViolation, match="已取消，不能填写"):
        save(visit)
    with pytest.raises(RuleViolation, match="已取消"):
        ids = [person.pk for person in make_inspectors()]
        assign_inspectors(inspection_id=visit.pk, inspector_ids=ids, by=chief(), at=LATER)
    with pytest.raises(RuleViolation, match="已取消"):
        move(visit)
    with pytest.raises(RuleViolation, match="已取消"):
        cancel(visit)


def test_a_visit_with_a_record_or_a_file_is_neither_moved_nor_cancelled(visit, settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path
    begun, filmed = visit, make_visit_beside(visit)
    save(begun)
    add_evidence(subject=filmed, upload=make_file(), by=one_of(filmed), at=LATER)

    for each in (begun, filmed):
        with pytest.raises(RuleViolation, match="已开始填写"):
            cancel(each)
        with pytest.raises(RuleViolation, match="已开始填写"):
            move(each)
    submit(begun)
    with pytest.raises(RuleViolation, match="已提交"):
        cancel(begun)


def make_visit_beside(visit):
    other = Inspection.objects.create(
        plan=visit.plan, section=visit.section, target="drawn", visit_on=visit.visit_on, state=InspectionState.ASSIGNED
    )
    other.inspectors.set(make_inspectors())
    return other


@pytest.mark.parametrize("role", [Role.COMMISSION, Role.INSPECTOR, Role.CLERK])
def test_only_the_chief_moves_and_cancels(visit, role):
    for act in (move, cancel):
        with pytest.raises(Denied):
            act(visit, by=make_account(role))


def test_a_plan_with_a_cancelled_visit_can_end_and_says_what_was_not_visited(visit):
    other = make_visit_beside(visit)
    approve(other)
    cancel(visit)
    assert names_uncovered(visit.plan) == []  # the other visit went to the same section

    finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)


def test_a_finished_plan_still_names_the_section_whose_visit_was_cancelled(visit):
    cancel(visit)

    plan = finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)

    assert names_uncovered(plan) == [visit.section.code]


def test_a_plan_does_not_end_before_each_of_its_sections_had_a_visit_scheduled(visit):
    plan = visit.plan
    visit.inspectors.clear()
    visit.delete()

    with pytest.raises(RuleViolation, match="1个科室没有安排暗访"):
        finish_plan(plan_id=plan.pk, by=chief(), at=LATER)


@pytest.mark.parametrize(
    ("state", "days", "missed"),
    [("planned", -1, True), ("assigned", -1, True), ("assigned", 0, False), ("submitted", -1, False)],
)
def test_a_day_is_past_once_it_is_over_without_a_record(state, days, missed):
    today = date(2020, 7, 20)

    assert is_missed(state, today + timedelta(days), today) == missed


states = st.sampled_from(InspectionState.values)
codes = st.sampled_from("ABCD")


@given(st.lists(codes, max_size=6), st.lists(st.tuples(codes, states), max_size=6))
def test_a_section_is_covered_exactly_by_a_visit_that_is_not_cancelled(wanted, visits):
    left = uncovered(wanted, visits)

    assert len(left) == len(set(left))
    for code in wanted:
        has_visit = any(code == of and state != InspectionState.CANCELLED for of, state in visits)
        assert (code in left) != has_visit


class TestPages:
    """The plan, the inspector's own list, and the forms."""

    def test_plan_and_own_list_show_past_days_changes_and_what_is_left(self, client, visit, time_machine):
        time_machine.move_to(LATER)
        move(visit)
        time_machine.move_to(LATER + timedelta(days=9))
        other = make_visit_beside(visit)
        cancel(other, reason="重复安排")

        client.force_login(chief())
        plan = client.get(f"/inspection/plans/{visit.plan_id}/").content.decode()
        client.force_login(one_of(visit))
        own = client.get("/inspection/").content.decode()

        for page in (plan, own):
            assert "由2020年7月10日改至2020年7月27日：窗口搬迁" in page
            assert "已过期" in page
        assert "原定2020年7月10日，已取消：重复安排" in plan

    def test_the_chief_moves_cancels_and_schedules_by_form(self, client, visit, time_machine):
        time_machine.move_to(LATER)
        client.force_login(chief())
        plan = f"/inspection/plans/{visit.plan_id}/"

        client.post(f"/inspection/{visit.pk}/move/", {"visit_on": "2020-07-27", "reason": "窗口搬迁"})
        client.post(f"/inspection/{visit.pk}/cancel/", {"reason": "停办"})
        assert "尚未暗访的科室（1个）" in client.get(plan).content.decode()
        client.post(f"{plan}add/{visit.section.code}/", {"visit_on": "2020-07-27"})

        assert [each.state for each in Inspection.objects.order_by("state")] == ["cancelled", "planned"]
        assert "尚未暗访的科室" not in client.get(plan).content.decode()

    def test_a_day_after_the_plans_end_is_marked(self, client, visit, time_machine):
        time_machine.move_to(LATER)
        client.force_login(chief())
        plan = f"/inspection/plans/{visit.plan_id}/"
        last = in_chinese(visit.plan.ends_on)
        assert "晚于计划结束日期" not in client.get(plan).content.decode()
        assert f"至{last}（晚于结束日期的暗访" in client.get(f"/inspection/{visit.pk}/move/").content.decode()

        late = visit.plan.ends_on + timedelta(days=35)
        Inspection.objects.filter(pk=visit.pk).update(visit_on=late)

        assert "晚于计划结束日期" in client.get(plan).content.decode()
        Inspection.objects.filter(pk=visit.pk).update(target="return")
        assert "晚于计划结束日期" not in client.get(plan).content.decode()

    def test_a_form_that_would_be_refused_is_not_shown(self, client, visit, time_machine):
        time_machine.move_to(LATER)
        save(visit)
        client.force_login(chief())

        page = client.get(f"/inspection/{visit.pk}/cancel/").content.decode()

        assert "现在不能办理" in page
        assert 'name="reason"' not in page

    @pytest.mark.parametrize("role", [Role.CLERK, Role.LIAISON, Role.AUDITOR])
    @pytest.mark.parametrize("address", ["/inspection/{pk}/move/", "/inspection/{pk}/cancel/"])
    def test_the_forms_do_not_exist_for_others(self, client, visit, role, address):
        client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

        assert client.get(address.format(pk=visit.pk)).status_code == 404

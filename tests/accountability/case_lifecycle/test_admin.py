"""Admin pages of cases and promotion freezes."""

from datetime import date

import pytest

from accountability.case_lifecycle.forms import HINTS, RecordForm, WaiverForm
from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import TALKS, MeasureKind, MeasureState
from accountability.cases.services import record_measure
from accountability.promotion_freezes.models import PromotionFreeze
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    NOON,
    TODAY,
    make_account,
    make_case,
    make_counted_round,
    make_measure,
    make_rectification,
)
from tests.pages import page_in

pytestmark = pytest.mark.django_db
LIST = "/admin/accountability/case/"
FREEZES = "/admin/accountability/promotionfreeze/"
MAY_SEE = {Role.CHIEF, Role.COMMISSION, Role.PERSONNEL}
DESK = [Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.PERSONNEL, Role.SYSTEM_ADMIN, Role.AUDITOR]


def login(client, role=Role.COMMISSION):
    client.force_login(make_account(role))


def text_of(response):
    return response.content.decode()


def freeze_of(case):
    return PromotionFreeze.objects.create(
        case=case, person_name="孙科长", post="D01局负责人", starts_on=TODAY, ends_on=date(2020, 10, 10)
    )


@pytest.mark.parametrize("role", DESK)
@pytest.mark.parametrize("address", [LIST, FREEZES, LIST + "{pk}/change/"])
def test_cases_and_freezes_are_seen_by_the_roles_of_the_policy_table(client, role, address):
    case = make_case()
    login(client, role)

    assert client.get(address.format(pk=case.pk)).status_code == (200 if role in MAY_SEE else 403)


@pytest.mark.parametrize("address", ["add/", "{pk}/delete/"])
def test_a_case_is_neither_added_nor_deleted_by_hand(client, address):
    case = make_case()
    login(client)

    assert client.post(LIST + address.format(pk=case.pk)).status_code == 403


@pytest.mark.parametrize("query", ["standing=open", "q=D01"])
def test_the_list_can_be_filtered(client, query):
    make_case()
    login(client)

    assert "D01局第D01-01科" in text_of(client.get(f"{LIST}?{query}"))


@pytest.mark.parametrize("places", [2, 12])
def test_the_list_takes_a_constant_number_of_queries(client, places):
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    login(client)

    page_in(client, LIST, queries=8, shows="D01局第D01-01科")


def test_the_case_page_shows_measures_deadlines_and_freeze(client):
    case = make_case()
    freeze_of(case)
    login(client)

    page = text_of(client.get(f"{LIST}{case.pk}/change/"))

    for shown in ("D01局党委（党组）", "2020年7月24日", "孙科长", "2020年10月10日", "登记办理", "办结问责事项"):
        assert shown in page


def test_a_deadline_in_a_year_that_nobody_declared_complete_is_marked_until_it_is_met(client):
    case = make_case()
    login(client)

    assert "2020年节假日尚未确认录全" in text_of(client.get(f"{LIST}{case.pk}/change/"))
    case.measures.update(state="done", done_on=TODAY, record="已谈话")
    assert "尚未确认录全" not in text_of(client.get(f"{LIST}{case.pk}/change/"))


def test_an_unknown_case_is_not_found(client):
    login(client)

    assert client.get(f"{LIST}99/change/").status_code == 404
    assert client.get(f"{LIST}x/change/").status_code == 404


@pytest.mark.parametrize("kind", sorted(set(MeasureKind) - TALKS))
def test_every_form_hints_at_its_own_measure(client, kind):
    measure = make_measure(make_case(), kind)
    form = RecordForm(kind=kind)
    hints = form["record"].help_text, WaiverForm(kind=kind)["reason"].help_text

    assert all(hints)
    assert "谈话" not in "".join(hints)
    assert sum(HINTS[kind].record == each.record for each in HINTS.values()) == 1
    if kind == MeasureKind.BONUS:
        client.force_login(make_account(Role.PERSONNEL))
        assert "绩效奖扣减的办法" in text_of(client.get(f"{LIST}measures/{measure.pk}/record/"))


def test_a_measure_is_recorded_through_the_form(client):
    measure = make_case(kind="notice").measures.get()
    login(client)
    address = f"{LIST}measures/{measure.pk}/record/"

    shown = client.get(address)
    answer = client.post(address, {"done_on": "2020-07-12", "record": "已谈话"}, follow=True)

    assert "办理日期" in text_of(shown)
    assert "已保存" in text_of(answer)
    measure.refresh_from_db()
    assert (measure.state, measure.done_on) == (MeasureState.DONE, date(2020, 7, 12))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"done_on": "2020-07-01", "record": "已谈话"}, "不能早于公示日期"),
        ({"done_on": "2020-07-12", "record": ""}, "请填写"),
        ({"done_on": "昨天", "record": "已谈话"}, "日期"),
    ],
)
def test_a_refused_record_shows_the_reason_and_keeps_the_input(client, typed, message):
    measure = make_case(kind="notice").measures.get()
    login(client)

    page = text_of(client.post(f"{LIST}measures/{measure.pk}/record/", typed))

    assert message in page
    assert typed["record"] in page
    measure.refresh_from_db()
    assert measure.state == MeasureState.PENDING


def test_a_measure_is_marked_as_not_applicable_through_the_form(client):
    measure = make_case().measures.get()
    login(client)

    client.post(f"{LIST}measures/{measure.pk}/waive/", {"reason": "科室已撤销"})

    measure.refresh_from_db()
    assert measure.state == MeasureState.NOT_APPLICABLE


@pytest.mark.parametrize("address", ["measures/{}/record/", "measures/{}/waive/"])
def test_a_read_only_role_records_nothing(client, address):
    measure = make_case().measures.get()
    login(client, Role.CHIEF)

    answer = client.post(
        LIST + address.format(measure.pk), {"done_on": "2020-07-12", "record": "已谈话", "reason": "撤销"}
    )

    assert answer.status_code == 403
    assert Measure.objects.get().state == MeasureState.PENDING


def test_personnel_lifts_a_freeze_through_the_form(client):
    freeze = freeze_of(make_case())
    PromotionFreeze.objects.update(ends_on=date(2020, 7, 11))
    login(client, Role.PERSONNEL)

    client.post(f"{LIST}freezes/{freeze.pk}/lift/", {"on": "2020-07-12", "reason": "影响期届满"})

    freeze.refresh_from_db()
    assert freeze.lifted_on == date(2020, 7, 12)


class TestAFreezeNeedsApproval:
    """acc.hold.set: the commission proposes, the organisation department approves."""

    @pytest.fixture(autouse=True)
    def two_person_rule(self, settings):
        settings.TWO_PERSON_RULE = True

    @pytest.fixture
    def measure(self):
        return make_measure(make_case(), MeasureKind.FREEZE)

    def propose(self, client, measure, action="record", **typed):
        login(client)
        typed = typed or {"done_on": "2020-07-12", "record": "已书面通知组织部"}
        return text_of(client.post(f"{LIST}measures/{measure.pk}/{action}/", typed, follow=True))

    def test_the_approval_performs_what_the_commission_proposed(self, client, measure):
        assert "已提请，经另一人审批后生效" in self.propose(client, measure)
        approval = Approval.objects.get()
        assert (approval.content["办理日期"], approval.content["对象"]) == ("2020年7月12日", measure.target)
        measure.refresh_from_db()
        assert measure.state == MeasureState.PENDING

        approvals.approve(approval_id=approval.pk, by=make_account(Role.PERSONNEL), at=LATER)

        measure.refresh_from_db()
        assert (measure.state, measure.record) == (MeasureState.DONE, "已书面通知组织部")

    def test_not_applicable_needs_approval_too(self, client, measure):
        self.propose(client, measure, "waive", reason="已退休")

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(Role.PERSONNEL), at=LATER)

        measure.refresh_from_db()
        assert measure.state == MeasureState.NOT_APPLICABLE

    def test_neither_performs_it_alone(self, client, measure):
        for role in (Role.PERSONNEL, Role.CHIEF):
            login(client, role)
            typed = {"done_on": "2020-07-12", "record": "已通知"}
            assert client.post(f"{LIST}measures/{measure.pk}/record/", typed).status_code == 403
        with pytest.raises(policy.NeedsApproval):
            record_measure(measure_id=measure.pk, done_on=TODAY, record="x", by=make_account(Role.PERSONNEL), at=LATER)

    def test_a_date_before_publication_is_refused_before_it_is_proposed(self, client, measure):
        assert "不能早于公示日期" in self.propose(client, measure, done_on="2020-01-01", record="已通知")
        assert not Approval.objects.exists()

    def test_the_case_shows_pending_proposals(self, client, measure):
        self.propose(client, measure)

        for role, link in ((Role.PERSONNEL, True), (Role.CHIEF, False)):
            login(client, role)
            page = client.get(f"{LIST}{measure.case_id}/change/").content.decode()
            assert "等待组织/考核部门审批" in page
            assert ("去审批" in page) is link


def test_a_case_is_closed_by_its_button(client):
    case = make_case()
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已谈话")
    login(client)

    page = client.post(f"{LIST}{case.pk}/close/", follow=True)

    assert "已办结" in text_of(page)
    assert Case.objects.get().state == "closed"


def test_a_refused_closing_names_the_measures_without_record(client):
    case = make_case()
    make_measure(case, MeasureKind.NOTICE)
    login(client)

    page = text_of(client.post(f"{LIST}{case.pk}/close/", follow=True))

    assert "“公示曝光”尚未登记办理情况" in page
    assert Case.objects.get().state == "open"


def test_a_talk_is_not_recorded_by_a_note(client):
    measure = make_case().measures.get()
    login(client)

    page = text_of(client.post(f"{LIST}measures/{measure.pk}/record/", {"done_on": "2020-07-12", "record": "谈过了"}))

    assert "完整的谈话记录" in page
    assert "谈过了" in page
    measure.refresh_from_db()
    assert measure.state == MeasureState.PENDING


def closable():
    case = make_case()
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已谈话")
    return case


@pytest.mark.parametrize(("two", "role"), [(True, Role.CHIEF), (False, Role.COMMISSION)])
def test_closing_says_what_follows_and_asks_once_where_nobody_else_approves(client, settings, two, role):
    settings.TWO_PERSON_RULE = two
    case = closable()
    login(client, role)

    page = text_of(client.get(f"{LIST}{case.pk}/change/"))

    assert "办理后果" in page
    assert "影响期未满的，继续执行至期满" in page
    assert ('<details class="ask-once">' in page) is not two


def test_the_case_page_says_what_closing_still_lacks(client):
    case = make_case()
    make_rectification(case)
    login(client)

    page = text_of(client.get(f"{LIST}{case.pk}/change/"))

    assert "整改报告尚未报送" in page
    assert f'action="{LIST}{case.pk}/close/"' not in page


def test_the_case_page_names_what_waits_about_its_rectification(client, settings):
    settings.TWO_PERSON_RULE = True
    row = make_rectification(state="submitted", opinion="同意")
    clerk = make_account(Role.CLERK, name="周干事")
    waiting = approvals.propose("rect.plan", row, by=clerk, at=LATER, accepted=True, note="")
    login(client)

    page = text_of(client.get(f"{LIST}{row.case_id}/change/"))

    assert f"提请“{waiting.title}”" in page
    assert "周干事于" in page


def test_a_waiver_says_who_decided_it_on_the_case(client, settings):
    settings.TWO_PERSON_RULE = True
    measure = make_case(kind="notice").measures.get()
    login(client, Role.CHIEF)
    asked = text_of(client.get(f"{LIST}measures/{measure.pk}/waive/"))
    client.post(f"{LIST}measures/{measure.pk}/waive/", {"reason": "科室已撤销"})
    approval = Approval.objects.get()

    approvals.approve(approval_id=approval.pk, by=make_account(name="王书记"), at=LATER)

    assert "这项措施不再办理，不能恢复" in asked
    assert "王书记于2020年7月20日批准；理由：科室已撤销" in text_of(client.get(f"{LIST}{measure.case_id}/change/"))


@pytest.mark.parametrize(("is_two", "button"), [(True, "提请"), (False, "保存")])
@pytest.mark.parametrize("page", ["record", "waive"])
def test_the_button_of_a_proposal_says_that_it_proposes(client, settings, page, is_two, button):
    settings.TWO_PERSON_RULE = is_two
    measure = make_case(kind="freeze").measures.get()
    login(client, Role.COMMISSION if is_two else Role.PERSONNEL)

    assert f'value="{button}"' in text_of(client.get(f"{LIST}measures/{measure.pk}/{page}/"))

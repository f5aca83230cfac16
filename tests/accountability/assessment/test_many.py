"""Many assessments and bonuses recorded in one form, each with its own record; all of them or none."""

import pytest

from accountability.assessment.services import RecordRow, record_measures
from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureState
from accountability.cases.services import record_measure
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import LATER, TODAY, make_account, make_bare_round, make_case, make_measure

pytestmark = pytest.mark.django_db
PAGE = "/personnel/assessment/record/"


@pytest.fixture(autouse=True)
def _twentieth_of_july(time_machine):
    time_machine.move_to(LATER, tick=False)


def make_waiting():
    """Assessment and bonus of two sections."""
    round_ = make_bare_round(state="published")
    cases = [make_case(round_, code, "assessment") for code in ("D01-01", "D02-01")]
    for case in cases:
        make_measure(case, "bonus")
    return list(Measure.objects.order_by("pk"))


def filled(measures, *records, **fields):
    return {f"{m.pk}-record": record for m, record in zip(measures, records, strict=True)} | fields


def states():
    return list(Measure.objects.order_by("pk").values_list("state", "record"))


def personnel(client):
    account = make_account(Role.PERSONNEL)
    client.force_login(account)
    return account


def test_each_measure_gets_its_own_record_and_the_rest_stay(client):
    measures, account = make_waiting(), personnel(client)
    dates = {"common_on": "2020-07-15", f"{measures[1].pk}-done_on": "2020-07-18"}

    answer = client.post(PAGE, filled(measures, "扣2分", "按8折发放", "", "") | dates, follow=True)

    assert "已登记2项。" in answer.content.decode()
    recorded = list(Measure.objects.exclude(record="").order_by("pk").values_list("record", "done_on", "done_by"))
    assert [(text, str(on), by) for text, on, by in recorded] == [
        ("扣2分", "2020-07-15", account.pk),
        ("按8折发放", "2020-07-18", account.pk),
    ]
    assert Measure.objects.pending().count() == 2
    assert AuditEntry.objects.filter(action="acc.assess").count() == 2


def test_one_fault_records_nothing_and_keeps_all_that_was_typed(client):
    measures = make_waiting()
    personnel(client)
    dates = {"common_on": "2020-07-15", f"{measures[1].pk}-done_on": "2020-07-01"}

    answer = client.post(PAGE, filled(measures, "扣2分", "按8折发放", "另有理由", "") | dates)

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "第D02-01科，纳入年度综合考核：办理日期不能早于公示日期2020年7月10日。" in page
    assert all(text in page for text in ("扣2分", "按8折发放", "另有理由", "2020-07-01"))
    assert states() == [(MeasureState.PENDING, "")] * 4


@pytest.mark.parametrize(
    ("records", "fields", "fault"),
    [
        (("扣2分", "", "", ""), {}, "请填写办理日期。"),
        (("", "", "", ""), {"common_on": "2020-07-15"}, "请至少填写一项的办理记录。"),
        (("扣2分", "", "", ""), {"common_on": "昨天"}, "日期"),
    ],
)
def test_a_form_with_a_fault_records_nothing(client, records, fields, fault):
    measures = make_waiting()
    personnel(client)

    answer = client.post(PAGE, filled(measures, *records, **fields))

    assert (answer.status_code, fault in answer.content.decode()) == (400, True)
    assert states() == [(MeasureState.PENDING, "")] * 4


def test_a_day_without_a_record_is_asked_about(client):
    measures = make_waiting()
    personnel(client)

    answer = client.post(PAGE, filled(measures, "扣2分", "", "", "", **{f"{measures[1].pk}-done_on": "2020-07-15"}))

    assert "请填写办理记录；暂不登记的，请清空日期。" in answer.content.decode()
    assert states() == [(MeasureState.PENDING, "")] * 4


def test_what_another_person_recorded_meanwhile_keeps_the_typed_text(client):
    measures, account = make_waiting(), personnel(client)
    record_measure(measure_id=measures[0].pk, done_on=TODAY, record="他人所记", by=account, at=LATER)

    answer = client.post(PAGE, filled(measures, "我的文字", "按8折发放", "", "", common_on="2020-07-15"))

    page = answer.content.decode()
    assert "该项已由他人登记（已办理），请清空本行。" in page
    assert "我的文字" in page and "按8折发放" in page
    assert Measure.objects.pending().count() == 3


def test_the_service_refuses_every_other_kind_and_every_other_role():
    case = make_case(kind="notice")
    rows = [RecordRow(case.measures.get().pk, TODAY, "已登报")]

    with pytest.raises(Measure.DoesNotExist):
        record_measures(rows=rows, by=make_account(Role.PERSONNEL), at=LATER)
    with pytest.raises(Denied):
        record_measures(rows=rows, by=make_account(Role.CHIEF), at=LATER)
    with pytest.raises(RuleViolation, match="至少填写一项"):
        record_measures(rows=[], by=make_account(Role.PERSONNEL), at=LATER)
    assert states() == [(MeasureState.PENDING, "")]


def test_the_page_takes_the_same_queries_however_many_measures_wait(client, django_assert_num_queries):
    make_waiting()
    personnel(client)

    with django_assert_num_queries(3):
        page = client.get(PAGE).content.decode()

    assert page.count("扣分分值、依据的考核文件") == page.count("绩效奖扣减的办法") == 2


def test_without_waiting_measures_the_page_says_so(client):
    personnel(client)

    assert "没有待登记的年度考核和年终绩效奖" in client.get(PAGE).content.decode()


def test_the_commission_sees_the_year_without_recording(client):
    client.force_login(make_account())

    assert client.get(PAGE).status_code == 403
    assert "批量登记" not in client.get("/personnel/assessment/").content.decode()

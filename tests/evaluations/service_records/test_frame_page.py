"""The page 办件与名单: figures by section, the half-year before, days without data, its workbook."""

import io
import re
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from evaluations.draws.models import Draw
from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from evaluations.service_records.pages.frame import frame_page
from evaluations.service_records.queries.figures import frame_figures
from evaluations.service_records.rules.frame import period_before
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from tests.evaluations.service_records.factories import make_client, make_clients, make_records
from tests.factories import NOON, ROLES, make_round, make_section, make_user
from tests.pages import exactly, page_in

pytestmark = pytest.mark.django_db
AFTER = datetime(2020, 8, 1, tzinfo=UTC)


def _row(round_, at=AFTER):
    (row,) = frame_figures(round_, at).rows
    return row


def test_people_are_counted_once_and_what_keeps_them_out_is_told():
    section, round_ = make_section(), make_round(rulebook={"client_batch_min": 5})
    often = make_client()
    make_records(section, often, often, often, None)
    make_clients(section, 3)
    make_clients(section, 1, phone="")
    make_clients(section, 1, exclusion=ExclusionReason.CONFLICT)
    row = _row(round_)
    assert (row.now.records, row.now.people, row.now.eligible) == (9, 6, 4)
    assert (row.now.without_phone, row.now.excluded, row.now.repeated) == (1, 1, 2)
    assert str(row.percent_without_phone) == "16.7"
    assert row.why_left_out == "可抽取的人不足5人"


def test_who_shares_a_phone_is_counted_and_has_one_chance_together():
    section, round_ = make_section(), make_round(rulebook={"client_batch_min": 2})
    make_records(section, make_client(phone="13700000001", name="甲"), make_client(phone="13700000001", name="乙"))
    make_clients(section, 1)
    row = _row(round_)
    assert (row.now.sharing, row.now.eligible, row.is_drawn, row.why_left_out) == (2, 2, True, "")


def test_an_excluded_person_without_a_phone_is_counted_once():
    section = make_section()
    make_clients(section, 2)
    make_clients(section, 1, phone="", exclusion=ExclusionReason.CONFLICT)
    make_clients(section, 1, phone="")
    now = _row(make_round()).now
    assert (now.people, now.eligible, now.excluded, now.without_phone) == (4, 2, 1, 1)


def test_without_a_phone_the_same_name_and_firm_in_two_deliveries_are_one_person():
    section = make_section()
    make_clients(section, 1)
    for _ in range(2):
        make_clients(section, 1, phone="", name="戊某")
        make_clients(section, 1, phone="", name="戊某", unit="甲公司")
        make_clients(section, 1, phone="", name="己某", exclusion=ExclusionReason.CONFLICT)
    now = _row(make_round()).now
    assert (now.people, now.eligible, now.without_phone, now.excluded, now.repeated) == (4, 1, 2, 1, 3)


def test_the_years_of_the_period_decide_whether_working_days_are_sure():
    make_section()
    round_ = make_round(period_start=date(2020, 7, 1), period_end=date(2020, 12, 31))
    CompleteYear.objects.all().delete()
    assert "2020年节假日尚未确认录全" in frame_figures(round_, NOON).calendar_hint
    CompleteYear.objects.create(year=2020)
    assert frame_figures(round_, NOON).calendar_hint == ""


def test_the_half_year_before_is_the_earlier_rounds_or_the_calendars():
    section, round_ = make_section(), make_round()
    make_records(section, make_client(), on=date(2019, 6, 30))
    make_records(section, make_client(), make_client(), on=date(2019, 12, 31))
    make_records(section, make_client(), on=date(2019, 7, 1))
    make_records(section, make_client(), make_client(), make_client())
    assert (_row(round_).before.records, _row(round_).change) == (3, "持平")
    make_round(period_start=date(2019, 10, 1), period_end=date(2019, 12, 31))
    assert (_row(round_).before.records, _row(round_).change) == (2, "+50%")


def test_nothing_to_compare_with_is_said():
    make_section()
    assert _row(make_round()).change == "上期无办件"


def test_only_working_days_so_far_are_missed():
    section, round_ = make_section(), make_round(period_start=date(2020, 5, 4), period_end=date(2020, 6, 30))
    Holiday.objects.create(day=date(2020, 5, 4), name="劳动节")
    make_records(section, make_client(), on=date(2020, 5, 6))
    make_records(section, make_client(), on=date(2020, 5, 9))
    found = frame_figures(round_, datetime(2020, 5, 10, tzinfo=UTC))
    (row,) = found.rows
    assert (row.workdays, row.now.workdays, row.empty_days) == (4, 1, 3)
    assert found.empty_days == [(date(2020, 5, 5), date(2020, 5, 5)), (date(2020, 5, 7), date(2020, 5, 8))]


def test_a_weekend_does_not_end_a_run_of_days_without_data():
    section, round_ = make_section(), make_round(period_start=date(2020, 6, 1), period_end=date(2020, 6, 30))
    make_records(section, make_client(), on=date(2020, 6, 10))
    assert frame_figures(round_, AFTER).empty_days == [
        (date(2020, 6, 1), date(2020, 6, 9)),
        (date(2020, 6, 11), date(2020, 6, 30)),
    ]


def test_after_the_names_have_left_records_are_counted_and_people_are_not_called_none(client):
    section, round_ = make_section(), make_round()
    make_records(section, None, None)
    client.force_login(make_user("clerk"))
    shown = client.get(reverse("admin:round-frame", args=[round_.pk])).content.decode()
    assert _row(round_).now.records == 2
    assert "姓名已清除" in shown
    assert "1个科室办事人的姓名、手机号已按期清除，人数不能再统计" in shown
    assert not re.search("重复办件0件|可抽取0人次|不足20人|不单独抽取|0个可以抽取", shown)


def _commit(round_, **people):
    draw = Draw.objects.create(round=round_, purpose=DrawPurpose.CLIENTS, draw_id="d", committed_at=NOON)
    for code, number in people.items():
        for n in range(number):
            draw.entries.create(stratum=f"{code} 科室", token=f"{code}{n}", exclusion="conflict" if n == 0 else "")
    return draw


def test_a_committed_draw_says_who_is_in_it_also_after_the_names_have_left(client):
    round_ = make_round()
    drawn, left_out = make_section(code="D01-01"), make_section(code="D01-02")
    _commit(round_, **{"D01-01": 21})
    for section in (drawn, left_out):
        make_records(section, None, None)
    client.force_login(make_user("clerk"))
    shown = client.get(reverse("admin:round-frame", args=[round_.pk])).content.decode()
    first, second = frame_figures(round_, AFTER).rows
    assert (first.in_draw, first.is_drawn, second.in_draw, second.is_drawn) == (20, True, 0, False)
    assert "名单为1个科室20人次，此后报送、更正的办件不参加本轮抽取" in shown
    assert "1个科室承诺时可抽取的人不足20人" in shown


def test_an_abandoned_draw_decides_nothing():
    make_section(code="D01-01")
    round_ = make_round()
    draw = _commit(round_, **{"D01-01": 21})
    draw.status = DrawStatus.ABANDONED
    draw.save()
    assert frame_figures(round_, AFTER).committed_on is None


def test_working_days_of_years_without_confirmed_holidays_are_not_sure():
    make_section()
    assert "节假日尚未确认录全，工作日按周一至周五计算" in frame_figures(make_round(), AFTER).calendar_hint


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ((date(2020, 1, 1), date(2020, 6, 30)), (date(2019, 7, 1), date(2019, 12, 31))),
        ((date(2020, 7, 1), date(2020, 12, 31)), (date(2020, 1, 1), date(2020, 6, 30))),
        ((date(2020, 3, 1), date(2020, 3, 31)), (date(2020, 2, 1), date(2020, 2, 29))),
        ((date(2020, 1, 11), date(2020, 1, 20)), (date(2020, 1, 1), date(2020, 1, 10))),
    ],
)
def test_before_a_half_year_is_the_half_year_before(period, before):
    assert period_before(*period) == before


def test_the_page_costs_the_same_queries_however_many_sections_and_records(client):
    round_ = make_round()
    client.force_login(make_user("chief"))
    for sections in (1, 4):
        for _ in range(sections):
            make_clients(make_section(), 3)
        page_in(client, reverse("admin:round-frame", args=[round_.pk]), queries=12, shows="可抽取")
    with exactly(9):
        frame_figures(round_, NOON)


def test_small_sections_are_named_with_the_reason(client):
    round_ = make_round()
    small, enough = make_section(name="小科室"), make_section(name="大科室")
    make_clients(small, 19)
    make_clients(enough, 20)
    client.force_login(make_user("clerk"))
    shown = client.get(reverse("admin:round-frame", args=[round_.pk])).content.decode()
    assert "1个科室可抽取的人不足20人（小科室），不单独抽取" in shown
    assert "2个科室中1个可以抽取" in shown


def test_the_workbook_is_logged_and_has_its_number(client):
    section, round_ = make_section(), make_round()
    make_clients(section, 2)
    client.force_login(make_user("clerk"))
    answer = client.post(reverse("admin:round-frame", args=[round_.pk]), {"export": "frame"})
    cells = [cell.value for row in load_workbook(io.BytesIO(answer.content)).active for cell in row]
    assert section.code in cells
    assert AuditEntry.objects.latest("pk").action == "pool.view"


@pytest.mark.parametrize("role", ROLES)
def test_whoever_sees_pools_sees_the_frame_and_nobody_else(client, role):
    round_ = make_round()
    client.force_login(make_user(role))
    answer = client.get(reverse("admin:round-frame", args=[round_.pk]), follow=True)
    assert (answer.status_code == 200 and "办件与名单" in answer.content.decode()) is (role in {"clerk", "chief"})


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        (date(2020, 1, 1), date(2020, 6, 30), (date(2019, 7, 1), date(2019, 12, 31))),
        (date(2020, 7, 1), date(2020, 12, 31), (date(2020, 1, 1), date(2020, 6, 30))),
        (date(2020, 3, 5), date(2020, 3, 8), (date(2020, 3, 1), date(2020, 3, 4))),
    ],
)
def test_before_a_half_year_is_the_half_year_before_it(start, end, before):
    assert period_before(start, end) == before


def test_records_that_doubled_or_halved_are_flagged_once_the_period_is_over():
    section, steady, few = make_section(name="甲科"), make_section(name="乙科"), make_section(name="丙科")
    round_ = make_round(rulebook={"client_batch_min": 2})
    for each, before, now in ((section, 10, 20), (steady, 20, 21), (few, 2, 10)):
        make_records(each, *[None] * before, on=date(2019, 9, 2))
        make_records(each, *[None] * now)
    (hint,) = [hint for hint in frame_page(round_, AFTER).hints if "翻番" in hint]
    assert hint == "1个科室的办件比上期翻番或者减半，请核对是否漏报、错报：甲科（上期10件，本期20件）。"
    during = datetime(2020, 3, 20, tzinfo=UTC)
    assert not any("翻番" in hint for hint in frame_page(round_, during).hints)

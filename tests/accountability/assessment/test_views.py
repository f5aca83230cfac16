"""The year's assessment as a page and a workbook."""

import io
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook

from accountability.assessment.queries import read_assessment
from accountability.case_lifecycle.approvals import CORRECT
from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Measure
from accountability.cases.services import record_measure
from evaluations.publication.services import Correction
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, NOON, make_account, make_counted_round, make_result

pytestmark = pytest.mark.django_db


def login(client):
    client.force_login(make_account(Role.PERSONNEL))


def text_of(response):
    return response.content.decode()


def test_the_year_is_shown_and_exported_with_the_same_digest(client):
    round_ = make_counted_round()
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    login(client)

    page = client.get("/personnel/assessment/2020/")
    book_ = client.post("/personnel/assessment/2020/export/").content

    digest = page.context["assessment"].digest
    assert digest in text_of(page)
    assert digest in " ".join(str(c) for row in load_workbook(io.BytesIO(book_)).active.values for c in row)
    assert AuditEntry.objects.get(action="acc.assess").detail["digest"] == digest
    assert client.get("/personnel/assessment/2020/").context["assessment"].digest == digest


def test_a_year_without_rounds_is_not_exported(client):
    login(client)

    assert client.post("/personnel/assessment/1999/export/").status_code == 404
    assert "没有上榜科室" in text_of(client.get("/personnel/assessment/1999/"))


@pytest.mark.parametrize("year", [0, 10000, 999999999, "9" * 40])
def test_an_impossible_year_is_not_found(client, year):
    login(client)

    assert client.get(f"/personnel/assessment/{year}/").status_code == 404


def sheet(content, title):
    return [[cell for cell in row if cell is not None] for row in load_workbook(io.BytesIO(content))[title].values]


def test_cadres_and_bonuses_stand_on_the_page_and_in_the_workbook(client):
    round_ = make_counted_round(places=1)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    bonus, by = Measure.objects.get(kind="bonus"), make_account(Role.PERSONNEL)
    record_measure(measure_id=bonus.pk, done_on=date(2020, 7, 15), record="按八折发放", by=by, at=LATER)
    login(client)

    page = text_of(client.get("/personnel/assessment/2020/"))
    book = client.post("/personnel/assessment/2020/export/").content

    cadres, bonuses = sheet(book, "领导班子和领导干部"), sheet(book, "年终绩效奖")
    assert [row[:4] for row in cadres[-3:]] == [
        ["D01局", "主要领导", "钱局长", 1],
        ["D01局", "分管领导", "赵副局长", 1],
        ["D01局", "科室主要负责人", "孙科长", 1],
    ]
    assert bonuses[-1][:4] + bonuses[-1][-1:] == ["D01局", "第D01-01科", "2020年上半年", 1, "按八折发放"]
    assert all(text in page for text in ("钱局长", "赵副局长", "孙科长", "按八折发放", "批量登记办理情况"))


def test_a_list_counts_in_the_year_of_its_publication_as_its_measures_say(client):
    round_ = make_counted_round("2020H2", places=1)
    publish_and_start(round_id=round_.pk, by=make_account(), at=datetime(2021, 1, 20, 4, tzinfo=UTC))
    login(client)

    assert Measure.objects.get(kind="assessment").due_on == date(2021, 12, 31)
    assert "没有上榜科室" in text_of(client.get("/personnel/assessment/2020/"))
    assert "D01局" in text_of(client.get("/personnel/assessment/2021/"))


def test_a_section_put_on_a_list_of_the_year_before_counts_in_that_year_and_has_no_term():
    round_ = make_counted_round("2020H1", places=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=datetime(2020, 12, 20, 4, tzinfo=UTC))
    later = make_result(round_, "D06-01", rank=3)
    correction = Correction("公示后申诉成立：计票有误")
    correct_and_follow(
        round_id=round_.pk, correction=correction, by=make_account(), at=datetime(2021, 1, 5, 4, tzinfo=UTC)
    )

    measures = Measure.objects.filter(case__result=later, kind__in=["assessment", "bonus"])
    assert [measure.due_on for measure in measures] == [None, None]
    assert "第D06-01科" in {line.listed.section for line in read_assessment(2020).lines}
    assert read_assessment(2021).lines == []


def recorded_round():
    """A published round of one section whose deduction is recorded."""
    round_ = make_counted_round(places=1)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    measure, by = Measure.objects.get(kind="assessment"), make_account(Role.PERSONNEL)
    facts = {"done_on": date(2020, 7, 15), "record": "扣2分，南考办〔2020〕3号"}
    record_measure(measure_id=measure.pk, by=by, at=LATER, **facts)
    return round_


def test_a_recorded_deduction_is_told_on_the_page_and_in_the_workbook(client):
    recorded_round()
    login(client)

    page = text_of(client.get("/personnel/assessment/2020/"))
    book = client.post("/personnel/assessment/2020/export/").content

    line = sheet(book, "按科室")[-1]
    assert line[5:8] == ["见办理记录", "评议规则未规定分值，见办理记录", "已办理"]
    assert line[-1] == "扣2分，南考办〔2020〕3号"
    assert sheet(book, "按单位")[-1][-1] == sheet(book, "领导班子和领导干部")[-1][-1] == "见办理记录"
    assert "扣2分，南考办〔2020〕3号" in page
    assert "另定" not in page


def test_what_was_recorded_of_a_withdrawn_listing_is_named_to_be_taken_back(client):
    round_ = recorded_round()
    asked = {"reason": "复核后更正", "withdrawn": ["D01-01"], "problems": {}}
    content = approvals.action_named(CORRECT).content(round_, asked)
    correct_and_follow(
        round_id=round_.pk, correction=Correction("复核后更正", withdrawn=("D01-01",)), by=make_account(), at=LATER
    )
    login(client)

    page = text_of(client.get("/personnel/assessment/2020/"))
    book = client.post("/personnel/assessment/2020/export/").content

    assert content["撤下的科室已办理的措施"] == [
        "D01局第D01-01科：纳入年度综合考核，2020年7月15日。扣2分，南考办〔2020〕3号"
    ]
    assert "列入“年度综合考核”的“更正后应撤回”" in content["已办理的如何处理"]
    assert "更正后应撤回" in page and "本年度没有上榜科室" in page
    row = sheet(book, "更正后应撤回")[-1]
    assert row[:4] + row[-1:] == [
        "D01局",
        "第D01-01科",
        "2020年上半年",
        "纳入年度综合考核",
        "扣2分，南考办〔2020〕3号",
    ]

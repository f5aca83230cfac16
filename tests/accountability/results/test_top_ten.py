"""最难办科室前十.xlsx: columns, values, method, and no text that becomes a formula."""

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.results.services import export_top10
from accountability.results.workbooks.top_ten import top10_workbook
from departments.models import Leaving, Tenure
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.counting import Cell
from evaluations.scoring.index import score_sections
from evaluations.scoring.method import parse_method
from evaluations.tally.models import Veto
from evaluations.tally.queries.figures import read_figures
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import (
    NOON,
    TODAY,
    hold_talk,
    make_account,
    make_bare_round,
    make_counted_round,
    make_published_round,
    make_result,
    make_tally,
)
from tests.pages import exactly

pytestmark = pytest.mark.django_db
COLUMNS = [
    *("位次", "单位", "单位性质", "科室", "服务类型", "难办指数"),
    *("定向得分", "抽样得分", "其他得分", "定向有效票", "抽样有效票", "其他有效票"),
    *("冷", "懒", "推", "乱", "贪", "得票数", "主要问题", "一票否决"),
    *("上期位次", "上榜次数", "连续上榜", "连续前3"),
    *("单位领导谈话（日期）", "负责人谈话（日期）", "不得提拔重用起止日期"),
    *("整改状态", "暗访次数", "销号日期"),
]
WEIGHTS = {"targeted": "0.5", "sampled": "0.3", "other": "0.2"}
PAYLOADS = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-1", "\t=1+1", "＝1+1"]


def sheets(round_):
    book = load_workbook(io.BytesIO(top10_workbook(round_)))
    return book["明细"], book["计分方法"]


def header_row(sheet):
    return next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if row[0] == "位次")


def entries(sheet):
    rows = sheet.iter_rows(min_row=header_row(sheet) + 1, values_only=True)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def text_of(sheet):
    return "\n".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)


def test_the_columns_are_those_of_the_rule():
    top, _ = sheets(make_counted_round())

    assert [cell.value for cell in top[header_row(top)]] == COLUMNS


def test_a_row_has_everything_about_a_listed_section():
    make_counted_round("2019H2", RoundState.PUBLISHED)
    round_ = make_counted_round()
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    entry = entries(sheets(round_)[0])[0]

    expected = {
        "位次": 1,
        "单位": "D01局",
        "单位性质": "行政部门",
        "科室": "第D01-01科",
        "难办指数": 59.12,
        "定向有效票": 20,
        "懒": 30.12,
        "乱": 90.5,
        "得票数": 9,
        "主要问题": "咨询电话长期无人接\n材料一次说不清",
        "一票否决": "否",
        "上期位次": 1,
        "上榜次数": 2,
        "连续上榜": 2,
        "连续前3": 2,
        "单位领导谈话（日期）": "未安排，已逾期，限2020-07-24（暂定）",
        "不得提拔重用起止日期": "2020-07-10至2020-10-10",
        "整改状态": "待报方案",
        "暗访次数": 0,
        "销号日期": "未销号",
    }
    assert {column: entry[column] for column in expected} == expected


def test_the_listed_sections_stand_in_the_order_of_their_places():
    top, _ = sheets(make_counted_round())

    assert [entry["位次"] for entry in entries(top)] == list(range(1, 11))


def test_the_channel_scores_add_up_to_the_score_by_their_weights():
    round_ = make_counted_round(rulebook=default_rulebook("NC-1"))
    rows = round_.tally_rows.values_list("section__code", "channel", "lines", "total")
    cells = {(code, channel): Cell(lines=lines, total=total) for code, channel, lines, total in rows}
    exact = score_sections(parse_method(json.loads(round_.tally.rulebook)), cells).sections["D01-01"].value

    figures = read_figures(round_, round_.tally)

    weighted = sum(Decimal(w) * figures.channel_score("D01-01", c) for c, w in WEIGHTS.items())
    assert abs(weighted - Decimal(exact.numerator) / exact.denominator) < Decimal("0.0001")


def test_under_nc2_they_add_up_to_the_stored_index():
    round_ = make_counted_round()

    figures = read_figures(round_, round_.tally)

    for result in round_.results.select_related("section"):
        code = result.section.code
        assert sum(Decimal(w) * figures.channel_score(code, c) for c, w in WEIGHTS.items()) == result.difficulty


def test_a_held_talk_has_its_date():
    round_ = make_counted_round(places=1)
    commission = make_account()
    publish_and_start(round_id=round_.pk, by=commission, at=NOON)
    talk = round_.results.get().case.measures.get(kind="talk_leader")
    hold_talk(talk, by=commission)

    entry = entries(sheets(round_)[0])[0]

    assert entry["单位领导谈话（日期）"].date() == date(2020, 7, 15)


def test_before_publication_no_measure_is_claimed_and_the_sheet_is_marked_as_internal():
    top, _ = sheets(make_counted_round())

    assert entries(top)[0]["不得提拔重用起止日期"] == "尚未建立问责事项"
    assert "尚未公示" in text_of(top)


def test_a_unit_with_a_superior_has_no_freeze_in_the_sheet():
    round_ = make_bare_round()
    make_result(round_, "D30-01", section={"is_vertical": True})
    make_tally(round_)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    assert entries(sheets(round_)[0])[0]["不得提拔重用起止日期"] == "不适用，通报上级"


def test_a_head_in_retirement_has_the_reason_in_the_sheet_and_no_superior():
    round_ = make_bare_round()
    section = make_result(round_, "D01-01").section.section
    make_tally(round_)
    until = {"starts_on": date(2019, 1, 1), "ends_on": date(2020, 7, 1), "leaving": Leaving.RETIRED}
    Tenure.objects.create(section=section, name="孙科长", **until)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    assert entries(sheets(round_)[0])[0]["不得提拔重用起止日期"] == "已于2020年7月1日退休，不设影响期。"


def test_of_several_freezes_the_sheet_has_the_latest():
    round_ = make_published_round(places=1)
    case = Case.objects.get()
    case.freezes.update(lifted_on=date(2020, 7, 15), lift_reason="更正责任人：查明")
    span = {"starts_on": TODAY, "ends_on": date(2020, 10, 10), "lifted_on": date(2020, 10, 12), "lift_reason": "届满"}
    PromotionFreeze.objects.create(case=case, person_name="周科长", post="负责人", **span)

    shown = entries(sheets(round_)[0])[0]["不得提拔重用起止日期"]

    assert shown == "2020-07-10至2020-10-10（影响期已满，已于2020年10月12日登记解除）"


def test_a_veto_has_its_decision():
    round_ = make_bare_round()
    result = make_result(round_, "D01-01", label="一票否决")
    Veto.objects.create(
        round=round_, section=result.section, decision="南纪〔2020〕1号", decided_on=date(2020, 6, 1), facts="查实"
    )
    make_tally(round_)

    assert entries(sheets(round_)[0])[0]["一票否决"] == "是（南纪〔2020〕1号）"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_never_becomes_a_formula(payload):
    round_ = make_bare_round(name=payload)
    make_result(round_, "D01-01", section={"name": payload, "department_name": payload}, problems=payload)
    make_tally(round_)

    for sheet in sheets(round_):
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert entries(sheets(round_)[0])[0]["科室"] == payload.strip()


@pytest.mark.parametrize(("is_demo", "marked"), [(True, True), (False, False)])
def test_demonstration_data_is_marked_on_every_sheet(is_demo, marked):
    for sheet in sheets(make_counted_round(places=1, is_demo=is_demo)):
        assert ("演示数据" in text_of(sheet)) is marked


def test_the_method_sheet_has_the_rounds_own_numbers_and_digests():
    book = {"min_lines": 44, "cap": "7", "line_cap": "60", "z": "1.645", "list_length": 8, "severe_from": 3}
    round_ = make_counted_round(places=1, rulebook=default_rulebook() | book)

    method = text_of(sheets(round_)[1])

    for shown in (
        "有效票不足44张",
        "偏差超过7分的，按7分计算",
        "一张票对一个科室最多计60分",
        "权重50%",
        "在全部1个科室中的位置",
        "约有90%的把握",
        "前8位以内",
        "至少有一项评为“严重”以上",
        "误差范围内",
        "a" * 64,
        "b" * 64,
        "recount",
    ):
        assert shown in method


def test_the_pages_are_a4_landscape_and_one_page_wide():
    for sheet in sheets(make_counted_round(places=1)):
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToWidth) == (True, 1)


def test_a_round_in_which_nobody_is_ranked_gives_an_empty_table():
    round_ = make_bare_round()
    make_result(round_, "D01-01", rank=None)
    make_tally(round_)

    assert entries(sheets(round_)[0]) == []


@pytest.mark.parametrize("places", [1, 40])
def test_the_workbook_takes_a_constant_number_of_queries(places):
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    round_.refresh_from_db()

    with exactly(13):
        top10_workbook(round_)


def test_an_export_is_logged():
    round_, by = make_counted_round(places=1), make_account()

    content = export_top10(round_id=round_.pk, by=by, at=NOON)

    entry = AuditEntry.objects.get()
    book = load_workbook(io.BytesIO(content))
    mark = f"导出编号{entry.seq}（{by.username}，"
    assert all(sheet.oddFooter.left.text.startswith(mark) for sheet in book.worksheets)
    assert book.properties.description.startswith(mark)
    assert (entry.action, entry.actor, entry.object_id) == ("top10.export", by, str(round_.pk))


def test_an_uncounted_round_has_nothing_to_export():
    round_ = make_bare_round(state=RoundState.SEALED)

    with pytest.raises(RuleViolation, match="尚未计票"):
        export_top10(round_id=round_.pk, by=make_account(), at=NOON)

    assert not AuditEntry.objects.exists()


def test_personnel_exports_after_publication_only():
    round_, personnel = make_counted_round(places=1), make_account(Role.PERSONNEL)

    with pytest.raises(RuleViolation, match="公示后方可导出"):
        export_top10(round_id=round_.pk, by=personnel, at=NOON)

    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    assert export_top10(round_id=round_.pk, by=personnel, at=NOON).startswith(b"PK")


@pytest.mark.parametrize("role", [Role.LIAISON, Role.INSPECTOR, Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_nobody_else_exports(role):
    round_ = make_counted_round(places=1)

    with pytest.raises(Denied):
        export_top10(round_id=round_.pk, by=make_account(role, unit_code="D01"), at=NOON)


def test_the_workbook_is_downloaded_under_its_chinese_name(client):
    make_counted_round(places=1)
    client.force_login(make_account(Role.CLERK))

    answer = client.post("/commission/2020H1/export/")

    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''2020%E5%B9%B4")
    assert answer.content.startswith(b"PK")


@pytest.mark.parametrize(("role", "status"), [(Role.LIAISON, 403), (Role.AUDITOR, 403), (Role.COMMISSION, 302)])
def test_a_refused_export_answers_in_chinese(client, role, status):
    make_bare_round(state=RoundState.OPEN)
    client.force_login(make_account(role, "D01"))

    assert client.post("/commission/2020H1/export/").status_code == status


def test_a_visitor_exports_nothing(client):
    make_counted_round(places=1)

    assert client.post("/commission/2020H1/export/").status_code == 302
    assert not AuditEntry.objects.exists()


def test_the_command_writes_the_workbook(tmp_path):
    make_counted_round(places=1)

    call_command("export_top10", "2020H1", str(tmp_path / "前十.xlsx"))

    assert (tmp_path / "前十.xlsx").read_bytes().startswith(b"PK")
    assert AuditEntry.objects.get().role == "CLI"


@pytest.mark.parametrize(
    ("key", "name", "state", "code"),
    [
        ("1999H1", "a.xlsx", RoundState.REVIEW, 2),
        ("2020H1", "no/a.xlsx", RoundState.REVIEW, 2),
        ("2020H1", "a.xlsx", RoundState.OPEN, 1),
    ],
)
def test_the_command_refuses_in_chinese_with_its_exit_code(tmp_path, key, name, state, code):
    make_counted_round(places=1, state=state)

    with pytest.raises(CommandError) as refusal:
        call_command("export_top10", key, str(tmp_path / name))

    assert refusal.value.returncode == code
    assert not (tmp_path / "a.xlsx").exists()


def test_the_publish_command_publishes_in_the_name_of_an_account(capsys):
    round_, by = make_counted_round(places=1), make_account()

    call_command("publish", "2020H1", by=by.username)

    round_.refresh_from_db()
    assert round_.state == RoundState.PUBLISHED
    assert "已公示" in capsys.readouterr().out


@pytest.mark.parametrize(("role", "key", "code"), [(Role.CLERK, "2020H1", 1), (Role.COMMISSION, "1999H1", 2)])
def test_the_publish_command_refuses_with_its_exit_code(role, key, code):
    make_counted_round(places=1)

    with pytest.raises(CommandError) as refusal:
        call_command("publish", key, by=make_account(role).username)

    assert refusal.value.returncode == code


def test_the_publish_command_needs_a_known_account():
    make_counted_round(places=1)

    with pytest.raises(CommandError) as refusal:
        call_command("publish", "2020H1", by="nobody")

    assert refusal.value.returncode == 2


def test_without_a_listed_section_no_measures_are_promised():
    round_ = make_published_round(places=0)

    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    assert "不公布前十名。没有问责措施。" in text_of(book["措施与期限"])
    assert "在公示后建立" not in text_of(book["措施与期限"])
    assert "没有科室参加排名" in text_of(book["明细"])
    assert "前10位科室" not in text_of(book["前十名"])

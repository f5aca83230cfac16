"""Pages for personnel: questions, lists of names, certificates."""

import io
import zipfile
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.queries import ask_register
from accountability.promotion_freezes.rules import Question, Verdict
from departments.models import Department, Section
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.spreadsheets.guard import LARGEST_UNPACKED
from tests.accountability.factories import TODAY, make_account, make_bare_round, make_case

pytestmark = pytest.mark.django_db
MAY = {Role.COMMISSION, Role.PERSONNEL}


def login(client, role=Role.PERSONNEL, unit=""):
    client.force_login(make_account(role, unit))


def text_of(response):
    return response.content.decode()


def freeze(name="孙科长", code="D01-01", round_=None):
    case = make_case(round_, code) if round_ else make_case(code=code)
    return PromotionFreeze.objects.create(
        case=case, person_name=name, post=f"{code}负责人", starts_on=TODAY, ends_on=date(2020, 10, 10)
    )


def book(*rows):
    workbook, target = Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(target)
    return target.getvalue()


def bomb():
    """A zip bomb: a workbook that would unpack to far more than any list needs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(LARGEST_UNPACKED + 1))
    return packed.getvalue()


def ask_many(client, content, name="名单.xlsx"):
    return client.post("/personnel/many/", {"file": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize("role", [r for r in Role if r not in {"A", "B", "T"}])
@pytest.mark.parametrize(
    "address",
    ["/personnel/", "/personnel/many/", "/personnel/many/template/", "/personnel/assessment/"],
)
def test_the_register_is_for_personnel_and_the_commission(client, role, address):
    login(client, role, "D01" if role == Role.LIAISON else "")

    assert client.get(address).status_code == (200 if role in MAY else 403)


@pytest.mark.parametrize("role", [r for r in Role if r not in {"A", "B", "T"} | MAY])
@pytest.mark.parametrize("address", ["", "many/", "many/answers/", "many/faults/"])
def test_nobody_else_asks_the_register(client, role, address):
    login(client, role, "D01" if role == Role.LIAISON else "")

    assert client.post(f"/personnel/{address}", {"name": "孙科长", "on": "2020-08-01"}).status_code == 403
    assert not AuditEntry.objects.filter(action="acc.view", result=AuditEntry.Result.OK).exists()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ({"name": "孙科长", "unit": "D01局", "on": "2020-08-01"}, ["孙科长（D01局）：影响期内", "D01-01负责人"]),
        ({"name": "孙　科 长", "unit": "南川区D01局", "on": "2020/8/1"}, ["影响期内", "按名录中的“D01局”查询"]),
        ({"name": "孙科长", "unit": "D01局", "on": "2020年8月"}, ["影响期内", "日期：2020年8月。"]),
        ({"name": "孙科长", "unit": "D01局", "on": "2020.10"}, ["请核对", "2020年10月1日至10月10日"]),
        ({"name": "孙科长", "unit": "D02局", "on": "2020-08-01"}, ["请核对", "核对原因：同名，单位不同。"]),
        ({"name": "孙科长", "on": "2020-08-01"}, ["请核对", "核对原因：同名，未填写单位。"]),
        ({"name": "孙柯长", "unit": "D01局", "on": "2020-08-01"}, ["请核对", "核对原因：姓名相近，同单位。"]),
        (
            {"name": "李明", "unit": "D01局", "on": "2020-08-01"},
            ["李明（D01局）：无影响期", "在所查日期（2020年8月1日），没有同名或姓名相近的人员在影响期内"],
        ),
        (
            {"name": "孙科长", "unit": "D01局", "on": "2020-12-01"},
            ["无影响期", "在其他日期的影响期，供参考：孙科长，D01局 D01-01负责人，2020年7月10日至2020年10月10日"],
        ),
        ({"unit": "重庆市南川区D01局", "on": "2020年8月1日"}, ["影响期内（1人）", "按名录中的“D01局”查询", "孙科长"]),
        ({"unit": "D01局缉私科", "on": "2020-08-01"}, ["请核对（1人）", "可能是：D01局", "可能属于该单位的影响期"]),
        ({"unit": "西城街道", "on": "2020-08-01"}, ["请核对", "名录中没有单位“西城街道”", "尚不能认定"]),
        ({"on": "2020-08-01"}, ["请填写姓名或单位"]),
        ({"name": "·", "on": "2020-08-01"}, ["没有文字"]),
        ({"name": "孙科长", "on": "八月一日"}, ["“八月一日”不是日期，请写成2026年12月1日"]),
        ({"name": "孙科长", "on": ""}, ["请填写拟任用日期。"]),
    ],
)
def test_a_question_is_answered_in_words(client, typed, shown):
    freeze()
    Department.objects.create(code="D02", name="D02局", kind="administrative")
    login(client)

    page = " ".join(text_of(client.post("/personnel/", typed)).split())

    assert [text for text in shown if text not in page] == []


def test_a_freeze_without_a_name_speaks_against_everybody_of_the_unit(client):
    freeze(name="")
    login(client)

    page = text_of(client.post("/personnel/", {"name": "李明", "unit": "D01局", "on": "2020-08-01"}))
    of_unit = text_of(client.post("/personnel/", {"unit": "D01局", "on": "2020-08-01"}))

    assert "该单位有一项影响期未登记姓名" in page
    assert "（姓名未登记）" in of_unit


def test_a_unit_is_known_by_its_former_names_and_by_that_of_the_round(client):
    freeze()
    Department.objects.filter(code="D01").update(name="新局", former_names="老局")
    login(client)

    def verdict(unit):
        page = text_of(client.post("/personnel/", {"name": "孙科长", "unit": unit, "on": "2020-08-01"}))
        return next(label for label in Verdict.labels if f"：{label}" in page)

    assert [verdict(unit) for unit in ("新局", "老局", "D01局", "南川区D01局")] == ["影响期内"] * 4


def test_a_section_that_moved_takes_its_freeze_along(client):
    row = freeze()
    other = Department.objects.create(code="D77", name="接收局", kind="administrative")
    Section.objects.filter(code="D01-01").update(department=other)
    login(client)

    answers = [
        ask_register([Question("孙科长", unit, Span(TODAY, TODAY))])[0].verdict for unit in ("接收局", "D01局", "D02局")
    ]

    assert answers == [Verdict.FROZEN, Verdict.FROZEN, Verdict.CHECK]
    assert row.post == "D01-01负责人"


def test_a_merged_unit_is_that_which_took_over_its_name(client):
    freeze()
    Department.objects.filter(code="D01").update(is_active=False)
    Department.objects.create(code="D77", name="合并局", kind="administrative", former_names="D01局")

    answers = [
        ask_register([Question("孙科长", unit, Span(TODAY, TODAY))])[0].verdict
        for unit in ("合并局", "D01局", "南川区D01局", "D02局")
    ]

    assert answers == [Verdict.FROZEN, Verdict.FROZEN, Verdict.FROZEN, Verdict.CHECK]


def test_the_number_of_queries_does_not_grow_with_the_list(django_assert_num_queries):
    freeze()
    questions = [Question(f"李{n}", "D01局", Span(TODAY, TODAY)) for n in range(50)]

    with django_assert_num_queries(3):
        ask_register(questions)


@pytest.mark.parametrize("asked", [{"name": "孙科长"}, {"unit": "D01局"}])
def test_every_question_is_logged(client, asked):
    login(client)

    client.post("/personnel/", {**asked, "on": "2020年8月"})

    detail = AuditEntry.objects.get(action="acc.view").detail
    assert {"on": "2020-08-01", "until": "2020-08-31"}.items() <= detail.items()
    assert next(iter(asked.values())) in detail.values()


LIST = (
    ["拟任人选名单"],
    ["姓　名*", "工作单位", "拟任用日期"],
    ["孙 科长", "区D01局", "2020/8/1"],
    ["孙科长", "", "2020年8月"],
    ["李明", "D02局", date(2020, 8, 1)],
)


def test_a_list_of_names_is_answered_on_the_page(client):
    freeze()
    login(client)

    page = " ".join(text_of(ask_many(client, book(*LIST))).split())

    assert "共3人：影响期内1人，请核对1人，无影响期1人" in page
    assert "核对原因：同名，未填写单位。" in page
    assert AuditEntry.objects.get(action="acc.view").detail["verdicts"] == {"frozen": 1, "check": 1, "free": 1}


def test_page_list_and_workbook_use_the_same_sentences(client):
    round_ = make_bare_round()
    freeze(round_=round_)
    freeze("", "D02-01", round_)
    login(client)
    people = [
        ["孙科长", "D01局", "2020-08-01"],
        ["孙科长", "水务集团", "2020-08-01"],
        ["李明", "D02局", "2020-08-01"],
        ["孙科长", "D01局", "2020-12-01"],
    ]

    sheet = download_answers(client, book(["姓名", "单位", "日期"], *people))
    page = " ".join(text_of(ask_many(client, book(["姓名", "单位", "日期"], *people))).split())
    rows = [row for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]

    for person, row in zip(people, rows, strict=True):
        answer = client.post("/personnel/", dict(zip(("name", "unit", "on"), person, strict=True)))
        sentences = answer.context["answer"].sentences
        assert row[10] == "".join(sentences)
        assert all(f"<p>{sentence}</p>" in page and sentence in text_of(answer) for sentence in sentences)


def test_the_section_of_a_freeze_is_told_from_others_of_its_unit(client):
    freeze()
    now = Section.objects.get(code="D01-01")
    Section.objects.create(code="D01-99", name="户政管理科", department=now.department, service_kind=now.service_kind)

    asked = [Question("孙科长", f"D01局{name}", Span(TODAY, TODAY)) for name in (now.name, "户政管理科")]

    assert [each.verdict for each in ask_register(asked)] == [Verdict.FROZEN, Verdict.CHECK]


def test_a_section_is_the_same_with_and_without_the_remark_in_its_name(client):
    freeze()
    Section.objects.filter(code="D01-01").update(name="第一税务所（办税服务厅）")

    asked = [
        Question("孙科长", f"D01局{name}", Span(TODAY, TODAY)) for name in ("第一税务所", "第一税务所(办税服务厅)")
    ]

    assert [each.verdict for each in ask_register(asked)] == [Verdict.FROZEN, Verdict.FROZEN]


def download_answers(client, content):
    asked = ask_many(client, content).context["page"].asked
    return load_workbook(io.BytesIO(client.post("/personnel/many/answers/", {"asked": asked}).content)).active


def test_the_answers_to_a_list_are_a_workbook_with_reasons_and_marks(client):
    freeze()
    login(client)

    sheet = download_answers(client, book(*LIST))

    rows = {row[0].value: row for row in sheet.iter_rows() if isinstance(row[0].value, int)}
    assert [row[4].value for row in rows.values()] == ["影响期内", "请核对", "无影响期"]
    assert [str(row[3].value)[:10] for row in rows.values()] == ["2020-08-01", "2020年8月", "2020-08-01"]
    assert [cell.value for cell in rows[2][5:]] == [
        "同名，未填写单位",
        None,
        "孙科长",
        "D01局 D01-01负责人",
        "2020-07-10至2020-10-10",
        "不能认定在影响期内，也不能认定无影响期，请与登记核对。“孙科长”不是汉字书写的全名，请填写全名后重新查询。"
        "登记的姓名“孙科长”不是全名，请与登记的单位核对。请填写单位后重新查询。",
    ]
    assert rows[1][6].value == "D01局"
    assert [row[4].font.bold for row in rows.values()] == [True, True, False]
    assert len({row[4].fill.fgColor.rgb for row in rows.values()}) == 3
    assert "共3人：影响期内1人，请核对1人，无影响期1人" in sheet["A2"].value


def test_several_freezes_found_are_numbered_in_every_column(client):
    round_ = make_bare_round()
    freeze(round_=round_)
    freeze(code="D01-02", round_=round_)
    login(client)

    sheet = download_answers(client, book(["姓名", "单位", "日期"], ["孙科长", "D01局", "2020-08-01"]))

    row = next(row for row in sheet.iter_rows(values_only=True) if row[0] == 1)
    assert row[5].count("登记中有同名的两人") == 2
    assert [column.count("（2）") for column in (row[5], row[7], row[8], row[9])] == [1, 1, 1, 1]


def test_hidden_and_struck_rows_are_pointed_out(client):
    login(client)
    workbook, target = Workbook(), io.BytesIO()
    for row in (["姓名"], ["李明"], ["王刚"]):
        workbook.active.append(row)
    workbook.active.row_dimensions[3].hidden = True
    workbook.save(target)

    page = text_of(ask_many(client, target.getvalue()))
    sheet = download_answers(client, target.getvalue())

    assert "是隐藏的" in page
    assert any("是隐藏的" in str(row[0].value) for row in sheet.iter_rows())


@pytest.mark.parametrize("address", ["answers", "faults"])
@pytest.mark.parametrize("kept", ["", "x", "W10:1abc:def", "of the other page"])
def test_a_page_that_is_not_ours_gives_no_workbook(client, address, kept):
    login(client)
    if kept.startswith("of"):
        kept = ask_many(client, book(["姓名"], ["李明"])).context["page"].asked
        address = "faults"

    answer = client.post(f"/personnel/many/{address}/", {"asked": kept, "faults": kept}, follow=True)

    assert "请重新上传名单" in text_of(answer)


def test_the_errors_of_a_list_are_a_table_and_a_workbook(client):
    login(client)
    rows = [["姓名", "日期"], *([f"李{n}", "八月"] for n in range(8)), ["", "2020-08-01"]]

    refused = ask_many(client, book(*rows))

    assert "文件有9处问题，没有查询" in text_of(refused)
    assert [line.count for line in refused.context["refused"].lines] == [8, 1]
    faults = client.post("/personnel/many/faults/", {"faults": refused.context["refused"].faults}).content
    sheet = load_workbook(io.BytesIO(faults)).active
    assert [row[0].value for row in sheet.iter_rows() if isinstance(row[0].value, int)] == [*range(1, 10)]
    assert not AuditEntry.objects.filter(action="acc.view").exists()


def test_the_template_is_read_back(client):
    login(client)

    given = client.get("/personnel/many/template/").content
    workbook = load_workbook(io.BytesIO(given))
    workbook.worksheets[0].append(["李明", "D01局", "2020年8月"])
    target = io.BytesIO()
    workbook.save(target)

    assert "共1人：影响期内0人，请核对0人，无影响期1人" in text_of(ask_many(client, target.getvalue()))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (book(["编号"], ["孙科长"]), "名单.xlsx", "找不到表头"),
        (book(["姓名", "名字"], ["孙科长", ""]), "名单.xlsx", "请只留一列"),
        (book(["姓名", "日期"], ["孙科长", "八月"]), "名单.xlsx", "“日期”的“八月”不是日期"),
        (book(["姓名", "单位"], ["", "公安局"]), "名单.xlsx", "“姓名”为空"),
        (book(["姓名"], ["·"]), "名单.xlsx", "没有文字"),
        (book(["姓名"], ["陈\ue000"]), "名单.xlsx", "造字区"),
        (book(["姓名"]), "名单.xlsx", "文件中没有人员"),
        (b"MZ" + bytes(100), "名单.xlsx", "内容却不是工作簿"),
        (b"PK\x03\x04" + bytes(100), "名单.xlsx", "已损坏"),
        (b"x", "名单.exe", "只能导入"),
        (bomb(), "名单.xlsx", "疑似异常文件"),
    ],
)
def test_a_faulty_list_is_refused_in_words_and_nothing_is_answered(client, content, name, message):
    login(client)

    answer = ask_many(client, content, name)

    assert answer.status_code == 400
    assert message in text_of(answer)
    assert not AuditEntry.objects.filter(action="acc.view").exists()


def test_a_certificate_is_a_pdf_and_is_logged(client):
    row = freeze()
    login(client)

    answer = client.post(f"/personnel/freezes/{row.pk}/certificate/")

    assert answer.content.startswith(b"%PDF")
    assert AuditEntry.objects.filter(action="acc.hold.set", object_id=str(row.pk)).exists()

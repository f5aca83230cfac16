"""Pages for personnel: questions, lists of names, certificates."""

import io
import zipfile
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from accountability.promotion_freezes.models import PromotionFreeze
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.spreadsheets.guard import LARGEST_UNPACKED
from tests.accountability.factories import TODAY, make_account, make_case

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
@pytest.mark.parametrize("address", ["/personnel/", "/personnel/many/", "/personnel/assessment/"])
def test_the_register_is_for_personnel_and_the_commission(client, role, address):
    login(client, role, "D01" if role == Role.LIAISON else "")

    assert client.get(address).status_code == (200 if role in MAY else 403)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ({"name": "孙科长", "on": "2020-08-01"}, "在影响期内，不得提拔重用"),
        ({"name": "孙科长", "unit": "D02局", "on": "2020-08-01"}, "请核对是否同一人"),
        ({"name": "李科长", "on": "2020-08-01"}, "无影响期"),
        ({"unit": "D01局", "on": "2020-08-01"}, "该单位在影响期内的人员（1人）"),
        ({"on": "2020-08-01"}, "请填写姓名或单位"),
        ({"name": "孙科长", "on": "八月一日"}, "日期"),
    ],
)
def test_a_question_is_answered_in_words(client, typed, shown):
    freeze()
    login(client)

    assert shown in text_of(client.post("/personnel/", typed))


def test_every_question_is_logged(client):
    login(client)

    client.post("/personnel/", {"name": "孙科长", "on": "2020-08-01"})

    assert AuditEntry.objects.get(action="acc.view").detail["asked"] == "孙科长"


def test_a_list_of_names_is_answered_with_a_workbook(client):
    freeze()
    login(client)

    answer = ask_many(client, book(["姓名", "单位", "日期"], ["孙科长", "D01局", "2020-08-01"], ["李科长", "", ""]))

    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    answers = [row[4] for row in rows if row[1] in {"孙科长", "李科长"}]
    assert answers == ["在影响期内，不得提拔重用", "无影响期"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (book(["名字"], ["孙科长"]), "名单.xlsx", "没有找到表头"),
        (book(["姓名", "日期"], ["孙科长", "八月"]), "名单.xlsx", "第2行的日期"),
        (book(["姓名", "单位"], ["", "公安局"]), "名单.xlsx", "没有姓名"),
        (book(["姓名"]), "名单.xlsx", "没有需要查询的人员"),
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

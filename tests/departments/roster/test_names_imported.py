"""Names in an imported roster: units that bear another one's, that were or are renamed; words for nobody."""

import io

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from departments.models import Department
from nanchuan_eval.audit.models import AuditEntry
from tests.departments.roster.files import HEADER, ROWS, roster, wrong_heads, xlsx
from tests.departments.roster.test_services import heads, held, refused, take
from tests.factories import make_department

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["民政局", "民 政 局", "重庆市南川区民政局", "区公安分局", "公安局", "警察局"])
def test_a_new_unit_does_not_bear_a_name_of_another_one(name):
    make_department(code="D06", name="民政局")
    make_department(code="D05", name="公安分局", short_names="警察局", former_names="公安局")
    holder = "“民政局”（D06）" if "政" in name else "“公安分局”（D05）"

    assert refused(xlsx(HEADER, ("D91", name, *ROWS[0][2:]))) == (
        f"工作表“名录”第2行：“单位”中的“{name}”已是{holder}的名称、简称或曾用名，无法区分，请核对。",
    )


def test_a_unit_is_not_renamed_to_a_name_of_another_one_nor_are_both_of_a_file_called_alike():
    take(roster())
    make_department(code="D06", name="民政局", former_names="救济院")
    taken = "的名称、简称或曾用名，无法区分，请核对。"

    assert refused(roster((2, "单位", "区救济院"))) == (
        f"工作表“名录”第4行：“单位”中的“区救济院”已是“民政局”（D06）{taken}",
    )
    assert refused(roster((2, "单位", "区发改委"))) == (
        f"工作表“名录”第2行：“单位”中的“发改委”已是“区发改委”（D02）{taken}",
        f"工作表“名录”第4行：“单位”中的“区发改委”已是“发改委”（D01）{taken}",
    )
    assert refused(roster((2, "单位", "局"))) == ("工作表“名录”第4行：“单位”中的“局”：每个名称应为2至60字。",)


def test_a_unit_that_takes_part_no_longer_keeps_no_name_for_itself():
    make_department(code="D06", name="公安局", is_active=False)

    assert len(take(roster()).created) == 3


@pytest.mark.parametrize("name", ["公安局", "公 安 局", "南川区公安局"])
def test_a_unit_under_its_former_name_is_not_renamed_back(name):
    take(roster())
    Department.objects.filter(code="D02").update(name="公安分局", former_names="公安局")
    before = held()[:3]

    report = take(roster((2, "单位", name)))

    assert (report.unchanged, held()[:3]) == (3, before)
    assert report.renamed == ()
    assert report.notices == (
        f"工作表“名录”第4行：单位代码“D02”仍写曾用名“{name}”，按现名“公安分局”处理，单位名称不变。",
    )


def test_a_unit_that_is_renamed_is_named():
    take(roster())

    report = take(roster((2, "单位", "公安分局")))

    assert [str(one) for one in report.renamed] == ["D02 公安局 → 公安分局"]
    assert report.notices == ("单位更名：D02 公安局 → 公安分局，原名称记入曾用名。",)
    assert AuditEntry.objects.latest("seq").detail["renamed"] == ["D02"]


@pytest.mark.parametrize("word", ["暂缺", "空 缺", "无", "待定", "——"])
def test_a_word_for_nobody_is_no_head_and_no_leader(word):
    header = (*HEADER, "主要领导")
    take(xlsx(header, *((*row, "局长") for row in ROWS)))
    before = held()[:3]

    report = take(xlsx(header, (*ROWS[0][:6], word, "2026-01-01", word), *((*row, "局长") for row in ROWS[1:])))

    assert held()[:3] == before
    assert report.notices == (
        f"“主要领导”写“{word}”，按未填处理，名录中原有的主要领导不变：工作表“名录”第2行。",
        f"“科室负责人”写“{word}”，按未填处理，名录中原有的科室负责人不变；"
        "已离任的，请在科室页面填写离任日期：工作表“名录”第2行。",
    )


def test_a_new_section_with_a_word_for_nobody_has_no_head():
    take(roster((0, "科室负责人", "暂缺")))

    assert heads("D01-01") == []


def test_the_command_that_asks_says_first_what_is_to_be_noticed_and_names_the_option(tmp_path, capsys):
    wrong, right = wrong_heads(2)
    take(wrong)
    path = tmp_path / "名录.xlsx"
    book = load_workbook(io.BytesIO(right))
    book.active.row_dimensions[3].hidden = True
    book.save(path)

    with pytest.raises(CommandError, match="都是更正登记的，加上 --correct-heads 再运行"):
        call_command("import_roster", str(path))

    assert capsys.readouterr().out.startswith("提示：工作表“名录”第3行是隐藏的")

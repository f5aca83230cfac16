"""Admin pages of reforms (沿革): form, preview, confirmation, and the history on the section's page."""

from datetime import date

import pytest
from django.test import Client

from departments.models import Section, SectionChange
from departments.reforms.services import merge_sections, rename_section
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import NOON, make_department, make_section, make_user
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db
LIST = "/admin/departments/section/"
DAY = "2020-03-01"


@pytest.fixture
def chief():
    return staff_client("chief")


@pytest.fixture
def office():
    return make_department(name="发改委")


@pytest.fixture
def section(office):
    return make_section(department=office, name="价格科", code="D01-01")


def staff_client(role):
    client = Client()
    client.force_login(make_user(role))
    return client


def address(kind, *sections):
    return f"{LIST}reform/{kind}/?ids={','.join(str(section.pk) for section in sections)}"


def text_of(response):
    return response.content.decode()


def preview(client, kind, *sections, **typed):
    return client.post(address(kind, *sections), {"on": DAY, "note": "", **typed})


def confirm(client, kind, *sections, **typed):
    return client.post(address(kind, *sections), {"on": DAY, "note": "", "confirm": "1", **typed}, follow=True)


def refused(response, reason):
    """The form is shown again with the reason, and nothing has changed."""
    assert response.status_code == 200
    assert reason in text_of(response)
    assert "下一步" in text_of(response)
    assert not SectionChange.objects.exists()
    assert not AuditEntry.objects.filter(result="ok").exists()


def test_a_section_is_renamed_by_form_preview_and_confirmation(chief, section):
    assert 'value="价格科"' in text_of(chief.get(address("rename", section)))

    page = text_of(preview(chief, "rename", section, name="价费科", note="〔2020〕1号"))

    assert "发改委“价格科”自2020年3月1日起更名为“价费科”" in page
    assert "上榜次数继续计入该科室" in page
    assert "依据：〔2020〕1号" in page
    assert not SectionChange.objects.exists()

    done = text_of(confirm(chief, "rename", section, name="价费科", note="〔2020〕1号"))

    assert "已办理更名：发改委“价格科”。" in done
    assert "发改委“价格科”更名为“价费科”" in done
    assert AuditEntry.objects.filter(action="roster.edit").count() == 1


def test_going_back_keeps_what_was_typed(chief, section):
    page = text_of(preview(chief, "rename", section, name="价费科", note="〔2020〕1号", back="1"))

    assert 'value="价费科"' in page and 'value="〔2020〕1号"' in page and f'value="{DAY}"' in page
    assert "errornote" not in page


def test_a_refusal_comes_before_the_confirmation_and_keeps_what_was_typed(chief, section, office):
    make_section(department=office, name="能源科")

    page = preview(chief, "rename", section, name="能源科", note="〔2020〕1号")

    refused(page, "“发改委”已有参评科室“能源科”。")
    assert 'value="能源科"' in text_of(page) and 'value="〔2020〕1号"' in text_of(page)


def test_a_confirmation_counts_once(chief, section):
    confirm(chief, "rename", section, name="价费科")

    assert "新名称与原名称相同" in text_of(confirm(chief, "rename", section, name="价费科"))
    assert SectionChange.objects.count() == 1


def test_several_sections_of_the_list_move_together(chief, section, office):
    other, target = make_section(department=office, name="收费科"), make_department(name="市场监管局")
    form = {"action": "reform_move", "_selected_action": [section.pk, other.pk]}

    page = chief.post(LIST, form, follow=True)

    assert "所选的2个科室" in text_of(page)
    told = text_of(preview(chief, "move", section, other, department=target.pk))
    assert "发改委“价格科”、发改委“收费科”自2020年3月1日起转隶到“市场监管局”" in told
    confirm(chief, "move", section, other, department=target.pk)
    assert target.sections.count() == 2


def test_sections_merge_into_one_of_them(chief, section, office):
    other = make_section(department=office, name="收费科")

    told = text_of(preview(chief, "merge", section, other, into=section.pk))

    assert "发改委“收费科”自2020年3月1日起并入发改委“价格科”" in told
    assert "新设" not in told.split("合并后的变化")[1]
    page = text_of(confirm(chief, "merge", section, other, into=section.pk))
    assert list(Section.objects.active()) == [section]
    assert "延续的科室" in page and "到2020年3月1日为止" in page


def test_sections_merge_into_a_new_one(chief, section, office):
    other = make_section(department=office, name="收费科")
    new = {"into": "new", "code": "Ｄ０１－０９", "name": "价费科"}

    assert "新设发改委“价费科”" in text_of(preview(chief, "merge", section, other, **new))
    assert not Section.objects.filter(code="D01-09").exists()
    confirm(chief, "merge", section, other, **new)

    assert [str(one) for one in Section.objects.active()] == ["发改委价费科"]


def test_a_section_splits_into_new_and_known_ones(chief, section, office):
    make_section(department=office, name="能源科", code="D01-02")
    parts = "Ｄ０１－０８ 收费科\r\n\r\nD01-02"

    told = text_of(preview(chief, "split", section, parts=parts, stays="on"))

    assert "新设发改委“收费科”" in told
    assert "拆分出发改委“收费科”、发改委“能源科”；发改委“价格科”保留，继续参评" in told
    confirm(chief, "split", section, parts=parts, stays="on")
    assert {change.later.code for change in SectionChange.objects.all()} == {"D01-08", "D01-02"}
    section.refresh_from_db()
    assert section.is_active


def test_sections_are_abolished(chief, section):
    assert "没有科室延续其位次" in text_of(preview(chief, "abolish", section))

    page = text_of(confirm(chief, "abolish", section))

    assert "发改委“价格科”撤销，没有科室延续" in page
    assert "机构改革：" not in page
    assert not Section.objects.active().exists()


@pytest.mark.parametrize(
    ("kind", "typed", "reason"),
    [
        ("rename", {"name": ""}, "请填写新名称"),
        ("rename", {"name": "长" * 61}, "60"),
        ("rename", {"name": "新", "on": ""}, "请填写生效日期"),
        ("rename", {"name": "新", "on": "去年"}, "生效日期格式有误，请按“2020-03-01”的格式填写"),
        ("rename", {"name": "新", "on": "2999-01-01"}, "不晚于今天"),
        ("rename", {"name": "新", "note": "长" * 201}, "200"),
        ("move", {}, "请选择转入单位"),
        ("move", {"department": "x"}, "另一个参评单位"),
        ("merge", {}, "请选择并入哪个科室"),
        ("merge", {"into": "99999"}, "名录中参评的科室"),
        ("merge", {"into": "new"}, "请填写新设科室的代码"),
        ("merge", {"into": "new", "code": "D9-1", "name": "新"}, "合并至少需要两个科室"),
        ("split", {"parts": ""}, "请填写拆分出的科室"),
        ("split", {"parts": "D9-1 新科"}, "拆分后至少应有两个科室"),
        ("split", {"parts": "D9-1 新科\nD9-1 又一科"}, "第2个：代码“D9-1”重复"),
        ("split", {"parts": "D9-1\nD9-2 新科"}, "第1个：名录中没有代码为“D9-1”的参评科室"),
        ("split", {"parts": "D01-01 新科\nD9-2 新科"}, "已是发改委“价格科”"),
        ("split", {"parts": "\n".join(f"D9-{n} 科{n}" for n in range(21))}, "最多拆分出20个"),
        ("split", {"parts": "D9/1 新科\nD9-2 别科"}, "代码只能用字母、数字和短横线"),
    ],
)
def test_an_impossible_reform_is_refused_in_chinese(chief, section, kind, typed, reason):
    refused(preview(chief, kind, section, **typed), reason)


def test_a_new_sections_name_without_choosing_new_is_asked_about(chief, section, office):
    other = make_section(department=office)

    refused(preview(chief, "merge", section, other, into=other.pk, name="价费科"), "并入已有科室时不填")


@pytest.mark.parametrize("ids", ["", "x", "0", "９", "1,2", "9" * 30])
def test_a_choice_of_no_or_too_many_sections_leads_back_to_the_list(chief, ids):
    for pk in (1, 2):
        make_section(pk=pk)

    page = chief.get(f"{LIST}reform/rename/?ids={ids}", follow=True)

    assert "请选择要更名的科室。" in text_of(page)


def test_there_are_five_reforms(chief, section):
    assert chief.get(address("delete", section)).status_code == 404


@pytest.mark.parametrize("role", ["clerk", "commission", "personnel", "sysadmin"])
def test_only_roles_that_may_edit_the_roster_reform_it(role, section):
    client = staff_client(role)

    assert client.get(address("rename", section)).status_code == 403
    assert confirm(client, "rename", section, name="价费科").status_code == 403
    section.refresh_from_db()
    assert section.name == "价格科"


def test_reforms_are_offered_only_to_roles_that_may_start_them(chief, section):
    for client, offered in ((chief, True), (staff_client("clerk"), False)):
        assert ("机构改革：" in text_of(client.get(f"{LIST}{section.pk}/change/"))) is offered
        assert ("撤销所选的科室" in text_of(client.get(LIST))) is offered


def test_the_history_is_shown_on_the_page_of_the_continuing_section(section, office):
    by, heir = make_user("chief"), make_section(department=office, name="综合科")
    common = {"on": date(2020, 3, 1), "by": by, "at": NOON}
    rename_section(section_id=section.pk, name="价费科", note="〔2020〕1号", **common)
    merge_sections(section_ids=[section.pk], into=heir.pk, **common)

    page = text_of(staff_client("clerk").get(f"{LIST}{heir.pk}/change/"))

    assert page.index("发改委“价格科”更名为“价费科”") < page.index("发改委“价费科”（D01-01）并入发改委“综合科”")
    assert "依据：〔2020〕1号" in page
    assert f'<a href="{LIST}{section.pk}/change/">发改委“价费科”</a>（D01-01）' in compact(page)


def test_the_pages_take_a_constant_number_of_queries(chief, section, office):
    by = make_user("chief")
    for n in range(30):
        rename_section(section_id=section.pk, name=f"科{n}", on=date(2020, 3, 1), by=by, at=NOON)
        make_section()

    page_in(chief, f"{LIST}{section.pk}/change/", queries=10, shows="科29")
    for kind, queries in {"rename": 3, "move": 4, "merge": 4, "split": 3, "abolish": 3}.items():
        page_in(chief, address(kind, section), queries=queries, shows="科29")
    page_in(chief, "/admin/departments/sectionchange/", queries=5, shows="科29")


def test_the_empty_list_of_changes_explains_where_they_are_made(chief):
    assert "用页面上方“机构改革”的按钮" in text_of(chief.get("/admin/departments/sectionchange/"))

"""The roster's units by all their names, and searches that find a name however it is written."""

import pytest

from departments.models import Department, Section, SectionChange, Tenure
from departments.roster.queries import unit_names
from nanchuan_eval.names.rules.others import joined, name_fault, names_in, with_former
from nanchuan_eval.names.rules.units import Unit, UnitNames
from tests.departments.roster.test_admin import section_form
from tests.factories import NOON, make_department, make_section, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(make_user("chief"))
    return make_department(code="D01", name="发改委", short_names="发展改革委")


def test_units_are_read_with_all_their_names_in_two_queries(office):
    for _ in range(10):
        make_section(department=office)
        make_section()
    with exactly(2):
        names = unit_names()
    assert names.recognise("区发展改革委").sure.code == "D01"
    assert len(names.units) == 11


def test_a_unit_that_takes_part_no_longer_is_still_recognised_unless_its_name_was_taken_over(office):
    gone = make_department(code="D09", name="粮食局", is_active=False)
    make_section(department=gone, name="仓储科")
    assert unit_names().recognise("区粮食局").sure.code == "D09"

    Department.objects.filter(pk=office.pk).update(former_names="粮 食局")

    assert unit_names().recognise("区粮食局").sure.code == "D01"
    assert unit_names().recognise("粮食局仓储科").sure.code == "D01"


def test_a_unit_is_recognised_by_a_name_that_its_section_once_had(office):
    section = make_section(department=office, name="价格科")
    SectionChange.objects.create(
        kind="renamed", on=NOON, earlier=section, later=section, earlier_name="物价科", earlier_department_name="发改委"
    )

    assert unit_names().recognise("发改委物价科").sure.code == "D01"
    assert [unit.code for unit in unit_names().recognise("物价科").possible] == ["D01"]


@pytest.mark.parametrize("searched", ["陈刚", "陈　刚", "陈\u200b刚", "发改 价格科", "发展改革委", "d01-1"])
def test_a_section_is_found_by_head_unit_and_code_however_they_are_written(client, office, searched):
    make_section(department=office, name="价格科", code="D01-1", head="陈 刚")
    make_section(name="综合科", head="陈钢")

    page = client.get("/admin/departments/section/", {"q": searched}).content.decode()

    assert "价格科" in page and "综合科" not in page


def test_a_section_cannot_take_another_ones_name_in_another_spelling(client, office):
    make_section(department=office, name="价格(收费)科")
    other = make_section(department=office, name="能源科", head="")

    page = client.post(f"/admin/departments/section/{other.pk}/change/", section_form(other, name="价格（收 费）科"))

    assert "同一单位内已有同名的参评科室" in page.content.decode()
    assert Section.objects.get(pk=other.pk).name == "能源科"


def test_the_head_is_stored_without_what_does_not_show(client, office):
    section = make_section(department=office, head="")
    tenure = {"name": "陈\u200b刚\ufeff", "starts_on": "2020-04-01", "ends_on": ""}
    client.post(f"/admin/departments/section/{section.pk}/change/", section_form(section, tenure))
    assert Tenure.objects.get().name == "陈刚"

    broken = {"name": "陈\ue000刚", "starts_on": "2020-04-01", "ends_on": ""}
    page = client.post(f"/admin/departments/section/{section.pk}/change/", section_form(section, broken))
    assert "系统无法识别的字" in page.content.decode()


class TestOtherNames:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("", ()),
            ("、 、", ()),
            ("公安、警察局", ("公安", "警察局")),
            ("公安，警 察局;公安\u200b；公　安", ("公安", "警 察局")),
            ("公安\r\n警察局", ("公安", "警察局")),
        ],
    )
    def test_a_list_is_read_with_each_name_once(self, text, names):
        assert names_in(text) == names

    def test_todays_name_is_no_other_name(self):
        assert joined(["公安、警察局"], but=["警察 局"]) == "公安"

    @pytest.mark.parametrize(
        ("former", "name", "now", "kept"),
        [
            ("", "发改委", "发展和改革局", "发改委"),
            ("计委", "发改委", "发展和改革局", "计委、发改委"),
            ("发改委", "发展和改革局", "发改委", "发展和改革局"),
            ("计委", "发改委", "发 改委", "计委"),
        ],
    )
    def test_the_old_name_is_kept_unless_both_are_one(self, former, name, now, kept):
        assert with_former(former, name, now) == kept

    def test_a_name_is_held_with_and_without_the_district(self):
        units = UnitNames([Unit("D02", "区公安局", ("公安",))], ["南川区", "区"])
        taken = "已是“区公安局”（D02）的名称、简称或曾用名，无法区分，请核对。"
        assert name_fault("南川区公安局", units) == f"“南川区公安局”{taken}"
        assert name_fault("公安局", units) == f"“公安局”{taken}"
        assert name_fault("公安局", units, but="D02") == name_fault("公安分局", units) == ""
        assert name_fault("局", units) == "“局”：每个名称应为2至60字。"

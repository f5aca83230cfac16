"""Reforms of units: rename, merge into another; the old names stay known, the sections' history tells them."""

from datetime import date

import pytest
from django.test import Client

from departments.models import Department, Section, SectionChange
from departments.reforms.queries import section_history
from departments.reforms.services import (
    abolish_sections,
    merge_department,
    move_sections,
    rename_department,
    rename_section,
)
from departments.roster.queries import unit_names
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, make_department, make_section, make_user
from tests.pages import page_in

pytestmark = pytest.mark.django_db
DAY = date(2020, 3, 1)
LIST = "/admin/departments/department/"


@pytest.fixture
def chief():
    return make_user("chief")


@pytest.fixture
def office():
    return make_department(code="D01", name="发改委", short_names="发展改革委")


@pytest.fixture
def grain():
    return make_department(code="D09", name="粮食局", short_names="粮食、粮储局", former_names="粮油局")


def rename(unit, name, by, **given):
    return rename_department(
        department_id=unit.pk, name=name, **{"on": DAY, "note": "〔2020〕1号", "by": by, "at": NOON, **given}
    )


def merge(unit, into, by, **given):
    return merge_department(
        department_id=unit.pk, into_id=into.pk, **{"on": DAY, "note": "", "by": by, "at": NOON, **given}
    )


def lines(section):
    return [line.text for line in section_history(Section.objects.get(pk=section.pk)).lines]


class TestRenaming:
    def test_keeps_sections_and_code_and_the_old_name_as_a_former_one(self, office, chief):
        section = make_section(department=office, name="价格科")

        rename(office, " 发展和改革局 ", chief)

        office.refresh_from_db()
        assert (office.code, office.name, office.former_names) == ("D01", "发展和改革局", "发改委")
        assert list(office.sections.all()) == [section]
        assert unit_names().recognise("南川区发改委").sure.code == "D01"

    def test_is_told_by_the_history_of_each_section(self, office, chief):
        section, closed = (make_section(department=office, name=name) for name in ("价格科", "能源科"))
        abolish_sections(section_ids=[closed.pk], on=DAY, by=chief, at=NOON)

        rename(office, "发展和改革局", chief)
        rename_section(section_id=section.pk, name="价费科", on=DAY, by=chief, at=NOON)

        assert lines(section) == [
            "发改委“价格科”所属单位更名为“发展和改革局”，原单位名称“发改委”",
            "发展和改革局“价格科”更名为“价费科”",
        ]
        assert lines(closed) == ["发改委“能源科”撤销，没有科室延续"]

    def test_back_to_an_old_name_leaves_it_out_of_the_former_ones(self, office, chief):
        rename(office, "发展和改革局", chief)
        rename(office, "发改委", chief)

        office.refresh_from_db()
        assert (office.name, office.former_names) == ("发改委", "发展和改革局")

    def test_is_one_row_of_the_log_which_holds_all_that_was_written(self, office, chief):
        make_section(department=office)
        rename(office, "发展和改革局", chief)

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.reason, entry.detail["departments"]) == ("roster.edit", "〔2020〕1号", ["D01"])
        kinds = {name.partition(":")[0] for name in entry.detail["fixed"]}
        assert kinds == {
            "departments.Department",
            "departments.Department+names",
            "departments.Section",
            "departments.SectionChange",
        }
        Department.objects.filter(pk=office.pk).update(former_names="")
        assert any("单位的简称和曾用名" in fault for fault in changed_facts("departments.Department+names"))

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", "单位名称应为1至60字"),
            ("长" * 61, "单位名称应为1至60字"),
            ("发改委", "新名称与原名称相同"),
            ("发 改\u200b委", "只是写法不同"),
            ("粮　食局", "“粮食局”（D09）"),
            ("区粮储局", "“粮食局”（D09）"),
            ("粮油局", "“粮食局”（D09）"),
        ],
    )
    def test_is_refused_for_no_name_the_same_or_another_units(self, office, grain, chief, name, reason):
        with pytest.raises(RuleViolation, match=reason):
            rename(office, name, chief)

        office.refresh_from_db()
        assert office.name == "发改委"
        assert not SectionChange.objects.exists() and not AuditEntry.objects.exists()

    def test_is_refused_before_the_last_change_and_after_today(self, office, chief):
        section = make_section(department=office)
        rename_section(section_id=section.pk, name="价费科", on=date(2020, 5, 1), by=chief, at=NOON)

        for on, reason in ((DAY, "不能早于上一次沿革"), (date(2999, 1, 1), "不晚于今天")):
            with pytest.raises(RuleViolation, match=reason):
                rename(office, "发展和改革局", chief, on=on)

    def test_is_refused_for_too_many_former_names_and_a_unit_that_is_gone(self, office, chief):
        Department.objects.update(former_names="、".join("名" * 49 + str(n) for n in range(5)))
        Department.objects.update(name="旧" * 55)
        with pytest.raises(RuleViolation, match="300"):
            rename(office, "发展和改革局", chief)
        Department.objects.update(is_active=False)
        with pytest.raises(RuleViolation, match="已不再参评"):
            rename(office, "发展和改革局", chief)

    def test_is_for_those_who_may_edit_the_roster(self, office):
        with pytest.raises(Denied):
            rename(office, "发展和改革局", make_user("clerk"))


class TestMerging:
    def test_moves_the_sections_and_hands_over_all_names(self, office, grain, chief):
        section, resting, closed = (make_section(department=grain, name=name) for name in ("仓储科", "军粮科", "旧科"))
        Section.objects.filter(pk=resting.pk).update(is_active=False)
        abolish_sections(section_ids=[closed.pk], on=DAY, by=chief, at=NOON)

        merge(grain, office, chief)

        office.refresh_from_db()
        grain.refresh_from_db()
        assert office.former_names == "粮食局、粮食、粮储局、粮油局"
        assert (grain.name, grain.is_active) == ("粮食局", False)
        assert set(office.sections.all()) == {section, resting}
        assert set(grain.sections.all()) == {closed}
        assert not Section.objects.get(pk=resting.pk).is_active
        assert lines(section) == ["粮食局“仓储科”转隶到发改委"]

    @pytest.mark.parametrize("written", ["粮食局", "区粮食局", "粮储局", "粮油局", "粮食局仓储科", "粮食局旧科"])
    def test_lets_lists_find_the_receiving_unit_by_every_old_name(self, office, grain, chief, written):
        make_section(department=grain, name="仓储科")
        closed = make_section(department=grain, name="旧科")
        abolish_sections(section_ids=[closed.pk], on=DAY, by=chief, at=NOON)

        merge(grain, office, chief)

        assert unit_names().recognise(written).sure.code == "D01"

    def test_is_refused_if_the_receiving_unit_has_a_section_of_the_name(self, office, grain, chief):
        make_section(department=office, name="综合科")
        make_section(department=grain, name="综　合科")

        with pytest.raises(RuleViolation, match="“发改委”已有参评科室“综　合科”"):
            merge(grain, office, chief)

        grain.refresh_from_db()
        assert grain.is_active

    def test_is_refused_into_itself_and_into_a_unit_that_is_gone(self, office, grain, chief):
        with pytest.raises(RuleViolation, match="并入的另一个"):
            merge(grain, grain, chief)
        Department.objects.filter(pk=office.pk).update(is_active=False)
        with pytest.raises(RuleViolation, match="已不再参评"):
            merge(grain, office, chief)

    def test_a_merged_unit_cannot_take_part_again_under_the_name_it_gave_away(self, office, grain, chief):
        merge(grain, office, chief)
        client = Client()
        client.force_login(chief)
        grain.refresh_from_db()

        page = client.post(f"{LIST}{grain.pk}/change/", form(grain))

        assert "已是“发改委”（D01）的名称、简称或曾用名" in page.content.decode()
        grain.refresh_from_db()
        assert not grain.is_active

    def test_moving_all_sections_of_a_unit_leaves_the_unit_as_it_is(self, office, grain, chief):
        section = make_section(department=grain, name="仓储科")
        move_sections(section_ids=[section.pk], department_id=office.pk, on=DAY, by=chief, at=NOON)

        grain.refresh_from_db()
        office.refresh_from_db()
        assert (grain.is_active, office.former_names) == (True, "")


def form(unit, **changes):
    names = ("code", "name", "kind", "superior", "chief_leader", "leader_in_charge", "short_names", "former_names")
    return {**{name: getattr(unit, name) for name in names}, "is_active": "on", **changes}


class TestThePages:
    @pytest.fixture
    def client(self, client, chief):
        client.force_login(chief)
        return client

    def post(self, client, kind, unit, **typed):
        address = f"{LIST}reform/{kind}/?ids={unit.pk}"
        return client.post(address, {"on": "2020-03-01", "note": "〔2020〕1号", **typed}, follow=True).content.decode()

    def test_a_unit_is_renamed_by_form_preview_and_confirmation(self, client, office):
        make_section(department=office)
        page = client.get(f"{LIST}{office.pk}/change/").content.decode()
        assert "单位更名" in page and "单位合并" in page
        assert 'value="发改委"' in client.get(f"{LIST}reform/rename/?ids={office.pk}").content.decode()

        told = self.post(client, "rename", office, name="发展和改革局")

        assert "“发改委”自2020年3月1日起更名为“发展和改革局”，代码、领导和所属1个科室不变" in told
        assert "“发改委”记入曾用名" in told
        assert not SectionChange.objects.exists()
        done = self.post(client, "rename", office, name="发展和改革局", confirm="1")
        assert "已办理单位更名：发改委。" in done
        assert 'value="发改委"' in done  # among the former names

    def test_a_unit_is_merged_by_form_preview_and_confirmation(self, client, office, grain):
        make_section(department=grain, name="仓储科")

        told = self.post(client, "merge", grain, into=office.pk)

        assert "“粮食局”自2020年3月1日起并入“发改委”，此后不再参评；其科室粮食局“仓储科”转隶到“发改委”" in told
        assert "“粮食局”“粮食”“粮储局”“粮油局”记入“发改委”的曾用名" in told
        assert "联络员账号" in told
        assert "已办理单位合并：粮食局。" in self.post(client, "merge", grain, into=office.pk, confirm="1")
        page = client.get(f"{LIST}{grain.pk}/change/").content.decode()
        assert "机构改革：" not in page

    @pytest.mark.parametrize(
        ("kind", "typed", "reason"),
        [
            ("rename", {"name": ""}, "请填写新名称"),
            ("rename", {"name": "\u3000\u200b"}, "请填写新名称"),
            ("rename", {"name": "发改\ue000委"}, "系统无法识别的字"),
            ("rename", {"name": "粮油局"}, "已是“粮食局”（D09）的名称、简称或曾用名"),
            ("merge", {}, "请选择并入哪个单位"),
            ("merge", {"into": "99999"}, "请选择另一个参评单位"),
        ],
    )
    def test_an_impossible_reform_is_refused_in_chinese(self, client, office, grain, kind, typed, reason):
        page = self.post(client, kind, office, **typed)

        assert reason in page and "下一步" in page
        assert not AuditEntry.objects.filter(result="ok").exists()

    def test_the_pages_take_a_constant_number_of_queries(self, client, office):
        for _ in range(20):
            make_section(department=office)
            make_department()
        page_in(client, f"{LIST}{office.pk}/change/", queries=6, shows="单位更名")
        page_in(client, f"{LIST}reform/rename/?ids={office.pk}", queries=3, shows="发改委")
        page_in(client, f"{LIST}reform/merge/?ids={office.pk}", queries=4, shows="发改委")

    def test_only_known_reforms_of_one_unit(self, client, office, grain):
        assert client.get(f"{LIST}reform/split/?ids={office.pk}").status_code == 404
        page = client.get(f"{LIST}reform/rename/?ids={office.pk},{grain.pk}", follow=True).content.decode()
        assert "请选择要更名的单位。" in page


class TestTwoPersons:
    @pytest.fixture(autouse=True)
    def rule_of_two(self, settings):
        settings.TWO_PERSON_RULE = True

    @pytest.fixture
    def client(self, client):
        client.force_login(make_user("clerk"))
        return client

    def propose(self, client, kind, unit, **typed):
        address = f"{LIST}reform/{kind}/?ids={unit.pk}"
        asked = {"on": "2020-03-01", "note": "〔2020〕1号", "confirm": "1", **typed}
        assert "已提请" in client.post(address, asked, follow=True).content.decode()
        return Approval.objects.pending().get()

    def test_the_approver_reads_names_and_sections_of_a_renaming(self, client, office, chief):
        make_section(department=office, name="价格科", code="D01-01")
        approval = self.propose(client, "rename", office, name="发展和改革局")

        assert approval.content == {
            "办理": "单位更名",
            "生效日期": "2020年3月1日",
            "依据": "〔2020〕1号",
            "单位": "发改委（D01） → 发展和改革局（D01）",
            "“发展和改革局”的曾用名": "发改委",
            "所属科室": ["发改委价格科（D01-01） → 发展和改革局价格科（D01-01）"],
        }
        approvals.approve(approval_id=approval.pk, by=chief, at=NOON)
        office.refresh_from_db()
        assert (office.name, office.former_names) == ("发展和改革局", "发改委")

    def test_the_approver_reads_what_a_merger_moves(self, client, office, grain, chief):
        make_section(department=grain, name="仓储科", code="D09-01")
        approval = self.propose(client, "merge", grain, into=office.pk)

        assert approval.content["单位"] == "粮食局（D09） → 并入发改委（D01），不再参评"
        assert approval.content["“发改委”的曾用名"] == "粮食局、粮食、粮储局、粮油局"
        assert approval.content["所属科室"] == ["粮食局仓储科（D09-01） → 发改委仓储科（D09-01）"]
        approvals.approve(approval_id=approval.pk, by=chief, at=NOON)
        assert [str(one) for one in Section.objects.active()] == ["发改委仓储科"]

    def test_a_corrected_name_is_kept_and_the_approver_reads_it(self, client, office, chief):
        client.post(f"{LIST}{office.pk}/change/", form(office, name="发展改革局"))

        (approval,) = Approval.objects.pending()
        assert approval.content["改动"] == ["单位：发改委 → 发展改革局", "曾用名：（空） → 发改委"]
        approvals.approve(approval_id=approval.pk, by=chief, at=NOON)
        office.refresh_from_db()
        assert (office.name, office.former_names) == ("发展改革局", "发改委")

    def test_another_spelling_of_the_name_is_no_former_name(self, client, office, chief):
        client.post(f"{LIST}{office.pk}/change/", form(office, name="发改 委"))

        (approval,) = Approval.objects.pending()
        assert approval.content["改动"] == ["单位：发改委 → 发改 委"]

    def test_short_and_former_names_are_proposed_in_one_manner(self, client, office, chief):
        names = {"short_names": "发展改革委，发改局; 发 改局、发改委", "former_names": "计委\u200b、 计委、经计委"}
        client.post(f"{LIST}{office.pk}/change/", form(office, **names))

        (approval,) = Approval.objects.pending()
        assert approval.content["改动"] == ["简称：发展改革委 → 发展改革委、发改局", "曾用名：（空） → 计委、经计委"]
        approvals.approve(approval_id=approval.pk, by=chief, at=NOON)
        office.refresh_from_db()
        assert office.other_names == ("发展改革委", "发改局", "计委", "经计委")

    @pytest.mark.parametrize(
        ("field", "text", "reason"),
        [
            ("short_names", "粮　食局", "“粮 食局”已是“粮食局”（D09）"),
            ("short_names", "南川区粮储局", "“南川区粮储局”已是“粮食局”（D09）"),
            ("former_names", "粮油局", "“粮油局”已是“粮食局”（D09）"),
            ("name", "粮食", "“粮食”已是“粮食局”（D09）"),
            ("short_names", "发", "每个名称应为2至60字"),
            ("former_names", "名" * 61, "每个名称应为2至60字"),
            ("short_names", "、".join(["发改委办公室"] * 40), "200"),
        ],
    )
    def test_names_of_another_unit_and_impossible_ones_are_refused(self, client, office, grain, field, text, reason):
        page = client.post(f"{LIST}{office.pk}/change/", form(office, **{field: text})).content.decode()

        assert reason in page
        assert not Approval.objects.exists()

    @pytest.mark.parametrize("searched", ["发展改革委", "旧名局", "旧　名\u200b局", "D01 发改委"])
    def test_the_list_is_searched_by_other_names_too(self, client, office, grain, searched):
        Department.objects.filter(pk=office.pk).update(former_names="旧名局")

        page = client.get(LIST, {"q": searched}).content.decode()

        assert "发改委" in page and "粮食局" not in page

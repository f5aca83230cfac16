"""Approval of roster changes: the clerk proposes, the chief approves exactly that."""

from datetime import date

import pytest
from django.test import Client

from departments.models import Department, Section, SectionChange, Tenure
from departments.reforms.services import rename_section
from departments.roster.services import import_roster
from nanchuan_eval.admin_site.services import save_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from tests.departments.reforms.test_admin import DAY, address
from tests.departments.roster.files import HEADER, ROWS, roster, wrong_heads, xlsx
from tests.departments.roster.test_admin import (
    IMPORT,
    LIST,
    WORKBOOK,
    answered,
    confirm,
    section_form,
    staff_client,
    text_of,
    upload,
)
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = pytest.mark.django_db
DEPARTMENTS = "/admin/departments/department/"
NEW = {"code": "D99", "name": "新局", "kind": "administrative", "is_active": "on"}


@pytest.fixture(autouse=True)
def rule_of_two(settings):
    settings.TWO_PERSON_RULE = True


def waiting():
    return Approval.objects.pending().get()


def approve():
    return approvals.approve(approval_id=waiting().pk, by=make_user("chief"), at=NOON)


class TestEditing:
    """A form's changes are proposed with their values before and after."""

    def change(self, section, *tenures, client=None, **changes):
        client = client or staff_client("clerk")
        return client.post(f"{LIST}{section.pk}/change/", section_form(section, *tenures, **changes), follow=True)

    def test_a_forms_changes_are_saved_by_the_approval_only(self):
        section = make_section(head="张三")
        before = section.name
        old = {"id": section.tenures.get().pk, "name": "张三", "starts_on": "2019-01-01", "ends_on": "2020-03-31"}
        new = {"name": "赵六", "starts_on": "2020-04-01", "ends_on": ""}

        assert "已提请，经另一人审批后生效" in text_of(
            self.change(section, old, new, name="新科", service_kind="approval")
        )

        section.refresh_from_db()
        assert section.name == before
        assert waiting().content["改动"] == [
            f"科室：{before} → 新科",
            "服务类型：行政服务 → 行政审批",
            "科室负责人任职“张三”：离任日期：（空） → 2020年3月31日",
            "新增科室负责人任职：科室负责人 赵六，任职日期 2020年4月1日，离任日期 （空），离任原因 （空）",
        ]
        approve()
        section.refresh_from_db()
        assert (section.name, section.service_kind) == ("新科", "approval")
        assert list(section.tenures.values_list("name", "ends_on")) == [("张三", date(2020, 3, 31)), ("赵六", None)]
        saved = AuditEntry.objects.filter(action="roster.edit", detail__changed__isnull=False)
        assert set(saved.values_list("object_type", flat=True)) == {"departments.Section", "departments.Tenure"}

    def test_only_changed_fields_are_saved(self):
        section = make_section(head="")
        self.change(section, name="新科")
        Section.objects.update(service_kind="approval")

        approve()

        section.refresh_from_db()
        assert (section.name, section.service_kind) == ("新科", "approval")

    def test_a_value_changed_meanwhile_voids_the_proposal(self):
        section = make_section(head="")
        self.change(section, name="新科")
        Section.objects.update(name="别的名")

        with pytest.raises(RuleViolation, match="已失效"):
            approve()

    def test_deleting_a_tenure_takes_two_persons(self):
        section = make_section(head="张三")
        tenure = {"id": section.tenures.get().pk, "name": "张三", "starts_on": "2019-01-01", "DELETE": "on"}
        self.change(section, tenure)
        assert section.tenures.exists()

        approve()

        assert not section.tenures.exists()

    def test_a_pending_proposal_is_shown_and_makes_the_page_read_only(self):
        section = make_section(head="")
        self.change(section, name="新科")

        page = text_of(staff_client("clerk").get(f"{LIST}{section.pk}/change/"))
        assert "等待评议办负责人审批" in page
        assert 'name="_save"' not in page
        assert "审批之后方可再提请" in text_of(self.change(section, name="又改"))
        assert Approval.objects.count() == 1

    def test_a_form_without_changes_proposes_nothing(self):
        assert "没有改动" in text_of(self.change(make_section(head="")))
        assert not Approval.objects.exists()

    def test_an_approval_that_has_become_impossible_is_refused(self):
        section = make_section(head="")
        self.change(section, name="新科")
        make_section(head="", department=section.department, name="新科")

        with pytest.raises(RuleViolation, match="同名的参评科室"):
            approve()
        assert waiting()

    def test_no_role_saves_without_approval(self):
        section = make_section()
        for role in ("chief", "commission", "personnel"):
            answer = staff_client(role).post(f"{LIST}{section.pk}/change/", section_form(section, name="改了"))
            assert answer.status_code == 403
        with pytest.raises(policy.NeedsApproval):
            save_record(section, action="roster.edit", by=make_user("chief"), at=NOON, changed=["name"])
        section.refresh_from_db()
        assert section.name != "改了"


class TestAdding:
    """The approver reads a new record in full; several may be pending."""

    def test_adding_a_department_takes_two_persons(self):
        answer = staff_client("clerk").post(f"{DEPARTMENTS}add/", NEW, follow=True)
        assert "等待评议办负责人审批" in text_of(answer)
        assert not Department.objects.exists()
        assert waiting().title == "新增部门单位：新局"
        assert waiting().content["单位性质"] == "行政部门"

        approve()

        assert Department.objects.get().code == "D99"

    def test_a_section_is_added_with_its_head(self):
        section = Section(code="D99-01", name="新科", department=make_department(), service_kind="service")
        head = {"name": "赵六", "starts_on": "2020-04-01", "ends_on": ""}
        staff_client("clerk").post(f"{LIST}add/", section_form(section, {**head, "section": ""}))

        approve()

        assert Section.objects.get().tenures.get().name == "赵六"

    def test_several_additions_may_be_pending_and_the_page_shows_them(self):
        client: Client = staff_client("clerk")
        client.post(f"{DEPARTMENTS}add/", NEW)
        client.post(f"{DEPARTMENTS}add/", {**NEW, "code": "D98", "name": "新委"})

        page = text_of(client.get(f"{DEPARTMENTS}add/"))
        assert "新增部门单位：新局" in page
        assert "新增部门单位：新委" in page
        for approval in Approval.objects.pending():
            approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)
        assert Department.objects.count() == 2

    def test_a_code_added_twice_is_refused(self):
        client: Client = staff_client("clerk")
        for name in ("新局", "新委"):
            client.post(f"{DEPARTMENTS}add/", {**NEW, "name": name})
        first, second = Approval.objects.order_by("pk")
        approvals.approve(approval_id=first.pk, by=make_user("chief"), at=NOON)

        with pytest.raises(RuleViolation, match="“新委”"):
            approvals.approve(approval_id=second.pk, by=make_user("chief"), at=NOON)


class TestReforming:
    """A reform is rehearsed before it is proposed, and performed as the approver read it."""

    @pytest.fixture
    def sections(self):
        office = make_department(name="发改委")
        return [
            make_section(department=office, name=name, code=f"D01-{n}") for n, name in enumerate(["价格科", "能源科"])
        ]

    def propose(self, kind, *sections, client=None, **typed):
        return (client or staff_client("clerk")).post(
            address(kind, *sections), {"on": DAY, "note": "〔2020〕1号", "confirm": "1", **typed}, follow=True
        )

    @pytest.mark.parametrize(
        ("kind", "typed", "change"),
        [
            ("rename", {"name": "价费科"}, "发改委价格科（D01-0） → 发改委价费科（D01-0）"),
            ("abolish", {}, "发改委价格科（D01-0） → （不再参评）"),
            ("split", {"parts": "D01-7 价费科\nD01-8 粮食科"}, "发改委价格科（D01-0） → 发改委价费科（D01-7）"),
        ],
    )
    def test_the_approver_reads_the_changes_that_the_approval_makes(self, sections, kind, typed, change):
        assert "已提请，经另一人审批后生效" in text_of(self.propose(kind, sections[0], **typed))
        assert not SectionChange.objects.exists()
        assert waiting().content["变动"][0] == change

        approve()

        assert SectionChange.objects.first().note == "〔2020〕1号"

    def test_several_are_merged_into_a_new_one(self, sections):
        self.propose("merge", *sections, into="new", code="D01-9", name="综合科")

        approve()

        assert [section.name for section in Section.objects.active()] == ["综合科"]

    def test_an_impossible_reform_cannot_be_proposed(self, sections):
        assert "已有参评科室“能源科”" in text_of(self.propose("rename", sections[0], name="能源科"))
        assert not Approval.objects.exists()

    def test_a_name_changed_meanwhile_voids_the_proposal(self, sections):
        self.propose("rename", sections[0], name="价费科")
        Section.objects.filter(pk=sections[0].pk).update(name="物价科")

        with pytest.raises(RuleViolation, match="已失效"):
            approve()

    def test_only_the_clerk_sees_the_preview_and_no_role_reforms_without_approval(self, sections):
        preview = staff_client("clerk").post(address("rename", sections[0]), {"on": DAY, "note": "", "name": "价费科"})
        assert 'value="提请更名"' in text_of(preview)
        with pytest.raises(policy.NeedsApproval):
            rename_section(section_id=sections[0].pk, name="价费科", on=NOON.date(), by=make_user("chief"), at=NOON)
        assert self.propose("rename", sections[0], client=staff_client("commission"), name="价费科").status_code == 403
        assert not SectionChange.objects.exists()


class TestImporting:
    """The file's rows are proposed with every change they make; the approval takes all or nothing."""

    @pytest.fixture
    def held(self):
        import_roster(rows=read_rows(WORKBOOK.read_bytes(), WORKBOOK.name), by=OPERATOR, at=NOON)

    def renamed(self):
        header = ("单位代码", "单位", "单位性质", "科室代码", "科室", "服务类型")
        sections = Section.objects.select_related("department")
        rows = [
            (
                *(s.department.code, s.department.name, s.department.get_kind_display()),
                *(s.code, f"新{s.name}", s.get_service_kind_display()),
            )
            for s in sections
        ]
        return roster(header=header, rows=rows)

    def propose(self, content):
        client = staff_client("clerk")
        preview = upload(client, content)
        return preview, confirm(client, preview)

    def test_renaming_all_105_sections_takes_a_second_person_who_reads_105_changes(self, held):
        preview, answer = self.propose(self.renamed())

        assert preview.context["page"].total == 105
        assert "提请导入名录" in text_of(preview)
        assert "已提请，经另一人审批后生效" in text_of(answer)
        assert not Section.objects.filter(name__startswith="新").exists()
        changes = waiting().content["变更"]
        assert len(changes) == 105
        assert "科室：价格和收费管理科 → 新价格和收费管理科" in changes[0]

        approve()

        assert Section.objects.filter(name__startswith="新").count() == 105

    def test_the_approver_reads_every_field_of_a_new_section_its_head_included(self):
        self.propose(roster())

        assert waiting().content["新增"][:2] == [
            ["单位代码", "单位", "单位性质", "科室代码", "科室", "服务类型", "垂直管理", "科室负责人", "任职日期"],
            ["D01", "发改委", "行政部门", "D01-01", "价格科", "行政审批", "否", "张三", "2019年3月1日"],
        ]
        assert list(waiting().content) == ["文件", "新增单位", "新增", "未变", "变动校验值"]
        page = staff_client("chief").get(f"/approvals/{waiting().pk}/").content.decode()
        assert '<th scope="col">科室负责人</th>' in page
        assert "<td>2019年3月1日</td>" in page

    def test_the_approver_reads_which_heads_are_corrected_and_which_replaced(self):
        import_roster(rows=read_rows(roster(), "名录.xlsx"), by=OPERATOR, at=NOON)
        content = roster(
            *((0, "科室负责人", "张三丰"), (1, "科室负责人", "赵六"), (1, "任职日期", "2020-04-01")),
            (2, "任职日期", "2001-01-01"),
        )
        client = staff_client("clerk")
        preview = answered(client, upload(client, content), "correct")
        confirm(client, preview, **{"answer-heads": "correct"})

        said = waiting().content
        assert said["更正负责人姓名"] == ["D01-01 发改委价格科：张三（2019年3月1日任职） → 张三丰（2019年3月1日任职）"]
        assert said["更换负责人"] == ["D01-02 发改委能源科：李四（2018年5月1日任职） → 赵六（2020年4月1日任职）"]
        assert said["更正任职日期"] == ["D02-01 公安局户政科：王五（2000年1月1日任职） → 王五（2001年1月1日任职）"]

        approve()

        tenures = Tenure.objects.order_by("section__code", "starts_on").values_list("name", "ends_on")
        assert list(tenures) == [("张三丰", None), ("李四", date(2020, 3, 31)), ("赵六", None), ("王五", None)]

    def test_twenty_wrong_heads_are_one_approval(self):
        wrong, right = wrong_heads()
        import_roster(rows=read_rows(wrong, "名录.xlsx"), by=OPERATOR, at=NOON)
        client = staff_client("clerk")

        preview = answered(client, upload(client, right), "correct")
        confirm(client, preview, **{"answer-heads": "correct"})

        assert len(waiting().content["更正负责人姓名"]) == 20
        approve()
        assert not Tenure.objects.filter(name__startswith="错名").exists()
        assert Tenure.objects.count() == 20

    def test_rows_hidden_in_the_file_are_told_to_the_approver(self):
        def hide(sheet):
            sheet.row_dimensions[3].hidden = True

        self.propose(xlsx(HEADER, *ROWS, edit=hide))

        assert "第3行是隐藏的" in waiting().content["请注意"][0]

    def test_a_roster_changed_meanwhile_voids_the_proposal(self, held):
        self.propose(self.renamed())
        Section.objects.filter(code="D01-01").update(service_kind="enforcement")

        with pytest.raises(RuleViolation, match="已失效"):
            approve()

        assert not Section.objects.filter(name__startswith="新").exists()

    def test_an_outdated_preview_is_not_proposed(self, held):
        client = staff_client("clerk")
        preview = upload(client, self.renamed())
        Section.objects.filter(code="D01-01").update(service_kind="enforcement")

        assert "有变动，没有导入任何内容" in text_of(confirm(client, preview))
        assert not Approval.objects.exists()

    def test_no_role_imports_without_approval(self, held):
        content = self.renamed()
        for role in ("chief", "commission"):
            assert staff_client(role).get(IMPORT).status_code == 403
        with pytest.raises(policy.NeedsApproval):
            import_roster(rows=read_rows(content, "名录.xlsx"), by=make_user("chief"), at=NOON)
        assert not Section.objects.filter(name__startswith="新").exists()


def test_a_form_that_only_proposes_has_one_button(client):
    client.force_login(make_user("clerk"))
    page = client.get(f"{DEPARTMENTS}add/").content.decode()
    assert 'value="提请审批"' in page
    assert "_addanother" not in page
    assert "_continue" not in page


def test_a_liaisons_unit_is_chosen_from_the_roster(client):
    make_department(code="D77", name="公路局")
    client.force_login(make_user("security"))
    account = make_user("clerk")
    page = client.get(f"/admin/nanchuan_eval/user/{account.pk}/change/").content.decode()
    assert '<option value="D77">公路局（D77）</option>' in page

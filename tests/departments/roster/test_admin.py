"""Admin of departments and sections, and the import of the roster."""

import io
import tempfile
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from departments.models import Department, Section, SectionChange, Tenure
from nanchuan_eval.audit.models import AuditEntry
from tests.departments.roster.files import HEADER, ROWS, roster, saved
from tests.factories import NOON, make_department, make_section, make_user
from tests.pages import compact, page_in
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
WORKBOOK = ROOT / "departments" / "data" / "roster.xlsx"
LIST = "/admin/departments/section/"
IMPORT = "/admin/lists/roster/"
PAGES = [LIST, "/admin/departments/department/", "/admin/departments/sectionchange/"]
SEES, DOES_NOT_SEE = ["clerk", "chief", "commission", "personnel"], ["sysadmin", "auditor"]


def staff_client(role="chief", **options):
    client = Client(**options)
    client.force_login(make_user(role))
    return client


def upload(client, content, name="名录.xlsx"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content)}, follow=True)


def confirm(client, preview, **changes):
    """Confirm a preview; the address is the one the preview was shown at."""
    given = {"kind": "roster", "fingerprint": preview.context.get("fingerprint", ""), "confirm": "1", **changes}
    return client.post(f"{preview.redirect_chain[-1][0]}confirm/", given, follow=True)


def answered(client, preview, answer):
    """Answer the question about heads; returns the preview that follows from it."""
    here = preview.redirect_chain[-1][0]
    return client.post(f"{here}confirm/", {"answer-heads": answer}, follow=True)


def imports():
    return AuditEntry.objects.filter(action="roster.import", result="ok").count()


def text_of(response):
    return compact(response.content.decode())


@pytest.mark.reader
def test_the_districts_workbook_is_uploaded_previewed_and_confirmed():
    client = staff_client()

    preview = upload(client, WORKBOOK.read_bytes())

    assert not Section.objects.exists()
    assert preview.context["page"].total == 105
    for text in (
        "单位38",
        "科室105",
        "新增105",
        "价格和收费管理科",
        "D08-0",
        "演示科长0101",
        "2019-03-01",
        "行政审批",
    ):
        assert text in text_of(preview)

    done = confirm(client, preview)

    assert "名录已导入：新增105个科室，变更0个，未变0个。" in text_of(done)
    assert (Section.objects.count(), Department.objects.count(), Tenure.objects.count()) == (105, 38, 105)
    assert imports() == 1


def test_a_second_upload_shows_only_what_changes():
    client = staff_client()
    confirm(client, upload(client, roster()))

    preview = upload(client, roster((0, "科室", "价格和收费科"), (2, "科室", "户政与身份证科")))

    assert [line.kind for line in preview.context["page"].lines] == ["变更", "变更"]
    assert "<del>价格科</del><ins>价格和收费科</ins>" in text_of(preview)
    assert "<del>户政科</del><ins>户政与身份证科</ins>" in text_of(preview)
    assert "能源科" not in text_of(preview)

    confirm(client, preview)

    assert Section.objects.get(code="D01-01").name == "价格和收费科"
    assert imports() == 2


def test_a_changed_head_is_shown_with_the_first_day():
    client = staff_client()
    confirm(client, upload(client, roster()))

    preview = upload(client, roster((0, "科室负责人", "赵六"), (0, "任职日期", "2020-04-01")))

    assert preview.context["page"].lines[0].kind == "更换负责人"
    assert "<del>张三</del><ins>赵六</ins>" in text_of(preview)
    assert "<del>2019-03-01</del><ins>2020-04-01</ins>" in text_of(preview)


def test_other_names_of_heads_are_asked_about_and_corrected_once_seen():
    client = staff_client()
    confirm(client, upload(client, roster()))

    preview = upload(client, roster((0, "科室负责人", "张三丰"), (1, "科室负责人", "李思")))
    assert "2个科室的负责人姓名与现有登记不同" in text_of(preview)
    assert "D01-01 发改委价格科：张三 → 张三丰，2019-03-01任职" in text_of(preview)
    assert "确认导入名录" not in text_of(preview)
    assert "请先回答" in text_of(confirm(client, preview))

    preview = answered(client, preview, "correct")
    assert "更正负责人姓名2" in text_of(preview)
    confirm(client, preview, **{"answer-heads": "correct"})

    assert list(Tenure.objects.filter(section__department__code="D01").values_list("name", "ends_on")) == [
        ("张三丰", None),
        ("李思", None),
    ]


def test_heads_who_took_over_need_their_first_days_in_the_file():
    client = staff_client()
    confirm(client, upload(client, roster()))

    preview = answered(client, upload(client, roster((0, "科室负责人", "赵六"))), "replace")

    assert "请在文件中填写新任负责人的任职日期" in text_of(preview)
    assert "确认导入名录" not in text_of(preview)
    confirm(client, preview, **{"answer-heads": "replace"})
    assert imports() == 1
    assert "更正负责人姓名1" in text_of(answered(client, preview, "correct"))


def test_sections_that_the_file_lacks_are_named():
    client = staff_client()
    make_section(department=make_department(code="D09"), code="D09-01")

    assert "名录中有、文件中没有的科室1个（不会删除，请核对是否撤销或改了代码）：D09-01。" in text_of(
        upload(client, roster())
    )


def test_a_file_without_changes_has_no_confirmation():
    client = staff_client()
    confirm(client, upload(client, roster()))

    page = text_of(upload(client, roster()))

    assert "没有需要导入的内容" in page
    assert "确认导入名录" not in page


def test_a_faulty_file_shows_every_fault_and_imports_nothing():
    client = staff_client()

    page = upload(client, roster((0, "服务类型", "审批"), (1, "科室", ""), (2, "任职日期", "去年")))

    for row, reason in ((2, "“服务类型”的“审批”无法识别"), (3, "“科室”为空"), (4, "“任职日期”的“去年”不是日期")):
        assert f"工作表“名录”第{row}行" in text_of(page)
        assert reason in text_of(page)
    assert "有3处问题" in text_of(page)
    assert not Section.objects.exists()


def test_formulas_in_a_hundred_rows_are_one_line():
    rows = [("D01", "发改委", "行政部门", f"D01-{n}", "=A1", "行政审批", "", "") for n in range(100)]

    page = text_of(upload(staff_client(), roster(rows=rows)))

    assert "有100处问题" in page
    assert "等100处" in page


def test_a_conflict_with_the_roster_is_shown_before_confirming():
    client = staff_client()
    confirm(client, upload(client, roster()))

    page = text_of(upload(client, roster((0, "科室负责人", "赵六"), (0, "任职日期", "2018-01-01"))))

    assert "“赵六”的任职日期2018-01-01应晚于前任的2019-03-01。" in page
    assert "确认导入名录" not in page


def test_a_roster_of_more_than_two_megabytes_is_refused():
    page = upload(staff_client(), b"a" * (2 * 1024 * 1024 + 1), "大.csv")

    assert page.status_code == 400
    assert "超过2MB" in text_of(page)


def test_an_upload_leaves_no_file_behind():
    before = set(Path(tempfile.gettempdir()).iterdir())
    client = staff_client()

    confirm(client, upload(client, roster()))
    upload(client, roster((0, "科室", "别的科")))

    left = set(Path(tempfile.gettempdir()).iterdir()) - before
    assert not [path for path in left if path.is_file() and path.read_bytes().startswith(b"PK")]


def test_a_preview_belongs_to_its_uploader():
    preview = upload(staff_client(), roster())

    page = confirm(staff_client(), preview)

    assert "没有再次导入" in text_of(page)
    assert not Section.objects.exists()


def test_a_confirmation_counts_once():
    client = staff_client()
    preview = upload(client, roster())
    confirm(client, preview)

    assert "没有再次导入" in text_of(confirm(client, preview))
    assert imports() == 1


def test_a_roster_changed_after_the_preview_needs_a_new_preview():
    client = staff_client()
    preview = upload(client, roster())
    other = staff_client()
    confirm(other, upload(other, roster((0, "科室", "别的科"))))

    assert "有变动" in text_of(confirm(client, preview))
    assert Section.objects.get(code="D01-01").name == "别的科"


def test_the_template_imports_once_it_is_filled_in():
    client = staff_client()
    book = load_workbook(io.BytesIO(client.get("/admin/lists/template/roster/").content))
    headings = [cell.value.strip("*") for cell in book["名录"][1]]
    for row in ROWS:
        book["名录"].append([dict(zip(HEADER, row, strict=True)).get(name, "") for name in headings])

    preview = upload(client, saved(book))

    assert "新增3" in text_of(preview)
    assert "“填写示例”是模板的说明，没有读取" in text_of(preview)


@pytest.mark.parametrize("role", ["clerk", "commission", "personnel", "sysadmin", "auditor"])
def test_only_the_chief_imports(role):
    client = staff_client(role)

    assert client.get(IMPORT).status_code == 403
    assert upload(client, roster()).status_code == 403
    assert not Section.objects.exists()
    assert AuditEntry.objects.filter(action="roster.import", result="denied").count() == 2


def test_only_the_chief_is_offered_the_import():
    assert IMPORT in text_of(staff_client("chief").get(LIST))
    assert IMPORT not in text_of(staff_client("clerk").get(LIST))


@pytest.mark.parametrize("address", [LIST, IMPORT])
def test_a_stranger_logs_in_first(address):
    response = Client().post(address)

    assert response.status_code == 302
    assert "/login/" in response["Location"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", SEES)
def test_roles_of_the_policy_table_see_the_roster(page, role):
    assert staff_client(role).get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", DOES_NOT_SEE)
def test_other_roles_do_not_see_the_roster(page, role):
    assert staff_client(role).get(page).status_code == 403


def section_form(section, *tenures, **changes):
    rows = {
        f"tenures-{n}-{key}": value
        for n, tenure in enumerate(tenures)
        for key, value in {"section": section.pk, **tenure}.items()
    }
    return {
        "code": section.code,
        "name": section.name,
        "department": section.department_id,
        "service_kind": section.service_kind,
        "is_active": "on",
        "tenures-TOTAL_FORMS": len(tenures),
        "tenures-INITIAL_FORMS": sum("id" in tenure for tenure in tenures),
        **rows,
        **changes,
    }


@pytest.mark.parametrize("role", ["clerk", "commission", "personnel"])
def test_roles_that_may_only_see_a_section_cannot_change_it(role):
    section = make_section()
    client = staff_client(role)
    address = f"{LIST}{section.pk}/change/"

    assert client.get(address).status_code == 200
    assert 'name="_save"' not in text_of(client.get(address))
    assert client.post(address, section_form(section, name="改了")).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    section.refresh_from_db()
    assert section.name != "改了"


def test_a_changed_section_and_its_heads_are_logged():
    section = make_section(head="张三")
    old = section.tenures.get()
    form = section_form(
        section,
        {"id": old.pk, "name": "张三", "starts_on": "2019-01-01", "ends_on": "2020-03-31"},
        {"name": "赵六", "starts_on": "2020-04-01", "ends_on": ""},
        name="新科",
    )

    assert staff_client().post(f"{LIST}{section.pk}/change/", form).status_code == 302

    section.refresh_from_db()
    assert section.name == "新科"
    assert list(section.tenures.values_list("name", "ends_on")) == [("张三", date(2020, 3, 31)), ("赵六", None)]
    entries = AuditEntry.objects.filter(action="roster.edit").order_by("pk")
    assert [entry.object_type for entry in entries] == [
        "departments.Section",
        "departments.Tenure",
        "departments.Tenure",
    ]
    assert entries[0].detail["changed"] == ["name"]


def test_a_deleted_tenure_is_logged():
    section = make_section(head="张三")
    tenure = {"id": section.tenures.get().pk, "name": "张三", "starts_on": "2019-01-01", "DELETE": "on"}

    staff_client().post(f"{LIST}{section.pk}/change/", section_form(section, tenure))

    assert not section.tenures.exists()
    assert AuditEntry.objects.filter(action="roster.edit", object_type="departments.Tenure").count() == 1


def test_a_tenure_that_ends_before_it_starts_is_refused():
    section = make_section(head="")
    tenure = {"name": "张三", "starts_on": "2020-01-02", "ends_on": "2020-01-01"}

    page = staff_client().post(f"{LIST}{section.pk}/change/", section_form(section, tenure))

    assert "离任日期不能早于任职日期" in text_of(page)
    assert not section.tenures.exists()


def test_the_chief_adds_a_department():
    form = {"code": "D99", "name": "新局", "kind": "administrative", "is_active": "on"}

    assert staff_client().post("/admin/departments/department/add/", form).status_code == 302
    assert Department.objects.get().name == "新局"
    assert AuditEntry.objects.get().action == "roster.edit"


@pytest.mark.parametrize("kind", ["section", "department", "sectionchange"])
def test_departments_and_sections_cannot_be_deleted(kind):
    section = make_section()
    change = SectionChange.objects.create(kind="renamed", on=NOON, earlier=section, later=section)
    pk = {"section": section, "department": section.department, "sectionchange": change}[kind].pk

    assert staff_client().post(f"/admin/departments/{kind}/{pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_history_is_read_only():
    client = staff_client()

    assert client.get("/admin/departments/sectionchange/add/").status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("service_kind__exact=service", 200),
        ("is_active__exact=1", 200),
        ("q=科", 200),
        ("o=99", 200),
        ("p=-1", 200),
        ("p=9999", 200),
        ("name__startswith=科", 400),
        ("department__chief_leader__startswith=局", 400),
        ("department__sections__tenures__name__startswith=科", 400),
        ("tenures__name=x", 400),
    ],
)
def test_the_list_is_filtered_by_declared_fields_only(query, status):
    make_section()

    assert staff_client("clerk").get(f"{LIST}?{query}").status_code == status


@pytest.mark.parametrize("sections", [2, 30])
def test_the_section_list_takes_a_constant_number_of_queries(sections):
    for _ in range(sections):
        section = make_section(department=make_department())

    page_in(staff_client(), LIST, queries=6, shows=section.code)


def test_an_invalid_filter_value_redirects_to_the_list():
    for _ in range(2):
        make_section()

    assert staff_client("clerk").get(f"{LIST}?department__id__exact=x").status_code == 302

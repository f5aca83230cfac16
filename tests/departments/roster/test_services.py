"""Import of the roster: all or nothing, matched by codes, logged."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from departments.models import Department, Section, Tenure
from departments.roster.services import import_roster
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR, Denied
from nanchuan_eval.spreadsheets import read_rows
from tests.departments.roster.files import HEADER, ROWS, csv_text, roster, wrong_heads, xlsx
from tests.factories import NOON, ROLES, make_department, make_section, make_user
from tests.pages import exactly
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
WORKBOOK = ROOT / "departments" / "data" / "roster.xlsx"


def take(content, *, filename="名录.xlsx", by=OPERATOR, **options):
    return import_roster(rows=read_rows(content, filename), by=by, at=NOON, **options)


def held():
    """Everything an import may change."""
    return [list(model.objects.order_by("pk").values()) for model in (Department, Section, Tenure, AuditEntry)]


def heads(code):
    return list(
        Tenure.objects.filter(section__code=code).order_by("starts_on").values_list("name", "starts_on", "ends_on")
    )


def refused(content, **options):
    before = held()
    with pytest.raises(RuleViolation) as refusal:
        take(content, **options)
    assert held() == before
    return refusal.value.reasons


def test_the_districts_roster_is_imported_whole():
    report = take(WORKBOOK.read_bytes())

    assert (report.departments, report.sections, len(report.created)) == (38, 105, 105)
    assert (Department.objects.count(), Section.objects.count(), Tenure.objects.count()) == (38, 105, 105)
    assert Section.objects.active().count() == 105


def test_an_import_is_logged_once():
    chief = make_user("chief")

    take(roster(), by=chief)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.at) == ("roster.import", chief, NOON)
    figures = {"departments": 2, "sections": 3, "created": 3, "changed": [], "absent": []}
    assert {name: entry.detail[name] for name in figures} == figures


def test_the_same_file_once_more_changes_nothing():
    take(WORKBOOK.read_bytes())
    before = held()[:3]

    report = take(WORKBOOK.read_bytes())

    assert (report.created, report.changed, report.unchanged) == ((), (), 105)
    assert held()[:3] == before


@pytest.mark.parametrize(("changed", "statements"), [(False, 15), (True, 17)])
def test_an_import_takes_a_constant_number_of_statements(changed, statements):
    if changed:
        Section.objects.bulk_create(
            Section(code=f"D{n}", name=f"{n}", department=make_department(code=f"D{n}"), service_kind="service")
            for n in range(10)
        )
        take(WORKBOOK.read_bytes())
        Section.objects.update(service_kind="")
        Tenure.objects.update(name="前任", starts_on=date(2010, 1, 1))
    rows = read_rows(WORKBOOK.read_bytes(), "名录.xlsx")

    with exactly(statements):
        report = import_roster(rows=rows, by=OPERATOR, at=NOON)

    assert len(report.changed if changed else report.created) == 105


def test_a_dry_run_reports_and_writes_nothing():
    take(roster())
    before = held()

    report = take(roster((0, "科室", "价格和收费科")), dry_run=True)

    assert report.changed == ("D01-01",)
    assert held() == before


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"chief"}))
def test_only_the_chief_imports(role):
    user = make_user(role)
    before = held()

    with pytest.raises(Denied):
        take(roster(), by=user)

    assert held() == before


def test_scheduled_jobs_may_not_import():
    with pytest.raises(Denied):
        take(roster(), by=CLOCK)


def test_one_fault_refuses_the_whole_file():
    take(roster())

    assert refused(roster((0, "科室", "改名科"), (2, "服务类型", "审批"))) == (
        "工作表“名录”第4行：“服务类型”的“审批”无法识别，应为：行政审批、行政服务、行政执法、公用事业。",
    )


def test_a_changed_head_ends_the_predecessors_tenure():
    take(roster())

    report = take(roster((0, "科室负责人", "赵六"), (0, "任职日期", "2020-04-01")))

    assert report.changed == ("D01-01",)
    assert heads("D01-01") == [
        ("张三", date(2019, 3, 1), date(2020, 3, 31)),
        ("赵六", date(2020, 4, 1), None),
    ]


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("2018-01-01", "“赵六”的任职日期2018-01-01应晚于前任的2019-03-01。"),
    ],
)
def test_a_new_head_needs_a_later_date(since, reason):
    take(roster())

    assert refused(roster((0, "科室负责人", "赵六"), (0, "任职日期", since))) == (f"工作表“名录”第2行：{reason}",)


def test_other_names_without_a_day_of_their_own_are_asked_about():
    wrong, right = wrong_heads()
    take(wrong)

    reasons = refused(right)

    assert reasons[0].startswith("20个科室的负责人姓名与现有登记不同，任职日期相同或未填")
    assert reasons[1] == "D01-00 发改委第0科：错名0 → 王0，2019-03-01任职（工作表“名录”第2行）"
    assert len(reasons) == 21


def test_twenty_wrong_heads_are_corrected_at_once():
    wrong, right = wrong_heads()
    take(wrong)

    report = take(right, correct_heads=True)

    assert len(report.changed) == 20
    assert heads("D01-01") == [("王1", date(2019, 3, 1), None)]
    assert Tenure.objects.count() == 20
    assert len(AuditEntry.objects.latest("seq").detail["corrected_heads"]) == 20


def test_correcting_heads_takes_a_constant_number_of_statements():
    statements = []
    for number in (2, 20):
        Tenure.objects.all().delete()
        Section.objects.all().delete()
        wrong, right = wrong_heads(number)
        take(wrong)
        rows = read_rows(right, "名录.xlsx")
        with CaptureQueriesContext(connection) as queries:
            import_roster(rows=rows, correct_heads=True, by=OPERATOR, at=NOON)
        statements.append(len(queries))

    assert statements[0] == statements[1]


def test_a_head_in_another_spelling_is_no_change():
    take(roster())
    before = held()[:3]

    report = take(roster((0, "科室负责人", "张　三"), (0, "单位", "发 改 委"), (0, "任职日期", "")))

    assert report.unchanged == 3
    assert held()[:3] == before


def test_a_first_day_is_corrected_only_after_the_predecessor_left():
    take(roster())
    take(roster((0, "科室负责人", "赵六"), (0, "任职日期", "2020-04-01")))

    take(roster((0, "科室负责人", "赵六"), (0, "任职日期", "2020-05-01")))
    assert heads("D01-01")[-1] == ("赵六", date(2020, 5, 1), None)

    assert refused(roster((0, "科室负责人", "赵六"), (0, "任职日期", "2020-03-01"))) == (
        "工作表“名录”第2行：“赵六”的任职日期2020-03-01应晚于前任的离任日期2020-03-31。",
    )


def test_short_and_former_names_are_imported_and_kept():
    header = (*HEADER, "简称", "曾用名")
    take(xlsx(header, (*ROWS[0], "发改、发改局", "计委"), (*ROWS[1], "", ""), (*ROWS[2], "", "")))

    take(roster((0, "单位", "发展改革委"), (1, "单位", "发展改革委")))

    department = Department.objects.get(code="D01")
    assert (department.short_names, department.former_names) == ("发改、发改局", "计委、发改委")


@pytest.mark.parametrize("name", ["公安局", "公 安 局", "警察局", "保安局"])
def test_a_short_name_of_another_unit_is_refused(name):
    take(xlsx((*HEADER, "简称", "曾用名"), *((*row, *("警察局", "保安局") * (n == 2)) for n, row in enumerate(ROWS))))

    assert refused(xlsx((*HEADER, "简称"), (*ROWS[0], f"发改、{name}"), (*ROWS[1], ""))) == (
        f"工作表“名录”第2行：“简称”中的“{name}”已是“公安局”（D02）的名称、简称或曾用名，无法区分，请核对。",
    )


def test_a_vacant_post_is_filled_after_the_last_head_left():
    take(roster())
    Tenure.objects.filter(section__code="D01-01").update(ends_on=date(2020, 5, 1))
    refused(roster())

    take(roster((0, "任职日期", "2020-05-02")))

    assert heads("D01-01")[-1] == ("张三", date(2020, 5, 2), None)


def test_the_same_head_with_another_date_is_a_correction():
    take(roster())

    report = take(roster((2, "任职日期", "2017-01-01")))

    assert report.changed == ("D02-01",)
    assert heads("D02-01") == [("王五", date(2017, 1, 1), None)]


def test_an_unknown_first_day_is_an_early_date():
    take(roster())

    assert heads("D02-01") == [("王五", date(2000, 1, 1), None)]


def test_empty_cells_keep_the_present_values():
    take(
        xlsx(
            (*HEADER, "垂直管理", "上级主管单位", "主要领导", "分管领导"),
            *((*row, "是", "市局", "局长", "副局长") for row in ROWS),
        )
    )
    before = held()[:3]

    report = take(xlsx(HEADER[:6], *(row[:6] for row in ROWS)))

    assert report.unchanged == 3
    assert held()[:3] == before


def test_a_departments_leader_changes_for_all_its_sections():
    take(roster())

    report = take(xlsx((*HEADER, "主要领导"), (*ROWS[0], "新局长"), ROWS[1], ROWS[2]))

    assert report.changed == ("D01-01", "D01-02")
    assert Department.objects.get(code="D01").chief_leader == "新局长"


def test_two_sections_may_exchange_their_names():
    take(roster())

    take(roster((0, "科室", "能源科"), (1, "科室", "价格科")))

    assert list(Section.objects.filter(department__code="D01").values_list("code", "name")) == [
        ("D01-01", "能源科"),
        ("D01-02", "价格科"),
    ]


def test_a_section_may_not_come_under_a_second_code():
    take(roster())

    assert refused(roster((0, "科室代码", "D01-09"))) == (
        "工作表“名录”第2行：“发改委”的科室“价格科”已以代码“D01-01”参评，请沿用原代码，或先停止原科室参评。",
    )


def test_the_name_of_a_section_that_takes_part_no_longer_is_free():
    take(roster())
    Section.objects.filter(code="D01-01").update(is_active=False)

    assert take(roster((0, "科室代码", "D01-09"))).created == ("D01-09",)


def test_a_section_of_the_file_takes_part_again():
    take(roster())
    Section.objects.filter(code="D01-01").update(is_active=False)
    Department.objects.filter(code="D02").update(is_active=False)

    report = take(roster())

    assert report.changed == ("D01-01", "D02-01")
    assert Section.objects.active().count() == 3


def test_sections_that_the_file_does_not_name_stay_and_are_reported():
    make_section(department=make_department(code="D09"), code="D09-01")

    report = take(roster())

    assert report.absent == ("D09-01",)
    assert Section.objects.active().count() == 4


def test_an_outdated_preview_is_refused():
    agreed = take(roster(), dry_run=True).fingerprint
    take(roster((0, "科室", "别的科")))

    assert refused(roster(), agreed=agreed) == ("名录在预览之后有变动，请重新上传文件，核对新的预览。",)


def test_an_unchanged_preview_is_imported():
    agreed = take(roster(), dry_run=True).fingerprint

    assert len(take(roster(), agreed=agreed).created) == 3


def run(path, *options):
    call_command("import_roster", str(path), *options)


def test_the_command_imports_and_reports_the_changes(tmp_path, capsys):
    path = tmp_path / "名录.csv"
    path.write_bytes(csv_text().encode("gbk"))

    run(path, "--dry-run")
    run(path)

    assert capsys.readouterr().out.splitlines() == [
        "检查通过，未导入：2个单位，3个科室（新增3，变更0，未变0）。",
        "已导入：2个单位，3个科室（新增3，变更0，未变0）。",
    ]
    assert AuditEntry.objects.get().role == "CLI"


def test_the_command_lists_sections_missing_from_the_file(tmp_path, capsys):
    make_section(department=make_department(code="D09"), code="D09-01")
    path = tmp_path / "名录.xlsx"
    path.write_bytes(roster())

    run(path)

    assert "名录中有、文件中没有的科室（未删除）：D09-01" in capsys.readouterr().out


def test_the_command_refuses_a_faulty_file_with_every_reason(tmp_path):
    path = tmp_path / "名录.xlsx"
    path.write_bytes(roster((0, "服务类型", "审批"), (2, "科室", "")))

    with pytest.raises(CommandError) as refusal:
        run(path)

    assert str(refusal.value).count("工作表“名录”第") == 2
    assert not Section.objects.exists()


def test_the_command_asks_about_heads_unless_it_is_told(tmp_path, capsys):
    wrong, right = wrong_heads(2)
    take(wrong)
    path = tmp_path / "名录.xlsx"
    path.write_bytes(right)

    with pytest.raises(CommandError, match="2个科室的负责人姓名与现有登记不同"):
        run(path)
    assert heads("D01-00") == [("错名0", date(2019, 3, 1), None)]

    run(path, "--correct-heads")
    assert heads("D01-00") == [("王0", date(2019, 3, 1), None)]
    assert "更正负责人姓名：D01-00 王0" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["没有.xlsx", "."])
def test_the_command_reports_an_unreadable_file_in_chinese(tmp_path, name):
    with pytest.raises(CommandError, match="读不到文件") as refusal:
        run(tmp_path / name)

    assert refusal.value.returncode == 2

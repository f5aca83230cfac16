"""The roster's import in the admin: django-import-export shows the preview, our parser reads, our service saves.

An untidy workbook is made tidy first (merged cells, title rows, blanks); a fault in any row refuses the file.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from import_export import fields, resources, widgets
from import_export.admin import ImportMixin
from import_export.formats.base_formats import Format
from import_export.results import Result
from tablib import Dataset

from departments.models import Department, DepartmentKind, Section, ServiceKind
from departments.rules.roster import HEADINGS, RosterError, RosterRow, parse_roster
from departments.services import import_roster
from nanchuan_eval import policy
from nanchuan_eval.desk import staff
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User
from nanchuan_eval.spreadsheet import read_rows


class RosterFormat(Format):
    """A roster file as a tidy dataset with our own headings."""

    extension = ""

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding

    def get_title(self) -> str:
        return self.extension

    def get_extension(self) -> str:
        return self.extension

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Dataset:
        try:
            rows = parse_roster(read_rows(in_stream, f"名录.{self.extension}"))
        except RosterError as error:
            raise RuleViolation(*error.reasons) from None
        return Dataset(*(_as_text(row) for row in rows), headers=[names[0] for names in HEADINGS.values()])


class RosterXlsx(RosterFormat):
    """.xlsx."""

    extension = "xlsx"


class RosterCsv(RosterFormat):
    """.csv."""

    extension = "csv"


class WordsWidget(widgets.Widget):
    """A choice shown and read by its Chinese word."""

    def __init__(self, choices: type[DepartmentKind] | type[ServiceKind]) -> None:
        super().__init__()
        self.words = dict(choices.choices)

    def clean(self, value: str, row: Mapping[str, str] | None = None, **kwargs: Any) -> str:
        return next(key for key, word in self.words.items() if word == value)

    def render(self, value: str, obj: Any = None, **kwargs: Any) -> str:
        return self.words.get(value, "")


class DepartmentWidget(widgets.Widget):
    """The section's department as the file names it; never saved from here."""

    def clean(self, value: str, row: Mapping[str, str] | None = None, **kwargs: Any) -> Department:
        code = (row or {})["单位代码"]
        department = Department.objects.filter(code=code).first() or Department(code=code)
        department.name = value
        return department

    def render(self, value: Department | None, obj: Any = None, **kwargs: Any) -> str:
        return value.name if value else ""


class SectionResource(resources.ModelResource):
    """What the preview compares; saving is the service's."""

    department = fields.Field(attribute="department", column_name="单位", widget=DepartmentWidget())
    code = fields.Field(attribute="code", column_name="科室代码")
    name = fields.Field(attribute="name", column_name="科室")
    service_kind = fields.Field(
        attribute="service_kind", column_name="服务类型", widget=WordsWidget(ServiceKind)
    )

    class Meta:
        model = Section
        fields = ("department", "code", "name", "service_kind")
        import_id_fields = ("code",)
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def save_instance(self, instance: Section, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Save nothing: the service takes the whole roster over at once."""

    def validate_instance(self, instance: Section, *args: Any, **kwargs: Any) -> None:
        """Leave checking to the roster's own rules, which have passed."""


class RosterImportMixin(ImportMixin):
    """The import pages of the roster: upload, preview with differences, confirm."""

    resource_classes = [SectionResource]
    formats = [RosterXlsx, RosterCsv]
    skip_admin_log = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and policy.may(request.user, "roster.import")

    def add_data_read_fail_error_to_form(self, form: Any, error: Exception) -> None:
        """Name every fault with its sheet and row."""
        reasons = (
            error.reasons
            if isinstance(error, RuleViolation)
            else ("文件无法读取，请确认选择的格式与文件一致。",)
        )
        for reason in reasons:
            form.add_error("import_file", reason)

    def process_dataset(self, dataset: Dataset, form: Any, request: HttpRequest, **kwargs: Any) -> Result:
        """Take the confirmed roster over in one transaction with its trace."""
        rows = [
            ("名录", 1, tuple(dataset.headers)),
            *(("名录", n, row) for n, row in enumerate(dataset, start=2)),
        ]
        self.report = import_roster(rows=rows, by=staff(request), at=timezone.now())
        return Result()

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        """Say what was done, and which sections the file did not name."""
        report = self.report
        messages.success(
            request,
            f"名录已导入：新增{len(report.created)}个科室，变更{len(report.changed)}个，未变{report.unchanged}个。",
        )
        if report.absent:
            messages.warning(request, f"名录中有、文件中没有的科室（未删除）：{'、'.join(report.absent)}")


def _as_text(row: RosterRow) -> tuple[str, ...]:
    words = {
        "department_kind": DepartmentKind(row.department_kind).label,
        "service_kind": ServiceKind(row.service_kind).label,
        "is_vertical": "是" if row.is_vertical else "否",
        "head_since": row.head_since.isoformat() if row.head_since else "",
    }
    return tuple(words.get(key) or str(getattr(row, key) or "") for key in HEADINGS)

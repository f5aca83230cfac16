"""Admin pages of the roster import: pages of django-import-export, parser and service of our own.

Uploads are not written to disk: between preview and confirmation the file is kept in the uploader's session.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from import_export import fields, resources
from import_export.admin import ImportMixin
from import_export.formats.base_formats import Format
from import_export.forms import ConfirmImportForm, ImportForm
from tablib import Dataset

from departments.models import Department, Section
from departments.roster.approvals import CODE, LABELS, propose_import, shown
from departments.roster.rules.rows import REQUIRED
from departments.roster.services import RosterReport, import_roster
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt

ACTION = "roster.import"
LARGEST_MEGABYTES = 2
WAITING = "roster_upload"
STALE = "预览已失效（文件已导入、已换成另一份或登录已过期），请重新上传。"


class RosterForm(ImportForm):  # type: ignore[misc]
    """上传名录: compares the file with the roster and shows every fault at the field."""

    import_file = forms.FileField(
        label="名录文件",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text="Excel 工作簿（.xlsx）或 CSV 文本（.csv），不超过2MB。",
        error_messages={"required": "请选择名录文件。", "empty": "文件没有内容，请重新选择文件。"},
        max_length=200,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    @property
    def media(self) -> forms.Media:
        """Without the library's script, which only guesses the file's format."""
        return forms.Media()

    def clean_import_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["import_file"]
        if (file.size or 0) > LARGEST_MEGABYTES * 1024 * 1024:
            raise forms.ValidationError(f"名录文件超过{LARGEST_MEGABYTES}MB，请核对文件是否正确。")
        self.content = file.read()
        try:
            rows = read_rows(self.content, file.name or "")
            self.report = import_roster(rows=rows, by=self.by, at=clock.now(), dry_run=True)
            file.report = self.report  # type: ignore[attr-defined]  # for write_to_tmp_storage
        except RuleViolation as refusal:
            self.faults = len(refusal.faults if isinstance(refusal, FileRefused) else refusal.reasons)
            raise forms.ValidationError(list(refusal.reasons)) from None
        return file


class Compared:
    """Comparison in place of the library's temporary file, named by its fingerprint."""

    def __init__(self, report: RosterReport) -> None:
        self.report, self.name = report, report.fingerprint

    def read(self) -> RosterReport:
        """Return the comparison."""
        return self.report


class RosterFormat(Format):  # type: ignore[misc]
    """A comparison as a dataset with the roster's headings; blank cells hold the present values."""

    def get_title(self) -> str:
        return "名录"

    def can_import(self) -> bool:
        return True

    def create_dataset(self, report: RosterReport) -> Dataset:
        rows = (tuple(shown(difference.after).values()) for difference in report.differences)
        return Dataset(*rows, headers=list(LABELS.values()))


class ShownField(fields.Field):  # type: ignore[misc]
    """A displayed value, stored beside the section's fields: the service does the saving."""

    def __init__(self, label: str) -> None:
        super().__init__(attribute=label, column_name=label)

    def save(self, instance: Any, row: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        instance.shown[self.column_name] = row[self.column_name]

    def export(self, instance: Any, **kwargs: Any) -> str:
        return str(instance.shown.get(self.column_name, ""))


class WholeValues(resources.Diff):  # type: ignore[misc]
    """Differences of whole values: partly changed Chinese words are hard to read, and the CSP forbids inline styles."""

    def as_html(self) -> list[str]:
        return [self._marked(*values) for values in zip(self.left, self.right, strict=True)]

    def _marked(self, before: str, after: str) -> str:
        if self.new or before == after:
            return format_html("{}", after)
        return format_html("<del>{}</del> <ins>{}</ins>", before or "（空）", after or "（空）")


class SectionResource(resources.ModelResource):  # type: ignore[misc]
    """Preview of the service's comparison: each section before and after."""

    class Meta:
        model = Section
        fields = ()
        import_id_fields = (CODE,)
        report_skipped = False
        use_transactions = False

    def __init__(self, report: RosterReport | None = None) -> None:
        super().__init__()
        self.differences = {d.after.section_code: d for d in (report.differences if report else ())}
        rows = [shown(difference.after) for difference in self.differences.values()]
        # Empty columns are left out.
        self.fields = {label: ShownField(label) for label in LABELS.values() if any(row[label] for row in rows)}

    @classmethod
    def get_diff_class(cls) -> type[WholeValues]:
        return WholeValues

    def get_import_fields(self, selected_fields: Any = None) -> list[ShownField]:
        return list(self.fields.values())

    def get_instance(self, instance_loader: Any, row: Mapping[str, str]) -> Section | None:
        before = self.differences[row[CODE]].before
        return _section(shown(before.row)) if before else None

    def init_instance(self, row: Mapping[str, str] | None = None) -> Section:
        return _section({})

    def skip_row(self, instance: Section, original: Section, row: Mapping[str, str], *args: Any) -> bool:
        difference = self.differences[row[CODE]]
        return not (difference.is_new or difference.is_changed)

    def validate_instance(self, instance: Section, *args: Any, **kwargs: Any) -> None:
        """Skip: the roster's rules have already checked the row."""

    def save_instance(self, instance: Section, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Skip: the service saves the whole roster at once."""


class RosterImportMixin(ImportMixin):  # type: ignore[misc]
    """Import pages of the roster: upload, preview of the differences, confirmation."""

    resource_classes = [SectionResource]
    formats = [RosterFormat]
    import_form_class = RosterForm

    def has_import_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and policy.may_start(request.user, ACTION)

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the upload form, or the preview of an upload."""
        if not self.has_import_permission(request):
            raise policy.Denied(account_of(request), ACTION)
        page: Any = super().import_action(request, **kwargs)
        page.context_data |= {
            "title": "导入名录",
            "is_nav_sidebar_enabled": False,
            "report": getattr(page.context_data["form"], "report", None),
            "verb": "提请" if policy.requires_approval(ACTION) else "确认",
            "required": [LABELS[key] for key in REQUIRED],
            "optional": [label for key, label in LABELS.items() if key not in REQUIRED],
        }
        return page  # type: ignore[no-any-return]

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_import_form_kwargs(request), "by": account_of(request)}

    def write_to_tmp_storage(self, import_file: "UploadedFile[bytes]", input_format: Any) -> Compared:
        return Compared(import_file.report)  # type: ignore[attr-defined]

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"report": getattr(kwargs["form"], "report", None)}

    def create_confirm_form(self, request: HttpRequest, import_form: Any = None) -> ConfirmImportForm:
        """Keep the previewed file in the session until it is confirmed."""
        request.session[WAITING] = {
            "name": import_form.cleaned_data["import_file"].name,
            "content": b64encode(import_form.content).decode(),
            "fingerprint": import_form.report.fingerprint,
        }
        return super().create_confirm_form(request, import_form)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import the previewed file, if it still makes the changes that the preview showed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_import_permission(request):
            raise policy.Denied(account_of(request), ACTION)
        report = attempt(request, partial(_confirm, request))
        if report is None:
            return HttpResponseRedirect(reverse("admin:departments_section_import"))
        if isinstance(report, Approval):
            messages.success(request, approvals.PROPOSED)
            return HttpResponseRedirect(reverse("admin:departments_section_changelist"))
        messages.success(
            request,
            f"名录已导入：新增{len(report.created)}个科室，变更{len(report.changed)}个，未变{report.unchanged}个。",
        )
        if report.absent:
            messages.warning(request, f"名录中有、文件中没有的科室（未删除）：{'、'.join(report.absent)}")
        return HttpResponseRedirect(reverse("admin:departments_section_changelist"))


def _confirm(request: HttpRequest) -> RosterReport | Approval:
    upload = request.session.get(WAITING)
    if upload is None or request.POST.get("import_file_name") != upload["fingerprint"]:
        raise RuleViolation(STALE)
    del request.session[WAITING]
    rows = read_rows(b64decode(upload["content"]), upload["name"])
    user, at, agreed = account_of(request), clock.now(), upload["fingerprint"]
    if policy.requires_approval(ACTION):
        return propose_import(upload["name"], rows, agreed=agreed, by=user, at=at)
    return import_roster(rows=rows, by=user, at=at, agreed=agreed)


def _section(values: dict[str, str]) -> Section:
    section = Section(department=Department())
    section.shown = values  # type: ignore[attr-defined]  # read by the resource's own fields
    return section

"""Correction of a service record (办件更正) on the staff site: proposed by one, approved by another."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from departments.models import Department
from evaluations.personal_data.services import record_corrections
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form
from nanchuan_eval.web.fields import TextField

HANDLE = "privacy.handle"
SECRET = sensitive_post_parameters()
NOTE = (
    "只更正姓名和手机号。同一人有几件的，逐件更正，全部更正之前按两人计算。科室、事项、办结日期报错的，见个人信息申请的说明。原办件保留并标明“已更正”，不再参加抽取；"
    "更正计入本单位公开的累计校验，当日件数不变。业务系统以后再报送原来的内容，按已经导入过的略过。"
)


class RecordCorrectionForm(forms.Form):
    """Which record is wrong, what is right, and why."""

    unit = forms.ModelChoiceField(Department.objects.order_by("code"), label="报送单位")
    number = TextField(label="办件编号", max_length=60)
    name = TextField(label="正确的姓名", max_length=40, required=False, help_text="不更正的，留空")
    phone = TextField(
        label="正确的手机号",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="不更正的，留空",
    )
    has_no_phone = forms.BooleanField(
        label="没有手机号", required=False, help_text="原手机号不是本人的；以后不参加抽取"
    )
    reason = TextField(
        label="更正原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明怎样核实，如单位来函、本人申请",
    )


class RecordPages(ReadOnlyAdmin):
    """The page on which a wrong name or phone of a record is corrected, mixed into the admin of requests."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("record/correct/", wrap(never_cache(SECRET(self.correct_record))), name="record-correct"),
            *super().get_urls(),
        ]

    def correct_record(self, request: HttpRequest) -> HttpResponse:
        """Propose the correction of one record."""
        user = account_of(request)
        if not policy.may_start(user, HANDLE):
            raise policy.Denied(user, HANDLE)

        page = FormPage(
            title=record_corrections.LABEL,
            button="提请更正",
            back=reverse("admin:evaluations_recordbatch_changelist"),
            note=NOTE,
            done="已更正。",
        )
        return show_form(request, RecordCorrectionForm(request.POST or None), page, _start)


def _start(*, unit: Department, number: str, reason: str, by: User, at: datetime, **given: Any) -> object:
    record = record_corrections.record_to_correct(unit, number)
    record_corrections.refuse_correction(record)
    changes = record_corrections.checked_changes(record, **given)
    packed = record_corrections.packed(changes)
    return approvals.start(record_corrections.CORRECT, record, by=by, at=at, changes=packed, reason=reason)

"""本单位办件: what a unit has delivered, for its liaison, who states the unit's count and uploads its records."""

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from departments.models import Department
from evaluations.service_records.forms import OwnCountForm, OwnRecordsForm
from evaluations.service_records.pages.own import own_page
from evaluations.service_records.permissions import DELIVER
from evaluations.service_records.rules.columns import COLUMNS
from evaluations.service_records.services.own import import_own
from evaluations.service_records.services.stated import state_counts
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.lists import workbooks
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.web.downloads import download

TITLE = "办件"
COUNT_NOTE = "本单位自己统计的每天办结件数，与收到的办件数一同公布；两者不同的，公开页标明“不一致”。"
FILE_NOTE = (
    "只收本单位科室的办件，文件全部导入或者全部不导入。导入后每天的件数和累计校验值随即公布，不能删改；"
    "姓名、手机号报错的，请书面告知评议办办理更正。"
)


@staff_view
def own_records(request: HttpRequest) -> HttpResponse:
    """Show the unit's days: received, stated, and what it stated before; or that the roster has no such unit."""
    unit = Department.objects.filter(code=_unit_code(request)).first()
    if unit is None:
        return render(request, "evaluations/service_records/own.html", {"unit_code": _unit_code(request)})
    page = own_page(unit, clock.now())
    context = {"page": page, "unit": unit}
    return show_tables(request, "evaluations/service_records/own.html", context, [page.table], action=DELIVER)


@staff_view
def own_count(request: HttpRequest) -> HttpResponse:
    """State what the unit finished on a day, or on several."""
    unit = _unit(request)
    page = FormPage("报送自报办件数", "报送", _back(), [("单位", unit.name)], COUNT_NOTE)

    def state(**given: Any) -> object:
        return state_counts(unit=unit, **given)

    return show_form(request, OwnCountForm(request.POST or None), page, state)


@staff_view
def own_file(request: HttpRequest) -> HttpResponse:
    """Upload a file of the unit's records, for good or on trial."""
    unit = _unit(request)
    page = FormPage("报送办件清单", "报送", _back(), [("单位", unit.name)], FILE_NOTE)

    def deliver(*, file: "UploadedFile[Any]", is_trial: bool, by: User, at: datetime) -> str:
        content, name = file.read(), file.name or ""
        return import_own(unit=unit, content=content, filename=name, is_trial=is_trial, by=by, at=at)

    return show_form(request, OwnRecordsForm(request.POST or None, request.FILES or None), page, deliver)


@staff_view
def own_template(request: HttpRequest) -> HttpResponse:
    """Download the workbook to fill in."""
    _unit(request)
    return download(workbooks.template(TITLE, COLUMNS), f"{TITLE}模板.xlsx")


def _unit(request: HttpRequest) -> Department:
    return get_object_or_404(Department, code=_unit_code(request))


def _unit_code(request: HttpRequest) -> str:
    user = account_of(request)
    policy.check_may_start(user, DELIVER, own=bool(user.unit_code))
    return user.unit_code


def _back() -> str:
    return reverse("own-records")

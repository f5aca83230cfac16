"""The year's assessment (年度综合考核) as a page and a workbook."""

from datetime import MAXYEAR, MINYEAR

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accountability.assessment.forms import ManyForm
from accountability.assessment.pages import assessment_tables
from accountability.assessment.queries import read_assessment, to_record, years
from accountability.assessment.services import export_assessment, record_measures
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.web.actions import account_of, staff_post, staff_view, submit
from nanchuan_eval.web.downloads import download


@staff_view
def assessment(request: HttpRequest, year: int | None = None) -> HttpResponse:
    """Show a year's assessment, by default the latest."""
    policy.check_sees(account_of(request), "acc.assess")
    known = years()
    if year is not None and not MINYEAR <= year <= MAXYEAR:
        raise Http404
    chosen = year or next(iter(known), timezone.localdate().year)
    found = read_assessment(chosen)
    may_record = policy.may(account_of(request), "acc.assess")
    context = {"assessment": found, "years": known, "is_demo": found.is_demo, "may_record": may_record}
    tables = assessment_tables(found)
    return show_tables(request, "accountability/assessment/assessment.html", context, tables, action="acc.assess")


@staff_post
def assessment_export(request: HttpRequest, year: int) -> HttpResponse:
    """Download a year's assessment as a workbook."""
    if year not in years():
        policy.check_sees(account_of(request), "acc.assess")
        raise Http404
    return download(export_assessment(year=year, by=account_of(request), at=clock.now()), f"{year}年度考核运用.xlsx")


@staff_view
def record_many(request: HttpRequest) -> HttpResponse:
    """Record many assessments and bonuses at once (批量登记)."""
    user = account_of(request)
    if not policy.may(user, "acc.assess"):
        raise policy.Denied(user, "acc.assess")
    form = ManyForm(request.POST or None, measures=list(to_record(user, ManyForm.sent(request.POST))))
    if saved := submit(request, form, record_measures, back=reverse("accountability:assessment"), done=""):
        return saved
    status = 400 if form.errors else 200
    return render(request, "accountability/assessment/many.html", {"form": form, "rows": form.rows()}, status=status)

"""组织部门和考核办: may this person be promoted on this day; the year's assessment."""

from datetime import MAXYEAR, MINYEAR

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from accountability.forms.personnel import AskForm, ListForm
from accountability.freezes import freezes_of_unit
from accountability.models import PromotionFreeze
from accountability.rules.freezes import Asked
from accountability.services import register
from accountability.views.acts import desk_post, desk_view
from accountability.views.files import pdf, workbook
from accountability.yearly import read_assessment, years
from evaluations.models import Round
from nanchuan_eval import policy
from nanchuan_eval.desk import staff
from nanchuan_eval.errors import RuleViolation


@desk_view
def personnel(request: HttpRequest) -> HttpResponse:
    """Ask the register about a person or a unit."""
    user = staff(request)
    policy.check_sees(user, "acc.hold.set")
    form = AskForm(request.POST or None, initial={"on": timezone.localdate()})
    context = {"form": form, "list_form": ListForm(), "is_demo": Round.objects.filter(is_demo=True).exists()}
    if form.is_valid():
        data = form.cleaned_data
        if data["name"]:
            asked = Asked(data["name"], data["unit"], data["on"])
            context["answer"] = register.ask_freeze(asked=asked, by=user, at=timezone.now())
        else:
            context["unit_freezes"] = freezes_of_unit(data["unit"], data["on"])
        context["on"] = data["on"]
    context["running"] = PromotionFreeze.objects.in_force(timezone.localdate()).select_related("case__result__section")
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "accountability/personnel.html", context, status=status)


@desk_view
def many(request: HttpRequest) -> HttpResponse:
    """Answer a whole list of names with a workbook."""
    user = staff(request)
    policy.check_sees(user, "acc.hold.set")
    form = ListForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            answers = register.ask_freezes(content=sent.read(), filename=sent.name, by=user, at=timezone.now())
        except RuleViolation as refusal:
            form.add_error("file", ValidationError(list(refusal.reasons)))
        else:
            return workbook(answers, "影响期查询结果.xlsx")
    context = {"form": form, "back": reverse("accountability:personnel")}
    return render(request, "accountability/many.html", context, status=400 if form.is_bound else 200)


@desk_post
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """影响期证明 PDF."""
    user = staff(request)
    policy.check_sees(user, "acc.hold.set")
    freeze = get_object_or_404(PromotionFreeze, pk=pk)
    paper = register.certify_freeze(freeze_id=freeze.pk, on=timezone.localdate(), by=user, at=timezone.now())
    return pdf(paper, f"影响期证明-{freeze.person_name or '姓名未登记'}.pdf")


@desk_view
def assessment(request: HttpRequest, year: int | None = None) -> HttpResponse:
    """年度综合考核."""
    policy.check_sees(staff(request), "acc.assess")
    known = years()
    if year is not None and not MINYEAR <= year <= MAXYEAR:
        raise Http404
    chosen = year or next(iter(known), timezone.localdate().year)
    found = read_assessment(chosen)
    context = {"assessment": found, "years": known, "is_demo": found.is_demo}
    return render(request, "accountability/assessment.html", context)


@desk_post
def assessment_export(request: HttpRequest, year: int) -> HttpResponse:
    """年度综合考核 as a workbook."""
    if year not in years():
        policy.check_sees(staff(request), "acc.assess")
        raise Http404
    return workbook(
        register.export_assessment(year=year, by=staff(request), at=timezone.now()), f"{year}年度考核运用.xlsx"
    )

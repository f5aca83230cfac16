"""Pages for personnel: questions to the register of promotion freezes, certificates."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accountability.promotion_freezes.forms import AskForm, ListForm
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.pages import answers_page, asked_on, faults_on, faults_page, freeze_table
from accountability.promotion_freezes.rules import Question
from accountability.promotion_freezes.services import ask_freeze, ask_list, ask_unit, certify_freeze, export_answers
from accountability.promotion_freezes.workbooks import COLUMNS
from evaluations.rounds.models import Round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists.workbooks import errors, template
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import is_export, show_tables
from nanchuan_eval.web.actions import account_of, attempt, staff_post, staff_view
from nanchuan_eval.web.downloads import download


@staff_view
def personnel(request: HttpRequest) -> HttpResponse:
    """Query the register by person or unit."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    form = AskForm(None if is_export(request) else request.POST or None)
    is_demo = Round.objects.filter(is_demo=True).exists()
    context: dict[str, object] = {"form": form, "is_demo": is_demo}
    if form.is_valid():
        name, unit, on = (form.cleaned_data[field] for field in ("name", "unit", "on"))
        if name:
            context["answer"] = ask_freeze(asked=Question(name, unit, on), by=user, at=clock.now())
        else:
            context["of_unit"] = ask_unit(unit=unit, on=on, by=user, at=clock.now())
    running = PromotionFreeze.objects.in_force(timezone.localdate()).select_related("case__result__section")
    table = freeze_table(list(running), is_demo=is_demo)
    template = "accountability/promotion_freezes/personnel.html"
    status = 400 if form.is_bound and form.errors else 200
    return show_tables(request, template, context, [table], action="acc.view", status=status)


@staff_view
def many(request: HttpRequest) -> HttpResponse:
    """Answer an uploaded list of names on the page, or show what is wrong with the file."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    form = ListForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form, "columns": COLUMNS}
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            asked, answers = ask_list(content=sent.read(), filename=sent.name, by=user, at=clock.now())
        except FileRefused as refusal:
            context["refused"] = page = faults_page(sent.name, refusal.faults)
            form.add_error("file", f"文件有{page.count}处问题，没有查询。请改正后重新上传整份文件。")
        except RuleViolation as refusal:
            form.add_error("file", list(refusal.reasons))
        else:
            context["page"] = answers_page(asked, answers)
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "accountability/promotion_freezes/many.html", context, status=status)


@staff_post
def many_answers(request: HttpRequest) -> HttpResponse:
    """Download the answers to a list as a workbook."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    asked = attempt(request, lambda: asked_on(request.POST.get("asked", "")))
    if not asked:
        return redirect("accountability:personnel-many")
    return download(export_answers(asked=asked, by=user, at=clock.now()), "影响期查询结果.xlsx")


@staff_post
def many_faults(request: HttpRequest) -> HttpResponse:
    """Download the errors of a list as a workbook."""
    policy.check_sees(account_of(request), "acc.hold.set")
    refused = attempt(request, lambda: faults_on(request.POST.get("faults", "")))
    if not refused:
        return redirect("accountability:personnel-many")
    return download(errors(*refused, nothing="没有查询"), "错误清单.xlsx")


@staff_view
def many_template(request: HttpRequest) -> HttpResponse:
    """Download the workbook to fill in."""
    policy.check_sees(account_of(request), "acc.hold.set")
    return download(template("影响期查询名单", COLUMNS), "影响期查询名单模板.xlsx")


@staff_post
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the certificate of a freeze (影响期证明) as a PDF."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    freeze = get_object_or_404(PromotionFreeze, pk=pk)
    document = certify_freeze(freeze_id=freeze.pk, on=timezone.localdate(), by=user, at=clock.now())
    return download(document, f"影响期证明-{freeze.person_name or '姓名未登记'}.pdf")

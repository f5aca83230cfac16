"""Pages for personnel: questions to the register of promotion freezes, certificates."""

from functools import partial

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.queries import freezes_of_unit
from accountability.promotion_freezes.rules import Question
from accountability.promotion_freezes.services import ask_freeze, ask_freezes, certify_freeze
from evaluations.rounds.models import Round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, staff_post, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import TextField, day


class AskForm(forms.Form):
    """A question about a person or a unit (查询影响期)."""

    name = TextField(label="姓名", max_length=40, required=False)
    unit = TextField(
        label="单位", max_length=60, required=False, help_text="只填写单位的，列出该单位在影响期内的全部人员"
    )
    on = day("拟任用日期")

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("name") and not data.get("unit"):
            raise forms.ValidationError("请填写姓名或单位。")
        return data


class ListForm(forms.Form):
    """批量查询: a workbook of names."""

    file = forms.FileField(label="名单（.xlsx 或 .csv）", help_text="第一行为表头：姓名、单位、日期；日期不填按今天")


@staff_view
def personnel(request: HttpRequest) -> HttpResponse:
    """Query the register by person or unit."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    form = AskForm(request.POST or None, initial={"on": timezone.localdate()})
    context = {"form": form, "list_form": ListForm(), "is_demo": Round.objects.filter(is_demo=True).exists()}
    if form.is_valid():
        data = form.cleaned_data
        if data["name"]:
            asked = Question(data["name"], data["unit"], data["on"])
            context["answer"] = ask_freeze(asked=asked, by=user, at=clock.now())
        else:
            context["unit_freezes"] = freezes_of_unit(data["unit"], data["on"])
        context["on"] = data["on"]
    context["running"] = PromotionFreeze.objects.in_force(timezone.localdate()).select_related("case__result__section")
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "accountability/promotion_freezes/personnel.html", context, status=status)


@staff_view
def many(request: HttpRequest) -> HttpResponse:
    """Answer an uploaded list of names with a workbook."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    form = ListForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        sent = form.cleaned_data["file"]
        ask = partial(ask_freezes, content=sent.read(), filename=sent.name, by=user, at=clock.now())
        if answers := attempt(form, ask, field="file"):
            return download(answers, "影响期查询结果.xlsx")
    context = {"form": form, "back": reverse("accountability:personnel")}
    return render(request, "accountability/promotion_freezes/many.html", context, status=400 if form.is_bound else 200)


@staff_post
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the certificate of a freeze (影响期证明) as a PDF."""
    user = account_of(request)
    policy.check_sees(user, "acc.hold.set")
    freeze = get_object_or_404(PromotionFreeze, pk=pk)
    document = certify_freeze(freeze_id=freeze.pk, on=timezone.localdate(), by=user, at=clock.now())
    return download(document, f"影响期证明-{freeze.person_name or '姓名未登记'}.pdf")

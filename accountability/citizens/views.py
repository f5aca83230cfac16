"""Public pages of rectifications, follow-up ratings and suggestions; staff pages that answer suggestions."""

from functools import partial

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accountability.cases.models import Case
from accountability.citizens import pages as citizens_pages
from accountability.citizens import services as citizens
from accountability.citizens.models import Satisfaction, Suggestion
from accountability.rectifications.rules import RATEABLE
from evaluations.protocol.codes import CodeError, normalize_receipt
from evaluations.rounds.models import Round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, attempt, show_form, staff_view
from nanchuan_eval.web.fields import TextField, long_text, two_choices
from nanchuan_eval.web.views import visitors_form


class SuggestionForm(forms.Form):
    """群众建议, without name and phone."""

    unit = TextField(label="单位名称", max_length=60, error_messages={"required": "请填写单位名称。"})
    section = TextField(label="科室或窗口名称", max_length=60, error_messages={"required": "请填写科室或窗口名称。"})
    reason = long_text("建议理由", most=500, help_text="请勿填写本人和他人的姓名、电话")


class FollowUpForm(forms.Form):
    """整改评价: a receipt and one rating."""

    receipt = TextField(
        label="回执号",
        max_length=60,
        help_text="提交评议票前显示的20位数字和字母",
        error_messages={"required": "请输入回执号。"},
    )
    satisfaction = forms.TypedChoiceField(
        label="整改后是否有所好转", choices=Satisfaction.choices, coerce=Satisfaction, widget=forms.RadioSelect
    )

    def clean_receipt(self) -> str:
        """Return the receipt's 20 characters."""
        try:
            return normalize_receipt(self.cleaned_data["receipt"])
        except CodeError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class AnswerForm(forms.Form):
    """Decision on a citizen's suggestion and the public reply."""

    adopted = two_choices("办理结果", "采纳", "不采纳")
    reply = long_text("答复（公开）", most=300, rows=3)


@require_safe
def results(request: HttpRequest, key: str | None = None) -> HttpResponse:
    """整改结果公开: problems and rectifications of one round's listed sections."""
    rounds = list(citizens_pages.published_rounds())
    round_ = get_object_or_404(citizens_pages.published_rounds(), key=key) if key else next(iter(rounds), None)
    context = {
        "rounds": rounds,
        "round": round_,
        "cases": citizens_pages.public_cases(round_) if round_ else [],
        "is_demo": bool(round_ and round_.is_demo),
    }
    return render(request, "accountability/citizens/results.html", context)


@never_cache
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    """整改评价: once per receipt of the round; the rating is only counted."""
    cases = Case.objects.filter(rectification__state__in=RATEABLE, result__is_listed=True)
    case = get_object_or_404(cases.select_related("result__section", "result__round"), pk=pk)
    form = FollowUpForm(request.POST or None)
    context = {"case": case, "form": form, "is_demo": case.result.round.is_demo}
    rate = partial(citizens.rate_rectification, case_id=case.pk)
    if form.is_valid() and attempt(form, partial(rate, **form.cleaned_data), field="receipt"):
        return render(request, "accountability/citizens/follow_up_done.html", context)
    return render(request, "accountability/citizens/follow_up.html", context, status=400 if form.is_bound else 200)


@never_cache
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def suggestions(request: HttpRequest) -> HttpResponse:
    """群众建议: suggest a section to evaluate."""
    form = SuggestionForm(request.POST or None)
    context = {
        "form": form,
        "answered": citizens_pages.answered_suggestions(),
        "is_demo": Round.objects.filter(is_demo=True).exists(),
    }
    suggest = partial(citizens.suggest_section, at=clock.now())
    if form.is_valid() and attempt(form, partial(suggest, **form.cleaned_data)):
        return render(request, "accountability/citizens/suggested.html", context)
    return render(request, "accountability/citizens/suggestions.html", context, status=400 if form.is_bound else 200)


@staff_view
def suggestion_list(request: HttpRequest) -> HttpResponse:
    """群众建议 for the office."""
    _check_answers(account_of(request))
    context = {"rows": Suggestion.objects.order_by("state", "-submitted_on"), "is_demo": False}
    return render(request, "accountability/citizens/suggestion_list.html", context)


@staff_view
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a citizen's suggestion (答复群众建议)."""
    _check_answers(account_of(request))
    row = get_object_or_404(Suggestion, pk=pk)
    facts = [("单位", row.unit), ("科室或窗口", row.section), ("理由", row.reason)]
    note = "采纳的，请在评议对象名录中增加该科室。"
    page = FormPage("答复群众建议", "答复", reverse("accountability:suggestion-desk"), facts, note, done="已答复。")
    service = partial(citizens.answer_suggestion, suggestion_id=row.pk)
    return show_form(request, AnswerForm(request.POST or None), page, service)


def _check_answers(user: User) -> None:
    if not citizens.may_answer(user):
        raise policy.Denied(user, "roster.edit")

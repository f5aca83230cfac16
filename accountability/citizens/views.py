"""Public pages of rectifications, follow-up ratings and suggestions; staff pages that answer suggestions."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accountability.cases.models import Case
from accountability.citizens import pages as citizens_pages
from accountability.citizens import services as citizens
from accountability.citizens.models import Satisfaction, Suggestion
from accountability.citizens.rules import UNANSWERED, SuggestionState, normalize_number
from accountability.rectifications.rules import RATEABLE
from evaluations.codes.services import visitors
from evaluations.protocol.codes import CodeError
from evaluations.protocol.pasted import read_receipt
from evaluations.publication.documents import nobody_listed
from evaluations.rounds.models import Round
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, attempt, perform, show_form, staff_post, staff_view
from nanchuan_eval.web.fields import TextField, long_text, two_choices
from nanchuan_eval.web.views import visitors_form

FOLLOW_UP = "follow-up"  # what is counted of a network


class SuggestionForm(forms.Form):
    """群众建议, without name and phone."""

    unit = TextField(label="单位名称", max_length=60, error_messages={"required": "请填写单位名称。"})
    section = TextField(label="科室或窗口名称", max_length=60, error_messages={"required": "请填写科室或窗口名称。"})
    reason = long_text("建议理由", most=500, help_text="请勿填写本人和他人的姓名、电话")


class NumberForm(forms.Form):
    """建议查询: the number of a suggestion."""

    number = TextField(
        label="建议编号",
        max_length=40,
        help_text="提交建议后显示的10位数字和字母",
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "code"}),
        error_messages={"required": "请输入建议编号。"},
    )

    def clean_number(self) -> str:
        """Return the number's characters."""
        try:
            return normalize_number(self.cleaned_data["number"])
        except RuleViolation as wrong:
            raise forms.ValidationError(str(wrong)) from None


class FollowUpForm(forms.Form):
    """整改评价: a receipt and one rating."""

    receipt = TextField(
        label="回执号",
        max_length=60,
        help_text="提交评议票后显示的20位数字和字母",
        error_messages={"required": "请输入回执号。"},
    )
    satisfaction = forms.TypedChoiceField(
        label="整改后是否有所好转",
        choices=Satisfaction.choices,
        coerce=Satisfaction,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择整改后是否有所好转。"},
    )

    def __init__(self, *given: Any, most: int, **named: Any) -> None:
        """Ask for a remark of at most so many characters; 0: for none."""
        super().__init__(*given, **named)
        if most:
            hint = f"最多{most}字。请勿填写本人和他人的姓名、电话"
            self.fields["remark"] = long_text("意见", most=most, required=False, rows=3, help_text=hint)

    def clean_receipt(self) -> str:
        """Return the receipt's 20 characters."""
        try:
            return read_receipt(self.cleaned_data["receipt"])
        except CodeError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class PassingForm(forms.Form):
    """What to cover in a remark before the unit reads it."""

    words = long_text(
        "要遮盖的文字",
        most=1000,
        required=False,
        help_text="照意见原文填写，每行一处，如姓名、电话、住址；没有需要遮盖的，不填",
    )


class AnswerForm(forms.Form):
    """Decision on a citizen's suggestion and the public reply."""

    adopted = two_choices("办理结果", "采纳", "不采纳")
    reply = long_text("答复（公开）", most=300, rows=3)


@require_safe
def results(request: HttpRequest, key: str | None = None) -> HttpResponse:
    """整改情况: problems and rectifications of one round's listed sections."""
    rounds = list(citizens_pages.published_rounds())
    round_ = get_object_or_404(citizens_pages.published_rounds(), key=key) if key else next(iter(rounds), None)
    cases = citizens_pages.public_cases(round_, timezone.localdate(clock.now())) if round_ else []
    context = {
        "rounds": rounds,
        "round": round_,
        "cases": cases,
        "empty": nobody_listed(round_) if round_ and not cases else "",
        "is_demo": bool(round_ and round_.is_demo),
    }
    return render(request, "accountability/citizens/results.html", context)


@never_cache
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    """整改评价: once per receipt of the round, so many in an hour from one network; the rating is only counted."""
    cases = Case.objects.filter(rectification__state__in=RATEABLE, result__is_listed=True)
    case = get_object_or_404(cases.select_related("result__section", "result__round"), pk=pk)
    form = FollowUpForm(request.POST or None, most=case.result.round.rulebook["comment_length"])
    most = settings.FOLLOW_UPS_AN_HOUR
    context = {
        "case": case,
        "form": form,
        "smallest": SMALLEST_SHOWN,
        "is_demo": case.result.round.is_demo,
        "most": most,
    }
    if form.is_valid():
        rate = partial(citizens.rate_rectification, case_id=case.pk, **form.cleaned_data)
        if not visitors.take_turn(request, FOLLOW_UP, most):
            form.add_error(None, f"您所在的网络1小时内提交的整改评价已满{most}条，本次评价未计入。请1小时后再提交。")
        elif attempt(form, rate, field="receipt"):
            return render(request, "accountability/citizens/follow_up_done.html", context)
        else:
            visitors.give_turn_back(request, FOLLOW_UP)
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
    if form.is_valid() and (suggestion := attempt(form, partial(suggest, **form.cleaned_data))):
        shown = {**context, "number": suggestion.number_shown}
        return render(request, "accountability/citizens/suggested.html", shown)
    return render(request, "accountability/citizens/suggestions.html", context, status=400 if form.is_bound else 200)


@cache_control(no_store=True, private=True)
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def suggestion_status(request: HttpRequest) -> HttpResponse:
    """建议查询: state and answer of the suggestion with this number; it is posted, so that no log keeps it."""
    form = NumberForm(request.POST or None)
    context = {"form": form, "is_demo": Round.objects.filter(is_demo=True).exists()}
    status = 400 if form.is_bound else 200
    if form.is_valid():
        number = form.cleaned_data["number"]
        if found := attempt(form, partial(citizens_pages.suggestion_of, number), field="number"):
            context, status = {**context, "suggestion": found}, 200
    return render(request, "accountability/citizens/suggestion_status.html", context, status=status)


@staff_view
def suggestion_list(request: HttpRequest) -> HttpResponse:
    """群众建议 for the office."""
    _check_answers(account_of(request))
    context = {
        "asked": (asked := request.GET.get("q", "").strip()),
        "rows": citizens_pages.suggestions_about(asked),
        "new": SuggestionState.NEW,
        "unanswered": UNANSWERED,
        "is_demo": False,
    }
    return render(request, "accountability/citizens/suggestion_list.html", context)


@staff_post
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin to look into a suggestion (开始办理)."""
    service = partial(citizens.take_up_suggestion, suggestion_id=get_object_or_404(Suggestion, pk=pk).pk)
    return perform(request, service, back=reverse("accountability:suggestion-desk"), done="已标为办理中。")


@staff_view
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a citizen's suggestion (答复群众建议)."""
    _check_answers(account_of(request))
    row = get_object_or_404(Suggestion, pk=pk)
    facts = [
        ("建议编号", row.number_shown),
        ("单位", row.unit),
        ("科室或窗口", row.section),
        ("理由", row.reason),
    ]
    note = "采纳的，请在评议对象名录中增加该科室。"
    page = FormPage("答复群众建议", "答复", reverse("accountability:suggestion-desk"), facts, note, done="已答复。")
    page = replace(page, refuses=partial(citizens.refuse_answered, row))
    service = partial(citizens.answer_suggestion, suggestion_id=row.pk)
    return show_form(request, AnswerForm(request.POST or None), page, service)


@staff_view
def remarks(request: HttpRequest) -> HttpResponse:
    """整改评价意见: for the office with what to do, for a unit what was passed on to it."""
    user = account_of(request)
    rows = list(citizens_pages.remarks_for(user).order_by("is_passed_on", "case", "pk"))
    context = {
        "rows": rows,
        "smallest": SMALLEST_SHOWN,
        "proposals": approvals.waiting_about(user, *rows),
        "may_pass_on": policy.may_start(user, "comment.redact"),
        "is_demo": any(row.case.result.round.is_demo for row in rows),
    }
    return render(request, "accountability/citizens/remarks.html", context)


@staff_view
def pass_on(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pass a remark on to its unit, with what names persons covered."""
    user = account_of(request)
    if not policy.may_start(user, "comment.redact"):
        raise policy.Denied(user, "comment.redact")
    row = get_object_or_404(citizens_pages.remarks_for(user), pk=pk)
    facts = [("科室", row.case), ("意见原文", row.text)]
    title = "提请转交意见" if policy.requires_approval("comment.redact") else "转交意见"
    note = "转交后，该科室所在单位可以看到遮盖后的意见；意见不对外公布，遮盖的文字不能恢复。"
    page = FormPage(title, title, reverse("accountability:remarks"), facts, note, done="已转交。")
    page = replace(page, refuses=partial(citizens.refuse_passed_on, row))

    def start(*, words: str, **given: Any) -> object:
        return citizens.start_passing_on(remark_id=row.pk, words=words.splitlines(), **given)

    return show_form(request, PassingForm(request.POST or None), page, start)


def _check_answers(user: User) -> None:
    if not citizens.may_answer(user):
        raise policy.Denied(user, "roster.edit")

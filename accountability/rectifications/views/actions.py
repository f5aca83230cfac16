"""整改: the acts of the unit, the office and the commission, one form each."""

from collections.abc import Callable
from datetime import datetime

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accountability.cases.forms import NoteForm
from accountability.cases.permissions import visible_or_404
from accountability.rectifications import forms
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.queries import rectifications_for, signs_of
from accountability.rectifications.services import items as item_services
from accountability.rectifications.services import rectifications
from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, View, show_form, staff_view

Service = Callable[[RectificationItem, Form, User, datetime], object]


def _item_act(title: str, button: str, form_class: type[Form], submit: Service, *, done: str = "已保存。") -> View:
    """Return the page of one act on one item."""

    @staff_view
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        item = _item_or_404(request, pk)
        act = FormPage(f"{title}：{item.problem}", button, _page(item.rectification), _about(item), done=done)
        form = form_class(request.POST or None, initial=_known(item))
        return show_form(request, form, act, lambda f: submit(item, f, account_of(request), timezone.now()))

    return page


def _edit(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    return item_services.edit_item(item_id=item.pk, facts=form.cleaned_data, by=by, at=at)


def _report(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    return item_services.report_progress(item_id=item.pk, by=by, at=at, **form.cleaned_data)


def _finish(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    return item_services.finish_item(item_id=item.pk, by=by, at=at, **form.cleaned_data)


def _extend(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    return item_services.ask_extension(item_id=item.pk, by=by, at=at, **form.cleaned_data)


def _grant(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    return item_services.decide_extension(item_id=item.pk, by=by, at=at, **form.cleaned_data)


def _close(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    verdict = form.cleaned_data["verdict"]
    return approvals.start("rect.close", item, by=by, at=at, verdict=verdict) and approvals.PROPOSED


def _send_back(item: RectificationItem, form: Form, by: User, at: datetime) -> object:
    verdict, due_on = form.cleaned_data["verdict"], form.cleaned_data["due_on"].isoformat()
    return approvals.start("rect.send_back", item, by=by, at=at, verdict=verdict, due_on=due_on) and approvals.PROPOSED


edit_item = _item_act("填写整改方案", "保存", forms.ItemForm, _edit)
report_progress = _item_act("填报进展", "保存进展", forms.ProgressForm, _report, done="进展已保存，可以上传佐证材料。")
finish_item = _item_act("申报完成", "申报完成", forms.OutcomeForm, _finish, done="已申报完成，等待暗访复查和验收。")
ask_extension = _item_act("申请延期", "申请延期", forms.ExtensionForm, _extend, done="延期申请已报送。")
decide_extension = _item_act("审批延期", "保存审批结果", forms.GrantForm, _grant)
close_item = _item_act("销号", "销号", forms.VerdictForm, _close, done="已销号。")
send_back_item = _item_act("退回重改", "退回重改", forms.SendBackForm, _send_back, done="已退回重改。")


@staff_view
def add_item(request: HttpRequest, pk: int) -> HttpResponse:
    """增加一个问题."""
    row = _row_or_404(request, pk)
    choices = [(code, sign["text"]) for code, sign in signs_of(row.case.result.round).items()]
    act = FormPage(f"增加问题：{row.case}", "增加整改问题", _page(row))

    def submit(form: Form) -> object:
        sign = form.cleaned_data["sign"]
        return item_services.add_item(rectification_id=row.pk, sign=sign, by=account_of(request), at=timezone.now())

    return show_form(request, forms.SignForm(request.POST or None, choices=choices), act, submit)


@staff_view
def submit_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """报送整改方案."""
    row = _row_or_404(request, pk)
    act = FormPage(f"报送整改方案：{row.case}", "报送整改方案", _page(row), done="整改方案已报送，等待评议办审核。")

    def submit(form: Form) -> object:
        opinion = form.cleaned_data["opinion"]
        return rectifications.submit_plan(
            rectification_id=row.pk, opinion=opinion, by=account_of(request), at=timezone.now()
        )

    return show_form(request, forms.OpinionForm(request.POST or None, initial={"opinion": row.opinion}), act, submit)


@staff_view
def decide_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """认可或退回整改方案."""
    row = _row_or_404(request, pk)
    act = FormPage(f"审核整改方案：{row.case}", "保存审核结果", _page(row), done="整改方案已审核。")

    def submit(form: Form) -> object:
        by, at = account_of(request), timezone.now()
        return approvals.start("rect.plan", row, by=by, at=at, **form.cleaned_data) and approvals.PROPOSED

    return show_form(request, forms.DecisionForm(request.POST or None), act, submit)


@staff_view
def submit_report(request: HttpRequest, pk: int) -> HttpResponse:
    """报送整改报告."""
    row = _row_or_404(request, pk)
    act = FormPage(f"报送整改报告：{row.case}", "报送整改报告", _page(row), done="整改报告已报送。")

    def submit(form: Form) -> object:
        report = form.cleaned_data["report"]
        return rectifications.submit_report(
            rectification_id=row.pk, report=report, by=account_of(request), at=timezone.now()
        )

    return show_form(request, forms.ReportForm(request.POST or None), act, submit)


@staff_view
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """纪委监委处理意见."""
    row = _row_or_404(request, pk)
    act = FormPage(f"处理意见：{row.case}", "保存处理意见", _page(row), note="保存后，单位继续整改。")

    def submit(form: Form) -> object:
        decision = form.cleaned_data["note"]
        return rectifications.resume_rectification(
            rectification_id=row.pk, decision=decision, by=account_of(request), at=timezone.now()
        )

    return show_form(request, NoteForm(request.POST or None), act, submit)


def _row_or_404(request: HttpRequest, pk: int) -> Rectification:
    return visible_or_404(rectifications_for(account_of(request)), by=account_of(request), action="rect.view", pk=pk)


def _item_or_404(request: HttpRequest, pk: int) -> RectificationItem:
    items = RectificationItem.objects.select_related(
        "rectification__case__result__section", "rectification__case__result__round"
    )
    visible = items.filter(rectification__in=rectifications_for(account_of(request)))
    return visible_or_404(visible, by=account_of(request), action="rect.view", pk=pk)


def _page(row: Rectification) -> str:
    return reverse("accountability:rectification", args=[row.pk])


def _about(item: RectificationItem) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("单位、科室", item.rectification.case),
        ("指标", item.get_indicator_display()),
        ("问题", item.problem),
        ("完成时限", item.due_on and f"{item.due_on.year}年{item.due_on.month}月{item.due_on.day}日"),
    ]
    if item.outcome:
        facts.append(("完成情况", item.outcome))
    if item.wanted_due_on:
        wanted = item.wanted_due_on
        facts += [("申请延期至", f"{wanted.year}年{wanted.month}月{wanted.day}日"), ("延期理由", item.wanted_reason)]
    return facts


def _known(item: RectificationItem) -> dict[str, object]:
    return {field: getattr(item, field) for field in item_services.PLAN_FIELDS}

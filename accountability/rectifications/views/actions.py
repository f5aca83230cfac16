"""整改: form pages of the unit, the office and the commission, one per action."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accountability.cases.permissions import is_own, visible_or_404
from accountability.rectifications import forms
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.queries import at_once_term, rectifications_for, signs_of
from accountability.rectifications.rules import UNFINISHED, WRITABLE, is_overdue
from accountability.rectifications.services import items as item_services
from accountability.rectifications.services import rectifications
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, View, account_of, show_form, staff_view
from nanchuan_eval.web.fields import NoteForm
from nanchuan_eval.workdays.queries import dated_now
from nanchuan_eval.workdays.rules import in_chinese

Check = Callable[[User, RectificationItem], None]
Serving = Callable[[RectificationItem], Callable[..., object]]


def _item_page(
    names: tuple[str, str],
    form_class: type[Form],
    service: Serving,
    *,
    check: Check,
    refuses: Callable[[RectificationItem], object] | None = None,
    **shown: Any,
) -> View:
    """Return the page of one action on one item, named by title and button; `service` makes what takes the fields.

    `check` raises `Denied` for accounts without the right, before the form is shown; `refuses` is the service's own
    check of whatever is refused before anything is typed, `shown` = more of the `FormPage`.
    """

    @staff_view
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        item = _item_or_404(request, pk)
        check(account_of(request), item)
        title, button = names
        page = FormPage(f"{title}：{item.problem}", button, _page(item.rectification), _about(item), **shown)
        if refuses:
            page = replace(page, refuses=partial(refuses, item))
        form = form_class(request.POST or None, initial=_known(item))
        return show_form(request, form, page, service(item))

    return view


def _serves(service: Callable[..., object]) -> Serving:
    """Return how a page of an item calls a service that takes `item_id`."""
    return lambda item: partial(service, item_id=item.pk)


def _edit(*, item_id: int, by: User, at: datetime, **facts: Any) -> object:
    return item_services.edit_item(item_id=item_id, facts=facts, by=by, at=at)


def _starts(action: str) -> Serving:
    """Return how a page of an item starts an approvable action."""
    return lambda item: approvals.Start(action, item)


def _units(action: str) -> Check:
    """Return the check of an action of the item's own unit."""
    return lambda user, item: _check_own(user, action, item.rectification)


def _approvable(name: str) -> Check:
    return lambda user, item: approvals.check_may_start(user, name, item)


def _check_grants(user: User, item: RectificationItem) -> None:
    if not policy.may(user, "rect.extend"):
        raise policy.Denied(user, "rect.extend")


edit_item = _item_page(
    ("填写整改方案", "保存"),
    forms.ItemForm,
    _serves(_edit),
    check=_units("rect.plan"),
    refuses=lambda item: rectifications.refuse_unless_writable(item.rectification),
)
report_progress = _item_page(
    ("填报进展", "保存进展"),
    forms.ProgressForm,
    _serves(item_services.report_progress),
    check=_units("rect.report"),
    done="进展已保存，可以上传佐证材料。",
    refuses=item_services.refuse_unless_running,
)
finish_item = _item_page(
    ("申报完成", "申报完成"),
    forms.OutcomeForm,
    _serves(item_services.finish_item),
    check=_units("rect.report"),
    done="已申报完成，等待暗访复查和验收。",
    refuses=item_services.refuse_unfinishable,
    follows="申报后进展和佐证材料不能再增减，等待暗访复查和验收；验收未通过的退回重改",
)
ask_extension = _item_page(
    ("申请延期", "申请延期"),
    forms.ExtensionForm,
    _serves(item_services.ask_extension),
    check=lambda user, item: policy.check_proposes(user, "rect.extend", own=_is_own(user, item.rectification)),
    done="延期申请已报送。",
    refuses=lambda item: item_services.refuse_unextendable(item, clock.now()),
)
decide_extension = _item_page(
    ("审批延期", "保存审批结果"),
    forms.GrantForm,
    _serves(item_services.decide_extension),
    check=_check_grants,
    refuses=item_services.refuse_unless_asked,
)
close_item = _item_page(
    ("销号", "销号"), forms.VerdictForm, _starts("rect.close"), check=_approvable("rect.close"), done="已销号。"
)
send_back_item = _item_page(
    ("退回重改", "退回重改"),
    forms.SendBackForm,
    _starts("rect.send_back"),
    check=_approvable("rect.send_back"),
    done="已退回重改。",
)


@staff_view
def add_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a problem to the plan (增加问题)."""
    row = _row_or_404(request, pk)
    _check_own(account_of(request), "rect.plan", row)
    choices = [(code, sign["text"]) for code, sign in signs_of(row.case.result.round).items()]
    page = FormPage(
        f"增加问题：{row.case}", "增加整改问题", _page(row), refuses=partial(rectifications.refuse_unless_writable, row)
    )
    service = partial(item_services.add_item, rectification_id=row.pk)
    return show_form(request, forms.SignForm(request.POST or None, choices=choices), page, service)


@staff_view
def submit_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit the plan (报送整改方案)."""
    row = _row_or_404(request, pk)
    _check_own(account_of(request), "rect.plan", row)
    page = FormPage(
        f"报送整改方案：{row.case}",
        "报送整改方案",
        _page(row),
        done="整改方案已报送，等待评议办审核。",
        follows="报送后方案不能再改动，评议办退回的除外；认可后按方案整改",
        refuses=partial(rectifications.refuse_unless_writable, row),
    )
    form = forms.OpinionForm(request.POST or None, initial={"opinion": row.opinion})
    return show_form(request, form, page, partial(rectifications.submit_plan, rectification_id=row.pk))


@staff_view
def decide_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept or return the plan (审核整改方案)."""
    row = _row_or_404(request, pk)
    approvals.check_may_start(account_of(request), "rect.plan", row)
    page = FormPage(f"审核整改方案：{row.case}", "保存审核结果", _page(row), done="整改方案已审核。")
    return show_form(request, forms.DecisionForm(request.POST or None), page, approvals.Start("rect.plan", row))


@staff_view
def submit_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit the report (报送整改报告)."""
    row = _row_or_404(request, pk)
    _check_own(account_of(request), "rect.report", row)
    page = FormPage(
        f"报送整改报告：{row.case}",
        "报送整改报告",
        _page(row),
        done="整改报告已报送。",
        note=_unfinished(row, timezone.localdate(clock.now())),
        follows="整改报告只报一次，报送后不能修改；报送后群众可以进行整改评价",
        refuses=partial(rectifications.refuse_unreportable, row),
    )
    service = partial(rectifications.submit_report, rectification_id=row.pk)
    return show_form(request, forms.ReportForm(request.POST or None), page, service)


def _unfinished(row: Rectification, today: date) -> str:
    """Say before the report is typed how many items are not reported as completed, and how many of them are late."""
    items = list(row.items.all())
    unfinished = [item for item in items if item.state in UNFINISHED]
    if not unfinished:
        return ""
    late = sum(is_overdue(row.state, item.state, item.due_on, today) for item in unfinished)
    overdue = f"，其中{late}项已超过时限" if late else ""
    return (
        f"整改事项共{len(items)}项，尚有{len(unfinished)}项未申报完成{overdue}。"
        "建议全部申报完成后再报送；报送后仍须逐项申报完成，全部销号后整改方可销号。"
    )


@staff_view
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Resume an escalated rectification (处理意见)."""
    row = _row_or_404(request, pk)
    policy.check_may_start(account_of(request), "acc.open")
    page = FormPage(f"处理意见：{row.case}", "保存处理意见", _page(row), note="保存后，单位继续整改。")
    page = replace(page, refuses=partial(rectifications.refuse_unless_escalated, row))

    def resume(*, note: str, by: User, at: datetime) -> object:
        return rectifications.resume_rectification(rectification_id=row.pk, decision=note, by=by, at=at)

    return show_form(request, NoteForm(request.POST or None), page, resume)


def _is_own(user: User, row: Rectification) -> bool:
    return is_own(user, row.case.result.section)


def _check_own(user: User, action: str, row: Rectification) -> None:
    policy.check_may_start(user, action, own=_is_own(user, row))


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
        ("指标", item.indicator_name),
        ("问题", item.problem),
        ("完成时限", item.due_on and in_chinese(item.due_on)),
    ]
    if item.rectification.state in WRITABLE:
        facts.append(("立行立改最晚至", dated_now(at_once_term(item.rectification))))
    if item.outcome:
        facts.append(("完成情况", item.outcome))
    if item.wanted_due_on:
        facts += [("申请延期至", in_chinese(item.wanted_due_on)), ("延期理由", item.wanted_reason)]
    return facts


def _known(item: RectificationItem) -> dict[str, object]:
    return {field: getattr(item, field) for field in item_services.PLAN_FIELDS}

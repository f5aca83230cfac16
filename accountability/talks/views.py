"""谈话: planning and notices; the record's writing, submission, confirmation, return and printing."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accountability.cases.models import Measure
from accountability.cases.permissions import answers_for_cases, measures_for, visible_or_404
from accountability.cases.rules.measures import TALKS, MeasureKind, record_action
from accountability.talks.documents import talk_notice, talk_record
from accountability.talks.forms import HeldForm, MoveForm, PlanForm, SwitchForm, TalkForm
from accountability.talks.models import Talk, TalkPlan
from accountability.talks.pages import talk_context
from accountability.talks.queries import plan_of, with_talks
from accountability.talks.services import plans
from accountability.talks.services import records as talks_services
from accountability.talks.services.records import FIELDS
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, perform, show_form, staff_post, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import NoteForm
from nanchuan_eval.workdays.queries import with_hint_of
from nanchuan_eval.workdays.rules import in_chinese


@staff_view
def talk(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Show the state of a talk with its record, files and the actions of the account."""
    measure = _measure_or_404(request, measure_id)
    return render(request, "accountability/talks/talk.html", talk_context(measure, account_of(request)))


@staff_view
def plan(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Plan a talk (安排谈话), or move it (改期)."""
    measure = _own_measure(request, measure_id)
    current = plan_of(measure)
    form_class, title, button = (
        (MoveForm, "谈话改期", "保存改期") if current else (PlanForm, "安排谈话", "保存谈话安排")
    )
    known = {field: getattr(current, field) for field in plans.PLANNED} if current else {"about": _about_of(measure)}
    done = "谈话安排已保存。请打印谈话通知书，送达谈话对象。"
    page = FormPage(f"{title}：{measure.case}", button, _page(measure), _about(measure), done=done)
    page = replace(page, refuses=partial(plans.refuse_unplannable, measure))

    def save(*, by: User, at: datetime, reason: str = "", **facts: Any) -> object:
        return plans.plan_talk(measure_id=measure.pk, facts=facts, reason=reason, by=by, at=at)

    return show_form(request, form_class(request.POST or None, initial=known), page, save)


@staff_view
def held(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Say that a planned talk was held (登记已谈话)."""
    measure = _own_measure(request, measure_id)
    current = plan_of(measure)
    known = {"held_at": min(current.starts_at, clock.now())} if current else {}
    done = "已登记谈话。请填写谈话记录。"
    page = FormPage(f"登记已谈话：{measure.case}", "登记已谈话", _page(measure), _about(measure), done=done)
    page = replace(page, refuses=partial(plans.refuse_unheld, measure))
    service = partial(plans.hold_talk, measure_id=measure.pk)
    return show_form(request, HeldForm(request.POST or None, initial=known), page, service)


@staff_view
def switch(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Let the talk be with the head of the unit (改与主要领导谈话)."""
    measure = _own_measure(request, measure_id)
    facts = [*_about(measure), ("变更后的对象", plans.chief_target(measure))]
    note = (
        "变更后，原谈话安排和通知书作废，应告知原谈话对象，并重新安排、发出通知书。"
        "变更不能撤回，理由记入操作日志，并在谈话页面显示。"
    )
    title, done = "改与主要领导谈话", "谈话对象已变更。"
    page = FormPage(f"{title}：{measure.case}", title, _page(measure), facts, note=note, done=done)
    page = replace(page, refuses=partial(plans.refuse_switch, measure))
    service = partial(plans.switch_to_chief, measure_id=measure.pk)
    return show_form(request, SwitchForm(request.POST or None), page, service)


@staff_view
def notice(request: HttpRequest, plan_id: int) -> HttpResponse:
    """谈话通知书 PDF."""
    user = account_of(request)
    made = TalkPlan.objects.select_related("measure__case__result__section", "measure__case__result__round")
    # A plan that was moved, or made for somebody whom the talk meets no longer, has lapsed with its notice.
    visible = made.filter(measure__in=measures_for(user), is_current=True, target=F("measure__target"))
    found = visible_or_404(visible, by=user, action="acc.view", pk=plan_id)
    with audit.exporting("acc.view", found, by=user, at=clock.now(), what="谈话通知书"):
        return download(talk_notice(found), f"谈话通知书-{found.measure.case}.pdf")


@staff_view
def write(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Write or change the record of a talk (填写谈话记录)."""
    measure = _own_measure(request, measure_id)
    record = Talk.objects.filter(measure=measure).first()
    known = {field: getattr(record, field) for field in FIELDS} if record else _known(measure)
    done = "谈话记录已保存。请上传签字件，然后报送。"
    page = FormPage(f"填写谈话记录：{measure.case}", "保存谈话记录", _page(measure), _about(measure), done=done)
    page = replace(page, refuses=partial(talks_services.refuse_unwritable, measure))

    def write(*, by: User, at: datetime, **facts: Any) -> object:
        return talks_services.write_talk(measure_id=measure.pk, facts=facts, by=by, at=at)

    return show_form(request, TalkForm(request.POST or None, initial=known), page, write)


@staff_post
def file(request: HttpRequest, talk_id: int) -> HttpResponse:
    """File the record of a talk for confirmation (报送谈话记录)."""
    record = _talk_or_404(request, talk_id)
    return perform(
        request,
        partial(talks_services.file_talk, talk_id=record.pk),
        back=_page(record.measure),
        done="谈话记录已报送。",
    )


@staff_post
def confirm(request: HttpRequest, talk_id: int) -> HttpResponse:
    """Confirm the record of a talk, which completes the measure."""
    record = _talk_or_404(request, talk_id)
    return perform(
        request,
        partial(talks_services.confirm_talk, talk_id=record.pk),
        back=_page(record.measure),
        done="谈话记录已确认，措施已办理。",
    )


@staff_view
def send_back(request: HttpRequest, talk_id: int) -> HttpResponse:
    """Send the record of a talk back with a reason (退回谈话记录)."""
    record = _talk_or_404(request, talk_id)
    user, action = account_of(request), record_action(MeasureKind(record.measure.kind))
    if not policy.may(user, action, own=answers_for_cases(user)):
        raise policy.Denied(user, action)
    page = FormPage(
        f"退回谈话记录：{record.measure.case}",
        "退回谈话记录",
        _page(record.measure),
        _about(record.measure),
        refuses=partial(talks_services.refuse_unreturnable, record),
    )

    def send_back(*, note: str, by: User, at: datetime) -> object:
        return talks_services.return_talk(talk_id=record.pk, reason=note, by=by, at=at)

    return show_form(request, NoteForm(request.POST or None), page, send_back)


@staff_view
def printed(request: HttpRequest, talk_id: int) -> HttpResponse:
    """谈话记录 PDF."""
    record = _talk_or_404(request, talk_id)
    with audit.exporting("acc.view", record, by=account_of(request), at=clock.now(), what="谈话记录"):
        return download(talk_record(record), f"谈话记录-{record.measure.case}.pdf")


def _measure_or_404(request: HttpRequest, measure_id: int) -> Measure:
    measures = with_talks(measures_for(account_of(request)).filter(kind__in=TALKS))
    return visible_or_404(measures, by=account_of(request), action="acc.view", pk=measure_id)


def _own_measure(request: HttpRequest, measure_id: int) -> Measure:
    """Return a talk whose record the account writes."""
    measure = _measure_or_404(request, measure_id)
    if not talks_services.may_write(account_of(request), measure):
        raise policy.Denied(account_of(request), record_action(MeasureKind(measure.kind)))
    return measure


def _talk_or_404(request: HttpRequest, talk_id: int) -> Talk:
    talks = Talk.objects.select_related("measure__case__result__section", "measure__case__result__round")
    visible = talks.filter(measure__in=measures_for(account_of(request)))
    return visible_or_404(visible, by=account_of(request), action="acc.view", pk=talk_id)


def _page(measure: Measure) -> str:
    return reverse("accountability:talk", args=[measure.pk])


def _about(measure: Measure) -> list[tuple[str, object]]:
    due = measure.due_on and with_hint_of(in_chinese(measure.due_on), measure.term)
    return [("对象", measure.target), ("责任单位", measure.responsible), ("办理期限", due), ("依据", measure.basis)]


def _known(measure: Measure) -> dict[str, object]:
    """Return what the record begins with: the person, and what was planned."""
    post, _, name = measure.target.rpartition(" ")
    known: dict[str, object] = {
        "person": name if post else "",
        "post": post or measure.target,
        "reason": _about_of(measure),
    }
    if (planned := plan_of(measure)) is None:
        return known
    held = {"held_at": planned.held_at or planned.starts_at, "reason": planned.about}
    return {**known, "talker": planned.talker, "place": planned.place, **held}


def _about_of(measure: Measure) -> str:
    return f"{measure.basis}；{measure.case.result.main_problems}"

"""谈话记录: writing, submission, confirmation, return and printing."""

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accountability.cases.models import Measure
from accountability.cases.permissions import answers_for_cases, measures_for, visible_or_404
from accountability.cases.rules.measures import TALKS, MeasureKind, MeasureState, TalkState, record_action
from accountability.evidence.services import evidence
from accountability.talks import services as talks_services
from accountability.talks.models import Talk
from accountability.talks.services import FIELDS, WRITABLE, record_fields, talk_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, perform, show_form, staff_post, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import MomentField, NoteForm, TextField, long_text
from nanchuan_eval.workdays.queries import with_hint_of
from nanchuan_eval.workdays.rules import in_chinese


class TalkForm(forms.Form):
    """谈话记录: the full record, without which a talk does not count as done (rulebook R-F)."""

    talker = TextField(label="谈话人及职务", max_length=100)
    person = TextField(label="谈话对象", max_length=40)
    post = TextField(label="对象职务", max_length=100)
    held_at = MomentField(label="谈话时间")
    place = TextField(label="谈话地点", max_length=100)
    reason = long_text("谈话事由", most=1000, help_text="轮次、位次和主要问题")
    points = long_text("谈话要点", most=5000, rows=8)
    attitude = long_text("对象表态")
    demand = long_text("整改要求")
    recorder = TextField(label="记录人", max_length=40)
    is_signed = forms.BooleanField(
        label="谈话人和谈话对象已在记录上签字", required=False, help_text="签字后上传扫描件或照片，方可报送"
    )


@staff_view
def talk(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Show the state of a talk with its record, files and the actions of the account."""
    user = account_of(request)
    measure = _measure_or_404(request, measure_id)
    record = Talk.objects.filter(measure=measure).prefetch_related("evidence").first()
    is_pending = measure.state == MeasureState.PENDING
    context = {
        "measure": measure,
        "talk": record,
        "facts": record_fields(record) if record else [],
        "proposals": approvals.waiting_about(user, record) if record else [],
        "is_demo": measure.case.result.round.is_demo,
        "may_write": is_pending
        and talks_services.may_write(user, measure)
        and (not record or record.state in WRITABLE),
        "may_add": record is not None and evidence.may_add(user, record) and talks_services.may_write(user, measure),
        "may_confirm": record is not None
        and record.state == TalkState.FILED
        and talks_services.may_confirm(user, measure),
    }
    return render(request, "accountability/talks/talk.html", context)


@staff_view
def write(request: HttpRequest, measure_id: int) -> HttpResponse:
    """Write or change the record of a talk (填写谈话记录)."""
    measure = _measure_or_404(request, measure_id)
    if not talks_services.may_write(account_of(request), measure):
        raise policy.Denied(account_of(request), record_action(MeasureKind(measure.kind)))
    record = Talk.objects.filter(measure=measure).first()
    known = {field: getattr(record, field) for field in FIELDS} if record else _known(measure)
    done = "谈话记录已保存。请上传签字件，然后报送。"
    page = FormPage(f"填写谈话记录：{measure.case}", "保存谈话记录", _page(measure), _about(measure), done=done)

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
        f"退回谈话记录：{record.measure.case}", "退回谈话记录", _page(record.measure), _about(record.measure)
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
    measures = measures_for(account_of(request)).filter(kind__in=TALKS)
    return visible_or_404(measures, by=account_of(request), action="acc.view", pk=measure_id)


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
    post, _, name = measure.target.rpartition(" ")
    problems = measure.case.result.main_problems
    return {"person": name if post else "", "post": post or measure.target, "reason": f"{measure.basis}；{problems}"}

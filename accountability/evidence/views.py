"""佐证材料: upload, withdrawal, viewing copies and originals."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import models
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from accountability.cases.permissions import visible_or_404
from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import TYPES, FileKind
from accountability.evidence.services import evidence
from accountability.evidence.services.evidence import Subject, Upload
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import (
    FormPage,
    account_of,
    attempt,
    perform,
    render_form,
    show_form,
    staff_post,
    staff_view,
)
from nanchuan_eval.web.downloads import stored_file
from nanchuan_eval.web.fields import TextField


class UploadForm(forms.Form):
    """上传文件; the hidden id makes a repeated upload idempotent."""

    upload_id = forms.UUIDField(widget=forms.HiddenInput(attrs={"data-once": True}), initial=uuid.uuid4)
    file = forms.FileField(
        label="选择文件",
        help_text="照片（JPEG、PNG、WebP，不超过10MB）、录音（不超过50MB）、录像（不超过200MB）或者 PDF（不超过20MB）",
    )


class OriginalForm(forms.Form):
    """查看原件; the reason is kept in the audit log."""

    reason = TextField(label="查看理由", max_length=300)


@staff_view
def add(request: HttpRequest, subject: str, pk: str) -> HttpResponse:
    """Upload a file as evidence of an object."""
    found = _subject_or_404(account_of(request), subject, pk)
    evidence.check_writes(account_of(request), found)
    page = FormPage(
        f"上传文件：{_title(found)}",
        "上传",
        page_of(found),
        note="按文件内容识别种类，改扩展名无效。照片另存一份不含拍摄地点等信息的查看件，原件保留。",
        done="文件已保存。",
    )

    def add(*, file: Any, upload_id: UUID, by: User, at: datetime) -> object:
        upload = Upload(file.name, file.file, file.size, id=upload_id)
        return evidence.add_evidence(subject=found, upload=upload, by=by, at=at)

    return show_form(request, UploadForm(request.POST or None, request.FILES or None), page, add)


@staff_post
def drop(request: HttpRequest, evidence_id: UUID) -> HttpResponse:
    """Withdraw an uploaded file (撤回文件)."""
    row = _evidence_or_404(request, evidence_id)
    service = partial(evidence.drop_evidence, evidence_id=row.pk)
    return perform(request, service, back=page_of(row.subject), done="文件已撤回。")


@staff_view
def view(request: HttpRequest, evidence_id: UUID) -> HttpResponseBase:
    """Serve a picture's viewing copy; other files can only be opened as originals."""
    row = _evidence_or_404(request, evidence_id)
    if not row.has_copy:
        raise Http404
    copy = storage.read(storage.copy_path(row.pk), row.file_key)
    return stored_file(copy, f"{row.pk}.jpg", "image/jpeg", inline=True)


@staff_view
def original(request: HttpRequest, evidence_id: UUID) -> HttpResponseBase:
    """Download the original, giving a reason; inspection evidence needs approval first."""
    row, user, at = _evidence_or_404(request, evidence_id), account_of(request), clock.now()
    facts = [("文件名", row.name), ("种类", FileKind(row.kind).label), ("原件校验值", row.sha256)]
    back = page_of(row.subject)
    form: Form = OriginalForm(request.POST or None)
    if evidence.original_action(row) == evidence.ORIGINAL:
        policy.check_may_start(user, evidence.ORIGINAL)
    if evidence.original_action(row) == evidence.ORIGINAL and policy.requires_approval(evidence.ORIGINAL):
        if not authorizations.may_use(evidence.ORIGINAL, row, by=user, at=at):
            hours = settings.AUTHORIZATION_HOURS
            note = f"暗访原件须经纪委监委审批，同意后{hours}小时内可以查看，每次查看均记入操作日志。"

            def propose(**given: Any) -> str:
                approvals.start(evidence.ORIGINAL, row, **given)
                return "已提请，等待纪委监委审批。"

            page = FormPage("提请查看暗访原件", "提请审批", back, facts, note=note)
            return show_form(request, form, page, propose)
        form = Form(request.POST if request.method == "POST" else None)
    page = FormPage("下载原件", "下载原件", back, facts, note="每次查看原件都记录查看人、时间和理由。")
    reason = form.cleaned_data.get("reason", "") if form.is_valid() else ""
    open_original = partial(evidence.open_original, evidence_id=row.pk, reason=reason, by=user, at=at)
    if form.is_valid() and (opened := attempt(form, open_original)):
        found, content = opened
        kind = TYPES[found.suffix].content_type
        return stored_file(content, f"{found.pk}.{found.suffix}", kind, inline=False, size=found.size)
    return render_form(request, form, page)


def page_of(subject: Subject) -> str:
    """Address of the page to which the subject's files belong."""
    return evidence.ATTACHMENT_RULES[type(subject)].page(subject)


def _title(subject: Subject) -> str:
    return evidence.ATTACHMENT_RULES[type(subject)].title(subject)


def _subject_or_404(by: User, subject: str, pk: str) -> Subject:
    found = evidence.rule_named(subject)
    if found is None:
        raise Http404
    model, rule = found
    wanted = _uuid_or_404(pk) if isinstance(model._meta.pk, models.UUIDField) else _number_or_404(pk)
    row: Subject = visible_or_404(rule.visible(by), by=by, action=rule.see_action, pk=wanted)
    return row


def _evidence_or_404(request: HttpRequest, evidence_id: UUID) -> Evidence:
    """Answer 404 for a file that the account may not view."""
    row = get_object_or_404(Evidence.objects.servable(), pk=evidence_id)
    if not evidence.may_see(account_of(request), row):
        raise policy.Hidden(account_of(request), evidence.see_action(row), str(evidence_id))
    return row


def _number_or_404(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404
    return int(text)


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None

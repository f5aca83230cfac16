"""Pages of the lists: upload, preview or errors, answers, confirmation, and the files to download."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists import services, workbooks
from nanchuan_eval.lists.forms import ListFileForm
from nanchuan_eval.lists.pages import changes_page, faults_page, verb_of
from nanchuan_eval.lists.services import ListKind, Opened
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, perform, show_done
from nanchuan_eval.web.downloads import download

ANSWER = "answer-"
RENEWED = "预览已按回答更新，请核对后确认。"
View = Callable[..., HttpResponse]


def _of_kind(view: View) -> View:
    """Pass the kind of list and its subject's title to the view, if the account may upload such lists."""

    @wraps(view)
    def guarded(request: HttpRequest, name: str, subject: str = "") -> HttpResponse:
        kind = services.find_kind(name)
        if kind is None:
            raise Http404
        policy.check_may_start(account_of(request), kind.action)
        return view(request, kind, subject, kind.subject_title(subject))

    return guarded


@_of_kind
def upload(request: HttpRequest, kind: ListKind, subject: str, about: str) -> HttpResponse:
    """Show the form for a file, or keep the posted one and go to its page."""
    form = ListFileForm(request.POST or None, request.FILES or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        file, at = form.cleaned_data["file"], clock.now()
        stored = attempt(
            form,
            lambda: services.store_upload(
                kind=kind,
                subject=subject,
                filename=file.name,
                content=file.read(),
                by=account_of(request),
                at=at,
            ),
            field="file",
        )
        if stored:
            return redirect("list-upload", stored.pk)
    columns = kind.columns(subject)
    context = {
        "form": form,
        "required": [column.label for column in columns if column.is_required],
        "optional": [column.label for column in columns if not column.is_required],
        "notes": kind.notes,
        "template": _address("list-template", kind, subject),
    }
    return _page(request, "upload", kind, subject, about=about, title=f"导入{kind.title}", **context)


@_of_kind
def template(request: HttpRequest, kind: ListKind, subject: str, about: str) -> HttpResponse:
    """Download the workbook to fill in."""
    return download(workbooks.template(kind.title, kind.columns(subject)), f"{kind.title}模板.xlsx")


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the preview of an upload, or the errors of its file."""
    opened = _open(request, pk)
    if opened is None:
        return redirect("home")
    upload, kind = opened.upload, opened.kind
    shared = {"upload": upload, "about": kind.subject_title(upload.subject), "verb": verb_of(kind)}
    if opened.preview is None:
        context = {**shared, "page": faults_page(opened)}
        return _page(request, "errors", kind, upload.subject, title=f"{kind.title}：文件有错误", **context)
    context = {
        **shared,
        "page": changes_page(opened.preview, upload.answers),
        "fingerprint": opened.fingerprint,
    }
    return _page(request, "preview", kind, upload.subject, title=f"{kind.title}：预览", **context)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import or propose the preview shown; if its questions are answered anew, show it again first."""
    posted = {key.removeprefix(ANSWER): str(value) for key, value in request.POST.items() if key.startswith(ANSWER)}
    agreed = request.POST.get("fingerprint", "") if "confirm" in request.POST else ""
    by, at = account_of(request), clock.now()
    try:
        done = services.confirm_upload(upload_id=pk, posted=posted, agreed=agreed, by=by, at=at)
    except services.Gone as gone:
        messages.error(request, str(gone))
        return redirect(_way_back(request))
    except RuleViolation as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
        return redirect("list-upload", pk)
    if done is None:
        messages.info(request, RENEWED)
        return redirect("list-upload", pk)
    show_done(request, done, "已导入。")
    return redirect(_way_back(request))


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an upload without importing it."""
    return perform(
        request, partial(services.discard_upload, upload_id=pk), done="已放弃上传的文件。", back=_way_back(request)
    )


def errors(request: HttpRequest, pk: int) -> HttpResponse:
    """Download all errors of a file."""
    opened = _open(request, pk)
    if opened is None or opened.preview is not None:
        return redirect("list-upload", pk) if opened else redirect("home")
    return download(workbooks.errors(opened.upload.filename, opened.faults), "错误清单.xlsx")


def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the whole preview."""
    opened = _open(request, pk)
    if opened is None or opened.preview is None:
        return redirect("list-upload", pk) if opened else redirect("home")
    return download(workbooks.changes(opened.upload.filename, opened.preview, opened.upload.answers), "预览.xlsx")


def _open(request: HttpRequest, pk: int) -> Opened | None:
    by, at = account_of(request), clock.now()
    opened: Opened | None = attempt(request, lambda: services.open_upload(upload_id=pk, by=by, at=at))
    return opened


def _way_back(request: HttpRequest) -> str:
    """Return the address of the posted kind of list: the upload itself may be gone."""
    kind = services.find_kind(request.POST.get("kind", ""))
    try:
        return kind.back(request.POST.get("subject", "")) if kind else reverse("home")
    except (RuleViolation, LookupError, ValueError, Http404):
        return reverse("home")


def _address(name: str, kind: ListKind, subject: str) -> str:
    return reverse(name, args=[kind.name, subject] if subject else [kind.name])


def _page(request: HttpRequest, name: str, kind: ListKind, subject: str, **context: Any) -> HttpResponse:
    shared = {
        **admin.site.each_context(request),
        "kind": kind,
        "subject": subject,
        "back": kind.back(subject),
        "again": _address("list-new", kind, subject),
    }
    status = 400 if name == "upload" and context["form"].errors else 200
    return render(request, f"lists/{name}.html", {**shared, **context}, status=status)

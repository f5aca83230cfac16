"""Downloads of a draw's documents: 承诺书, 抽取记录表, 通知书, SMS list, roster for the notary."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from evaluations.draws import documents as draws_documents
from evaluations.draws.forms import LettersForm
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.people import number_of
from evaluations.draws.services import letters as letters_services
from evaluations.draws.services.commitment import open_roster
from evaluations.draws.services.exports import EXPORT, ROSTER
from evaluations.rounds.admin_pages import round_page, show_round_form, staff_page
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core import export_numbers
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import ReasonForm

View = Callable[..., HttpResponse]


def urls(wrap: Callable[[View], View]) -> list[URLPattern]:
    """Return the addresses of the documents."""
    return [
        path("<int:pk>/commitment.pdf", wrap(commitment), name="draw-commitment"),
        path("<int:pk>/record.pdf", wrap(record), name="draw-record"),
        path("<int:pk>/letters/", wrap(letters), name="draw-letters"),
        path("<int:pk>/roster/", wrap(roster), name="draw-roster"),
    ]


def commitment(request: HttpRequest, pk: int) -> HttpResponse:
    """Print the 承诺书."""
    draw = _draw(request, pk)
    pdf = draws_documents.commitment_pdf(draw, url=_public_address(request, draw), at=clock.now())
    return download(pdf, f"{draw.draw_id}-commitment.pdf")


def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Print the 抽取记录表."""
    draw = _draw(request, pk)
    if not draw.result:
        return redirect("admin:draw-ceremony", pk)
    return download(draws_documents.record_pdf(draw, at=clock.now()), f"{draw.draw_id}-record.pdf")


def letters(request: HttpRequest, pk: int) -> HttpResponse:
    """Print the letters to all drawn people or to one (?entry=), or export a list for the SMS platform."""
    draw = _draw(request, pk)
    form, user, at = LettersForm(request.POST or None), account_of(request), clock.now()
    chosen = request.GET.get("entry", "")
    entry_id = int(chosen) if chosen.isascii() and chosen.isdigit() else None
    open_addresses = partial(letters_services.open_addresses, draw_id=pk, by=user, at=at, entry_id=entry_id)
    if form.is_valid():
        entries = attempt(form, partial(open_addresses, reason=form.cleaned_data["reason"]))
        if entries is not None:
            with audit.numbered(audit.entry_of(by=user, at=at)):
                if form.cleaned_data["form"] == "sms":
                    return download(_sms_list(draw, entries, at), f"{draw.draw_id}-sms.xlsx")
                return _letters_file(request, draw, entries, at)
    back = reverse("admin:draw-people", args=[pk])
    return staff_page(request, "round/act.html", draw.round, f"打印通知书：{draw}", form=form, back=back)


def roster(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to export the private roster for the notary; after approval, download it once."""
    draw, user, at = get_object_or_404(Draw.objects.select_related("round"), pk=pk), account_of(request), clock.now()
    if not policy.may_start(user, EXPORT):
        raise policy.Denied(user, EXPORT)
    back, is_ready = round_page(draw.round_id), authorizations.may_use(ROSTER, draw, by=user, at=at)
    form = Form(request.POST) if is_ready and request.method == "POST" else ReasonForm(request.POST or None)
    if is_ready and request.method == "POST":
        lines = attempt(form, partial(open_roster, draw_id=pk, by=user, at=at))
        if lines is not None:
            name = export_numbers.numbered_filename(f"{draw.draw_id}-roster.tsv", audit.entry_of(by=user, at=at).seq)
            return download(b"".join(lines), name)
    if is_ready:
        return staff_page(request, "round/act.html", draw.round, "下载封存名册", form=Form(), back=back)
    service = approvals.Start(ROSTER, draw)
    return show_round_form(request, draw.round, form, service, title="提请导出封存名册（交公证）", back=back)


def _draw(request: HttpRequest, pk: int) -> Draw:
    policy.check_sees(account_of(request), "draw.run")
    return get_object_or_404(Draw.objects.select_related("round", "planned", "drawn_by"), pk=pk)


def _public_address(request: HttpRequest, draw: Draw) -> str:
    return request.build_absolute_uri(reverse("draw", args=[draw.draw_id]))


def _letters_file(request: HttpRequest, draw: Draw, entries: Sequence[DrawEntry], at: datetime) -> HttpResponse:
    reply_by, url = letters_services.reply_term(draw, at), _public_address(request, draw)
    files = list(draws_documents.letters_pdfs(draw, entries, url=url, reply_by=reply_by, at=at))
    if len(files) == 1:
        return download(files[0], f"{draw.draw_id}-letters.pdf")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, content in enumerate(files, start=1):
            archive.writestr(f"{draw.draw_id}-letters-{number:03d}.pdf", content)
    return download(target.getvalue(), f"{draw.draw_id}-letters.zip")


def _sms_list(draw: Draw, entries: Sequence[DrawEntry], at: datetime) -> bytes:
    text = draws_documents.text_message(draw, letters_services.reply_term(draw, at))
    people = dict.fromkeys(entry.drawn for entry in entries)
    columns = [ColumnSpec("手机号", 16), ColumnSpec("姓名", 14), ColumnSpec("短信内容", 90)]
    rows = [[number_of(person), person.name, text] for person in people if person]
    notes = [DEMO_NOTICE] if draw.round.is_demo else []
    return write_workbook([SheetSpec("短信", columns, rows, heading=f"{draw} 短信名单", notes=notes)])

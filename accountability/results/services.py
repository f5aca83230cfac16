"""Exports of a result (导出), permitted by state and role and logged each time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import BinaryIO

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.publication.documents import count_record_pdf
from evaluations.publication.files import notice_paper, superior_circular, units_circular
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result, profile_of
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.tally.files import ballots_csv, counted_lines, line_header
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import export_numbers
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.docx import paper_docx
from nanchuan_eval.documents.papers import Paper, paper_number, paper_pdf
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import stream_workbook


@transaction.atomic
def export_top10(*, round_id: int, by: policy.Actor, at: datetime) -> bytes:
    """Return 最难办科室前十.xlsx; personnel gets it after publication only (permissions, top10.export)."""
    policy.check(by, "top10.export")
    round_ = Round.objects.get(pk=round_id)
    if not has_result(round_):
        raise RuleViolation(f"“{round_.name}”尚未计票，没有可以导出的结果。")
    if by.role == policy.Role.PERSONNEL and round_.state not in PUBLISHED:
        raise RuleViolation(f"“{round_.name}”尚未公示，公示后方可导出。")
    entry = audit.record("top10.export", round_, by=by, at=at)
    with audit.numbered(entry):
        return top10_workbook(round_)


Content = bytes | Iterator[str] | BinaryIO


class CountFile(TextChoices):
    """Files for recounting (复算文件)."""

    BALLOTS = "ballots", "ballots.csv"
    RULEBOOK = "rulebook", "rulebook.json"
    RESULT = "result", "result.json"
    CELLS = "cells", "cells.json"
    LINES = "lines", "计票行.xlsx"
    RECORD = "record", "计票记录.pdf"


@transaction.atomic
def export_count(*, round_id: int, file: CountFile, by: policy.Actor, at: datetime) -> tuple[str, Content]:
    """Return name and content of a file for recounting; ballots.csv is streamed."""
    policy.check(by, "tally.verify")
    round_ = Round.objects.get(pk=round_id)
    if not has_result(round_):
        raise RuleViolation(f"“{round_.name}”尚未计票，没有可以复算的文件。")
    entry = audit.record("tally.verify", round_, by=by, at=at, detail={"step_label": f"下载{file.label}"})
    with audit.numbered(entry):
        return export_numbers.numbered_filename(file.label, entry.seq), _content(round_, file, at)


class PaperForm(TextChoices):
    """In what form a paper is taken (格式)."""

    DOCX = "docx", "Word 文档（可修改）"
    PDF = "pdf", "PDF"


NOTICE, UNITS = "notice", "units"


@dataclass(frozen=True)
class PaperAsked:
    """Which paper of a published list is wanted: 公示, 通报 to the units, or 通报 to the superior unit named."""

    which: str
    form: PaperForm
    number: str
    dated_on: date

    @property
    def label(self) -> str:
        """The paper's name, for the log and the file."""
        return {NOTICE: "公示", UNITS: "通报（各单位）"}.get(self.which, f"通报（{self.which}）")


@transaction.atomic
def export_paper(*, round_id: int, asked: PaperAsked, by: policy.Actor, at: datetime) -> tuple[str, bytes]:
    """Return name and content of a 公示 or 通报 of the version in force; each download is logged with its 文号."""
    policy.check_sees(by, "top10.view")
    publication = Publication.objects.select_related("round").filter(round=round_id).order_by("-version").first()
    if publication is None:
        raise RuleViolation("本轮尚未公示，公示后方可制发公示和通报。")
    paper = _paper(publication, asked, at)
    detail = {"step_label": f"导出：{asked.label}", "form": asked.form.value, "number": paper.number}
    entry = audit.record("top10.view", publication, by=by, at=at, detail=detail)
    with audit.numbered(entry):
        content = (paper_docx if asked.form == PaperForm.DOCX else paper_pdf)(paper, at=at)
    return f"{publication.round.name}{asked.label}.{asked.form}", content


def _paper(publication: Publication, asked: PaperAsked, at: datetime) -> Paper:
    published_on = timezone.localdate(publication.published_at)
    code = profile_of(publication.round).paper_code
    if asked.which == NOTICE:
        return notice_paper(publication, number=paper_number(asked.number, year=published_on.year, code=code))
    if asked.dated_on < published_on:
        raise RuleViolation("通报的成文日期不得早于公示日期。")
    if asked.dated_on > timezone.localdate(at):
        raise RuleViolation("通报的成文日期不得晚于今天。")
    number = paper_number(asked.number, year=asked.dated_on.year, code=code)
    if asked.which == UNITS:
        return units_circular(publication, number=number, dated_on=asked.dated_on)
    return superior_circular(publication, asked.which, number=number, dated_on=asked.dated_on)


def _content(round_: Round, file: CountFile, at: datetime) -> Content:
    if file == CountFile.BALLOTS:
        return ballots_csv(round_)
    if file == CountFile.LINES:
        return _lines_workbook(round_)
    if file == CountFile.RECORD:
        return count_record_pdf(round_, at=at)
    tally = round_.tally
    texts = {CountFile.RULEBOOK: tally.rulebook, CountFile.RESULT: tally.result, CountFile.CELLS: tally.cells}
    return texts[file].encode()


def _lines_workbook(round_: Round) -> BinaryIO:
    """Return the counted lines as a workbook on disk: there may be hundreds of thousands."""
    target = TemporaryFile()  # noqa: SIM115  the response closes it when it is sent
    stream_workbook(target, "计票行", line_header(round_), counted_lines(round_))
    target.seek(0)
    return target

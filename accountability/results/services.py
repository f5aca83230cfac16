"""Exports of a result (导出), permitted by state and role and logged each time."""

from collections.abc import Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import BinaryIO

from django.db import transaction
from django.db.models import TextChoices

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.publication.documents import count_record_pdf
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.tally.files import LINE_HEADER, ballots_csv, counted_lines
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import export_numbers
from nanchuan_eval.core.errors import RuleViolation
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
    stream_workbook(target, "计票行", LINE_HEADER, counted_lines(round_))
    target.seek(0)
    return target

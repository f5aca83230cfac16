"""`manage.py import_service_records FILE [--round ROUND]`: import service records, up to half a million rows."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from evaluations.management.arguments import find_round
from evaluations.service_records.services.importing import import_records
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import FileRefused
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists import workbooks
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import check_writable, write_file
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import stream_rows
from nanchuan_eval.spreadsheets.guard import MIB, Limits

LARGEST = Limits(rows=500_020, unpacked=2000 * MIB, strings=5_000_000, seconds=1800)
SHOWN_HINTS = 20


class Command(ServiceCommand):
    help = "导入办件（.xlsx、.csv，不超过50万行），文件全部导入或者全部不导入；写了轮次的，只收本轮期间办结的。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        # Options may also stand between the round and the file.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        parser.add_argument("paths", nargs="+", metavar="[ROUND] FILE", help="轮次代码（可不写）和 .xlsx 或 .csv 文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不导入")
        parser.add_argument("--errors", type=Path, metavar="FILE.xlsx", help="把全部错误写入这个工作簿")
        parser.add_argument("--hints", type=Path, metavar="FILE.xlsx", help="把全部提示写入这个工作簿")

    def handle(self, *args: Any, **options: Any) -> None:
        *keys, name = options["paths"]
        if len(keys) > 1:
            raise CommandError("请只写一个轮次代码和一个文件。", returncode=2)
        round_ = find_round(keys[0]) if keys else None
        period = (round_.period_start, round_.period_end) if round_ else None
        path = Path(name)
        for target in filter(None, (options["errors"], options["hints"])):
            check_writable(target)
        try:
            source = path.open("rb")
            source.peek(1)  # some files open and cannot be read
        except OSError:
            raise CommandError(f"读不到文件“{path}”，请检查路径和权限。", returncode=2) from None
        with source, tqdm(desc="办件", unit="件", disable=None) as bar:
            try:
                made = import_records(
                    rows=stream_rows(source, path.name, LARGEST),
                    by=OPERATOR,
                    at=clock.now(),
                    period=period,
                    is_trial=options["dry_run"],
                    progress=lambda done: bar.update(done - bar.n),
                )
            except FileRefused as refusal:
                self._write(options["errors"], path.name, refusal.faults, "没有导入任何内容")
                raise
        for notice in [*made.notices, *map(str, made.hints[:SHOWN_HINTS])]:
            self.stdout.write(notice)
        self._write(options["hints"], path.name, made.hints, "照常导入")
        for label, figure in made.figures:
            self.stdout.write(f"{label}：{figure}")
        self.stdout.write("检查通过，没有导入。" if options["dry_run"] else f"已导入{made.records}件。")

    def _write(self, target: Path | None, name: str, faults: list[Fault] | Any, nothing: str) -> None:
        if target is not None:
            write_file(target, workbooks.errors(name, faults, nothing=nothing))

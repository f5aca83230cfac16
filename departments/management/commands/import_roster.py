"""`manage.py import_roster FILE`: import the roster workbook."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from departments.roster.services import import_roster
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand, read_file
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE


class Command(ServiceCommand):
    help = "导入评议对象名录（.xlsx 或 .csv）：文件全部导入或者全部不导入；名录中原有而文件中没有的科室不会删除。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="名录文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查和比较，不导入")

    def handle(self, *args: Any, **options: Any) -> None:
        path, dry_run = options["file"], options["dry_run"]
        content = read_file(path, LARGEST_FILE + 1)
        rows = read_rows(content, path.name)
        report = import_roster(rows=rows, by=OPERATOR, at=clock.now(), dry_run=dry_run)
        self.stdout.write(
            f"{'检查通过，未导入' if dry_run else '已导入'}：{report.departments}个单位，{report.sections}个科室"
            f"（新增{len(report.created)}，变更{len(report.changed)}，未变{report.unchanged}）。"
        )
        if report.absent:
            self.stdout.write(f"名录中有、文件中没有的科室（未删除）：{'、'.join(report.absent)}")

"""`manage.py import_roster FILE`: take over the roster workbook."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from departments.services import import_roster
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.policy import OPERATOR
from nanchuan_eval.spreadsheet import read_rows


class Command(BaseCommand):
    help = "导入评议对象名录（.xlsx 或 .csv）：整份文件要么全部导入，要么一行也不导入；名录中原有而文件中没有的科室不会删除。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="名录文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查和比较，不导入")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"读不到文件：{error}", returncode=2) from None
        try:
            report = import_roster(
                rows=read_rows(content, options["file"].name),
                by=OPERATOR,
                at=timezone.now(),
                dry_run=options["dry_run"],
            )
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from None
        done = "检查通过，未导入" if options["dry_run"] else "已导入"
        self.stdout.write(
            f"{done}:{report.departments}个单位，{report.sections}个科室"
            f"(新增{len(report.created)}，变更{len(report.changed)}，未变{report.unchanged})。"
        )
        if report.absent:
            self.stdout.write(f"名录中有、文件中没有的科室：{'、'.join(report.absent)}")

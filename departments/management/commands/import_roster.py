"""`manage.py import_roster FILE`: import the roster workbook."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from departments.roster.rules.comparison import HeadChange
from departments.roster.services import HeadsInDoubt, RosterReport, import_roster
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import read_list
from nanchuan_eval.permissions.policy import OPERATOR

ANSWER = (
    "都是更正登记的，加上 --correct-heads 再运行；有换人的，先在文件中填写新任负责人的任职日期（晚于前任的任职日期）。"
)


class Command(ServiceCommand):
    help = "导入评议对象名录（.xlsx 或 .csv）：文件全部导入或者全部不导入；名录中原有而文件中没有的科室不会删除。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="名录文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查和比较，不导入")
        parser.add_argument(
            "--correct-heads",
            action="store_true",
            help="负责人姓名与登记不同、任职日期相同或未填的，更正登记（任期不变），不是换人",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run, correct_heads = options["dry_run"], options["correct_heads"]
        rows = read_list(options["file"])
        try:
            report = import_roster(rows=rows, correct_heads=correct_heads, by=OPERATOR, at=clock.now(), dry_run=dry_run)
        except HeadsInDoubt as doubt:
            self._write_notices(doubt.report)
            raise CommandError(f"{doubt}\n{ANSWER}") from None
        self.stdout.write(
            f"{'检查通过，未导入' if dry_run else '已导入'}：{report.departments}个单位，{report.sections}个科室"
            f"（新增{len(report.created)}，变更{len(report.changed)}，未变{report.unchanged}）。"
        )
        self._write_notices(report)
        for change in (HeadChange.REPLACED, HeadChange.CORRECTED, HeadChange.DAY_CORRECTED):
            for each in report.with_head(change):
                self.stdout.write(f"{change.value}：{each.after.section_code} {each.after.head_name}")
        if report.absent:
            self.stdout.write(f"名录中有、文件中没有的科室（未删除）：{'、'.join(report.absent)}")

    def _write_notices(self, report: RosterReport) -> None:
        for notice in report.notices:
            self.stdout.write(f"提示：{notice}")

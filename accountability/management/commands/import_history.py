"""`manage.py import_history FILE`: import lists published before this system."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from accountability.history.rules.earlier_lists import COLUMNS
from accountability.history.services import import_history
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand, read_file
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE


class Command(ServiceCommand):
    help = f"导入历史榜单（.xlsx 或 .csv），表头：{'、'.join(COLUMNS)}。文件全部导入或者全部不导入。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="历史榜单文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不导入")

    def handle(self, *args: Any, **options: Any) -> None:
        path, dry_run = options["file"], options["dry_run"]
        content = read_file(path, LARGEST_FILE + 1)
        rows = [(row.number, row.cells) for row in read_rows(content, path.name)]
        report = import_history(rows=rows, by=OPERATOR, at=clock.now(), dry_run=dry_run)
        done = "检查通过，未导入" if dry_run else "已导入"
        self.stdout.write(f"{done}：{report.rounds}个轮次，{report.listings}个上榜科室。")
        if report.unknown:
            self.stdout.write(f"名录中没有、不计入历次情况的科室：{'、'.join(report.unknown)}")

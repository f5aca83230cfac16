"""`manage.py recount ballots.csv rulebook.json`: repeat the count from the anonymous ballots; needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.count_files import counted_from, read_json, write_result
from evaluations.scoring.methods import recount
from nanchuan_eval.management.files import write_file


class Command(BaseCommand):
    help = (
        "复算：从 ballots.csv 和 rulebook.json 重新计票，结果应与 result.json 逐字节相同，"
        "公开的数据应与 cells.json 逐字节相同。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ballots", type=Path, metavar="ballots.csv", help="计票的评议票")
        parser.add_argument("rulebook", type=Path, metavar="rulebook.json", help="评议规则")
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")
        parser.add_argument("--cells", type=Path, metavar="FILE", help="公开的数据 cells.json 写入文件（方法 NC-2）")

    def handle(self, *args: Any, **options: Any) -> None:
        rulebook = read_json(options["rulebook"])
        try:
            with (
                options["ballots"].open(encoding="utf-8", newline="") as ballots,
                counted_from(options["ballots"], options["rulebook"]),
            ):
                files = recount(ballots, rulebook)
        except OSError:
            raise CommandError(f"读不到文件“{options['ballots']}”，请检查路径和权限。", returncode=2) from None
        if options["cells"]:
            if files.cells is None:
                raise CommandError(f"方法 {rulebook['method']} 没有 cells.json，请去掉 --cells。", returncode=2)
            write_file(options["cells"], files.cells)
        write_result(self.stdout, options["json"], files.result)

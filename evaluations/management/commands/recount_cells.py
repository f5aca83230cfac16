"""`manage.py recount_cells cells.json rulebook.json`: count from the published files; needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from evaluations.management.count_files import counted_from, read_json, write_result
from evaluations.scoring.nc2.result import recount_cells


class Command(BaseCommand):
    help = (
        "公开复算：从公布的 cells.json 和 rulebook.json 重新得出位次、位次区间、标注和公示条件，"
        "应与 result.json 中的相应内容相同。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cells", type=Path, metavar="cells.json", help="公布的各科室各渠道数据")
        parser.add_argument("rulebook", type=Path, metavar="rulebook.json", help="评议规则")
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")

    def handle(self, *args: Any, **options: Any) -> None:
        cells, rulebook = read_json(options["cells"]), read_json(options["rulebook"])
        with counted_from(options["cells"], options["rulebook"]):
            result = recount_cells(cells, rulebook)
        write_result(self.stdout, options["json"], result)

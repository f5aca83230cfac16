"""`manage.py compare_rounds`: what has changed between two rounds, from their published files; needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from evaluations.management.count_files import counted_from, read_json, write_result
from evaluations.scoring.nc2.change import Counted, change_document, read_round
from nanchuan_eval.core.canonical import canonical_json

FILES = (
    ("old_cells", "上一轮的 cells.json"),
    ("old_rulebook", "上一轮的 rulebook.json"),
    ("new_cells", "本轮的 cells.json"),
    ("new_rulebook", "本轮的 rulebook.json"),
)


class Command(BaseCommand):
    help = (
        "两轮比较：从两轮公布的 cells.json 和 rulebook.json 得出各科室好转、变差或者无明显变化。"
        "按科室代码对应，不考虑机构调整。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, help_ in FILES:
            parser.add_argument(name, type=Path, metavar=name.upper(), help=help_)
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")

    def handle(self, *args: Any, **options: Any) -> None:
        old = _round(options["old_cells"], options["old_rulebook"])
        new = _round(options["new_cells"], options["new_rulebook"])
        write_result(self.stdout, options["json"], canonical_json(change_document(old, new)))


def _round(cells: Path, rulebook: Path) -> Counted:
    with counted_from(cells, rulebook):
        return read_round(read_json(cells), read_json(rulebook))

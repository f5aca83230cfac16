"""`manage.py import_pool ROUND KIND FILE`: import a pool of people."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from evaluations.management.arguments import find_round
from evaluations.pools.rules import PoolKind
from evaluations.pools.services.lists import import_pool
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand, read_file
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows


class Command(ServiceCommand):
    help = "导入名单库（监督员、定向评议人员、服务对象），文件全部导入或者全部不导入。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("kind", choices=PoolKind.values, metavar="KIND", help="、".join(PoolKind.values))
        parser.add_argument("file", type=Path, metavar="FILE", help=".xlsx 或 .csv 文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不导入")

    def handle(self, *args: Any, **options: Any) -> None:
        round_ = find_round(options["round"])
        content = read_file(options["file"])
        file = import_pool(
            round_id=round_.pk,
            kind=PoolKind(options["kind"]),
            rows=read_rows(content, options["file"].name),
            by=OPERATOR,
            at=clock.now(),
            dry_run=options["dry_run"],
        )
        for note in file.notes:
            self.stdout.write(note)
        done = "检查通过" if options["dry_run"] else "已导入"
        self.stdout.write(f"{done}：{len(file.people)}人，其中回避{file.excluded()}人。")

"""`manage.py export_openings ROUND FILE`: the openings for the notary, to verify sealed ballots and count."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from evaluations.management.arguments import find_round
from evaluations.openings.services import open_ballots
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "导出开封文件：每张票的随机数和内容，交公证处和纪委监委复核封箱清单与计票。不含任何投票人信息。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("file", type=Path, metavar="FILE", help="输出文件")

    def handle(self, *args: Any, **options: Any) -> None:
        round_ = find_round(options["round"])
        lines = open_ballots(round_id=round_.pk, by=OPERATOR, at=clock.now())
        with options["file"].open("w", encoding="utf-8") as target:
            target.writelines(lines)
        options["file"].chmod(0o600)
        self.stdout.write("已导出开封文件。")

"""`manage.py tally ROUND`: count a sealed round once, or show the stored result."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from evaluations.management.arguments import find_round
from evaluations.rounds.models import Round
from evaluations.tally.models import Tally
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import write_file
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "计票：对已封箱并已抽取计票的抽样评议票的轮次计票；已计票的只输出存档结果，不重新计票。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("--json", type=Path, metavar="FILE", help="把 result.json 写入文件")

    def handle(self, *args: Any, **options: Any) -> None:
        tally = self._counted(find_round(options["round"]))
        if options["json"]:
            write_file(options["json"], tally.result.encode())
        self.stdout.write(f"计票时间：{timezone.localtime(tally.at):%Y年%-m月%-d日 %H:%M}")
        self.stdout.write(f"结果校验值：{tally.result_sha256}")

    def _counted(self, round_: Round) -> Tally:
        known = Tally.objects.filter(round=round_).last()
        if known:
            return known
        return tally_round(round_id=round_.pk, by=OPERATOR, at=clock.now())

"""`manage.py seal_round ROUND`: seal the box after the closing time."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from evaluations.management.arguments import find_round
from evaluations.sealing.services.opening import seal_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import CLOCK


class Command(ServiceCommand):
    help = "封箱：对截止时间已过的轮次，将评议票打乱顺序后封存，并公布总校验值。可以重复运行；全部完成或者全部不执行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")

    def handle(self, *args: Any, **options: Any) -> None:
        round_ = find_round(options["round"])
        try:
            with tqdm(desc="打乱并封存", unit="票") as bar:
                sealed = seal_round(round_id=round_.pk, by=CLOCK, at=clock.now(), progress=bar.update)
        except RuleViolation:
            sealed = find_round(options["round"])
            if not sealed.closing_root:
                raise
        self.stdout.write(f"已封箱。总校验值：{sealed.closing_root}")

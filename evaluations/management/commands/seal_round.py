"""`manage.py seal_round ROUND [--accept N --reason TEXT]`: seal a box whose key the server keeps."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from evaluations.management.arguments import accepted_differences, add_acceptance, find_round
from evaluations.sealing.services.opening import seal_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR


class Command(ServiceCommand):
    help = (
        "封箱：对截止时间已过、由系统保管票箱密钥的轮次，将评议票打乱顺序后封存，并公布总校验值。"
        "可以重复运行；全部完成或者全部不执行。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        add_acceptance(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        round_, accepted = find_round(options["round"]), accepted_differences(options)
        by = OPERATOR if accepted.number else CLOCK
        try:
            with tqdm(desc="打乱并封存", unit="票") as bar:
                sealed = seal_round(round_id=round_.pk, by=by, at=clock.now(), accepted=accepted, progress=bar.update)
        except RuleViolation:
            sealed = find_round(options["round"])
            if not sealed.closing_root:
                raise
        self.stdout.write(f"已封箱。总校验值：{sealed.closing_root}")

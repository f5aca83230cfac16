"""`manage.py verify_round ROUND`: recheck everything of a round that can be recomputed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.arguments import find_round
from evaluations.verification.services import verify_round


class Command(BaseCommand):
    help = "全程核验：重新计算一个轮次的名录校验值、抽取证明、票号清单、票箱、计票、公示和操作日志，逐项比对。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码，如 2020H1")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for name, faults in verify_round(find_round(options["round"])):
            self.stdout.write(f"{'×' if faults else '√'} {name}")
            for fault in faults:
                self.stdout.write(f"    {fault}")
            found += len(faults)
        if found:
            raise CommandError(f"核验不一致，共{found}处不符。")
        self.stdout.write("核验通过。")

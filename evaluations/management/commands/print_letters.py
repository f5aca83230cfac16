"""`manage.py print_letters ROUND DIR`: print all waiting letters with codes into PDF files, once."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from evaluations.management.arguments import find_account, find_round
from evaluations.messages.queries import waiting_letters
from evaluations.messages.services.letters import print_letters
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import make_folder, write_secret


class Command(ServiceCommand):
    help = "将待打印的评议通知书（含票号）全部写成PDF文件；写出后系统随即清除其中的票号，只能打印一次。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="有权生成票号的账号")
        parser.add_argument("out", type=Path, metavar="DIR", help="输出目录，文件只有本账号可读")

    def handle(self, *args: Any, **options: Any) -> None:
        round_, folder = find_round(options["round"]), options["out"]
        by = find_account(options["by"])
        if not waiting_letters(round_).exists():
            raise RuleViolation("没有待打印的信函。")
        make_folder(folder)
        number = 0
        while waiting_letters(round_).exists():
            number += 1
            target = folder / f"letters-{round_.key}-{number:03d}.pdf"
            print_letters(
                round_id=round_.pk,
                most=settings.LETTER_PART,
                by=by,
                at=clock.now(),
                keep=partial(write_secret, target),
            )
            self.stdout.write(str(target))

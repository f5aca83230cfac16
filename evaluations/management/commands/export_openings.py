"""`manage.py export_openings ROUND FILE`: the openings, to verify sealed ballots and count before supervisors."""

import os
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError

from evaluations.management.arguments import find_round
from evaluations.openings.services import LEAST_WITNESSES, open_ballots
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = (
        f"导出开封文件：每张票的随机数和内容，当场复核封箱清单与计票。须有至少{LEAST_WITNESSES}名监督员在场，"
        "分别输入签名码（不显示）。文件中同一张票的各行连在一起，能看出按约定方式填写的票：只供当场核验，核验后当场销毁或者交公证处封存。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("file", type=Path, metavar="FILE", help="输出文件，不得已存在")

    def handle(self, *args: Any, **options: Any) -> None:
        round_, path = find_round(options["round"]), options["file"]
        with _private_file(path) as target:
            try:
                codes = [_typed(f"第{number}名监督员的签名码：") for number in range(1, LEAST_WITNESSES + 1)]
                lines = open_ballots(round_id=round_.pk, codes=codes, by=OPERATOR, at=clock.now())
            except BaseException:
                path.unlink()
                raise
            target.writelines(lines)
        self.stdout.write("已导出开封文件。核验后请当场销毁，或者交公证处封存。")


def _private_file(path: Path) -> TextIO:
    """Create the file, readable for its owner only; an existing one is never written over."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError:
        raise CommandError(f"无法写入“{path}”：文件已存在，或者文件夹、权限不对。", returncode=2) from None


def _typed(prompt: str) -> str:
    try:
        return getpass(prompt)
    except EOFError:
        return ""

"""`manage.py simulate_round rulebook.json`: play a round before it is held; needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from evaluations.management.count_files import read_json, unusable, write_result
from evaluations.scoring.method import RulebookError
from evaluations.scoring.nc2.cells_file import CellsFileError
from evaluations.simulation.rules.expectations import ExpectationError
from evaluations.simulation.rules.outcomes import MOST_ROUNDS, MOST_SEED


class Command(BaseCommand):
    help = (
        "模拟：按评议规则和预期的票数、习惯，用模拟的群众反复进行一轮评议，看结果有多可靠、买票和假票有多大作用。"
        "模拟结果，不是预测。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rulebook", type=Path, metavar="RULEBOOK", help="评议规则 rulebook.json")
        parser.add_argument("--expect", type=Path, metavar="FILE", help="预期：票数、回收率等，没有写的用默认值")
        parser.add_argument("--cells", type=Path, metavar="FILE", help="上一轮公布的 cells.json")
        parser.add_argument("--rounds", type=int, default=200, metavar="N", help="模拟的轮数（默认200）")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="随机数种子（默认1），相同的得出相同结果")
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")

    def handle(self, *args: Any, **options: Any) -> None:
        rounds, seed = options["rounds"], options["seed"]
        if not 1 <= rounds <= MOST_ROUNDS or not 0 <= seed <= MOST_SEED:
            raise CommandError(f"轮数应为1到{MOST_ROUNDS}的整数，种子应为0到{MOST_SEED}的整数。", returncode=2)
        try:
            from evaluations.simulation.services.runs import Task, run  # noqa: PLC0415  numpy is an optional extra
        except ModuleNotFoundError:
            raise CommandError(
                "没有安装模拟所需的 numpy，请先运行 pip install -r requirements-simulation.txt。", returncode=2
            ) from None
        rulebook, expected, cells = (options[name] and _read(options[name]) for name in ("rulebook", "expect", "cells"))
        try:
            with tqdm(total=rounds, desc="模拟", unit="轮") as bar:
                result = run(Task(rulebook, expected, cells, rounds, seed), progress=bar.update)
        except ExpectationError as fault:
            raise unusable(options["expect"], fault) from None
        except CellsFileError as fault:
            raise unusable(options["cells"], fault) from None
        except RulebookError as fault:
            raise unusable(options["rulebook"], fault) from None
        write_result(self.stdout, options["json"], result)


def _read(path: Path) -> Any:
    """Return what a file says; a file that says nothing is not the same as no file."""
    document = read_json(path)
    if document is None:
        raise unusable(path, "文件中没有内容（null）。")
    return document

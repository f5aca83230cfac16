"""`manage.py recount ballots.csv rulebook.json`: the whole count from the sealed, anonymous ballots; no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.rules.result import recount


class Command(BaseCommand):
    help = "复算：从 ballots.csv 和 rulebook.json 重新计票，结果应与 result.json 逐字节相同。不需要数据库。"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ballots", type=Path, metavar="ballots.csv", help="计票的评议票")
        parser.add_argument("rulebook", type=Path, metavar="rulebook.json", help="评议规则")
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["ballots"].open(encoding="utf-8", newline="") as ballots:
                result = recount(ballots, json.loads(options["rulebook"].read_bytes()))
        except OSError as error:
            raise CommandError(f"读不到文件：{error}", returncode=2) from None
        except ValueError as error:
            raise CommandError(f"不能复算：{error}") from None
        if options["json"]:
            options["json"].write_bytes(result)
        else:
            self.stdout.write(result.decode(), ending="")

"""`manage.py recount ballots.csv rulebook.json`: repeat the count from the anonymous ballots; needs no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.arguments import write_file
from evaluations.scoring.methods import recount
from nanchuan_eval.management.base import read_file


class Command(BaseCommand):
    help = "复算：从 ballots.csv 和 rulebook.json 重新计票，结果应与 result.json 逐字节相同。不需要数据库。"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ballots", type=Path, metavar="ballots.csv", help="计票的评议票")
        parser.add_argument("rulebook", type=Path, metavar="rulebook.json", help="评议规则")
        parser.add_argument("--json", type=Path, metavar="FILE", help="结果写入文件（默认输出到屏幕）")

    def handle(self, *args: Any, **options: Any) -> None:
        rulebook = read_file(options["rulebook"])
        try:
            with options["ballots"].open(encoding="utf-8", newline="") as ballots:
                result = recount(ballots, json.loads(rulebook)).result
        except OSError:
            raise CommandError(f"读不到文件“{options['ballots']}”，请检查路径和权限。", returncode=2) from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise CommandError("不能复算：规则文件不是有效的 JSON。") from None
        except ValueError as error:
            raise CommandError(f"不能复算：{error}") from None
        if options["json"]:
            write_file(options["json"], result)
        else:
            self.stdout.write(result.decode(), ending="")

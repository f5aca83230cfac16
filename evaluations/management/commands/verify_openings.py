"""`manage.py verify_openings OPENINGS closing-list.txt ROOT [--ballots ballots.csv]`; needs no database."""

import csv
import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from evaluations.protocol.openings import ballots_fault, openings_fault
from nanchuan_eval.management.base import read_file


class Command(BaseCommand):
    help = (
        "复核开封文件：逐票重算内容校验值，与封箱清单、总校验值和计票文件对照。输出 OK 或 FAIL 和原因。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("openings", type=Path, metavar="OPENINGS", help="开封文件")
        parser.add_argument("closing", type=Path, metavar="closing-list.txt", help="封箱清单")
        parser.add_argument("root", metavar="ROOT", help="公布的总校验值")
        parser.add_argument("--ballots", type=Path, metavar="ballots.csv", help="计票文件")

    def handle(self, *args: Any, **options: Any) -> None:
        opened, closing = read_file(options["openings"]), read_file(options["closing"])
        counted = read_file(options["ballots"]) if options["ballots"] else b""
        lines = list[str]()
        try:
            lines = opened.decode().splitlines()
            fault = openings_fault(lines, closing.splitlines(), options["root"])
            if not fault and options["ballots"]:
                rows = csv.DictReader(io.StringIO(counted.decode("utf-8-sig"), newline=""), strict=True)
                fault = ballots_fault(lines, rows)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error):
            fault = "文件格式不对"
        if fault:
            self.stdout.write(f"FAIL {fault}")
            raise SystemExit(1)
        self.stdout.write(f"OK {len(lines)}张票")

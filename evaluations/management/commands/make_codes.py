"""`manage.py make_codes N --round KEY --out DIR`: make codes offline at the notary's; needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.codes.services.issuing import codes_csv, issued_list, make_codes
from evaluations.protocol.codes import ROUND_KEY
from nanchuan_eval.management.files import make_folder, write_file, write_secret


class Command(BaseCommand):
    help = "离线生成票号：codes.csv（保密，用于封装信封）和 issued.txt（发放清单，用于导入和公布）。不需要数据库。"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int, metavar="N", help="票号数量")
        parser.add_argument("--round", required=True, metavar="KEY", help="轮次代码，如 2020H1")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="输出目录")

    def handle(self, *args: Any, **options: Any) -> None:
        if not ROUND_KEY.fullmatch(options["round"]):
            raise CommandError(
                "轮次代码只能用字母、数字和短横线，如 2020H1；大小写须与评议系统中的完全一致。", returncode=2
            )
        if options["count"] < 1:
            raise CommandError("票号数量至少为1。", returncode=2)
        out: Path = options["out"]
        make_folder(out)
        if (out / "codes.csv").exists():
            raise CommandError("输出目录中已有 codes.csv，请换一个目录，以免覆盖已发的票号。", returncode=2)
        codes, issues = make_codes(options["count"], options["round"])
        write_secret(out / "codes.csv", codes_csv(codes))
        write_file(out / "issued.txt", issued_list(issues))
        self.stdout.write(f"已生成{len(codes)}个票号。codes.csv 请妥善保密；issued.txt 用于导入和公布。")

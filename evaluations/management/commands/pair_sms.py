"""`manage.py pair_sms CODES.csv PEOPLE.csv --site URL --out FILE`: one SMS and code per person; needs no database."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.arguments import read_codes
from evaluations.pools.rules import PHONE


class Command(BaseCommand):
    help = (
        "将票号与手机号配对，生成短信平台使用的文件。注意：短信平台由此知道票号由哪个手机号收到（但不知道评议内容），"
        "需要完全匿名时请用随机发放的信封。不需要数据库，配对不保存。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", type=Path, metavar="CODES.csv", help="票号文件")
        parser.add_argument("people", type=Path, metavar="PEOPLE.csv", help="含“手机号”一列的名单")
        parser.add_argument("--site", required=True, metavar="URL", help="评议网站地址")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="输出文件")

    def handle(self, *args: Any, **options: Any) -> None:
        codes, phones = read_codes(options["codes"]), _read_phones(options["people"])
        if len(phones) > len(codes):
            raise CommandError(f"名单有{len(phones)}人，票号只有{len(codes)}个。", returncode=2)
        site = options["site"].rstrip("/")
        with options["out"].open("w", encoding="utf-8-sig", newline="") as target:
            text = "【南川评议办】您被抽中参加最难办事科室群众评，请打开链接评议，链接仅可使用一次，请勿转发："
            rows = [(phone, f"{text}{site}/ballot/#{code}") for phone, code in zip(phones, codes, strict=False)]
            csv.writer(target).writerows([("手机号", "短信"), *rows])
        options["out"].chmod(0o600)
        self.stdout.write(f"已生成{len(phones)}条短信。发送后请删除文件。")


def _read_phones(path: Path) -> list[str]:
    if not path.exists():
        raise CommandError(f"找不到文件 {path}。", returncode=2)
    with path.open(encoding="utf-8-sig", newline="") as source:
        phones = [(row.get("手机号") or "").strip() for row in csv.DictReader(source)]
    wrong = [n for n, phone in enumerate(phones, start=2) if not PHONE.fullmatch(phone)]
    if wrong or not phones:
        raise CommandError(f"第{wrong[0]}行没有11位手机号。" if wrong else "名单为空。", returncode=2)
    return phones

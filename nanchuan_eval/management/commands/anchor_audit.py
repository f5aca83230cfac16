"""`manage.py anchor_audit [--append FILE]`: publish the head of the audit log; run daily."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nanchuan_eval.audit import services as audit


class Command(BaseCommand):
    help = "记一个日志锚点并输出；请每日执行，并用 --append 写到另一台机器或交审计员保存。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--append", type=Path, metavar="FILE", help="追加到文件（放在本机数据库之外）")

    def handle(self, *args: Any, **options: Any) -> None:
        line = str(audit.anchor(at=timezone.now(), occasion="每日锚点"))
        if options["append"]:
            with options["append"].open("a", encoding="utf-8") as target:
                target.write(f"{line}\n")
        self.stdout.write(line)

"""`manage.py anchor_audit [--append FILE]`: publish the head of the audit log; run daily."""

from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from nanchuan_eval.audit import services as audit


class Command(BaseCommand):
    help = "记一个日志锚点并输出；请每日执行，并用 --append 写到另一台机器或交审计员保存。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--append", type=Path, metavar="FILE", help="追加到文件（放在本机数据库之外）")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["append"]
        try:
            # Opened first: no anchor is recorded that could not be kept elsewhere.
            with path.open("a", encoding="utf-8") if path else nullcontext() as target:
                line = str(audit.anchor(at=timezone.now(), occasion="每日锚点"))
                if target:
                    target.write(f"{line}\n")
        except OSError:
            raise CommandError(f"无法写入“{path}”，请检查文件夹、权限和磁盘空间。", returncode=2) from None
        self.stdout.write(line)

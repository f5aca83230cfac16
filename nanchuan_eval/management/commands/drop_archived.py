"""`manage.py drop_archived FILE`: remove archived rows of the audit log; run as the database's superuser."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import ProgrammingError
from django.utils import timezone

from nanchuan_eval.audit_review.archive import drop_archived
from nanchuan_eval.management.base import ServiceCommand, read_file


class Command(ServiceCommand):
    help = "把已经归档的操作日志移出数据库（PostgreSQL 须用数据库超级用户运行）；归档文件请先另存两份。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="归档文件（trail-….jsonl）")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = drop_archived(content=read_file(options["file"]), at=timezone.now())
        except ProgrammingError:
            raise CommandError("应用的数据库角色不能移出操作日志，请用数据库超级用户运行。", returncode=2) from None
        self.stdout.write(f"已移出{count}条。今后验证请用：verify_audit --archive {options['file']}")

"""`manage.py policy --csv`: print the policy table in force."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from nanchuan_eval.permissions.policy import TABLE


class Command(BaseCommand):
    help = "输出系统实际执行的权限表（事项 × 角色）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--csv", action="store_true", help="以 CSV 输出（默认）")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(TABLE.read_text(encoding="utf-8"), ending="")

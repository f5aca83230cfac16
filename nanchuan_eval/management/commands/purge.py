"""`manage.py purge [--dry-run]`: delete data past its retention period; by a timer, daily."""

from argparse import ArgumentParser
from typing import Any

from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.retention import services as retention


class Command(ServiceCommand):
    help = "清除保存期限已满的个人信息，并从磁盘上抹去；--dry-run 只列出。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="只列出将清除的内容，不清除")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if options["dry_run"]:
            for rule, count in retention.due(at):
                self.stdout.write(f"{rule.label}（保存{rule.kept}）：{count}条到期")
            return
        forgotten = retention.purge(by=OPERATOR, at=at)
        for label, count in forgotten.items():
            self.stdout.write(f"{label}：已清除{count}条")
        if not forgotten:
            self.stdout.write("没有到期的内容。")

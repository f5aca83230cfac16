"""`manage.py verify_audit [--anchor FILE] [--archive FILE …]`: verify the audit log (log.verify)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.audit.rules import Anchor, Link, parse_anchors
from nanchuan_eval.audit_review.archive import read_archives


class Command(BaseCommand):
    help = "验证日志链：逐条复算校验值，核对链头、锚点和日志所记的结果校验值。发现问题时返回1。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="存放在别处的锚点文件（anchor_audit 输出）")

        parser.add_argument(
            "--archive", type=Path, metavar="FILE", nargs="+", default=[], help="归档文件，与库中的记录接起来验证"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        archived = _archived(options["archive"])
        found = verify_chain(_anchors(options["anchor"]) if options["anchor"] else (), archived=archived)
        for fault in found:
            self.stdout.write(f"× {fault}")
        if found:
            raise CommandError(f"操作日志核验不一致，共{len(found)}处。", returncode=1)
        count, more = AuditEntry.objects.count(), f"，另有归档{len(archived)}条" if archived else ""
        self.stdout.write(f"操作日志完整，共{count}条{more}。")


def _archived(paths: list[Path]) -> list[Link]:
    try:
        return read_archives(path.read_text(encoding="utf-8") for path in paths)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise CommandError(f"归档文件无法读取：{fault}", returncode=2) from None


def _anchors(path: Path) -> list[Anchor]:
    try:
        return parse_anchors(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise CommandError(f"锚点文件无法读取：{fault}", returncode=2) from None

"""`manage.py verify_audit [--anchor FILE] [--archive FILE …]`: verify the audit log (log.verify)."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.audit.rules import Anchor, Link, parse_anchors, parse_links
from nanchuan_eval.management.base import read_file

Row = TypeVar("Row", Anchor, Link)


class Command(BaseCommand):
    help = "验证日志链：逐条复算校验值，核对链头、锚点和日志所记的结果校验值。发现问题时返回1。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="存放在别处的锚点文件（anchor_audit 输出）")

        parser.add_argument(
            "--archive", type=Path, metavar="FILE", nargs="+", default=[], help="归档文件，与库中的记录接起来验证"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = _anchors(options["anchor"]) if options["anchor"] else ()
        archived = _archived(options["archive"])
        found = verify_chain(anchors, archived=archived, is_thorough=True)
        for fault in found:
            self.stdout.write(f"× {fault}")
        if found:
            raise CommandError(f"操作日志核验不一致，共{len(found)}处。", returncode=1)
        count, more = AuditEntry.objects.count(), f"，另有归档{len(archived)}条" if archived else ""
        self.stdout.write(f"操作日志完整，共{count}条{more}。")


def _archived(paths: list[Path]) -> list[Link]:
    links = (link for path in paths for link in _read(path, parse_links, "归档文件"))
    return sorted(links, key=lambda link: link.seq)


def _anchors(path: Path) -> list[Anchor]:
    return _read(path, parse_anchors, "锚点文件")


def _read(path: Path, parse: Callable[[str], list[Row]], what: str) -> list[Row]:
    content = read_file(path)
    try:
        if rows := parse(content.decode("utf-8-sig")):
            return rows
        fault = "文件中没有内容。"
    except UnicodeDecodeError:
        fault = "不是UTF-8编码的文字。"
    except ValueError as error:
        fault = str(error)
    raise CommandError(f"{what}“{path}”不能用：{fault}")

"""`manage.py restore FILE [--verify]`: verify a backup, or restore it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from nanchuan_eval.audit.sql import changeable_log_tables
from nanchuan_eval.backups.services import restore_backup, verify_backup
from nanchuan_eval.management.base import ServiceCommand, read_file

# The restored tables are all the site's role's own; only the superuser can take the log from it again.
LOG_OPEN = (
    "启动网站之前还有一步：恢复时重新建立了全部表，网站的数据库角色现在可以改写操作日志。"
    "请以 root 运行 deploy/install.sh --only audit；数据库在另一台机器的，办法见 docs/more-machines.md 第3节第5步。"
)


class Command(ServiceCommand):
    help = "核对备份（--verify）或恢复备份；恢复前请停止网站。有数据的系统须先在备份页提请并经审批。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="备份文件（backup-….tar.age，早期的为 .ncb）")
        parser.add_argument("--verify", action="store_true", help="只核对：在另一处读出，比对全部行数和文件校验值")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        read_file(path, 1)
        try:
            found = verify_backup(path) if options["verify"] else restore_backup(path, at=timezone.now())
        except OSError:
            raise CommandError(
                f"没有完成：读不到“{path}”，或者它所在的文件夹、证据目录不能写入、空间不足，请检查后重新运行。",
                returncode=2,
            ) from None
        done = "核对一致" if options["verify"] else "已恢复"
        self.stdout.write(f"{done}：{found.rows}行，证据文件{found.files}个，由{found.version}版写入。")
        if not options["verify"] and connection.vendor == "postgresql" and changeable_log_tables(connection):
            self.stdout.write(LOG_OPEN)

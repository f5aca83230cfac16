"""`manage.py test_restore [FILE]`: restore the newest backup into a scratch database and recheck it; run weekly."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from nanchuan_eval.backups.trials import newest_backup, registered, try_restore
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand, read_file
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = (
        "试恢复：把最近的备份恢复到临时数据库，核对行数、证据文件、操作日志和最近一个已封箱的轮次，然后删除临时数据库。"
        "现用的数据库不变，只在操作日志中记下结果。请每周运行；没有成功的返回1。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        text = "备份文件；不写的，是 BACKUP_ROOT 中最近的一份"
        parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        if path:
            read_file(path, 1)
        backup = registered(path) if path else newest_backup()
        trial = try_restore(backup=backup, source=path, by=OPERATOR, at=clock.now())
        if trial.faults:
            lines = "\n".join(f"× {fault}" for fault in trial.faults)
            outcome = "没有进行" if trial.is_missing else "没有成功"
            raise CommandError(f"试恢复“{backup.name}”{outcome}：\n{lines}")
        if trial.contents:
            rows, files, version = trial.contents
            self.stdout.write(f"“{backup.name}”可以恢复：{rows}行，证据文件{files}个，由{version}版写入。")
        self.stdout.write(f"已核对：{'、'.join(trial.checked)}。")

"""`manage.py backup`: encrypted backup of the database and all evidence into BACKUP_ROOT, by a timer."""

from typing import Any

from nanchuan_eval.backups.services import box_note, make_backup
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "备份数据库和全部证据（加密，FIELD_KEY 不在其中）；完成后请复制到另一台机器，本机保留最新一份。"

    def handle(self, *args: Any, **options: Any) -> None:
        note = box_note()
        row, path = make_backup(by=OPERATOR, at=clock.now(), is_during_vote=bool(note))
        self.stdout.write(f"{path}\nSHA-256 {row.sha256}")
        if note:
            self.stdout.write(note)

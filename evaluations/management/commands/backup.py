"""`manage.py backup`: encrypted backup of the database and all evidence into BACKUP_ROOT, for cron."""

from typing import Any

from evaluations.ballots.models import BallotSpool
from nanchuan_eval.backups.services import make_backup
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "备份数据库和全部证据（加密，FIELD_KEY 不在其中）；完成后请移到另一台机器。"

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        row, path = make_backup(by=OPERATOR, at=at, is_during_vote=BallotSpool.objects.exists())
        self.stdout.write(f"{path}\nSHA-256 {row.sha256}")
        if row.is_during_vote:
            self.stdout.write("投票正在进行：这份备份含有未打乱的待封箱票，封箱后必须销毁。")

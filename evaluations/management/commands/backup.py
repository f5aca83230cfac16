"""`manage.py backup`: encrypted backup of the database and all evidence into BACKUP_ROOT, for cron."""

from typing import Any

from evaluations.ballots.models import BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from nanchuan_eval.backups.services import make_backup
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR

ON_CARDS = (
    "尚未开箱：这份备份含有待封箱评议票的密文，规定张数的密钥卡到齐方可打开；密钥卡销毁后，不能再用它恢复评议票。"
    "开箱之后、销毁密钥卡之前，请再备份一次并用 restore --verify 读回核对。"
)
KEPT_BY_SERVER = "尚未封箱：这份备份含有待封箱评议票的密文和由系统保管的票箱密钥，封箱后必须销毁。"


class Command(ServiceCommand):
    help = "备份数据库和全部证据（加密，FIELD_KEY 不在其中）；完成后请移到另一台机器。"

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        row, path = make_backup(by=OPERATOR, at=at, is_during_vote=BallotSpool.objects.exists())
        self.stdout.write(f"{path}\nSHA-256 {row.sha256}")
        if row.is_during_vote:
            self.stdout.write(KEPT_BY_SERVER if _server_keeps_a_key() else ON_CARDS)


def _server_keeps_a_key() -> bool:
    """True if the key of a box that waits for its opening lies in the database, so in this file, too."""
    waiting = BallotSpool.objects.order_by().values("round").distinct()
    rounds = Round.objects.filter(pk__in=waiting)
    return not all(is_opened_by_supervisors(round_.rulebook) for round_ in rounds)

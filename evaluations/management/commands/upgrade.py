"""`manage.py upgrade`: take the database to this version after a backup, then check everything (docs/operations.md)."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS

from evaluations.ballots.models import BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.verification.services import verify_round
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.backups.upgrades import upgrade
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "升级数据库：停止网站并备份之后执行；投票期间不办理。升级后核对设置、操作日志和全部轮次。"

    def handle(self, *args: Any, **options: Any) -> None:
        due = upgrade(by=OPERATOR, is_voting=_is_voting, now=clock.now)
        for name in due.missing:
            self.stdout.write(f"已执行 {name}")
        self.stdout.write(f"数据库已是{settings.VERSION}版，正在核对。")
        call_command("check", databases=[DEFAULT_DB_ALIAS], stdout=self.stdout)
        found = 0
        for name, faults in _faults():
            self.stdout.write(f"{'×' if faults else '√'} {name}")
            for fault in faults:
                self.stdout.write(f"    {fault}")
            found += len(faults)
        if found:
            raise CommandError(f"升级后的核对不一致，共{found}处。请不要启动网站，按 docs/operations.md 退回。")
        self.stdout.write("升级完成，可以启动网站。")


def _is_voting() -> bool:
    """True if a round is open or ballots wait to be sealed; reads no column that a newer version may have added."""
    return Round.objects.filter(state=RoundState.OPEN).exists() or BallotSpool.objects.exists()


def _faults() -> Iterator[tuple[str, list[str]]]:
    yield "操作日志", verify_chain()
    for round_ in Round.objects.order_by("key"):
        yield round_.name, [fault for _, faults in verify_round(round_) for fault in faults]

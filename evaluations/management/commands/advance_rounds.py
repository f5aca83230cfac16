"""`manage.py advance_rounds`: record turnout and seal due rounds (cron); a failing round stops no other."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.sealing.services import seal_round
from evaluations.turnout.services import record_turnout
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK


class Command(BaseCommand):
    help = "到时自动办理：记下当天的收回数，截止时间已过的轮次封箱。可反复运行，适合放入定时任务（每5分钟一次）。"

    def handle(self, *args: Any, **options: Any) -> None:
        at, failed = timezone.now(), False
        record_turnout(at=at)
        for round_ in Round.objects.overdue_for_sealing(at):
            try:
                sealed = seal_round(round_id=round_.pk, by=CLOCK, at=at)
            except RuleViolation as refusal:
                failed = True
                self.stderr.write(f"{round_.name}：{refusal}")
            else:
                self.stdout.write(f"{round_.name}：已封箱，总校验值 {sealed.closing_root}")
        if failed:
            raise SystemExit(1)

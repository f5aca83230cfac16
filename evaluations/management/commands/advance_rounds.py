"""`manage.py advance_rounds`: what the clock does for rounds and messages; idempotent, several may run at once."""

from typing import Any

from django.core.management.base import BaseCommand

from evaluations.lifecycle.services import due_jobs
from evaluations.messages.services.sending import message_jobs
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.services import run_jobs


class Command(BaseCommand):
    help = (
        "到时自动办理：记下当天的收回数，截止时间已过的轮次封箱，发送排队的短信。"
        "可反复运行，适合放入定时任务（每5分钟一次）。"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        run_jobs("advance_rounds", [*due_jobs(at), *message_jobs(at)], at=at, out=self.stdout)

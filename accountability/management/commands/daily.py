"""`manage.py daily`, by a timer: advance due rounds, purge, disable unused accounts, send reminders; idempotent."""

from typing import Any

from django.core.management.base import BaseCommand

from accountability.citizens.services import part_ratings
from accountability.worklist.services import remind_all
from evaluations.lifecycle.services import due_jobs
from nanchuan_eval.accounts.services import disable_unused
from nanchuan_eval.backups.leftovers import remove_leftovers
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.services import Job, run_jobs
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.retention import services as retention


class Command(BaseCommand):
    help = (
        "每日任务：办理到期的轮次，清除到期的个人信息和中断的备份留下的内容，打乱整改评价的存储次序，停用长期未使用的账号，"
        "发送待办提醒（同一事项在同一紧急程度只提醒一次）。各步骤互不影响。可以列入定时任务，可以重复运行。"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        jobs = [
            *due_jobs(at),
            Job("清除到期内容", lambda: retention.summary(retention.purge(by=OPERATOR, at=at))),
            Job("清除备份残留", lambda: remove_leftovers(at=at)),
            Job("打乱整改评价", _part_ratings),
            Job("停用账号", lambda: f"停用90天未用的账号{disable_unused(at=at)}个。"),
            Job("待办提醒", lambda: remind_all(at=at)),
        ]
        run_jobs("daily", jobs, at=at, out=self.stdout)


def _part_ratings() -> str:
    part_ratings()
    return "已打乱整改评价的存储次序。"

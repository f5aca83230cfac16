"""`manage.py daily` for cron: advance due rounds, purge, disable unused accounts, send reminders; idempotent."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accountability.worklist.services import send_reminders
from nanchuan_eval.accounts.services import disable_unused


class Command(BaseCommand):
    help = (
        "每日任务：办理到期的轮次，清除到期的个人信息，停用长期未使用的账号，"
        "发送待办提醒（同一事项在同一紧急程度只提醒一次）。可以列入定时任务，可以重复运行。"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("advance_rounds", stdout=self.stdout)
        call_command("purge", stdout=self.stdout)
        self.stdout.write(f"停用90天未用的账号{disable_unused(at=timezone.now())}个。")
        sent, faults = send_reminders(at=timezone.now())
        self.stdout.write(f"已发送提醒邮件{sent}封。")
        if faults:
            raise CommandError("部分提醒未发送，下次运行时重新发送：\n" + "\n".join(faults))

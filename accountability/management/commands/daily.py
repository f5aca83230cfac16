"""`manage.py daily` for cron: advance what is due, remind who has something to do; doing it twice changes nothing."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accountability.services.reminder import send_reminders


class Command(BaseCommand):
    help = "每日任务：推进到期的轮次，发送待办提醒（每件事每个缓急程度只提醒一次）。可放入定时任务，重复运行无害。"

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("advance_rounds", stdout=self.stdout)
        sent, faults = send_reminders(at=timezone.now())
        self.stdout.write(f"已发送提醒邮件{sent}封。")
        if faults:
            raise CommandError("有提醒没有发出，下次再发：\n" + "\n".join(faults))

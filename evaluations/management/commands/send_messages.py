"""`manage.py send_messages [--once]`: send the queued text messages at the gateway's rate; several may run at once."""

from argparse import ArgumentParser
from typing import Any

from evaluations.messages.services.gateways import sends_messages
from evaluations.messages.services.sending import Sent, end_of_vote, send_due
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.management.base import ServiceCommand

EVERY = 100  # messages between two lines of progress


class Command(ServiceCommand):
    help = (
        "按设定的频率发送排队的短信，一直运行；中断后再次运行即继续。--once 发完到期的即结束。"
        "定时任务 advance_rounds 也发送短信，不必另外运行本命令。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="发完到期的短信即结束")

    def handle(self, *args: Any, **options: Any) -> None:
        if not sends_messages():
            raise RuleViolation("没有设置短信网关（MESSAGE_GATEWAY），不能发送短信。")
        end_of_vote(at=clock.now())
        self.stdout.write(str(send_due(is_once=options["once"], progress=self._tell)))

    def _tell(self, sent: Sent) -> None:
        if not (sent.accepted + sent.failed) % EVERY:
            self.stdout.write(str(sent))

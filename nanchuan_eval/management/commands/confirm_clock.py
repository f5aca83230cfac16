"""`manage.py confirm_clock --reason TEXT`: go on after the clock was set back and has been checked."""

from argparse import ArgumentParser
from typing import Any

from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.services import confirm_clock
from nanchuan_eval.management.base import ServiceCommand


class Command(ServiceCommand):
    help = "时钟被调回并已核对无误后，确认现在的时间，恢复开启评议和封箱；理由记入操作日志。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="时钟为何被调回、由谁核对")

    def handle(self, *args: Any, **options: Any) -> None:
        confirm_clock(reason=options["reason"], at=clock.now())
        self.stdout.write("已确认现在的时间。")

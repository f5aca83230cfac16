"""`manage.py publish ROUND --by USERNAME`: publish the list and open its cases."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accountability.case_lifecycle.services.cases import publish_and_start
from evaluations.management.arguments import find_account, find_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import Denied


class Command(ServiceCommand):
    help = "公示一个轮次的前十名，同时为每个上榜科室建立问责事项；须由有审批权限的账号办理。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码，如 2020H1")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="批准公示的账号")

    def handle(self, *args: Any, **options: Any) -> None:
        round_, user = find_round(options["round"]), find_account(options["by"])
        try:
            publication = publish_and_start(round_id=round_.pk, by=user, at=clock.now())
        except Denied as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"已公示“{round_.name}”。公示校验值：{publication.content_sha256}")

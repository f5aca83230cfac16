"""`manage.py export_person PHONE [NAME]`: all data held about a person, at their request (个人信息保护法 art. 45)."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.personal_data.services.people import export_person
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions.policy import OPERATOR


class Command(BaseCommand):
    help = "本人查询、复制：按手机号列出系统中保存的本人信息（JSON）。评议票不记名，不包括在内。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", metavar="PHONE", help="本人手机号（先核验身份）")
        parser.add_argument(
            "name", metavar="NAME", nargs="?", default="", help="本人姓名；手机号由几个人共用的，必须写明"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        held = export_person(phone=options["phone"], name=options["name"], by=OPERATOR, at=clock.now())
        if not held:
            raise CommandError("没有保存这个手机号的信息。", returncode=1)
        self.stdout.write(json.dumps(held, ensure_ascii=False, indent=2))

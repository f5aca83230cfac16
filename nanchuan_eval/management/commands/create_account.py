"""`manage.py create_account USERNAME ROLE --person-code CODE`: the first account of a new installation."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from nanchuan_eval.accounts.services import create_account
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.users.models import ACCOUNT_ROLES, User


class Command(BaseCommand):
    help = "建立账号。第一个账号应为系统管理员（SYS），其余账号由系统管理员在工作台建立。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="账号")
        roles = "，".join(f"{code} {label}" for code, label in ACCOUNT_ROLES)
        parser.add_argument("role", choices=[code for code, _ in ACCOUNT_ROLES], metavar="ROLE", help=roles)
        parser.add_argument("--person-code", required=True, help="人员编号，如工号；一人的多个账号用同一编号")
        parser.add_argument("--name", default="", help="姓名（默认与账号相同）")
        parser.add_argument("--unit", default="", help="所属单位代码（仅单位联络员）")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username=options["username"]).exists():
            raise CommandError("这个账号已经存在。")
        password = _prompt_password()
        user = User(
            username=options["username"],
            name=options["name"] or options["username"],
            role=options["role"],
            person_code=options["person_code"],
            unit_code=options["unit"],
        )
        try:
            create_account(user, password=password, by=OPERATOR, at=timezone.now())
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from None
        self.stdout.write(f"已建立账号：{user}")


def _prompt_password() -> str:
    """Ask for the password twice, so that a typing error locks nobody out."""
    try:
        password, again = getpass("口令："), getpass("再输一次：")
    except EOFError:
        raise CommandError("请在终端中运行，以便输入口令。", returncode=2) from None
    if password != again:
        raise CommandError("两次输入的口令不一致，没有建立账号。")
    return password

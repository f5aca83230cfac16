"""Arguments that several commands take: a round, an account, files of codes and phones, differences of a box."""

import re
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from evaluations.codes.rules.files import MOST_CODES, Found, codes_in, phones_in
from evaluations.rounds.models import Round
from evaluations.sealing.rules import Accepted
from nanchuan_eval.core.faults import summed_up
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.management.files import read_list
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User


def find_round(key: str) -> Round:
    """Return the round with this key, or end with exit code 2."""
    round_ = Round.objects.filter(key=key).first()
    if round_ is None:
        known = "、".join(Round.objects.values_list("key", flat=True)) or "无"
        raise CommandError(f"没有代码为“{key}”的轮次。现有轮次：{known}。", returncode=2)
    return round_


def find_account(username: str) -> User:
    """Return the active account with this name, or end with exit code 2."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"没有名为“{username}”的有效账号。", returncode=2)
    return user


def read_codes(path: Path) -> Found:
    """Return the codes of a file as make_codes and the staff site write it, or end with the reason."""
    return _found(path, codes_in, read_list(path, MOST_CODES))


def read_phones(path: Path) -> Found:
    """Return the phone numbers of a list, or end with the reason."""
    return _found(path, phones_in, read_list(path))


def site_address(text: str) -> str:
    """Return the site's address for links, or end with exit code 2."""
    if not re.fullmatch(r"https?://\S+", text):
        raise CommandError("网站地址要以 https:// 开头，不含空格，如 https://pingyi.example。", returncode=2)
    return text.rstrip("/")


def _found(path: Path, find: Callable[[list[Row]], Found], rows: list[Row]) -> Found:
    try:
        return find(rows)
    except TableError as error:
        lines = "\n".join(summed_up(error.faults))
        raise CommandError(f"文件“{path}”不能用：\n{lines}") from None


def accepted_differences(options: Mapping[str, Any]) -> Accepted:
    """Return what the options --accept and --reason accept."""
    return Accepted(options["accept"], options["reason"], is_unauthenticated=options.get("unauthenticated", False))


def add_acceptance(parser: ArgumentParser) -> None:
    """Add the options --accept and --reason."""
    parser.add_argument(
        "--accept", type=int, default=0, metavar="N", help="票箱与登记有差异时，写明接受的处数，必须与查出的处数相同"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="接受差异的理由，写入封箱记录")

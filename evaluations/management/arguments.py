"""Arguments that several commands take: a round, an account, a file of codes, differences of a box."""

import csv
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from evaluations.protocol.codes import CodeError, normalize_code
from evaluations.rounds.models import Round
from evaluations.sealing.rules import Accepted
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


def write_file(path: Path, content: bytes) -> None:
    """Write the file; its folder must be there."""
    try:
        path.write_bytes(content)
    except OSError:
        raise CommandError(f"无法写入“{path}”，请检查文件夹、权限和磁盘空间。", returncode=2) from None


def read_codes(path: Path) -> list[str]:
    """Return the codes of a file as make_codes and the staff site write it, or end with exit code 2."""
    if not path.exists():
        raise CommandError(f"找不到文件 {path}。", returncode=2)
    with path.open(encoding="utf-8-sig", newline="") as source:
        rows = [row for row in csv.reader(source) if row]
    codes = []
    for number, row in enumerate(rows[1:], start=2):
        try:
            codes.append(normalize_code(row[-1]))
        except CodeError as error:
            raise CommandError(f"第{number}行：{error}", returncode=2) from None
    if not codes:
        raise CommandError("文件中没有票号，不能打印评议票。请使用“生成票号”得到的文件。", returncode=2)
    if len(set(codes)) < len(codes):
        raise CommandError("文件中有重复的票号。", returncode=2)
    return codes


def accepted_differences(options: Mapping[str, Any]) -> Accepted:
    """Return what the options --accept and --reason accept."""
    return Accepted(options["accept"], options["reason"], is_unauthenticated=options.get("unauthenticated", False))


def add_acceptance(parser: ArgumentParser) -> None:
    """Add the options --accept and --reason."""
    parser.add_argument(
        "--accept", type=int, default=0, metavar="N", help="票箱与登记有差异时，写明接受的处数，必须与查出的处数相同"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="接受差异的理由，写入封箱记录")

"""`manage.py make_box_key --round KEY --needed K --supervisors names.txt --out DIR`: make a box key offline.

At most one card is ever on the disk, and only until its holder has typed it back.
"""

import json
import os
import re
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables
from tqdm import tqdm

from evaluations.box_key.documents import CardSheet, card_pdf, card_sheets
from evaluations.box_key.rules import OFFLINE
from evaluations.box_key.services.keys import NewKey, new_key
from evaluations.management.terminal import read_secret
from evaluations.protocol.box import MOST_SUPERVISORS, needed_range
from evaluations.protocol.box_cards import CardFault, read_card
from evaluations.protocol.codes import ROUND_KEY
from nanchuan_eval.core.faults import shortened
from nanchuan_eval.management.files import make_folder, read_text, write_file
from nanchuan_eval.names.rules.keys import tidy, unprintable

RECORD = "box-key.json"
LONGEST_NAME = 40
NOT_IN_NAMES = re.compile(r"[,，;；、:：|\"“”<>{}\[\]=/\\]")
STOPPED = "已中断，没有生成票箱密钥，目录中没有留下密钥卡。已打印的密钥卡请当场销毁，再重新运行。"


class Command(BaseCommand):
    help = (
        "离线生成票箱密钥：逐张打印密钥卡，由持卡人当场输入或者用扫码枪扫描核对，核对后删除该卡文件；"
        "最后只留下 box-key.json，用于导入和公布。不需要数据库，应在不联网的电脑上运行。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--round", required=True, metavar="KEY", help="轮次代码，如 2020H1")
        parser.add_argument("--needed", required=True, type=int, metavar="K", help="开箱须到场的密钥卡（张）")
        parser.add_argument(
            "--supervisors", required=True, type=Path, metavar="names.txt", help="现任监督员姓名，按抽取次序每行一个"
        )
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="输出目录，建议用内存盘")

    def handle(self, *args: Any, **options: Any) -> None:
        names, out = _names(options["supervisors"]), options["out"]
        _refuse_wrong(options["round"], options["needed"], names)
        make_folder(out)
        _refuse_used(out)
        try:
            with _stopped_by_signals():
                record = self._make(options["round"], options["needed"], names, out)
        except (KeyboardInterrupt, EOFError):
            raise CommandError(STOPPED, returncode=1) from None
        write_file(out / RECORD, record)
        self.stdout.write(
            f"票箱密钥已生成，票箱公钥校验值 {json.loads(record)['key_id']}。\n"
            f"请将 {out / RECORD} 导入本轮的“票箱密钥”页，经另一人审批后启用；持卡人随后在网上确认领取。"
        )

    @sensitive_variables()
    def _make(self, round_key: str, needed: int, names: list[str], out: Path) -> bytes:
        """Make the key, give each card to its holder, return the record."""
        with tqdm(desc="核对密钥卡的各种组合", unit="种", disable=None) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update()

            key = new_key(round_key, needed=needed, supervisors=len(names), made=OFFLINE, progress=show)
        for sheet in card_sheets(key, names, round_=f"轮次 {round_key}", needed=needed):
            self._give(key, sheet, out / f"card-{sheet.label}.pdf")
        return key.record

    @sensitive_variables()
    def _give(self, key: NewKey, sheet: CardSheet, path: Path) -> None:
        """Print one card and compare what its holder types; the file goes in any case."""
        try:
            _write_secret(path, card_pdf(sheet))
            self.stdout.write(f"\n密钥卡{sheet.label}（{sheet.holder}）已写入 {path}。请打印一份，由持卡人取走。")
            while problem := _compare(key, sheet.label, read_secret("请持卡人输入或扫描40个字符（不显示）：")):
                self.stdout.write(problem)
        finally:
            _erase(path)
        self.stdout.write(f"密钥卡{sheet.label}核对一致，文件已删除。请折叠、装入信封。")


@sensitive_variables()
def _compare(key: NewKey, label: str, typed: str) -> str:
    """Return what is wrong with a card typed back, or nothing."""
    hashes = {card["card"]: card["share_sha256"] for card in json.loads(key.record)["cards"]}
    read = read_card(typed, key.key_id, hashes)
    if isinstance(read, CardFault):
        return f"{read.text(1).removeprefix('第1格')}。"
    return "" if read.label == label else f"这是密钥卡{read.label}，请输入密钥卡{label}。"


def _names(path: Path) -> list[str]:
    """Return the names, in the order of the lines, as they are printed on the cards."""
    names = [name for line in read_text(path).splitlines() if (name := tidy(line))]
    for number, name in enumerate(names, start=1):
        if not _is_name(name):
            raise CommandError(
                f"“{path}”的第{number}个姓名不能用：应每行只写一个姓名，{LONGEST_NAME}字以内，没有标点和造字区的字。"
                f"现为：{shortened(name)}"
            )
    return names


def _is_name(text: str) -> bool:
    """True if a line is one name, not a row of a table or another file's text."""
    has_letters = any(map(str.isalpha, text))
    return has_letters and len(text) <= LONGEST_NAME and not unprintable(text) and not NOT_IN_NAMES.search(text)


def _refuse_wrong(round_key: str, needed: int, names: list[str]) -> None:
    if not ROUND_KEY.fullmatch(round_key):
        raise CommandError("轮次代码只能用字母、数字和短横线，须与评议系统中的完全一致。", returncode=2)
    fitting = needed_range(len(names))
    if not fitting:
        raise CommandError(f"监督员应为2至{MOST_SUPERVISORS}人，名单中有{len(names)}人。")
    if needed not in fitting:
        raise CommandError(f"监督员{len(names)}人时，密钥卡应为{fitting[0]}至{fitting[-1]}张。", returncode=2)


def _refuse_used(out: Path) -> None:
    left = [path.name for path in (out / RECORD, *out.glob("card-*.pdf")) if path.exists()]
    if left:
        raise CommandError(f"输出目录中已有 {left[0]}，请换一个空目录。", returncode=2)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let a closed window or a shutdown end the command like Ctrl+C, so that the card on the disk is deleted."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # Windows has no SIGHUP.
    numbers = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only this account can read."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.write(content)
    except OSError:
        raise CommandError(f"无法写入“{path}”，请检查文件夹、权限和磁盘空间。", returncode=2) from None


def _erase(path: Path) -> None:
    """Overwrite and delete a card's file; a disk may keep old blocks, hence the advice to use a RAM disk."""
    if path.exists():
        with path.open("r+b") as target:
            target.write(bytes(path.stat().st_size))
            target.flush()
            os.fsync(target.fileno())
        path.unlink()

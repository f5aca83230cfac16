"""`manage.py open_box ROUND`: open a box with the supervisors' cards; any size, on any computer with the database."""

import resource
import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError
from django.views.decorators.debug import sensitive_variables
from tqdm import tqdm

from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.box_key.queries import key_in_force
from evaluations.box_key.services.cards import CardsRefused, read_typed
from evaluations.management.arguments import accepted_differences, add_acceptance, find_round
from evaluations.rounds.models import Round
from evaluations.rounds.queries import require
from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.services.opening import open_box
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = (
        "开箱：投票截止后，用监督员的密钥卡打开票箱，打乱评议票后封存。密钥卡逐张输入，不显示；也可由标准输入逐行读入。"
        "可以在另一台电脑上运行，只需 DATABASE_URL 和 FIELD_KEY。全部完成或者全部不执行。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("--recovery", action="store_true", help="备用卡的两半代替一张密钥卡（须已获批准）")
        parser.add_argument(
            "--unauthenticated",
            action="store_true",
            help="系统密钥已丢失，不核对写入验证密钥（须已获批准，须写明理由）",
        )
        add_acceptance(parser)

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # it holds the key
        round_ = find_round(options["round"])
        require(round_, Step.SEAL, clock.now())
        cards = self._cards(round_, is_recovery=options["recovery"])
        with tqdm(desc="开箱并封存", unit="票", total=BallotSpool.objects.count()) as bar:
            opened = open_box(
                round_id=round_.pk,
                typed=cards,
                by=OPERATOR,
                at=clock.now(),
                accepted=accepted_differences(options),
                progress=bar.update,
            )
        self.stdout.write(f"已开箱并封箱。总校验值：{opened.closing_root}")
        self.stdout.write("请先备份并读回核对，再当场销毁密钥卡，打印开箱记录。")

    @sensitive_variables()
    def _cards(self, round_: Round, *, is_recovery: bool) -> list[str]:
        """Return the cards: all lines of the standard input, or as many as are needed, asked for without echo."""
        if not is_opened_by_supervisors(round_.rulebook):
            return []
        if not sys.stdin.isatty():
            try:
                return [line for line in sys.stdin if line.strip()]
            except UnicodeDecodeError:
                raise CommandError("标准输入中有不是UTF-8编码的文字，请每行输入一张密钥卡。", returncode=2) from None
        key, cards = key_in_force(round_), list[str]()
        needed = round_.rulebook["box_needed"] - is_recovery
        for label in [
            *(f"第{number}张密钥卡" for number in range(1, needed + 1)),
            *["备用卡P", "备用卡Q"] * is_recovery,
        ]:
            cards.append(self._asked(key, cards, label))
        return cards

    @sensitive_variables()
    def _asked(self, key: BoxKey, cards: list[str], label: str) -> str:
        """Ask for one card until it is a card of this key and none of those before."""
        while True:
            typed = getpass(f"{label}：")
            try:
                read = read_typed(key, [*cards, typed])
            except CardsRefused as refused:
                self.stderr.write(str(refused))
            else:
                if len(read) > len(cards):
                    return typed

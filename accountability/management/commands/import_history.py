"""`manage.py import_history FILE [--section NAME=CODE …]`: import lists published before this system."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from accountability.history.rules.comparison import NOBODY
from accountability.history.rules.earlier_lists import COLUMNS
from accountability.history.services import compare_history, import_history
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import read_list
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = (
        f"导入往期上榜名单（.xlsx 或 .csv），表头：{'、'.join(column.label for column in COLUMNS)}。"
        "文件全部导入或者全部不导入；不能确定是哪个科室的，用 --section 写明。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="往期上榜名单文件")
        parser.add_argument(
            "--section",
            action="append",
            default=[],
            metavar="NAME=CODE",
            help=f"名单中的单位和科室是名录中的哪个科室，如“公安局 户政股=D05-01”；不对应的写“={NOBODY}”。可以写多次",
        )
        parser.add_argument("--dry-run", action="store_true", help="只检查，不导入")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run, rows, at = options["dry_run"], read_list(options["file"]), clock.now()
        with transaction.atomic():
            asked = compare_history(rows, {}, at).asked
            answers = _answers(asked, options["section"])
            self._show(asked, answers)
            report = import_history(rows=rows, answers=answers, by=OPERATOR, at=at, dry_run=dry_run)
        for notice in report.comparison.lists.notices:
            self.stdout.write(notice)
        done = "检查通过，未导入" if dry_run else "已导入"
        self.stdout.write(f"{done}：{report.rounds}个轮次，{report.listings}个上榜科室。")
        if named := report.comparison.not_in_roster:
            self.stdout.write(f"名录中没有、不计入历次情况的科室：{'、'.join(named)}")

    def _show(self, asked: Mapping[str, Question], answers: Mapping[str, str]) -> None:
        """Print the questions that nobody has answered, with how to answer them; refuse if one has no default."""
        unanswered = {title: question for title, question in asked.items() if question.key not in answers}
        for title, question in unanswered.items():
            default = question.answer_text({})
            self.stdout.write(f"问题：{question.text}没有写明{f'，按“{default}”处理' if default else ''}。")
            for code, text in question.choices:
                self.stdout.write(f'    --section "{title}={code}"：{text}')
        if waiting := [question for question in unanswered.values() if not question.default]:
            raise RuleViolation(f"有{len(waiting)}个问题没有写明，没有导入。请用 --section 写明后重新执行。")


def _answers(questions: Mapping[str, Question], given: Sequence[str]) -> Mapping[str, str]:
    """Return the answers to the questions; refuses one that no question asks for."""
    asked = {name_key(title): question for title, question in questions.items()}
    answers: dict[str, str] = {}
    for text in given:
        name, _, code = text.rpartition("=")
        question = asked.get(name_key(name))
        if question is None or code.strip() not in dict(question.choices):
            lines = [f"{title}={'或'.join(dict(one.choices))}" for title, one in questions.items()]
            known = "可写：" + "；".join(lines) if lines else "没有需要写明的科室"
            raise CommandError(f"“--section {text}”不能用。{known}。", returncode=2)
        answers[question.key] = code.strip()
    return answers

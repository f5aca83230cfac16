"""`manage.py import_pool ROUND KIND FILE`: import a pool of people."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from evaluations.management.arguments import find_round
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import Confirmation, PoolImport, import_pool, preview_pool
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.previews import Preview, Question
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import read_list
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = (
        "导入名单库（监督员、定向评议人员、服务对象），文件全部导入或者全部不导入。"
        "名单中有不能确定的同名人员、单位时列出问题，用 --answer 回答后再导入。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("kind", choices=PoolKind.values, metavar="KIND", help="、".join(PoolKind.values))
        parser.add_argument("file", type=Path, metavar="FILE", help=".xlsx 或 .csv 文件")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不导入")
        parser.add_argument(
            "--answer", type=_answer, action="append", default=[], metavar="KEY=VALUE", help="回答一个问题，可以重复"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        answers = dict(options["answer"])
        given: dict[str, Any] = {
            "round_id": find_round(options["round"]).pk,
            "kind": PoolKind(options["kind"]),
            "rows": read_list(options["file"]),
            "by": OPERATOR,
            "at": clock.now(),
        }
        shown = preview_pool(**given, answers=answers)
        self._show(shown, answers)
        waiting = shown.preview.open_questions(answers)
        if waiting:
            keys = " ".join(f"--answer {question.key}=…" for question in waiting)
            raise RuleViolation(f"有{len(waiting)}个问题没有回答，没有导入。请核对后加上：{keys}")
        if not options["dry_run"]:
            import_pool(**given, confirmed=Confirmation(answers, shown.preview.fingerprint))
        self.stdout.write(_summary(shown, "检查通过" if options["dry_run"] else "已导入"))

    def _show(self, shown: PoolImport, answers: dict[str, str]) -> None:
        for note in shown.notes:
            self.stdout.write(note)
        for question in shown.preview.questions:
            self._ask(question, answers)
        known = {question.key for question in shown.preview.questions}
        if strange := [key for key in answers if key not in known]:
            raise RuleViolation(f"没有“{strange[0]}”这个问题，请核对 --answer 后重新执行。")

    def _ask(self, question: Question, answers: dict[str, str]) -> None:
        self.stdout.write(f"问题 {question.key}：{question.text}")
        for line in question.detail:
            self.stdout.write(f"    {line}")
        for value, text in question.choices:
            self.stdout.write(f"    {question.key}={value}：{text}")
        given = answers.get(question.key, "")
        if given and given not in dict(question.choices):
            raise RuleViolation(f"“{question.key}”的回答“{given}”不在可选范围内，请核对后重新执行。")
        chosen = question.answer_text(answers)
        state = f"{'回答' if given else '默认'}：{chosen}" if chosen else "没有回答"
        self.stdout.write(f"    {state}")


def _answer(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (separator and key and value):
        raise ArgumentTypeError("请按“问题=回答”的格式填写，如：people-1a2b3c4d=different")
    return key, value


def _summary(shown: PoolImport, done: str) -> str:
    preview: Preview = shown.preview
    if preview.nothing:
        return preview.nothing
    excluded = sum(bool(person.exclusion) for person in shown.people)
    withdrawn = f"{shown.withdrawn}已撤回，请重新公告。" if shown.withdrawn else ""
    return f"{done}：{len(shown.people)}人，其中回避{excluded}人。{withdrawn}"

"""`manage.py plan_round rulebook.json`: plan a round before it begins, from its rulebook; needs no database."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.count_files import read_json, unusable
from evaluations.planning.queries import read_last
from evaluations.planning.rules.differences import plan_document
from evaluations.planning.rules.inputs import InputError, Inputs, parse_inputs
from evaluations.planning.rules.lines import LastRound
from evaluations.planning.rules.plan import plan
from evaluations.planning.rules.report import OUT_OF_REACH, Report, report
from evaluations.planning.workbooks import plan_workbook
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from evaluations.scoring.method import RulebookError
from evaluations.scoring.nc2.cells_file import CellsFileError, rulebook_digest
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.faults import shortened
from nanchuan_eval.management.files import write_file


class Command(BaseCommand):
    help = (
        "评议计划：投票前估计各科室的有效票、能否达到公示条件、防买票所需抽签票和应发通知书。"
        "各数均为估计。不需要数据库。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rulebook", type=Path, metavar="rulebook.json", help="本轮评议规则，须含科室（sections）")
        parser.add_argument("--cells", type=Path, metavar="cells.json", help="上期公布的各科室各渠道数据")
        parser.add_argument(
            "--cells-rulebook", type=Path, metavar="FILE", help="上期评议规则；不给的，按本轮规则读上期数据"
        )
        parser.add_argument("--expect", type=Path, metavar="FILE", help="对本期的假设（回收率等），不填的用默认值")
        parser.add_argument("--json", type=Path, metavar="FILE", help="计划写入文件")
        parser.add_argument("--xlsx", type=Path, metavar="FILE", help="计划写入工作簿")

    def handle(self, *args: Any, **options: Any) -> None:
        rulebook = read_json(options["rulebook"])
        sections = _sections(options["rulebook"], rulebook)
        inputs, last = _inputs(options["expect"], sections), _last(options, rulebook)
        try:
            found = report(plan(rulebook, inputs, last), {}, f"上期文件“{options['cells'].name}”" if last else "")
        except (RulebookError, InputError) as fault:
            raise unusable(options["rulebook"], fault) from None
        if options["json"]:
            write_file(options["json"], canonical_json(plan_document(found.plan)))
        if options["xlsx"]:
            write_file(options["xlsx"], plan_workbook(found, ""))
        self._show(found)

    def _show(self, found: Report) -> None:
        self.stdout.write(f"{found.notes[0]}\n{found.summary}\n")
        for row in found.rows:
            if row.warning:
                drawn = row.of.planned.drawn
                self.stdout.write(f"{row.name}：预计抽签票{drawn:.0f}张，防买票需要{row.needed}；{row.warning}")
        for label, need in found.needs:
            several, one = (OUT_OF_REACH if n is None else f"{n}张" for n in (need.several, need.one))
            self.stdout.write(
                f"{label}防{need.bought}张买票：每科室需抽签票{several}（每张评多个科室）、{one}（每张只评一个科室）"
            )
        for note in found.notes[1:]:
            self.stdout.write(note)


def _sections(path: Path, rulebook: Any) -> list[str]:
    """Return the sections of a rulebook that could be frozen."""
    if not isinstance(rulebook, dict):
        raise unusable(path, "评议规则应为一个对象。")
    if faults := rulebook_errors(rulebook):
        raise unusable(path, "".join(faults))
    sections = rulebook.get("sections")
    if not isinstance(sections, list) or not sections:
        raise unusable(path, f"没有科室：“sections”应为科室代码的列表，现为：{shortened(sections)}")
    return [str(code) for code in sections]


def _inputs(path: Path | None, sections: list[str]) -> Inputs:
    if path is None:
        return Inputs()
    try:
        return parse_inputs(read_json(path), sections)
    except InputError as fault:
        raise CommandError("\n".join(str(unusable(path, reason)) for reason in fault.reasons)) from None


def _last(options: Mapping[str, Any], rulebook: Any) -> LastRound | None:
    """Read the last round's figures by its own rulebook, or, where none is given, by the new round's rules."""
    path, own = options["cells"], options["cells_rulebook"]
    if path is None:
        if own:
            raise CommandError("--cells-rulebook 只能与 --cells 同时使用。", returncode=2)
        return None
    cells, settings = read_json(path), read_json(own) if own else rulebook
    try:
        return read_last(cells, settings, rulebook_digest(settings) if own else "")
    except CellsFileError as fault:
        raise unusable(path, fault) from None
    except RulebookError as fault:
        raise unusable(own or options["rulebook"], fault) from None

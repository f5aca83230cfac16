"""Counting (计票): once, after sealing and after the counting draw; stored with digests, never edited."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from evaluations.aggregates import count_cells, count_ticks
from evaluations.files import scoring_rulebook
from evaluations.models import Round, RoundSection, SectionResult, Tally, TallyRow, Veto
from evaluations.rules.counting import Cell
from evaluations.rules.method import parse_method
from evaluations.rules.problems import propose_problems
from evaluations.rules.result import build_result
from evaluations.rules.rounds import RoundState, Step
from evaluations.services.round import begin, finish, lock_round
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User
from nanchuan_eval.rules.canonical import canonical_json, sha256_hex

# A decision can still be entered while the box is closed; afterwards the list is corrected by a new version.
BEFORE_COUNT = frozenset({RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN, RoundState.SEALED})


@transaction.atomic
def tally_round(*, round_id: int, by: policy.Actor, at: datetime) -> Tally:
    """Count the sealed, drawn ballots by the frozen rulebook and store rows, result and digests."""
    round_ = begin(Step.COUNT, round_id=round_id, by=by, at=at)
    rulebook = scoring_rulebook(round_)
    method = parse_method(json.loads(rulebook))
    cells = count_cells(round_, method)
    result = build_result(method, cells)
    _store_rows(round_, cells)
    _store_results(round_, result)
    tally = _store_tally(round_, rulebook, canonical_json(result), at)
    finish(Step.COUNT, round_, by=by, at=at, detail={"result": tally.result_sha256})
    return tally


@transaction.atomic
def record_veto(*, section_id: int, decision: str, decided_on: date, facts: str, by: User, at: datetime) -> Veto:
    """Enter a commission decision that puts a section first (一票否决, rulebook R-E); its score stays."""
    policy.check(by, "publish.approve")
    section = RoundSection.objects.select_related("round").get(pk=section_id)
    round_ = lock_round(section.round_id)
    if RoundState(round_.state) not in BEFORE_COUNT:
        raise RuleViolation("一票否决应在计票之前录入；计票后请通过更正程序办理。")
    if not decision.strip() or not facts.strip() or decided_on > at.date():
        raise RuleViolation("请填写决定文号、查实情况和不晚于今天的决定日期。")
    if Veto.objects.filter(section=section).exists():
        raise RuleViolation("该科室本轮已录入一票否决。")
    veto = Veto.objects.create(
        round=round_, section=section, decision=decision.strip(), decided_on=decided_on, facts=facts.strip()
    )
    audit.record("publish.approve", veto, by=by, at=at, reason=decision, detail={"veto": section.code})
    return veto


def _store_rows(round_: Round, cells: Mapping[tuple[str, str], Cell]) -> None:
    sections = dict(round_.sections.values_list("code", "pk"))
    TallyRow.objects.bulk_create(
        TallyRow(
            round=round_,
            section_id=sections[code],
            channel=channel,
            lines=cell.lines,
            total=cell.total,
            squares=cell.squares,
            severe=cell.severe,
            votes=cell.votes,
            answered=list(cell.answered),
            points=list(cell.points),
            histogram={str(q): times for q, times in cell.histogram.items()},
        )
        for (code, channel), cell in sorted(cells.items())
    )


def _store_results(round_: Round, result: Mapping[str, Any]) -> None:
    sections = {section.code: section for section in round_.sections.all()}
    signs = {row["code"]: row for row in json.loads(round_.paper)["manifestations"]}
    ticks = count_ticks(round_)
    SectionResult.objects.bulk_create(
        _section_result(round_, sections[row["section"]], row, ticks.get(row["section"], Counter()), signs)
        for row in result["sections"]
    )


def _section_result(
    round_: Round,
    section: RoundSection,
    row: Mapping[str, Any],
    ticks: Counter[str],
    signs: Mapping[str, Mapping[str, str]],
) -> SectionResult:
    return SectionResult(
        round=round_,
        section=section,
        rank=row["rank"],
        is_listed=row["listed"],
        label=row["label"],
        difficulty=Decimal(row["difficulty"]),
        vote_count=row["vote_count"],
        data=row,
        ticks=dict(ticks),
        main_problems=propose_problems(row, ticks, signs) if row["listed"] else "",
    )


def _store_tally(round_: Round, rulebook: bytes, result: bytes, at: datetime) -> Tally:
    rows = TallyRow.objects.filter(round=round_).order_by("section__code", "channel")
    fields = ("section__code", "channel", "lines", "total", "squares", "severe", "votes")
    digest = canonical_json(
        [[int(v) if isinstance(v, Decimal) else v for v in row] for row in rows.values_list(*fields)]
    )
    return Tally.objects.create(
        round=round_,
        at=at,
        rulebook=rulebook.decode(),
        result=result.decode(),
        rulebook_sha256=sha256_hex(rulebook),
        result_sha256=sha256_hex(result),
        rows_sha256=sha256_hex(digest),
    )

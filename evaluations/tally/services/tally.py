"""Counting (计票): after sealing and after the counting draw; stored with digests, never edited.

A round is counted once. A decision that changes the counted ballots or the vetoes leads to a recount, which is
a new version with its reason; the earlier versions stay to the byte.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.ballots.services import count_all_sampled
from evaluations.draws.queries.sample import without_draw
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import RoundState, Step
from evaluations.rounds.services import begin, finish, lock_round
from evaluations.scoring.counting import Cell, CellKey, cells_document
from evaluations.scoring.methods import Files, count_files, parse_rulebook
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.scoring.wording import VETOED_FIRST
from evaluations.tally.files import scoring_rulebook
from evaluations.tally.models import SectionResult, Tally, TallyRow, Veto
from evaluations.tally.queries.aggregates import count_ballots, count_ticks
from evaluations.tally.rules.main_problems import propose_problems, usual_scores
from evaluations.tally.services.detection import flag_round, without_flagged
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

# Before the count a veto is only recorded; after it, until publication, it leads to a recount.
BEFORE_COUNT = frozenset({RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN, RoundState.SEALED})
RECOUNTABLE = frozenset({RoundState.COUNTED, RoundState.REVIEW, RoundState.PUBLISHED})
Propose = Callable[[Mapping[str, Any], Counter[str]], str]
UNPUBLISHED = RECOUNTABLE - {RoundState.PUBLISHED}


@dataclass(frozen=True)
class _Counted:
    """Input and result of one count."""

    rulebook: bytes
    cells: Mapping[CellKey, Cell]
    files: Files
    without_flags: Mapping[str, Any]

    @property
    def sections(self) -> list[dict[str, Any]]:
        """The sections' rows of result.json."""
        rows: list[dict[str, Any]] = json.loads(self.files.result)["sections"]
        return rows


@transaction.atomic
def tally_round(*, round_id: int, by: policy.Actor, at: datetime) -> Tally:
    """Count the sealed, drawn ballots by the frozen rulebook and store rows, result and digests."""
    round_ = begin(Step.COUNT, round_id=round_id, by=by, at=at)
    whole = without_draw(round_)
    if whole:
        count_all_sampled(round_)
    counted = _run(round_, at)
    _store_rows(round_, counted.cells)
    _store_results(round_, counted.sections)
    tally = _store_tally(round_, counted, version=1, reason="", at=at)
    fixed = _fixed(round_) | fixed_digests(("turnout", round_.pk), *([("box", round_.pk)] if whole else []))
    detail = {**_digests(tally), "fixed": fixed} | ({"sampled": whole} if whole else {})
    finish(Step.COUNT, round_, by=by, at=at, detail=detail)
    return tally


def recount_round(
    round_: Round, *, reason: str, by: policy.Actor, at: datetime, despite: Collection[int] = ()
) -> Tally:
    """Recount after a decision that changed the outcome; a new version, in the decision's own transaction.

    The caller checks permission. Results follow the newest version; main problems that are already written stay.
    `despite` = the holds that do not stop it: two objections that both lead to a recount must not wait for each other,
    nor ballots to exclude for the objection to them.
    """
    if RoundState(round_.state) not in RECOUNTABLE:
        raise RuleViolation(f"本轮当前为“{RoundState(round_.state).label}”，不能重新计票。")
    _refuse_while_undecided(round_, despite)
    version = round_.tally.version + 1
    counted = _run(round_, at)
    TallyRow.objects.filter(round=round_).delete()
    _store_rows(round_, counted.cells)
    _update_results(round_, counted.sections)
    tally = _store_tally(round_, counted, version=version, reason=reason.strip(), at=at)
    audit.record(
        "tally.run",
        round_,
        by=by,
        at=at,
        reason=tally.reason,
        detail={
            "step_label": "重新计票",
            "version": version,
            **_digests(tally),
            "fixed": _fixed(round_) | fixed_digests(("box", round_.pk)),
        },
    )
    return tally


@transaction.atomic
def record_veto(*, section_id: int, decision: str, decided_on: date, facts: str, by: User, at: datetime) -> Veto:
    """Enter a commission decision that puts a section first (一票否决, rulebook R-E); its score stays.

    After the count and before publication the round is recounted, as a new version.
    """
    policy.check(by, "publish.approve")
    section = RoundSection.objects.select_related("round").get(pk=section_id)
    round_ = lock_round(section.round_id)
    refuse_late_veto(round_)
    if not decision.strip() or not facts.strip() or decided_on > timezone.localdate(at):
        raise RuleViolation("请填写决定文号、查实情况和不晚于今天的决定日期。")
    if Veto.objects.in_force().filter(section=section).exists():
        raise RuleViolation("该科室本轮已录入一票否决。")
    entered = {"decision": decision.strip(), "decided_on": decided_on, "facts": facts.strip(), "annulled_at": None}
    veto, _ = Veto.objects.update_or_create(round=round_, section=section, defaults=entered)
    if RoundState(round_.state) in UNPUBLISHED:
        recount_round(round_, reason=f"一票否决：{veto.decision}", by=by, at=at)
    audit.record("publish.approve", veto, by=by, at=at, reason=decision, detail={"veto": section.code}, wrote=[veto])
    return veto


def annul_veto(veto: Veto, *, reason: str, by: policy.Actor, at: datetime, despite: Collection[int] = ()) -> Tally:
    """Annul a veto found wrong (撤销一票否决) and recount, so that every section has the place of its ballots.

    The caller locks the round and checks permission. The section's main problems are proposed anew: those written
    may say what was found wrong.
    """
    veto.annulled_at = at
    veto.save(update_fields=["annulled_at"])
    SectionResult.objects.filter(section=veto.section_id).update(main_problems="")
    tally = recount_round(veto.round, reason=reason, by=by, at=at, despite=despite)
    detail = {"step_label": "撤销一票否决", "veto": veto.section.code}
    audit.record("publish.approve", veto, by=by, at=at, reason=reason, detail=detail, wrote=[veto])
    return tally


def refuse_late_veto(round_: Round) -> None:
    """Refuse a veto in a round whose roster is still open, whose list is published, or that is void."""
    state = RoundState(round_.state)
    if state in BEFORE_COUNT | UNPUBLISHED:
        return
    if state in {RoundState.PUBLISHED, RoundState.CLOSED}:
        raise RuleViolation("名单已公示，不能再录入一票否决。一票否决应在公示之前录入。")
    raise RuleViolation(f"本轮当前为“{state.label}”，不能录入一票否决。名录锁定之后、公示之前方可录入。")


def _fixed(round_: Round) -> dict[str, str]:
    return fixed_digests(*((kind, round_.pk) for kind in ("tally", "flags", "problems")))


def _digests(tally: Tally) -> dict[str, str]:
    return {"result": tally.result_sha256} | ({"cells": tally.cells_sha256} if tally.cells else {})


def _run(round_: Round, at: datetime) -> _Counted:
    rulebook = scoring_rulebook(round_)
    settings = json.loads(rulebook)
    method = parse_rulebook(settings)
    ballots = count_ballots(round_, method)
    flags = flag_round(round_, method, ballots, at=at)
    rest = without_flagged(round_, method, ballots, flags)
    files = count_files(method, ballots, settings)
    return _Counted(rulebook, ballots.cells, files, {code: list(p) for code, p in rest.items()})


def _refuse_while_undecided(round_: Round, despite: Collection[int]) -> None:
    undecided = list(round_.holds.filter(released_at=None).exclude(pk__in=despite))
    if undecided:
        raise RuleViolation(*[f"“{hold}”尚未办结，办结后方可重新计票。" for hold in undecided])


def _store_rows(round_: Round, cells: Mapping[CellKey, Cell]) -> None:
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


def _store_results(round_: Round, rows: Sequence[Mapping[str, Any]]) -> None:
    sections = {section.code: section for section in round_.sections.all()}
    ticks, propose = count_ticks(round_), _proposing(round_, rows)
    results = []
    for row in rows:
        outcome = SectionResult(round=round_, section=sections[row["section"]])
        _apply_row(outcome, row, ticks.get(row["section"], Counter()), propose)
        results.append(outcome)
    SectionResult.objects.bulk_create(results)


def _update_results(round_: Round, rows: Sequence[Mapping[str, Any]]) -> None:
    outcomes = {outcome.section.code: outcome for outcome in round_.results.select_related("section")}
    ticks, propose = count_ticks(round_), _proposing(round_, rows)
    for row in rows:
        _apply_row(outcomes[row["section"]], row, ticks.get(row["section"], Counter()), propose)
    fields = ["rank", "is_listed", "label", "difficulty", "vote_count", "data", "ticks", "main_problems"]
    SectionResult.objects.bulk_update(outcomes.values(), fields)


def _proposing(round_: Round, rows: Sequence[Mapping[str, Any]]) -> Propose:
    """Return what proposes a section's main problems from its row of result.json and its ticks."""
    signs, asked, usual = _signs(round_), questionnaire_of(round_.rulebook), usual_scores(rows)
    return lambda row, ticks: propose_problems(row["indicators"], ticks, signs, asked, usual)


def _apply_row(outcome: SectionResult, row: Mapping[str, Any], ticks: Counter[str], propose: Propose) -> None:
    """Copy a row of result.json into the stored result; propose main problems where none are written."""
    outcome.rank = row["rank"]
    outcome.is_listed = row["listed"] and not outcome.is_withdrawn
    outcome.label = row["label"]
    outcome.difficulty = None if row["difficulty"] is None else Decimal(row["difficulty"])
    outcome.vote_count = row["vote_count"]
    outcome.data = dict(row)
    outcome.ticks = dict(ticks)
    if outcome.is_listed and not outcome.main_problems:
        outcome.main_problems = propose(row, ticks)


def _signs(round_: Round) -> dict[str, Mapping[str, str]]:
    return {row["code"]: row for row in json.loads(round_.ballot_form)["manifestations"]}


def _store_tally(round_: Round, counted: _Counted, *, version: int, reason: str, at: datetime) -> Tally:
    result, cells = counted.files.result, counted.files.cells or b""
    return Tally.objects.create(
        round=round_,
        version=version,
        reason=reason,
        at=at,
        rulebook=counted.rulebook.decode(),
        result=result.decode(),
        cells=cells.decode(),
        rulebook_sha256=sha256_hex(counted.rulebook),
        result_sha256=sha256_hex(result),
        cells_sha256=sha256_hex(cells) if cells else "",
        rows_sha256=sha256_hex(canonical_json(cells_document(counted.cells))),
        without_flags=dict(counted.without_flags),
    )


def _veto_content(section: RoundSection, arguments: Mapping[str, Any]) -> dict[str, object]:
    return {
        "轮次": section.round.name,
        "科室": str(section),
        "决定文号": arguments["decision"],
        "决定日期": in_chinese(date.fromisoformat(arguments["decided_on"])),
        "查实情况": arguments["facts"],
        "办理后果": f"该科室{VETOED_FIRST}",
    }


RECORD_VETO = ApprovableAction(
    "veto.record",
    permission="publish.approve",
    label="一票否决",
    model=RoundSection,
    content=_veto_content,
    perform=calls(record_veto, "section_id", decided_on=date.fromisoformat),
    closed=lambda section: refuse_late_veto(section.round),
    names=lambda section, _: f"{section.round.name}，{section}",
)

"""Freezing the plan of a sample audit, and drawing the ballots with dice."""

import json
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction

from evaluations.ballots.models import Ballot
from evaluations.ballots.queries import sealed_votes
from evaluations.paper_ballots.models import PaperSheet
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.protocol.codes import content_commitment
from evaluations.protocol.merkle import merkle_root
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION
from evaluations.rounds.rules.rulebook import wants_sample_audit
from evaluations.rounds.services import lock_round
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from evaluations.sample_audit.queries.audits import (
    audit_of,
    counted_receipts,
    drawn_receipts,
    list_digest,
    plan_of,
    supervisors_lacking,
)
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.sample_audit.rules.drawing import FORMAT, read_dice, sample_seed
from evaluations.sample_audit.rules.influence import Influence
from evaluations.sample_audit.rules.sizes import Plan, plan_sample
from evaluations.sample_audit.services.holds import COMPARE, hold_for, record
from evaluations.scoring.methods import parse_rulebook
from evaluations.scoring.nc2.index import score_ballots
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import standings
from evaluations.scoring.result import decimal
from evaluations.sealing.queries import closing_leaves
from evaluations.tally.models import Tally
from evaluations.tally.queries.aggregates import count_ballots
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

ALTERED = "票箱中的内容与封箱时的内容校验值不符"


@transaction.atomic
def plan_audit(*, round_id: int, by: User, at: datetime) -> SampleAudit:
    """Compute from the signed count how many ballots to compare, and freeze it before the dice are thrown."""
    policy.check(by, COMPARE)
    round_ = lock_counted(round_id)
    if audit_of(round_):
        raise RuleViolation("本次计票的核对方案已经确定。")
    tally = round_.tally
    if lacking := supervisors_lacking(round_, tally.signatures.count()):
        raise RuleViolation(f"计票记录还差{lacking}名监督员签名，签名后方可确定核对方案。")
    text = canonical_json(_document(round_, tally, make_plan(round_, tally)))
    audit = SampleAudit.objects.create(tally=tally, plan=text.decode(), plan_sha256=sha256_hex(text), planned_at=at)
    record(audit, "确定核对方案", {"plan": audit.plan_sha256}, by=by, at=at)
    return audit


@transaction.atomic
def draw_ballots(*, round_id: int, dice: str, by: User, at: datetime) -> SampleAudit:
    """Draw with the dice thrown in front of the supervisors; ballots cast online are compared at once."""
    policy.check(by, COMPARE)
    round_ = lock_counted(round_id)
    audit = audit_of(round_)
    if audit is None or audit.seed:
        raise RuleViolation("核对方案确定后抽取，且只能抽取一次。")
    audit.dice, audit.drawn_at = read_dice(dice), at
    audit.seed = sample_seed(audit.plan_sha256, audit.dice)
    audit.save(update_fields=["dice", "seed", "drawn_at"])
    rows = _drawn(round_, audit)
    _compare_openings(round_, [row for row in rows if row.sheet_id is None], by, at)
    for row in rows:
        if row.outcome == Outcome.DIFFERS:
            row.hold = hold_for(round_, row, at=at)
    SampleBallot.objects.bulk_create(rows)
    detail = {"seed": audit.seed, "dice": audit.dice, "ballots": len(rows)}
    record(audit, "抽取核对的评议票", detail, by=by, at=at, wrote=[row.hold for row in rows if row.hold])
    return audit


def lock_counted(round_id: int) -> Round:
    """Return the locked round, counted and not yet published, whose rulebook asks for the audit."""
    round_ = lock_round(round_id)
    if not wants_sample_audit(round_.rulebook):
        raise RuleViolation("本轮评议规则没有规定抽样核对。")
    if round_.state not in BEFORE_PUBLICATION:
        raise RuleViolation("抽样核对在计票之后、公示之前进行。")
    return round_


def make_plan(round_: Round, tally: Tally) -> Plan:
    """Compute how many ballots of each channel to compare for a count."""
    method, book = parse_rulebook(json.loads(tally.rulebook)), round_.rulebook
    if not isinstance(method, MethodTwo):
        raise RuleViolation("抽样核对只用于按NC-2计分的轮次。")
    ballots = count_ballots(round_, method)
    figures, deviations = score_ballots(method, ballots)
    return plan_sample(
        method,
        standings(method, figures),
        Influence(method, ballots, deviations, book["max_sections"]),
        {channel: len(receipts) for channel, receipts in counted_receipts(round_, method.channels).items()},
        risk=Fraction(book["audit_risk"]),
        least=book["audit_least"],
    )


def _document(round_: Round, tally: Tally, plan: Plan) -> dict[str, Any]:
    """Return the plan as frozen: with round, box, count and list it cannot be taken for another one."""
    receipts = counted_receipts(round_, plan.counted)
    return {
        "format": FORMAT,
        "round": round_.key,
        "root": round_.closing_root,
        "version": tally.version,
        "result_sha256": tally.result_sha256,
        "risk": str(round_.rulebook["audit_risk"]),
        "channels": {
            channel: {
                "counted": plan.counted[channel],
                "size": plan.sizes[channel],
                "list_sha256": list_digest(receipts[channel]),
            }
            for channel in plan.counted
        },
        "claims": [
            {
                "section": claim.section,
                "margin": decimal(claim.margin),
                "made": claim.is_made,
                "confirmed": plan.is_enough(claim),
                "needed": claim.needed,
            }
            for claim in plan.claims
        ],
    }


def _drawn(round_: Round, audit: SampleAudit) -> list[SampleBallot]:
    """Return the drawn ballots, channel by channel in the order drawn, each with its sheet if it came on paper."""
    plan = plan_of(audit)
    receipts = drawn_receipts(audit.seed, plan, counted_receipts(round_, plan["channels"]))
    ballots = dict(Ballot.objects.filter(round=round_).values_list("receipt", "pk"))
    keyed = PaperSheet.objects.filter(batch__round=round_, kind=SheetKind.VALID)
    sheets = {sheet.receipt: sheet.pk for sheet in keyed.iterator()}
    return [
        SampleBallot(audit=audit, number=number, ballot_id=ballots[receipt], sheet_id=sheets.get(receipt))
        for number, receipt in enumerate(receipts, start=1)
    ]


def _compare_openings(round_: Round, rows: list[SampleBallot], by: User, at: datetime) -> None:
    """Recompute what each ballot was sealed as, and the root, from what is counted."""
    is_whole = merkle_root(list(closing_leaves(round_))) == round_.closing_root
    wanted = {row.ballot_id: row for row in rows}
    sound = {
        ballot.pk
        for ballot, vote in sealed_votes(round_, wanted.keys())
        if is_whole and content_commitment(ballot.receipt, ballot.nonce, vote) == ballot.commitment
    }
    for row in rows:
        row.outcome = Outcome.EQUAL if row.ballot_id in sound else Outcome.DIFFERS
        row.difference = "" if row.ballot_id in sound else ALTERED
        row.compared_at, row.compared_by = at, by

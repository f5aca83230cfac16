"""Opening the box (开箱): the end of the vote, as one transaction.

Rows are counted before anything is decrypted; rows that do not open are set aside and told. A crash leaves either the
spool or the sealed box.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.box_key.queries import key_in_force, row_key_of
from evaluations.box_key.services.cards import Unlocked, unlock_by_cards, unlock_by_server
from evaluations.box_key.services.making import forget_key
from evaluations.box_key.services.rows import Opener
from evaluations.codes.models import Credential
from evaluations.codes.sql import rewrite_credentials
from evaluations.paper_ballots.models import PaperSheet
from evaluations.protocol.box_rows import Place
from evaluations.protocol.merkle import merkle_root
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import STEP_ACTION, Step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.services import begin, finish
from evaluations.sealing.queries import LABELS, is_permitted, rows_expected, rows_found, sealing_record
from evaluations.sealing.rules import Accepted, Permit, difference_lines, differences, number_of
from evaluations.sealing.services.mixing import Mixed, Progress, mix_box, no_progress
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import empty_tables, lock_tables, scrub
from nanchuan_eval.permissions import policy

FIXED_BY_SEALING = ("closing", "box", "set_aside", "comments", "codes", "batches")
NOTHING_ACCEPTED = Accepted()
OPEN_ACTION = "box.open"


class BoxDiffers(RuleViolation):
    """Rows are missing, too many or do not open; nothing was changed. `number` is what would have to be accepted."""

    def __init__(self, missing: Mapping[Place, int], set_aside: Mapping[str, int]) -> None:
        self.number = number_of(missing, set_aside)
        self.found = {"number": self.number, "missing": _by_place(missing), "set_aside": dict(set_aside)}
        self.lines = difference_lines(missing, set_aside, LABELS)
        super().__init__(_told(self.number), *self.lines)


def _told(number: int) -> str:
    if not number:
        return "票箱与登记相符，没有需要接受的差异。没有开箱，数据没有改动，请去掉接受的处数后重新办理。"
    return f"票箱与登记不符，共{number}处，没有开箱，数据没有改动。查明后确须开箱的，请写明处数和理由。"


def seal_round(
    *,
    round_id: int,
    by: policy.Actor,
    at: datetime,
    accepted: Accepted = NOTHING_ACCEPTED,
    progress: Progress = no_progress,
) -> Round:
    """Open and seal a box whose key the server keeps, once the vote has ended; returns the round with its root."""
    with _differences_recorded(STEP_ACTION[Step.SEAL], round_id, by=by, at=at), transaction.atomic():
        round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at)
        if is_opened_by_supervisors(round_.rulebook):
            raise RuleViolation("本轮由监督员开箱：请监督员持密钥卡到场，在开箱页或者用 open_box 命令办理。")
        box = _lock_box(round_, accepted)
        return _seal(box, unlock_by_server(box.key), by=by, at=at, progress=progress)


@sensitive_variables()
def open_box(
    *,
    round_id: int,
    typed: Sequence[str],
    by: policy.Actor,
    at: datetime,
    accepted: Accepted = NOTHING_ACCEPTED,
    progress: Progress = no_progress,
) -> Round:
    """Open and seal a box with the cards (密钥卡) typed in; what is wrong with them is refused as CardsRefused.

    A box whose key the server keeps is opened without cards: differences are accepted here.
    """
    with _differences_recorded(OPEN_ACTION, round_id, by=by, at=at), transaction.atomic():
        round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at, permission=OPEN_ACTION)
        box = _lock_box(round_, accepted)
        if is_opened_by_supervisors(round_.rulebook):
            may_recover = is_permitted(round_, Permit.RECOVERY)
            unlocked = unlock_by_cards(box.key, typed, may_recover=may_recover, is_complete=not box.missing)
        else:
            unlocked = unlock_by_server(box.key)
        return _seal(box, unlocked, by=by, at=at, progress=progress)


@contextmanager
def _differences_recorded(action: str, round_id: int, *, by: policy.Actor, at: datetime) -> Iterator[None]:
    """Record what a refused opening found: after the rollback, with the counts, whoever tried it."""
    try:
        yield
    except BoxDiffers as differs:
        reason, found = differs.audit_reason, differs.found
        audit.record_finding(action, Round(pk=round_id), by=by, at=at, reason=reason, detail=found)
        raise


def empty_box(round_: Round) -> None:
    """Delete the ballots and keyings of a round declared void, and forget its key; for the caller's locked round."""
    lock_tables(Credential, BallotSpool)
    BallotSpool.objects.filter(round=round_).delete()
    PaperSheet.objects.filter(batch__round=round_).update(first="", second="")
    BoxKey.objects.filter(round=round_).update(row_key="", seed="")  # unread: a lost FIELD_KEY must not prevent it
    transaction.on_commit(partial(scrub, (BallotSpool, BoxKey, PaperSheet)))


@dataclass(frozen=True)
class _Box:
    """A locked box before its opening; `row_key` is None if rows are opened without authentication."""

    round: Round
    key: BoxKey
    row_key: bytes | None
    rows: int
    missing: Mapping[Place, int]
    accepted: Accepted


def _lock_box(round_: Round, accepted: Accepted) -> _Box:
    """Stop the writers and compare the rows with the used codes; a difference is told before anything is decrypted."""
    if (accepted.number or accepted.is_unauthenticated) and not accepted.reason.strip():
        raise RuleViolation("接受差异或者不经核对开箱，须写明理由。")
    lock_tables(Credential, BallotSpool)
    key = key_in_force(round_)
    row_key = _row_key(round_, key, accepted)
    found = rows_found()
    missing = differences(rows_expected(round_), found)
    if number_of(missing, {}) > accepted.number:
        raise BoxDiffers(missing, {})
    return _Box(round_, key, row_key, found.total(), missing, accepted)


def _row_key(round_: Round, key: BoxKey, accepted: Accepted) -> bytes | None:
    """Return the key that authenticates the rows; None if it is lost and two persons permit to go without."""
    known = row_key_of(key)
    if known and accepted.is_unauthenticated:
        raise RuleViolation("写入验证密钥可以读出，不能不经核对开箱。")
    if known:
        return known
    if not accepted.is_unauthenticated:
        raise RuleViolation(
            "读不出写入验证密钥，没有开箱，数据没有改动。请使用投票时的系统密钥（FIELD_KEY）重新办理；"
            "系统密钥确已丢失的，经两人提请、审批后，用 open_box 命令加 --unauthenticated 办理。"
        )
    if not is_permitted(round_, Permit.UNAUTHENTICATED):
        raise RuleViolation(f"“{Permit.UNAUTHENTICATED.label}”须先由纪委监委提请、评议办负责人审批。")
    return None


@sensitive_variables()
def _seal(box: _Box, unlocked: Unlocked, *, by: policy.Actor, at: datetime, progress: Progress) -> Round:
    round_, key = box.round, box.key
    opener = Opener(unlocked.private, box.row_key, ballot_form_by_digest(round_.ballot_form_sha256))
    mixed = mix_box(round_, opener, progress)
    if number_of(box.missing, mixed.set_aside) != box.accepted.number:
        raise BoxDiffers(box.missing, mixed.set_aside)
    rewrite_credentials(round_.pk)
    empty_tables(BallotSpool)
    key.opened_at = at
    forget_key(key)
    round_.closing_root = merkle_root(sorted(mixed.leaves))
    opening = _opening(box, unlocked, mixed)
    round_.closing = sealing_record(round_, len(mixed.leaves), opening).decode()
    round_.save(update_fields=["closing_root", "closing"])
    transaction.on_commit(partial(scrub, (BallotSpool, Credential, BoxKey)))
    fixed = fixed_digests(*((kind, round_.pk) for kind in FIXED_BY_SEALING))
    detail = {"ballots": len(mixed.leaves), "root": round_.closing_root, "opening": opening, "fixed": fixed}
    return finish(Step.SEAL, round_, by=by, at=at, detail=detail)


def _opening(box: _Box, unlocked: Unlocked, mixed: Mixed) -> dict[str, object]:
    """Return what the closing record tells of the opening (box-key.md 6)."""
    record = json.loads(box.key.record)
    return {
        "mode": record["mode"],
        "made": record["made"],
        "key_id": box.key.key_id,
        "cards": list(unlocked.cards),
        "rows": box.rows,
        "authenticated": box.row_key is not None,
        "missing": _by_place(box.missing),
        "set_aside": dict(sorted(mixed.set_aside.items())),
        "oversize": mixed.oversize,
        "accepted": {"number": box.accepted.number, "reason": box.accepted.reason.strip()},
    }


def _by_place(missing: Mapping[Place, int]) -> dict[str, int]:
    return {f"{place.round}/{place.channel}/{place.origin}": number for place, number in sorted(missing.items())}

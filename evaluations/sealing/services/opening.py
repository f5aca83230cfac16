"""Opening the box (开箱): the end of the vote, as one transaction.

Rows are counted before anything is decrypted; rows that do not open are set aside and told. A crash leaves either the
spool or the sealed box.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Count
from django.views.decorators.debug import sensitive_variables

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.box_key.queries import is_recovery_permitted, key_in_force
from evaluations.box_key.services.cards import Unlocked, unlock_by_cards, unlock_by_server
from evaluations.box_key.services.making import forget_key
from evaluations.box_key.services.rows import Opener
from evaluations.codes.models import Credential
from evaluations.codes.sql import rewrite_credentials
from evaluations.paper_ballots.models import PaperSheet
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.protocol.box_rows import Place
from evaluations.protocol.codes import issue_hash
from evaluations.protocol.merkle import merkle_root
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.services import begin, finish
from evaluations.scoring.method import Channel
from evaluations.sealing.queries import sealing_record
from evaluations.sealing.rules import Accepted, difference_lines, differences, number_of
from evaluations.sealing.services.mixing import Mixed, Progress, mix_box, no_progress
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import empty_tables, lock_tables, scrub
from nanchuan_eval.permissions import policy

CHUNK = 5000
FIXED_BY_SEALING = ("closing", "box", "set_aside", "comments", "codes", "batches")
NOTHING_ACCEPTED = Accepted()
LABELS = dict([*Channel.choices, *Origin.choices])


class BoxDiffers(RuleViolation):
    """Rows are missing, too many or do not open; nothing was changed. `number` is what would have to be accepted."""

    def __init__(self, missing: Mapping[Place, int], set_aside: Mapping[str, int]) -> None:
        self.number = number_of(missing, set_aside)
        super().__init__(
            f"票箱与登记不符，共{self.number}处，没有开箱，评议票都在。查明后确须开箱的，请写明处数和理由。",
            *difference_lines(missing, set_aside, LABELS),
        )


@transaction.atomic
def seal_round(
    *,
    round_id: int,
    by: policy.Actor,
    at: datetime,
    accepted: Accepted = NOTHING_ACCEPTED,
    progress: Progress = no_progress,
) -> Round:
    """Open and seal a box whose key the server keeps, once the vote has ended; returns the round with its root."""
    round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at)
    box = _lock_box(round_, accepted)
    return _seal(box, unlock_by_server(box.key), by=by, at=at, progress=progress)


@sensitive_variables()
@transaction.atomic
def open_box(
    *,
    round_id: int,
    typed: Sequence[str],
    by: policy.Actor,
    at: datetime,
    accepted: Accepted = NOTHING_ACCEPTED,
    progress: Progress = no_progress,
) -> Round:
    """Open and seal a box with the cards (密钥卡) typed in; what is wrong with them is refused as CardsRefused."""
    round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at, permission="box.open")
    box = _lock_box(round_, accepted)
    unlocked = unlock_by_cards(box.key, typed, may_recover=is_recovery_permitted(box.key))
    return _seal(box, unlocked, by=by, at=at, progress=progress)


def empty_box(round_: Round) -> None:
    """Delete the ballots and keyings of a round declared void, and forget its key; for the caller's locked round."""
    lock_tables(Credential, BallotSpool)
    BallotSpool.objects.filter(round=round_).delete()
    PaperSheet.objects.filter(batch__round=round_).update(first="", second="")
    for key in BoxKey.objects.filter(round=round_):
        forget_key(key)
    transaction.on_commit(partial(scrub, (BallotSpool, BoxKey, PaperSheet)))


@dataclass(frozen=True)
class _Box:
    """A locked box before its opening."""

    round: Round
    key: BoxKey
    rows: int
    missing: Mapping[Place, int]
    accepted: Accepted


def _lock_box(round_: Round, accepted: Accepted) -> _Box:
    """Stop the writers and compare the rows with the used codes; a difference is told before anything is decrypted."""
    lock_tables(Credential, BallotSpool)
    found = _rows_found()
    missing = differences(_rows_expected(round_), found)
    if missing and not accepted.number:
        raise BoxDiffers(missing, {})
    if accepted.number and not accepted.reason.strip():
        raise RuleViolation("接受差异须写明理由。")
    return _Box(round_, key_in_force(round_), found.total(), missing, accepted)


def _rows_found() -> Counter[Place]:
    """Count the whole spool: a row moved to another round is a difference of both."""
    rows = BallotSpool.objects.values_list("round__key", "channel", "origin").annotate(rows=Count("pk")).order_by()
    return Counter({Place(*place): number for *place, number in rows})


def _rows_expected(round_: Round) -> Counter[Place]:
    """Count the used codes whose hash is the issued one, but for those on paper, and the settled valid sheets."""
    used = Credential.objects.filter(batch__round=round_, spend__isnull=False, is_on_paper=False)
    codes = used.values_list("batch__channel", "batch__origin", "issue", "spend").iterator(chunk_size=CHUNK)
    expected = Counter(
        Place(round_.key, channel, origin) for channel, origin, issue, spend in codes if issue_hash(str(spend)) == issue
    )
    sheets = PaperSheet.objects.filter(batch__round=round_, kind=SheetKind.VALID)
    for place in sheets.values_list("batch__channel", "batch__origin"):
        expected[Place(round_.key, *place)] += 1
    return expected


@sensitive_variables()
def _seal(box: _Box, unlocked: Unlocked, *, by: policy.Actor, at: datetime, progress: Progress) -> Round:
    round_, key = box.round, box.key
    opener = Opener(unlocked.private, bytes.fromhex(key.row_key), ballot_form_by_digest(round_.ballot_form_sha256))
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
        "missing": {f"{p.round}/{p.channel}/{p.origin}": number for p, number in sorted(box.missing.items())},
        "set_aside": dict(sorted(mixed.set_aside.items())),
        "oversize": mixed.oversize,
        "accepted": {"number": box.accepted.number, "reason": box.accepted.reason.strip()},
    }

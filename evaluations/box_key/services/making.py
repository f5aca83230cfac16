"""Putting a box key in force: imported, made online on cards, or kept by the server; replaced before the first ballot.

No card and no seed of a key on cards is stored, logged or cached.
"""

import json
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.queries import current_key, supervisors_in_office
from evaluations.box_key.rules import ONLINE, read_record
from evaluations.box_key.services import keys
from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import DrawEntry
from evaluations.protocol.box import key_id, server_record
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.services import lock_round
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import lock_tables
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

ROW_KEY_BYTES = 32
BOX_KEY, ONLINE_KEY = "box.key", "box.key_online"


@transaction.atomic
def adopt_key(*, round_id: int, record: str, by: User, at: datetime) -> BoxKey:
    """Put a key made offline in force, by its public record (box-key.json); it replaces an earlier one."""
    policy.check(by, BOX_KEY)
    round_ = _lock_before_first_ballot(round_id)
    read = refuse_unfit_record(round_, record)
    return _adopt(round_, read["key_id"], record.encode(), by=by, at=at)


@sensitive_variables()
@transaction.atomic
def make_key_online(*, round_id: int, by: User, at: datetime) -> keys.NewKey:
    """Make a key and return its cards, once, for the answer of this request; consumes the permit of two persons."""
    round_ = _lock_before_first_ballot(round_id)
    authorizations.consume(ONLINE_KEY, round_, by=by, at=at)
    in_office, needed = len(supervisors_in_office(round_)), round_.rulebook["box_needed"]
    if in_office != round_.rulebook["supervisors"]:
        raise RuleViolation("现任监督员人数与评议规则不符，请先完成监督员抽取和递补。")
    made = keys.new_key(round_.key, needed=needed, supervisors=in_office, made=ONLINE)
    _adopt(round_, made.key_id, made.record, by=by, at=at)
    return made


def refuse_unfit_record(round_: Round, record: str) -> dict[str, Any]:
    """Return the fields of a record that fits the round as it stands; refuses every other one."""
    refuse_too_late(round_)
    read = read_record(record, round_.key)
    keys.public_key(read["public_key"])
    in_office = len(supervisors_in_office(round_))
    if read["supervisors"] != in_office:
        raise RuleViolation(
            f"密钥卡按{read['supervisors']}名监督员生成，本轮现任监督员为{in_office}名，请按现任监督员重新生成。"
        )
    if read["needed"] != round_.rulebook["box_needed"]:
        raise RuleViolation(
            f"密钥登记为{read['needed']}张卡开箱，本轮评议规则为{round_.rulebook['box_needed']}张，请重新生成。"
        )
    seen = BoxKey.objects.filter(record__contains=f'"public_key":"{read["public_key"]}"').first()
    if seen:
        where = "本轮" if seen.round_id == round_.pk else "另一轮次"
        raise RuleViolation(f"这个票箱密钥已在{where}用过，一个密钥只能启用一次，请重新生成。")
    return read


def may_be_replaced(round_: Round) -> bool:
    """True if a key may still be put in force."""
    try:
        refuse_too_late(round_)
    except RuleViolation:
        return False
    return True


def refuse_too_late(round_: Round) -> None:
    """Refuse a key for a round whose vote cannot open yet, or in which a ballot was cast or a sheet keyed."""
    if not is_opened_by_supervisors(round_.rulebook):
        raise RuleViolation("本轮票箱密钥由评议系统保管，开启评议时自动生成。")
    if round_.state not in {RoundState.DRAWN, RoundState.OPEN}:
        raise RuleViolation("票箱密钥在“已抽取”之后、收到第一张评议票之前生成或者更换。")
    batches = CodeBatch.objects.filter(round=round_)
    used = batches.filter(credentials__spend__isnull=False) | batches.filter(sheets__isnull=False)
    if used.exists() or BallotSpool.objects.filter(round=round_).exists():
        raise RuleViolation("本轮已有评议票，票箱密钥不能再更换。密钥卡遗失、移交的，请在本页登记。")


def make_server_key(round_: Round, *, at: datetime) -> BoxKey:
    """Make the key of a round whose box the server opens; its seed lies under FIELD_KEY until then."""
    seed = keys.new_seed()
    public = keys.private_key(seed, round_.key).public_key.encode().hex()
    record = server_record(round_.key, public)
    return put_in_force(round_, key_id(round_.key, public), record, seed=seed, at=at)


def put_in_force(round_: Round, id_: str, record: bytes, *, seed: bytes = b"", at: datetime) -> BoxKey:
    """Store a key and its record under a new row key; for the caller's locked round and audit row."""
    BoxKey.objects.filter(round=round_, replaced_at=None).update(replaced_at=at)
    key = BoxKey.objects.create(
        round=round_,
        key_id=id_,
        record=record.decode(),
        record_sha256=sha256_hex(record),
        row_key=secrets.token_hex(ROW_KEY_BYTES),
        seed=seed.hex(),
        made_at=at,
    )
    round_.box_key = id_
    round_.save(update_fields=["box_key"])
    return key


def forget_key(key: BoxKey) -> None:
    """Erase what opens and authenticates the rows, once there are none."""
    key.row_key = key.seed = ""
    key.save(update_fields=["row_key", "seed", "opened_at"])


def _lock_before_first_ballot(round_id: int) -> Round:
    """Lock the round and stop the casting of ballots; refused once there is one."""
    round_ = lock_round(round_id)
    lock_tables(Credential, BallotSpool)
    refuse_too_late(round_)
    return round_


def _adopt(round_: Round, id_: str, record: bytes, *, by: User, at: datetime) -> BoxKey:
    """Put a key on cards in force, with the supervisors in office as its holders, and log it."""
    replaced = current_key(round_)
    key = put_in_force(round_, id_, record, at=at)
    holders: list[DrawEntry | None] = [*supervisors_in_office(round_), None, None]
    read = json.loads(record)
    cards = BoxCard.objects.bulk_create(
        [BoxCard(box=key, holder=holder, **card) for holder, card in zip(holders, read["cards"], strict=True)]
    )
    detail = {
        "step_label": "更换票箱密钥" if replaced else "启用票箱密钥",
        "key_id": id_,
        "record_sha256": key.record_sha256,
        "made": read["made"],
        "replaced": replaced.key_id if replaced else "",
        "fixed": fixed_digests(("box_key", round_.pk)),
    }
    audit.record(BOX_KEY, round_, by=by, at=at, detail=detail, wrote=cards)
    return key

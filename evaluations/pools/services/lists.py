"""Pools (名单库): upload, preview, import, and exclusions (回避), all before the draw is committed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from departments.models import Department, Section
from evaluations.pools.models import PoolEntry, PoolNotice, PoolUpload
from evaluations.pools.queries import is_committed, liaisons
from evaluations.pools.rules import (
    ExclusionReason,
    Person,
    PoolFile,
    PoolFileError,
    PoolKind,
    PoolRules,
    Row,
    parse_people,
)
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.encryption.sealed_bytes import decrypt_bytes, encrypt_bytes
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.users.models import User

BATCH_SIZE = 1000


@transaction.atomic
def import_pool(
    *, round_id: int, kind: PoolKind, rows: Iterable[Row], by: policy.Actor, at: datetime, dry_run: bool = False
) -> PoolFile:
    """Replace a pool with the people in a file, all or nothing; the old pool's notice is withdrawn."""
    policy.check(by, "pool.import")
    round_ = lock_round(round_id)
    _refuse_late_change(round_, kind)
    file = _parse(round_, kind, rows)
    if not dry_run:
        round_.pool.filter(kind=kind).delete()
        PoolEntry.objects.bulk_create([_entry(round_, kind, person) for person in file.people], batch_size=BATCH_SIZE)
        standing = PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None)
        withdrawn = list(standing)
        standing.update(withdrawn_at=at)
        detail = {"kind": kind.value, "people": len(file.people), "fixed": fixed_pool(round_, kind)}
        audit.record("pool.import", round_, by=by, at=at, detail=detail, wrote=withdrawn)
    return file


@transaction.atomic
def upload_pool(
    *, round_id: int, kind: PoolKind, file: tuple[str, bytes], by: User, at: datetime
) -> tuple[PoolUpload, PoolFile]:
    """Check a file (name, content) and store it encrypted until it is confirmed; imports nothing yet."""
    name, content = file
    preview = import_pool(round_id=round_id, kind=kind, rows=read_rows(content, name), by=by, at=at, dry_run=True)
    PoolUpload.objects.filter(round_id=round_id, kind=kind).delete()
    upload = PoolUpload.objects.create(
        round_id=round_id, kind=kind, filename=name[-200:], content=encrypt_bytes(content), by=by, at=at
    )
    return upload, preview


@transaction.atomic
def confirm_upload(*, upload_id: int, by: User, at: datetime) -> PoolFile:
    """Import the previewed file, only by the user who uploaded it; then delete it."""
    upload = PoolUpload.objects.select_for_update().filter(pk=upload_id, by=by).first()
    if upload is None:
        raise RuleViolation("这份名单已经导入，或已被新上传的文件取代，请重新上传。")
    rows = read_rows(decrypt_bytes(bytes(upload.content)), upload.filename)
    file = import_pool(round_id=upload.round_id, kind=PoolKind(upload.kind), rows=rows, by=by, at=at)
    upload.delete()
    return file


@transaction.atomic
def exclude_person(*, entry_id: int, reason: str, note: str, by: User, at: datetime) -> PoolEntry:
    """Exclude a person from the coming draw (回避), or include again if `reason` is empty; needs a note."""
    policy.check(by, "pool.exclude")
    entry = PoolEntry.objects.select_for_update(of=("self",)).select_related("round").get(pk=entry_id)
    round_ = lock_round(entry.round_id)
    refuse_exclusion(round_, [entry], reason, note)
    entry.exclusion, entry.exclusion_note = reason, note.strip()
    entry.save(update_fields=["exclusion", "exclusion_note"])
    detail = {"exclusion": reason or "恢复", "fixed": fixed_pool(round_, entry.kind)}
    audit.record("pool.exclude", entry, by=by, at=at, reason=note, detail=detail)
    return entry


def fixed_pool(round_: Round, kind: str) -> dict[str, str]:
    """Return the digest of a pool as it stands, for the audit row of whoever has changed it."""
    return fixed_digests(("pool", f"{round_.pk}/{kind}"))


def refuse_exclusion(round_: Round, entries: Sequence[PoolEntry], reason: str, note: str) -> None:
    """Refuse an exclusion after the commitment, without a valid reason or without a note."""
    if any(is_committed(round_, kind) for kind in {entry.kind for entry in entries}):
        raise RuleViolation(
            "抽取承诺已公布，回避须在公布承诺前登记。抽中后需要回避的，请在“抽中人员名单”页面办理移除并递补。"
        )
    if reason and reason not in ExclusionReason.values:
        raise RuleViolation("请选择不参加抽取的原因。")
    if not note.strip():
        raise RuleViolation("请填写说明。")


def _refuse_late_change(round_: Round, kind: PoolKind) -> None:
    if RoundState(round_.state) not in {RoundState.DRAFT, RoundState.FROZEN}:
        raise RuleViolation("名单库只能在抽取完成之前导入。")
    if is_committed(round_, kind):
        raise RuleViolation("这个名单库的抽取承诺已经公布，名单不能再改。")


def _parse(round_: Round, kind: PoolKind, rows: Iterable[Row]) -> PoolFile:
    codes = round_.sections.values_list("code", flat=True) or Section.objects.active().values_list("code", flat=True)
    rules = PoolRules(
        section_codes=frozenset(codes),
        units=frozenset(Department.objects.values_list("name", flat=True)),
        strata=tuple(round_.rulebook["evaluator_strata"]) if kind == PoolKind.EVALUATORS else (),
        liaisons=tuple(liaisons()),
    )
    try:
        return parse_people(rows, kind, rules)
    except PoolFileError as error:
        raise RuleViolation(*error.reasons) from None


def _entry(round_: Round, kind: PoolKind, person: Person) -> PoolEntry:
    return PoolEntry(
        round=round_,
        kind=kind,
        stratum=person.stratum,
        name=person.name,
        unit=person.unit,
        phone=person.phone,
        phone_hash=keyed_hash(person.phone),
        dealt_with=person.dealt_with,
        exclusion=person.exclusion,
        exclusion_note=person.exclusion_note,
    )

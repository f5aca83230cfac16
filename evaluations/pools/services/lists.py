"""Pools (名单库): import of lists, and exclusions (回避), all before the draw is committed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from departments.models import Section
from evaluations.pools.models import PoolEntry, PoolNotice
from evaluations.pools.queries import (
    count_recorded,
    described,
    is_committed,
    late_change,
    reference_data,
    standing_notice,
    standing_people,
)
from evaluations.pools.rules.kinds import ExclusionReason, PoolKind
from evaluations.pools.rules.parsing import PoolFile, parse_people
from evaluations.pools.rules.people import Person
from evaluations.pools.rules.previews import answers_counted, preview_of
from evaluations.pools.rules.replacement import Line, replace_pool
from evaluations.rounds.models import Round
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.lists.rules.tables import SourceRow, TableError
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 1000
FIELDS = ("stratum", "name", "unit", "dealt_with", "exclusion", "exclusion_note")
PHONE_FIELDS = ("phone", "phone_hash", "contact", "contact_hash")


@dataclass(frozen=True)
class PoolImport:
    """What a list means for a pool: the list as read, the pool before and after, the preview of it."""

    file: PoolFile
    lines: Sequence[Line]
    preview: Preview
    notes: tuple[str, ...]
    # The notice that the import has withdrawn, in words; empty if none stood.
    withdrawn: str = ""

    @property
    def people(self) -> list[Person]:
        """The people of the new pool."""
        return [line.after for line in self.lines if line.after]


@dataclass(frozen=True)
class Confirmation:
    """Answers by key of a question, and the fingerprint of the preview that was shown with them, if one was."""

    answers: Mapping[str, str] = field(default_factory=dict)
    agreed: str = ""


UNSEEN = Confirmation()


@transaction.atomic
def preview_pool(
    *,
    round_id: int,
    kind: PoolKind,
    rows: Iterable[SourceRow],
    by: policy.Actor,
    at: datetime,
    answers: Mapping[str, str] | None = None,
) -> PoolImport:
    """Read a list and compare it with the pool; saves nothing."""
    policy.check(by, "pool.import")
    round_ = lock_round(round_id)
    if reason := late_change(round_, kind):
        raise RuleViolation(reason)
    return _planned(round_, kind, rows, answers or {})


@transaction.atomic
def import_pool(
    *,
    round_id: int,
    kind: PoolKind,
    rows: Iterable[SourceRow],
    by: policy.Actor,
    at: datetime,
    confirmed: Confirmation = UNSEEN,
) -> PoolImport:
    """Replace a pool with the people of a list, all or nothing; the old pool's notice is withdrawn.

    Every question of the preview without a default needs an answer.
    """
    answers = confirmed.answers
    planned = preview_pool(round_id=round_id, kind=kind, rows=rows, by=by, at=at, answers=answers)
    _refuse_unless_agreed(planned.preview, confirmed)
    if planned.preview.nothing:
        return planned
    round_ = lock_round(round_id)
    _save(round_, kind, planned.lines)
    standing = PoolNotice.objects.filter(round=round_, kind=kind, withdrawn_at=None)
    withdrawn = list(standing)
    standing.update(withdrawn_at=at)
    detail = {
        "step_label": f"导入{kind.label}" + ("，原名单公告撤回" if withdrawn else ""),
        "kind": kind.value,
        "withdrawn": [notice.pk for notice in withdrawn],
        "people": len(planned.people),
        "answers": answers_counted(planned.preview.questions, answers),
        "fixed": fixed_pool(round_, kind),
    }
    audit.record("pool.import", round_, by=by, at=at, detail=detail, wrote=withdrawn)
    return replace(planned, withdrawn="".join(map(described, withdrawn)))


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


def strata_of(round_: Round, kind: PoolKind) -> tuple[str, ...]:
    """Return the values that the rulebook allows as 身份类别; any, if there are none."""
    return tuple(round_.rulebook["evaluator_strata"]) if kind == PoolKind.EVALUATORS else ()


def _planned(round_: Round, kind: PoolKind, rows: Iterable[SourceRow], answers: Mapping[str, str]) -> PoolImport:
    codes = round_.sections.values_list("code", flat=True) or Section.objects.active().values_list("code", flat=True)
    rules = replace(reference_data(), section_codes=frozenset(codes), strata=strata_of(round_, kind))
    try:
        file = parse_people(rows, kind, rules, answers)
    except TableError as error:
        raise FileRefused(error.faults) from None
    label = dict(ExclusionReason.choices).__getitem__
    replacement = replace_pool(standing_people(round_, kind), file.people, answers, rules.masked, label)
    notice = standing_notice(round_, kind)
    announced = described(notice) if notice else ""
    preview = preview_of(file, replacement, rules.masked, announced=announced)
    return PoolImport(file, replacement.lines, preview, (*file.notes, *replacement.notices))


def _refuse_unless_agreed(preview: Preview, confirmed: Confirmation) -> None:
    """Refuse another preview than the one shown, unknown answers, and questions without an answer."""
    if confirmed.agreed and preview.fingerprint != confirmed.agreed:
        raise RuleViolation("预览之后，名单或者系统中的数据有变动，没有导入任何内容。请核对新的预览后再确认。")
    choices = {question.key: dict(question.choices) for question in preview.questions}
    unknown = [key for key, value in confirmed.answers.items() if value not in choices.get(key, {})]
    # An upload may still hold answers to questions that its preview no longer asks.
    if unknown and not confirmed.agreed:
        raise RuleViolation(f"没有“{unknown[0]}”这个问题，或者回答不在可选范围内，请核对后重新回答。")
    waiting = preview.open_questions(confirmed.answers)
    if waiting:
        raise RuleViolation(f"名单中有{len(waiting)}个问题须先回答：", *(question.text for question in waiting))


def _save(round_: Round, kind: PoolKind, lines: Sequence[Line]) -> None:
    """Write the differences: whoever stays keeps their entry, to which earlier actions in the audit log refer."""
    entries = {entry.pk: entry for entry in round_.pool.filter(kind=kind)}
    gone = [line.before.pk for line in lines if line.before and not line.after]
    changed = [
        (entries[line.before.pk], line.after) for line in lines if line.before and line.after and line.is_changed
    ]
    _refuse_recorded([*gone, *(line.before.pk for line in lines if line.before and line.is_renamed)])
    PoolEntry.objects.filter(pk__in=gone).delete()
    for entry, person in changed:
        _fill(entry, person)
    PoolEntry.objects.bulk_update([entry for entry, _ in changed], [*FIELDS, *PHONE_FIELDS], batch_size=BATCH_SIZE)
    new = [_fill(PoolEntry(round=round_, kind=kind), line.after) for line in lines if line.after and not line.before]
    PoolEntry.objects.bulk_create(new, batch_size=BATCH_SIZE)


def _refuse_recorded(entries: Sequence[int]) -> None:
    """Refuse to remove or rename people in an abandoned draw, whose published record must stay verifiable."""
    count = count_recorded(entries)
    if count:
        raise RuleViolation(
            f"名单中有{count}人已列入作废的抽取，其抽取记录须保留，不能删除或者改动。"
            "请在文件中保留这些人员的原有内容；不应参加抽取的，请在名单库中登记回避。"
        )


def _fill(entry: PoolEntry, person: Person) -> PoolEntry:
    for name in FIELDS:
        setattr(entry, name, getattr(person, name))
    if person.phone not in (entry.phone, entry.contact):
        entry.phone, entry.phone_hash, entry.contact, entry.contact_hash = (
            person.phone,
            keyed_hash(person.phone),
            "",
            "",
        )
    return entry

"""Personal data in pools (个人信息): access with a reason, export, erasure, retention periods."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import models, transaction
from django.db.models import Max

from evaluations.ballots.models import Comment
from evaluations.draws.models import DrawEntry
from evaluations.personal_data.services import clients
from evaluations.personal_data.services.clients import ENDED
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of
from evaluations.pools.services.lists import fixed_pool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED, DrawStatus, RoundState
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.lists.rules import values
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.users.models import User

# From a round's last step: publication, or being declared void.
PHONES_KEPT, COMMENTS_KEPT, CORRECTIONS_KEPT = timedelta(days=60), timedelta(days=365), timedelta(days=1)
# Actions whose proposals hold opinions and personal data; the audit log has only their digests.
PURGED_PROPOSALS = ("comment.redact", "privacy.handle", clients.ERASE, "privacy.correct_record")
PHONE_FIELDS = ["phone", "phone_hash", "contact", "contact_hash"]
ERASED = "（已删除）"
PURGE = "retention.purge"
# What higher features hold about a round's people, erased with the rest: label, its rows, what erases them.
also_held: list[tuple[str, Callable[[Round], models.QuerySet[Any]], Callable[[models.QuerySet[Any]], object]]] = []


@transaction.atomic
def unmask_phone(*, entry_id: int, reason: str, by: User, at: datetime) -> str:
    """Return one phone in full (看完整手机号); each access is in the audit log with its reason."""
    policy.check(by, "pool.unmask")
    if not reason.strip():
        raise RuleViolation("请填写查看理由。")
    entry = PoolEntry.objects.get(pk=entry_id)
    if not entry.phone:
        raise RuleViolation("手机号已到期清除。")
    audit.record("pool.unmask", entry, by=by, at=at, reason=reason)
    return contact_of(entry)


def entries_of(phone_hash: str) -> models.QuerySet[PoolEntry]:
    """Return the pool entries with this phone, committed or corrected."""
    found = models.Q(phone_hash=phone_hash) | models.Q(contact_hash=phone_hash)
    return PoolEntry.objects.filter(found).select_related("round").order_by("pk")


def held_about(phone_hash: str, name: str = "") -> list[dict[str, str]]:
    """Return all data held about the person with this phone (本人查询); ballots belong to nobody.

    Several people of a firm may share the phone: nobody is told of another, so `name` is needed for one of them.
    """
    entries = [entry for entry in entries_of(phone_hash) if clients.is_named(entry.name, name)]
    of_pools = [
        {
            "轮次": entry.round.name,
            "名单库": entry.get_kind_display(),
            "身份类别": entry.stratum,
            "姓名": entry.name,
            "单位": entry.unit,
            "手机号": contact_of(entry),
            "办过事的科室": entry.dealt_with,
            "是否抽中": "是" if entry.pk in _drawn() else "否",
        }
        for entry in entries
    ]
    return [*of_pools, *clients.records_held(phone_hash, name)]


def people_with(phone_hash: str) -> int:
    """Return how many people of different names are held with this phone."""
    held = [*(entry.name for entry in entries_of(phone_hash)), *(one.name for one in clients.clients_of(phone_hash))]
    return len({name_key(name) for name in held})


@transaction.atomic
def export_person(*, phone: str, name: str = "", by: policy.Actor, at: datetime) -> list[dict[str, str]]:
    """Return the data held about a person, at their request; the audit log contains neither phone nor name."""
    policy.check(by, "privacy.handle")
    phone_hash = keyed_hash(values.phone(phone) or phone)
    if not name and people_with(phone_hash) > 1:
        raise RuleViolation("这个手机号由几个人共用，请写明本人的姓名。")
    held = held_about(phone_hash, name)
    audit.record("privacy.handle", None, by=by, at=at, detail={"entries": len(held)})
    return held


@transaction.atomic
def erase_person(*, entry_id: int, reason: str, by: User, at: datetime) -> PoolEntry:
    """Erase a person at their own request (本人申请删除); a draw's proof keeps the salted token."""
    policy.check(by, "privacy.handle")
    entry = PoolEntry.objects.select_for_update(of=("self",)).select_related("round").get(pk=entry_id)
    if entry.pk in _drawn() and RoundState(entry.round.state) not in ENDED:
        raise RuleViolation(clients.IN_DRAW)
    waits = DrawEntry.objects.filter(person=entry, exclusion="").exclude(draw__status=DrawStatus.ABANDONED)
    if RoundState(entry.round.state) not in {*SEALED, *ENDED} and waits.exists():
        raise RuleViolation(clients.IN_POOL)
    entry.name, entry.unit, entry.dealt_with, entry.exclusion_note = ERASED, "", "", ""
    _forget_phone(entry)
    entry.save(update_fields=["name", "unit", "dealt_with", "exclusion_note", *PHONE_FIELDS])
    draws = DrawEntry.objects.filter(person=entry).order_by("draw").values_list("draw", flat=True).distinct()
    pool = fixed_pool(entry.round, entry.kind)
    detail = {"fixed": {**fixed_digests(*(("people", draw) for draw in draws)), **pool}}
    audit.record("privacy.handle", entry, by=by, at=at, reason=reason, detail=detail)
    return entry


def named(entry: PoolEntry) -> str:
    """Return where a person stands, without the name: a proposal's title is kept for good."""
    return f"{entry.round.name}，{entry.get_kind_display()}，{entry}（第{entry.pk}号）"


ERASE_PERSON = ApprovableAction(
    "privacy.handle",
    permission="privacy.handle",
    label="本人申请删除个人信息",
    model=PoolEntry,
    content=lambda entry, _: {"轮次": entry.round.name, "姓名": entry.name, "手机号": entry.masked_phone},
    perform=calls(erase_person, "entry_id"),
    names=lambda entry, _: named(entry),
)


def _drawn() -> set[int | None]:
    return set(DrawEntry.objects.filter(is_selected=True).values_list("person", flat=True))


def retention_rules() -> list[RetentionRule]:
    """Return the retention periods of a round's personal data."""
    wipe: Callable[..., Callable[[], None]] = lambda *tables: partial(scrub, tables)  # noqa: E731
    return [
        RetentionRule("名单库手机号", "申诉期满后30日（公示后60日）", _phones, _forget_phones, wipe(PoolEntry)),
        RetentionRule(
            "抽取查询码", "申诉期满后30日（公示后60日）", _salts, lambda rows: rows.update(salt=""), wipe(DrawEntry)
        ),
        RetentionRule(
            "更正提请中的手机号", "办理后1日", _corrections, lambda rows: rows.update(arguments={}), wipe(Approval)
        ),
        RetentionRule(
            "办件与办事人的对应",
            "使用该办件的轮次公示后60日",
            lambda at: clients.unlinked(_ended_before(at - PHONES_KEPT)),
            lambda rows: rows.update(client=None),
            wipe(ServiceRecord),
        ),
        RetentionRule(
            "办件中的姓名、手机号、单位",
            "使用该办件的轮次公示后60日",
            lambda at: clients.unneeded(_ended_before(at - PHONES_KEPT)),
            clients.forget,
            wipe(Client),
        ),
        RetentionRule(
            "办件批次的随机数",
            "该批办件的姓名全部清除后",
            lambda _: clients.idle_salts(),
            lambda rows: rows.update(salt=""),
            wipe(RecordBatch),
        ),
        RetentionRule("评议文字意见", "1年", _comments, lambda rows: rows.delete(), wipe(Comment)),
        RetentionRule(
            "审批中的意见和本人信息",
            "1年",
            _proposals,
            lambda rows: rows.update(content={}, arguments={}),
            wipe(Approval),
        ),
    ]


@transaction.atomic
def purge_round(*, round_id: int, reason: str, by: User, at: datetime) -> int:
    """Erase phones and salts of a finished round before their retention period ends (提前清除)."""
    policy.check(by, PURGE)
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    _refuse_unpurgeable(round_)
    rows, salts = _held_in(round_), DrawEntry.objects.filter(draw__round=round_).exclude(salt="")
    named = clients.unneeded(_this(round_))
    counts = {"名单库手机号": rows.count(), "办件中的姓名、手机号、单位": named.count()}
    for label, held, forget in also_held:
        counts[label] = held(round_).count()
        forget(held(round_))
    _forget_phones(rows)
    salts.update(salt="")
    clients.forget(named)
    clients.unlinked(_this(round_)).update(client=None)
    clients.idle_salts().update(salt="")
    forgotten = {label: count for label, count in counts.items() if count}
    audit.record(PURGE, round_, by=by, at=at, reason=reason, detail={"rows": forgotten})
    further = (held(round_).model for _, held, _ in also_held)
    transaction.on_commit(partial(scrub, (PoolEntry, DrawEntry, Client, ServiceRecord, RecordBatch, *further)))
    return sum(counts.values())


def _refuse_unpurgeable(round_: Round) -> None:
    if RoundState(round_.state) not in {RoundState.CLOSED, RoundState.VOID}:
        raise RuleViolation("轮次归档或作废之后，方可提前清除名单；其余按保存期限自动清除。")
    held = (_held_in(round_), clients.unneeded(_this(round_)), *(rows(round_) for _, rows, _ in also_held))
    if not any(rows.exists() for rows in held):
        raise RuleViolation("本轮名单库和办件中的手机号已经清除。")


PURGE_ROUND = ApprovableAction(
    PURGE,
    permission=PURGE,
    label="提前清除名单库手机号",
    closed=_refuse_unpurgeable,
    model=Round,
    content=lambda round_, asked: {
        "轮次": round_.name,
        "状态": round_.get_state_display(),
        "名单库手机号": f"{_held_in(round_).count()}个",
        "办件中的姓名、手机号": f"{clients.unneeded(_this(round_)).count()}人",
        "办理后果": "清除后无法联系名单库人员，抽取查询码一并清除，不能恢复",
        "理由": asked["reason"],
    },
    perform=calls(purge_round, "round_id"),
)
ACTIONS = (ERASE_PERSON, PURGE_ROUND)


def _this(round_: Round) -> models.QuerySet[Round]:
    return Round.objects.filter(pk=round_.pk)


def _held_in(round_: Round) -> models.QuerySet[PoolEntry]:
    return PoolEntry.objects.filter(round=round_).exclude(phone_hash__startswith="purged-")


def _corrections(at: datetime) -> models.QuerySet[Approval]:
    decided = Approval.objects.filter(kind="privacy.correct", decided_at__lt=at - CORRECTIONS_KEPT)
    return decided.exclude(arguments={})


def _proposals(at: datetime) -> models.QuerySet[Approval]:
    """Opinions and personal data in decided proposals; the audit log has only their digests."""
    decided = Approval.objects.filter(action__in=PURGED_PROPOSALS, decided_at__lt=at - COMMENTS_KEPT)
    return decided.exclude(content={})


def _ended_before(at: datetime) -> models.QuerySet[Round]:
    """Return the rounds published or declared void before `at`; archiving begins no new period."""
    ended = Max("steps__at", filter=models.Q(steps__state__in=(RoundState.PUBLISHED, RoundState.VOID)))
    return Round.objects.filter(state__in=ENDED).annotate(ended=ended).filter(ended__lt=at)


def _phones(at: datetime) -> models.QuerySet[PoolEntry]:
    return PoolEntry.objects.filter(round__in=_ended_before(at - PHONES_KEPT).values("pk")).exclude(
        phone_hash__startswith="purged-"
    )


def _forget_phones(rows: models.QuerySet[PoolEntry]) -> None:
    entries = list(rows)
    for entry in entries:
        _forget_phone(entry)
    PoolEntry.objects.bulk_update(entries, PHONE_FIELDS, batch_size=500)


def _forget_phone(entry: PoolEntry) -> None:
    entry.phone, entry.phone_hash, entry.contact, entry.contact_hash = "", f"purged-{uuid4().hex}", "", ""


def _salts(at: datetime) -> models.QuerySet[DrawEntry]:
    """Without the salt a token cannot be traced to a person, even with the phone (protocol 3.3)."""
    return DrawEntry.objects.filter(draw__round__in=_ended_before(at - PHONES_KEPT).values("pk")).exclude(salt="")


def _comments(at: datetime) -> models.QuerySet[Comment]:
    return Comment.objects.filter(round__in=_ended_before(at - COMMENTS_KEPT).values("pk"))

"""What a round's actions fix (固定内容): the rows whose digests the audit log holds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import models

from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballots.models import Ballot, Comment
from evaluations.box_key.models import BoxCard, BoxKey, SetAsideBallot
from evaluations.codes.models import CodeBatch, Credential, OpenClaimAlert
from evaluations.draws.models import (
    Draw,
    DrawEntry,
    DrawEvent,
    DrawSignature,
    PlannedDraw,
    RandomnessEntry,
    SigningCode,
    SigningSheet,
)
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.personal_data.models import DataRequest
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.publication.models import Publication, PublicationDecision, PublicationHold
from evaluations.rounds.models import Round, RoundSection, RoundStep, Unfreezing
from evaluations.sample_audit.models import SampleAudit, SampleBallot, SampleSignature
from evaluations.sealing.models import OpeningSignature
from evaluations.sealing.queries import rows_expected
from evaluations.service_records.models import StatedCount
from evaluations.service_records.queries.chain import CHAIN
from evaluations.tally.models import AnomalyFlag, CountSignature, SectionResult, Tally, TallyRow, Veto
from evaluations.turnout.models import TurnoutDay
from evaluations.verification.rules import BoxFacts
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import Fact, FixedFact, RowFact

CHUNK = 5000
COMMENTS_PURGED = "评议文字意见"  # label of the retention rule
# Columns by fact; the register of columns (nanchuan_eval/fixed_columns.csv) names the fact of each.
# They never change: digests that older actions logged must stay comparable. A new column gets a fact of its own.
ROUND = (
    *("key", "name", "period_start", "period_end", "opens_at", "closes_at", "rulebook", "is_demo"),
    *("ballot_form", "ballot_form_sha256", "privacy_notice"),
)
BALLOT = ("receipt", "id", "channel", "origin", "nonce", "commitment", "is_counted")
CREDENTIAL = ("issue", "spend", "batch_id", "is_void", "is_on_paper")
BATCH = ("pk", "channel", "origin", "is_self_service", "is_open", "stratum", "issued_sha256", "replaces_id")
BOX_KEY = ("key_id", "record", "record_sha256", "made_at", "replaced_at")
BOX_CARD = ("pk", "box_id", "card", "share_sha256", "held_sha256")
SET_ASIDE = ("pk", "channel", "origin", "reason", "sealed")
DRAW = ("draw_id", "purpose", "params", "commit", "committed_at")
ENTRY = ("stratum", "token", "person_id", "ref", "exclusion", "is_selected", "place")
SECTION_RESULT = ("section_id", "rank", "label", "difficulty", "vote_count", "data", "ticks")
SECTION = (
    *("id", "round_id", "section_id", "code", "name", "service_kind", "department_code", "department_name"),
    *("department_kind", "is_vertical", "superior", "chief_leader", "leader_in_charge", "head_name"),
)
TALLY = (
    *("id", "round_id", "version", "reason", "at", "rulebook", "result"),
    *("rulebook_sha256", "result_sha256", "rows_sha256", "without_flags"),
)
TALLY_ROW = (
    *("id", "round_id", "section_id", "channel", "lines", "total", "squares", "severe", "votes"),
    *("answered", "points", "histogram"),
)
FLAG = (
    *("id", "kind", "section_id", "channel", "text", "ballots", "found_at"),
    *("verdict", "reason", "decided_by_id", "decided_at"),
)
PROBLEMS = ("section_id", "is_listed", "is_withdrawn", "main_problems")
SAMPLE_AUDIT = ("id", "tally_id", "plan", "plan_sha256", "planned_at", "dice", "seed", "drawn_at")
SAMPLE_BALLOT = (
    *("id", "audit_id", "number", "ballot_id", "sheet_id", "outcome", "difference"),
    *("compared_at", "compared_by_id", "hold_id", "explanation", "explained_at"),
)
TURNOUT = ("id", "origin", "day", "used")
POOL_ENTRY = ("stratum", "name", "unit", "dealt_with", "exclusion", "exclusion_note")
ALERT = ("batch_id", "kind", "on", "reviewed_times", "review", "reviewed_by_id", "reviewed_at")
PLANNED_DRAW = (
    *("round_id", "purpose", "planned_at", "place", "witnesses", "announced_at"),
    *("replaced_at", "replaced_reason"),
)
DRAW_ROW = (
    *("round_id", "planned_id", "purpose", "draw_id", "params", "commit", "committed_at", "status"),
    *("lead_waived", "randomness", "issues", "seed", "seeded_at", "result", "drawn_at", "drawn_by_id"),
    *("published_at", "abandoned_at", "abandon_reason"),
)
SIGNING_SHEET = (
    *("entry_id", "number", "issued_at", "sealed_at", "sealed_by_id", "handed_at", "handed_by_id"),
    *("revoked_at", "revoked_reason"),
)
DRAW_EVENT = ("draw_id", "seq", "body", "head", "entry_id", "explanation", "calls", "by_id", "at")
UNFREEZING = ("round_id", "frozen_at", "at", "by_id", "reason", "sections", "ballot_form_sha256", "roster_sha256")
POOL_NOTICE = ("round_id", "kind", "strata", "announced_at", "objections_until", "withdrawn_at")
PAPER_SHEET = ("batch_id", "number", "kind", "reason", "first_by_id", "second_by_id", "settled_by_id")
PAPER_COUNT = (
    *("batch_id", "returned", "missing", "spoiled"),
    *("counted_by_id", "cleared_by_id", "cleared_because"),
)
DATA_REQUEST = ("reference", "wish", "received_at", "due_on", "state", "answer", "answered_at")
PUBLICATION = ("version", "published_at", "approved_by_id", "content", "content_sha256", "reason")

Rows = Iterator[Sequence[Any]]


def _of_round(model: type[models.Model], *columns: str, by: str = "round") -> Callable[[str], Rows]:
    return lambda key: _rows(model._default_manager.filter(**{by: key}), *columns)


def _rows(rows: models.QuerySet[Any], *columns: str) -> Rows:
    """Yield the rows in the order of their first column, which is unique, on every database."""
    return rows.order_by(columns[0]).values_list(*columns).iterator(chunk_size=CHUNK)


def _tally(key: str) -> Rows:
    yield from _rows(Tally.objects.filter(round=int(key)), *TALLY)
    # Rows of their own: the digests of counts by NC-1, which have no such file, stay what they were.
    yield from _rows(Tally.objects.filter(round=int(key)).exclude(cells=""), "id", "cells", "cells_sha256")
    yield from _rows(TallyRow.objects.filter(round=int(key)), *TALLY_ROW)
    yield from _rows(SectionResult.objects.filter(round=int(key)), *SECTION_RESULT)


def _sample(key: str) -> Rows:
    yield from _rows(SampleAudit.objects.filter(pk=int(key)), *SAMPLE_AUDIT)
    yield from _rows(SampleBallot.objects.filter(audit=int(key)), *SAMPLE_BALLOT)


def _draw(key: str) -> Rows:
    entries = DrawEntry.objects.filter(draw=int(key))
    yield from entries.order_by("draw").values_list(*(f"draw__{column}" for column in DRAW))[:1]
    yield from _rows(entries, "pk", *ENTRY)


def box_facts(round_: Round) -> BoxFacts:
    """Read what is stored of a round's box."""
    cells = {(place.channel, place.origin): number for place, number in rows_expected(round_).items()}
    aside = SetAsideBallot.objects.filter(round=round_)
    return BoxFacts(
        Counter(cells),
        _counted(Ballot.objects.filter(round=round_), "channel", "origin"),
        _counted(aside, "channel", "origin"),
        Counter(dict(aside.order_by().values_list("reason").annotate(rows=models.Count("pk")))),
    )


def _counted(rows: models.QuerySet[Any], *columns: str) -> Counter[tuple[str, str]]:
    found = rows.order_by().values_list(*columns).annotate(rows=models.Count("pk"))
    return Counter({(channel, origin): number for channel, origin, number in found})


def _box_key(key: str) -> Rows:
    """Every key the round has had, with its cards; not what the opening erases or adds."""
    yield from _rows(BoxKey.objects.filter(round=int(key)), *BOX_KEY)
    yield from _rows(BoxCard.objects.filter(box__round=int(key)), *BOX_CARD)


def _set_aside(key: str) -> Rows:
    for *row, sealed in _rows(SetAsideBallot.objects.filter(round=int(key)), *SET_ASIDE):
        yield (*row, bytes(sealed).hex())


def _steps(key: str) -> Rows:
    yield from _rows(Round.objects.filter(pk=int(key)), "state")
    yield from _rows(RoundStep.objects.filter(round=int(key)), "pk", "state", "at", "by_id")


def _pool(key: str) -> Rows:
    round_id, _, kind = key.partition("/")
    return _rows(PoolEntry.objects.filter(round=int(round_id), kind=kind), "pk", *POOL_ENTRY)


def _batches(key: str) -> Rows:
    yield from _of_round(CodeBatch, *BATCH)(key)
    # Rows of their own: the digests of rounds without clients drawn, which have no such batch, stay what they were.
    yield from _rows(CodeBatch.objects.filter(round=int(key)).exclude(section=None), "pk", "section_id")


def _voids(key: str) -> Rows:
    return _rows(Credential.objects.filter(batch__round=int(key), is_void=True), "issue", "batch_id")


def _comments_purged(key: str) -> bool:
    """True if the comments were purged after their retention period."""
    purges = AuditEntry.objects.performed().filter(action="retention.purge", detail__rows__has_key=COMMENTS_PURGED)
    return purges.exists() and not Comment.objects.filter(round=int(key)).exists()


FACTS: dict[str, Fact] = {
    "round": FixedFact("锁定的轮次（名称、时间、规则、评议表）", _of_round(Round, *ROUND, by="pk")),
    "profile": FixedFact("锁定的机构信息", _of_round(Round, "pk", "profile", by="pk")),
    "roster": FixedFact("锁定的名录", _of_round(RoundSection, *SECTION)),
    "closing": FixedFact("封箱记录", _of_round(Round, "closing_root", "closing", by="pk")),
    "box": FixedFact("封箱的评议票（渠道、来源、是否计票）", _of_round(Ballot, *BALLOT)),
    "box_key": FixedFact("票箱密钥", _box_key),
    "set_aside": FixedFact("搁置的评议票", _set_aside),
    "comments": FixedFact("评议意见", _of_round(Comment, "id", "round_id", "text"), is_purged=_comments_purged),
    "codes": FixedFact("票号（使用、作废）", _of_round(Credential, *CREDENTIAL, by="batch__round")),
    "batches": FixedFact("票号批次", _batches),
    "draw": FixedFact("抽取对象和抽取结果", _draw),
    "people": FixedFact(
        "抽取对象的姓名", _of_round(DrawEntry, "pk", "person_id", "person__name", "person__unit", by="draw")
    ),
    # Not their names, which leave after the round: salt and token prove whom an entry means.
    "clients": FixedFact("抽取对象中的办事群众", _of_round(DrawEntry, "pk", "client_id", by="draw")),
    "tally": FixedFact("计票结果和汇总", _tally),
    "publications": FixedFact("公示", _of_round(Publication, *PUBLICATION)),
    "steps": FixedFact("轮次的状态和进程", _steps),
    "pool": FixedFact("名单库", _pool),
    "voids": FixedFact("作废的票号", _voids),
    "flags": FixedFact("异常提示和处理", _of_round(AnomalyFlag, *FLAG)),
    "problems": FixedFact("上榜科室和主要问题", _of_round(SectionResult, *PROBLEMS)),
    "sample": FixedFact("抽样核对", _sample),
    "record_chain": CHAIN,
    "turnout": FixedFact("计票时的每日收回数", _of_round(TurnoutDay, *TURNOUT)),
}
ROWS = (
    RowFact("解除锁定", Unfreezing, UNFREEZING),
    RowFact("密钥卡", BoxCard, ("box_id", "card", "holder_id", "share_sha256", "held_sha256", "held_at", "lost_at")),
    RowFact("票号批次", CodeBatch, ("round_id", *BATCH[1:], "label")),
    RowFact("票号批次只评的科室", CodeBatch, ("section_id",), part="section"),
    RowFact("领票异常的核查", OpenClaimAlert, ALERT, is_complete=False),
    RowFact("抽取公告", PlannedDraw, PLANNED_DRAW),
    RowFact("抽取", Draw, DRAW_ROW),
    RowFact("随机数的录入", RandomnessEntry, ("draw_id", "source", "by_id", "numbers", "issue", "at")),
    RowFact("抽取事件", DrawEvent, DRAW_EVENT),
    RowFact("监督员在开箱记录上的签名", OpeningSignature, ("round_id", "supervisor_id", "at")),
    RowFact("监督员在抽取上的签名", DrawSignature, ("draw_id", "supervisor_id", "at")),
    RowFact("监督员在计票记录上的签名", CountSignature, ("tally_id", "supervisor_id", "at")),
    RowFact("监督员在抽样核对记录上的签名", SampleSignature, ("audit_id", "supervisor_id", "at")),
    RowFact("监督员的签名码", SigningCode, ("entry_id", "code_sha256", "used_at")),
    RowFact("签名码所属的密封件", SigningCode, ("sheet_id",), part="sheet"),
    RowFact("签名码密封件", SigningSheet, SIGNING_SHEET),
    RowFact("名单公告", PoolNotice, POOL_NOTICE),
    RowFact("名单异议", PoolObjection, ("notice_id", "content", "received_at", "answer", "answered_at")),
    RowFact("纸质票正票", PaperSheet, PAPER_SHEET),
    RowFact("纸质票清点", PaperCount, PAPER_COUNT),
    RowFact("单位自报办件数", StatedCount, ("unit_id", "day", "records", "stated_at", "by_id")),
    RowFact("一票否决", Veto, ("round_id", "section_id", "decision", "decided_on", "facts")),
    RowFact("一票否决的撤销", Veto, ("annulled_at",), part="annulment"),
    RowFact("待决事项", PublicationHold, ("round_id", "subject", "placed_at", "released_at")),
    RowFact("公示决定", PublicationDecision, ("tally_id", "reason", "decided_at", "decided_by_id")),
    RowFact("个人信息申请", DataRequest, DATA_REQUEST),
    RowFact("表象", Manifestation, ("code", "indicator", "text", "position", "is_active"), is_complete=False),
    RowFact("办事事项", ServiceTopic, ("text", "words"), is_complete=False),
    RowFact(
        "办事事项的群众说法",
        ServiceTopic,
        ("departments", "synonyms", "note"),
        is_complete=False,
        part="everyday words",
    ),
)

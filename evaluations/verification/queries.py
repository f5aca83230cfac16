"""What a round's actions fix (固定内容): the rows whose digests the audit log holds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import models

from evaluations.ballots.models import Ballot, Comment
from evaluations.box_key.models import BoxCard, BoxKey, SetAsideBallot
from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import DrawEntry
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round, RoundSection
from evaluations.sealing.queries import rows_expected
from evaluations.tally.models import SectionResult, Tally, TallyRow
from evaluations.verification.rules import BoxFacts
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import FixedFact

CHUNK = 5000
COMMENTS_PURGED = "评议文字意见"  # label of the retention rule
# Columns by fact; the register of columns (nanchuan_eval/fixed_columns.csv) names the fact of each.
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
PUBLICATION = ("version", "published_at", "approved_by_id", "content", "content_sha256", "reason")

Rows = Iterator[Sequence[Any]]


def columns_of(model: type[models.Model]) -> tuple[str, ...]:
    """Return every column of the model."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def _of_round(model: type[models.Model], *columns: str, by: str = "round") -> Callable[[str], Rows]:
    return lambda key: _rows(model._default_manager.filter(**{by: key}), *columns)


def _rows(rows: models.QuerySet[Any], *columns: str) -> Rows:
    """Yield the rows in the order of their first column, which is unique, on every database."""
    return rows.order_by(columns[0]).values_list(*columns).iterator(chunk_size=CHUNK)


def _tally(key: str) -> Rows:
    yield from _rows(Tally.objects.filter(round=int(key)), *columns_of(Tally))
    yield from _rows(TallyRow.objects.filter(round=int(key)), *columns_of(TallyRow))
    yield from _rows(SectionResult.objects.filter(round=int(key)), *SECTION_RESULT)


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


def _comments_purged(key: str) -> bool:
    """True if the comments were purged after their retention period."""
    purges = AuditEntry.objects.performed().filter(action="retention.purge", detail__rows__has_key=COMMENTS_PURGED)
    return purges.exists() and not Comment.objects.filter(round=int(key)).exists()


FACTS = {
    "round": FixedFact("锁定的轮次（名称、时间、规则、评议表）", _of_round(Round, *ROUND, by="pk")),
    "roster": FixedFact("锁定的名录", _of_round(RoundSection, *columns_of(RoundSection))),
    "closing": FixedFact("封箱记录", _of_round(Round, "closing_root", "closing", by="pk")),
    "box": FixedFact("封箱的评议票（渠道、来源、是否计票）", _of_round(Ballot, *BALLOT)),
    "box_key": FixedFact("票箱密钥", _box_key),
    "set_aside": FixedFact("搁置的评议票", _set_aside),
    "comments": FixedFact("评议意见", _of_round(Comment, *columns_of(Comment)), is_purged=_comments_purged),
    "codes": FixedFact("票号（使用、作废）", _of_round(Credential, *CREDENTIAL, by="batch__round")),
    "batches": FixedFact("票号批次", _of_round(CodeBatch, *BATCH)),
    "draw": FixedFact("抽取对象和抽取结果", _draw),
    "people": FixedFact(
        "抽取对象的姓名", _of_round(DrawEntry, "pk", "person_id", "person__name", "person__unit", by="draw")
    ),
    "tally": FixedFact("计票结果和汇总", _tally),
    "publications": FixedFact("公示", _of_round(Publication, *PUBLICATION)),
}

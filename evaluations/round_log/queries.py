"""办理记录 of a round: the entries of the audit log about the round and everything that belongs to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.functions import Cast

from evaluations.ballots.models import Comment
from evaluations.codes.models import CodeBatch, OpenClaimAlert
from evaluations.draws.models import Draw, DrawEntry, PlannedDraw
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.publication.models import Publication, PublicationDecision, PublicationHold
from evaluations.rounds.models import Round
from evaluations.sample_audit.models import SampleAudit
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally, Veto
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

SEES = "round.open"
# Where a reason is written for the record of the round; elsewhere it may speak of a person and is not shown.
REASONED = frozenset({"round.extend", "round.void", "round.unfreeze", "draw.commit", "publish.correct"})
SHOWN_BESIDE = 12  # lines beside the page of a round
# Topics to choose from, by the beginnings of their actions' names.
TOPICS: dict[str, tuple[str, ...]] = {
    "筹备": ("roster.", "round.edit", "round.unfreeze", "round.void"),
    "名单": ("pool.", "privacy.", "retention."),
    "抽取": ("draw.",),
    "投票": ("round.open", "round.close", "round.extend", "round.monitor", "cred.", "paper.", "box.", "ballot."),
    "计票": ("tally.", "audit.", "comment."),
    "公示": ("publish.", "top10."),
    "异议": ("appeal.",),
    "问责整改": ("acc.", "rect."),
}


@dataclass(frozen=True)
class Part:
    """A model whose rows belong to a round: the way from a row to the round, and who sees entries about it.

    `sees` = the action of the policy table whose sight is needed beside the round's; "" = none.
    """

    model: type[Model]
    path: str = "round"
    sees: str = ""


@dataclass(frozen=True)
class LogLine:
    """One entry: when, what, about what kind of thing, by whom; `outcome` is empty for what was done."""

    at: datetime
    what: str
    about: str
    who: str
    outcome: str
    reason: str


# Later apps add their models when the application starts. Rows about single voters, ballots or codes are no parts.
parts: list[Part] = [
    Part(PlannedDraw),
    Part(Draw),
    Part(DrawEntry, "draw__round", "draw.names"),
    Part(PoolNotice),
    Part(PoolObjection, "notice__round", "pool.view"),
    Part(PoolEntry, sees="pool.view"),
    Part(CodeBatch),
    Part(OpenClaimAlert, "batch__round", "round.monitor"),
    Part(Comment, sees="comment.view"),
    Part(Tally, sees="tally.view"),
    Part(SectionResult, sees="tally.view"),
    Part(AnomalyFlag, sees="tally.view"),
    Part(SampleAudit, "tally__round", "audit.sample"),
    Part(Veto, sees="tally.view"),
    Part(PublicationHold, sees="tally.view"),
    Part(PublicationDecision, "tally__round", "tally.view"),
    Part(Publication),
]


def entries_of(round_: Round, user: User) -> QuerySet[AuditEntry]:
    """Return the entries about the round that the user may see, newest first (one query, by the log's index)."""
    seen = [part for part in parts if not part.sees or policy.may_see(user, part.sees)]
    about = [_about(part.model, _keys(part, round_)) for part in seen]
    ours = AuditEntry.objects.filter(object_type=Round._meta.label, object_id=str(round_.pk))
    decided = Approval.objects.filter(object_type=Round._meta.label, object_id=str(round_.pk))
    found = [ours, *_about(Approval, _as_text(decided)), *(each for several in about for each in several)]
    first, *others = (each.order_by().values("pk") for each in found)
    return AuditEntry.objects.filter(pk__in=first.union(*others, all=True)).select_related("actor").order_by("-seq")


def on_topic(entries: QuerySet[AuditEntry], topic: str) -> QuerySet[AuditEntry]:
    """Return the entries whose action belongs to a topic."""
    return entries.filter(Q(*(("action__startswith", start) for start in TOPICS[topic]), _connector=Q.OR))


def log_lines(entries: Iterable[AuditEntry]) -> list[LogLine]:
    """Return the entries as lines; a refusal's text may quote what was typed and is left out."""
    return [_line(entry) for entry in entries]


def newest_lines(round_: Round, user: User) -> list[LogLine]:
    """Return the newest lines for the round's page (one query), none for whoever does not see the round."""
    if not policy.may_see(user, SEES):
        return []
    return log_lines(entries_of(round_, user)[:SHOWN_BESIDE])


def _about(model: type[Model], keys: QuerySet[Any]) -> tuple[QuerySet[AuditEntry], ...]:
    """Return the entries about the rows, and those about decisions on proposals about them."""
    rows = AuditEntry.objects.filter(object_type=model._meta.label, object_id__in=keys)
    if model is Approval:
        return (rows,)
    decided = Approval.objects.filter(object_type=model._meta.label, object_id__in=keys)
    return rows, *_about(Approval, _as_text(decided))


def _keys(part: Part, round_: Round) -> QuerySet[Any]:
    return _as_text(part.model._default_manager.filter(**{part.path: round_.pk}))


def _as_text(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows' keys as the log holds them."""
    keyed: QuerySet[Any] = rows.order_by().annotate(log_key=Cast("pk", CharField())).values("log_key")
    return keyed


def _line(entry: AuditEntry) -> LogLine:
    is_done = entry.result == AuditEntry.Result.OK
    return LogLine(
        at=entry.at,
        what=entry.action_name,
        about=str(apps.get_model(entry.object_type)._meta.verbose_name) if entry.object_type else "",
        who=entry.actor.name if entry.actor else policy.role_name(entry.role) or "系统",
        outcome="" if is_done else str(entry.get_result_display()),
        reason=entry.reason if is_done and entry.action in REASONED else "",
    )

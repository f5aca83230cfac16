"""Redaction of opinions (遮盖意见), with approval; the covered words are stored nowhere. Counting a whole sample."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from evaluations.ballots.models import Ballot, Comment, Rating
from evaluations.ballots.rules import Span, redact, spans_of
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

REDACT = "comment.redact"


def start_redaction(*, comment_id: UUID, words: Sequence[str], by: User, at: datetime) -> Approval | None:
    """Propose to redact the words, or do it where no approval is needed; proposals hold positions, not words."""
    comment = Comment.objects.get(pk=comment_id)
    spans = [list(span) for span in spans_of(comment.text, words)]
    return approvals.start(REDACT, comment, by=by, at=at, spans=spans)


def count_all_sampled(round_: Round) -> None:
    """Count every sampled ballot of the caller's locked round, which has no more of them than places."""
    sampled = Ballot.objects.filter(round=round_, channel=Channel.SAMPLED)
    Rating.objects.filter(ballot__in=sampled.values("pk")).update(is_counted=True)
    sampled.update(is_counted=True)


@transaction.atomic
def redact_comment(*, comment_id: UUID, spans: Sequence[Span], by: User, at: datetime) -> Comment:
    """Redact these spans for good; the old text is scrubbed from the disk too."""
    policy.check(by, REDACT)
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=comment_id)
    comment.text = redact(comment.text, spans)
    comment.save(update_fields=["text"])
    detail = {"places": len(spans), "fixed": fixed_digests(("comments", comment.round_id))}
    audit.record(REDACT, comment, by=by, at=at, detail=detail)
    transaction.on_commit(partial(scrub, (Comment,)))
    return comment


def _spans(asked: Sequence[Sequence[int]]) -> list[Span]:
    return [(start, end) for start, end in asked]


def _content(comment: Comment, asked: Arguments) -> dict[str, object]:
    return {
        "轮次": comment.round.name,
        "遮盖后的意见": redact(comment.text, _spans(asked["spans"])),
        "遮盖": f"{len(asked['spans'])}处",
    }


ACTIONS = (
    ApprovableAction(
        REDACT,
        REDACT,
        "遮盖意见",
        Comment,
        _content,
        calls(redact_comment, "comment_id", spans=_spans),
        names=lambda comment, asked: f"{comment.round.name}一条意见（{len(asked['spans'])}处）",
        is_small=True,
    ),
)

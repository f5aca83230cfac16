"""Redacting opinions (遮盖意见): the clerk proposes which words, the chief approves; nothing of them is kept."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from evaluations.database import scrub
from evaluations.models import Comment
from evaluations.rules.redaction import Span, redact, spans_of
from nanchuan_eval import approvals, audit, policy
from nanchuan_eval.approvals import Arguments, Deed
from nanchuan_eval.models import Approval, User
from nanchuan_eval.rules.canonical import sha256_hex

REDACT = "comment.redact"


def start_redaction(*, comment_id: UUID, words: Sequence[str], by: User, at: datetime) -> Approval | None:
    """Propose to cover the words, or cover them at once; the proposal keeps places, not words."""
    comment = Comment.objects.get(pk=comment_id)
    spans = [list(span) for span in spans_of(comment.text, words)]
    return approvals.start(REDACT, comment, by=by, at=at, spans=spans)


@transaction.atomic
def redact_comment(*, comment_id: UUID, spans: Sequence[Span], by: User, at: datetime) -> Comment:
    """Cover these places of an opinion for good; the old text is wiped off the disk."""
    policy.check(by, REDACT)
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=comment_id)
    comment.text = redact(comment.text, spans)
    comment.save(update_fields=["text"])
    audit.record(REDACT, comment, by=by, at=at, detail={"places": len(spans)})
    transaction.on_commit(partial(scrub, (Comment,)))
    return comment


def _content(comment: Comment, asked: Arguments) -> dict[str, object]:
    return {
        "轮次": comment.round.name,
        "遮盖后的意见": redact(comment.text, [(start, end) for start, end in asked["spans"]]),
        "遮盖": f"{len(asked['spans'])}处",
        "原文校验值": sha256_hex(comment.text.encode()),
    }


def _perform(comment: Comment, asked: Arguments, *, by: User, at: datetime) -> Comment:
    spans = [(start, end) for start, end in asked["spans"]]
    return redact_comment(comment_id=comment.pk, spans=spans, by=by, at=at)


REDACT_DEED = Deed(REDACT, REDACT, "遮盖意见", Comment, _content, _perform)

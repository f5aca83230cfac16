"""An opinion is redacted with two persons' approval; the covered words are kept nowhere."""

import pytest

from evaluations.ballots import services as ballots
from evaluations.ballots.models import Comment
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions import policy
from tests.factories import NOON, make_round, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_persons(settings, time_machine):
    settings.TWO_PERSON_RULE = True
    time_machine.move_to(NOON)


@pytest.fixture
def comment():
    return Comment.objects.create(
        round=make_round(state=RoundState.SEALED), text="找张三办事，电话13912345678，张三不理"
    )


def test_two_persons_redact_and_the_words_are_kept_nowhere(client, comment):
    client.force_login(make_user("clerk"))
    client.post(f"/admin/evaluations/comment/{comment.pk}/redact/", {"words": "张三\n13912345678"})
    approval = Approval.objects.get()
    kept = str(approval.arguments) + str(approval.content) + approval.title
    assert "张三" not in kept
    assert "13912345678" not in kept
    assert sha256_hex(comment.text.encode()) not in kept  # four digits are found by trying
    comment.refresh_from_db()
    assert "张三" in comment.text

    approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

    comment.refresh_from_db()
    assert comment.text == "找██办事，电话███████████，██不理"
    assert not [entry for entry in AuditEntry.objects.all() if "张三" in str(entry.link)]


def test_nobody_redacts_alone(comment):
    with pytest.raises(policy.NeedsApproval):
        ballots.redact_comment(comment_id=comment.pk, spans=[(0, 1)], by=make_user("chief"), at=NOON)

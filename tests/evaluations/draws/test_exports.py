"""Names leave the system by two persons and once; opinions are redacted, pools cleared ahead of their day."""

import io

import pytest
from openpyxl import load_workbook

from evaluations.ballots import services as ballots
from evaluations.ballots.models import Comment
from evaluations.ballots.rules import redact, spans_of
from evaluations.draws.models import DrawEntry
from evaluations.draws.services.commitment import open_roster
from evaluations.draws.services.exports import EXPORT, ROSTER, export_pool
from evaluations.personal_data.services import people
from evaluations.pools.rules import PoolKind
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import NOON, commit, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_persons(settings, time_machine):
    settings.TWO_PERSON_RULE = True
    time_machine.move_to(NOON)


def pooled(state=RoundState.FROZEN):
    round_ = make_round(state=state, rulebook={"evaluators": 20})
    make_pool(round_)
    return round_


def committed(settings):
    settings.TWO_PERSON_RULE = False
    draw = commit(pooled())
    settings.TWO_PERSON_RULE = True
    return draw


def approve():
    return approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user("commission"), at=NOON)


class TestExportingAPool:
    def test_nobody_takes_it_out_alone(self):
        round_ = pooled()
        with pytest.raises(RuleViolation, match="须先提请"):
            export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=make_user("chief"), at=NOON)
        for role in ("clerk", "commission", "auditor"):
            with pytest.raises(policy.Denied):
                export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=make_user(role), at=NOON)

    def test_the_page_proposes_then_hands_out_once_with_the_exports_number(self, client):
        round_ = pooled()
        client.force_login(make_user("chief"))
        address = f"/admin/evaluations/poolentry/round/{round_.pk}/export/"
        client.post(address, {"kind": "evaluators", "reason": "公证"})
        assert "60" in str(Approval.objects.get().content["人数"])
        approve()

        book = load_workbook(io.BytesIO(client.post(address).content))

        trace = AuditEntry.objects.get(action=EXPORT, detail__people=60)
        assert f"导出编号{trace.seq}" in book.worksheets[0].oddFooter.left.text
        assert f"导出编号{trace.seq}" in book.properties.description
        assert trace.reason == "公证"
        assert client.post(address)["Content-Type"].startswith("text/html")

    def test_a_pool_that_changed_since_is_not_handed_out(self):
        round_, chief = pooled(), make_user("chief")
        approvals.propose(EXPORT, round_, by=chief, at=NOON, kind="evaluators", reason="x")
        approve()
        round_.pool.first().delete()
        with pytest.raises(RuleViolation, match="内容已有改动"):
            export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=chief, at=NOON)

    def test_the_notarys_roster_takes_two_as_well(self, settings):
        draw, chief = committed(settings), make_user("chief")
        with pytest.raises(RuleViolation, match="须先提请"):
            open_roster(draw_id=draw.pk, by=chief, at=NOON)
        approvals.propose(ROSTER, draw, by=chief, at=NOON, reason="交公证")
        approve()
        assert len(open_roster(draw_id=draw.pk, by=chief, at=NOON)) == 60


class TestRedacting:
    def comment(self):
        return Comment.objects.create(
            round=make_round(state=RoundState.SEALED), text="找张三办事，电话13912345678，张三不理"
        )

    def test_every_place_is_covered_and_nothing_reworded(self):
        text = self.comment().text
        assert redact(text, spans_of(text, ["张三", "13912345678"])) == "找██办事，电话███████████，██不理"

    @pytest.mark.parametrize("words", [[""], ["李四"], []])
    def test_what_is_not_there_is_refused(self, words):
        with pytest.raises(RuleViolation):
            spans_of("张三", words)

    def test_two_persons_and_the_words_are_kept_nowhere(self, client):
        comment = self.comment()
        client.force_login(make_user("clerk"))
        client.post(f"/admin/evaluations/comment/{comment.pk}/redact/", {"words": "张三\n13912345678"})
        approval = Approval.objects.get()
        kept = str(approval.arguments) + str(approval.content) + approval.title
        assert "张三" not in kept
        assert "139" not in kept
        comment.refresh_from_db()
        assert "张三" in comment.text

        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

        comment.refresh_from_db()
        assert comment.text == "找██办事，电话███████████，██不理"
        assert not [t for t in AuditEntry.objects.all() if "张三" in str(t.link)]

    def test_nobody_alone(self):
        with pytest.raises(policy.NeedsApproval):
            ballots.redact_comment(comment_id=self.comment().pk, spans=[(0, 1)], by=make_user("chief"), at=NOON)


class TestClearingAPoolAhead:
    def test_two_persons_after_the_round_is_over(self, client, settings):
        round_ = committed(settings).round
        with pytest.raises(RuleViolation, match="归档或作废"), policy.approved(people.PURGE):
            people.purge_round(round_id=round_.pk, reason="x", by=make_user("chief"), at=NOON)
        type(round_).objects.filter(pk=round_.pk).update(state=RoundState.VOID)
        client.force_login(make_user("clerk"))
        assert "提前清除" in client.get("/work/retention/").content.decode()
        client.post(f"/work/retention/{round_.key}/purge/", {"reason": "轮次作废"})
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        assert {person.phone for person in round_.pool.all()} == {""}
        assert not DrawEntry.objects.exclude(salt="").exists()
        assert AuditEntry.objects.get(detail__has_key="rows").reason == "轮次作废"

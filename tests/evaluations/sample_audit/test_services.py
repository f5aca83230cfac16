"""The audit step by step: nothing is told or published before it is done, and no difference goes unexplained."""

import json

import pytest

from evaluations.ballots.models import Rating
from evaluations.ballots.queries import sealed_votes
from evaluations.paper_ballots.models import PaperSheet
from evaluations.protocol.drawing import drawing_order, ticket
from evaluations.publication.models import PublicationHold
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import Step
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from evaluations.sample_audit.queries.audits import audit_faults
from evaluations.sample_audit.queries.record import sample_page
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.sample_audit.rules.drawing import sample_seed
from evaluations.sample_audit.services.comparison import (
    EXPLAIN_DIFFERENCE,
    compare_sheet,
    explain_difference,
    sign_audit,
)
from evaluations.sample_audit.services.drawing import draw_ballots, plan_audit
from evaluations.tally.services.signatures import sign_count
from evaluations.tally.services.tally import recount_round
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.sample_audit.rounds import (
    CODES,
    DICE,
    compared,
    differs,
    drawn,
    give_signing_codes,
    make_counted_round,
    planned,
)
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_counted_round()


def lacks(round_):
    return "".join(missing_for(round_, Step.ANNOUNCE, NOON))


def differing(round_):
    """A drawn sheet that says something else than was counted."""
    return differs(round_, drawn(round_).ballots.exclude(sheet=None).first())


class TestThePlan:
    def test_is_frozen_to_the_byte_and_names_box_count_and_lists(self, round_):
        audit = planned(round_)
        plan = json.loads(audit.plan)

        receipts = round_.ballots.filter(is_counted=True).order_by("receipt").values_list("receipt", flat=True)
        assert audit.plan_sha256 == sha256_hex(audit.plan.encode())
        assert (plan["root"], plan["result_sha256"]) == (round_.closing_root, round_.tally.result_sha256)
        assert plan["channels"]["targeted"] == {
            "counted": 5,
            "size": 5,
            "list_sha256": sha256_hex("".join(f"{receipt}\n" for receipt in receipts).encode()),
        }

    def test_is_made_once_for_a_count(self, round_):
        planned(round_)

        with pytest.raises(RuleViolation, match="已经确定"):
            planned(round_)

        assert SampleAudit.objects.count() == 1

    def test_waits_for_the_signatures_on_the_count(self, round_):
        give_signing_codes(round_)

        with pytest.raises(RuleViolation, match="还差2名监督员签名"):
            planned(round_)
        for code in CODES[:2]:
            sign_count(round_id=round_.pk, code=code, at=NOON)
        assert planned(round_)

    def test_is_only_for_rounds_that_ask_for_it(self):
        with pytest.raises(RuleViolation, match="没有规定"):
            planned(make_counted_round(sample_audit=False))


class TestTheDraw:
    def test_follows_from_plan_and_dice_as_anybody_can_recompute(self, round_):
        audit = drawn(round_)

        receipts = round_.ballots.values_list("receipt", flat=True)
        seed = sample_seed(sha256_hex(audit.plan.encode()), DICE)
        order = drawing_order(seed, "targeted", receipts)
        assert [row.ballot.receipt for row in audit.ballots.all()] == order
        assert sample_page(round_).channels[0].last_ticket == ticket(seed, "targeted", order[-1])

    @pytest.mark.parametrize("dice", ["", "123", DICE + "1", "x" * 20])
    def test_takes_twenty_digits(self, round_, dice):
        planned(round_)

        with pytest.raises(RuleViolation, match="20位数字"):
            draw_ballots(round_id=round_.pk, dice=dice, by=make_user("clerk"), at=NOON)

        assert not SampleBallot.objects.exists()

    def test_needs_a_plan_and_happens_once(self, round_):
        clerk = make_user("clerk")
        with pytest.raises(RuleViolation, match="核对方案确定后"):
            draw_ballots(round_id=round_.pk, dice=DICE, by=clerk, at=NOON)
        drawn(round_, clerk)

        with pytest.raises(RuleViolation, match="只能抽取一次"):
            draw_ballots(round_id=round_.pk, dice=DICE[::-1], by=clerk, at=NOON)

    def test_compares_ballots_cast_online_at_once_and_finds_the_sheets_of_the_others(self, round_):
        rows = list(drawn(round_).ballots.select_related("sheet", "ballot"))

        assert sorted(row.outcome for row in rows) == ["", "", "equal", "equal", "equal"]
        assert {row.sheet.receipt == row.ballot.receipt for row in rows if row.sheet} == {True}

    def test_finds_a_counted_ballot_that_is_not_the_sealed_one(self):
        round_ = make_counted_round(on_paper=0)
        Rating.objects.filter(pk=Rating.objects.first().pk).update(cold=3)

        audit = drawn(round_)

        assert [row.outcome for row in audit.ballots.all()].count(Outcome.DIFFERS) == 1
        assert "没有查明" in lacks(round_)


class TestComparing:
    def test_a_sheet_read_as_it_was_counted_is_equal(self, round_):
        audit = drawn(round_)
        compared(round_, audit)

        assert set(audit.ballots.values_list("outcome", flat=True)) == {Outcome.EQUAL}
        assert not PublicationHold.objects.exists()

    def test_a_difference_is_named_and_stops_step_and_publication(self, round_):
        row = differing(round_)

        assert row.outcome == Outcome.DIFFERS
        assert "“冷”票面0、计票" in row.difference
        assert "抽样核对有1处差异没有查明" in lacks(round_)
        assert round_.holds.get(released_at=None).subject == f"抽样核对序号{row.number}：不一致"

    def test_a_sheet_that_is_not_found_is_a_difference(self, round_):
        row = drawn(round_).ballots.exclude(sheet=None).first()

        row = compare_sheet(row_id=row.pk, read=None, by=make_user("clerk"), at=NOON)

        assert (row.outcome, row.is_unexplained) == (Outcome.MISSING, True)

    def test_no_ballot_is_compared_twice_and_none_that_has_no_sheet(self, round_):
        row = differing(round_)
        online = row.audit.ballots.filter(sheet=None).first()

        for each in (row, online):
            with pytest.raises(RuleViolation, match=r"已经核对|没有正票"):
                compare_sheet(row_id=each.pk, read=None, by=make_user("clerk"), at=NOON)

    def test_the_audit_row_tells_nothing_of_a_vote(self, round_):
        row = differing(round_)

        entry = AuditEntry.objects.filter(detail__number=row.number).get()
        assert set(entry.detail) == {"step_label", "number", "outcome", "fixed"}


class TestADifference:
    def test_is_explained_by_two_persons(self, round_, settings):
        row = differing(round_)
        settings.TWO_PERSON_RULE = True

        approval = approvals.propose(
            EXPLAIN_DIFFERENCE.name, row, by=make_user("clerk"), at=NOON, explanation="读票有误，重新读票后一致"
        )
        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

        row.refresh_from_db()
        assert not row.is_unexplained
        assert not round_.holds.filter(released_at=None).exists()

    def test_takes_away_the_certainty_even_when_explained(self, round_):
        row = differing(round_)
        explain_difference(row_id=row.pk, explanation="读票有误", by=make_user("chief"), at=NOON)
        for rest in row.audit.ballots.filter(outcome=Outcome.OPEN):
            ((_, vote),) = sealed_votes(round_, [rest.ballot_id])
            compare_sheet(row_id=rest.pk, read=vote, by=make_user("clerk"), at=NOON)

        assert audit_faults(round_) == []
        assert "不能再说抽样确认了" in sample_page(round_).conclusion

    def test_needs_words_and_a_difference(self, round_):
        row = differing(round_)
        equal = row.audit.ballots.filter(outcome=Outcome.EQUAL).first()

        for pk, text in ((row.pk, " "), (equal.pk, "读票有误")):
            with pytest.raises(RuleViolation):
                explain_difference(row_id=pk, explanation=text, by=make_user("chief"), at=NOON)


class TestTheGate:
    def test_names_what_is_still_to_do(self, round_):
        assert "抽样核对尚未进行" in lacks(round_)
        audit = planned(round_)
        assert "尚未抽取" in lacks(round_)
        draw_ballots(round_id=round_.pk, dice=DICE, by=make_user("clerk"), at=NOON)
        assert "还有2张评议票没有核对" in lacks(round_)
        compared(round_, audit)
        assert "抽样核对" not in lacks(round_)

    def test_waits_for_the_supervisors_signatures(self, round_):
        audit = drawn(round_)
        compared(round_, audit)
        give_signing_codes(round_)
        assert "抽样核对记录还差2名监督员签名" in lacks(round_)

        for code in CODES[:2]:
            sign_audit(round_id=round_.pk, code=code, at=NOON)

        assert "抽样核对记录" not in lacks(round_)

    def test_nobody_signs_what_is_not_finished(self, round_):
        drawn(round_)
        give_signing_codes(round_)

        with pytest.raises(RuleViolation, match="没有核对"):
            sign_audit(round_id=round_.pk, code=CODES[0], at=NOON)

    def test_a_recount_asks_for_a_new_audit(self, round_):
        compared(round_, drawn(round_))
        recount_round(round_, reason="依据决定重新计票", by=make_user("chief"), at=NOON)

        assert "抽样核对尚未进行" in lacks(round_)
        assert plan_audit(round_id=round_.pk, by=make_user("clerk"), at=NOON).tally.version == 2

    def test_rounds_without_the_audit_are_not_held_up(self):
        assert "抽样核对" not in lacks(make_counted_round(sample_audit=False))


class TestVerification:
    def faults(self, round_):
        return [fault for name, found in verify_round(round_) if name == "抽样核对" for fault in found]

    def test_recomputes_the_draw(self, round_):
        audit = drawn(round_)
        assert self.faults(round_) == []

        SampleAudit.objects.filter(pk=audit.pk).update(dice="0" * 20)

        assert any("种子" in fault for fault in self.faults(round_))

    def test_names_sheets_that_lead_to_no_ballot_or_to_the_same(self, round_):
        first, second = PaperSheet.objects.all()
        second.receipt = first.receipt
        second.save()

        assert self.faults(round_) == ["有1张正票找不到对应的评议票，或者几张正票对应同一张评议票。"]

"""Paper ballots: a code votes once, online or on paper; two people key a sheet; nothing links slip and sheet."""

from datetime import timedelta

import pytest

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing, voiding
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.queries import account_of_batch, paper_faults
from evaluations.paper_ballots.rules.ballot_account import SheetKind, imbalances
from evaluations.paper_ballots.services import CountDiffers, SheetContent
from evaluations.protocol.codes import format_code, issue_of
from evaluations.rounds.models import Round
from evaluations.sealing.services import opening as sealing
from evaluations.voting import services as voting
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import CLOCK, Denied
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user, raw_answers, waiting_ballots

pytestmark = pytest.mark.django_db
COUNTED = {"returned": 1, "spoiled": 0, "missing": 1}


@pytest.fixture(autouse=True)
def two_persons(settings, round_):
    settings.TWO_PERSON_RULE = True  # only now: the steps of the round would need it too


@pytest.fixture
def round_():
    return make_open_round()


def content(round_, level="1", **changes):
    ballot_form = ballot_form_by_digest(round_.ballot_form_sha256)
    raw = [RawLine(ballot_form.sections[0].code, raw_answers(level))]
    vote = validate_vote(ballot_form, "targeted", raw, needs_ticks=False)
    return SheetContent(**{"kind": SheetKind.VALID, "vote": vote, **changes})


def key(round_, number=1, by=None, **changes):
    return paper_ballots.key_sheet(
        batch_id=CodeBatch.objects.get().pk,
        number=number,
        content=changes.pop("content", None) or content(round_, **changes),
        by=by or make_user("clerk"),
        at=NOON,
    )


def register(*typed, by=None):
    batch = CodeBatch.objects.get()
    return paper_ballots.register_slips(batch_id=batch.pk, typed=typed, by=by or make_user("clerk"), at=NOON)


class TestASlip:
    def test_makes_its_code_unusable_online(self, round_):
        (code,) = make_codes(round_)

        assert register(format_code(code).lower()) == []

        with pytest.raises(RuleViolation, match="该票号无法使用"):
            voting.admit(code=code, at=NOON)
        assert Credential.objects.get().is_on_paper

    def test_and_an_online_vote_exclude_each_other(self, round_):
        online, paper = make_codes(round_, 2)
        cast_ballots(round_, [online])
        admission = voting.admit(code=paper, at=NOON)

        assert "已在网上投票" in register(online)[0].fault
        assert register(paper) == []
        vote = content(round_).vote
        with pytest.raises(RuleViolation, match="该票号无法使用"):
            voting.cast_ballot(admission=admission, code=paper, vote=vote.as_text(), comment="", digits="1234", at=NOON)
        assert BallotSpool.objects.count() == 1

    def test_that_is_unknown_void_foreign_or_repeated_is_named_and_valid_ones_are_kept(self, round_):
        good, void = make_codes(round_, 2)
        with policy.approved("cred.void"):
            batch, issues = CodeBatch.objects.get(), [issue_of(round_.key, void)]
            voiding.void_codes(batch_id=batch.pk, issues=issues, reason="退信", by=make_user("chief"), at=NOON)

        refused = register(good, good, void, "0" * 20, "xyz")

        faults = "票号联已登记", "已作废", "不是本批次", "应为20位"
        assert [slip.typed for slip in refused] == [good, void, "0" * 20, "xyz"]
        assert all(fault in slip.fault for slip, fault in zip(refused, faults, strict=True))
        assert Credential.objects.exclude(spend=None).count() == 1

    def test_of_a_replacement_code_counts_for_the_original_batch(self, round_):
        gone, *_ = make_codes(round_, 2)
        batch, issues, chief = CodeBatch.objects.get(), [issue_of(round_.key, gone)], make_user("chief")
        with policy.approved("cred.void"):
            voiding.void_codes(batch_id=batch.pk, issues=issues, reason="退信", by=chief, at=NOON)
        made, (fresh,) = issuing.replace_codes(batch_id=batch.pk, count=1, by=make_user("clerk"), at=NOON)

        assert paper_ballots.register_slips(batch_id=batch.pk, typed=[fresh], by=make_user("clerk"), at=NOON) == []
        book = account_of_batch(batch)
        assert (book.issued, book.slips) == (3, 1)
        assert paper_faults(round_) == {str(batch.pk): (f"批次“{batch.label}”：纸质票尚未清点，请先清点。",)}
        with pytest.raises(RuleViolation, match="在原批次办理"):
            paper_ballots.register_slips(batch_id=made.pk, typed=[fresh], by=make_user("clerk"), at=NOON)

    def test_leaves_no_code_in_the_audit_log(self, round_):
        (code,) = make_codes(round_)
        register(code)

        assert code not in str(list(AuditEntry.objects.values()))

    def test_is_registered_by_the_office_only(self, round_):
        make_codes(round_)
        for role in ("chief", "commission", "liaison"):
            with pytest.raises(Denied):
                register("0" * 20, by=make_user(role))


class TestASheet:
    @pytest.fixture(autouse=True)
    def slips(self, round_):
        register_codes = make_codes(round_, 2)
        register(*register_codes)

    def test_counts_when_two_people_keyed_the_same_and_is_erased_here(self, round_):
        key(round_)
        assert not BallotSpool.objects.exists()

        sheet = key(round_)

        assert sheet.kind == SheetKind.VALID
        assert (sheet.first, sheet.second) == ("", "")
        assert waiting_ballots()[0].channel == "targeted"

    def test_cannot_be_keyed_twice_by_one_person_under_any_account(self, round_):
        clerk, alias = make_user("clerk", person_code="P1"), make_user("clerk", person_code="P1")
        key(round_, by=clerk)

        for same in (clerk, alias):
            with pytest.raises(RuleViolation, match="不同的人"):
                key(round_, by=same)

        assert not BallotSpool.objects.exists()

    def test_with_two_different_keyings_is_settled_by_a_third_person(self, round_):
        first, second, third = (make_user("clerk") for _ in range(3))
        key(round_, by=first)
        sheet = key(round_, by=second, level="2")
        assert sheet.kind == ""

        for earlier in (first, second):
            with pytest.raises(RuleViolation, match="不同的人"):
                paper_ballots.settle_sheet(sheet_id=sheet.pk, content=content(round_, "2"), by=earlier, at=NOON)
        paper_ballots.settle_sheet(sheet_id=sheet.pk, content=content(round_, "2"), by=third, at=NOON)

        assert BallotSpool.objects.count() == 1
        with pytest.raises(RuleViolation, match="不需要第三人"):
            paper_ballots.settle_sheet(sheet_id=sheet.pk, content=content(round_), by=make_user("clerk"), at=NOON)

    def test_is_not_keyed_a_third_time(self, round_):
        key(round_)
        key(round_)

        with pytest.raises(RuleViolation, match="已经录入两次"):
            key(round_)

        assert BallotSpool.objects.count() == 1

    @pytest.mark.parametrize("kind", [SheetKind.BLANK, SheetKind.SPOILED, SheetKind.INVALID])
    def test_that_is_not_valid_is_recorded_with_its_reason_and_makes_no_ballot(self, round_, kind):
        what = SheetContent(kind, reason="整张涂改")
        key(round_, content=what)

        sheet = key(round_, content=what)

        assert (sheet.kind, sheet.reason) == (kind, "整张涂改")
        assert not BallotSpool.objects.exists()

    @pytest.mark.parametrize("kind", SheetKind)
    def test_without_a_vote_needs_a_reason(self, round_, kind):
        with pytest.raises(RuleViolation, match=r"须录入至少一个科室|须写明理由"):
            key(round_, content=SheetContent(kind, reason=" "))
        assert not PaperSheet.objects.exists()

    def test_is_not_keyed_before_its_slip_is_registered_and_does_not_halt_the_channel(self, round_):
        (online,) = credential_codes(round_)
        admission = voting.admit(code=online, at=NOON)
        batch, vote = first_batch(), content(round_).vote.as_text()
        for number in (1, 2):
            paper_ballots.key_sheet(
                batch_id=batch.pk, number=number, content=content(round_), by=make_user("clerk"), at=NOON
            )

        with pytest.raises(RuleViolation, match="请先登记票号联"):
            paper_ballots.key_sheet(
                batch_id=batch.pk, number=3, content=content(round_), by=make_user("clerk"), at=NOON
            )

        assert PaperSheet.objects.count() == 2
        assert voting.cast_ballot(admission=admission, code=online, vote=vote, comment="", digits="1234", at=NOON)

    def test_keyed_under_a_wrong_number_is_withdrawn_by_its_keyer_and_logged(self, round_):
        clerk, other = make_user("clerk", person_code="P1"), make_user("clerk", person_code="P2")
        wrong = key(round_, number=21, by=clerk)

        with pytest.raises(RuleViolation, match="只有录入的人"):
            paper_ballots.withdraw_keying(sheet_id=wrong.pk, reason="编号录错", by=other, at=NOON)
        with pytest.raises(RuleViolation, match="撤回的理由"):
            paper_ballots.withdraw_keying(sheet_id=wrong.pk, reason=" ", by=clerk, at=NOON)
        paper_ballots.withdraw_keying(sheet_id=wrong.pk, reason="编号录错", by=clerk, at=NOON)

        assert not PaperSheet.objects.exists()
        entry = AuditEntry.objects.latest("pk")
        assert (entry.reason, entry.detail["sheet"], entry.detail["withdrawn"]) == ("编号录错", 21, True)
        with pytest.raises(RuleViolation, match="已经撤回"):
            paper_ballots.withdraw_keying(sheet_id=wrong.pk, reason="编号录错", by=clerk, at=NOON)

    def test_keyed_twice_cannot_be_withdrawn(self, round_):
        clerk = make_user("clerk")
        key(round_, by=clerk)
        sheet = key(round_, level="2")

        with pytest.raises(RuleViolation, match="不能撤回"):
            paper_ballots.withdraw_keying(sheet_id=sheet.pk, reason="编号录错", by=clerk, at=NOON)

    def test_has_no_reference_to_a_code(self):
        kinds = {field.related_model for field in PaperSheet._meta.get_fields() if field.is_relation}
        assert Credential not in kinds
        assert Ballot not in kinds


class TestTheBallotAccount:
    @pytest.fixture
    def keyed(self, round_):
        code, _ = make_codes(round_, 2)
        register(code)
        key(round_)
        key(round_)
        return first_batch()

    def count(self, batch, by=None, at=None, is_confirmed=True, **changes):
        return paper_ballots.record_count(
            batch_id=batch.pk,
            counted={**COUNTED, **changes},
            by=by or make_user("clerk"),
            at=at or batch.round.closes_at,
            is_confirmed=is_confirmed,
        )

    def test_that_does_not_balance_is_asked_about_first(self, keyed):
        with pytest.raises(CountDiffers, match="合计12张"):
            self.count(keyed, missing=11, is_confirmed=False)

        keyed.refresh_from_db()
        assert not keyed.is_halted
        assert not PaperCount.objects.exists()

    def test_that_balances_needs_no_confirmation(self, keyed):
        assert self.count(keyed, is_confirmed=False) == []

    def test_that_balances_allows_the_sealing(self, keyed):
        assert self.count(keyed) == []

        sealed = sealing.seal_round(round_id=keyed.round_id, by=CLOCK, at=keyed.round.closes_at)

        assert sealed.ballots.get().channel == "targeted"
        assert Rating.objects.count() == 1
        assert Credential.objects.get(is_on_paper=True).spend

    def test_that_is_not_counted_prevents_the_sealing(self, keyed):
        with pytest.raises(RuleViolation, match="纸质票尚未清点"):
            sealing.seal_round(round_id=keyed.round_id, by=CLOCK, at=keyed.round.closes_at)

    def test_that_does_not_balance_halts_channel_and_sealing_until_another_person_clears_it(self, keyed):
        clerk = make_user("clerk")

        assert "合计3张" in self.count(keyed, by=clerk, missing=2)[0]

        keyed.refresh_from_db()
        assert keyed.is_halted
        with pytest.raises(RuleViolation, match="合计3张"):
            sealing.seal_round(round_id=keyed.round_id, by=CLOCK, at=keyed.round.closes_at)
        with pytest.raises(RuleViolation, match="清点和处理差异须由不同的人"):
            paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="查清", by=clerk, at=NOON)
        with pytest.raises(RuleViolation, match="请填写差异原因"):
            paper_ballots.clear_imbalance(batch_id=keyed.pk, reason=" ", by=make_user("clerk"), at=NOON)
        paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="印厂多印一张，已销毁", by=make_user("clerk"), at=NOON)
        assert sealing.seal_round(round_id=keyed.round_id, by=CLOCK, at=keyed.round.closes_at)

    def test_halts_a_channel_until_its_last_imbalance_is_cleared(self, round_, keyed):
        late, _ = make_codes(round_, 2)
        other = CodeBatch.objects.latest("pk")
        assert paper_ballots.register_slips(batch_id=other.pk, typed=[late], by=make_user("clerk"), at=NOON) == []
        assert self.count(keyed, missing=2)
        assert self.count(other)
        before = ballot_halts(round_)

        paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="印厂多印一张", by=make_user("clerk"), at=NOON)
        still = ballot_halts(round_)
        for _ in range(2):  # missing in the other batch
            paper_ballots.key_sheet(
                batch_id=other.pk, number=1, content=content(round_), by=make_user("clerk"), at=NOON
            )

        assert (before, still, ballot_halts(round_)) == ({True}, {True}, {False})

    def test_that_changes_after_a_difference_was_cleared_is_judged_anew(self, round_, keyed):
        (late,) = Credential.objects.filter(batch=keyed, spend=None)
        fresh = make_codes(round_)[0]
        Credential.objects.filter(pk=late.pk).delete()
        Credential.objects.filter(issue=issue_of(round_.key, fresh)).update(batch=keyed)
        self.count(keyed, missing=2)
        paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="印厂多印一张", by=make_user("clerk"), at=NOON)
        assert paper_faults(round_) == {}

        paper_ballots.register_slips(batch_id=keyed.pk, typed=[fresh], by=make_user("clerk"), at=NOON)

        assert not PaperCount.objects.get().cleared_because
        assert len(paper_faults(round_)[str(keyed.pk)]) == 3
        assert ballot_halts(round_) == {True}
        paper_ballots.key_sheet(batch_id=keyed.pk, number=2, content=content(round_), by=make_user("clerk"), at=NOON)
        with pytest.raises(RuleViolation, match="没有完成双人录入"):
            sealing.seal_round(round_id=round_.pk, by=CLOCK, at=keyed.round.closes_at)
        with pytest.raises(RuleViolation, match="不能按差异处理"):
            paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="查清", by=make_user("clerk"), at=NOON)

    def test_is_not_cleared_without_a_difference(self, keyed):
        self.count(keyed)

        with pytest.raises(RuleViolation, match="没有待处理的差异"):
            paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="查清", by=make_user("clerk"), at=NOON)

    def test_cannot_be_cleared_while_a_sheet_is_keyed_only_once(self, round_, keyed):
        _, late = make_codes(round_, 2)
        Credential.objects.filter(issue=issue_of(round_.key, late)).update(batch=keyed)
        paper_ballots.register_slips(batch_id=keyed.pk, typed=[late], by=make_user("clerk"), at=NOON)
        paper_ballots.key_sheet(batch_id=keyed.pk, number=2, content=content(round_), by=make_user("clerk"), at=NOON)
        self.count(keyed)

        with pytest.raises(RuleViolation, match="双人录入"):
            paper_ballots.clear_imbalance(batch_id=keyed.pk, reason="查清", by=make_user("clerk"), at=NOON)

    def test_is_counted_only_after_the_vote(self, keyed):
        with pytest.raises(RuleViolation, match="投票截止后"):
            self.count(keyed, at=keyed.round.closes_at - timedelta(seconds=1))

    def test_of_a_batch_without_paper_is_filled_in_by_the_system(self, round_):
        codes = make_codes(round_, 9)
        batch = CodeBatch.objects.get()
        cast_ballots(round_, codes[:6])
        Credential.objects.filter(issue=issue_of(round_.key, codes[7])).update(is_void=True)

        book = account_of_batch(batch)

        assert (book.issued, book.online, book.returned, book.spoiled, book.missing) == (9, 6, 0, 1, 2)
        assert imbalances(book) == []
        assert paper_faults(round_) == {}
        CodeBatch.objects.update(is_open=False)  # recalled: unused codes are void
        assert (account_of_batch(batch).spoiled, account_of_batch(batch).missing) == (3, 0)

    def test_is_shown_with_its_current_figures(self, keyed):
        book = account_of_batch(keyed)

        assert (book.issued, book.online, book.slips, book.sheets, book.unsettled) == (2, 0, 1, 1, 0)


def test_paper_ballots_are_closed_once_the_box_is_sealed(round_):
    (code,) = make_codes(round_)
    Round.objects.update(state="sealed")

    for act in (lambda: register(code), lambda: key(round_)):
        with pytest.raises(RuleViolation, match="封箱之前"):
            act()


def ballot_halts(round_):
    return set(CodeBatch.objects.filter(round=round_).values_list("is_halted", flat=True))


def first_batch():
    return CodeBatch.objects.select_related("round").order_by("pk").first()


def credential_codes(round_):
    """One more code of the channel, in a separate batch."""
    return make_codes(round_)

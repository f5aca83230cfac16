"""Casting: a code works once, in its round, in time; a refusal changes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import BallotSpool
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing, open_channel, voiding
from evaluations.protocol.codes import format_code, issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.voting.services import Admission, admit, cast_ballot, receipt_for
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import NOON, make_codes, make_open_round, make_self_service, make_user, raw_answers


def vote_for(round_: Round, sections: int = 1) -> str:
    paper = ballot_form_by_digest(round_.ballot_form_sha256)
    raw = [RawLine(section.code, raw_answers()) for section in paper.sections[:sections]]
    return validate_vote(paper, "targeted", raw).as_text()


def cast(round_: Round, code: str, **changes):
    admission = changes.pop("admission", None) or admit(code=code, at=NOON)
    wanted = {
        "admission": admission,
        "code": code,
        "vote": vote_for(round_),
        "comment": "",
        "digits": "1234",
        "at": NOON,
    }
    return cast_ballot(**{**wanted, **changes})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sections", [1, 105])
def test_casting_takes_four_statements_however_many_sections_are_rated(sections):
    round_ = make_open_round(sections=105)
    (code,) = make_codes(round_)
    admission, vote = admit(code=code, at=NOON), vote_for(round_, sections)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        cast(round_, code, admission=admission, vote=vote)

    verbs = [query["sql"].split()[0] for query in queries]
    assert verbs == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]


@pytest.mark.django_db
class TestACode:
    def test_is_used_up_by_its_ballot(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)

        receipt = cast(round_, code, admission=admission)

        assert receipt == receipt_for(admission, "1234")
        with pytest.raises(RuleViolation, match="该票号无法使用"):
            cast(round_, code, admission=replace(admission, random="00"))
        with pytest.raises(RuleViolation, match="该票号无法使用"):
            admit(code=code, at=NOON)
        assert BallotSpool.objects.count() == 1

    def test_sent_again_after_a_lost_answer_is_still_one_ballot_with_the_same_receipt(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)

        receipts = {cast(round_, code, admission=admission) for _ in range(3)}

        assert len(receipts) == BallotSpool.objects.count() == 1

    @pytest.mark.parametrize("change", [{"digits": "9999"}, {"comment": "改了意见"}, {"sections": 2}])
    def test_sent_again_with_something_else_is_refused(self, change):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)
        cast(round_, code, admission=admission)
        changed = {"vote": vote_for(round_, change["sections"])} if "sections" in change else change

        with pytest.raises(RuleViolation, match="该票号无法使用"):
            cast(round_, code, admission=admission, **changed)

        assert BallotSpool.objects.count() == 1

    def test_may_be_typed_untidily(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)

        assert cast(round_, f" {format_code(code).lower()} ")

    @pytest.mark.parametrize(
        ("typed", "text"), [("", "请输入票号"), ("ABC", "应为20位，您输入了3位"), ("U" * 20, "没有字母U")]
    )
    def test_that_is_mistyped_is_explained(self, typed, text):
        make_open_round()

        with pytest.raises(RuleViolation, match=text):
            admit(code=typed, at=NOON)

    def test_that_is_unknown_void_recalled_or_foreign_gets_the_same_answer(self):
        round_ = make_open_round()
        void, recalled = make_codes(round_)[0], make_codes(round_)[0]
        first, batch = CodeBatch.objects.all()
        issues = [issue_of(round_.key, void)]
        voiding.void_codes(batch_id=first.pk, issues=issues, reason="退信", by=make_user("chief"), at=NOON)
        voiding.recall_batch(batch_id=batch.pk, reason="遗失", by=make_user("chief"), at=NOON)

        answers = set()
        for code in (issuing.new_code(), void, recalled):
            with pytest.raises(RuleViolation) as refusal:
                admit(code=code, at=NOON)
            answers.add(str(refusal.value))

        assert len(answers) == 1

    def test_of_another_round_is_refused(self):
        first = make_open_round()
        (foreign,) = make_codes(first)
        Round.objects.filter(pk=first.pk).update(state=RoundState.SEALED)
        make_open_round()

        with pytest.raises(RuleViolation, match="该票号无法使用"):
            admit(code=foreign, at=NOON)

    @pytest.mark.parametrize(("seconds", "accepted"), [(-1, True), (0, False), (1, False)])
    def test_counts_until_the_closing_second(self, seconds, accepted):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission, at = admit(code=code, at=NOON), round_.closes_at + timedelta(seconds=seconds)

        if accepted:
            cast(round_, code, admission=admission, at=at)
        else:
            with pytest.raises(RuleViolation, match="不在投票时间内"):
                cast(round_, code, admission=admission, at=at)

        assert BallotSpool.objects.count() == accepted
        assert Credential.objects.filter(spend=None).count() == (not accepted)

    def test_recalled_while_its_holder_fills_in_the_form_is_refused(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)
        CodeBatch.objects.update(is_open=False)

        with pytest.raises(RuleViolation):
            cast(round_, code, admission=admission)

        assert not BallotSpool.objects.exists()


@pytest.mark.django_db
class TestAnAdmission:
    def test_travels_signed(self):
        round_ = make_open_round()
        admission = admit(code=make_codes(round_)[0], at=NOON)

        assert Admission.from_token(admission.token()) == admission
        for altered in ("", "x", admission.token()[:-1], admission.token() + "x", "a:b", "\ud800"):
            with pytest.raises(RuleViolation, match="重新输入票号"):
                Admission.from_token(altered)

    def test_belongs_to_its_code(self):
        round_ = make_open_round()
        first, second = make_codes(round_, 2)

        with pytest.raises(RuleViolation, match="重新输入票号"):
            cast(round_, second, admission=admit(code=first, at=NOON))

        assert not BallotSpool.objects.exists()

    def test_cannot_be_moved_to_another_batch(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        other = make_self_service(round_)

        with pytest.raises(RuleViolation):
            cast(round_, code, admission=replace(admit(code=code, at=NOON), batch=other.pk))

        assert not BallotSpool.objects.exists()


@pytest.mark.django_db
def test_a_vote_writes_only_the_spool_and_the_spent_code():
    round_ = make_open_round()
    (code,) = make_codes(round_)
    before = AuditEntry.objects.count()

    cast(round_, code)

    assert AuditEntry.objects.count() == before
    assert BallotSpool.objects.count() == 1
    fields = {type(field).__name__ for field in BallotSpool._meta.get_fields()}
    assert not fields & {"DateTimeField", "DateField", "TimeField", "GenericIPAddressField"}


@pytest.mark.django_db
def test_self_service_codes_are_issued_only_during_the_vote():
    round_ = make_open_round()
    counter = make_self_service(round_)

    code = open_channel.issue_open_code(batch_id=counter.pk, at=NOON)
    assert admit(code=code, at=NOON).channel == "other"

    with pytest.raises(RuleViolation, match="不能领取"):
        open_channel.issue_open_code(batch_id=counter.pk, at=round_.closes_at)

"""Casting: a code works once, in its round, in time; a refusal changes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.box_key.services.making import make_server_key
from evaluations.box_key.services.rows import sealing_key
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing, open_channel, voiding
from evaluations.protocol.codes import format_code, issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.services.opening import seal_round
from evaluations.voting.services import Admission, Cast, admit, cast_ballot, receipt_for
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK
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
    sealing_key(round_.box_key)  # a process reads it once

    with CaptureQueriesContext(connection) as queries:
        cast(round_, code, admission=admission, vote=vote)

    verbs = [query["sql"].split()[0] for query in queries]
    assert verbs == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]


@pytest.mark.django_db
class TestACode:
    def test_is_used_up_by_its_ballot(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)

        done = cast(round_, code, admission=admission)

        assert done == Cast(receipt_for(admission, "1234"), is_new=True)
        with pytest.raises(RuleViolation, match="该票号无法使用"):
            cast(round_, code, admission=replace(admission, random="00"))
        with pytest.raises(RuleViolation, match="该票号无法使用"):
            admit(code=code, at=NOON)
        assert BallotSpool.objects.count() == 1

    @pytest.mark.parametrize("when", ["during the vote", "after closing", "after opening"])
    @pytest.mark.parametrize("change", [{}, {"comment": "改了意见"}, {"vote": '{"lines":[]}'}])
    def test_sent_again_from_the_same_page_is_in_the_box_whatever_the_vote(self, when, change):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)
        first = cast(round_, code, admission=admission)
        if when == "after opening":
            seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
            sealing_key.cache_clear()  # as in a process that starts afterwards
        at = NOON if when == "during the vote" else round_.closes_at

        again = cast(round_, code, admission=admission, at=at, **change)

        assert again == Cast(first.receipt, is_new=False)
        assert BallotSpool.objects.count() + Ballot.objects.count() == 1

    @pytest.mark.parametrize("when", ["during the vote", "after opening"])
    @pytest.mark.parametrize("other", ["digits", "page"])
    def test_sent_again_with_another_receipt_is_refused(self, when, other):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission, second = admit(code=code, at=NOON), admit(code=code, at=NOON)
        cast(round_, code, admission=admission)
        if when == "after opening":
            seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
            sealing_key.cache_clear()  # as in a process that starts afterwards
        changes = {"digits": "9999"} if other == "digits" else {"admission": second}

        with pytest.raises(RuleViolation, match="该票号无法使用" if when == "during the vote" else "不在投票时间内"):
            cast(round_, code, **{"admission": admission, **changes})

        assert BallotSpool.objects.count() + Ballot.objects.count() == 1

    def test_admitted_before_the_box_key_was_replaced_is_refused_with_the_reason(self):
        round_ = make_open_round()
        (code,) = make_codes(round_)
        admission = admit(code=code, at=NOON)
        make_server_key(round_, at=NOON)

        with pytest.raises(RuleViolation, match="票箱密钥已更换，评议票没有提交"):
            cast(round_, code, admission=admission)

        assert cast(round_, code).is_new

    @pytest.mark.parametrize("vote", ["", "{}\n", '{"lines": []}', '{"b":1,"a":2}', "[1.0]"])
    def test_casts_only_a_vote_that_parses_to_itself(self, vote):
        round_ = make_open_round()
        (code,) = make_codes(round_)

        with pytest.raises(RuleViolation, match="页面信息不完整"):
            cast(round_, code, vote=vote)

        assert not BallotSpool.objects.exists()

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

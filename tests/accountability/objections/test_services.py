"""Objections before and after publication: periods, recounts before witnesses, decisions, corrections."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState, MeasureState
from accountability.objections.models import Objection
from accountability.objections.rules import Ground, ObjectionState, Outcome, Stage
from accountability.objections.services import (
    Decision,
    accept_objection,
    decide_objection,
    file_objection,
    file_review,
    recount_objection,
    sign_recount,
)
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import RectificationState
from evaluations.draws.models import Draw, DrawEntry, SigningCode
from evaluations.pools.models import PoolEntry
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction
from evaluations.round_log.queries import entries_of, log_lines
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.methods import Files
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import NOON, make_account, make_counted_round, make_liaison

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(days=1)
ANSWER = "经复算，计票无误。"
CODES = tuple(f"{first}BCDEFGHJKMNPQRSTVWX" for first in "ABC")


def in_review(round_, *, witnesses=3):
    """A round whose units learned their results at NOON, with drawn supervisors, who need not sign the count."""
    round_.rulebook["count_witnesses"] = 0
    round_.save(update_fields=["rulebook"])
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    draw = Draw.objects.create(
        round=round_, purpose="supervisors", draw_id=f"{round_.key}-s", params="{}", commit="", committed_at=NOON
    )
    for n, code in enumerate(CODES[:witnesses]):
        facts = {"stratum": "市民代表", "name": f"监督员{n}", "phone": f"1390000000{n}", "phone_hash": str(n)}
        person = PoolEntry.objects.create(round=round_, kind="supervisors", **facts)
        entry = DrawEntry.objects.create(
            draw=draw, stratum="市民代表", token=str(n), person=person, is_selected=True, place=n
        )
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(code.encode()))
    return round_


def section_of(round_, code="D01-01"):
    return round_.sections.get(code=code)


def filed(round_, ground=Ground.WRONG_SECTION, by=None, at=SOON):
    return file_objection(
        section_id=section_of(round_).pk, ground=ground, facts="该窗口不属于本科室", by=by or make_liaison(), at=at
    )


def recounted(round_, monkeypatch, *, agrees=True, ground=Ground.WRONG_SECTION, at=SOON, signed=CODES[:2]):
    objection = filed(round_, ground, at=at)
    accept_objection(objection_id=objection.pk, by=make_account(Role.CHIEF), at=at)
    files = Files(b"{}" if agrees else b"other")
    Tally.objects.update(result_sha256=sha256_hex(b"{}"))
    monkeypatch.setattr("accountability.objections.services.recount", lambda ballots, book: files)
    recount_objection(objection_id=objection.pk, by=make_account(Role.CLERK), at=at)
    for code in signed:
        sign_recount(objection_id=objection.pk, code=code, at=at)
    objection.refresh_from_db()
    return objection


def decide(objection, outcome, by=None, at=SOON):
    return decide_objection(
        objection_id=objection.pk, decision=Decision(outcome, ANSWER), by=by or make_account(), at=at
    )


def test_an_objection_holds_the_publication_until_it_is_decided(monkeypatch):
    round_ = in_review(make_counted_round())
    objection = recounted(round_, monkeypatch)
    later = NOON + timedelta(days=10)

    with pytest.raises(RuleViolation, match="尚未办结"):
        publish_and_start(round_id=round_.pk, by=make_account(), at=later)
    decide(objection, Outcome.REJECTED)

    assert publish_and_start(round_id=round_.pk, by=make_account(), at=later)


def test_an_objection_upheld_before_publication_strikes_the_section_without_naming_it(monkeypatch):
    round_ = in_review(make_counted_round())
    scores = list(SectionResult.objects.values_list("section__code", "difficulty", "rank"))

    decide(recounted(round_, monkeypatch), Outcome.UPHELD)
    notice = publish_and_start(round_id=round_.pk, by=make_account(), at=NOON + timedelta(days=10))

    assert "D01-01" not in notice.content
    assert list(SectionResult.objects.values_list("section__code", "difficulty", "rank")) == scores
    assert not Case.objects.filter(result__section__code="D01-01").exists()


def test_an_upheld_appeal_corrects_the_list_lifts_the_freeze_and_ends_the_measures(monkeypatch):
    round_ = in_review(make_counted_round())
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON + timedelta(days=10))
    at = NOON + timedelta(days=12)
    objection = recounted(round_, monkeypatch, at=at)

    decided = decide(objection, Outcome.UPHELD, at=at)

    case = Case.objects.get(result__section__code="D01-01")
    assert objection.stage == Stage.APPEAL
    assert decided.correction.version == 2
    assert list(Publication.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    assert case.state == CaseState.CLOSED
    assert not case.measures.filter(state=MeasureState.PENDING).exists()
    assert not PromotionFreeze.objects.filter(case=case, lifted_on__isnull=True).exists()
    assert case.rectification.state == RectificationState.CANCELLED
    assert Case.objects.filter(state=CaseState.OPEN).count() == 9


def test_an_appeal_does_not_stop_the_measures():
    round_ = in_review(make_counted_round())
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON + timedelta(days=10))

    filed(round_, at=NOON + timedelta(days=12))

    assert Case.objects.filter(state=CaseState.OPEN).count() == 10


def test_an_objection_to_the_count_is_not_upheld_if_the_recount_agrees(monkeypatch):
    round_ = in_review(make_counted_round())
    objection = recounted(round_, monkeypatch, ground=Ground.COUNTING)

    with pytest.raises(RuleViolation, match="复算结果与计票结果一致"):
        decide(objection, Outcome.UPHELD)

    objection.refresh_from_db()
    assert objection.state == ObjectionState.RECOUNTED


class TestInvalidBallots:
    """An objection to ballots is upheld once they are excluded; the refusal names the way only where it is open."""

    def objected(self, monkeypatch, **flag):
        round_ = in_review(make_counted_round())
        if flag:
            AnomalyFlag.objects.create(round=round_, kind="straight", text="相同", found_at=NOON, **flag)
        return recounted(round_, monkeypatch, ground=Ground.INVALID_BALLOTS)

    def test_the_flags_that_are_open_are_named(self, monkeypatch):
        objection = self.objected(monkeypatch, ballots=[str(uuid4())])

        with pytest.raises(RuleViolation, match="请先在“异常提示”中认定废票，重新计票后再答复"):
            decide(objection, Outcome.UPHELD)

    @pytest.mark.parametrize(
        "flag",
        [{}, {"ballots": []}, {"ballots": ["x"], "verdict": "kept", "reason": "无异常", "decided_at": NOON}],
    )
    def test_no_way_is_named_where_there_is_none(self, monkeypatch, flag):
        objection = self.objected(monkeypatch, **flag)

        with pytest.raises(RuleViolation) as refused:
            decide(objection, Outcome.UPHELD)

        assert "异常提示" not in str(refused.value)

    def test_it_is_upheld_after_a_newer_count_and_says_that_the_recount_is_older(self, monkeypatch):
        objection = self.objected(monkeypatch)
        Tally.objects.update(at=SOON + timedelta(hours=1))

        assert objection.agreement == "与计票结果一致（此后已重新计票）"
        assert decide(objection, Outcome.UPHELD).outcome == Outcome.UPHELD


def test_a_differing_recount_is_recorded_with_its_witnesses(monkeypatch):
    objection = recounted(in_review(make_counted_round()), monkeypatch, agrees=False, ground=Ground.COUNTING)

    assert objection.recount_agrees is False
    assert objection.witnesses == "监督员0、监督员1"


class TestWitnesses:
    """A recount is signed by the supervisors present, each with a code of their own."""

    @pytest.mark.parametrize(("signed", "lacking"), [((), 2), (CODES[:1], 1)])
    def test_nothing_is_decided_before_two_have_signed(self, monkeypatch, signed, lacking):
        objection = recounted(in_review(make_counted_round()), monkeypatch, signed=signed)

        for outcome in (Outcome.UPHELD, Outcome.REJECTED):
            with pytest.raises(RuleViolation, match=f"还差{lacking}名监督员签名"):
                decide(objection, outcome)

        objection.refresh_from_db()
        assert objection.state == ObjectionState.RECOUNTED

    def test_what_is_inadmissible_needs_no_witness(self, monkeypatch):
        objection = recounted(in_review(make_counted_round()), monkeypatch, signed=())
        assert decide(objection, Outcome.INADMISSIBLE).outcome == Outcome.INADMISSIBLE

    def test_a_supervisor_signs_once_and_keeps_the_other_codes(self, monkeypatch):
        objection = recounted(in_review(make_counted_round()), monkeypatch, signed=CODES[:1])
        entry, again = SigningCode.objects.exclude(used_at=None).get().entry, "EBCDEFGHJKMNPQRSTVWX"
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(again.encode()))

        with pytest.raises(RuleViolation, match="已经为本次复算签名"):
            sign_recount(objection_id=objection.pk, code=again, at=SOON)

        assert (objection.signatures.count(), SigningCode.objects.exclude(used_at=None).count()) == (1, 1)

    @pytest.mark.parametrize("code", ["", "12345", "ZZZZZZZZZZZZZZZZZZZZ", CODES[0]])
    def test_a_code_that_is_wrong_or_used_signs_nothing(self, monkeypatch, code):
        objection = recounted(in_review(make_counted_round()), monkeypatch, signed=CODES[:1])
        with pytest.raises(RuleViolation, match="签名码"):
            sign_recount(objection_id=objection.pk, code=code, at=SOON)
        assert objection.signatures.count() == 1

    def test_nothing_is_signed_before_the_recount(self):
        objection = filed(in_review(make_counted_round()))
        with pytest.raises(RuleViolation, match="只能在“已复算”时办理"):
            sign_recount(objection_id=objection.pk, code=CODES[0], at=SOON)
        assert not SigningCode.objects.exclude(used_at=None).exists()


def test_an_objection_after_the_third_working_day_is_too_late():
    round_ = in_review(make_counted_round())  # on a Friday: the third working day is Wednesday

    filed(round_, at=NOON + timedelta(days=5))
    with pytest.raises(RuleViolation, match="已超过期限"):
        filed(round_, Ground.COUNTING, at=NOON + timedelta(days=6))


def test_an_appeal_after_ten_days_is_too_late():
    round_ = in_review(make_counted_round())
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON + timedelta(days=10))

    filed(round_, at=NOON + timedelta(days=20))
    with pytest.raises(RuleViolation, match="已超过期限"):
        filed(round_, Ground.COUNTING, at=NOON + timedelta(days=21))


def test_a_ground_is_accepted_once_and_with_facts_only():
    round_ = in_review(make_counted_round())
    filed(round_)

    with pytest.raises(RuleViolation, match="同一事由"):
        filed(round_)
    with pytest.raises(RuleViolation, match="单纯对得分高低不服的，不属于异议事由"):
        file_objection(section_id=section_of(round_).pk, ground=Ground.COUNTING, facts=" ", by=make_liaison(), at=SOON)


def test_only_the_units_own_liaison_objects():
    round_ = in_review(make_counted_round())

    for account in (make_liaison("D02"), make_account(), make_account(Role.CHIEF)):
        with pytest.raises(Denied):
            filed(round_, by=account)
    assert not Objection.objects.exists()


def test_a_review_follows_a_rejection_once_and_in_time(monkeypatch):
    round_ = in_review(make_counted_round())
    first = recounted(round_, monkeypatch)
    decide(first, Outcome.REJECTED)

    again = file_review(objection_id=first.pk, facts="仍有异议", by=make_liaison(), at=SOON)

    assert again.stage == Stage.REVIEW
    assert round_.holds.filter(released_at=None).count() == 1
    with pytest.raises(RuleViolation, match="同一事由"):
        file_review(objection_id=first.pk, facts="仍有异议", by=make_liaison(), at=SOON)


def test_the_signer_of_the_list_does_not_decide_an_appeal(monkeypatch):
    round_, signer = in_review(make_counted_round()), make_account()
    publish_and_start(round_id=round_.pk, by=signer, at=NOON + timedelta(days=10))
    objection = recounted(round_, monkeypatch, at=NOON + timedelta(days=12))

    with pytest.raises(RuleViolation, match="原审批人"):
        decide(objection, Outcome.REJECTED, by=signer)


def test_whoever_signed_a_correction_of_others_decides_an_appeal_and_the_first_signer_still_does_not(monkeypatch):
    round_, signer, second = in_review(make_counted_round()), make_account(), make_account()
    publish_and_start(round_id=round_.pk, by=signer, at=NOON + timedelta(days=10))
    objection = recounted(round_, monkeypatch, at=NOON + timedelta(days=12))
    other = round_.results.filter(is_listed=True).exclude(section=objection.section).first()
    correct_and_follow(
        round_id=round_.pk,
        correction=Correction(reason="该科室已撤销", withdrawn=(other.section.code,)),
        by=second,
        at=NOON + timedelta(days=13),
    )

    with pytest.raises(RuleViolation, match="原审批人"):
        decide(objection, Outcome.REJECTED, by=signer)
    assert decide(objection, Outcome.REJECTED, by=second).decided_by == second


def test_nothing_is_upheld_or_rejected_without_a_recount():
    objection = filed(in_review(make_counted_round()))

    with pytest.raises(RuleViolation, match="复算之后"):
        decide(objection, Outcome.REJECTED)
    assert decide(objection, Outcome.INADMISSIBLE).state == ObjectionState.DECIDED
    with pytest.raises(RuleViolation, match="已答复"):
        decide(objection, Outcome.INADMISSIBLE)


def test_an_upheld_appeal_corrects_the_list_under_the_two_person_rule_too(monkeypatch, settings):
    round_ = in_review(make_counted_round())
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON + timedelta(days=10))
    at = NOON + timedelta(days=12)
    objection = recounted(round_, monkeypatch, at=at)
    settings.TWO_PERSON_RULE = True

    assert decide(objection, Outcome.UPHELD, at=at).correction.version == 2


def test_an_objection_and_its_recount_stand_in_the_record_of_the_round(monkeypatch):
    round_ = in_review(make_counted_round())
    recounted(round_, monkeypatch)

    lines = log_lines(entries_of(round_, make_account(Role.CHIEF)))

    assert {"提出申诉", "受理"} <= {line.what for line in lines if line.about == "异议和申诉"}
    assert not any(line.reason for line in lines)

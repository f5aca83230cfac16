"""Objections before and after publication: periods, recounts before witnesses, decisions, corrections."""

from datetime import timedelta

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
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
    supervisors,
)
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import RectificationState
from evaluations.draws.models import Draw, DrawEntry
from evaluations.pools.models import PoolEntry
from evaluations.publication.models import Publication
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.methods import Files
from evaluations.tally.models import SectionResult, Tally
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import NOON, make_account, make_counted_round, make_liaison

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(days=1)
ANSWER = "经复算，计票无误。"


def in_review(round_, *, witnesses=3):
    """A round whose units learned their results at NOON, with drawn supervisors."""
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    draw = Draw.objects.create(
        round=round_, purpose="supervisors", draw_id=f"{round_.key}-s", params="{}", commit="", committed_at=NOON
    )
    for n in range(witnesses):
        facts = {"stratum": "市民代表", "name": f"监督员{n}", "phone": f"1390000000{n}", "phone_hash": str(n)}
        person = PoolEntry.objects.create(round=round_, kind="supervisors", **facts)
        DrawEntry.objects.create(draw=draw, stratum="市民代表", token=str(n), person=person, is_selected=True, place=n)
    return round_


def section_of(round_, code="D01-01"):
    return round_.sections.get(code=code)


def filed(round_, ground=Ground.WRONG_SECTION, by=None, at=SOON):
    return file_objection(
        section_id=section_of(round_).pk, ground=ground, facts="该窗口不属于本科室", by=by or make_liaison(), at=at
    )


def recounted(round_, monkeypatch, *, agrees=True, ground=Ground.WRONG_SECTION, at=SOON):
    objection = filed(round_, ground, at=at)
    accept_objection(objection_id=objection.pk, by=make_account(Role.CHIEF), at=at)
    files = Files(b"{}" if agrees else b"other")
    Tally.objects.update(result_sha256=sha256_hex(b"{}"))
    monkeypatch.setattr("accountability.objections.services.recount", lambda ballots, book: files)
    present = [entry.pk for entry in supervisors(round_)]
    return recount_objection(objection_id=objection.pk, witnesses=present, by=make_account(Role.CLERK), at=at)


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


def test_a_differing_recount_is_recorded_with_its_witnesses(monkeypatch):
    objection = recounted(in_review(make_counted_round()), monkeypatch, agrees=False, ground=Ground.COUNTING)

    assert objection.recount_agrees is False
    assert objection.witnesses == "监督员0、监督员1、监督员2"


def test_a_recount_needs_two_drawn_supervisors():
    round_ = in_review(make_counted_round(), witnesses=1)
    objection = filed(round_)
    accept_objection(objection_id=objection.pk, by=make_account(Role.CHIEF), at=SOON)

    with pytest.raises(RuleViolation, match="至少2名"):
        recount_objection(
            objection_id=objection.pk,
            witnesses=[entry.pk for entry in supervisors(round_)],
            by=make_account(Role.CLERK),
            at=SOON,
        )


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

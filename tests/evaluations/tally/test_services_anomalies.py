"""Decisions on anomaly flags: by two persons, with a reason; invalid ballots lead to a recount."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from evaluations.ballots.models import Rating
from evaluations.lifecycle import services as lifecycle
from evaluations.publication.services import place_hold, publish_list
from evaluations.rounds.models import Round
from evaluations.scoring.method import Indicator
from evaluations.scoring.methods import outcomes, parse_rulebook, recount
from evaluations.tally.files import ballots_csv
from evaluations.tally.models import AnomalyFlag, Tally
from evaluations.tally.queries.aggregates import count_ballots
from evaluations.tally.rules.anomalies import Flag, FlagKind, Verdict
from evaluations.tally.services import detection
from evaluations.tally.services.anomalies import KEEP_FLAGS, decide_flag, keep_flags
from evaluations.tally.services.tally import recount_round
from evaluations.verification.services import tally_faults
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.evaluations.tally.factories import LATER, SMALL, count, spread_answers
from tests.factories import make_sealed_round, make_user

pytestmark = pytest.mark.django_db


class TestAFlag:
    """Three of the six ballots are alike: straight-lined, and duplicates of each other."""

    def counted(self):
        round_ = make_sealed_round(targeted=6, level="2", rulebook=SMALL)
        spread_answers(round_)
        alike = round_.ballots.order_by("pk")[:3]
        fields = dict.fromkeys(Indicator.values, 3)
        Rating.objects.filter(ballot__in=[ballot.pk for ballot in alike]).update(**fields)
        count(round_)
        return round_, round_.flags.get(kind=FlagKind.STRAIGHT)

    def decide(self, flag, verdict, reason="查实替人填票", by="supervisor"):
        return decide_flag(flag_id=flag.pk, verdict=verdict, reason=reason, by=make_user(by), at=LATER)

    def test_is_found_by_the_count_and_excludes_no_ballot(self):
        round_, flag = self.counted()

        assert {f.kind for f in round_.flags.all()} == {FlagKind.STRAIGHT, FlagKind.DUPLICATE}
        assert len(flag.ballots) == 3
        assert round_.ballots.filter(is_counted=True).count() == 6

    def test_comes_with_the_places_without_its_ballots(self):
        round_, _ = self.counted()
        method = parse_rulebook(json.loads(round_.tally.rulebook))
        flagged = {ballot for flag in round_.flags.all() for ballot in flag.ballots}
        Rating.objects.filter(ballot__in=flagged).update(is_counted=False)

        rest = outcomes(method, count_ballots(round_, method))

        assert round_.tally.without_flags == {section: list(place) for section, place in rest.items()}

    def test_kept_ballots_stay_in_the_count(self):
        round_, flag = self.counted()

        self.decide(flag, Verdict.KEPT, "核查无异常")

        assert round_.tally.version == 1
        assert AnomalyFlag.objects.get(pk=flag.pk).verdict == Verdict.KEPT

    def test_invalid_ballots_are_excluded_and_the_round_is_recounted(self):
        round_, flag = self.counted()
        first = round_.tally

        self.decide(flag, Verdict.INVALID)

        second = round_.tally
        assert (second.version, second.reason) == (2, "认定废票3张：查实替人填票")
        assert round_.ballots.filter(is_counted=True).count() == 3
        assert recount(ballots_csv(round_), json.loads(second.rulebook)).result == second.result.encode()
        assert Tally.objects.get(pk=first.pk).result == first.result
        assert list(tally_faults()) == []

    def test_ballots_are_excluded_while_an_objection_to_them_is_open(self):
        round_, flag = self.counted()
        round_.refresh_from_db()
        place_hold(round_, "对无效票的异议", at=LATER)

        self.decide(flag, Verdict.INVALID)

        assert round_.tally.version == 2
        assert round_.holds.get().released_at is None

    @pytest.mark.parametrize(
        ("verdict", "reason", "refusal"),
        [(Verdict.KEPT, " ", "处理理由"), (Verdict.OPEN, "x", "请选择")],
    )
    def test_needs_a_verdict_and_a_reason(self, verdict, reason, refusal):
        _, flag = self.counted()

        with pytest.raises(RuleViolation, match=refusal):
            self.decide(flag, verdict, reason)

        assert AnomalyFlag.objects.get(pk=flag.pk).verdict == Verdict.OPEN

    def test_is_decided_once(self):
        _, flag = self.counted()
        self.decide(flag, Verdict.KEPT)

        with pytest.raises(RuleViolation, match="已处理"):
            self.decide(flag, Verdict.INVALID)

    def test_without_ballots_cannot_make_any_invalid(self):
        round_, flag = self.counted()
        AnomalyFlag.objects.filter(pk=flag.pk).update(ballots=[], kind=FlagKind.FAR)

        with pytest.raises(RuleViolation, match="不涉及具体评议票"):
            self.decide(flag, Verdict.INVALID)

        assert round_.tally.version == 1

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "liaison"])
    def test_is_decided_by_a_supervisor_only(self, role):
        _, flag = self.counted()

        with pytest.raises(Denied):
            self.decide(flag, Verdict.KEPT, by=role)

    def test_takes_two_persons_and_shows_the_approver_the_ballots(self, settings):
        _, flag = self.counted()
        settings.TWO_PERSON_RULE = True
        reason = {"verdict": Verdict.INVALID.value, "reason": "查实替人填票"}

        approval = approvals.propose("flag.decide", flag, by=make_user("clerk"), at=LATER, **reason)
        with pytest.raises(RuleViolation, match="一人办理"):
            self.decide(flag, Verdict.KEPT)
        approvals.approve(approval_id=approval.pk, by=make_user("supervisor"), at=LATER)

        flag.refresh_from_db()
        assert (flag.verdict, approval.content["涉及票数"]) == (Verdict.INVALID, "少于5")

    def test_stops_the_publication_while_undecided(self):
        round_, _ = self.counted()
        lifecycle.announce_result(round_id=round_.pk, by=make_user("chief"), at=LATER)

        with pytest.raises(RuleViolation, match="件异常提示没有处理"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))


class TestFlagsThatNameNoBallots:
    """One decision keeps all of a count's."""

    def counted(self):
        round_ = make_sealed_round(targeted=6, level="2", rulebook=SMALL)
        count(round_)
        round_.refresh_from_db()
        round_.flags.all().delete()
        far, one_sided = (
            AnomalyFlag.objects.create(
                round=round_,
                kind=kind,
                section=round_.sections.first(),
                channel="other",
                text=f"与抽签渠道相差{points}分（偏高），超过6分。",
                found_at=LATER,
            )
            for kind, points in ((FlagKind.FAR, "12.0"), (FlagKind.ONE_SIDED, "7.0"))
        )
        return round_, far, one_sided

    def keep(self, round_, reason="渠道人群不同", own=None, by="supervisor"):
        return keep_flags(round_id=round_.pk, reason=reason, own=own or {}, by=make_user(by), at=LATER)

    def test_are_kept_at_once_and_recorded_in_one_row(self):
        round_, far, one_sided = self.counted()
        before = AuditEntry.objects.count()

        self.keep(round_, own={str(far.pk): " 大厅集中投放 ", str(one_sided.pk): " "})

        (row,) = AuditEntry.objects.order_by("seq")[before:]
        assert (row.action, row.reason, row.detail["flags"]) == ("ballot.invalid", "渠道人群不同", 2)
        kept = round_.flags.filter(verdict=Verdict.KEPT, decided_at=LATER)
        assert dict(kept.values_list("kind", "reason")) == {"far": "大厅集中投放", "one_sided": "渠道人群不同"}
        assert [fault for fault in changed_facts("flags") if "异常提示" in fault] == []

    def test_leave_flags_that_name_ballots_alone(self):
        round_, *_ = self.counted()
        named = AnomalyFlag.objects.create(
            round=round_, kind=FlagKind.STRAIGHT, text="x", ballots=["a"], found_at=LATER
        )

        self.keep(round_)

        named.refresh_from_db()
        assert named.verdict == Verdict.OPEN

    def test_take_two_persons_and_the_approver_reads_every_flag(self, settings):
        round_, far, _ = self.counted()
        settings.TWO_PERSON_RULE = True
        given = {"reason": "渠道人群不同", "own": {str(far.pk): "大厅集中投放"}}

        approval = approvals.propose(KEEP_FLAGS.name, round_, by=make_user("clerk"), at=LATER, **given)
        with pytest.raises(RuleViolation, match="一人办理"):
            self.keep(round_)
        approvals.approve(approval_id=approval.pk, by=make_user("supervisor"), at=LATER)

        assert approval.content["提示件数"] == 2
        assert "12.0分" in approval.content["第1件"]
        assert approval.content["第1件"].endswith("理由：大厅集中投放")
        assert approval.content["第2件"].endswith("理由：渠道人群不同")
        assert set(round_.flags.values_list("verdict", flat=True)) == {Verdict.KEPT}

    def test_a_proposal_is_void_once_the_flags_are_others(self, settings):
        round_, far, _ = self.counted()
        settings.TWO_PERSON_RULE = True
        given = {"reason": "渠道人群不同", "own": {}}
        approval = approvals.propose(KEEP_FLAGS.name, round_, by=make_user("clerk"), at=LATER, **given)
        far.delete()

        with pytest.raises(RuleViolation, match="原提请已失效"):
            approvals.approve(approval_id=approval.pk, by=make_user("supervisor"), at=LATER)

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "liaison"])
    def test_are_kept_by_a_supervisor_only(self, role):
        round_, *_ = self.counted()

        with pytest.raises(Denied):
            self.keep(round_, by=role)

    def test_are_not_kept_without_a_reason_or_twice(self, settings):
        round_, *_ = self.counted()
        with pytest.raises(RuleViolation, match="处理理由"):
            self.keep(round_, reason=" ")
        self.keep(round_)

        with pytest.raises(RuleViolation, match="没有待处理"):
            self.keep(round_)
        settings.TWO_PERSON_RULE = True
        with pytest.raises(RuleViolation, match="没有待处理"):
            approvals.propose(KEEP_FLAGS.name, round_, by=make_user("clerk"), at=LATER, reason="x", own={})

    @pytest.mark.parametrize(
        ("state", "may_keep", "may_exclude"),
        [("sealed", False, False), ("review", True, True), ("published", True, False), ("closed", False, False)],
    )
    def test_after_the_publication_flags_of_a_recount_are_kept_only(self, state, may_keep, may_exclude):
        round_, far, _ = self.counted()
        AnomalyFlag.objects.filter(pk=far.pk).update(kind=FlagKind.STRAIGHT, ballots=[str(uuid4())])
        Round.objects.filter(pk=round_.pk).update(state=state)

        assert self.is_allowed(lambda: self.keep(round_)) is may_keep
        assert (
            self.is_allowed(
                lambda: decide_flag(
                    flag_id=far.pk, verdict=Verdict.INVALID, reason="替人填票", by=make_user("supervisor"), at=LATER
                )
            )
            is may_exclude
        )

    def is_allowed(self, decide):
        try:
            decide()
        except RuleViolation as refusal:
            assert "公示之前办理" in str(refusal)
            return False
        return True

    @pytest.mark.parametrize(
        ("found", "is_new"),
        [("与抽签渠道相差11.4分（偏高），超过6分。", False), ("与抽签渠道相差11.4分（偏低），超过6分。", True)],
    )
    def test_stay_decided_in_a_recount_whose_figures_differ(self, monkeypatch, found, is_new):
        round_, far, _ = self.counted()
        self.keep(round_)
        again = Flag(FlagKind.FAR, found, "other", far.section.code)
        monkeypatch.setattr(detection, "flag_cells", lambda *_: [again])
        monkeypatch.setattr(detection, "flag_ballots", lambda *_: [])

        recount_round(round_, reason="更正", by=make_user("chief"), at=LATER)

        assert round_.flags.filter(verdict=Verdict.OPEN).exists() is is_new
        assert round_.flags.filter(verdict=Verdict.KEPT).count() == 2

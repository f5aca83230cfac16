"""Decisions on anomaly flags: by two persons, with a reason; invalid ballots lead to a recount."""

import json
from datetime import timedelta

import pytest

from evaluations.ballots.models import Rating
from evaluations.lifecycle import services as lifecycle
from evaluations.publication.services import (
    publish_list,
)
from evaluations.scoring.method import Indicator
from evaluations.scoring.methods import outcomes, parse_rulebook, recount
from evaluations.tally.files import ballots_csv
from evaluations.tally.models import AnomalyFlag, Tally
from evaluations.tally.queries.aggregates import count_ballots
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.verification.services import tally_faults
from nanchuan_eval.approvals import services as approvals
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
        assert (flag.verdict, approval.content["涉及票数"]) == (Verdict.INVALID, 3)

    def test_stops_the_publication_while_undecided(self):
        round_, _ = self.counted()
        lifecycle.announce_result(round_id=round_.pk, by=make_user("clerk"), at=LATER)

        with pytest.raises(RuleViolation, match="件异常提示没有处理"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

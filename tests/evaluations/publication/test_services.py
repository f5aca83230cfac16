"""Publication, holds and corrections: approved by the commission, without a score or a person's name."""

import json
from datetime import timedelta

import pytest

from evaluations.lifecycle import services as lifecycle
from evaluations.publication.models import Publication
from evaluations.publication.services import (
    Correction,
    correct_publication,
    edit_problems,
    place_hold,
    publish_list,
    release_hold,
)
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import SectionResult
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.evaluations.tally.factories import BY_METHOD, LATER, SMALL, announce, count
from tests.factories import make_sealed_round, make_user

pytestmark = pytest.mark.django_db


class TestPublication:
    def publish(self, rulebook=SMALL):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=rulebook)
        announce(round_)
        by = make_user("commission")
        return publish_list(round_id=round_.pk, by=by, at=LATER + timedelta(days=9)), round_

    @pytest.mark.parametrize(("method", "besides"), [("NC-1", set()), ("NC-2", {"label", "rank_low", "rank_high"})])
    def test_names_ranks_units_sections_and_problems_only(self, method, besides):
        publication, _ = self.publish(rulebook=BY_METHOD[method])

        content = json.loads(publication.content)
        assert set(content["entries"][0]) == {"rank", "department", "section", "code", "problems"} | besides
        assert "科长" not in publication.content
        assert "局长" not in publication.content
        assert str(SectionResult.objects.first().difficulty)[:5] not in publication.content

    def test_fixes_the_response_which_a_correction_repeats(self):
        publication, round_ = self.publish()
        told = json.loads(publication.content)["response"]
        assert told["strata"] == [{"name": "（不分类别）", "delivered": 6, "returned": 6}]
        round_.batches.update(stratum="服务对象")  # whatever the tables say later
        listed = SectionResult.objects.filter(is_listed=True).first()
        correction = Correction("表述有误", problems={listed.section.code: "一次性告知不到位"})

        corrected = correct_publication(
            round_id=round_.pk, correction=correction, by=make_user("commission"), at=LATER + timedelta(days=10)
        )

        assert json.loads(corrected.content)["response"] == told

    def test_is_refused_until_the_objection_period_is_over(self):
        round_ = make_sealed_round()
        announce(round_)

        with pytest.raises(RuleViolation, match="异议期至"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(hours=1))

        assert not Publication.objects.exists()

    @pytest.mark.parametrize("role", ["clerk", "chief", "liaison", "sysadmin"])
    def test_is_the_commissions_decision(self, role):
        round_ = make_sealed_round()
        announce(round_)

        with pytest.raises(Denied):
            publish_list(round_id=round_.pk, by=make_user(role), at=LATER + timedelta(days=9))

    def test_happens_once(self):
        _, round_ = self.publish()

        with pytest.raises(RuleViolation, match="已公示"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

    def test_locks_the_main_problems(self):
        self.publish()
        result = SectionResult.objects.filter(is_listed=True).first()

        with pytest.raises(RuleViolation, match="公示之前"):
            edit_problems(result_id=result.pk, text="改", by=make_user("clerk"), at=LATER)

    def test_needs_main_problems_for_every_listed_section(self):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        count(round_)
        SectionResult.objects.filter(rank=1).update(main_problems="")

        with pytest.raises(RuleViolation, match="主要问题尚未填写"):
            lifecycle.announce_result(round_id=round_.pk, by=make_user("chief"), at=LATER)

        assert Round.objects.get(pk=round_.pk).state == RoundState.COUNTED


def test_the_clerk_writes_main_problems_of_listed_sections_only():
    round_ = make_sealed_round(targeted=6, level="1", rulebook={**SMALL, "list_length": 1}, sections=2)
    round_.ballots.first().ratings.filter(section=round_.sections.first()).update(cold=0)
    count(round_)
    listed, other = SectionResult.objects.order_by("rank")

    edit_problems(result_id=listed.pk, text=" 一次性告知不到位 ", by=make_user("clerk"), at=LATER)

    listed.refresh_from_db()
    assert listed.main_problems == "一次性告知不到位"
    with pytest.raises(RuleViolation, match="上榜科室"):
        edit_problems(result_id=other.pk, text="x", by=make_user("clerk"), at=LATER)


class TestHold:
    def reviewed(self):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        announce(round_)
        round_.refresh_from_db()
        return round_, place_hold(round_, "D01局对D01-01科的异议", at=LATER)

    def publish(self, round_):
        return publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

    def test_stops_the_publication_until_it_is_released(self):
        round_, hold = self.reviewed()

        with pytest.raises(RuleViolation, match="D01局对D01-01科的异议”尚未办结"):
            self.publish(round_)
        assert not Publication.objects.exists()

        release_hold(hold, at=LATER)
        assert self.publish(round_).version == 1

    def test_is_released_once(self):
        _, hold = self.reviewed()
        release_hold(hold, at=LATER)

        with pytest.raises(RuleViolation, match="已经办结"):
            release_hold(hold, at=LATER)

    def test_is_placed_between_count_and_publication_only(self):
        with pytest.raises(RuleViolation, match="公示之前"):
            place_hold(make_sealed_round(), "太早", at=LATER)


class TestCorrection:
    def published(self):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        announce(round_)
        by = make_user("commission")
        return publish_list(round_id=round_.pk, by=by, at=LATER + timedelta(days=9)), round_

    def correct(self, round_, by="commission", **fields):
        correction = Correction(**{"reason": "经复核更正", **fields})
        return correct_publication(
            round_id=round_.pk, correction=correction, by=make_user(by), at=LATER + timedelta(days=12)
        )

    def test_is_a_new_version_and_leaves_the_old_one_to_the_byte(self):
        first, round_ = self.published()
        before = first.content
        code = round_.sections.first().code

        second = self.correct(round_, withdrawn=(code,), problems={round_.sections.last().code: "改"})

        first.refresh_from_db()
        content = json.loads(second.content)
        assert (first.content, second.version, content["reason"]) == (before, 2, "经复核更正")
        assert [entry["code"] for entry in content["withdrawn"]] == [code]
        assert code not in [entry["code"] for entry in content["entries"]]
        assert content["entries"][-1]["problems"] == "改"

    def test_moves_nobody_up_and_changes_no_score(self):
        _, round_ = self.published()
        before = {r.pk: (r.rank, r.difficulty) for r in round_.results.all()}

        self.correct(round_, withdrawn=(round_.sections.first().code,))

        assert {r.pk: (r.rank, r.difficulty) for r in round_.results.all()} == before
        assert not round_.results.get(section=round_.sections.first()).is_listed

    @pytest.mark.parametrize(
        ("fields", "refusal"),
        [
            ({"reason": " "}, "更正说明"),
            ({"withdrawn": ("X-1",)}, "X-1"),
            ({"problems": {"X-1": "改"}}, "X-1"),
        ],
    )
    def test_is_refused_without_reason_or_for_a_section_not_listed(self, fields, refusal):
        _, round_ = self.published()

        with pytest.raises(RuleViolation, match=refusal):
            self.correct(round_, **fields)

        assert Publication.objects.count() == 1

    def test_needs_a_published_list_and_the_commission(self):
        with pytest.raises(RuleViolation, match="已公示"):
            self.correct(make_sealed_round())
        _, round_ = self.published()
        with pytest.raises(Denied):
            self.correct(round_, by="chief")

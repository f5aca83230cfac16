"""Counting: once, by the frozen rules, and recounted after a decision."""

import json
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from evaluations.ballots.models import Ballot, Rating
from evaluations.publication.documents import count_record
from evaluations.publication.services import (
    edit_problems,
    place_hold,
    publish_list,
)
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.scoring.method import Indicator
from evaluations.scoring.methods import recount
from evaluations.tally.files import ballots_csv
from evaluations.tally.models import SectionResult, Tally, Veto
from evaluations.tally.services.tally import record_veto, tally_round
from evaluations.verification.services import verify_round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.evaluations.tally.factories import BY_METHOD, LATER, SMALL, announce, count, spread_answers
from tests.factories import commit, make_open_round, make_sealed_round, make_user, plan, run
from tests.pages import exactly

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", BY_METHOD)
def test_the_stored_result_equals_a_recount_to_the_byte(tmp_path, method):
    round_ = make_sealed_round(targeted=6, level="2", rulebook=BY_METHOD[method])
    spread_answers(round_)

    tally = count(round_)

    result, cells = recount(ballots_csv(round_), json.loads(tally.rulebook))
    assert (result.decode(), (cells or b"").decode()) == (tally.result, tally.cells)
    assert json.loads(tally.result)["method"] == method
    call_command("tally", round_.key, "--json", tmp_path / "result.json")
    assert (tmp_path / "result.json").read_bytes() == tally.result.encode()


def test_a_round_is_counted_once():
    round_ = make_sealed_round()
    count(round_)

    with pytest.raises(RuleViolation, match="已计票"):
        count(round_)

    assert Tally.objects.count() == 1


def test_a_round_that_is_not_sealed_is_not_counted():
    with pytest.raises(RuleViolation, match="只能在“已封箱”时进行"):
        count(make_open_round())

    assert not Tally.objects.exists()


def test_sampled_ballots_must_be_drawn_before_the_count():
    round_ = make_sealed_round(sampled=2, rulebook={"counted_sampled_ballots": 1})

    with pytest.raises(RuleViolation, match="收回抽样评议票2张"):
        count(round_)

    assert not SectionResult.objects.exists()
    assert Ballot.objects.filter(is_counted=True, channel="sampled").count() == 0


def test_no_more_sampled_ballots_than_places_all_count_without_a_draw(client):
    round_ = make_sealed_round(sampled=6, rulebook={"counted_sampled_ballots": 6})

    plan(round_, DrawPurpose.COUNTED)
    tally = count(round_)

    register = client.get("/draws/").content.decode()
    assert "尚未公布承诺" not in register
    assert "全部计票，不用抽取" in register
    assert not Ballot.objects.filter(is_counted=False).exists()
    assert not Rating.objects.filter(is_counted=False).exists()
    row = AuditEntry.objects.get(action="tally.run")
    assert "不超过规则规定的计票张数6张，全部计票，不用抽取" in row.detail["sampled"]
    assert ["抽样评议票", row.detail["sampled"]] in count_record(tally.round)["facts"]
    assert not [fault for what, faults in verify_round(tally.round) for fault in faults if "抽样" in fault]
    result, _ = recount(ballots_csv(round_), json.loads(tally.rulebook))
    assert result.decode() == tally.result


def test_a_sample_counted_beyond_its_places_without_a_draw_is_named():
    round_ = make_sealed_round(sampled=3, rulebook={"counted_sampled_ballots": 2})
    Ballot.objects.update(is_counted=True)
    Rating.objects.update(is_counted=True)

    found = [fault for _, faults in verify_round(round_) for fault in faults]

    assert "抽样评议票3张没有抽取就计了票，超过规则规定的2张。" in found


def test_a_draw_that_was_begun_is_finished_before_the_count():
    round_ = make_sealed_round(sampled=2)
    run(commit(round_, DrawPurpose.COUNTED))

    with pytest.raises(RuleViolation, match="尚未完成并公开"):
        count(round_)


@pytest.mark.parametrize("targeted", [2, 9])
def test_the_count_takes_a_constant_number_of_queries(targeted):
    round_ = make_sealed_round(targeted=targeted, sections=2)
    by = make_user("chief")

    with exactly(46):
        tally_round(round_id=round_.pk, by=by, at=LATER)


def test_without_enough_ballots_nobody_is_ranked_and_the_list_of_nc_1_is_empty():
    round_ = make_sealed_round(targeted=1, rulebook=BY_METHOD["NC-1"] | {"min_lines": 30})
    announce(round_)

    publication = publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

    assert set(SectionResult.objects.values_list("rank", "label")) == {(None, "样本不足")}
    assert json.loads(publication.content)["entries"] == []


def test_an_empty_box_is_counted():
    round_ = make_sealed_round(targeted=1)
    Rating.objects.filter(round=round_).delete()

    tally = count(round_)

    assert json.loads(tally.result)["channel_means"] == {}


def outcome(round_):
    return json.loads(count(round_).result)


def test_a_channel_without_ballots_is_dropped_and_the_weights_rescaled():
    result = outcome(make_sealed_round(targeted=5, rulebook=SMALL, level="3"))

    assert set(result["channel_means"]) == {"targeted"}
    assert {row["difficulty"] for row in result["sections"]} == {"50.0000"}  # a line counts half at most


def test_a_round_of_only_dont_know_answers_ranks_nobody():
    round_ = make_sealed_round(targeted=3, rulebook=SMALL)
    Rating.objects.update(**dict.fromkeys(Indicator.values))

    result = outcome(round_)

    assert result["channel_means"] == {}
    assert {row["label"] for row in result["sections"]} == {"样本不足"}


def test_a_section_with_one_ballot_is_not_ranked_but_counted():
    round_ = make_sealed_round(targeted=12, rulebook={"min_lines": 10, "min_drawn_lines": 10})
    one = round_.sections.first()
    kept = Rating.objects.filter(section=one).first()
    Rating.objects.filter(section=one).exclude(pk=kept.pk).delete()

    count(round_)

    result = SectionResult.objects.get(section=one)
    assert (result.rank, result.label, result.data["lines"]["targeted"]) == (None, "样本不足", 1)
    assert SectionResult.objects.filter(rank=1).count() == 2


def test_in_a_round_of_equal_answers_every_section_is_first():
    round_ = make_sealed_round(targeted=5, sections=12, rulebook=SMALL)

    rows = outcome(round_)["sections"]

    assert {(row["rank"], row["rank_low"], row["rank_high"], row["listed"]) for row in rows} == {(1, 1, 12, True)}
    assert {row["label"] for row in rows} == {"误差范围内"}


def test_ballots_that_are_not_counted_give_no_votes():
    round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
    Rating.objects.update(is_counted=False)

    count(round_)

    assert set(SectionResult.objects.values_list("vote_count", flat=True)) == {0}


def test_a_count_proposes_main_problems_and_keeps_the_ticks():
    round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)

    count(round_)

    result = SectionResult.objects.filter(is_listed=True).first()
    texts = {sign["code"]: sign["text"] for sign in json.loads(round_.ballot_form)["manifestations"]}
    assert result.main_problems.split("；") == [texts[code] for code in ("BUCK-3", "COLD-1", "DISO-4")]
    assert result.ticks["GREE-5"] == 6


VETO = {"decision": "南纪〔2020〕1号", "decided_on": date(2020, 7, 1), "facts": "查实", "at": LATER}


def veto(section, by=None):
    return record_veto(section_id=section.pk, by=by or make_user("commission"), **VETO)


def test_a_veto_puts_its_section_first_and_leaves_its_score():
    round_ = make_sealed_round(targeted=3, rulebook=SMALL)
    last = round_.sections.last()

    record_veto(
        section_id=last.pk,
        decision="南纪〔2020〕1号",
        decided_on=date(2020, 7, 1),
        facts="查实",
        by=make_user("commission"),
        at=LATER,
    )
    count(round_)

    result = SectionResult.objects.get(section=last)
    others = SectionResult.objects.exclude(pk=result.pk)
    assert (result.rank, result.label) == (1, "一票否决")
    assert {other.difficulty for other in others} == {result.difficulty}


def test_only_the_commission_enters_a_veto_and_only_before_publication():
    round_ = make_sealed_round(rulebook=SMALL)

    with pytest.raises(Denied):
        veto(round_.sections.first(), by=make_user("chief"))
    announce(round_)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))
    with pytest.raises(RuleViolation, match="公示之前"):
        veto(round_.sections.first())

    assert not Veto.objects.exists()


class TestRecount:
    def test_follows_a_veto_and_leaves_the_first_count_to_the_byte(self):
        round_ = make_sealed_round(targeted=3, rulebook=SMALL)
        first = count(round_)
        before = first.result

        veto(round_.sections.last())

        second = round_.tally
        first.refresh_from_db()
        assert (first.result, second.version, second.reason) == (before, 2, "一票否决：南纪〔2020〕1号")
        assert SectionResult.objects.get(section=round_.sections.last()).rank == 1
        assert recount(ballots_csv(round_), json.loads(second.rulebook)).result == second.result.encode()

    def test_keeps_main_problems_that_the_office_has_written(self):
        round_ = make_sealed_round(targeted=5, rulebook=SMALL)
        count(round_)
        result = SectionResult.objects.filter(is_listed=True).last()
        edit_problems(result_id=result.pk, text="推诿", by=make_user("clerk"), at=LATER)

        veto(round_.sections.first())

        result.refresh_from_db()
        assert result.main_problems == "推诿"

    def test_is_refused_while_an_objection_is_open(self):
        round_ = make_sealed_round(targeted=3, rulebook=SMALL)
        count(round_)
        round_.refresh_from_db()
        place_hold(round_, "第1号异议", at=LATER)

        with pytest.raises(RuleViolation, match="第1号异议”尚未办结，办结后方可重新计票"):
            veto(round_.sections.first())

        assert not Veto.objects.exists()
        assert round_.tally.version == 1

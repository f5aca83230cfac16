"""Counting and publishing: once, by the frozen rules, recountable, and without a person's name."""

import json
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.ballots.models import Rating
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
from evaluations.scoring.counting import count_lines, parse_ballots
from evaluations.scoring.method import parse_method
from evaluations.scoring.result import build_result, recount
from evaluations.tally.files import ballots_csv, scoring_rulebook
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally, Veto
from evaluations.tally.queries.aggregates import count_cells
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.tally.services.tally import record_veto, tally_round
from evaluations.turnout.models import TurnoutDay
from evaluations.turnout.queries import told_turnout, turnout
from evaluations.turnout.services import note_turnout
from evaluations.verification.services import tally_faults
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)
SMALL = {"min_lines": 1, "min_drawn_lines": 1}


def count(round_):
    return tally_round(round_id=round_.pk, by=make_user("chief"), at=LATER)


def keep_all_flags(round_):
    for flag in round_.flags.all():
        decide_flag(flag_id=flag.pk, verdict=Verdict.KEPT, reason="核查无异常", by=make_user("supervisor"), at=LATER)


def announced(round_):
    count(round_)
    keep_all_flags(round_)
    lifecycle.announce_result(round_id=round_.pk, by=make_user("clerk"), at=LATER)


def spread_answers(round_):
    """Give the ratings different answers, invalid lines and 不了解 among them."""
    patterns = [(0, 1, 2, 3, 0), (3, 3, 3, 3, 3), (None, None, 2, 1, 1), (None, None, None, 2, 3), (None,) * 5]
    for number, rating in enumerate(Rating.objects.order_by("section__code", "ballot__receipt")):
        fields = dict(zip(("cold", "lazy", "buck_passing", "disorderly", "greedy"), patterns[number % 5], strict=True))
        Rating.objects.filter(pk=rating.pk).update(**fields)


HEAVIEST = {"disorderly": 3, "greedy": 5}  # the largest whole line scores a rulebook may have: 27,720 to a level


@pytest.mark.parametrize(
    "weights", [{}, {"cold": 3, "lazy": 3, "buck_passing": 2}, {"greedy": 7, "lazy": 2}, HEAVIEST], ids=str
)
def test_the_database_counts_as_the_file_does(weights):
    defaults = dict.fromkeys(("cold", "lazy", "buck_passing", "disorderly", "greedy"), 1)
    round_ = make_sealed_round(targeted=13, rulebook={**SMALL, "indicator_weights": {**defaults, **weights}})
    spread_answers(round_)
    method = parse_method(json.loads(scoring_rulebook(round_)))

    cells = count_cells(round_, method)

    assert cells == count_lines(method, parse_ballots(ballots_csv(round_), method))
    assert sum(cell.lines for cell in cells.values()) < Rating.objects.count()


def test_the_stored_result_is_what_a_recount_gives_to_the_byte(tmp_path):
    round_ = make_sealed_round(targeted=6, level="2", rulebook=SMALL)
    spread_answers(round_)

    tally = count(round_)

    assert recount(ballots_csv(round_), json.loads(tally.rulebook)) == tally.result.encode()
    call_command("tally", round_.key, "--json", tmp_path / "result.json")
    assert (tmp_path / "result.json").read_bytes() == tally.result.encode()


def test_a_round_is_counted_once():
    round_ = make_sealed_round()
    count(round_)

    with pytest.raises(RuleViolation, match="已计票"):
        count(round_)

    assert Tally.objects.count() == 1


def test_sampled_ballots_must_be_drawn_before_the_count():
    round_ = make_sealed_round(sampled=2)

    with pytest.raises(RuleViolation, match="收回抽样评议票2张"):
        count(round_)

    assert not SectionResult.objects.exists()


def test_the_count_takes_the_same_queries_however_many_ballots():
    sizes = []
    for targeted in (2, 9):
        round_ = make_sealed_round(targeted=targeted, sections=2)
        by = make_user("chief")
        with CaptureQueriesContext(connection) as queries:
            tally_round(round_id=round_.pk, by=by, at=LATER)
        sizes.append(len(queries))

    assert sizes[0] == sizes[1]


def test_without_enough_ballots_nobody_is_ranked_and_the_round_goes_on():
    round_ = make_sealed_round(targeted=1)
    announced(round_)

    publication = publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

    assert set(SectionResult.objects.values_list("rank", "label")) == {(None, "样本不足")}
    assert json.loads(publication.content)["entries"] == []


def test_a_box_without_a_ballot_is_counted_too():
    round_ = make_sealed_round(targeted=1)
    Rating.objects.filter(round=round_).delete()

    tally = count(round_)

    assert json.loads(tally.result)["channel_means"] == {}


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


VETO = {"decision": "南纪〔2020〕1号", "decided_on": date(2020, 7, 1), "facts": "查实", "at": LATER}


def veto(section, by=None):
    return record_veto(section_id=section.pk, by=by or make_user("commission"), **VETO)


def test_only_the_commission_enters_a_veto_and_only_before_publication():
    round_ = make_sealed_round()

    with pytest.raises(Denied):
        veto(round_.sections.first(), by=make_user("chief"))
    announced(round_)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))
    with pytest.raises(RuleViolation, match="公示之前"):
        veto(round_.sections.first())

    assert not Veto.objects.exists()


class TestARecount:
    def test_follows_a_veto_after_the_count_and_leaves_the_first_count_to_the_byte(self):
        round_ = make_sealed_round(targeted=3, rulebook=SMALL)
        first = count(round_)
        before = first.result

        veto(round_.sections.last())

        second = round_.tally
        first.refresh_from_db()
        assert (first.result, second.version, second.reason) == (before, 2, "一票否决：南纪〔2020〕1号")
        assert SectionResult.objects.get(section=round_.sections.last()).rank == 1
        assert recount(ballots_csv(round_), json.loads(second.rulebook)) == second.result.encode()

    def test_keeps_the_words_of_the_office(self):
        round_ = make_sealed_round(targeted=3, rulebook=SMALL)
        count(round_)
        result = SectionResult.objects.filter(is_listed=True).last()
        edit_problems(result_id=result.pk, text="推诿", by=make_user("clerk"), at=LATER)

        veto(round_.sections.first())

        result.refresh_from_db()
        assert result.main_problems == "推诿"

    def test_waits_while_an_objection_is_open(self):
        round_ = make_sealed_round(targeted=3, rulebook=SMALL)
        count(round_)
        round_.refresh_from_db()
        place_hold(round_, "第1号异议", at=LATER)

        with pytest.raises(RuleViolation, match="第1号异议”尚未办结，办结后才能重新计票"):
            veto(round_.sections.first())

        assert not Veto.objects.exists()
        assert round_.tally.version == 1


class TestAnOpenObjection:
    def reviewed(self):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        announced(round_)
        round_.refresh_from_db()
        return round_, place_hold(round_, "D01局对D01-01科的异议", at=LATER)

    def publish(self, round_):
        return publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))

    def test_stops_the_publication_until_it_is_decided(self):
        round_, hold = self.reviewed()

        with pytest.raises(RuleViolation, match="D01局对D01-01科的异议”尚未办结"):
            self.publish(round_)
        assert not Publication.objects.exists()

        release_hold(hold, at=LATER)
        assert self.publish(round_).version == 1

    def test_is_decided_once(self):
        _, hold = self.reviewed()
        release_hold(hold, at=LATER)

        with pytest.raises(RuleViolation, match="已经办结"):
            release_hold(hold, at=LATER)

    def test_comes_between_count_and_publication_only(self):
        with pytest.raises(RuleViolation, match="公示之前"):
            place_hold(make_sealed_round(), "太早", at=LATER)


class TestACorrection:
    def published(self):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        announced(round_)
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

    def test_lets_nobody_move_up_and_leaves_the_score(self):
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


def test_main_problems_are_proposed_from_the_ticks_and_never_say_greedy():
    round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)

    count(round_)

    result = SectionResult.objects.filter(is_listed=True).first()
    texts = {sign["code"]: sign["text"] for sign in json.loads(round_.ballot_form)["manifestations"]}
    assert result.main_problems.split("；") == [texts[code] for code in ("BUCK-3", "COLD-1", "DISO-4")]
    assert result.ticks["GREE-5"] == 6


def test_fewer_than_five_ticks_are_never_put_in_words():
    round_ = make_sealed_round(targeted=4, level="3", rulebook=SMALL)

    count(round_)

    assert "问题较为集中" in SectionResult.objects.filter(is_listed=True).first().main_problems


def test_ticks_on_ballots_that_do_not_count_do_not_count():
    round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
    Rating.objects.update(is_counted=False)

    count(round_)

    assert set(SectionResult.objects.values_list("vote_count", flat=True)) == {0}


class TestThePublication:
    def publish(self, **fields):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL, **fields)
        announced(round_)
        by = make_user("commission")
        return publish_list(round_id=round_.pk, by=by, at=LATER + timedelta(days=9)), round_

    def test_names_ranks_units_sections_and_problems_and_nothing_more(self):
        publication, _ = self.publish()

        content = json.loads(publication.content)
        assert set(content["entries"][0]) == {"rank", "department", "section", "code", "problems"}
        assert "科长" not in publication.content
        assert "局长" not in publication.content
        assert str(SectionResult.objects.first().difficulty)[:5] not in publication.content

    def test_waits_until_the_objection_window_is_over(self):
        round_ = make_sealed_round()
        announced(round_)

        with pytest.raises(RuleViolation, match="异议期至"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(hours=1))

        assert not Publication.objects.exists()

    @pytest.mark.parametrize("role", ["clerk", "chief", "liaison", "sysadmin"])
    def test_is_the_commissions_act(self, role):
        round_ = make_sealed_round()
        announced(round_)

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
            lifecycle.announce_result(round_id=round_.pk, by=make_user("clerk"), at=LATER)

        assert Round.objects.get(pk=round_.pk).state == RoundState.COUNTED


def test_the_clerk_words_the_main_problems_of_listed_sections_only():
    round_ = make_sealed_round(targeted=6, level="3", rulebook={**SMALL, "list_length": 1}, sections=2)
    round_.ballots.first().ratings.filter(section=round_.sections.first()).update(cold=0)
    count(round_)
    listed, other = SectionResult.objects.order_by("rank")

    edit_problems(result_id=listed.pk, text=" 一次性告知不到位 ", by=make_user("clerk"), at=LATER)

    listed.refresh_from_db()
    assert listed.main_problems == "一次性告知不到位"
    with pytest.raises(RuleViolation, match="上榜科室"):
        edit_problems(result_id=other.pk, text="x", by=make_user("clerk"), at=LATER)


class TestAnomalies:
    """All ballots of the factory are alike: straight-lined, and duplicates of each other."""

    def counted(self):
        round_ = make_sealed_round(targeted=6, level="2", rulebook=SMALL)
        spread_answers(round_)
        alike = round_.ballots.order_by("pk")[:3]
        fields = dict.fromkeys(("cold", "lazy", "buck_passing", "disorderly", "greedy"), 3)
        Rating.objects.filter(ballot__in=[ballot.pk for ballot in alike]).update(**fields)
        count(round_)
        return round_, round_.flags.get(kind=FlagKind.STRAIGHT)

    def decide(self, flag, verdict, reason="查实替人填票", by="supervisor"):
        return decide_flag(flag_id=flag.pk, verdict=verdict, reason=reason, by=make_user(by), at=LATER)

    def test_are_found_by_the_count_and_left_to_people(self):
        round_, flag = self.counted()

        assert {f.kind for f in round_.flags.all()} == {FlagKind.STRAIGHT, FlagKind.DUPLICATE}
        assert len(flag.ballots) == 3
        assert round_.ballots.filter(is_counted=True).count() == 6

    def test_show_the_places_without_the_flagged_ballots(self):
        round_, _ = self.counted()
        method = parse_method(json.loads(round_.tally.rulebook))
        flagged = {ballot for flag in round_.flags.all() for ballot in flag.ballots}
        Rating.objects.filter(ballot__in=flagged).update(is_counted=False)

        rest = build_result(method, count_cells(round_, method))["sections"]

        assert round_.tally.without_flags == {row["section"]: [row["rank"], row["listed"]] for row in rest}

    def test_kept_ballots_stay_in_the_count(self):
        round_, flag = self.counted()

        self.decide(flag, Verdict.KEPT, "核查无异常")

        assert round_.tally.version == 1
        assert AnomalyFlag.objects.get(pk=flag.pk).verdict == Verdict.KEPT

    def test_invalid_ballots_leave_it_and_the_round_is_counted_anew(self):
        round_, flag = self.counted()
        first = round_.tally

        self.decide(flag, Verdict.INVALID)

        second = round_.tally
        assert (second.version, second.reason) == (2, "认定废票3张：查实替人填票")
        assert round_.ballots.filter(is_counted=True).count() == 3
        assert recount(ballots_csv(round_), json.loads(second.rulebook)) == second.result.encode()
        assert Tally.objects.get(pk=first.pk).result == first.result
        assert list(tally_faults()) == []

    @pytest.mark.parametrize(
        ("verdict", "reason", "refusal"),
        [(Verdict.KEPT, " ", "处理理由"), (Verdict.OPEN, "x", "请选择")],
    )
    def test_a_decision_needs_a_verdict_and_a_reason(self, verdict, reason, refusal):
        _, flag = self.counted()

        with pytest.raises(RuleViolation, match=refusal):
            self.decide(flag, verdict, reason)

        assert AnomalyFlag.objects.get(pk=flag.pk).verdict == Verdict.OPEN

    def test_a_flag_is_decided_once(self):
        _, flag = self.counted()
        self.decide(flag, Verdict.KEPT)

        with pytest.raises(RuleViolation, match="已处理"):
            self.decide(flag, Verdict.INVALID)

    def test_a_flag_that_names_no_ballot_voids_none(self):
        round_, flag = self.counted()
        AnomalyFlag.objects.filter(pk=flag.pk).update(ballots=[], kind=FlagKind.FAR)

        with pytest.raises(RuleViolation, match="不涉及具体评议票"):
            self.decide(flag, Verdict.INVALID)

        assert round_.tally.version == 1

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "liaison"])
    def test_the_decision_is_a_supervisors(self, role):
        _, flag = self.counted()

        with pytest.raises(Denied):
            self.decide(flag, Verdict.KEPT, by=role)

    def test_takes_two_persons_and_names_what_is_approved(self, settings):
        _, flag = self.counted()
        settings.TWO_PERSON_RULE = True
        reason = {"verdict": Verdict.INVALID.value, "reason": "查实替人填票"}

        approval = approvals.propose("flag.decide", flag, by=make_user("clerk"), at=LATER, **reason)
        with pytest.raises(RuleViolation, match="一人办理"):
            self.decide(flag, Verdict.KEPT)
        approvals.approve(approval_id=approval.pk, by=make_user("supervisor"), at=LATER)

        flag.refresh_from_db()
        assert (flag.verdict, approval.content["涉及票数"]) == (Verdict.INVALID, 3)

    def test_undecided_flags_stop_the_publication(self):
        round_, _ = self.counted()
        lifecycle.announce_result(round_id=round_.pk, by=make_user("clerk"), at=LATER)

        with pytest.raises(RuleViolation, match="件异常提示没有处理"):
            publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))


def test_the_turnout_of_a_day_is_noted_once_and_names_no_code():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 3))

    note_turnout(at=NOON)
    note_turnout(at=NOON)

    (row,) = TurnoutDay.objects.all()
    assert (row.origin, row.used) == ("issued", 3)
    assert {field.name for field in TurnoutDay._meta.fields} == {"id", "round", "origin", "day", "used"}


def test_turnout_counts_issued_returned_valid_and_counted_ballots():
    round_ = make_sealed_round(targeted=3, sampled=2)
    ratings = round_.ballots.filter(channel="targeted").first().ratings
    ratings.update(cold=None, lazy=None, buck_passing=None)

    figures = {
        row["channel"]: (row["issued"], row["returned"], row["valid"], row["counted"]) for row in turnout(round_)
    }

    assert figures == {"targeted": (3, 3, 2, 3), "sampled": (2, 2, 2, 0), "other": (0, 0, 0, 0)}


def test_fewer_than_five_ballots_of_a_channel_are_not_told_outside_the_office():
    round_ = make_sealed_round(targeted=4, sampled=6)

    told = {row["channel"]: row["returned"] for row in told_turnout(round_)}

    assert told == {"targeted": "少于5", "sampled": 6, "other": 0}

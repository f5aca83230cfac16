"""Measures by kind of unit, known people and history."""

from dataclasses import replace
from datetime import date

import pytest

from accountability.cases.rules.deadlines import Terms
from accountability.cases.rules.measures import Listing, MeasureKind, plan_measures, record_action
from accountability.history.rules.history import History
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.profile.rules.profile import DEFAULT
from nanchuan_eval.workdays.rules import Calendar

PUBLISHED = date(2020, 7, 10)
TERMS = Terms.of(default_rulebook())
LISTING = Listing(
    round_name="2020年上半年",
    unit="公安局",
    section="车辆管理所",
    rank=2,
    reports_to_superior=False,
    history=History(listings=1),
    profile=DEFAULT,
    superior="市公安局",
    chief_leader="钱局长",
    leader_in_charge="赵副局长",
    head="孙所长",
)
K = MeasureKind


def plan(listing=LISTING, terms=TERMS):
    planned = plan_measures(listing, terms, published_on=PUBLISHED, calendar=Calendar())
    return {measure.kind: measure for measure in planned}


def test_a_district_unit_gets_the_six_measures_of_the_rule():
    assert list(plan()) == [K.NOTICE, K.TALK_LEADER, K.TALK_HEAD, K.FREEZE, K.ASSESSMENT, K.BONUS]


def test_a_unit_with_a_superior_is_reported_instead_of_frozen_and_assessed():
    planned = plan(replace(LISTING, reports_to_superior=True))

    assert list(planned) == [K.NOTICE, K.TALK_LEADER, K.TALK_HEAD, K.CIRCULAR]
    assert planned[K.CIRCULAR].target == "市公安局"


@pytest.mark.parametrize(
    ("kind", "due_on"),
    [
        (K.NOTICE, date(2020, 7, 17)),
        (K.TALK_LEADER, date(2020, 7, 24)),
        (K.TALK_HEAD, date(2020, 7, 24)),
        (K.FREEZE, date(2020, 10, 10)),
        (K.ASSESSMENT, date(2020, 12, 31)),
        (K.BONUS, date(2020, 12, 31)),
    ],
)
def test_every_measure_has_its_deadline(kind, due_on):
    assert plan()[kind].due_on == due_on


@pytest.mark.parametrize(
    ("kind", "responsible"),
    [
        (K.NOTICE, "区评议办"),
        (K.TALK_LEADER, "区纪委监委"),
        (K.TALK_HEAD, "公安局党委（党组）"),
        (K.FREEZE, "区委组织部"),
        (K.ASSESSMENT, "区考核办"),
        (K.BONUS, "公安局、区考核办"),
    ],
)
def test_every_measure_has_its_responsible_party(kind, responsible):
    assert plan()[kind].responsible == responsible


@pytest.mark.parametrize(
    ("in_charge", "chief", "target"),
    [
        ("赵副局长", "钱局长", "公安局分管领导 赵副局长"),
        ("", "钱局长", "公安局主要领导 钱局长"),
        ("", "", "公安局分管领导（或主要领导）（姓名未登记）"),
    ],
)
def test_the_commission_talks_to_the_leader_in_charge_or_else_the_chief(in_charge, chief, target):
    assert plan(replace(LISTING, leader_in_charge=in_charge, chief_leader=chief))[K.TALK_LEADER].target == target


def test_a_head_without_a_name_is_addressed_by_post():
    assert plan(replace(LISTING, head=""))[K.FREEZE].target == "公安局车辆管理所主要负责人（姓名未登记）"


def test_two_certain_top_places_in_a_row_raise_the_prompt():
    prompt = plan(replace(LISTING, history=History(sure_top_in_a_row=2)))[K.REMOVAL_PROMPT]

    assert (prompt.due_on, prompt.responsible) == (None, "区纪委监委")
    assert "系统只作提示" in prompt.basis


def test_the_prompt_can_be_switched_off():
    listing = replace(LISTING, history=History(sure_top_in_a_row=2))

    assert K.REMOVAL_PROMPT not in plan(listing, replace(TERMS, repeat_prompt=False))


AGAIN = replace(LISTING, history=History(listings=2, listings_in_year=2))
THRICE = replace(LISTING, history=History(listings=3, listings_in_year=2, listed_in_a_row=3))


def test_a_first_listing_takes_none_of_the_steps():
    assert {K.SUMMONS, K.SPECIAL_INSPECTION}.isdisjoint(plan())


def test_the_second_listing_within_a_year_summons_the_head_and_takes_the_chief_leader_to_the_talk():
    planned = plan(AGAIN)

    assert list(planned)[:4] == [K.NOTICE, K.TALK_LEADER, K.TALK_HEAD, K.SUMMONS]
    summons, talk = planned[K.SUMMONS], planned[K.TALK_LEADER]
    assert (summons.target, summons.responsible) == ("公安局车辆管理所主要负责人 孙所长", "公安局党委（党组）")
    assert (summons.due_on, "一年内第2次上榜" in summons.basis) == (date(2020, 7, 24), True)
    assert (talk.target, talk.responsible) == ("公安局主要领导 钱局长", "区纪委监委")


def test_the_third_listing_running_brings_a_special_inspection():
    measure = plan(THRICE)[K.SPECIAL_INSPECTION]

    assert (measure.responsible, measure.due_on) == ("公安局党委（党组）", date(2020, 7, 31))
    assert "连续3次上榜" in measure.basis and "向领导小组报告" in measure.basis


def test_measures_keep_the_order_of_their_kinds():
    listing = replace(THRICE, history=replace(THRICE.history, sure_top_in_a_row=2))

    assert list(plan(listing)) == [kind for kind in K if kind != K.CIRCULAR]


def test_of_two_reached_steps_with_one_measure_the_shorter_term_holds():
    steps = [
        {"repetition": "within_year", "times": 2, "measure": "summons", "actor": "unit", "workdays": 10},
        {"repetition": "in_a_row", "times": 3, "measure": "summons", "actor": "unit", "workdays": 5},
    ]
    terms = Terms.of({**default_rulebook(), "repeat_steps": steps})

    assert plan(AGAIN, terms)[K.SUMMONS].due_on == date(2020, 7, 24)
    assert plan(THRICE, terms)[K.SUMMONS].due_on == date(2020, 7, 17)


def test_a_rulebook_frozen_before_there_were_steps_has_none():
    earlier = {key: value for key, value in default_rulebook().items() if key != "repeat_steps"}

    assert list(plan(THRICE, Terms.of(earlier))) == list(plan())


def test_how_many_points_a_listing_costs_is_said_by_the_years_assessment_only():
    basis = plan()[K.ASSESSMENT].basis

    assert basis.endswith("，纳入年度综合考核，分值由评议规则规定，规则没有规定的，由区考核办确定")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (K.TALK_LEADER, "acc.talk.leader"),
        (K.TALK_HEAD, "acc.talk.head"),
        (K.SUMMONS, "acc.talk.head"),
        (K.SPECIAL_INSPECTION, "acc.notice"),
        (K.FREEZE, "acc.hold.set"),
        (K.ASSESSMENT, "acc.assess"),
        (K.BONUS, "acc.assess"),
        (K.NOTICE, "acc.notice"),
        (K.CIRCULAR, "acc.notice"),
        (K.REMOVAL_PROMPT, "acc.open"),
    ],
)
def test_recording_requires_the_action_of_its_kind(kind, action):
    assert record_action(kind) == action

"""The life of a round: its order, its sets of states, and what each step still lacks (rulebook R-E, R-K)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from evaluations.rounds.rules.lifecycle import (
    BEFORE_PUBLICATION,
    COUNTED,
    ISSUING,
    PUBLISHED,
    ROUND_FLOW,
    SEALED,
    STEP_FROM,
    DrawPurpose,
    DrawStatus,
    Readiness,
    RoundState,
    Step,
    missing,
    next_step,
)
from nanchuan_eval.core.errors import RuleViolation

OPENS = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=21)
S, P = RoundState, DrawPurpose


def ready(step, **values):
    """What a step finds when it lacks nothing, with the values that a test changes."""
    draws = dict.fromkeys(DrawPurpose.values, DrawStatus.PUBLISHED)
    now = CLOSES if step == Step.SEAL else OPENS
    whole = Readiness(STEP_FROM[step], now, OPENS, CLOSES, active_sections=1, draws=draws)
    return replace(whole, **values)


def test_the_steps_lead_through_the_states_in_order():
    state, visited = S.DRAFT, [S.DRAFT]
    for step in Step:
        assert next_step(state) == step
        state = next(then for then in RoundState if then != S.VOID and ROUND_FLOW.allows(state, then))
        visited.append(state)

    assert visited == list(RoundState)[:-1]
    assert next_step(S.CLOSED) is next_step(S.VOID) is None


@pytest.mark.parametrize("state", RoundState)
def test_a_round_can_be_void_before_publication_only(state):
    if state in list(RoundState)[:7]:
        assert ROUND_FLOW.move(state, S.VOID) == S.VOID
    else:
        with pytest.raises(RuleViolation):
            ROUND_FLOW.move(state, S.VOID)


def test_the_sets_of_states():
    assert set(SEALED) == {S.SEALED, S.COUNTED, S.REVIEW, S.PUBLISHED, S.CLOSED}
    assert set(ISSUING) == {S.FROZEN, S.DRAWN, S.OPEN, *SEALED}
    assert {S.COUNTED, S.REVIEW, S.PUBLISHED, S.CLOSED} == COUNTED
    assert {S.COUNTED, S.REVIEW} == BEFORE_PUBLICATION
    assert set(PUBLISHED) == {S.PUBLISHED, S.CLOSED}


@pytest.mark.parametrize("step", Step)
def test_a_step_that_lacks_nothing_may_be_taken(step):
    assert missing(step, ready(step)) == []


@pytest.mark.parametrize("step", Step)
def test_a_step_is_taken_in_its_own_state_only(step):
    for state in set(RoundState) - {STEP_FROM[step]}:
        (reason,) = missing(step, ready(step, state=state))
        assert f"当前为“{state.label}”" in reason


@pytest.mark.parametrize(
    ("step", "values", "reasons"),
    [
        (Step.FREEZE, {"rulebook_errors": ("甲", "乙")}, ["评议规则有误：甲", "评议规则有误：乙"]),
        (Step.FREEZE, {"indicators_without_manifestation": ("冷",)}, ["指标“冷”还没有启用的表象"]),
        (Step.FREEZE, {"active_sections": 0}, ["评议对象名录为空"]),
        (Step.FREEZE, {"is_settled": False}, ["评议方案（名称、时间和评议规则）还没有审定"]),
        (
            Step.CONFIRM_DRAWS,
            {
                "wanted_draws": (P.SUPERVISORS, P.EVALUATORS),
                "draws": {"supervisors": "published", "evaluators": "drawn"},
            },
            ["“抽取定向评议人员”尚未完成并公开"],
        ),
        (Step.OPEN, {"channels_without_codes": ("定向评议",)}, ["渠道“定向评议”还没有发放票号"]),
        (
            Step.OPEN,
            {"channels_without_codes": ("定向评议",), "unfit_codes": ("定向评议缺票号", "其他评议缺票号")},
            ["渠道“定向评议”还没有发放票号", "其他评议缺票号"],
        ),
        (Step.OPEN, {"now": CLOSES}, ["截止投票时间已过"]),
        (Step.SEAL, {"now": CLOSES - timedelta(seconds=1)}, ["尚未到截止投票时间"]),
        (Step.SEAL, {"paper_faults": ("差1张",)}, ["差1张"]),
        (Step.COUNT, {"sampled_ballots": 1, "draws": {}}, ["已收回抽样评议票1张，“抽取计票的抽样评议票”尚未完成"]),
        (Step.COUNT, {"unreviewed_alerts": 2}, ["还有2条领票异常没有核查"]),
        (Step.ANNOUNCE, {"listed_without_problems": ("甲科",)}, ["上榜科室“甲科”的主要问题尚未填写"]),
        (Step.ANNOUNCE, {"lacking_witnesses": 1}, ["计票记录还差1名监督员签名"]),
        (Step.PUBLISH, {"listed_without_problems": ("甲科",)}, ["上榜科室“甲科”的主要问题尚未填写"]),
        (Step.PUBLISH, {"objections_until": OPENS.date()}, ["异议期至2026年03月02日止"]),
        (Step.PUBLISH, {"open_flags": 3}, ["还有3件异常提示没有处理"]),
        (Step.PUBLISH, {"undecided": ("第1号异议", "第2号异议")}, ["“第1号异议”尚未办结", "“第2号异议”尚未办结"]),
        (Step.ARCHIVE, {"open_cases": 1}, ["尚有1件问责事项未办结"]),
    ],
)
def test_a_step_names_what_it_lacks(step, values, reasons):
    found = missing(step, ready(step, **values))

    assert [reason[: len(start)] for reason, start in zip(found, reasons, strict=True)] == reasons


@pytest.mark.parametrize(
    ("step", "values"),
    [
        (Step.OPEN, {"now": CLOSES - timedelta(seconds=1)}),
        (Step.COUNT, {"sampled_ballots": 0, "draws": {}}),
        (Step.PUBLISH, {"objections_until": date(2026, 3, 1)}),
        (Step.PUBLISH, {"objections_until": None}),
    ],
)
def test_what_a_step_does_not_need(step, values):
    assert missing(step, ready(step, **values)) == []

"""The life of a round: its order, its sets of states, and what each step still lacks (rulebook R-E, R-K)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from evaluations.rounds.rules.lifecycle import (
    BEFORE_PUBLICATION,
    COUNTED,
    ISSUING,
    LIFE,
    PUBLISHED,
    ROUND_FLOW,
    SEALED,
    STEP_FROM,
    STEP_TO,
    VOIDABLE,
    DrawPurpose,
    DrawStatus,
    Readiness,
    RoundState,
    Step,
    missing,
    next_step,
)
from nanchuan_eval.core.errors import RuleViolation

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
S = RoundState
PUBLIC, DRAWN = DrawStatus.PUBLISHED, DrawStatus.DRAWN


def lacks(step, **facts):
    """Return what the step lacks in its own state, at noon on a day of the vote."""
    given = {"opens_at": NOON - timedelta(days=1), "closes_at": NOON + timedelta(days=1), "active_sections": 1}
    return missing(step, Readiness(**{"state": STEP_FROM[step], "now": NOON, **given, **facts}))


def closed(**facts):
    return {"closes_at": NOON, **facts}


def test_the_steps_lead_through_the_states_in_order():
    assert [STEP_FROM[step] for step in Step] == list(LIFE[:-1])
    assert [STEP_TO[step] for step in Step] == list(LIFE[1:])
    assert [next_step(state) for state in LIFE] == [*Step, None]
    assert next_step(S.VOID) is None


def test_a_round_moves_on_by_one_state_or_is_void_before_publication():
    for before, then in zip(LIFE, [*LIFE[1:], None], strict=True):
        allowed = {state for state in RoundState if ROUND_FLOW.allows(before, state)}
        assert allowed == {then, *([S.VOID] if before in VOIDABLE else [])} - {None}
    assert LIFE[len(VOIDABLE)] == S.PUBLISHED


def test_a_move_that_is_not_allowed_is_refused():
    assert ROUND_FLOW.move(S.REVIEW, S.VOID) == S.VOID
    with pytest.raises(RuleViolation):
        ROUND_FLOW.move(S.PUBLISHED, S.VOID)


def test_the_sets_of_states():
    assert list(SEALED) == [S.SEALED, S.COUNTED, S.REVIEW, S.PUBLISHED, S.CLOSED]
    assert list(ISSUING) == [S.FROZEN, S.DRAWN, S.OPEN, *SEALED]
    assert {S.COUNTED, S.REVIEW, S.PUBLISHED, S.CLOSED} == COUNTED
    assert {S.COUNTED, S.REVIEW} == BEFORE_PUBLICATION
    assert list(PUBLISHED) == [S.PUBLISHED, S.CLOSED]


@pytest.mark.parametrize("step", Step)
def test_a_step_is_taken_only_in_its_own_state(step):
    for state in set(RoundState) - {STEP_FROM[step]}:
        assert lacks(step, state=state) == [
            f"本轮当前为“{state.label}”，“{step.label}”只能在“{STEP_FROM[step].label}”时进行。"
        ]


@pytest.mark.parametrize("step", Step)
def test_a_round_that_lacks_nothing_moves_on(step):
    assert lacks(step, closes_at=NOON + timedelta(days=0 if step == Step.SEAL else 1)) == []


@pytest.mark.parametrize(
    ("step", "facts", "text"),
    [
        (Step.FREEZE, {"rulebook_errors": ("权重之和不为1。",)}, "评议规则有误：权重之和不为1。"),
        (Step.FREEZE, {"indicators_without_manifestation": ("冷",)}, "指标“冷”没有启用的表象，请先添加。"),
        (Step.FREEZE, {"phone_faults": ("评议办联系电话还没有填写。",)}, "评议办联系电话还没有填写。"),
        (Step.FREEZE, {"active_sections": 0}, "评议对象名录为空，请先导入单位和科室。"),
        (
            Step.FREEZE,
            {"is_settled": False},
            "评议方案（名称、时间和评议规则）尚未审定，或审定后又有改动，请提请审定方案。",
        ),
        (Step.CONFIRM_DRAWS, {"wanted_draws": (DrawPurpose.EVALUATORS,)}, "“抽取定向评议人员”尚未完成并公开。"),
        (
            Step.CONFIRM_DRAWS,
            {"wanted_draws": (DrawPurpose.EVALUATORS,), "draws": {DrawPurpose.EVALUATORS: DRAWN}},
            "“抽取定向评议人员”尚未完成并公开。",
        ),
        (Step.OPEN, {"channels_without_codes": ("定向",)}, "渠道“定向”尚未发放票号，请先生成票号批次。"),
        (Step.OPEN, {"unfit_codes": ("抽样缺1个。",)}, "抽样缺1个。"),
        (Step.OPEN, closed(), "截止投票时间已过，请先延期。"),
        (Step.SEAL, closed(paper_faults={"7": ("第一批没有清点。",)}), "第一批没有清点。"),
        (Step.COUNT, {"unreviewed_alerts": 2}, "还有2条领票异常没有核查，请在“回收监测”中核查。"),
        (
            Step.COUNT,
            {"sampled_ballots": 2, "draws": {DrawPurpose.COUNTED: DRAWN}},
            "已收回抽样评议票2张，“抽取计票的抽样评议票”尚未完成并公开，请先抽取并公开证明。",
        ),
        (Step.ANNOUNCE, {"listed_without_problems": {"3": "价格科"}}, "上榜科室“价格科”的主要问题尚未填写。"),
        (Step.ANNOUNCE, {"lacking_witnesses": 1}, "计票记录还差1名监督员签名。"),
        (Step.PUBLISH, {"lacking_witnesses": 1}, "计票记录还差1名监督员签名。"),
        (
            Step.PUBLISH,
            {"objections_until": date(2026, 3, 2)},
            "异议期至2026年3月2日止，期满后方可公示。",
        ),
        (Step.PUBLISH, {"open_flags": 1}, "还有1件异常提示没有处理，请决定保留计票或者认定废票。"),
        (Step.PUBLISH, {"undecided": ("异议1",)}, "“异议1”尚未办结，办结后方可公示。"),
        (Step.ARCHIVE, {"open_cases": ("国土局窗口",)}, "尚有1件问责事项未办结：国土局窗口，请先办结。"),
        (Step.ARCHIVE, {"open_rectifications": ("国土局窗口（整改中）",)}, "尚有1件整改未销号：国土局窗口（整改中）。"),
        (
            Step.ARCHIVE,
            {"open_orders": ("国土局窗口",)},
            "尚有1次暗访发现的问题没有责令整改或者没有复查：国土局窗口。",
        ),
        (Step.ARCHIVE, {"appeals_until": NOON.date()}, f"申诉期至{NOON:%Y年%-m月%-d日}止，期满后方可归档。"),
        (Step.ARCHIVE, {"undecided": ("某科公示后申诉",)}, "“某科公示后申诉”尚未答复，答复后方可归档。"),
        (Step.ARCHIVE, {"open_flags": 1}, "重新计票发现的1件异常提示没有处理，请核查后决定保留计票。"),
    ],
)
def test_a_step_names_what_it_lacks(step, facts, text):
    assert lacks(step, **facts) == [text]


@pytest.mark.parametrize(
    ("step", "facts"),
    [
        (Step.CONFIRM_DRAWS, {"wanted_draws": (DrawPurpose.EVALUATORS,), "draws": {DrawPurpose.EVALUATORS: PUBLIC}}),
        (Step.OPEN, {"closes_at": NOON + timedelta(seconds=1)}),
        (Step.COUNT, {"sampled_ballots": 0, "draws": {}}),
        (Step.COUNT, {"sampled_ballots": 2, "draws": {DrawPurpose.COUNTED: PUBLIC}}),
        (Step.PUBLISH, {"objections_until": date(2026, 3, 1)}),
    ],
)
def test_a_step_is_free_as_soon_as_its_condition_holds(step, facts):
    assert lacks(step, **facts) == []


def test_a_round_has_no_sections_unless_they_are_counted():
    assert "评议对象名录为空" in missing(Step.FREEZE, Readiness(S.DRAFT, NOON, NOON, NOON))[0]


def test_a_channel_without_any_code_is_named_once():
    texts = lacks(Step.OPEN, channels_without_codes=("定向",), unfit_codes=("定向缺2个。", "抽样缺1个。"))

    assert texts == ["渠道“定向”尚未发放票号，请先生成票号批次。", "抽样缺1个。"]


def test_a_round_is_not_sealed_before_the_closing_time():
    (text,) = lacks(Step.SEAL, closes_at=NOON + timedelta(seconds=1))

    assert text.startswith("尚未到截止投票时间")
    assert lacks(Step.SEAL, closes_at=NOON) == []


def test_everything_lacking_is_listed_at_once():
    assert len(lacks(Step.FREEZE, rulebook_errors=("甲", "乙"), active_sections=0, is_settled=False)) == 4
    assert len(lacks(Step.PUBLISH, open_flags=1, undecided=("甲", "乙"), listed_without_problems={"3": "丙"})) == 4

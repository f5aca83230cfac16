"""The state of a talk: one sentence for planned, held, recorded and confirmed."""

from datetime import UTC, datetime, timedelta

import pytest

from accountability.cases.rules.measures import MeasureState, TalkState
from accountability.talks.rules import TalkStage, talk_standing

NOW = datetime(2020, 7, 14, 9, 0, tzinfo=UTC)
PENDING = MeasureState.PENDING


def standing(measure=PENDING, record=None, planned_at=None, *, is_held=False):
    return talk_standing(measure, record, planned_at, is_held=is_held, now=NOW)


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({}, "未安排"),
        ({"planned_at": NOW + timedelta(hours=1)}, "已安排（2020年7月14日 10:00）"),
        ({"planned_at": NOW - timedelta(hours=1)}, "已安排（2020年7月14日 08:00，时间已过）"),
        ({"planned_at": NOW - timedelta(hours=1), "is_held": True}, "已谈话待填写记录"),
        ({"planned_at": NOW - timedelta(hours=1), "record": TalkState.DRAFT}, "已谈话待报送记录"),
        ({"record": TalkState.FILED}, "已报送待确认"),
        ({"record": TalkState.RETURNED}, "退回"),
        ({"record": TalkState.CONFIRMED, "measure": MeasureState.DONE}, "已确认"),
        ({"measure": MeasureState.NOT_APPLICABLE}, "不适用"),
    ],
)
def test_a_talk_says_how_far_it_has_come(given, label):
    assert standing(**given).label == label


def test_a_talk_that_awaits_confirmation_does_not_read_like_one_not_held():
    assert "未" not in standing(record=TalkState.FILED, planned_at=NOW).label


def test_only_a_past_time_without_a_record_is_marked():
    past = NOW - timedelta(minutes=1)

    assert standing(planned_at=past).is_past
    assert not standing(planned_at=NOW).is_past
    assert not standing(planned_at=past, is_held=True).is_past
    assert not standing(planned_at=past, record=TalkState.DRAFT).is_past


def test_a_withdrawn_case_leaves_nothing_to_confirm():
    given = standing(MeasureState.NOT_APPLICABLE, TalkState.FILED, NOW)

    assert given.stage == TalkStage.WAIVED

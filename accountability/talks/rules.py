"""State of a talk (谈话进展): planned, held, recorded, confirmed; what every page, list and workbook says of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices

from accountability.cases.rules.measures import MeasureState, TalkState
from nanchuan_eval.workdays.rules import in_chinese


class TalkStage(TextChoices):
    """How far a talk has come."""

    UNPLANNED = "unplanned", "未安排"
    PLANNED = "planned", "已安排"
    MISSED = "missed", "已安排，时间已过"
    HELD = "held", "已谈话待填写记录"
    WRITTEN = "written", "已谈话待报送记录"
    FILED = "filed", "已报送待确认"
    RETURNED = "returned", "退回"
    CONFIRMED = "confirmed", "已确认"
    WAIVED = "waived", "不适用"


# The time that was planned is said as long as nothing later is known.
DATED = frozenset({TalkStage.PLANNED, TalkStage.MISSED})
OF_RECORDS = {
    TalkState.DRAFT: TalkStage.WRITTEN,
    TalkState.FILED: TalkStage.FILED,
    TalkState.RETURNED: TalkStage.RETURNED,
    TalkState.CONFIRMED: TalkStage.CONFIRMED,
}


@dataclass(frozen=True)
class TalkStanding:
    """The stage of a talk with the time planned for it, in local time."""

    stage: TalkStage
    planned_at: datetime | None = None

    @property
    def label(self) -> str:
        """The state as it is read everywhere, e.g. 已安排（2020年7月14日 10:00）."""
        if self.planned_at is None or self.stage not in DATED:
            return str(self.stage.label)
        when = f"{in_chinese(self.planned_at.date())} {self.planned_at:%H:%M}"
        return f"已安排（{when}，时间已过）" if self.is_past else f"已安排（{when}）"

    @property
    def is_past(self) -> bool:
        """True if the planned time has passed and nobody has said whether the talk was held."""
        return self.stage == TalkStage.MISSED


def talk_standing(
    measure: MeasureState, record: TalkState | None, planned_at: datetime | None, *, is_held: bool, now: datetime
) -> TalkStanding:
    """Return how far a talk has come; `planned_at` is local, and counts until the talk is recorded."""
    if measure == MeasureState.NOT_APPLICABLE:
        return TalkStanding(TalkStage.WAIVED)
    if measure == MeasureState.DONE:
        return TalkStanding(TalkStage.CONFIRMED)
    if record is not None:
        return TalkStanding(OF_RECORDS[record], planned_at)
    if planned_at is None:
        return TalkStanding(TalkStage.UNPLANNED)
    if is_held:
        return TalkStanding(TalkStage.HELD, planned_at)
    return TalkStanding(TalkStage.MISSED if planned_at < now else TalkStage.PLANNED, planned_at)

"""What a repeated listing calls for (再次上榜): by kind of repetition a measure, its actor and term (rulebook R-F)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

FEWEST_TIMES, MOST_TIMES = 2, 10
MOST_WORKDAYS, MOST_STEPS = 60, 8
NONE = "（无）"


class Repetition(TextChoices):
    """Kinds of repetition (再次上榜的情形)."""

    WITHIN_YEAR = "within_year", "一年内上榜"
    IN_A_ROW = "in_a_row", "连续上榜"
    TOP_IN_A_ROW = "top_in_a_row", "连续居前"


class StepMeasure(TextChoices):
    """Measures that a repetition calls for."""

    SUMMONS = "summons", "约谈科室负责人"
    CHIEF_TALK = "chief_talk", "谈话提醒改由主要领导参加"
    SPECIAL_INSPECTION = "special_inspection", "专项督查"


class Actor(TextChoices):
    """Bodies that carry such a measure out."""

    UNIT = "unit", "单位党委（党组）"
    COMMISSION = "commission", "纪委监委"
    OFFICE = "office", "评议办"


# Whose measure it may be: a unit summons its own head, the commission talks to the unit's leaders.
ACTORS_OF = {
    StepMeasure.SUMMONS: (Actor.UNIT,),
    StepMeasure.CHIEF_TALK: (Actor.COMMISSION,),
    StepMeasure.SPECIAL_INSPECTION: (Actor.UNIT, Actor.OFFICE),
}
KEYS = frozenset({"repetition", "times", "measure", "actor", "workdays"})
DEFAULT_STEPS: tuple[dict[str, Any], ...] = (
    {"repetition": "within_year", "times": 2, "measure": "summons", "actor": "unit", "workdays": 10},
    {"repetition": "within_year", "times": 2, "measure": "chief_talk", "actor": "commission", "workdays": 10},
    {"repetition": "in_a_row", "times": 3, "measure": "special_inspection", "actor": "unit", "workdays": 15},
)


@dataclass(frozen=True)
class RepeatStep:
    """From so many repetitions on, a measure is taken by a body within working days after publication."""

    repetition: Repetition
    times: int
    measure: StepMeasure
    actor: Actor
    workdays: int

    @classmethod
    def of(cls, step: Mapping[str, Any]) -> "RepeatStep":
        """Read a valid step of a rulebook."""
        return cls(
            repetition=Repetition(step["repetition"]),
            times=int(step["times"]),
            measure=StepMeasure(step["measure"]),
            actor=Actor(step["actor"]),
            workdays=int(step["workdays"]),
        )

    def __str__(self) -> str:
        whom = f"由{self.actor.label}办理"
        return f"{self.repetition.label}{self.times}次：{self.measure.label}，{whom}，{self.workdays}个工作日"


def read_steps(rulebook: Mapping[str, Any]) -> tuple[RepeatStep, ...]:
    """Return a rulebook's steps; one frozen before there were steps has none."""
    return tuple(RepeatStep.of(step) for step in rulebook.get("repeat_steps", ()))


def steps_as_text(value: Any) -> str:
    """Return the steps in words, also of a rulebook that has faults."""
    return (
        NONE if not value else "；".join(str(RepeatStep.of(step)) for step in value) if is_sound(value) else str(value)
    )


def is_sound(value: Any) -> bool:
    """True if the steps have no fault."""
    return not step_errors(value)


def step_errors(value: Any) -> list[str]:
    """Return in Chinese what is wrong with the steps, each with its line."""
    if not isinstance(value, list) or len(value) > MOST_STEPS:
        return [f"“再次上榜的措施”应为不超过{MOST_STEPS}行的表。"]
    errors = [
        f"再次上榜的措施第{line}行：{fault}" for line, step in enumerate(value, start=1) for fault in _faults(step)
    ]
    if errors:
        return errors
    seen = [(step["repetition"], step["times"], step["measure"]) for step in value]
    return ["再次上榜的措施：同一情形、同一次数的同一措施只能有一行。"] if len(set(seen)) < len(seen) else []


def _faults(step: Any) -> Iterator[str]:
    if not isinstance(step, Mapping) or set(step) != KEYS:
        yield "应有情形、次数、措施、办理单位、期限五项。"
        return
    if step["repetition"] not in Repetition.values:
        yield "请选择情形。"
    if not _is_between(step["times"], FEWEST_TIMES, MOST_TIMES):
        yield f"次数应为{FEWEST_TIMES}到{MOST_TIMES}之间的整数。"
    if not _is_between(step["workdays"], 1, MOST_WORKDAYS):
        yield f"期限应为1到{MOST_WORKDAYS}个工作日。"
    if step["measure"] not in StepMeasure.values:
        yield "请选择措施。"
    elif step["actor"] not in ACTORS_OF[StepMeasure(step["measure"])]:
        measure = StepMeasure(step["measure"])
        fitting = "或者".join(actor.label for actor in ACTORS_OF[measure])
        yield f"“{measure.label}”由{fitting}办理。"


def _is_between(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

"""What a step of a round lacks (还缺的条件): the sentence, and where and by whom it is mended."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a missing condition is mended; pages turn a place into an address."""

    ROUND = "round"
    RULEBOOK = "rulebook"
    MANIFESTATIONS = "manifestations"
    ROSTER = "roster"
    SETTLEMENT = "settlement"
    POOL = "pool"
    RECORDS = "records"
    PLANNED_DRAW = "planned_draw"
    DRAW = "draw"
    CODES = "codes"
    BOX_KEY = "box_key"
    EXTENSION = "extension"
    PAPER = "paper"
    CLOSING = "closing"
    OPENING_RECORD = "opening_record"
    ALERTS = "alerts"
    PROBLEMS = "problems"
    COUNT_RECORD = "count_record"
    SAMPLE = "sample"
    OBJECTION_PERIOD = "objection_period"
    GATE = "gate"
    FLAGS = "flags"
    HOLDS = "holds"
    CASES = "cases"
    VISITS = "visits"


# The policy table's action by which a place is mended: whoever starts it is waited for. Without one, time is.
MENDED_BY: dict[Place, str] = {
    Place.ROUND: "round.edit",
    Place.RULEBOOK: "round.edit",
    Place.MANIFESTATIONS: "round.edit",
    Place.ROSTER: "roster.import",
    Place.SETTLEMENT: "round.edit",
    Place.POOL: "pool.import",
    Place.RECORDS: "pool.import",
    Place.PLANNED_DRAW: "draw.commit",
    Place.DRAW: "draw.run",
    Place.CODES: "cred.print",
    Place.BOX_KEY: "box.key",
    Place.EXTENSION: "round.extend",
    Place.PAPER: "paper.match",
    Place.OPENING_RECORD: "box.open",
    Place.ALERTS: "ballot.invalid",
    Place.PROBLEMS: "publish.draft",
    Place.COUNT_RECORD: "tally.run",
    Place.SAMPLE: "audit.sample",
    Place.GATE: "publish.approve",
    Place.FLAGS: "ballot.invalid",
    Place.HOLDS: "appeal.accept",
    Place.CASES: "acc.close",
    Place.VISITS: "insp.notify",
}
# Conditions that nobody mends: the day has to come.
FOR_THE_CLOCK = frozenset({Place.CLOSING, Place.OBJECTION_PERIOD})
# Conditions that wait for the signatures of supervisors, whom the office calls in.
FOR_SUPERVISORS = frozenset({Place.OPENING_RECORD, Place.COUNT_RECORD})


@dataclass(frozen=True)
class Lack:
    """One missing condition; `ref` tells rows of one place apart (a draw's purpose, a batch, a section's result)."""

    text: str
    place: Place
    ref: str = ""

    def __str__(self) -> str:
        return self.text


def lacks_at(place: Place, texts: Iterable[str], ref: str = "") -> list[Lack]:
    """Return sentences as conditions that are mended at one place."""
    return [Lack(text, place, ref) for text in texts]


def texts_of(lacks: Iterable[Lack]) -> list[str]:
    """Return the sentences, as a refusal gives them."""
    return [lack.text for lack in lacks]

"""A small draw by the protocol, for everybody to follow: the worked example of 怎样核验."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.protocol.drawing import commitment, draw_seed, make_params, ticket
from evaluations.protocol.outcome import draw

STRATUM, SEATS, ALTERNATES = "示例", 2, 1
PEOPLE = tuple(f"{number}号" for number in range(1, 9))
DICE = (3, 8, 0, 5, 9, 1)
OTHER_DICE = (*DICE[:-1], 2)


@dataclass(frozen=True)
class Place:
    """One of the people in the order drawn: what became of them, and their ticket."""

    name: str
    outcome: str
    ticket: str


@dataclass(frozen=True)
class DrawExample:
    """The example: what is published before the draw, the dice, the outcome, and the outcome of other dice."""

    people: Sequence[str]
    seats: int
    dice: Sequence[int]
    commitment: str
    seed: str
    places: Sequence[Place]
    other_dice: Sequence[int]
    other_drawn: Sequence[str]


def draw_example() -> DrawExample:
    """Draw the example as every draw is drawn."""
    pool = [(STRATUM, name) for name in PEOPLE]
    params = make_params(
        draw_id="example-1",
        purpose="示例",
        pool=pool,
        exclusions=[],
        quota={"mode": "fixed", "rounds": [[SEATS]]},
        alternates=ALTERNATES,
        randomness=[{"label": "十面骰子6枚", "n": 6, "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"}],
        note="",
    )

    def outcome_of(dice: Sequence[int]) -> tuple[list[str], list[str]]:
        line = draw(params, pool, [], [dice])["strata"][STRATUM]
        return line["selected"], line["alternates"]

    selected, alternates = outcome_of(DICE)
    seed = draw_seed(params, [DICE])
    outcome = dict.fromkeys(PEOPLE, "未抽中") | dict.fromkeys(selected, "抽中") | dict.fromkeys(alternates, "候补")
    order = sorted(PEOPLE, key=lambda name: ticket(seed, STRATUM, name))
    return DrawExample(
        people=PEOPLE,
        seats=SEATS,
        dice=DICE,
        commitment=commitment(params),
        seed=seed,
        places=[Place(name, outcome[name], ticket(seed, STRATUM, name)) for name in order],
        other_dice=OTHER_DICE,
        other_drawn=outcome_of(OTHER_DICE)[0],
    )

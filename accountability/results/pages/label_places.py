"""Where the names of points stand in a chart: beside their points, over no other name and no point."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import hypot

from accountability.results.rules import text_width

HIGH, BASELINE, POINT = 17, 13, 7  # of a label's box; half the side of a point's
DISTANCES = (10, 20, 30, 42, 54, 68, 84, 100, 120, 145, 170, 200, 230)
DIRECTIONS = (
    *((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)),
    *((1, -0.4), (1, 0.4), (-1, -0.4), (-1, 0.4), (0.4, -1), (0.4, 1), (-0.4, -1), (-0.4, 1)),
)
FAR = 20  # distance from which a thin line leads from the point to its name
SAMPLES = 24  # points at which a line is looked at
CROSSING = 90  # a line over another point or line, or a far name beside another point, is as bad as so much distance
GRID = 12
NEAR = 3  # of the distances, for names that can be left out


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """True if the two have more than an edge in common."""
        is_beside = self.right <= other.left or other.right <= self.left
        return not is_beside and self.top < other.bottom and other.top < self.bottom

    def holds(self, x: float, y: float) -> bool:
        """True if the point is inside."""
        return self.left < x < self.right and self.top < y < self.bottom

    def is_within(self, other: "Box") -> bool:
        """True if nothing of it is outside the other."""
        return all(
            (
                self.left >= other.left,
                self.right <= other.right,
                self.top >= other.top,
                self.bottom <= other.bottom,
            )
        )


@dataclass(frozen=True)
class Named:
    """A point to be named; `is_needed` = if need be with a line that crosses other points."""

    x: float
    y: float
    text: str
    is_needed: bool = False


@dataclass(frozen=True)
class Label:
    """A name at its place; `leads` if a line leads to it from its point."""

    text: str
    box: Box
    x: float  # the end of the line at the name
    y: float
    of: Named
    leads: bool

    @property
    def distance(self) -> float:
        """How far the name is from its point."""
        return hypot(self.x - self.of.x, self.y - self.of.y)

    @property
    def baseline(self) -> float:
        """Where the text stands."""
        return round(self.box.top + BASELINE, 1)

    def line(self) -> list[tuple[float, float]]:
        """Return points of the line that leads to the name."""
        if not self.leads:
            return []
        steps = [n / SAMPLES for n in range(SAMPLES + 1)]
        return [(self.of.x + (self.x - self.of.x) * s, self.of.y + (self.y - self.of.y) * s) for s in steps]


def place_labels(named: Sequence[Named], points: Sequence[tuple[float, float]], frame: Box) -> list[Label]:
    """Return the names that find room, in the order of the points; the first ones have the choice."""
    blocks = [Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points]
    placed: list[Label] = []
    for point in named:
        if (label := _best(point, placed, blocks, frame)) is not None:
            placed.append(label)
    # Once all have a place, those that could be misread look for a better one.
    for at, label in enumerate(placed):
        others = [*placed[:at], *placed[at + 1 :]]
        if _faults(label, others, blocks):
            placed[at] = _best(label.of, others, blocks, frame) or label
    return placed


def _best(point: Named, placed: Sequence[Label], blocks: Sequence[Box], frame: Box) -> Label | None:
    free = [label for label in _candidates(point) if _is_free(label, placed, blocks, frame)]
    if point.is_needed and not free:
        free = [label for label in _anywhere(point, frame) if _is_free(label, placed, blocks, frame)]
    cost = {label: label.distance + CROSSING * _faults(label, placed, blocks) for label in free}
    if free and (point.is_needed or min(cost.values()) < CROSSING):
        return min(free, key=cost.__getitem__)
    return None


def _candidates(point: Named) -> Iterator[Label]:
    wide = text_width(point.text)
    distances = DISTANCES if point.is_needed else DISTANCES[:NEAR]
    for distance, (across, down) in product(distances, DIRECTIONS):
        x, y = round(point.x + across * distance, 1), round(point.y + down * distance, 1)
        is_beside = abs(across) == 1
        left = x - wide / 2 if not is_beside else x if across > 0 else x - wide
        top = y - HIGH / 2 if is_beside else y if down > 0 else y - HIGH
        box = Box(round(left, 1), round(top, 1), round(left + wide, 1), round(top + HIGH, 1))
        yield Label(point.text, box, x, y, point, leads=distance >= FAR)


def _anywhere(point: Named, frame: Box) -> Iterator[Label]:
    """Every place of a grid over the picture, left and right of the point."""
    wide = text_width(point.text)
    for row, column in product(
        range(int(frame.bottom - frame.top) // HIGH), range(int(frame.right - frame.left) // GRID)
    ):
        left, top = frame.left + column * GRID, frame.top + row * HIGH
        box = Box(left, top, left + wide, top + HIGH)
        yield Label(point.text, box, left if left > point.x else box.right, top + HIGH / 2, point, leads=True)


def _is_free(label: Label, placed: Sequence[Label], blocks: Sequence[Box], frame: Box) -> bool:
    if not label.box.is_within(frame) or any(label.box.overlaps(block) for block in blocks):
        return False
    return not any(
        label.box.overlaps(other.box)
        or any(label.box.holds(x, y) for x, y in other.line())
        or any(other.box.holds(x, y) for x, y in label.line())
        for other in placed
    )


def _faults(label: Label, placed: Sequence[Label], blocks: Sequence[Box]) -> int:
    """Count in how many ways the name could be taken for another point's."""
    if not label.leads:
        return 0
    others = [block for block in blocks if not block.holds(label.of.x, label.of.y)]
    around = Box(label.box.left - POINT, label.box.top - POINT, label.box.right + POINT, label.box.bottom + POINT)
    is_over_a_point = any(block.holds(x, y) for x, y in label.line() for block in others)
    is_beside_another = any(around.overlaps(block) for block in others)
    return is_over_a_point + is_beside_another + sum(_lines_cross(label, other) for other in placed if other.leads)


def _lines_cross(one: Label, other: Label) -> bool:
    a, b, c, d = (one.of.x, one.of.y), (one.x, one.y), (other.of.x, other.of.y), (other.x, other.y)
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(start: tuple[float, float], end: tuple[float, float], at: tuple[float, float]) -> float:
    """Return on which side of a line a point is: less or more than nothing."""
    return (end[0] - start[0]) * (at[1] - start[1]) - (end[1] - start[1]) * (at[0] - start[0])

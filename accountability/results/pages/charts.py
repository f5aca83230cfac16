"""What the commission's charts (图) share: geometry in view-box units, ticks, names; SVG is drawn by the templates.

All charts are as narrow as a phone needs. A table beside each gives the same data; positions are rounded to a tenth for
a stable output.
"""

from collections.abc import Callable
from dataclasses import dataclass

from accountability.results.queries.lines import Line
from accountability.results.rules import LONGEST_NAME, short_name, units

ROW, TOP, LABELS, WIDTH, MARGIN = 20, 40, 178, 480, 12
PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_BOTTOM = 40, 468, 30, 400
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    at: float
    text: str


def ranked_name(line: Line) -> str:
    """Return a section's place and name, with its unit if there is room."""
    rank, section = line.result.rank, line.section
    whole = f"{rank} {section.department_name}{section.name}"
    return whole if units(whole) <= LONGEST_NAME else short_name(f"{rank} {section.name}")


def scale(value: float, low: float, high: float, start: float, end: float) -> float:
    """Return the position of a value on an axis."""
    return round(start + (value - low) * (end - start) / (high - low), 1)


def round_steps(low: int, high: int, most: int = 11) -> list[int]:
    """Return round numbers from low to high, about eight of them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**4, 10**5, 10**6) if (high - low) / s <= most)
    return [n for n in range(low - low % step, high + 1, step) if n >= low] or [low]


def place_steps(lowest: int, most: int = 11) -> list[int]:
    """Return the first place and round numbers after it."""
    steps = round_steps(1, lowest, most)
    return steps if steps[0] == 1 else [1, *(n for n in steps if n > 2)]

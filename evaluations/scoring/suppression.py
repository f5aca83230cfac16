"""Small figures (小数不公开): what fewer than five ballots say could point at a person."""

from collections.abc import Mapping

SMALLEST_SHOWN = 5
FEW = "少于5"


def shown(count: int) -> int | str:
    """Return a figure as it may be shown alone: nothing at all is no secret, one to four are."""
    return FEW if 0 < count < SMALLEST_SHOWN else count


def shown_beside_total(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Return figures whose sum is public: a single hidden one could be worked out, so the next smallest hides too."""
    cells: dict[str, int | str] = {key: shown(count) for key, count in counts.items()}
    hidden = [key for key, cell in cells.items() if cell == FEW]
    others = sorted((count, key) for key, count in counts.items() if key not in hidden and count)
    if len(hidden) == 1 and others:
        cells[others[0][1]] = "不单独公布"
    return cells

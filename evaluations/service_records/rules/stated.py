"""A unit's own counts (自报办件数) as they are typed, or pasted from a sheet: a line for each day."""

import re
from collections.abc import Iterator
from datetime import date

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.faults import shortened
from nanchuan_eval.lists.rules import values

MOST_DAYS = 400
_BETWEEN = re.compile(r"[\s,，;；:：]+")
EXAMPLE = "2026-07-01 12"


def read_counts(text: str) -> dict[date, int]:
    """Return day -> count; every line that is none is told, and a day that stands twice."""
    found: dict[date, int] = {}
    faults: list[str] = []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for number, line in lines[:MOST_DAYS]:
        *before, last = _BETWEEN.split(line)
        span, count = values.day(" ".join(before)), values.number(last.removesuffix("件"))
        if span is None or not span.is_day or count is None:
            faults.append(f"第{number}行“{shortened(line)}”不是一个日期和一个件数，请按“{EXAMPLE}”的写法填写。")
        elif span.first in found:
            faults.append(f"第{number}行：{span.first.isoformat()}填写了两次，请核对。")
        else:
            found[span.first] = count
    if faults or len(lines) > MOST_DAYS or not found:
        raise RuleViolation(*_told(faults, len(lines)))
    return found


def _told(faults: list[str], lines: int) -> Iterator[str]:
    if lines > MOST_DAYS:
        yield f"一次最多填写{MOST_DAYS}天，现有{lines}行，请分几次报送。"
    elif not lines:
        yield "没有填写件数。"
    yield from faults[:10]
    if len(faults) > 10:
        yield f"另有{len(faults) - 10}行有误。"

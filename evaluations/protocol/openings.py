"""The opened ballots (开封文件): what every sealed ballot says, to recheck closing list and count (protocol 6.6).

One canonical JSON per line: {"channel","counted","nonce","receipt","vote"}. It does not reveal who voted.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluations.protocol.codes import content_commitment
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.scoring.method import Indicator

# A counted line: channel, section, the five answers as in ballots.csv.
Row = tuple[str, ...]


def openings_fault(lines: Iterable[str], closing: Sequence[bytes], root: str) -> str:
    """Return in Chinese how openings, closing list and root disagree, or ""."""
    leaves = sorted(leaf(o["receipt"], content_commitment(o["receipt"], o["nonce"], o["vote"])) for o in _read(lines))
    if leaves != list(closing):
        return "由开封文件算出的内容校验值与封箱清单不一致"
    return "" if merkle_root(leaves) == root else "封箱清单与总校验值不符"


def ballots_fault(lines: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return in Chinese which line of ballots.csv is on no counted ballot, or is missing, or "".

    ballots.csv has no ballots (method.md 4.1), so both are compared as heaps of lines: equal ones equally often.
    """
    opened = Counter(
        _row(o["channel"], line["section"], line["answers"])
        for o in _read(lines)
        if o["counted"]
        for line in o["vote"]["lines"]
    )
    counted = Counter((row["channel"], row["section"], *(row[i.value] for i in Indicator)) for row in rows)
    for found, fault in ((counted - opened, "多出"), (opened - counted, "缺少")):
        for channel, section, *answers in sorted(found):
            return f"计票文件{fault}{found.total()}行，如{channel} {section}：{','.join(answers)}"
    return ""


def _read(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for line in lines if line.strip())


def _row(channel: str, section: str, answers: Mapping[str, int]) -> Row:
    return (channel, section, *(str(answers[i]) if i in answers else "" for i in Indicator))

"""The notary's file (开封文件): nonce and vote of every sealed ballot, to recheck the closing list (protocol 6.6).

One canonical JSON per line: {"ballot","nonce","receipt","vote"}. It does not reveal who voted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluations.protocol.codes import content_commitment
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.scoring.method import Indicator

Row = tuple[str, ...]


def openings_fault(lines: Iterable[str], closing: Sequence[bytes], root: str) -> str:
    """Return in Chinese how openings, closing list and root disagree, or ""."""
    leaves = sorted(leaf(o["receipt"], content_commitment(o["receipt"], o["nonce"], o["vote"])) for o in _read(lines))
    if leaves != list(closing):
        return "由开封文件算出的内容校验值与封箱清单不一致"
    return "" if merkle_root(leaves) == root else "封箱清单与总校验值不符"


def ballots_fault(lines: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return in Chinese which ballot in ballots.csv differs from its opening or is incomplete, or ""."""
    opened = {
        o["ballot"]: {line["section"]: _row(line["answers"]) for line in o["vote"]["lines"]} for o in _read(lines)
    }
    seen: dict[str, int] = {}
    for row in rows:
        answers = tuple(row[i.value] for i in Indicator)
        if opened.get(row["ballot"], {}).get(row["section"]) != answers:
            return f"计票文件中的票{row['ballot']}与开封文件不一致"
        seen[row["ballot"]] = seen.get(row["ballot"], 0) + 1
    short = next((ballot for ballot, count in seen.items() if count != len(opened[ballot])), "")
    return f"计票文件中的票{short}缺少科室" if short else ""


def _read(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines if line.strip()]


def _row(answers: Mapping[str, int]) -> Row:
    return tuple(str(answers[i]) if i in answers else "" for i in Indicator)

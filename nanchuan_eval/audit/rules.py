"""Hash chain of the audit log (日志链): each row's hash covers the row and the hash before it.

    hash = H(prev || H(canonical JSON of the other fields))

Changing, removing, swapping or adding a row means rebuilding everything after it; then the anchors, of which copies
exist outside the machine, no longer match.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from nanchuan_eval.core.canonical import canonical_json

GENESIS = "0" * 64
ALGORITHM = "sha256"


# Together only in the detail of a row about a proposal; the row that performs the action never has both.
PROPOSAL_KEYS = ("approval", "digest")


class Anchor(NamedTuple):
    """锚点: the chain's head at the moment it was published."""

    seq: int
    hash: str


START = Anchor(0, GENESIS)
MOST_DIGITS = 18  # of a row's number
_OF_THE_CHAIN = {"seq": int, "prev": str, "hash": str, "alg": str}


@dataclass(frozen=True)
class Link:
    """One row of the chain: number, fields, previous hash and own hash."""

    seq: int
    fields: Mapping[str, object]
    prev: str
    hash: str
    algorithm: str = ALGORITHM


def link_hash(prev: str, fields: Mapping[str, object], algorithm: str = ALGORITHM) -> str:
    """Return the hash of a row that follows `prev`; the row names the algorithm (SHA-256, or SM3 later)."""
    inner = hashlib.new(algorithm, canonical_json(fields)).digest()
    return hashlib.new(algorithm, bytes.fromhex(prev) + inner).hexdigest()


def is_about_proposal(detail: Mapping[str, object]) -> bool:
    """True for the detail of a row that proposes or decides an action: it bears the action's name but did not do it."""
    return all(key in detail for key in PROPOSAL_KEYS)


def parse_links(text: str) -> list[Link]:
    """Parse an exported or archived log: one canonical JSON object per line, `#` lines are comments.

    Raises ValueError with the number of the first line that is none.
    """
    lines = enumerate(text.split("\n"), start=1)
    return [_link(number, line) for number, line in lines if line.strip() and not line.startswith("#")]


def _link(number: int, line: str) -> Link:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or any(type(row.get(key)) is not kind for key, kind in _OF_THE_CHAIN.items()):
        raise ValueError(f"第{number}行不是操作日志的记录。")
    return Link(row.pop("seq"), row, prev=row.pop("prev"), hash=row.pop("hash"), algorithm=row.pop("alg"))


def faults(
    links: Iterable[Link], *, head: Anchor, anchors: Iterable[Anchor] = (), start: Anchor = START
) -> Iterator[str]:
    """Yield every inconsistency in Chinese: rows in the order of their numbers, the head, the anchors.

    `start` = the row before the first one: the last row of an archive.
    """
    wanted: dict[int, list[str]] = {}
    for anchor in anchors:
        if start == START or anchor.seq > start.seq:
            wanted.setdefault(anchor.seq, []).append(anchor.hash)
    last = start
    for link in links:
        yield from _faults_of(link, last)
        yield from (
            f"第{link.seq}条与日志锚点不符，此后的记录已被重建。" for h in wanted.pop(link.seq, []) if h != link.hash
        )
        last = Anchor(link.seq, link.hash)
    if last != head:
        yield f"链头记为第{head.seq}条，实际最后一条是第{last.seq}条，末尾的记录被删去或增补过。"
    yield from (f"日志锚点第{seq}条在操作日志中不存在，记录已被删除或者恢复了旧备份。" for seq in sorted(wanted))


def _faults_of(link: Link, last: Anchor) -> Iterator[str]:
    if link.seq != last.seq + 1:
        yield f"第{last.seq}条之后是第{link.seq}条，中间的记录缺失。"
    if link.prev != last.hash:
        yield f"第{link.seq}条没有接在前一条之后，记录被删去、调换或重建过。"
    if _hash_of(link) != link.hash:
        yield f"第{link.seq}条的内容被改动过。"


def _hash_of(link: Link) -> str:
    try:
        return link_hash(link.prev, {**link.fields, "seq": link.seq, "alg": link.algorithm}, link.algorithm)
    except (ValueError, RecursionError):  # not hexadecimal, unknown algorithm, a float: not written by this program
        return ""


def parse_anchors(text: str) -> list[Anchor]:
    """Parse a list of anchors (`seq TAB hash TAB …` per line); raises ValueError for any other line."""
    return [_anchor(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _anchor(line: str) -> Anchor:
    seq, _, rest = line.partition("\t")
    digest = rest.partition("\t")[0].strip()
    if not (seq.isascii() and seq.isdigit() and len(seq) <= MOST_DIGITS) or len(digest) != len(GENESIS):
        raise ValueError(f"不是锚点：{line[:80]}")
    return Anchor(int(seq), digest)

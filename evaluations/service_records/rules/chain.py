"""The chain of what each day brought (办件累计校验), as docs/service-records.md defines it and anybody recomputes it.

Each unit has a chain of its own. A batch commits to the records of one delivery and one day by a digest with a secret
salt; its head commits to all batches of the unit before it, so that none can be dropped or changed unseen.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

NAME = "nanchuan-records/1"
LEAF_BYTES = 32


class Link(NamedTuple):
    """One batch as it is published."""

    seq: int
    day: date
    records: int
    digest: str
    head: str
    # Its records stand in place of earlier ones of the same number; they are no further ones.
    is_correction: bool = False

    @property
    def added(self) -> int:
        """Return how many records of the day it adds."""
        return 0 if self.is_correction else self.records


def record_leaf(salt: str, *values: str) -> bytes:
    """Return a record's leaf: number, section code, day, topic, name and phone, in this order, as they are stored."""
    return hashlib.sha256("\n".join((f"{NAME}/record", salt, *values)).encode()).digest()


def day_digest(salt: str, leaves: Iterable[bytes]) -> str:
    """Return the digest of one batch: of its leaves in ascending order, whatever the order of the file."""
    digest = hashlib.sha256(f"{NAME}/day\n{salt}\n".encode())
    for leaf in sorted(leaves):
        digest.update(leaf)
    return digest.hexdigest()


def split_leaves(joined: bytes | bytearray) -> list[bytes]:
    """Return the leaves that were kept one behind the other."""
    return [bytes(joined[start : start + LEAF_BYTES]) for start in range(0, len(joined), LEAF_BYTES)]


def first_head(unit: str) -> str:
    """Return the head before a unit's first batch; `unit` = its code."""
    return hashlib.sha256(f"{NAME}\n{unit}".encode()).hexdigest()


def next_head(before: str, unit: str, link: Link) -> str:
    """Return the head after a batch, from the head before it."""
    name = f"{NAME}/correction" if link.is_correction else NAME
    lines = (name, before, unit, str(link.seq), link.day.isoformat(), str(link.records), link.digest)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def chain_faults(unit: str, links: Iterable[Link]) -> Iterator[str]:
    """Yield in Chinese what does not agree in a unit's chain, in the order of its numbers."""
    head = first_head(unit)
    for expected, link in enumerate(links, start=1):
        if link.seq != expected:
            yield f"缺少第{expected}批，序号不连续"
            return
        head = next_head(head, unit, link)
        if link.head != head:
            yield f"第{link.seq}批的累计校验值不符，这一批或者以前的批次被改动过"
            return

"""The frame (抽样框): who had something done with a section in a half-year, and who of them can be drawn."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from evaluations.pools.rules.kinds import ExclusionReason

# A rulebook frozen before there were service records knows no size of the smallest batch.
BATCH_MIN = 20


class FrameSection(NamedTuple):
    """A section whose clients are counted: its row in the roster, its code and its name in the round."""

    pk: int
    code: str
    name: str


class FrameLine(NamedTuple):
    """One chance: a person who dealt with a section, however often; a tuple, because there may be half a million."""

    code: str
    section: str
    client: int
    name: str
    phone: str
    exclusion: str


def batch_min(rulebook: Mapping[str, Any]) -> int:
    """Return how many people a section needs, so that a ballot bound to it says nothing about who cast it."""
    return int(rulebook.get("client_batch_min", BATCH_MIN))


def exclusion_of(exclusion: str, phone_hash: str) -> str:
    """Return why a client cannot be drawn: the record's reason, or that nothing can be sent to them; else ""."""
    return exclusion or ("" if phone_hash else ExclusionReason.INELIGIBLE.value)

"""Lines of a draw's pool before they are stored; tuples, because there may be a million of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Candidate(NamedTuple):
    """One line of a draw's pool as its commitment freezes it."""

    stratum: str
    token: str
    person_id: int | None = None
    ref: str = ""
    salt: str = ""
    exclusion: str = ""
    client_id: int | None = None


class PoolLine(NamedTuple):
    """One line of a draw's pool before its commitment makes a token of it."""

    stratum: str
    key: str
    exclusion: str


def roster_lines(lines: Iterable[Any]) -> list[bytes]:
    """Return the private roster for the notary: `stratum TAB token TAB salt`, sorted by bytes."""
    return sorted(f"{line.stratum}\t{line.token}\t{line.salt}\n".encode() for line in lines)

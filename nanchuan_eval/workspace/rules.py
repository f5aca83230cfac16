"""Phases of a half-year, by which the navigation and the list of what waits are ordered."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import TextChoices


class Phase(TextChoices):
    """阶段: the seven parts of the work, in the order of a half-year; the tabs of the navigation."""

    PREPARING = "preparing", "筹备"
    DRAWING = "drawing", "抽取"
    VOTING = "voting", "投票"
    COUNTING = "counting", "计票"
    PUBLISHING = "publishing", "公示"
    FOLLOWING = "following", "问责整改"
    SYSTEM = "system", "系统"


@dataclass(frozen=True)
class Link:
    """A page in the navigation; it also covers the pages below its address."""

    label: str
    address: str
    is_current: bool = False


@dataclass(frozen=True)
class Tab:
    """A phase with the pages that an account may open; its own address is that of the first page."""

    phase: Phase
    links: Sequence[Link]

    @property
    def address(self) -> str:
        """Address of the first page."""
        return self.links[0].address

    @property
    def is_current(self) -> bool:
        """True if one of the phase's pages is open."""
        return any(link.is_current for link in self.links)


def current_address(addresses: Sequence[str], path: str) -> str:
    """Return the address that covers the path most closely; "" if none does.

    An address covers the paths below it, for a list of records also their pages.
    """
    covering = [address for address in addresses if path.startswith(address)]
    return max(covering, key=len, default="")

"""Lineage (沿革): which earlier sections' ranks follow a section through reforms (article: 适时调整)."""

from collections.abc import Iterable

Change = tuple[str, str | None]


def earlier_sections(code: str, changes: Iterable[Change]) -> frozenset[str]:
    """Return all sections that became `code` through any chain of changes; itself not included.

    `changes` = (earlier code, later code or None when abolished); renaming and moving keep the code.
    """
    came_from: dict[str, set[str]] = {}
    for earlier, later in changes:
        if later is not None and later != earlier:
            came_from.setdefault(later, set()).add(earlier)
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for earlier in came_from.get(waiting.pop(), set()) - found:
            found.add(earlier)
            waiting.append(earlier)
    return frozenset(found - {code})

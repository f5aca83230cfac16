"""What may be published about small batches of codes without telling whether a person voted (小数不公开).

Who knows a batch's people (a replacement for one person, a stratum of three) and finds its codes in the list of used
codes knows whether they voted. `smallest` is the size from which a group hides its members (rulebook R-J).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchSize:
    """One batch: the lines of its list, and how many of its codes are not void, so that their holders could vote."""

    batch: int
    codes: int
    able: int
    replaces: int | None = None


@dataclass(frozen=True)
class Lists:
    """Which lists are published: own ones at once; the others after sealing.

    `own`     batches with a list of their own
    `joined`  original batch with an own list -> its small replacements, which join that list
    `rest`    small batches, and small replacements of such, in one list
    """

    own: frozenset[int]
    joined: Mapping[int, tuple[int, ...]]
    rest: frozenset[int]


@dataclass(frozen=True)
class Withheld:
    """Codes whose use is not published one by one: all codes of some batches, and `cover` codes of others."""

    batches: frozenset[int]
    cover: int


def is_small(people: int, smallest: int) -> bool:
    """True if a figure about so many people, even 0, tells something about each of them."""
    return 0 < people < smallest


def few_together(people: Mapping[str, int], smallest: int) -> frozenset[str]:
    """Return the groups to publish as one: small ones, with the smallest others until they are enough; often none."""
    few = {group for group, number in people.items() if is_small(number, smallest)}
    for group in sorted(people, key=lambda group: (people[group], group)):
        if few and people[group] and sum(people[member] for member in few) < smallest:
            few.add(group)
    return frozenset(few)


def lists_of(batches: Sequence[BatchSize], smallest: int) -> Lists:
    """Return which batches have a list of their own: those with `smallest` codes or more, or still without any."""
    own = frozenset(batch.batch for batch in batches if not is_small(batch.codes, smallest))
    joined: dict[int, tuple[int, ...]] = {}
    for batch in batches:
        if batch.batch not in own and batch.replaces in own:
            joined[batch.replaces] = (*joined.get(batch.replaces, ()), batch.batch)
    apart = own.union(*joined.values())
    return Lists(own, joined, frozenset(batch.batch for batch in batches) - apart)


def withheld_use(batches: Sequence[BatchSize], smallest: int) -> Withheld:
    """Return whose use is not published: small batches, also those made small by void codes, with enough others.

    The number of ballots is public, hence also how many of the withheld codes were used; so they are no fewer than
    `smallest`, or all codes of the round.
    """
    able = {batch.batch: batch.able for batch in batches if is_small(batch.able, smallest)}
    return Withheld(frozenset(able), max(0, smallest - sum(able.values())) if able else 0)

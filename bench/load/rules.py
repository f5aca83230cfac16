"""What a load test may do, when it disturbs what, and which ballots are lost or double; computes only."""

import math
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import PurePath
from typing import NamedTuple

# Least and most of each figure: a load test ends by itself, and nobody drives it at more than this machine can start.
BOUNDS = {"voters": (1, 64), "seconds": (2, 900), "kills": (0, 100), "restarts": (0, 30)}
# A killed master or a restarted database needs about this long until pages are served again.
SECONDS_APART = 2
LOOPBACK = ip_network("127.0.0.0/8")
MOST_CODES, CODES_A_SECOND = 50_000, 200
MASTER_EVERY = 3


class Refused(Exception):
    """The load test does not start; the text says why."""


class Disturbance(StrEnum):
    """What is done to the deployment during the vote."""

    WORKER = "workers killed"
    MASTER = "masters killed"
    IMMEDIATE = "database restarts (immediate)"
    FAST = "database restarts (fast)"


class Plan(NamedTuple):
    """A load test within the bounds."""

    voters: int
    seconds: int
    kills: int
    restarts: int

    @property
    def codes(self) -> int:
        """How many codes are issued; the vote ends early when all are used."""
        return min(MOST_CODES, self.seconds * CODES_A_SECOND)


class Press(NamedTuple):
    """A button pressed, or the first page opened: the address, the seconds it took, the status (0: no answer)."""

    address: str
    seconds: float
    status: int


class Attempt(NamedTuple):
    """What the holder of one code saw: the receipts shown, and those acknowledged as cast (never more than one)."""

    receipts: list[str]
    acknowledged: list[str]


class Verdict(NamedTuple):
    """What the citizens were told against what is in the sealed box."""

    acknowledged: int
    lost: int
    double: int
    unacknowledged: int
    without_ballot: int
    foreign: int

    @property
    def holds(self) -> bool:
        """True if there were ballots, and each stands in the box once."""
        return bool(self.acknowledged) and not (self.lost or self.double or self.without_ballot or self.foreign)


def make_plan(**figures: int) -> Plan:
    """Return the plan, or refuse every figure out of bounds."""
    faults = [
        f"{name} must be from {least} to {most}, not {figures[name]}"
        for name, (least, most) in BOUNDS.items()
        if not least <= figures[name] <= most
    ]
    plan = Plan(**figures)
    if not faults and (plan.kills + plan.restarts) * SECONDS_APART > plan.seconds:
        faults.append(f"kills and restarts need {SECONDS_APART} seconds each: at most {plan.seconds // SECONDS_APART}")
    if faults:
        raise Refused("; ".join(faults))
    return plan


def require_loopback(host: str) -> None:
    """Refuse an address of another machine; a name is refused, too, because it may lead anywhere."""
    try:
        is_here = ip_address(host) in LOOPBACK
    except ValueError:
        is_here = False
    if not is_here:
        raise Refused(f"{host or 'an empty host'} is no loopback address ({LOOPBACK})")


def require_own_database(vendor: str, host: str, data: str, own: str) -> None:
    """Refuse a database other than the one whose server keeps its data in this run's own folder."""
    if vendor != "postgresql":
        raise Refused(f"{vendor} is not the load test's own PostgreSQL")
    require_loopback(host)
    if not own or PurePath(own) not in PurePath(data).parents:
        raise Refused(f"the database in {data} is not the load test's own")


def disturbances(plan: Plan) -> list[tuple[float, Disturbance]]:
    """Return when what happens, evenly spread: every third kill meets the master, restarts change their mode."""
    kills = [
        ((n + 1) / (plan.kills + 1), Disturbance.WORKER if (n + 1) % MASTER_EVERY else Disturbance.MASTER)
        for n in range(plan.kills)
    ]
    restarts = [
        ((n + 1) / (plan.restarts + 1), Disturbance.FAST if n % 2 else Disturbance.IMMEDIATE)
        for n in range(plan.restarts)
    ]
    order = [what for _, what in sorted([*kills, *restarts], key=lambda each: each[0])]
    return [(plan.seconds * (n + 1) / (len(order) + 1), what) for n, what in enumerate(order)]


def compare(attempts: Sequence[Attempt], box: Sequence[str], used_codes: int) -> Verdict:
    """Compare what citizens saw with the receipts in the sealed box and the number of used codes."""
    inside = Counter(box)
    acknowledged = Counter(receipt for attempt in attempts for receipt in attempt.acknowledged)
    shown = {receipt for attempt in attempts for receipt in attempt.receipts}
    same_receipt = sum(number - 1 for number in inside.values())
    same_code = sum(max(0, len(inside.keys() & set(attempt.receipts)) - 1) for attempt in attempts)
    return Verdict(
        acknowledged=acknowledged.total(),
        lost=(acknowledged - inside).total(),
        double=max(same_receipt + same_code, len(box) - used_codes),
        unacknowledged=len((inside.keys() & shown) - acknowledged.keys()),
        without_ballot=max(0, used_codes - len(box)),
        foreign=len(inside.keys() - shown),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed; 0 if there is none."""
    if not values:
        return 0.0
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]

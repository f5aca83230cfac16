"""The open channel (其他评议): who gets a code at the public counter, and when a look is called for.

Nobody is turned away for his address alone: behind one address may stand a whole mobile network. A busy network is
asked a question first (a pluggable check); only one device that has taken its share is refused.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

IPV4_PREFIX, IPV6_PREFIX = 24, 48
ALWAYS, WHEN_BUSY = "always", "busy"


class OpenAlert(TextChoices):
    """领票异常: what is noted for review; the codes stay good."""

    NETWORK = "network", "同一网段短时间内大量领票"
    CHANNEL = "channel", "整个渠道短时间内大量领票"
    DEVICE = "device", "同一设备超过规定张数后再次申请领票"


@dataclass(frozen=True)
class Visitor:
    """What is known of somebody at the counter: codes taken by his device, and by his network and all in this hour."""

    by_device: int = 0
    by_network: int = 0
    by_all: int = 0
    passed_check: bool = False


def network_of(address: str) -> str:
    """Return the neighbourhood of an address (/24, /48): what is counted instead of the address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    prefix = IPV4_PREFIX if ip.version == 4 else IPV6_PREFIX
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def takes_too_many(visitor: Visitor, rulebook: Mapping[str, Any]) -> bool:
    """Say whether the device has had its share."""
    return visitor.by_device >= int(rulebook["open_per_device"])


def needs_check(visitor: Visitor, rulebook: Mapping[str, Any]) -> bool:
    """Say whether the visitor must answer the check before he gets a code."""
    if visitor.passed_check:
        return False
    is_busy = visitor.by_network >= int(rulebook["open_network_hour"]) or visitor.by_all >= int(
        rulebook["open_burst_hour"]
    )
    return rulebook["open_check"] == ALWAYS or is_busy


def alerts(visitor: Visitor, rulebook: Mapping[str, Any]) -> list[OpenAlert]:
    """Return what is worth a look about a visit that got its code."""
    found = []
    if visitor.by_network >= int(rulebook["open_network_hour"]):
        found.append(OpenAlert.NETWORK)
    if visitor.by_all >= int(rulebook["open_burst_hour"]):
        found.append(OpenAlert.CHANNEL)
    return found

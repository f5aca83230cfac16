"""The open channel (其他评议): who may claim a code on the public page, and which claims raise an alert.

Nobody is refused for an address alone, because a whole mobile network may share it. Claims from a busy network must
pass a check first (pluggable); only a device that has reached its limit is refused.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

IPV4_PREFIX, IPV6_PREFIX = 24, 48
ALWAYS, WHEN_BUSY = "always", "busy"


class OpenAlert(TextChoices):
    """领票异常: reasons for a review; the codes stay valid."""

    NETWORK = "network", "同一网段短时间内大量领票"
    CHANNEL = "channel", "整个渠道短时间内大量领票"
    DEVICE = "device", "同一设备超过规定张数后再次申请领票"


@dataclass(frozen=True)
class Visitor:
    """Codes claimed by this device, and within this hour by its network and by everybody."""

    by_device: int = 0
    by_network: int = 0
    by_all: int = 0
    passed_check: bool = False


def network_of(address: str) -> str:
    """Return the network of an address (/24, /48), which is counted instead of the address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    prefix = IPV4_PREFIX if ip.version == 4 else IPV6_PREFIX
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def takes_too_many(visitor: Visitor, rulebook: Mapping[str, Any]) -> bool:
    """True if the device has reached its limit."""
    return visitor.by_device >= int(rulebook["open_per_device"])


def needs_check(visitor: Visitor, rulebook: Mapping[str, Any]) -> bool:
    """True if the visitor must pass the check before getting a code."""
    if visitor.passed_check:
        return False
    is_busy = visitor.by_network >= int(rulebook["open_network_hour"]) or visitor.by_all >= int(
        rulebook["open_burst_hour"]
    )
    return rulebook["open_check"] == ALWAYS or is_busy


def alerts(visitor: Visitor, rulebook: Mapping[str, Any]) -> list[OpenAlert]:
    """Return the alerts that a successful claim raises."""
    found = []
    if visitor.by_network >= int(rulebook["open_network_hour"]):
        found.append(OpenAlert.NETWORK)
    if visitor.by_all >= int(rulebook["open_burst_hour"]):
        found.append(OpenAlert.CHANNEL)
    return found

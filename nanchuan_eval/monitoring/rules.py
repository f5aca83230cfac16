"""What a monitor may learn of requests: nothing by which a voter could be linked to a moment.

Whoever reads the figures every few seconds would see each single vote as a step. Figures of visitors therefore grow by
hundreds only, and all pages on which people vote, claim codes, ask for receipts or write something are one figure.
Errors of the server are exact: they are rare, and name no page of the vote either.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Collection, Iterable, Mapping

STEP = 100
# Seconds by which the time that all requests together took grows.
TIME_STEP = 10
VOTING = "voting"
UNKNOWN = "-"
SERVER_ERROR = 500
ACCOUNT, VISITOR = "account", "visitor"
DIGEST = re.compile("[0-9a-f]{64}")


def labels_of(route: str, *, has_account: bool, private: Collection[str]) -> tuple[str, str]:
    """Return under which name and for whom a request is counted."""
    if route in private:
        return VOTING, VISITOR
    return route or UNKNOWN, ACCOUNT if has_account else VISITOR


def shown(name: str, value: float, labels: Mapping[str, str]) -> float:
    """Return a figure as it is told: whole hundreds for visitors, apart from errors of the server."""
    is_error = labels.get("status", "0").isdigit() and int(labels.get("status", "0")) >= SERVER_ERROR
    if labels.get("who") == ACCOUNT or is_error:
        return value
    step = TIME_STEP if name.endswith("_sum") else STEP
    return math.floor(value / step) * step


def key_of(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what makes a series, the limit of a histogram's part apart."""
    return tuple(sorted((name, value) for name, value in labels.items() if name != "le"))


def is_let_in(token: str, digests: Iterable[str]) -> bool:
    """True if the token's SHA-256 is one of these; takes as long whichever it is."""
    given = hashlib.sha256(token.encode()).hexdigest()
    return any([hmac.compare_digest(given, digest.lower()) for digest in digests]) and bool(token)  # noqa: C419  all are compared


def token_faults(digests: Iterable[str]) -> list[str]:
    """Return in Chinese that METRICS_TOKENS holds something else than digests: a token, say."""
    if all(DIGEST.fullmatch(digest.lower()) for digest in digests):
        return []
    return ["METRICS_TOKENS 的值不是SHA-256校验值（64位）。请填令牌的校验值，不要填令牌。"]

"""The closing list (封箱清单) and its Merkle root as in RFC 6962 (protocol 6.3)."""

import hashlib
from collections.abc import Iterable, Sequence

LEAF, NODE = b"\x00", b"\x01"


def leaf(receipt: str, commitment: str) -> bytes:
    """Return a leaf's bytes: T TAB C."""
    return f"{receipt}\t{commitment}".encode()


def closing_list(leaves: Iterable[bytes]) -> bytes:
    """Return the published file: the sorted leaves, one per line."""
    return b"".join(entry + b"\n" for entry in sorted(leaves))


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the hex root over the leaves in the given order; of none, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(LEAF + entry).digest() for entry in leaves]
    while len(level) > 1:
        # RFC 6962 splits at the largest power of two: that is pairing up and carrying an odd last one along.
        paired = [hashlib.sha256(NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0].hex()


def audit_path(leaves: Sequence[bytes], index: int) -> list[tuple[str, str]]:
    """Return the way from a leaf to the root: (side of the neighbour, its hex), from below upwards."""
    level = [hashlib.sha256(LEAF + entry).digest() for entry in leaves]
    path: list[tuple[str, str]] = []
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(("left" if neighbour < index else "right", level[neighbour].hex()))
        paired = [hashlib.sha256(NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
        index //= 2
    return path


def root_of_path(entry: bytes, path: Iterable[tuple[str, str]]) -> str:
    """Return the root that a leaf and its way lead to; it must be the published one."""
    digest = hashlib.sha256(LEAF + entry).digest()
    for side, neighbour in path:
        pair = bytes.fromhex(neighbour) + digest if side == "left" else digest + bytes.fromhex(neighbour)
        digest = hashlib.sha256(NODE + pair).digest()
    return digest.hex()

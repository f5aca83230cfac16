"""The closing list (封箱清单) and its Merkle root as in RFC 6962 (protocol 6.4)."""

import hashlib
from collections.abc import Iterable, Sequence

LEAF, NODE = b"\x00", b"\x01"
SIZE = 32  # bytes of a hash


def leaf(receipt: str, commitment: str) -> bytes:
    """Return the bytes of a leaf: T TAB C."""
    return f"{receipt}\t{commitment}".encode()


def closing_list(leaves: Iterable[bytes]) -> bytes:
    """Return the published file: the sorted leaves, one per line."""
    return b"".join(entry + b"\n" for entry in sorted(leaves))


def levels_of(leaves: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the tree's hashes from the leaves (in the given order) up to the root, one joined string a level."""
    level = [hashlib.sha256(LEAF + entry).digest() for entry in leaves]
    levels = [b"".join(level)]
    while len(level) > 1:
        # RFC 6962 splits at the largest power of two, which equals pairing and carrying an odd last hash up.
        paired = [hashlib.sha256(NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
        levels.append(b"".join(level))
    return tuple(levels)


def merkle_root(leaves: Iterable[bytes]) -> str:
    """Return the root in hex over the leaves in the given order; without leaves, the hash of the empty string."""
    return (levels_of(leaves)[-1] or hashlib.sha256(b"").digest()).hex()


def audit_path(levels: Sequence[bytes], index: int) -> list[tuple[str, str]]:
    """Return the audit path of a leaf, from the leaf upwards, as (side of the sibling, its hash in hex)."""
    path: list[tuple[str, str]] = []
    for level in levels[:-1]:
        neighbour = index ^ 1
        found = level[neighbour * SIZE : (neighbour + 1) * SIZE]
        if found:
            path.append(("left" if neighbour < index else "right", found.hex()))
        index //= 2
    return path


def root_of_path(entry: bytes, path: Iterable[tuple[str, str]]) -> str:
    """Compute the root from a leaf and its audit path, to compare with the published one."""
    digest = hashlib.sha256(LEAF + entry).digest()
    for side, neighbour in path:
        pair = bytes.fromhex(neighbour) + digest if side == "left" else digest + bytes.fromhex(neighbour)
        digest = hashlib.sha256(NODE + pair).digest()
    return digest.hex()

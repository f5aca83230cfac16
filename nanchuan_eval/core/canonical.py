"""Canonical JSON: equal values give equal bytes, so that digests can be compared anywhere."""

import hashlib
import json
import unicodedata

LARGEST_INTEGER = 2**53 - 1
CONTROL = frozenset({"Cc", "Cs"})


def sha256_hex(data: bytes) -> str:
    """Return the lower-case hexadecimal SHA-256 of the bytes."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: object) -> bytes:
    """Return UTF-8 JSON with sorted keys and no spaces (result.json); floats are rejected, decimals are strings."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def protocol_json(value: object) -> bytes:
    """Return J(value) of protocol 3.2: only objects with ASCII keys, arrays, NFC strings and integers 0..2^53-1."""
    _refuse_outside_protocol(value)
    return canonical_json(value)


def _refuse_floats(value: object) -> None:
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, float):
            raise ValueError("规范文件中不能有浮点数。")
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, (list, tuple)):
            waiting.extend(inner)


def _refuse_outside_protocol(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_bad_key(key)
            _refuse_outside_protocol(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_outside_protocol(inner)
    elif isinstance(value, str):
        _refuse_bad_text(value)
    elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise ValueError(f"规范文件只允许文字和0到2的53次方减1的整数，不允许：{value!r}")


def _refuse_bad_key(key: object) -> None:
    if not isinstance(key, str) or not key.isascii() or not key.isprintable():
        raise ValueError(f"规范文件的键只能是可见的英文字符，不允许：{key!r}")


def _refuse_bad_text(text: str) -> None:
    if not unicodedata.is_normalized("NFC", text) or any(unicodedata.category(c) in CONTROL for c in text):
        raise ValueError("规范文件中的文字必须是NFC形式且不含控制字符。")

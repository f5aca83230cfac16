"""Ballot codes (票号) and receipts (回执号): their hashes (protocol 6.1, 6.2, 6.3).

c = 20 Crockford base32 characters = 100 bits; E = H(spend, round, c); I = H(issue, E). Randomness is an argument.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping

from nanchuan_eval.core.canonical import protocol_json, sha256_hex

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20
BITS_PER_CHARACTER = 5
CODE_BITS = CODE_LENGTH * BITS_PER_CHARACTER
GROUP = 4
# The round key is part of every hash: a code made with another spelling of it can never vote.
ROUND_KEY = re.compile(r"[0-9A-Za-z-]{1,20}")
# Characters commonly confused with one of the alphabet.
FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1"})
SEPARATORS = frozenset("-‐‑‒–—―−_.·・ ")


class CodeError(ValueError):
    """The text is not a code; the Chinese message says what is wrong and what to do."""


def encode_code(data: bytes) -> str:
    """Encode the first 100 bits of at least 13 random bytes as 20 characters."""
    if len(data) * 8 < CODE_BITS:
        raise ValueError("a code needs 13 random bytes")
    number = int.from_bytes(data, "big") >> (len(data) * 8 - CODE_BITS)
    places = range(CODE_BITS - BITS_PER_CHARACTER, -1, -BITS_PER_CHARACTER)
    return "".join(ALPHABET[number >> shift & 31] for shift in places)


def normalize_code(text: str) -> str:
    """Return the 20 characters of a typed code; accepts full width, any case, separators, O for 0, I or L for 1."""
    return _normalized(text, "票号")


def normalize_receipt(text: str) -> str:
    """Return the 20 characters of a typed receipt, read like a code."""
    return _normalized(text, "回执号")


def format_code(code: str) -> str:
    """Format a code or receipt in groups of four: XXXX-XXXX-XXXX-XXXX-XXXX."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def spend_hash(round_key: str, code: str) -> str:
    """Return E, published when the box is sealed (protocol 6.2)."""
    return _hash("nanchuan-ballot/1/spend", round_key, code)


def issue_hash(spend: str) -> str:
    """Return I, which is all that is stored of an unused code."""
    return _hash("nanchuan-ballot/1/issue", spend)


def issue_of(round_key: str, code: str) -> str:
    """Return I of a code."""
    return issue_hash(spend_hash(round_key, code))


def receipt(server_random: str, digits: str) -> str:
    """Return T: the first 100 bits of the hash of the server's random hex and the voter's digits (protocol 6.3)."""
    return encode_code(hashlib.sha256(_lines("nanchuan-ballot/1/track", server_random, digits)).digest())


def content_commitment(receipt_: str, nonce: str, vote: Mapping[str, object]) -> str:
    """Return C, which commits the vote to the receipt and is hidden by the nonce of 32 bytes (protocol 6.3)."""
    return content_commitment_of(receipt_, nonce, protocol_json(vote))


def content_commitment_of(receipt_: str, nonce: str, vote: bytes) -> str:
    """Return C of a vote given as the bytes J(vote), as in the spool."""
    return sha256_hex(_lines("nanchuan-ballot/1/content", receipt_, nonce, "") + vote)


def _normalized(text: str, what: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    code = "".join(c for c in folded if c not in SEPARATORS and not c.isspace()).translate(FORGIVEN)
    if not code:
        raise CodeError(f"请输入{what}。")
    foreign = next((c for c in code if c not in ALPHABET), "")
    if foreign:
        shown = foreign if foreign.isprintable() else "不可见字符"
        if foreign == "U":
            raise CodeError(f"{what}中没有字母U，请核对是否为V。")
        raise CodeError(f"{what}由数字和字母组成，不含“{shown}”，请核对后重新输入。")
    if len(code) != CODE_LENGTH:
        raise CodeError(f"{what}应为{CODE_LENGTH}位，您输入了{len(code)}位，请核对后重新输入。")
    return code


def _hash(*lines: str) -> str:
    return sha256_hex(_lines(*lines))


def _lines(*lines: str) -> bytes:
    return "\n".join(lines).encode()


ENTROPY_BYTES = 13

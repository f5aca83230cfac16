"""Reading a key's public record, and when cards run short (box-key.md 3.5, 5)."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from evaluations.protocol.box import FORMAT, MOST_SUPERVISORS, key_id, needed_range
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation

LARGEST_RECORD = 20_000  # characters; the record of 15 supervisors has 3,300
FIELDS = frozenset({"format", "mode", "made", "round", "public_key", "key_id", "needed", "supervisors", "cards"})
CARD_FIELDS = frozenset({"card", "share_sha256", "held_sha256"})
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
GROUP = 8
OFFLINE, ONLINE = "offline", "online"
MADE = {OFFLINE: "离线生成", ONLINE: "在线生成", "server": "由评议系统生成"}
UNREADABLE = "文件不是票箱密钥登记（box-key.json）或者内容不完整，请重新选择生成时得到的 box-key.json。"
UNSOUND = "密钥登记的内容前后不符，可能被改动过，请重新选择生成时得到的 box-key.json。"
MADE_ONLINE = (
    "本轮票箱密钥为在线生成：评议系统的服务器和当时使用的浏览器曾在短时间内掌握完整的密钥，生成后未保存任何密钥卡。"
)


def read_record(text: str, round_key: str) -> dict[str, Any]:
    """Return the record of a key made offline for this round; refuses any other text."""
    record = _parsed(text)
    if record["format"] != FORMAT or record["mode"] != "supervisors" or record["made"] != OFFLINE:
        raise RuleViolation("只能导入离线生成、由监督员持卡的票箱密钥登记（nanchuan-box/1）。")
    if record["round"] != round_key:
        raise RuleViolation(f"密钥登记不属于本轮（本轮编号为{round_key}），请选择为本轮生成的 box-key.json。")
    if not _is_sound(record):
        raise RuleViolation(UNSOUND)
    return record


def labels_of(supervisors: int) -> list[str]:
    """Return the names of all cards: S1 … Sn, and the halves of the recovery card."""
    return [*(f"S{x}" for x in range(1, supervisors + 1)), f"P{supervisors + 1}", f"Q{supervisors + 1}"]


def is_short(record: Mapping[str, Any], lost: Collection[str]) -> bool:
    """True if no further card may be lost: the cards left, with the recovery card, are no more than are needed."""
    left = [label for label in labels_of(record["supervisors"]) if label not in lost]
    held = sum(label.startswith("S") for label in left)
    recovery = len(left) - held == 2
    return bool(held + recovery <= record["needed"])


def grouped(digest: str) -> str:
    """Return a digest in groups of eight, so that it can be compared by eye."""
    return " ".join(digest[at : at + GROUP] for at in range(0, len(digest), GROUP))


def _parsed(text: str) -> dict[str, Any]:
    """Return the fields of a canonical record; another spelling of the same values has another digest."""
    if len(text) > LARGEST_RECORD:
        raise RuleViolation(UNREADABLE)
    try:
        record = json.loads(text)
        is_canonical = canonical_json(record).decode() == text
    except (ValueError, RecursionError, TypeError):
        raise RuleViolation(UNREADABLE) from None
    if not isinstance(record, dict) or set(record) != FIELDS or not is_canonical:
        raise RuleViolation(UNREADABLE)
    return record


def _is_sound(record: Mapping[str, Any]) -> bool:
    numbers = (record["needed"], record["supervisors"])
    if any(type(number) is not int for number in numbers) or record["supervisors"] > MOST_SUPERVISORS:
        return False
    public = record["public_key"]
    return (
        record["needed"] in needed_range(record["supervisors"])
        and _is_digest(public)
        and record["key_id"] == key_id(record["round"], public)
        and _are_cards(record["cards"], labels_of(record["supervisors"]))
    )


def _are_cards(cards: object, labels: list[str]) -> bool:
    if not isinstance(cards, list) or not all(isinstance(card, dict) and set(card) == CARD_FIELDS for card in cards):
        return False
    digests = [card[name] for card in cards for name in ("share_sha256", "held_sha256")]
    is_whole = [card["card"] for card in cards] == labels and all(map(_is_digest, digests))
    return is_whole and len(set(digests)) == len(digests)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None

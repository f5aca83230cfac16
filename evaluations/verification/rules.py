"""Rechecking a box key and its opening (box-key.md 13): pure comparison of the records with what is stored."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.protocol.box import key_id
from nanchuan_eval.core.canonical import canonical_json, sha256_hex

Cell = tuple[str, str]  # channel, origin


@dataclass(frozen=True)
class BoxFacts:
    """What is stored of a box: used codes and valid sheets, ballots, rows set aside; by channel and origin."""

    expected: Counter[Cell]
    ballots: Counter[Cell]
    set_aside: Counter[Cell]
    reasons: Counter[str]


def record_faults(round_key: str, id_: str, text: str, digest: str) -> Iterator[str]:
    """Yield what does not agree in a key's public record: its digest, its form, its key id."""
    record = json.loads(text)
    if sha256_hex(text.encode()) != digest or canonical_json(record).decode() != text:
        yield "票箱密钥登记与其校验值不符。"
    if record["round"] != round_key or not record["key_id"] == id_ == key_id(round_key, record["public_key"]):
        yield "票箱公钥校验值不能由密钥登记中的公钥算出。"


def opening_faults(closing: Mapping[str, Any], record: Mapping[str, Any], facts: BoxFacts) -> Iterator[str]:
    """Yield what does not agree between the opening, the key's record and what is stored."""
    opening = closing["opening"]
    if (opening["key_id"], opening["mode"], opening["made"]) != tuple(map(record.get, ("key_id", "mode", "made"))):
        yield "开箱所用的不是本轮登记的票箱密钥。"
    elif not _are_enough(opening["cards"], record):
        yield "开箱记录中的密钥卡不足规定张数，或者不在密钥登记之中。"
    aside = Counter(opening["set_aside"])
    if aside != facts.reasons or closing["ballots"] != facts.ballots.total():
        yield "票箱内的评议票和搁置的评议票与开箱记录不符。"
    if opening["rows"] != closing["ballots"] + aside.total():
        yield "开箱的评议票数不等于票箱内和搁置的评议票数之和。"
    missing = _by_cell(opening["missing"])
    for cell in sorted({*facts.expected, *facts.ballots, *facts.set_aside, *missing}):
        if facts.expected[cell] != facts.ballots[cell] + facts.set_aside[cell] + missing[cell]:
            yield f"使用过的票号和有效纸质票（{cell[0]}、{cell[1]}）与开箱的评议票数不符。"


def _are_enough(cards: list[str], record: Mapping[str, Any]) -> bool:
    """True if the cards are different ones of the record and enough of them; both halves are one."""
    known = {card["card"] for card in record["cards"]}
    halves = {card for card in cards if not card.startswith("S")}
    points = len(cards) - len(halves) + (len(halves) == 2)
    return set(cards) <= known and len(set(cards)) == len(cards) and points >= record["needed"]


def _by_cell(missing: Mapping[str, int]) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    for place, number in missing.items():
        _, channel, origin = place.split("/")
        found[channel, origin] += number
    return found

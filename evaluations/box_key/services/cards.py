"""Getting the private key back at the opening: from the supervisors' cards, or from the seed the server keeps.

No card, share or seed is stored, logged or quoted in a message.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.views.decorators.debug import sensitive_variables
from nacl.public import PrivateKey

from evaluations.box_key.models import BoxKey
from evaluations.box_key.services import keys
from evaluations.protocol.box_cards import Card, CardFault, points, read_cards
from nanchuan_eval.core.errors import RuleViolation

KEPT, UNTOUCHED = "评议票都在，卡到齐后再开箱。", "没有开箱，数据没有改动。"


class CardsRefused(RuleViolation):
    """Cards are faulty, too few or not permitted; `faults` = index of the field -> what is wrong with it."""

    def __init__(self, text: str, faults: Mapping[int, str] | None = None) -> None:
        super().__init__(*([text] if text else []), *(faults or {}).values())
        self.faults = dict(faults or {})


@dataclass(frozen=True)
class Unlocked:
    """The private key, and the labels of the cards that gave it (none if the server kept it)."""

    private: PrivateKey = field(repr=False)
    cards: tuple[str, ...] = ()


@sensitive_variables()
def unlock_by_server(key: BoxKey) -> Unlocked:
    """Return the key of a round whose seed the server keeps."""
    if not key.seed:
        raise RuleViolation("本轮由监督员持密钥卡开箱，请到开箱页办理。")
    return Unlocked(keys.private_key(bytes.fromhex(key.seed), key.round.key))


@sensitive_variables()
def unlock_by_cards(key: BoxKey, typed: Sequence[str], *, may_recover: bool, is_complete: bool = True) -> Unlocked:
    """Return the key from exactly as many cards as are needed, read from the fields of a form; empty ones are skipped.

    The recovery halves count together as one card, and only with a permit. `is_complete`: no ballot is missing.
    """
    record = json.loads(key.record)
    cards = read_typed(key, typed)
    kinds = {card.kind for card in cards}
    if kinds & {"P", "Q"} and not may_recover:
        raise CardsRefused(f"动用备用卡须先提请批准，{UNTOUCHED}")
    if len(kinds & {"P", "Q"}) == 1:
        raise CardsRefused("备用卡的两半须同时到场，才算一张密钥卡。")
    found = points(cards)
    lacking = record["needed"] - len(found)
    if lacking > 0:
        raise CardsRefused(f"还差{lacking}张密钥卡，{KEPT if is_complete else UNTOUCHED}")
    private = keys.private_key(keys.combine_shares(found[: record["needed"]]), key.round.key)
    if private.public_key.encode().hex() != record["public_key"]:
        raise CardsRefused(f"这些密钥卡合不成本轮的票箱密钥，{UNTOUCHED}")
    return Unlocked(private, tuple(card.label for card in cards))


@sensitive_variables()
def read_typed(key: BoxKey, typed: Sequence[str]) -> list[Card]:
    """Return the cards typed, without empty fields; refuses with what is wrong in each field."""
    hashes = {card["card"]: card["share_sha256"] for card in json.loads(key.record)["cards"]}
    filled = [at for at, text in enumerate(typed) if text.strip()]
    read = read_cards([typed[at] for at in filled], key.key_id, hashes)
    faults = {at: each.text(at + 1) for at, each in zip(filled, read, strict=True) if isinstance(each, CardFault)}
    if faults:
        raise CardsRefused("", faults)
    return [card for card in read if isinstance(card, Card)]

"""What the public and the staff see of a round's box keys."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.rules import MADE, grouped
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState


@dataclass(frozen=True)
class KeyPage:
    """The key in force with its cards, and the keys it replaced."""

    key: BoxKey | None
    groups: str
    made: str
    needed: int
    supervisors: int
    cards: Sequence[BoxCard]
    replaced: Sequence[BoxKey]
    takes_confirmations: bool


def key_page(round_: Round) -> KeyPage:
    """Return the round's keys (two queries)."""
    keys = list(BoxKey.objects.filter(round=round_).defer("row_key", "seed").prefetch_related("cards__holder__person"))
    key = next((each for each in keys if each.key_id == round_.box_key), None)
    record: dict[str, Any] = json.loads(key.record) if key else {}
    cards = list(key.cards.all()) if key else []
    return KeyPage(
        key=key,
        groups=grouped(key.key_id) if key else "",
        made=MADE.get(record.get("made", ""), ""),
        needed=record.get("needed", 0),
        supervisors=record.get("supervisors", 0),
        cards=cards,
        replaced=[each for each in keys if each.replaced_at],
        takes_confirmations=bool(cards) and round_.state in {RoundState.DRAWN, RoundState.OPEN},
    )

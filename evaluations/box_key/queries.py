"""The box key in force, its cards, who opens the box, and what is missing before a round can open."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.rules import MADE_ONLINE, ONLINE, is_short
from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.key_statement import KEPT_BY_SERVER, key_warning
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from nanchuan_eval.core.errors import RuleViolation

COMMISSION = "纪委监委"

NEW_KEY = "请重新生成票箱密钥"


def key_in_force(round_: Round) -> BoxKey:
    """Return the key to which the round's ballots are sealed; refuses a round without one."""
    found = current_key(round_)
    if found is None:
        raise RuleViolation("本轮尚无票箱密钥。")
    return found


def current_key(round_: Round) -> BoxKey | None:
    """Return the key in force, or None before there is one.

    Its secrets are read when they are asked for: what is public stays readable if FIELD_KEY is lost.
    """
    known = BoxKey.objects.filter(key_id=round_.box_key, round=round_).defer("row_key", "seed")
    return known.first() if round_.box_key else None


def row_key_of(key: BoxKey) -> bytes | None:
    """Return the key that authenticates the rows, or None if FIELD_KEY does not open it."""
    try:
        return bytes.fromhex(key.row_key) or None
    except ValueError:
        return None


def supervisors_in_office(round_: Round) -> list[DrawEntry]:
    """Return the drawn supervisors who serve now, in the order of their places: x = 1 … n of the shares (one query)."""
    drawn = DrawEntry.objects.filter(draw__in=round_.draws.standing(), draw__purpose=DrawPurpose.SUPERVISORS)
    return list(drawn.filter(is_selected=True).select_related("person").order_by("stratum", "place"))


def holder_name(holder: DrawEntry | None) -> str:
    """Return who holds a card, as the staff reads it."""
    return holder.person.name if holder and holder.person else COMMISSION


def key_faults(round_: Round, *, remedy: str = NEW_KEY) -> list[str]:
    """Return in Chinese what the key still lacks before the round opens; a server's key is made when it opens.

    `remedy` = what to do where there can be no new key any more.
    """
    if not is_opened_by_supervisors(round_.rulebook):
        return []
    key = current_key(round_)
    if key is None:
        return ["尚无票箱密钥。"]
    cards = list(key.cards.all())
    lost = "、".join(card.card for card in cards if card.lost_at)
    unheld = "、".join(card.card for card in cards if not card.held_at and not card.lost_at)
    faults = [f"密钥卡{lost}已报告遗失，{remedy}。"] if lost else []
    faults += [f"密钥卡{unheld}尚未确认领取。"] if unheld else []
    return faults + ([f"监督员有变动，{remedy}。"] if _is_outdated(round_, cards) else [])


def _is_outdated(round_: Round, cards: list[BoxCard]) -> bool:
    """True if the cards are not held by exactly the supervisors in office."""
    holders = sorted(card.holder_id or 0 for card in cards if card.card.startswith("S"))
    return holders != sorted(entry.pk for entry in supervisors_in_office(round_))


def card_alarms(at: datetime) -> Iterator[str]:
    """Yield an alarm for a vote that runs with cards nobody has confirmed, or with too few to lose one more."""
    waiting = BoxKey.objects.filter(replaced_at=None, opened_at=None, round__state=RoundState.OPEN)
    for key in waiting.defer("row_key", "seed").select_related("round").prefetch_related("cards"):
        cards = list(key.cards.all())
        unheld = "、".join(card.card for card in cards if not card.held_at and not card.lost_at)
        lost = [card.card for card in cards if card.lost_at]
        if unheld:
            yield f"“{key.round.name}”正在投票，密钥卡{unheld}尚未确认领取，请督促持卡人立即确认。"
        if lost and is_short(json.loads(key.record), lost):
            yield (
                f"“{key.round.name}”的密钥卡{'、'.join(lost)}已报告遗失，余下的密钥卡（含备用卡）再遗失一张就无法开箱。"
                "请逐一核实持卡人，务必保管好余下的密钥卡。"
            )


@lru_cache(maxsize=64)
def warning_of_key(key_id: str) -> str:
    """Return what pages must say of a key: that the server keeps it, or made it in the room; a key never changes."""
    record = BoxKey.objects.filter(key_id=key_id).values_list("record", flat=True).first()
    made = json.loads(record)["made"] if record else ""
    return {"server": KEPT_BY_SERVER, ONLINE: MADE_ONLINE}.get(made, "")


def warning_of_round(round_: Round) -> str:
    """Return what every page of the round must say of its key, or nothing."""
    return key_warning(round_.rulebook) or (warning_of_key(round_.box_key) if round_.box_key else "")

"""Cards and their holders: possession confirmed, a loss reported, a card handed over."""

import json
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.queries import supervisors_in_office
from evaluations.box_key.rules import is_short
from evaluations.draws.services.signing import SUPERVISOR
from evaluations.protocol.box import held_sha256
from evaluations.protocol.codes import CodeError, normalize_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

UNKNOWN = "领卡确认码有误，或者密钥卡不属于本轮现在使用的票箱密钥。请对照密钥卡核对；仍不能确认的，请立即告知评议办。"


@sensitive_variables()
@transaction.atomic
def confirm_card(*, round_key: str, code: str, at: datetime) -> BoxCard:
    """Confirm a card by its 领卡确认码, which proves possession and reveals nothing of the share."""
    policy.check_sees(SUPERVISOR, "box.key")
    typed = held_sha256(_normalized(code))
    key = _lock_key(BoxKey.objects.filter(round__key=round_key, replaced_at=None, opened_at=None))
    card = key.cards.filter(held_sha256=typed).first() if key else None
    if key is None or card is None:
        raise RuleViolation(UNKNOWN)
    if card.lost_at:
        raise RuleViolation(f"密钥卡{card.card}已报告遗失，不能确认领取，请联系评议办。")
    if card.held_at:
        raise RuleViolation(
            f"密钥卡{card.card}已于{timezone.localtime(card.held_at):%Y-%m-%d %H:%M}确认领取，无须再次确认。"
        )
    card.held_at = at
    card.save(update_fields=["held_at"])
    detail = {"step_label": f"确认领取密钥卡{card.card}", "card": card.card, "key_id": key.key_id}
    audit.record("box.key", key.round, by=SUPERVISOR, at=at, detail=detail, wrote=[card])
    return card


@transaction.atomic
def report_lost(*, round_id: int, card: str, reason: str, by: User, at: datetime) -> BoxCard:
    """Record that a card is lost; the loss is public."""
    policy.check(by, "box.key")
    found = _lock_card(round_id, card)
    if found.lost_at:
        raise RuleViolation(f"密钥卡{found.card}已报告遗失，不能重复登记。")
    found.lost_at = at
    found.save(update_fields=["lost_at"])
    lost = list(found.box.cards.exclude(lost_at=None).values_list("card", flat=True))
    detail = {
        "step_label": f"密钥卡{found.card}遗失",
        "card": found.card,
        "key_id": found.box.key_id,
        "is_short": is_short(json.loads(found.box.record), lost),
    }
    audit.record("box.key", found.box.round, by=by, at=at, reason=reason, detail=detail, wrote=[found])
    return found


@transaction.atomic
def hand_over(*, round_id: int, card: str, holder: str, reason: str, by: User, at: datetime) -> BoxCard:
    """Record who holds a supervisor's card from now on: a supervisor in office (key of the draw entry), or nobody.

    "" = the commission keeps it. A card of a round that has not opened is not handed over: a new key is made.
    """
    policy.check(by, "box.key")
    found = _lock_card(round_id, card)
    refuse_handover(found, holder)
    before = found.holder
    found.holder = next((entry for entry in supervisors_in_office(found.box.round) if str(entry.pk) == holder), None)
    found.held_at = None  # the new holder confirms
    found.save(update_fields=["holder", "held_at"])
    detail = {
        "step_label": f"移交密钥卡{found.card}",
        "card": found.card,
        "key_id": found.box.key_id,
        "from": before.token if before else "",
        "to": found.holder.token if found.holder else "",
    }
    audit.record("box.key", found.box.round, by=by, at=at, reason=reason, detail=detail, wrote=[found])
    return found


def refuse_handover(card: BoxCard, holder: str) -> None:
    """Refuse a handover before the vote, of a lost card or a half, or to whoever holds a card or is not in office."""
    round_ = card.box.round
    if round_.state != RoundState.OPEN:
        raise RuleViolation("投票尚未开启的，监督员有变动应当重新生成票箱密钥，不办理移交。")
    if card.lost_at or not card.card.startswith("S"):
        raise RuleViolation("已报告遗失的密钥卡和备用卡不办理移交。")
    holding = {str(pk) for pk in card.box.cards.exclude(holder=None).values_list("holder", flat=True)}
    if holder in holding:
        raise RuleViolation("接收人已持有一张密钥卡，一人不得持有两张。")
    if holder and holder not in {str(entry.pk) for entry in supervisors_in_office(round_)}:
        raise RuleViolation("密钥卡只能移交给现任监督员或者纪委监委。")
    if not holder:
        _refuse_handover_to_commission(card)


def _refuse_handover_to_commission(card: BoxCard) -> None:
    """The commission's cards and its recovery card never suffice to open the box without a supervisor."""
    if card.holder is None:
        raise RuleViolation("这张密钥卡已由纪委监委保管。")
    kept = card.box.cards.filter(holder=None, card__startswith="S").count()
    if kept + 1 + 1 >= json.loads(card.box.record)["needed"]:
        raise RuleViolation("再移交给纪委监委的，连同备用卡就能单独开箱，只能移交给递补的监督员。")


def card_of(round_: Round, label: str) -> BoxCard:
    """Return a card of the key in force."""
    found = BoxCard.objects.filter(box__round=round_, box__key_id=round_.box_key, card=label)
    card = found.select_related("box__round", "holder").first()
    if card is None:
        raise RuleViolation("本轮没有这张密钥卡。")
    return card


def _lock_card(round_id: int, label: str) -> BoxCard:
    key = _lock_key(BoxKey.objects.filter(round=round_id, replaced_at=None, opened_at=None))
    if key is None or key.round.state not in {RoundState.DRAWN, RoundState.OPEN}:
        raise RuleViolation("本轮没有待开箱的票箱密钥。")
    return card_of(key.round, label)


def _lock_key(keys: QuerySet[BoxKey]) -> BoxKey | None:
    return keys.select_for_update(of=("self",), no_key=True).select_related("round").first()


def _normalized(code: str) -> str:
    try:
        return normalize_code(code)
    except CodeError as error:
        raise RuleViolation(str(error).replace("票号", "领卡确认码")) from None

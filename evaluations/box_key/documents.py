"""Key cards (密钥卡) as printed: what stands on one, and its PDF. No card is kept in a file, cache or log."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.views.decorators.debug import sensitive_variables

from evaluations.box_key.services.keys import NewKey
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import Card, card_text, qr_text
from evaluations.protocol.codes import format_code
from nanchuan_eval.documents.rendering import DocumentError, qr_svg, render_pdf

# No date of printing in the files.
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
COMMISSION = "区纪委监委"


@dataclass(frozen=True)
class CardSheet:
    """What is printed on one card."""

    round: str
    label: str
    holder: str
    rule: str
    key_id: str
    groups: list[str] = field(repr=False)
    qr: str = field(repr=False)
    held: str = field(repr=False)


@sensitive_variables()
def card_sheets(key: NewKey, holders: list[str], *, round_: str, needed: int) -> list[CardSheet]:
    """Return the sheets of all cards in the order S1 … Sn, P, Q; `holders` = the supervisors in that order."""
    names = [*holders, COMMISSION, COMMISSION]
    return [_sheet(card, name, key.key_id, round_, needed) for card, name in zip(key.cards, names, strict=True)]


@sensitive_variables()
def card_pdf(sheet: CardSheet, *, demo: str = "") -> bytes:
    """Return one card: A4, one page, to be folded so that the secret lies inside."""
    data = {**vars(sheet), "demo": demo, "key_groups": [sheet.key_id[at : at + 8] for at in range(0, 64, 8)]}
    try:
        return render_pdf("box_card", data, at=NO_DATE, tagged=False)
    except DocumentError:
        raise DocumentError("the card cannot be rendered") from None  # its text may quote the card


def _sheet(card: Card, holder: str, key_id: str, round_: str, needed: int) -> CardSheet:
    whole = f"任意{needed}张卡同时到场才能开箱"
    half = f"备用卡分为P、Q两半，由两人分别保管；两半同时到场，作为1张密钥卡使用，且须事先批准。{whole}"
    return CardSheet(
        round=round_,
        label=card.label,
        holder=holder,
        rule=whole if card.kind == "S" else half,
        key_id=key_id,
        groups=card_text(card, key_id).split("-"),
        qr=qr_svg(qr_text(card, key_id)),
        held=format_code(held_code(key_id, card.label, card.share)),
    )

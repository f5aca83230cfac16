"""Key cards (密钥卡) as printed, and the notice (公告) of the key. No card is kept in a file, cache or log."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from evaluations.box_key.queries import COMMISSION, key_in_force, warning_of_round
from evaluations.box_key.rules import MADE, grouped
from evaluations.box_key.services.keys import NewKey
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import Card, card_text, qr_text
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import key_statement
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.documents.rendering import DocumentError, qr_svg, render_pdf
from nanchuan_eval.workdays.rules import in_chinese

# No date of printing in the files.
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
COMPARE = "持卡人领卡后应当核对密钥卡、网页和本公告上的票箱公钥校验值。三处不一致的，请立即告知评议办和纪委监委。"


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

    @property
    def key_groups(self) -> str:
        """The key id in groups of eight, on two lines of the card."""
        return grouped(self.key_id)


@sensitive_variables()
def card_sheets(key: NewKey, holders: list[str], *, round_: str, needed: int) -> list[CardSheet]:
    """Return the sheets of all cards in the order S1 … Sn, P, Q; `holders` = the supervisors in that order."""
    names = [*holders, COMMISSION, COMMISSION]
    return [_sheet(card, name, key.key_id, round_, needed) for card, name in zip(key.cards, names, strict=True)]


@sensitive_variables()
def card_pdf(sheet: CardSheet, *, demo: str = "") -> bytes:
    """Return one card: A4, one page, to be folded so that the secret lies inside."""
    data = {**vars(sheet), "demo": demo, "key_groups": sheet.key_groups.split()}
    try:
        return render_pdf("box_card", data, at=NO_DATE, tagged=False)
    except DocumentError:
        raise DocumentError("the card cannot be rendered") from None  # its text may quote the card


def key_notice_pdf(round_: Round) -> bytes:
    """Return the notice of the round's vote and of the key in force."""
    key = key_in_force(round_)
    record = json.loads(key.record)
    opens, closes, made = (timezone.localtime(at) for at in (round_.opens_at, round_.closes_at, key.made_at))
    facts = [
        ("轮次", f"{round_.name}（{round_.key}）"),
        ("投票时间", f"{opens:%Y年%-m月%-d日 %H:%M}至{closes:%Y年%-m月%-d日 %H:%M}"),
        ("密钥启用", f"{made:%Y年%-m月%-d日 %H:%M}，{MADE[record['made']]}"),
    ]
    warning = warning_of_round(round_)
    data = {
        "title": "关于票箱密钥的公告",
        "demo": "；".join(filter(None, [DEMO_NOTICE if round_.is_demo else "", warning])),
        "statement": key_statement(round_.rulebook),
        "facts": facts,
        "key_id": key.key_id,
        "record_sha256": key.record_sha256,
        "note": COMPARE if record["cards"] else "",
        "office": profile_of(round_).office,
        "date": in_chinese(made.date()),
    }
    return render_pdf("box_notice", data, at=key.made_at)


def _sheet(card: Card, holder: str, key_id: str, round_: str, needed: int) -> CardSheet:
    whole = f"任意{needed}张卡同时到场方可开箱"
    half = f"备用卡分为P、Q两半，由两人分别保管；两半同时到场，作为1张密钥卡使用，且须事先批准。{whole}"
    return CardSheet(
        round=round_,
        label=card.label,
        holder=holder,
        rule=f"{whole}（备用卡P、Q两半合为1张）" if card.kind == "S" else half,
        key_id=key_id,
        groups=card_text(card, key_id).split("-"),
        qr=qr_svg(qr_text(card, key_id), fits=True),
        held=format_code(held_code(key_id, card.label, card.share)),
    )

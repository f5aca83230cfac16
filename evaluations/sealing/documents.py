"""The sealing record (封箱记录) and the record of the opening (开箱记录)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from evaluations.box_key.models import BoxCard
from evaluations.box_key.queries import holder_name
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import KEPT_BY_SERVER, document_mark
from evaluations.rounds.rules.lifecycle import Step
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import FEW_NOTE
from evaluations.sealing.queries import account_lines, opening_lines
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.rules import in_chinese

SIGNERS = ("评议办", "纪委监委", "监督员", "公证员")


def seal_record(round_: Round, at: datetime) -> bytes:
    """Return the 封箱记录 with its signature lines."""
    record = json.loads(round_.closing)
    moment = round_.steps.get(state="sealed").at
    sealed_at = timezone.localtime(moment)
    names = {section.code: str(section) for section in round_.sections.all()}
    facts = [
        ("轮次", f"{round_.name}（{round_.key}）"),
        ("封箱时间", f"{sealed_at:%Y年%-m月%-d日 %H:%M}"),
        ("票箱内评议票", f"{record['ballots']}张"),
        *((label, str(figure)) for label, figure in account_lines(record)),
        *opening_lines(record),
        ("用过的票号", f"{record['spent']['count']}个"),
        ("发放的票号（含作废、停用的）", f"{record['issued']['count']}个"),
        ("封箱记录文件校验值", sha256_hex(round_.closing.encode())),
    ]
    data = {
        "title": "封箱记录",
        "demo": document_mark(round_.rulebook, is_demo=round_.is_demo),
        "facts": facts,
        "root": record["root"],
        "issued": record["issued"]["sha256"],
        "spent": record["spent"]["sha256"],
        "anchor": audit.anchor_line(at=moment, occasion=Step.SEAL.label),
        "channels": [(channel.label, record["channels"][channel.value]) for channel in Channel],
        "note": (f"全部评议票已一次性打乱顺序并封存。{FEW_NOTE}以上校验值与封箱清单同时公布，任何人都可以核验。"),
        "signers": SIGNERS,
        "office": profile_of(round_).office,
        "date": in_chinese(timezone.localtime(at).date()),
        "sections": [
            [names[code], *(str(cells[c.value]) for c in Channel)] for code, cells in record["sections"].items()
        ],
    }
    return render_pdf("seal_record", data, at=at)


def opening_record(round_: Round) -> dict[str, Any]:
    """Return the data of the 开箱记录: how the box was opened, who presented cards, who signed."""
    record = json.loads(round_.closing)
    opening, moment = record["opening"], round_.steps.get(state="sealed").at
    cards = list(BoxCard.objects.filter(box__key_id=opening["key_id"]).select_related("holder__person"))
    signed = round_.opening_signatures.select_related("supervisor__person")
    facts = [
        ("轮次", f"{round_.name}（{round_.key}）"),
        ("开箱时间", _minute(moment)),
        *opening_lines(record),
        *([("动用备用卡", "是，已经两人批准" if _uses_recovery(opening) else "否")] if cards else []),
        ("票箱内评议票", f"{record['ballots']}张"),
    ]
    return {
        "title": "开箱记录",
        "subtitle": f"{round_.name}最难办事科室群众评",
        "demo": document_mark(round_.rulebook, is_demo=round_.is_demo),
        "facts": facts,
        "root": record["root"],
        "anchor": audit.anchor_line(at=moment, occasion=Step.SEAL.label),
        "cards": [(card.card, holder_name(card.holder), _presented(card, opening)) for card in cards],
        "signed": [f"{holder_name(s.supervisor)}（{_minute(s.at)}）" for s in signed],
        "wanted": round_.rulebook["supervisors_present"] if cards else 0,
        "key_kept": KEPT_BY_SERVER,
        "signers": SIGNERS,
        "office": profile_of(round_).office,
    }


def opening_record_pdf(round_: Round, at: datetime) -> bytes:
    """Return the 开箱记录 as PDF, with lines to sign that each card was destroyed on the spot."""
    data = {**opening_record(round_), "date": in_chinese(timezone.localtime(at).date())}
    return render_pdf("opening_record", data, at=at)


def _presented(card: BoxCard, opening: Mapping[str, Any]) -> str:
    if card.card in opening["cards"]:
        return "已到场开箱"
    return "已报告遗失" if card.lost_at else "未使用"


def _uses_recovery(opening: Mapping[str, Any]) -> bool:
    return any(not card.startswith("S") for card in opening["cards"])


def _minute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y年%-m月%-d日 %H:%M}"

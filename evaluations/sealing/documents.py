"""The sealing record (封箱记录) as PDF."""

import json
from datetime import datetime

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.rounds.rules.lifecycle import Step
from evaluations.scoring.method import Channel
from evaluations.sealing.queries import account_lines
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.documents.rendering import render_pdf

SIGNERS = ("评议办", "纪委监委", "监督员", "公证员")


def seal_record(round_: Round, at: datetime) -> bytes:
    """Return the 封箱记录 with its signature lines."""
    record = json.loads(round_.closing)
    moment = round_.steps.get(state="sealed").at
    sealed_at = timezone.localtime(moment)
    names = {section.code: str(section) for section in round_.sections.all()}
    facts = [
        ("轮次", f"{round_.name}（{round_.key}）"),
        ("封箱时间", f"{sealed_at:%Y年%m月%d日 %H:%M}"),
        ("票箱内评议票", f"{record['ballots']}张"),
        *((label, str(figure)) for label, figure in account_lines(record)),
        ("用过的票号", f"{record['spent']['count']}个"),
        ("发放的票号", f"{record['issued']['count']}个"),
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
        "note": (
            "全部评议票已一次性打乱顺序并封存。1至4张的写作“少于5”。以上校验值与封箱清单同时公布，任何人都可以核验。"
        ),
        "signers": SIGNERS,
        "office": "南川区最难办事科室群众评办公室",
        "date": f"{timezone.localtime(at):%Y年%m月%d日}",
        "sections": [
            [names[code], *(str(cells[c.value]) for c in Channel)] for code, cells in record["sections"].items()
        ],
    }
    return render_pdf("seal_record", data, at=at)

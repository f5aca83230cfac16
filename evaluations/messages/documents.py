"""The letter (评议通知书) to a drawn person: for each section a code and its QR, on as few pages as hold them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from evaluations.messages.rules.texts import CodeLine, link
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.rounds.rules.rhythm import recently
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.documents.rendering import qr_svg, render_pdf
from nanchuan_eval.workdays.rules import in_chinese


class Letter(NamedTuple):
    """One letter: the person, the site, the codes."""

    name: str
    unit: str
    site: str
    lines: tuple[CodeLine, ...]


@sensitive_variables()
def letters_pdf(round_: Round, letters: Sequence[Letter], *, at: datetime) -> bytes:
    """Return the letters as one PDF, each beginning on a page of its own."""
    closes = timezone.localtime(round_.closes_at)
    phone = round_.rulebook.get("office_phone", "")
    data = {
        "demo": document_mark(round_.rulebook, is_demo=round_.is_demo),
        "subtitle": round_.name,
        "office": profile_of(round_).office,
        "recently": recently(round_.rulebook),
        "unknown": questionnaire_of(round_.rulebook).unknown,
        "closes": f"{closes:%Y年%-m月%-d日%H:%M}",
        "contact": f"咨询电话：{phone}。" if phone else "",
        "date": in_chinese(timezone.localtime(at).date()),
        "letters": [_letter(one, dict(_names(round_))) for one in letters],
    }
    return render_pdf("message_letters", data, at=at, tagged=False)


def _names(round_: Round) -> list[tuple[str, str]]:
    return [(section.code, str(section)) for section in round_.sections.all()]


@sensitive_variables()
def _letter(letter: Letter, names: dict[str, str]) -> dict[str, object]:
    codes = [
        {
            "section": line.section,
            "first": "、".join(names.get(code, code) for code in line.first),
            "code": format_code(line.code),
            "qr": qr_svg(link(letter.site, line)),
        }
        for line in letter.lines
    ]
    is_bound = all(line.section for line in letter.lines)
    return {"name": letter.name, "unit": letter.unit, "site": letter.site, "is_bound": is_bound, "codes": codes}

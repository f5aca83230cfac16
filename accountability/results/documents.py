"""一科一档 as a PDF for printing: a table of all rounds, then every round with its results and what followed."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from accountability.cases.documents import moment
from accountability.cases.models import Measure
from accountability.cases.rules.measures import NAME_MISSING
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import RectificationItem
from accountability.results.queries.dossiers import RoundPart, SectionDossier
from accountability.results.queries.lines import Line
from accountability.results.workbooks.sections import two_decimals
from accountability.section_story.rules import Entry, Kind
from accountability.talks.models import Talk
from accountability.talks.queries import state_label
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.rounds.rules.lifecycle import PUBLISHED
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import Declared, in_chinese, with_hint

INTERNAL = "含尚未公示的结果，仅供评议办和纪委监委内部使用，不得外传。"
Row = Sequence[str]
Pairs = list[tuple[str, str]]


def dossier_pdf(dossier: SectionDossier, *, site: str, by: str, at: datetime) -> bytes:
    """Render the dossier; `site` = the address that the links of its parts begin with."""
    section, name = dossier.section, f"{dossier.section.department.name}{dossier.section.name}"
    newest, declared = dossier.parts[0].round_, declared_years()
    return render_pdf(
        "dossier",
        {
            "title": "一科一档",
            "section": name,
            "code": section.code,
            "demo": document_mark(newest.rulebook, is_demo=newest.is_demo),
            "internal": INTERNAL if any(part.round_.state not in PUBLISHED for part in dossier.parts) else "",
            "made": f"{by}　{moment(at)}打印",
            "reforms": list(dossier.reforms),
            "rounds": [*[_round_row(part, name) for part in dossier.parts], *_imported_rows(dossier)],
            "parts": [_part(part, site, declared) for part in dossier.parts],
            "imported": [
                {"name": row.round.name, "section": str(row), "rank": row.rank, "problems": row.problems or "未登记"}
                for row in dossier.imported
            ],
        },
        at=at,
    )


def _round_row(part: RoundPart, name: str) -> dict[str, object]:
    line, result = part.line, part.line.result
    cells = [
        "与现名称相同" if str(line.section) == name else str(line.section),
        f"第{result.rank}位" if result.rank is not None else "不排名",
        line.interval or "—",
        line.label or "—",
        _figure(line),
        _listed(line),
        "已公示" if part.round_.state in PUBLISHED else "未公示",
    ]
    return {"name": part.round_.name, "anchor": _anchor(part), "cells": cells}


def _imported_rows(dossier: SectionDossier) -> Iterator[dict[str, object]]:
    for row in dossier.imported:
        cells = [str(row), f"第{row.rank}位", "—", "—", "—", "是", "往期上榜名单"]
        yield {"name": row.round.name, "anchor": "imported", "cells": cells}


def _part(part: RoundPart, site: str, declared: Declared) -> dict[str, object]:
    line = part.line
    page = site + reverse("accountability:commission-section", args=[part.round_.key, line.section.code])
    return {
        "name": part.round_.name,
        "section": str(line.section),
        "anchor": _anchor(part),
        "link": page,
        "sentence": f"{part.places.heading}{_place(line)}。{line.sentence}{part.places.interval_note}",
        "facts": list(_facts(line)),
        "indicators": [[score.label, _shown(score.value)] for score in line.indicators] if line.has_scores else [],
        "problems": line.problems,
        "ticks": [[text, str(times)] for text, times in part.ticks],
        "measures": [_measure_row(measure, declared) for measure in part.measures],
        "talks": [_talk(measure) for measure in part.measures if hasattr(measure, "talk")],
        "freezes": [_freeze_row(freeze) for freeze in part.freezes],
        "items": [_item_row(item) for item in part.items],
        "rectification": _rectification(part, declared),
        "entries": [_entry(entry, site, declared) for entry in part.entries if not _is_in_the_table(entry)],
    }


def _facts(line: Line) -> Iterator[tuple[str, str]]:
    section = line.section
    yield "单位", f"{section.department_name}（{section.get_department_kind_display()}）"
    yield "服务类型", section.get_service_kind_display()
    yield "分管领导、科室负责人", f"{section.leader_in_charge or '未登记'}、{section.head_name or '未登记'}"
    if line.veto:
        yield "一票否决", line.veto
    if line.has_scores:
        yield "难办指数", f"{_figure(line)}（0至100分，越高越难办）"
        yield "位次区间、确定程度", f"{line.interval or '不计算'}，{line.label or '—'}"
        if line.chance:
            yield "上榜概率", f"{line.chance}（不对外公布）"
    yield "有效票", "；".join(f"{channel.label}{channel.shown_lines}" for channel in line.channels)
    yield "得票数", str(line.votes)


def _rectification(part: RoundPart, declared: Declared) -> Pairs:
    """Return the state of the rectification, if its items may be seen."""
    row = part.line.rectification
    if row is None or not part.items:
        return []
    facts = [
        ("状态", row.get_state_display()),
        ("方案期限", with_hint(in_chinese(row.plan_due_on), row.plan_term, declared)),
        ("报告期限", in_chinese(row.report_due_on)),
        ("单位党委（党组）意见", row.opinion),
        (row.decision_label, row.decision),
        ("整改报告", row.report),
        ("销号日期", _day(row.closed_on)),
    ]
    return [(label, text) for label, text in facts if text and text != "—"]


def _measure_row(measure: Measure, declared: Declared) -> Row:
    state = state_label(measure) + (f"（{in_chinese(measure.done_on)}）" if measure.done_on else "")
    until = with_hint(in_chinese(measure.due_on), measure.term, declared) if measure.due_on else "无固定期限"
    return [measure.get_kind_display(), measure.target, measure.responsible, until, state, measure.basis]


def _talk(measure: Measure) -> dict[str, object]:
    talk: Talk = measure.talk
    return {
        "name": f"{measure.get_kind_display()}（谈话记录第{talk.pk}号，{state_label(measure)}）",
        "pairs": [
            ("谈话人", talk.talker),
            ("谈话对象", talk.person_and_post),
            ("时间、地点", f"{moment(talk.held_at)}，{talk.place}"),
            ("谈话要点", talk.points),
            ("对象表态", talk.attitude),
            ("整改要求", talk.demand),
        ],
    }


def _freeze_row(freeze: PromotionFreeze) -> Row:
    span = f"{in_chinese(freeze.starts_on)}至{in_chinese(freeze.ends_on)}"
    stands = freeze.standing(timezone.localdate(clock.now()), why=True)
    return [freeze.person_name or NAME_MISSING, freeze.post, span, stands]


def _item_row(item: RectificationItem) -> Row:
    people = "、".join(filter(None, [item.leader, item.person])) or "—"
    state = item.state_now + (f"（{in_chinese(item.closed_on)}）" if item.closed_on else "")
    outcome = "；".join(filter(None, [item.outcome, item.verdict and f"验收意见：{item.verdict}"])) or "—"
    return [str(item.position), item.problem, item.measures or "—", people, _day(item.due_on), state, outcome]


def _entry(entry: Entry, site: str, declared: Declared) -> dict[str, object]:
    when = moment(entry.at) if entry.at else in_chinese(entry.on) if entry.on else "日期未登记"
    files = [f"{file.get_kind_display()}：{file.name}" for file in entry.files]
    return {
        "when": with_hint(when, entry.term, declared),
        "kind": str(entry.kind.label),
        "what": entry.what + ("（尚未办理）" if entry.is_ahead else ""),
        "link": f"{site}{entry.address}" if entry.address else "",
        "details": [[label, text] for label, text in entry.details] + _files(files),
    }


def _is_in_the_table(entry: Entry) -> bool:
    """True for the due date of an item: it stands in the table of items."""
    return entry.is_ahead and entry.kind == Kind.ITEM


def _files(names: Sequence[str]) -> list[list[str]]:
    return [["佐证材料", "；".join(names)]] if names else []


def _place(line: Line) -> str:
    return f"列第{line.result.rank}位" if line.result.rank is not None else "没有位次"


def _listed(line: Line) -> str:
    return line.withdrawal or ("是" if line.result.is_listed else "否")


def _figure(line: Line) -> str:
    return _shown(line.result.difficulty if line.has_scores else None)


def _shown(value: object) -> str:
    return str(two_decimals(value)) if isinstance(value, Decimal) else "—"


def _day(on: date | None) -> str:
    return in_chinese(on) if on else "—"


def _anchor(part: RoundPart) -> str:
    return f"r{part.line.result.pk}"

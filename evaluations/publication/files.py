"""公示 and 通报 as official papers, PDF and .docx: all from the frozen content of one published version."""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from evaluations.publication.documents import as_shown, comments_of, notice_document, title_of
from evaluations.publication.models import Publication
from evaluations.publication.queries import first_version, superiors
from evaluations.rounds.queries import profile_of
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.papers import Grid, Paper, Style, Text, paper_pdf
from nanchuan_eval.workdays.rules import in_chinese

# Millimetres of the columns, without and with how sure each place is.
WIDTHS = {4: (12, 38, 38, 68), 6: (12, 27, 29, 16, 21, 51)}
TURNOUT_WIDTHS = (56, 25, 25, 25, 25)
CHANGES_WIDTHS = (44, 60, 52)
CHECKED = "以上校验值可以与评议网站公布的文件核对；核验办法见网站“怎样核验”。"


def notice_pdf(publication: Publication) -> bytes:
    """Return the 公示 of one published version as anybody may fetch it, without 文号."""
    return paper_pdf(notice_paper(publication), at=publication.published_at)


def notice_paper(publication: Publication, *, number: str | None = None) -> Paper:
    """Return the 公示."""
    notice = notice_document(publication)
    blocks = [
        *_opening(notice),
        Text("一、上榜科室", Style.HEADING),
        *_list(notice, notice["entries"], "现将上榜科室公示如下："),
        Text("二、公示期和意见反映", Style.HEADING),
        *map(Text, notice["comments"]),
        Text("三、各渠道评议票情况", Style.HEADING),
        Grid(tuple(notice["figures"]), _rows(notice["channels"]), TURNOUT_WIDTHS),
        Text(notice["columns_explained"], Style.NOTE),
    ]
    if notice["entries"]:
        blocks += [
            Text("四、整改要求", Style.HEADING),
            Text("上榜科室所在单位应当认真整改，整改情况接受暗访督查和社会监督。"),
        ]
    return _paper(publication, notice, "公示", blocks, date=notice["date"], number=number)


def units_circular(publication: Publication, *, number: str, dated_on: date) -> Paper:
    """Return the 通报 to the rated units: the list, what is demanded until when, and how to appeal."""
    notice, rules = notice_document(publication), publication.round.rulebook
    blocks = [
        *_opening(notice),
        Text("一、评议结果", Style.HEADING),
        *_list(notice, notice["entries"], "现将上榜科室通报如下："),
    ]
    if notice["entries"]:
        blocks += [
            Text("二、整改要求", Style.HEADING),
            Text(
                f"上榜科室所在单位应当自公示之日起{rules['plan_workdays']}个工作日内报送整改方案，"
                f"{rules['report_months']}个月内报送整改报告；其中立行立改的事项，"
                f"应当在{rules['at_once_workdays']}个工作日内完成。整改情况接受暗访督查和社会监督。"
            ),
            Text("三、申诉", Style.HEADING),
            Text("{0}{2}".format(*comments_of(first_version(publication), as_shown(publication), dated_on))),
        ]
    more: dict[str, Any] = {"addressee": "各被评议单位", "number": number, "date": in_chinese(dated_on)}
    return _paper(publication, notice, "通报", blocks, **more)


def superior_circular(publication: Publication, superior: str, *, number: str, dated_on: date) -> Paper:
    """Return the 通报 to a superior unit about the sections of its own units."""
    codes = superiors(publication).get(superior)
    if not codes:
        raise RuleViolation(f"现行公示中没有“{superior}”管理的科室，请重新选择。")
    notice, level = notice_document(publication), profile_of(publication.round).level
    content = json.loads(publication.content)
    rows = [row for row, entry in zip(notice["entries"], content["entries"], strict=True) if entry["code"] in codes]
    corrections = [replace(each, content=_of_sections(each.content, codes)) for each in notice["corrections"]]
    blocks = [
        *_opening({**notice, "corrections": corrections}),
        *_list({**notice, "vacant": ""}, rows, "你单位管理的以下科室上榜，现予通报："),
        Text(
            f"上述科室系垂直管理单位或公用企业的科室，不由本{level}任用和考核。请你单位督促整改，"
            "并在干部任用、考核和绩效奖中运用评议结果。"
        ),
    ]
    more: dict[str, Any] = {"addressee": superior, "number": number, "date": in_chinese(dated_on)}
    return _paper(publication, notice, "通报", blocks, **more)


def _paper(
    publication: Publication, notice: Mapping[str, Any], kind: str, blocks: list[Text | Grid], **more: Any
) -> Paper:
    version, profile = notice["version"], profile_of(publication.round)
    return Paper(
        title=title_of(publication.round.name, kind),
        subtitle=f"（第{version}版，更正）" if version > 1 else "",
        blocks=tuple(blocks),
        ending=f"特此{kind}。",
        office=profile.office,
        issuer=profile.paper_head,
        code=profile.paper_code,
        annex=tuple(_verification(notice)),
        annex_note=CHECKED,
        demo=notice["demo"],
        **more,
    )


def _opening(notice: Mapping[str, Any]) -> Iterator[Text | Grid]:
    for each in notice["corrections"]:
        yield Text(f"更正说明（{each.label}）：{each.publication.reason.rstrip('。')}。", Style.STRONG)
        if each.changes:
            yield Text("更正内容：")
            yield Grid(("科室", "原", "现"), _rows(each.changes), CHANGES_WIDTHS)
    if notice["note"]:
        yield Text(notice["note"], Style.STRONG)
    yield from map(Text, notice["basis"])


def _list(notice: Mapping[str, Any], rows: list[list[str]], lead: str) -> Iterator[Text | Grid]:
    """Yield the table of the list and how to read it, or why it names no section."""
    if not rows:
        yield Text(notice["empty"])
    else:
        yield Text(lead)
        yield Grid(tuple(notice["columns"]), _rows(rows), WIDTHS[len(notice["columns"])])
        yield from (Text(line, Style.NOTE) for line in notice["reading"])
    if notice["vacant"]:
        yield Text(notice["vacant"])


def _of_sections(content: Mapping[str, Any], codes: Container[str]) -> Mapping[str, Any]:
    return {**content, "changes": [each for each in content["changes"] if each["code"] in codes]}


def _rows(rows: list[list[object]] | list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(str, row)) for row in rows)


def _verification(notice: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "公示内容校验值（SHA-256）", notice["sha256"]
    yield from ((name, digest) for name, digest in notice["digests"])
    if notice["anchor"]:
        yield f"操作记录校验（{notice['anchor'][0]}）", notice["anchor"][1]

"""Printed ballots and envelope labels as PDF (评议票、信封标签).

A ballot has two sheets: instructions with a slip that has the code, and the sheet to fill in, without the code.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from evaluations.ballot_form.rules.form import BallotForm, level_words, severe_words, signs_by_indicator
from evaluations.pools.models import PoolEntry
from evaluations.protocol.codes import format_code
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from evaluations.scoring.questionnaire import quoted
from nanchuan_eval.documents.rendering import qr_svg, render_pdf

BALLOTS_PER_FILE = 32
ONLY_THIS = "本票只评这一个科室，另写其他科室无效；没有在这里办过事的，不必寄回。"
# A sheet of paper has two pages, so that more rows than fit on one are shared out evenly over both sides.
ROWS_ON_ONE_PAGE = 53
ROWS_PER_SHEET = 120
# No date of printing in the files: equal input gives equal bytes.
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def ballot_files(
    ballot_form: BallotForm,
    codes: Iterable[str],
    *,
    site: str,
    closes: str,
    per_file: int = BALLOTS_PER_FILE,
    section: str = "",
) -> Iterator[tuple[int, bytes]]:
    """Yield (number of ballots, PDF) per file; each is rendered in a child process, which frees its memory.

    `section` = the code of the one section that these ballots rate, if they are bound to one.
    """
    site = site.rstrip("/")
    common, remaining = _common(ballot_form.only(section), site, closes, is_bound=bool(section)), iter(codes)
    while part := list(islice(remaining, per_file)):
        ballots = [{"code": format_code(code), "qr": qr_svg(f"{site}/ballot/#{code}")} for code in part]
        yield len(part), render_pdf("ballots", {**common, "ballots": ballots}, at=NO_DATE, tagged=False)


def labels(people: Sequence[PoolEntry], office: str, at: datetime) -> bytes:
    """Return envelope labels, sent by the office; nothing assigns envelopes to people, they are shuffled by hand."""
    rows = [{"name": person.name, "unit": person.unit} for person in people]
    return render_pdf("labels", {"people": rows, "office": office}, at=at, tagged=False)


def _common(ballot_form: BallotForm, site: str, closes: str, *, is_bound: bool) -> dict[str, object]:
    rows = [(n, f"{s.department} {s.name}") for n, s in enumerate(ballot_form.sections, start=1)]
    bound = f"{ballot_form.sections[0].department}{ballot_form.sections[0].name}" if is_bound else ""
    words, asked = level_words(ballot_form), ballot_form.questionnaire
    scale = "，".join(f"{value} {word}" for value, word in words.items())
    return {
        "title": "最难办事科室群众评 评议票",
        "round": ballot_form.round_name,
        "demo": DEMO_NOTICE if ballot_form.is_demo else "",
        "lead": _lead(asked.listed, bound, closes),
        "steps": _steps(scale, quoted(severe_words(ballot_form), "或")),
        "scale": f"每格填写一个数字或符号：{scale}。{ONLY_THIS if bound else '没有办过事的科室，整行留空。'}",
        "labels": asked.labels,
        "indicators": [
            {
                "label": label,
                "question": asked.questions[indicator],
                "signs": [f"{n} {sign.text}" for n, sign in enumerate(signs, start=1)],
            }
            for indicator, label, signs in signs_by_indicator(ballot_form)
        ],
        "rows": list(_pages(rows)),
        "slip": (
            f"扫描二维码，或者打开 {site}，点击“输入票号评议”，即可评议。网上提交和寄回纸质票只能选择一种，只计一张票。"
        )
        + "票号请勿转让、外传。"
        + (f"咨询电话：{ballot_form.office_phone}。" if ballot_form.office_phone else ""),
    }


def _lead(indicators: str, bound: str, closes: str) -> str:
    """Return what is asked for: the sections one dealt with, or the one that a bound ballot names."""
    whom = f"{bound}（您在这里办过事）" if bound else "您在本评议期内办过事的科室"
    return f"请按“{indicators}”五项指标，对{whom}进行评议。评议不记名，{closes}截止。"


def _pages(rows: Sequence[tuple[int, str]]) -> Iterator[Sequence[tuple[int, str]]]:
    """Yield the rows of each page: one page, or both sides of as few sheets as hold them, about equally full."""
    number = 1 if len(rows) <= ROWS_ON_ONE_PAGE else 2 * -(-len(rows) // ROWS_PER_SHEET)
    fewest, longer = divmod(len(rows), number)
    at = 0
    for page in range(number):
        size = fewest + (page < longer)
        yield rows[at : at + size]
        at += size


def _steps(scale: str, severe: str) -> list[str]:
    return [
        f"1. 用手机扫下方二维码在网上评议；或在正票上每格填一个：{scale}。",
        f"2. 选择{severe}的，请按指标次序在“表象序号”栏填写对应的序号，例如：1，3。",
        (
            "3. 寄回纸质票的，将正票装入内信封并封好，撕下票号联，"
            "与内信封一并装入外信封。票号联与正票分开打乱、分别登记，系统不记录两者的对应关系。"
        ),
    ]

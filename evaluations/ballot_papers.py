"""What is printed of the ballot box (评议票、封箱记录、信封标签): ready data for the typst templates.

A printed ballot has two sheets: explanations with the slip that bears the code, and the sheet to fill in without it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from django.utils import timezone

from evaluations.ballot_pages import QUESTIONS, level_words, signs_by_indicator
from evaluations.closing import told_books
from evaluations.models import PoolEntry, Round
from evaluations.rules.codes import format_code
from evaluations.rules.indicators import Channel, Indicator
from evaluations.rules.paper import BallotPaper
from evaluations.rules.rounds import Step
from nanchuan_eval import audit
from nanchuan_eval.documents import qr_svg, render_pdf
from nanchuan_eval.rules.canonical import sha256_hex

DEMO = "演示数据，非真实评议结果"
BALLOTS_PER_FILE = 32
ROWS_PER_PAGE = 53
# Ballots carry no date of printing: equal input gives equal bytes.
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
SIGNERS = ("评议办", "纪委监委", "监督员", "公证员")


def ballot_files(paper: BallotPaper, codes: Iterable[str], *, site: str, closes: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number of ballots, PDF) per file; each is made by a child process whose memory is then given back."""
    site = site.rstrip("/")
    common, remaining = _common(paper, site, closes), iter(codes)
    while part := list(islice(remaining, BALLOTS_PER_FILE)):
        ballots = [{"code": format_code(code), "qr": qr_svg(f"{site}/ballot/#{code}")} for code in part]
        yield len(part), render_pdf("ballots", {**common, "ballots": ballots}, at=NO_DATE, tagged=False)


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
        *((label, str(figure)) for label, figure in told_books(record)),
        ("用过的票号", f"{record['spent']['count']}个"),
        ("发放的票号", f"{record['issued']['count']}个"),
        ("封箱记录文件校验值", sha256_hex(round_.closing.encode())),
    ]
    data = {
        "title": "封箱记录",
        "demo": DEMO if round_.is_demo else "",
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


def labels(people: Sequence[PoolEntry], at: datetime) -> bytes:
    """Return labels for envelopes; which envelope a person gets decides nobody: they are shuffled by hand."""
    rows = [{"name": person.name, "unit": person.unit} for person in people]
    return render_pdf("labels", {"people": rows}, at=at, tagged=False)


def _common(paper: BallotPaper, site: str, closes: str) -> dict[str, object]:
    rows = [(n, f"{s.department} {s.name}") for n, s in enumerate(paper.sections, start=1)]
    words = level_words(paper)
    scale = "，".join(f"{value} {word}" for value, word in words.items())
    return {
        "title": "最难办事科室群众评 评议票",
        "round": paper.round_name,
        "demo": DEMO if paper.is_demo else "",
        "lead": f"请按“冷、懒、推、乱、贪”五项指标，对您在本评议期内办过事的科室进行评议。评议不记名，{closes}截止。",
        "steps": _steps(scale),
        "scale": f"每格填写一个数字或符号：{scale}。没有办过事的科室，整行留空。",
        "labels": Indicator.labels,
        "indicators": [
            {
                "label": label,
                "question": QUESTIONS[Indicator(indicator)],
                "signs": [f"{n} {sign.text}" for n, sign in enumerate(signs, start=1)],
            }
            for indicator, label, signs in signs_by_indicator(paper)
        ],
        "rows": [rows[at : at + ROWS_PER_PAGE] for at in range(0, len(rows), ROWS_PER_PAGE)],
        "slip": (
            f"扫描二维码，或者打开 {site}，点击“输入票号评议”，即可评议。网上提交和寄回纸质票只能选择一种，只计一张票。"
        )
        + "票号请勿转让、外传。"
        + (f"咨询电话：{paper.office_phone}。" if paper.office_phone else ""),
    }


def _steps(scale: str) -> list[str]:
    return [
        f"1. 用手机扫下方二维码在网上评议；或在正票上每格填一个：{scale}。",
        "2. 选择“较重”或“严重”的，请按指标次序在“表象序号”栏填写对应的序号，例如：1，3。",
        (
            "3. 寄回纸质票的，将正票装入内信封并封好，撕下票号联，"
            "与内信封一并装入外信封。票号联与正票分开登记，任何人都无法查出某张票由谁填写。"
        ),
    ]

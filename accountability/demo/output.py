"""Output files of the demonstration: workbook, documents, proofs and files for recounting."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.urls import reverse
from django.utils import timezone

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.draws.documents import commitment_pdf, record_pdf
from evaluations.draws.models import Draw
from evaluations.draws.queries.proofs import proof_text
from evaluations.protocol.codes import format_code
from evaluations.publication.documents import count_record_pdf
from evaluations.publication.files import notice_pdf
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, DrawStatus
from evaluations.scoring.wording import empty_list
from evaluations.tally.files import ballots_csv
from evaluations.tally.models import SectionResult
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, Value, write_workbook
from nanchuan_eval.workdays.rules import in_chinese

SITE = "http://127.0.0.1:8000"
WORKBOOK, ASKING = "最难办科室前十.xlsx", "影响期查询名单（示例）.xlsx"


def write_files(round_: Round, out: Path) -> list[Path]:
    """Write everything needed for verification into `out` and return the paths."""
    (out / "draws").mkdir(parents=True, exist_ok=True)
    tally = round_.tally
    texts = {"result.json": tally.result, "rulebook.json": tally.rulebook, "cells.json": tally.cells}
    for publication in round_.publications.order_by("version"):
        texts["list.json"] = publication.content
    for name, text in texts.items():
        (out / name).write_bytes(text.encode())
    proofs = write_proofs(round_, out)
    with (out / "ballots.csv").open("w", encoding="utf-8", newline="") as target:
        target.writelines(ballots_csv(round_))
    (out / WORKBOOK).write_bytes(top10_workbook(round_))
    documents = [*_write_documents(round_, out), *_write_asking_list(round_, out)]
    (out / "说明.txt").write_text(f"{DEMO_NOTICE}\n本目录由 manage.py demo 生成。\n", encoding="utf-8")
    return [out / WORKBOOK, *documents, out / "ballots.csv", *(out / name for name in texts), *proofs, out / "说明.txt"]


def write_proofs(round_: Round, out: Path) -> list[Path]:
    """Write the proofs and documents of the draws that are public."""
    drawn = round_.draws.filter(status=DrawStatus.PUBLISHED).select_related("round", "planned", "drawn_by")
    return [path for draw in drawn for path in _write_draw(draw, out / "draws")]


def bound_codes_csv(codes: Mapping[str, Sequence[str]]) -> bytes:
    """Return the secret file of codes that open one section only: section and code."""
    text = io.StringIO()
    csv.writer(text).writerows([["科室代码", "票号"], *((name, format_code(c)) for name in codes for c in codes[name])])
    return text.getvalue().encode("utf-8-sig")


def _write_documents(round_: Round, out: Path) -> list[Path]:
    """Write 计票记录 and every version of the 公示."""
    documents = {"计票记录.pdf": count_record_pdf(round_, at=timezone.now())}
    for publication in round_.publications.select_related("round"):
        name = "公示.pdf" if publication.version == 1 else f"公示第{publication.version}版.pdf"
        documents[name] = notice_pdf(publication)
    for name, content in documents.items():
        (out / name).write_bytes(content)
    return [out / name for name in documents]


def _write_asking_list(round_: Round, out: Path) -> list[Path]:
    """Write a list to ask the register about at /personnel/many/, untidy as real ones are: one row for each answer."""
    freezes = PromotionFreeze.objects.filter(case__result__round=round_).exclude(person_name="")
    freeze = freezes.select_related("case__result__section").order_by("case__result__rank").first()
    if freeze is None:
        return []
    section, name = freeze.case.result.section, freeze.person_name
    unit = section.department_name
    others = round_.sections.exclude(department_code=section.department_code)
    other = others.values_list("department_name", flat=True).first()
    today, last = timezone.localdate(), freeze.ends_on
    rows: list[list[Value]] = [
        [f"{name[:2]}　{name[2:]}", f"{current_profile().district}{unit}", in_chinese(today)],
        [name, "", today],
        [name, other, today.isoformat().replace("-", "/")],
        [name, unit, f"{last.year}年{last.month}月"],
        ["示例甲", unit, today],
    ]
    columns = [ColumnSpec("姓　名", 20), ColumnSpec("工作单位", 24), ColumnSpec("拟任用日期", 18)]
    sheet = SheetSpec("名单", columns, rows, heading="拟提拔重用人员名单（演示）", notes=[DEMO_NOTICE])
    (out / ASKING).write_bytes(write_workbook([sheet]))
    return [out / ASKING]


def _write_draw(draw: Draw, folder: Path) -> list[Path]:
    """Write the proof of a draw and its two documents."""
    proof, promise, record = (folder / f"{draw.draw_id}{end}" for end in (".json", "-承诺书.pdf", "-抽取记录表.pdf"))
    with proof.open("w", encoding="utf-8", newline="") as target:
        target.writelines(proof_text(draw))
    promise.write_bytes(commitment_pdf(draw, url=f"{SITE}{reverse('draw', args=[draw.draw_id])}", at=draw.committed_at))
    record.write_bytes(record_pdf(draw, at=draw.published_at or draw.committed_at))
    return [proof, promise, record]


def top_ten_table(round_: Round) -> str:
    """Return the list as a text table."""
    listed = round_.results.filter(is_listed=True).select_related("section")
    lines = [f"\n{round_.name}最难办事科室前十名（{DEMO_NOTICE}）"]
    lines += [
        f"{result.rank:>3}  {_index(result):>7}  {result.label or '—'}  {result.section}  {result.main_problems}"
        for result in listed
    ]
    if not listed:
        lines.append(empty_list(round_.results.filter(rank__isnull=False).count()))
    return "\n".join(lines)


def refusal(round_: Round, faults: Sequence[str]) -> str:
    """Return why the list is not published, and the page that shows the same."""
    page = reverse("accountability:commission-round", args=[round_.key])
    return "\n".join(
        [
            f"\n{round_.name}的名单没有公示（{DEMO_NOTICE}）",
            *faults,
            f"演示到此为止。网站启动后，请用纪委监委或评议办负责人的账号查看 {page}",
        ]
    )


def _index(result: SectionResult) -> str:
    return "—" if result.difficulty is None else f"{result.difficulty:.2f}"

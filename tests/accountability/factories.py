"""Factories of counted rounds, cases and what follows them; rows are created directly, without counting ballots."""

import json
import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from itertools import count
from pathlib import Path

from PIL import Image

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case, Measure
from accountability.demo.opinions import SECTIONS_RATED
from accountability.evidence.services.evidence import Upload, add_evidence
from accountability.inspections.models import Inspection, InspectionPlan, ItemCheck
from accountability.inspections.rules import InspectionState, PlanState
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import RectificationState, TermKind
from accountability.rectifications.services.items import finish_item, report_progress
from accountability.talks.services.records import file_talk, write_talk
from departments.models import Department, DepartmentKind, Section, ServiceKind
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import DEFAULTS, default_rulebook
from evaluations.scoring.method import Channel
from evaluations.scoring.methods import parse_rulebook
from evaluations.scoring.nc2.cells_file import cells_document
from evaluations.scoring.nc2.index import CellFigures, Figures
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.result import public_result
from evaluations.tally.files import scoring_rulebook
from evaluations.tally.models import SectionResult, Tally, TallyRow
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

NOON = datetime(2020, 7, 10, 4, 0, tzinfo=UTC)
TODAY = date(2020, 7, 10)
LATER = datetime(2020, 7, 20, 4, 0, tzinfo=UTC)
CHANNELS = {"targeted": 20, "sampled": 12, "other": 30}
MEAN = 14
_numbers = count(1)


def make_account(role=Role.COMMISSION, unit_code="", name="李主任"):
    number = next(_numbers)
    return User.objects.create(
        username=f"user{number}", name=name, role=role, unit_code=unit_code, person_code=f"U{number}"
    )


def make_liaison(unit_code="D01"):
    return make_account(Role.LIAISON, unit_code)


def make_counted_round(key="2020H1", state=RoundState.REVIEW, places=12, **fields):
    """A round with `places` ranked sections D01-01, D01-02 …; the first ten are listed."""
    round_ = make_bare_round(key, state, **fields)
    for place in range(1, places + 1):
        make_result(round_, f"D{(place + 1) // 2:02}-{2 - place % 2:02}", rank=place)
    make_tally(round_)
    return round_


def make_published_round(**fields):
    """A counted round whose list is published and whose cases are open."""
    round_ = make_counted_round(**fields)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    return round_


def make_bare_round(key="2020H1", state=RoundState.REVIEW, **fields):
    year, first = int(key[:4]), 1 if key.endswith("1") else 7
    facts = {
        "name": f"{year}年{'上' if first == 1 else '下'}半年",
        "period_start": date(year, first, 1),
        "period_end": date(year, first + 5, 30),
        "opens_at": datetime(year, first + 4, 10, tzinfo=UTC),
        "closes_at": datetime(year, first + 4, 30, tzinfo=UTC),
        "rulebook": {**default_rulebook(), "sample_audit": False},
        **fields,
    }
    return Round.objects.create(key=key, state=state, **facts)


def make_round_section(round_, code, **fields):
    department_code = code.split("-")[0]
    facts = {
        "name": f"第{code}科",
        "service_kind": ServiceKind.values[0],
        "department_code": department_code,
        "department_name": f"{department_code}局",
        "department_kind": DepartmentKind.values[0],
        "is_vertical": False,
        "chief_leader": "钱局长",
        "leader_in_charge": "赵副局长",
        "head_name": "孙科长",
        **fields,
    }
    department, _ = Department.objects.get_or_create(
        code=department_code, defaults={"name": facts["department_name"], "kind": facts["department_kind"]}
    )
    section, _ = Section.objects.get_or_create(code=code, defaults={"name": facts["name"], "department": department})
    return RoundSection.objects.create(round=round_, section=section, code=code, **facts)


def make_result(round_, code, *, rank=1, label="明确", section=None, problems=None, **data):
    """One section's result; rank None = 样本不足, of which NC-2 gives no score."""
    row = make_round_section(round_, code, **(section or {}))
    listed = rank is not None and rank <= 10
    label = label if listed else ("" if rank else "样本不足")
    difficulty = Decimal(60 - (rank or 55)) + Decimal("0.1234")
    for channel, lines in CHANNELS.items():
        _make_row(round_, row, channel, lines, difficulty)
    result = _result_row(code, rank, difficulty, listed, label) | data
    if round_.rulebook["method"] == "NC-2":
        result = _row_of_two(result)
    return SectionResult.objects.create(
        round=round_,
        section=row,
        rank=rank,
        is_listed=listed,
        label=label,
        difficulty=result["difficulty"],
        vote_count=9,
        data=result,
        main_problems=problems if problems is not None else ("咨询电话长期无人接;材料一次说不清" if listed else ""),
    )


def make_tally(round_):
    rulebook = scoring_rulebook(round_).decode()
    method = parse_rulebook(json.loads(rulebook))
    result, cells = _files_of_two(round_, method) if isinstance(method, MethodTwo) else ("{}", "")
    return Tally.objects.create(
        round=round_,
        at=NOON,
        rulebook=rulebook,
        result=result,
        cells=cells,
        rulebook_sha256="a" * 64,
        result_sha256="b" * 64,
        rows_sha256="c" * 64,
    )


def make_case(round_=None, code="D01-01", kind="talk_head", **fields):
    """An open case with one pending measure, by default the talk with the section's head."""
    result = make_result(round_ or make_bare_round(state=RoundState.PUBLISHED), code)
    case = Case.objects.create(result=result, opened_at=NOON, **fields)
    make_measure(case, kind)
    return case


def make_measure(case, kind="talk_head", **fields):
    facts = {
        "target": "孙科长",
        "responsible": "D01局党委（党组）",
        "due_on": date(2020, 7, 24),
        "basis": "规则",
        **fields,
    }
    return Measure.objects.create(case=case, kind=kind, position=Measure.objects.filter(case=case).count() + 1, **facts)


def talk_facts(**changes):
    """All fields of a talk record."""
    return {
        "talker": "区纪委监委 王书记",
        "person": "赵副局长",
        "post": "D01局分管领导",
        "held_at": datetime(2020, 7, 15, 2, 0, tzinfo=UTC),
        "place": "区纪委谈话室",
        "reason": "2020年上半年列第1位",
        "points": "指出问题",
        "attitude": "诚恳接受",
        "demand": "限期整改",
        "recorder": "刘干事",
        "is_signed": True,
        **changes,
    }


def plan_facts(**changes):
    """What is planned of a talk: the day after LATER."""
    return {
        "starts_at": LATER + timedelta(days=1),
        "place": "区纪委谈话室",
        "talker": "区纪委监委 王书记",
        "about": "2020年上半年列第1位",
        "contact": "刘干事 71420000",
        **changes,
    }


def make_file(content=None, name="签字.png"):
    """An upload, by default of a small picture."""
    content = content if content is not None else png()
    return Upload(name=name, file=BytesIO(content), size=len(content))


def box(kind, *parts):
    """A box of an MP4 file."""
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def film(brand=b"isom", *, index=b""):
    """The smallest film: brand, index with one track, data."""
    index = box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", bytes(20)), index)
    return box(b"ftyp", brand, struct.pack(">I", 0x200), brand) + index + box(b"mdat", bytes(2000))


def wave():
    """A WAV file of silence."""
    chunks = b"fmt " + struct.pack("<I", 16) + bytes(16) + b"data" + struct.pack("<I", 400) + bytes(400)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def mp3():
    """An MP3 file: a tag, then two frames of 128 kbit/s at 44.1 kHz (417 bytes each)."""
    return b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10) + 2 * (b"\xff\xfb\x90\x00" + bytes(413))


def pdf(text=b""):
    """A PDF file without pages."""
    return b"%PDF-1.7\n" + text + b"\nxref\n0 1\ntrailer <<>>\nstartxref\n9\n%%EOF\n"


def png():
    picture = BytesIO()
    Image.new("RGB", (8, 8), "white").save(picture, "PNG")
    return picture.getvalue()


def make_rectification(case=None, state=RectificationState.RUNNING, items=1, **fields):
    """A rectification with complete items, by default accepted and running."""
    case = case or make_case()
    facts = {"plan_due_on": date(2020, 7, 24), "report_due_on": date(2020, 8, 10), **fields}
    row = Rectification.objects.create(case=case, state=state, **facts)
    for position in range(1, items + 1):
        make_item(row, position=position)
    return row


def make_item(rectification, **fields):
    """A complete item of a rectification plan."""
    facts = {
        "position": 1,
        "indicator": "cold",
        "problem": f"问题{next(_numbers)}",
        "cause": "管理松懈",
        "goal": "态度好转",
        "measures": "培训、公开承诺",
        "leader": "赵副局长",
        "person": "孙科长",
        "term": TermKind.BY_DATE,
        "due_on": date(2020, 9, 10),
        **fields,
    }
    return RectificationItem.objects.create(rectification=rectification, **facts)


def make_progress(by, rectification=None):
    """A progress report on the only item of a rectification."""
    item = (rectification or make_rectification()).items.get()
    return report_progress(item_id=item.pk, text="已培训", by=by, at=LATER)


def finish_with_evidence(item, by, *, at=LATER):
    """Report an item's progress with a file, then its completion an hour later."""
    progress = report_progress(item_id=item.pk, text="已培训", by=by, at=at)
    add_evidence(subject=progress, upload=make_file(), by=by, at=at)
    return finish_item(item_id=item.pk, outcome="已整改", by=by, at=at)


def make_evidence(upload=None, by=None):
    """A file attached to a progress report, by default a picture uploaded by the liaison of D01."""
    by = by or make_liaison()
    return add_evidence(subject=make_progress(by), upload=upload or make_file(), by=by, at=LATER)


def make_inspection_evidence():
    """A picture uploaded by one of the inspectors of a visit."""
    inspector = make_account(Role.INSPECTOR)
    visit = make_inspection(make_case().result.section, inspectors=[inspector, make_account(Role.INSPECTOR)])
    return add_evidence(subject=visit, upload=make_file(), by=inspector, at=LATER)


def stored_files(root):
    return [path for path in Path(root).rglob("*") if path.is_file()]


def make_inspection(section=None, *, inspectors=None, state=InspectionState.ASSIGNED, plan=None, **fields):
    """A visit to a section with two inspectors assigned."""
    section = section or make_case().result.section
    plan = plan or make_plan(section.round)
    facts = {"target": "listed", "visit_on": TODAY, **fields}
    visit = Inspection.objects.create(plan=plan, section=section, state=state, **facts)
    visit.inspectors.set(inspectors or [make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)])
    return visit


def make_plan(round_, state=PlanState.VISITING, **fields):
    """An inspection plan, by default with visits under way."""
    facts = {"name": "7月暗访", "starts_on": TODAY, "ends_on": date(2020, 7, 31), "drawn_sections": 0, **fields}
    return InspectionPlan.objects.create(round=round_, state=state, proposed_by=make_account(Role.CHIEF), **facts)


def pass_item(item, *, at=LATER, passed=True):
    """An approved visit that checked the item, by default with success."""
    section = item.rectification.case.result.section
    visit = make_inspection(section, state=InspectionState.APPROVED, arrived_at=at, rectification=item.rectification)
    ItemCheck.objects.create(inspection=visit, item=item, is_passed=passed)
    return visit


def hold_talk(measure, *, by, at=LATER):
    """A talk whose record is written, scanned and submitted."""
    talk = write_talk(measure_id=measure.pk, facts=talk_facts(), by=by, at=at)
    add_evidence(subject=talk, upload=make_file(), by=by, at=at)
    return file_talk(talk_id=talk.pk, by=by, at=at)


def _result_row(code, rank, difficulty, listed, label):
    return {
        "section": code,
        "rank": rank,
        "listed": listed,
        "label": label,
        "difficulty": str(difficulty),
        "drawn_deviation": "1.0000",
        "severe_share": "0.2000",
        "rank_low": rank and max(1, rank - 2),
        "rank_high": rank and rank + 2,
        "p_top": None,
        "lines": dict(CHANNELS),
        "vote_count": 9,
        "capped": ["other"],
        "trimmed_rank": rank,
        "indicators": {
            "cold": "10.0000",
            "lazy": "30.1234",
            "buck_passing": "55.0000",
            "disorderly": "90.5000",
            "greedy": "0.0000",
        },
    }


def _row_of_two(row):
    """A row as NC-2 writes it: without the keys of NC-1, and without scores for a section that is not ranked."""
    row = {key: value for key, value in row.items() if key not in {"severe_share", "trimmed_rank"}}
    if row["rank"] is not None:
        return row
    nothing = dict.fromkeys(("difficulty", "drawn_deviation", "rank_low", "rank_high", "p_top"))
    return row | nothing | {"capped": [], "indicators": dict.fromkeys(row["indicators"])}


def _files_of_two(round_, method):
    """The public part of result.json, and cells.json: the same deviation in every channel gives a section its index."""
    weights = {channel: rule.weight for channel, rule in method.channels.items()}
    cells = {}
    for result in round_.results.select_related("section"):
        lines = {c: n if n >= method.cell_min_lines else None for c, n in result.data["lines"].items()}
        deviation = Fraction(str(result.difficulty or MEAN)) - MEAN if lines["targeted"] else Fraction(0)
        cells[result.section.code] = {c: CellFigures(lines[c], deviation, Fraction(4)) for c in weights}
    figures = Figures(dict.fromkeys(weights, Fraction(MEAN)), weights, Fraction(2), cells)
    documents = public_result(method, figures), cells_document(figures, "a" * 64)
    return [canonical_json(document).decode() for document in documents]


def _make_row(round_, section, channel, lines, difficulty):
    total = int(difficulty) * lines
    TallyRow.objects.create(
        round=round_,
        section=section,
        channel=channel,
        lines=lines,
        total=total,
        squares=total * total // lines,
        severe=4,
        votes=3,
        answered=[lines] * 5,
        points=[lines] * 5,
        histogram={},
    )


def make_demonstrations_small(monkeypatch):
    """Let a demonstration of 60 ballots rank most sections: lower minimums, drawn evaluators who rate most sections."""
    monkeypatch.setitem(DEFAULTS, "min_lines", 2)
    monkeypatch.setitem(DEFAULTS, "min_drawn_lines", 1)
    monkeypatch.setitem(SECTIONS_RATED, Channel.TARGETED, (70, 90))

"""What a unit does about a listed section in the story: its talk, its plan, what it reports (演示)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO

from accountability.cases.documents import print_document
from accountability.cases.models import Case
from accountability.cases.rules.measures import MeasureKind
from accountability.demo.by_two import approve_pending, by_two
from accountability.demo.calendar import Calendar
from accountability.demo.people import Office, liaison_of
from accountability.evidence.services.evidence import Upload, add_evidence
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.queries import passing_checks, signs_of
from accountability.rectifications.rules import TermKind
from accountability.rectifications.services import items as item_services
from accountability.rectifications.services import rectifications
from accountability.talks.documents import talk_record
from accountability.talks.models import Talk
from accountability.talks.services.records import file_talk, write_talk
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from nanchuan_eval.users.models import User

HOUR = timedelta(hours=1)
LEADER = {"talker": "纪委监委 王书记（演示）", "place": "纪委监委谈话室"}
HEAD = {"talker": "单位党委（党组）书记（演示）", "place": "单位会议室"}
# Makes the scan of a signed record.
Scan = Callable[[Talk], bytes]


def notice_record(round_: Round) -> str:
    """Return what the record of the public notice says: the newspaper of the round's district."""
    return f"《{profile_of(round_).newspaper}》刊登公示（演示）"


def printed_record(talk: Talk) -> bytes:
    """Return the record itself, as it is printed for signature."""
    return talk_record(talk)


def common_scan(talk: Talk) -> bytes:
    """Return one scan for all talks of a round: printing each record takes longer than all else about it."""
    return _scan(talk.measure.case.result.round)


@cache
def _scan(round_: Round) -> bytes:
    facts = {
        "subtitle": round_.name,
        "pairs": [("说明", "演示用签字件，代替谈话记录的扫描件")],
        "signers": ["谈话人", "谈话对象", "记录人", "日期"],
        "note": "演示用签字件，签名从略。",
    }
    return print_document("record", "谈话提醒记录", round_, round_.closes_at, **facts)


def talk_to_leader(case: Case, office: Office, *, held_at: datetime, scan: Scan = printed_record) -> None:
    """Let the commission talk to the unit's leader and file the record."""
    _talk(case, MeasureKind.TALK_LEADER, office.commission, held_at, LEADER, scan)


def talk_to_head(case: Case, office: Office, *, held_at: datetime, scan: Scan = printed_record) -> Talk:
    """Let the unit talk to the section's head and file the record, which then waits for the commission."""
    return _talk(case, MeasureKind.TALK_HEAD, liaison_of(case), held_at, HEAD, scan)


def summon_head(case: Case, office: Office, *, held_at: datetime, scan: Scan = printed_record) -> Talk | None:
    """Let the unit's party group summon the head of a section that was listed before; None where it need not."""
    if not case.measures.filter(kind=MeasureKind.SUMMONS).exists():
        return None
    return _talk(case, MeasureKind.SUMMONS, liaison_of(case), held_at, HEAD, scan)


def confirm_talk(talk: Talk, office: Office, *, at: datetime) -> None:
    """Let the commission confirm a unit's record."""
    approve_pending(talk, "acc.talk.head", by=office.commission, at=at)


def _talk(case: Case, kind: MeasureKind, by: User, held_at: datetime, facts: Mapping[str, str], scan: Scan) -> Talk:
    measure = case.measures.get(kind=kind)
    post, _, person = measure.target.rpartition(" ")
    record = {
        **facts,
        "person": person,
        "post": post or person,
        "held_at": held_at,
        "reason": f"{measure.basis}。主要问题：{case.result.main_problems}",
        "points": "指出群众反映的问题，提醒履行管理责任，不回避、不护短。",
        "attitude": "诚恳接受，认真整改。",
        "demand": "制定整改方案，按期完成，接受暗访检验。",
        "recorder": "演示记录员",
        "is_signed": True,
    }
    at = held_at + HOUR
    talk = write_talk(measure_id=measure.pk, facts=record, by=by, at=at)
    content = scan(talk)
    add_evidence(subject=talk, upload=Upload("谈话记录签字件.pdf", BytesIO(content), len(content)), by=by, at=at)
    return file_talk(talk_id=talk.pk, by=by, at=at)


def submit_plan(case: Case, calendar: Calendar) -> Rectification:
    """Let the unit fill in and submit its plan."""
    row, by = Rectification.objects.get(case=case), liaison_of(case)
    if not row.items.exists():
        sign = next(code for code, sign in signs_of(case.result.round).items() if sign["indicator"] != "greedy")
        item_services.add_item(rectification_id=row.pk, sign=sign, by=by, at=calendar.day(9))
    for item in row.items.all():
        item_services.edit_item(item_id=item.pk, facts=_plan_of(item, calendar), by=by, at=calendar.day(9))
    opinion = "同意，按方案整改。"
    return rectifications.submit_plan(rectification_id=row.pk, opinion=opinion, by=by, at=calendar.day(8))


def accept_plan(row: Rectification, office: Office, *, at: datetime) -> None:
    """Let clerk and chief accept a plan."""
    by_two("rect.plan", row, office.desk, at=at, accepted=True, note="措施具体")
    row.refresh_from_db()


def finish_item(item: RectificationItem, by: User, *, reported_at: datetime, at: datetime) -> None:
    """Let the unit report an item's progress and its completion."""
    text = "全员培训，窗口公开承诺。"
    progress = item_services.report_progress(item_id=item.pk, text=text, by=by, at=reported_at)
    content = _proof(item.rectification.case.result.round)
    upload = Upload("培训签到和公开承诺.pdf", BytesIO(content), len(content))
    add_evidence(subject=progress, upload=upload, by=by, at=reported_at + HOUR)
    item_services.finish_item(item_id=item.pk, outcome="培训完成，承诺上墙。", by=by, at=at)


@cache
def _proof(round_: Round) -> bytes:
    """Return one file for all reports of a round, as `common_scan` does for the talks."""
    facts = {
        "subtitle": round_.name,
        "pairs": [("说明", "演示用佐证材料，代替培训签到表和公开承诺的照片")],
        "signers": ["单位", "日期"],
        "note": "演示用材料，签名从略。",
    }
    return print_document("record", "整改佐证材料", round_, round_.closes_at, **facts)


def close_items(row: Rectification, office: Office, *, at: datetime) -> None:
    """Let clerk and chief close the items that a visit has passed."""
    passed = [item for item in row.items.filter(state="finished") if passing_checks(item).exists()]
    for item in passed:
        by_two("rect.close", item, office.desk, at=at, verdict="暗访核实，整改到位。")


def _plan_of(item: RectificationItem, calendar: Calendar) -> dict[str, object]:
    kinds = [TermKind.AT_ONCE, TermKind.BY_DATE, TermKind.CONTINUING]
    return {
        "cause": "教育管理不严，流程公开不够。",
        "goal": "群众办事有人答、一次清、按期结。",
        "measures": "全员培训；公开流程和时限；设投诉电话；每周抽查。",
        "leader": "演示分管领导",
        "person": "演示科室负责人",
        "term": kinds[(item.position - 1) % len(kinds)],
        "due_on": calendar.on(2 - (item.position - 1) * 20),
    }

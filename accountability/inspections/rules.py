"""Choices of 暗访督查, visit days derived from the seed, completeness of a record (rulebook R-I)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.db.models import TextChoices

from nanchuan_eval.workdays.rules import Calendar

INSPECTORS_A_VISIT = 2


class PlanState(TextChoices):
    """States of an inspection plan (暗访计划)."""

    PROPOSED = "proposed", "待批准"
    APPROVED = "approved", "已批准，待抽取"
    VISITING = "visiting", "暗访中"
    DONE = "done", "已结束"


class Target(TextChoices):
    """Reasons for inspecting a section (对象来源)."""

    LISTED = "listed", "上榜科室"
    TOO_FEW = "too_few", "样本不足补查"
    DRAWN = "drawn", "随机抽查"
    RETURN = "return", "回访复查"


class InspectionState(TextChoices):
    """States of an inspection (暗访)."""

    PLANNED = "planned", "待派员"
    ASSIGNED = "assigned", "已派员"
    SUBMITTED = "submitted", "已提交"
    APPROVED = "approved", "已审定"
    CANCELLED = "cancelled", "已取消"


# A visit that has not been made can be moved or cancelled; one that is settled keeps no plan from its end.
UNMADE = frozenset({InspectionState.PLANNED, InspectionState.ASSIGNED})
SETTLED = frozenset({InspectionState.APPROVED, InspectionState.CANCELLED})


class Method(TextChoices):
    """Methods of inspection (暗访方式)."""

    ERRAND = "errand", "模拟办事"
    HIDDEN = "hidden", "隐蔽拍摄"
    CALL = "call", "电话咨询"
    VISIT = "visit", "走访群众"


class CheckItem(TextChoices):
    """Items checked at every inspection (检查项)."""

    FIRST_ASKED = "first_asked", "首问责任"
    TOLD_ONCE = "told_once", "一次性告知"
    IN_TIME = "in_time", "限时办结"
    AT_DESK = "at_desk", "在岗在位"
    ATTITUDE = "attitude", "服务态度"
    FEES = "fees", "收费公示"


class CheckAnswer(TextChoices):
    """Answers to a checked item."""

    YES = "yes", "是"
    NO = "no", "否"
    NOT_APPLICABLE = "na", "不适用"


class Severity(TextChoices):
    """Severity of a problem found (严重程度)."""

    SLIGHT = "1", "轻微"
    HEAVY = "2", "较重"
    SEVERE = "3", "严重"


class Conclusion(TextChoices):
    """Conclusions of an inspection record."""

    SOUND = "sound", "无问题"
    AT_ONCE = "at_once", "立行立改"
    BY_DATE = "by_date", "限期整改"
    TRANSFER = "transfer", "移送"


# What such a visit found has to be mended by order.
ORDERING = frozenset({Conclusion.AT_ONCE, Conclusion.BY_DATE})


class OrderState(TextChoices):
    """States of an order (责令整改)."""

    ISSUED = "issued", "整改中"
    REPLIED = "replied", "已反馈，待回访复查"
    PASSED = "passed", "回访复查通过"
    FAILED = "failed", "回访复查未通过"


# Nobody has checked yet whether the unit has obeyed.
UNCHECKED = frozenset({OrderState.ISSUED, OrderState.REPLIED})


def settled_as(*, passed: bool) -> OrderState:
    """Return the state of an order after its return visit."""
    return OrderState.PASSED if passed else OrderState.FAILED


def visit_days(seed: str, codes: Sequence[str], days: Sequence[date]) -> dict[str, date]:
    """Derive each section's visit day from the draw's seed: nobody chooses it, anybody can verify it."""
    return {code: days[_number(seed, code) % len(days)] for code in codes}


def workdays_between(start: date, end: date, calendar: Calendar) -> list[date]:
    """Workdays from `start` to `end`, both included."""
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [day for day in days if calendar.is_workday(day)]


def recheck_until(reported_on: date, days: int) -> date:
    """Return the day by which what a unit has reported is checked on the spot (报告后暗访复查期限, rulebook R-H)."""
    return reported_on + timedelta(days=days)


def is_missed(state: str, visit_on: date, today: date) -> bool:
    """True if the day of a visit has passed without a submitted record (已过期)."""
    return state in UNMADE and visit_on < today


def uncovered(wanted: Iterable[str], visits: Iterable[tuple[str, str]]) -> list[str]:
    """Return the wanted sections that no visit covers; `visits` = (section, state), a cancelled one covers nothing."""
    covered = {code for code, state in visits if state != InspectionState.CANCELLED}
    return [code for code in dict.fromkeys(wanted) if code not in covered]


def record_errors(record: Mapping[str, object], findings: int, unchecked: Sequence[str]) -> list[str]:
    """Errors that keep a record from being submitted; `unchecked` are the plan's items without a result."""
    errors = [f"请填写{label}。" for field, label in _wanted(record).items() if not record[field]]
    checks = record["checks"]
    answered = checks if isinstance(checks, Mapping) else {}
    errors += [f"请选择“{item.label}”。" for item in CheckItem if item.value not in answered]
    if record["conclusion"] == Conclusion.SOUND and findings:
        errors.append("已记录问题的，结论不能是“无问题”。")
    if record["conclusion"] in {Conclusion.AT_ONCE, Conclusion.BY_DATE} and not findings:
        errors.append("结论为要求整改的，请至少记录一个问题。")
    errors += [f"请填写整改事项“{problem}”是否到位。" for problem in unchecked]
    return errors


def _wanted(record: Mapping[str, object]) -> dict[str, str]:
    wanted = {"method": "暗访方式", "arrived_at": "到达时间", "left_at": "离开时间", "place": "地点或窗口"}
    by_method = {
        Method.ERRAND: {"errand": "模拟事项"},
        Method.CALL: {"call": "拨打情况"},
        Method.VISIT: {"interviewed": "访谈人数"},
    }
    extra = by_method.get(Method(str(record["method"])), {}) if record["method"] else {}
    return {**wanted, **extra, "situation": "现场情况", "conclusion": "结论"}


def _number(seed: str, code: str) -> int:
    return int.from_bytes(hashlib.sha256(f"nanchuan-inspection/1\n{seed}\n{code}".encode()).digest()[:8], "big")

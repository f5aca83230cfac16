"""Printed papers of what follows the list (谈话记录、影响期证明、责令整改通知书): ready data for the templates."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from accountability.demo import NOTICE
from accountability.models import Objection, Order, PromotionFreeze, Talk
from accountability.rules.deadlines import in_chinese
from evaluations.models import Round
from nanchuan_eval.documents import render_pdf

Pairs = Sequence[tuple[str, str]]


def talk_record(talk: Talk) -> bytes:
    """Return 谈话记录 to sign, with lines for both."""
    measure = talk.measure
    pairs = [
        ("谈话种类", measure.get_kind_display()),
        ("谈话人", talk.talker),
        ("谈话对象", f"{talk.person}（{talk.post}）"),
        ("谈话时间", _moment(talk.held_at)),
        ("谈话地点", talk.place),
        ("事由", talk.reason),
        ("谈话要点", talk.points),
        ("对象表态", talk.attitude),
        ("整改要求", talk.demand),
        ("记录人", talk.recorder),
    ]
    return _print(
        "record",
        "谈话提醒记录",
        measure.case.result.round,
        talk.filed_at,
        subtitle=f"{measure.case.result.round.name}　{measure.case}",
        pairs=pairs,
        signers=["谈话人", "谈话对象", "记录人", "日期"],
        note=f"本记录编号{talk.pk}。谈话提醒不是诫勉，依据：{measure.basis}。",
    )


def freeze_certificate(freeze: PromotionFreeze, *, on: date, at: datetime) -> bytes:
    """Return 影响期证明 as of a day."""
    case = freeze.case
    if freeze.lifted_on and freeze.lifted_on <= on:
        state = f"已于{in_chinese(freeze.lifted_on)}解除（{freeze.lift_reason}）"
    else:
        state = "在影响期内" if freeze.starts_on <= on <= freeze.ends_on else "影响期已满"
    pairs = [
        ("姓名", freeze.person_name or "（姓名未登记）"),
        ("职务", freeze.post),
        ("单位、科室", str(case)),
        ("依据", f"{case.result.round.name}最难办事科室群众评列第{case.result.rank}位"),
        ("影响期", f"{in_chinese(freeze.starts_on)}至{in_chinese(freeze.ends_on)}（含起止日）"),
        (f"截至{in_chinese(on)}", state),
    ]
    return _print(
        "certificate",
        "影响期证明",
        case.result.round,
        at,
        pairs=pairs,
        body="影响期内不得提拔重用。本证明仅供干部选拔任用工作使用。",
        office="南川区最难办事科室群众评办公室",
        date=in_chinese(timezone.localtime(at).date()),
    )


def order_notice(order: Order) -> bytes:
    """Return 责令整改通知书; it names no inspector and no way by which it was found."""
    section = order.inspection.section
    findings = [[f.get_indicator_display(), f.text, f.get_severity_display()] for f in order.inspection.findings.all()]
    return _print(
        "order",
        "责令整改通知书",
        order.inspection.plan.round,
        order.issued_at,
        to=f"{section.department_name}：",
        body=f"经暗访督查，你单位{section.name}存在下列问题，请于{in_chinese(order.due_on)}前整改到位，并反馈整改情况。",
        findings=findings,
        demand=order.demand,
        office="南川区最难办事科室群众评办公室",
        date=in_chinese(timezone.localtime(order.issued_at).date()),
    )


def objection_answer(objection: Objection, *, at: datetime) -> bytes:
    """Return the written answer to an objection (答复书)."""
    pairs = [
        ("单位、科室", str(objection.section)),
        ("种类", objection.get_stage_display()),
        ("事由", objection.get_ground_display()),
        ("事实和理由", objection.facts),
        ("提出时间", _moment(objection.filed_at)),
        ("复算", _recount(objection)),
        ("监督员", objection.witnesses or "—"),
        ("结论", objection.get_outcome_display() or "尚未答复"),
        ("答复", objection.answer or "—"),
    ]
    return _print(
        "certificate",
        f"{objection.get_stage_display()}答复书",
        objection.round,
        at,
        pairs=pairs,
        body="评议人员身份依法保密，本答复不涉及任何评议人员信息。",
        office="南川区最难办事科室群众评办公室",
        date=in_chinese(timezone.localtime(objection.decided_at or at).date()),
    )


def _recount(objection: Objection) -> str:
    if objection.recounted_at is None:
        return "未复算"
    agrees = "与公布结果一致" if objection.recount_agrees else "与公布结果不一致"
    return f"{_moment(objection.recounted_at)}复算，{agrees}；结果文件校验值 {objection.recount_sha256}"


def _print(template: str, title: str, round_: Round, at: datetime, **data: object) -> bytes:
    return render_pdf(template, {"title": title, "demo": NOTICE if round_.is_demo else "", **data}, at=at)


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{in_chinese(local.date())} {local:%H:%M}"

"""The acts of two persons in accountability: what exactly is approved, and the service that then does it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from accountability.case_lifecycle.approvals import RESULT_ACTIONS
from accountability.case_lifecycle.services.cases import archive_round, close_case
from accountability.cases.models import Case, Measure
from accountability.cases.permissions import is_own
from accountability.cases.services import check_record, record_measure, waive_measure
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import ORIGINAL
from accountability.evidence_retention.services import DESTROY
from accountability.inspections.models import InspectionPlan
from accountability.inspections.services.plans import approve_plan
from accountability.objections.models import Objection
from accountability.objections.services import accept_objection
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.services import lift_freeze
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.services.items import close_item, decide_extension, drop_extension, send_back_item
from accountability.rectifications.services.rectifications import decide_plan
from accountability.talks.models import Talk
from accountability.talks.services import confirm_talk, record_fields, reopen_talk
from evaluations.rounds.models import Round
from nanchuan_eval.approvals.authorizations import authorizing_action
from nanchuan_eval.approvals.services import ApprovableAction
from nanchuan_eval.approvals.services import register as register_handlers

Arguments = Mapping[str, Any]


def register() -> None:
    """Make the deeds known; once, when the app is ready."""
    register_handlers(
        ApprovableAction(
            "case.close",
            "acc.close",
            "办结问责事项",
            Case,
            content=lambda case, _: {"事项": str(case), "轮次": case.result.round.name, "措施": _measures(case)},
            perform=lambda case, _, by, at: close_case(case_id=case.pk, by=by, at=at),
        ),
        ApprovableAction(
            "round.archive",
            "acc.close",
            "归档",
            Round,
            content=lambda round_, _: {"轮次": round_.name, "名单校验值": _newest_notice(round_)},
            perform=lambda round_, _, by, at: archive_round(round_id=round_.pk, by=by, at=at),
        ),
        ApprovableAction(
            "appeal.accept",
            "appeal.accept",
            "受理异议或申诉",
            Objection,
            content=lambda row, _: {
                "科室": str(row.section),
                "事由": row.get_ground_display(),
                "事实和理由": row.facts,
            },
            perform=lambda row, _, by, at: accept_objection(objection_id=row.pk, by=by, at=at),
        ),
        ApprovableAction(
            "freeze.lift",
            "acc.hold.lift",
            "解除影响期",
            PromotionFreeze,
            content=lambda freeze, asked: {"影响期": str(freeze), "职务": freeze.post, "解除日期": asked["on"]},
            perform=lambda freeze, asked, by, at: lift_freeze(
                freeze_id=freeze.pk, on=date.fromisoformat(asked["on"]), reason=asked["reason"], by=by, at=at
            ),
        ),
        ApprovableAction(
            "rect.plan",
            "rect.return",
            "审核整改方案",
            Rectification,
            content=lambda row, asked: {
                "整改": str(row),
                "审核结果": "认可" if asked["accepted"] else "退回",
                "审核意见": asked["note"],
                "方案": _plan(row),
            },
            perform=lambda row, asked, by, at: decide_plan(
                rectification_id=row.pk, accepted=asked["accepted"], note=asked["note"], by=by, at=at
            ),
        ),
        ApprovableAction(
            "rect.close",
            "rect.close",
            "销号",
            RectificationItem,
            content=lambda item, asked: {**_item(item), "验收意见": asked["verdict"]},
            perform=lambda item, asked, by, at: close_item(item_id=item.pk, verdict=asked["verdict"], by=by, at=at),
        ),
        ApprovableAction(
            "rect.send_back",
            "rect.close",
            "退回重改",
            RectificationItem,
            content=lambda item, asked: {**_item(item), "退回理由": asked["verdict"], "新时限": asked["due_on"]},
            perform=lambda item, asked, by, at: send_back_item(
                item_id=item.pk, verdict=asked["verdict"], due_on=date.fromisoformat(asked["due_on"]), by=by, at=at
            ),
        ),
        ApprovableAction(
            "rect.extend",
            "rect.extend",
            "整改延期",
            RectificationItem,
            content=lambda item, _: {
                "整改": str(item.rectification),
                "问题": item.problem,
                "原时限": f"{item.due_on}",
                "申请延期至": f"{item.wanted_due_on}",
                "延期理由": item.wanted_reason,
            },
            perform=lambda item, _, by, at: decide_extension(item_id=item.pk, granted=True, by=by, at=at),
            is_own=lambda by, item: is_own(by, item.rectification.case.result.section),
            undo=lambda item, _: drop_extension(item),
        ),
        ApprovableAction(
            "freeze.record",
            "acc.hold.set",
            "登记影响期",
            Measure,
            content=_freeze_record,
            perform=lambda measure, asked, by, at: record_measure(
                measure_id=measure.pk,
                done_on=date.fromisoformat(asked["done_on"]),
                record=asked["record"],
                by=by,
                at=at,
            ),
        ),
        ApprovableAction(
            "freeze.waive",
            "acc.hold.set",
            "影响期不适用",
            Measure,
            content=lambda measure, asked: {**_freeze(measure), "不适用理由": asked["reason"]},
            perform=lambda measure, asked, by, at: waive_measure(
                measure_id=measure.pk, reason=asked["reason"], by=by, at=at
            ),
        ),
        ApprovableAction(
            "talk.confirm",
            "acc.talk.head",
            "确认谈话记录",
            Talk,
            content=lambda talk, _: {
                "事项": str(talk.measure.case),
                **dict(record_fields(talk)),
                "签字件": _files(talk),
            },
            perform=lambda talk, _, by, at: confirm_talk(talk_id=talk.pk, by=by, at=at),
            is_own=lambda by, talk: is_own(by, talk.measure.case.result.section),
            undo=reopen_talk,
        ),
        ApprovableAction(
            "inspection.plan",
            "insp.plan",
            "批准暗访计划",
            InspectionPlan,
            content=lambda plan, _: {
                "轮次": plan.round.name,
                "名称": plan.name,
                "日期": f"{plan.starts_on}至{plan.ends_on}",
                "对象": f"全部上榜科室，另随机抽查{plan.drawn_sections}个科室",
                "办理后果": "审批同意后即公布抽取暗访科室的承诺，暗访日期由抽取种子确定",
            },
            perform=lambda plan, _, by, at: approve_plan(plan_id=plan.pk, by=by, at=at),
            undo=lambda plan, _: plan.delete(),  # what was proposed and why it ended stays in the approval
        ),
        authorizing_action(
            ORIGINAL,
            "查看暗访原件",
            Evidence,
            lambda row, asked: {
                "文件": f"{row.get_kind_display()} {row.name}",
                "暗访": str(row.inspection),
                "原件校验值": row.sha256,
                "理由": asked["reason"],
            },
        ),
        DESTROY,
        *RESULT_ACTIONS,
    )


def _freeze(measure: Measure) -> dict[str, object]:
    spans = [f"{f.person_name} {f.starts_on}至{f.ends_on}" for f in measure.case.freezes.all()]
    return {"事项": str(measure.case), "对象": measure.target, "依据": measure.basis, "影响期": spans or "无"}


def _freeze_record(measure: Measure, asked: Arguments) -> dict[str, object]:
    check_record(measure.case, date.fromisoformat(asked["done_on"]), asked["record"], timezone.now())
    return {**_freeze(measure), "办理日期": asked["done_on"], "办理记录": asked["record"]}


def _newest_notice(round_: Round) -> str:
    newest = round_.publications.order_by("-version").first()
    return newest.content_sha256 if newest else ""


def _measures(case: Case) -> list[str]:
    return [f"{m.get_kind_display()}：{m.get_state_display()}" for m in case.measures.all()]


def _plan(row: Rectification) -> list[str]:
    return [
        f"{item.position}. {item.problem}：{item.measures}（责任人{item.person}，时限{item.due_on}）"
        for item in row.items.all()
    ]


def _files(talk: Talk) -> list[str]:
    return [f"{file.name}（{file.sha256}）" for file in talk.evidence.all()]


def _item(item: RectificationItem) -> dict[str, object]:
    return {"整改": str(item.rectification), "问题": item.problem, "完成情况": item.outcome}

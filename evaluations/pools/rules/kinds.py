"""Pools (名单库): their kinds, the columns of their lists, the reasons for not taking part in a draw (rulebook R-B)."""

from collections.abc import Sequence

from django.db.models import TextChoices

from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.lists.rules.columns import Column, Kind

MOST_CODES = 300  # characters of the codes of all sections that a person has dealt with
RECIPIENT = "服务对象"


class PoolKind(TextChoices):
    """名单库; the values are arguments of the import command."""

    SUPERVISORS = "supervisors", "监督员库"
    EVALUATORS = "evaluators", "定向评议名单库"
    RECIPIENTS = "recipients", "服务对象库"


class ExclusionReason(TextChoices):
    """不参加抽取的原因 (protocol 3.5)."""

    CONFLICT = "conflict", "回避"
    INELIGIBLE = "ineligible", "不符合条件"
    ALREADY_SELECTED = "already_selected", "前次已抽中"
    DECLARED_ABSENCE = "declared_absence", "已申明不能参加"


# The draw from each pool: once it is committed, the pool cannot change.
DRAW_OF = {
    PoolKind.SUPERVISORS: DrawPurpose.SUPERVISORS,
    PoolKind.EVALUATORS: DrawPurpose.EVALUATORS,
    PoolKind.RECIPIENTS: DrawPurpose.ISSUED,
}
POOL_OF = {purpose: kind for kind, purpose in DRAW_OF.items()}

NAME = Column("name", "姓名", ("名字", "人员姓名"), is_required=True, most=40, examples=("张三", "阿依努尔·买买提"))
PHONE = Column(
    *("phone", "手机号", ("手机", "手机号码", "联系电话", "电话", "联系方式", "移动电话")),
    kind=Kind.PHONE,
    is_required=True,
    help="11位手机号。同一手机号只能是一个人。",
    examples=("13800000001", "13800000002"),
)
UNIT = Column(
    *("unit", "单位", ("工作单位", "所在单位", "单位名称")),
    most=80,
    help="工作单位。评议对象的人员自动列为回避。",
    examples=("永隆山村", ""),
)
RELATIVES = Column(
    *("relatives", "回避申报", ("亲属所在单位", "近亲属所在单位", "近亲属单位")),
    help="近亲属所在的评议对象，几个单位用顿号分开。",
    examples=("", "公安局、税务局"),
)


def columns_of(kind: PoolKind, strata: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a pool's list; `strata` = the values allowed as 身份类别, any if empty."""
    is_recipients = kind == PoolKind.RECIPIENTS
    # Service records are stratified by section: 身份类别 may be missing, the section may not.
    stratum = Column(
        *("stratum", "身份类别", ("类别", "人员类别")),
        kind=Kind.CHOICE if strata else Kind.TEXT,
        is_required=not is_recipients,
        most=40,
        choices={name: name for name in strata},
        help=f"不填写的，视为{RECIPIENT}。" if is_recipients else "一人只能列入一个身份类别。",
        examples=tuple(strata[:2]) or ((RECIPIENT, "") if is_recipients else ("人大代表", "市民代表")),
    )
    dealt_with = Column(
        *("dealt_with", "办过事的科室", ("科室代码", "办事科室", "办过事的科室代码")),
        kind=Kind.CODES,
        is_required=is_recipients,
        most=MOST_CODES,
        help="评议对象名录中的科室代码，几个代码用顿号或者分号分开。",
        examples=("D01-01", "D01-02；D02-01"),
    )
    return stratum, NAME, PHONE, UNIT, dealt_with, RELATIVES

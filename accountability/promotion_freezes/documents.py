"""Promotion freezes: documents."""

from datetime import date, datetime

from django.utils import timezone

from accountability.cases.documents import _print
from accountability.cases.rules.deadlines import in_chinese
from accountability.promotion_freezes.models import PromotionFreeze


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

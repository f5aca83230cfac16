"""Printed answers to objections (答复书)."""

from datetime import datetime

from accountability.cases.documents import moment, print_letter
from accountability.objections.models import Objection
from accountability.objections.rules import Stage
from evaluations.rounds.queries import profile_of

TITLES = {Stage.OBJECTION: "公示前异议答复书", Stage.APPEAL: "公示后申诉答复书", Stage.REVIEW: "领导小组复核答复书"}


def objection_answer(objection: Objection, *, at: datetime) -> bytes:
    """Render the answer to a decided objection (答复书), signed by who decided it."""
    pairs = [
        ("单位、科室", str(objection.section)),
        ("种类", objection.get_stage_display()),
        ("事由", objection.get_ground_display()),
        ("事实和理由", objection.facts),
        ("提出时间", moment(objection.filed_at)),
        ("复算", _recount(objection)),
        ("监督员签名", objection.witnesses or "—"),
        ("结论", objection.get_outcome_display()),
        ("答复", objection.answer),
    ]
    return print_letter(
        "certificate",
        TITLES[Stage(objection.stage)],
        objection.round,
        at,
        pairs=pairs,
        body="评议人员身份依法保密，本答复不涉及任何评议人员信息。",
        signed_at=objection.decided_at or at,
        office=deciding_body(objection),
    )


def deciding_body(objection: Objection) -> str:
    """Return who signs the answer: only the commission decides (appeal.decide), a review is the leading group's."""
    profile = profile_of(objection.round)
    return profile.leading_group if objection.stage == Stage.REVIEW else profile.commission


def _recount(objection: Objection) -> str:
    if objection.recounted_at is None:
        return "未复算"
    return f"{moment(objection.recounted_at)}复算，{objection.agreement}；结果文件校验值 {objection.recount_sha256}"

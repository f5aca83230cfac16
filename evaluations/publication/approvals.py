"""Approvable action of the publication gate: to publish although too few sections are ranked."""

from datetime import datetime

from evaluations.publication.queries import closed_gate
from evaluations.publication.services import decide_publication, refuse_undecidable
from evaluations.tally.models import Tally
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls

DECIDE = "publish.decide"


def _content(tally: Tally, _: Arguments) -> dict[str, object]:
    gate = closed_gate(tally) or {}
    return {
        "轮次": tally.round.name,
        "参评科室": gate.get("sections"),
        "参加排名": gate.get("ranked"),
        "至少应有": gate.get("needed"),
        "办理后果": "名单可以公示；名单、公示和工作簿均注明参加排名和样本不足的科室数、决定日期和理由，不能取消",
        "结果校验值": tally.result_sha256,
    }


def _require(tally: Tally, arguments: Arguments, *, at: datetime) -> None:
    refuse_undecidable(tally, arguments["reason"])


ACTIONS = (
    ApprovableAction(
        DECIDE,
        permission="publish.approve",
        label="决定公示（样本不足）",
        model=Tally,
        content=_content,
        perform=calls(decide_publication, "tally_id"),
        require=_require,
        names=lambda tally, _: tally.round.name,
        always_asks=True,
    ),
)

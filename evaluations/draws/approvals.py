"""Approvable actions of a draw: commitment, ceremony, removals; each is performed, or proposed for approval."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.committed_rounds import current_round, more_seats
from evaluations.draws.queries.strata import strata_of
from evaluations.draws.rules import Delivery, RemovalReason
from evaluations.draws.services.candidates import first_seats, pool_of, sources
from evaluations.draws.services.ceremony import publish_draw, run_draw, signatures_wanted
from evaluations.draws.services.commitment import abandon_draw, commit_draw, planned_draw, refuse_commitment
from evaluations.draws.services.lines import PoolLine
from evaluations.draws.services.removals import Removal, further_round_faults, open_next_round, remove_drawn
from evaluations.draws.services.signing import (
    ISSUE,
    issue_signing_codes,
    refuse_issuing,
    refuse_reissuing,
    reissue_signing_codes,
    without_codes,
)
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import POOL_OF
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.service_records.models import Client
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User

COMMIT = "draw.commit"
WITH_DELIVERY = (
    "预先承诺的追加抽取随即启动，不能撤回；同时生成新抽中人员的票号和通知，短信排队发送，信函由评议办工作人员打印"
)
# The draws of sections to inspect are committed by the commission with the inspection's plan.
DRAWN_FOR_THE_ROUND = tuple(purpose for purpose in DrawPurpose if purpose != DrawPurpose.INSPECTED)


# What the content of a commitment calls the list, and its size.
POOLS = {purpose: (kind.label, "名单人数") for purpose, kind in POOL_OF.items()} | {
    DrawPurpose.CLIENTS: ("本评议期的办件（每个手机号在每个科室一次机会）", "名单人次"),
    DrawPurpose.COUNTED: ("已封箱的抽样评议票", "票数"),
}


def start_draw(name: str, *, draw_id: int, by: User, at: datetime, **asked: Any) -> Approval | None:
    """Perform or propose an action on a draw; abandoning an inspection's draw is the commission's own action."""
    draw = Draw.objects.get(pk=draw_id)
    return approvals.start(abandonment(draw) if name == "draw.abandon" else name, draw, by=by, at=at, **asked)


def abandonment(draw: Draw) -> str:
    """Return the action that abandons the draw."""
    return "inspection.abandon" if draw.purpose == DrawPurpose.INSPECTED else "draw.abandon"


def start_commitments(*, round_id: int, purposes: Sequence[str], by: User, at: datetime) -> list[Approval | None]:
    """Commit draws, or propose each by itself; all of them or, if one is refused, none."""
    round_ = Round.objects.get(pk=round_id)
    if not purposes:
        raise RuleViolation("没有选中抽取。请先选中要公布承诺的抽取，再办理。")
    with transaction.atomic():
        return [approvals.start(commitment(purpose), round_, by=by, at=at, purpose=purpose) for purpose in purposes]


def commitment(purpose: str) -> str:
    """Return the action that commits a round's draw; each has its own, so that several may be proposed at once."""
    return f"{COMMIT}.{purpose}"


def _draw_name(round_: Round, purpose: str) -> str:
    return f"{round_.name}·{DrawPurpose(purpose).label.removeprefix('抽取')}抽取"


def _commitment_content(round_: Round, asked: Arguments) -> dict[str, object]:
    """Return the draw's own pool and the parameters that its commitment will freeze."""
    purpose = DrawPurpose(asked["purpose"])
    lines, planned = pool_of(round_, purpose), planned_draw(round_, purpose)
    source, size = POOLS.get(purpose, POOLS[DrawPurpose.COUNTED])
    unit = "张" if purpose == DrawPurpose.COUNTED else "人"
    total = Counter(line.stratum for line in lines)
    eligible = Counter(line.stratum for line in lines if not line.exclusion)
    seats, alternates, totals = first_seats(round_, purpose, total, eligible)
    at = f"{in_words(planned.planned_at)}，{planned.place}" if planned else "（未登记）"
    return {
        "轮次": round_.name,
        "抽取": purpose.label,
        "名单": source,
        size: f"{total.total()}{unit}，其中不参加抽取{total.total() - eligible.total()}{unit}",
        "抽取名额": f"{sum(seats.values())}{unit}",
        "各类别": [
            f"{name}：名单{total[name]}{unit}，抽取{seats[name]}{unit}，候补{alternates}{unit}" for name in seats
        ],
        "追加抽取": f"预先承诺{len(totals) - 1}次" if len(totals) > 1 else "无",
        "随机数来源": [source["label"] for source in sources(round_.rulebook)],
        "计划抽取": at,
        "见证人": planned.witnesses if planned else "（未登记）",
        "办理后果": "名单和参数随即固定，承诺校验值在网站公布，不能再改",
        "名单校验值": _digest_of(lines),
    }


def _digest_of(lines: Sequence[PoolLine]) -> str:
    """Return the digest of the list of lines as Python writes it, without holding that text: it may be of 40 MB."""
    hashed = hashlib.sha256(b"[")
    for number, line in enumerate(lines):
        hashed.update(f"{', ' if number else ''}{tuple(line)!r}".encode())
    hashed.update(b"]")
    return hashed.hexdigest()


def _require_committable(round_: Round, asked: Arguments, *, at: datetime) -> None:
    refuse_commitment(round_, DrawPurpose(asked["purpose"]), at)


def _standing(draw: Draw) -> dict[str, object]:
    return {"抽取": str(draw), "抽取编号": draw.draw_id, "状态": draw.get_status_display(), "承诺": draw.commit}


def _run_content(draw: Draw, _: Arguments) -> dict[str, object]:
    params = json.loads(draw.params)
    readings = [
        f"{source['label']}：{'、'.join(map(str, numbers))}"
        for source, numbers in zip(params["randomness"], draw.randomness, strict=False)
    ]
    return {
        **_standing(draw),
        "随机数": readings or "（未录入）",
        "抽取种子": draw.seed or "（未产生）",
        "名额": [f"{line.name}：参加抽取{line.eligible}，抽取{line.seats}" for line in strata_of(draw, params)],
        "办理后果": "按承诺的名单和参数抽取，只抽一次，结果不能更改",
    }


def _publishing_content(draw: Draw, _: Arguments) -> dict[str, object]:
    strata = strata_of(draw, json.loads(draw.params))
    return {
        **_standing(draw),
        "抽取种子": draw.seed or "（未产生）",
        "结果": [f"{line.name}：抽中{len(line.selected)}，候补{len(line.alternates)}" for line in strata],
        "结果校验值": sha256_hex(draw.result.encode()),
        "签名": f"{draw.signatures.count()}名监督员，至少{signatures_wanted(draw)}名",
        "办理后果": "抽取证明（匿名编号、种子、签名数）在网站公开",
    }


def _abandoning_content(draw: Draw, _: Arguments) -> dict[str, object]:
    consequence = "本次承诺作废，记录和理由保留公开；需要的，重新公告抽取、公布承诺"
    return {**_standing(draw), "办理后果": consequence}


def removal_of(entry: DrawEntry) -> tuple[str, PoolEntry | Client]:
    """Return the action that removes a drawn person, for one section if they are a client, and whom it locks."""
    if entry.client:
        return REMOVE_CLIENT.name, entry.client
    if entry.person is None:
        raise RuleViolation("只有人员抽取可以办理移除和递补。")
    return REMOVE.name, entry.person


def _removal_content(person: PoolEntry | Client, arguments: Arguments) -> dict[str, object]:
    whose = {"client": person} if isinstance(person, Client) else {"person": person}
    entry = DrawEntry.objects.select_related("draw").get(pk=arguments["entry"], **whose)
    return {
        "抽取": entry.draw.draw_id,
        "类别": entry.stratum,
        "匿名编号": entry.token,
        "原因": RemovalReason(arguments["removal"]).label,
        "拨打日期": "、".join(arguments["calls"]) or "—",
        "说明": arguments["explanation"],
    }


def _remove(_: PoolEntry | Client, arguments: Arguments, *, by: User, at: datetime) -> object:
    removal = Removal(
        RemovalReason(arguments["removal"]),
        arguments["explanation"],
        [date.fromisoformat(day) for day in arguments["calls"]],
    )
    return remove_drawn(entry_id=arguments["entry"], removal=removal, by=by, at=at)


def _next_round_content(draw: Draw, arguments: Arguments) -> dict[str, object]:
    content = {**_standing(draw), "启动": f"第{current_round(draw)}次追加抽取"}
    if draw.purpose == DrawPurpose.CLIENTS:
        content["多抽"] = f"{more_seats(draw)}人"
    if arguments.get("way"):
        content["票号和通知"] = Delivery(arguments["way"]).label
        content["链接地址"] = arguments["site"]
        return {**content, "办理后果": WITH_DELIVERY}
    if draw.purpose == DrawPurpose.CLIENTS:
        content["办理后果"] = "预先承诺的追加抽取随即启动，不能撤回；新抽中的人须及时发放票号、发送短信或者寄发信件"
    return content


def _require_trigger(draw: Draw, _: Arguments, *, at: datetime) -> None:
    """Refuse the proposal of a top-up that is not due; the other draws' trigger is asked at the approval."""
    if draw.purpose == DrawPurpose.CLIENTS and (faults := further_round_faults(draw, at)):
        raise RuleViolation(*faults)


def _codes_content(draw: Draw, _: Arguments) -> dict[str, object]:
    return {
        "轮次": draw.round.name,
        "抽取": draw.draw_id,
        "监督员": [_supervisor(entry) for entry in without_codes(draw).order_by("stratum", "place")],
        "每人签名码": f"{draw.round.rulebook['signing_codes']}个",
        "办理后果": "逐人取出密封件（每份只能取出一次），由另一人确认当面交付后，该监督员的签名码方可使用",
    }


def _reissue_content(entry: DrawEntry, asked: Arguments) -> dict[str, object]:
    used = entry.signing_codes.exclude(used_at=None).count()
    return {
        "轮次": entry.draw.round.name,
        "监督员": _supervisor(entry),
        "作废理由": asked["reason"],
        "已作的签名": f"{used}次，继续有效",
        "办理后果": "这名监督员尚未使用的签名码随即作废，另发一份密封件",
    }


def _require_issuable(draw: Draw, _: Arguments, *, at: datetime) -> None:
    refuse_issuing(draw)


def _require_reissuable(entry: DrawEntry, asked: Arguments, *, at: datetime) -> None:
    refuse_reissuing(entry, asked["reason"])


def _supervisor(entry: DrawEntry) -> str:
    """Describe a supervisor with no more than the lists show: the text is kept for good."""
    return f"{entry.person or '—'}（{entry.stratum}第{entry.place}位）"


def _removal_name(_: PoolEntry | Client, arguments: Arguments) -> str:
    entry = DrawEntry.objects.select_related("draw__round").get(pk=arguments["entry"])
    return f"{entry.draw}，{entry.stratum} {entry.token[:8]}，{RemovalReason(arguments['removal']).label}"


def _commit_action(name: str) -> ApprovableAction:
    return ApprovableAction(
        name,
        COMMIT,
        "公布抽取承诺",
        Round,
        _commitment_content,
        calls(commit_draw, "round_id", purpose=DrawPurpose),
        require=_require_committable,
        names=lambda round_, asked: _draw_name(round_, asked["purpose"]),
        is_small=True,
    )


ISSUE_CODES, REISSUE_CODES = "signing.issue", "signing.reissue"
# The person is locked, not the entry: two removals from one draw would deadlock on each other's entries.
REMOVE, REMOVE_CLIENT = (
    ApprovableAction(name, "draw.redraw", "移除并递补", model, _removal_content, _remove, names=_removal_name)
    for name, model in (("draw.remove", PoolEntry), ("draw.remove_client", Client))
)
_abandon, _run, _publish = (calls(service, "draw_id") for service in (abandon_draw, run_draw, publish_draw))
ACTIONS = (
    _commit_action(COMMIT),  # proposed before each draw had an action of its own
    *(_commit_action(commitment(purpose)) for purpose in DRAWN_FOR_THE_ROUND),
    ApprovableAction("draw.abandon", COMMIT, "作废抽取", Draw, _abandoning_content, _abandon),
    ApprovableAction("inspection.abandon", "insp.plan", "作废暗访科室抽取", Draw, _abandoning_content, _abandon),
    ApprovableAction("draw.run", "draw.run", "执行抽取", Draw, _run_content, _run),
    ApprovableAction("draw.publish", "draw.run", "公开抽取证明", Draw, _publishing_content, _publish),
    REMOVE,
    REMOVE_CLIENT,
    ApprovableAction(
        "draw.next_round",
        "draw.redraw",
        "启动追加抽取",
        Draw,
        _next_round_content,
        calls(open_next_round, "draw_id"),
        require=_require_trigger,
    ),
    ApprovableAction(
        ISSUE_CODES,
        ISSUE,
        "发放监督员签名码",
        Draw,
        _codes_content,
        calls(issue_signing_codes, "draw_id"),
        require=_require_issuable,
    ),
    ApprovableAction(
        REISSUE_CODES,
        ISSUE,
        "作废并重发签名码",
        DrawEntry,
        _reissue_content,
        calls(reissue_signing_codes, "entry_id"),
        require=_require_reissuable,
        names=lambda entry, _: f"{entry.draw.round.name} {_supervisor(entry)}",
    ),
)

"""What the page of an opening shows before it: that voting has ended, who must come, what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxCard
from evaluations.box_key.queries import current_key, holder_name, row_key_of
from evaluations.protocol.codes import issue_hash
from evaluations.protocol.drawing import digest_of
from evaluations.protocol.merkle import leaf, merkle_root, root_of_path
from evaluations.rounds.models import Round
from evaluations.rounds.permissions import Condition, conditions
from evaluations.rounds.queries import lacks_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.approvals import ACTION_OF
from evaluations.sealing.queries import (
    LABELS,
    Inclusion,
    closing_leaves,
    is_permitted,
    issued_lines,
    rows_expected,
    rows_found,
    spent_lines,
)
from evaluations.sealing.rules import Permit, difference_lines, differences, waited_for
from evaluations.sealing.services.permits import RECOVER_ACTION
from evaluations.verdicts.queries import Answer, Verdict, checked, unchecked
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

# A longer list is left to the reader's own machine.
MOST_CODES = 300_000
LISTS = {"issued": "发放的票号清单", "spent": "用过的票号清单"}


@dataclass(frozen=True)
class CardLine:
    """A card of the round's key: its holder, and whether it was confirmed or reported lost."""

    card: str
    holder: str
    state: str


@dataclass(frozen=True)
class PermitLine:
    """Something two persons may permit: its state, and the address where this user may propose it."""

    label: str
    state: str
    address: str


@dataclass(frozen=True)
class OpeningPage:
    """All that the page shows beside its form; `lacks` = why the box cannot be opened now."""

    lacks: list[Condition]
    is_by_cards: bool
    waited_for: str
    needed: int
    cards: list[CardLine]
    permits: list[PermitLine]
    rows: int
    is_too_big: bool
    differences: list[str]


def opening_page(round_: Round, user: User, at: datetime) -> OpeningPage:
    """Read everything the page shows; the used codes are counted only where the page may open the box."""
    lacks, rows = conditions(round_, lacks_for(round_, Step.SEAL, at), user), BallotSpool.objects.count()
    is_by_cards, is_too_big = is_opened_by_supervisors(round_.rulebook), rows > settings.OPENING_PAGE_ROWS
    missing = {} if lacks or is_too_big else differences(rows_expected(round_), rows_found())
    return OpeningPage(
        lacks=lacks,
        is_by_cards=is_by_cards,
        waited_for=waited_for(round_.rulebook),
        needed=round_.rulebook["box_needed"] if is_by_cards else 0,
        cards=list(_cards(round_)),
        permits=list(_permits(round_, user)) if is_by_cards and not lacks else [],
        rows=rows,
        is_too_big=is_too_big,
        differences=difference_lines(missing, {}, LABELS),
    )


def card_labels(round_: Round) -> list[str]:
    """Return the labels of the fields: as many as cards are needed; with the permit the recovery card takes two."""
    if not is_opened_by_supervisors(round_.rulebook) or round_.state != RoundState.OPEN:
        return []
    fields = round_.rulebook["box_needed"] + is_permitted(round_, Permit.RECOVERY)
    return [f"第{number}格" for number in range(1, fields + 1)]


def _cards(round_: Round) -> Iterator[CardLine]:
    key = current_key(round_)
    for card in key.cards.select_related("holder__person") if key else ():
        yield CardLine(card.card, holder_name(card.holder), _state(card))


def _state(card: BoxCard) -> str:
    return "已报告遗失" if card.lost_at else "已领取" if card.held_at else "未确认领取"


def _permits(round_: Round, user: User) -> Iterator[PermitLine]:
    waiting = {each.approval.kind: each for each in approvals.waiting_about(user, round_)}
    key = current_key(round_)
    offered = [Permit.RECOVERY, *([Permit.UNAUTHENTICATED] if key and row_key_of(key) is None else [])]
    for permit, name in ((permit, ACTION_OF[permit]) for permit in offered):
        is_given = is_permitted(round_, permit)
        may = not is_given and name not in waiting and policy.may_start(user, RECOVER_ACTION)
        state = "已批准" if is_given else _waits(waiting[name]) if name in waiting else "未提请"
        yield PermitLine(
            permit.label, state, reverse("admin:round-permit", args=[round_.pk, permit.value]) if may else ""
        )


def _waits(each: approvals.Waiting) -> str:
    on = in_chinese(timezone.localdate(each.approval.proposed_at))
    return f"{each.approval.proposed_by.name}于{on}提请，等待{each.approvers}审批"


def box_verdict(round_: Round, record: Mapping[str, Any] | None, at: datetime) -> Verdict:
    """Recompute what the sealing record says from the lists that are published with it."""
    if record is None:
        return unchecked("票箱尚未封箱，封箱后可以核验。")
    ballots, spent = record["ballots"], record["spent"]["count"]
    if record["issued"]["count"] > MOST_CODES:
        return unchecked("清单较长，请下载清单，用“专业核验”中的办法核验。")
    agrees = (
        f"按封箱清单重新计算，与封箱时公布的相同。票箱内评议票{ballots}张，不多于用过的票号{spent}个；"
        "用过的票号都在发放的票号之中。"
    )
    return checked(f"box/{round_.pk}/{round_.closing_root}", lambda: _box_faults(round_, record), agrees, at)


def receipt_verdict(inclusion: Inclusion) -> Verdict:
    """Compute the round's root from a receipt's ballot and its audit path, as a reader's device does."""
    entry = leaf(inclusion.receipt, inclusion.commitment)
    name = inclusion.round.name
    if root_of_path(entry, inclusion.path) != inclusion.round.closing_root:
        text = f"{name}票箱中有这个回执号，但是不能由它算出封箱时公布的总校验值。"
        return Verdict(Answer.DIFFERS, f"{text}请保存本页截图，并告知评议办或者纪委监委。")
    return Verdict(Answer.AGREES, f"您的票已入箱。回执号已列入{name}封箱清单，与封箱时公布的相同。")


def _box_faults(round_: Round, record: Mapping[str, Any]) -> Iterator[str]:
    leaves = list(closing_leaves(round_))
    if not merkle_root(leaves) == round_.closing_root == record["root"]:
        yield "按封箱清单重新计算的总校验值，与封箱时公布的不同"
    if len(leaves) != record["ballots"]:
        yield f"封箱清单有{len(leaves)}张评议票，封箱记录写明{record['ballots']}张"
    issued, spent = list(issued_lines(round_)), list(spent_lines(round_))
    for what, lines in (("issued", issued), ("spent", spent)):
        if (len(lines), digest_of(lines)) != (record[what]["count"], record[what]["sha256"]):
            yield f"{LISTS[what]}与封箱时公布的不同"
    known = set(issued)
    if any(f"{issue_hash(line.decode().strip())}\n".encode() not in known for line in spent):
        yield "有用过的票号不在发放的票号之中"
    if len(leaves) > len(spent):
        yield "票箱内评议票多于用过的票号"

"""What the page of an opening shows before it: that voting has ended, who must come, what differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxCard
from evaluations.box_key.queries import current_key, holder_name, row_key_of
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.approvals import ACTION_OF
from evaluations.sealing.queries import LABELS, is_permitted, rows_expected, rows_found
from evaluations.sealing.rules import Permit, difference_lines, differences, waited_for
from evaluations.sealing.services.permits import RECOVER_ACTION
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


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

    lacks: list[str]
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
    lacks, rows = missing_for(round_, Step.SEAL, at), BallotSpool.objects.count()
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
    waiting = {each.approval.kind for each in approvals.waiting_about(user, round_)}
    key = current_key(round_)
    offered = [Permit.RECOVERY, *([Permit.UNAUTHENTICATED] if key and row_key_of(key) is None else [])]
    for permit, name in ((permit, ACTION_OF[permit]) for permit in offered):
        is_given = is_permitted(round_, permit)
        may = not is_given and name not in waiting and policy.may_start(user, RECOVER_ACTION)
        state = "已批准" if is_given else "已提请，等待审批" if name in waiting else "未提请"
        yield PermitLine(
            permit.label, state, reverse("admin:round-permit", args=[round_.pk, permit.value]) if may else ""
        )

"""Data of a batch's page (票号批次): totals, actions allowed on its codes, state of its paper ballots."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from evaluations.codes.models import CodeBatch
from evaluations.codes.queries import BatchLine, batch_lines, counted_batches, replaceable
from evaluations.codes.rules.publishing import is_small
from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.codes.services.replacing import REPLACE
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.queries import account_of_batch, may_handle
from evaluations.paper_ballots.rules.ballot_account import BallotAccount, imbalances
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.wording import SMALLEST_SHOWN, shown_among
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@dataclass(frozen=True)
class BatchPage:
    """Data of the page; `online` is hidden if small, until it must be balanced with the paper ballots.

    `is_hidden` = the batch is so small, and without paper ballots to balance, that its account is not shown.
    `differing` = sheets with two different keyings, and whether the user may settle each.
    """

    lines: list[BatchLine]
    waiting: list[Approval]
    may_void: bool
    may_print: bool
    left_to_replace: int
    to_replace: int
    shows_paper: bool
    may_key: bool
    may_count: bool
    ballot_account: BallotAccount
    online: int | str
    is_hidden: bool
    count: PaperCount | None
    is_without_paper: bool
    faults: list[str]
    once: list[PaperSheet]
    differing: list[tuple[PaperSheet, bool]]


def batch_page(batch: CodeBatch, user: User, at: datetime) -> BatchPage:
    """Read the data of the page in a fixed number of queries."""
    lines = batch_lines(counted_batches(batch.round))
    mine = [line for line in lines if batch.pk in {line.batch.pk, line.batch.replaces_id}]
    waiting, approved = _proposals(mine, user, at)
    is_before_closing = batch.round.state in BEFORE_CLOSING
    may_print = is_before_closing and policy.may(user, "cred.print")
    ballot_account, count = account_of_batch(batch), getattr(batch, "paper_count", None)
    sheets = PaperSheet.objects.filter(batch=batch, kind="").select_related("first_by", "second_by")
    able = sum(line.issued - line.void for line in mine)
    is_without_paper = count is None and not ballot_account.slips and not ballot_account.sheets
    is_hidden = is_without_paper and is_small(able, SMALLEST_SHOWN)
    is_exact = at >= batch.round.closes_at and not is_hidden
    return BatchPage(
        lines=mine,
        waiting=waiting,
        may_void=is_before_closing and policy.may_start(user, "cred.void"),
        may_print=may_print and batch.is_open and not batch.is_self_service,
        to_replace=sum(len(each.arguments["issues"]) for each in approved) if may_print else 0,
        left_to_replace=replaceable(batch) if may_print else 0,
        shows_paper=not batch.is_self_service and policy.may_see(user, "paper.entry"),
        may_key=batch.round.state == RoundState.OPEN and policy.may_see(user, "paper.entry"),
        may_count=at >= batch.round.closes_at,
        ballot_account=ballot_account,
        online=ballot_account.online if is_exact else shown_among(ballot_account.online, able),
        is_hidden=is_hidden,
        count=count,
        is_without_paper=is_without_paper,
        faults=imbalances(ballot_account) if count else [],
        once=[sheet for sheet in sheets if not sheet.second],
        differing=[(sheet, may_handle(sheet, user)) for sheet in sheets if sheet.second],
    )


def _proposals(lines: list[BatchLine], user: User, at: datetime) -> tuple[list[Approval], list[Approval]]:
    """Return the pending proposals, and the user's approved replacements that wait to be performed (one query)."""
    about = Approval.objects.filter(
        object_type=CodeBatch._meta.label, object_id__in=[str(line.batch.pk) for line in lines]
    )
    since = at - timedelta(hours=settings.AUTHORIZATION_HOURS)
    mine = Q(kind=REPLACE, state=Approval.State.APPROVED, spent_at=None, proposed_by=user, decided_at__gt=since)
    found = list(about.filter(Q(state=Approval.State.PENDING) | mine).select_related("proposed_by"))
    waiting = [each for each in found if each.state == Approval.State.PENDING]
    return waiting, [each for each in found if each.state == Approval.State.APPROVED]

"""Ballot accounts of batches, computed from the database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import DEAD
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.rules.ballot_account import BallotAccount, imbalances
from evaluations.rounds.models import Round
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons

Figures = Mapping[Any, Any]
BY_SYSTEM = "issued", "online", "slips", "void"
KEYED = "sheets", "unsettled"
BY_HAND = "returned", "spoiled", "missing"


def account_of_batch(batch: CodeBatch) -> BallotAccount:
    """Return the account of a batch and its replacements; figures not counted by hand yet are 0."""
    return accounts_of([batch])[batch.pk]


def accounts_of(batches: Sequence[CodeBatch]) -> dict[int, BallotAccount]:
    """Return the accounts of batches, each with its replacements (three queries: there may be a batch a section)."""
    used, own = Q(spend__isnull=False), [batch.pk for batch in batches]
    family = Coalesce("batch__replaces", "batch")
    mine = Credential.objects.filter(Q(batch__in=own) | Q(batch__replaces__in=own)).order_by()
    codes = mine.annotate(family=family).values("family")
    facts = codes.annotate(
        issued=Count("pk"),
        online=Count("pk", filter=used & Q(is_on_paper=False)),
        slips=Count("pk", filter=used & Q(is_on_paper=True)),
        void=Count("pk", filter=DEAD),
    )
    sheets = PaperSheet.objects.filter(batch__in=own).order_by().values("batch")
    keyed = sheets.annotate(sheets=Count("pk"), unsettled=Count("pk", filter=Q(kind="")))
    counts = PaperCount.objects.filter(batch__in=own).values("batch", "returned", "spoiled", "missing")
    by_system = {row["family"]: row for row in facts}
    on_paper, by_hand = {row["batch"]: row for row in keyed}, {row["batch"]: row for row in counts}
    return {pk: _account(by_system.get(pk) or {}, on_paper.get(pk) or {}, by_hand.get(pk)) for pk in own}


def _account(codes: Figures, keyed: Figures, counted: Figures | None) -> BallotAccount:
    facts, sheets = _only(BY_SYSTEM, codes), _only(KEYED, keyed)
    by_hand = _only(BY_HAND, counted or {})
    if counted is None and not facts["slips"] and not sheets["sheets"]:
        by_hand |= {"spoiled": facts["void"], "missing": facts["issued"] - facts["online"] - facts["void"]}
    return BallotAccount(**facts, **sheets, **by_hand)


def _only(names: Iterable[str], figures: Figures) -> dict[str, int]:
    return {name: figures.get(name, 0) for name in names}


def paper_faults(round_: Round) -> dict[str, tuple[str, ...]]:
    """Return batch -> in Chinese what prevents sealing: paper ballots not counted, not keyed, or unbalanced."""
    on_paper = Q(sheets__isnull=False) | Q(credentials__is_on_paper=True) | Q(paper_count__isnull=False)
    on_paper |= Q(replacements__credentials__is_on_paper=True)
    batches = CodeBatch.objects.filter(on_paper, round=round_, replaces=None).select_related("paper_count").distinct()
    found = {
        str(batch.pk): tuple(f"批次“{batch.label}”：{fault}" for fault in faults) for batch, faults in _faults(batches)
    }
    return {batch: faults for batch, faults in found.items() if faults}


def is_out_of_balance(round_: Round, channel: str) -> bool:
    """True if a counted batch of the channel has a difference that is not cleared."""
    counted = CodeBatch.objects.filter(round=round_, channel=channel, paper_count__isnull=False)
    return any(faults for _, faults in _faults(counted.select_related("paper_count")))


def may_handle(sheet: PaperSheet, by: User) -> bool:
    """True if the user has not keyed the sheet and may therefore handle it next."""
    earlier = [user for user in (sheet.first_by, sheet.second_by) if user]
    return not settings.TWO_PERSON_RULE or all(are_two_persons(by, user) for user in earlier)


def _faults(batches: Iterable[CodeBatch]) -> list[tuple[CodeBatch, list[str]]]:
    """Return what is wrong with each of the batches, read with their `paper_count`."""
    counts = {batch: getattr(batch, "paper_count", None) for batch in batches}
    accounts = accounts_of([batch for batch, count in counts.items() if count and not count.cleared_because])
    found = []
    for batch, count in counts.items():
        faults = ["纸质票尚未清点，请先清点。"] if count is None else []
        faults += imbalances(accounts[batch.pk]) if batch.pk in accounts else []
        found.append((batch, faults))
    return found

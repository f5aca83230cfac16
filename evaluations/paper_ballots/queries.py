"""Ballot accounts of batches, computed from the database."""

from django.conf import settings
from django.db.models import Count, Q

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import DEAD, family_of
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.rules.ballot_account import BallotAccount, imbalances
from evaluations.rounds.models import Round
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons


def account_of_batch(batch: CodeBatch) -> BallotAccount:
    """Return the account of a batch and its replacements; figures not counted by hand yet are 0."""
    used = Q(spend__isnull=False)
    facts = Credential.objects.filter(batch__in=family_of(batch)).aggregate(
        issued=Count("pk"),
        online=Count("pk", filter=used & Q(is_on_paper=False)),
        slips=Count("pk", filter=used & Q(is_on_paper=True)),
        void=Count("pk", filter=DEAD),
    )
    sheets = PaperSheet.objects.filter(batch=batch).aggregate(
        sheets=Count("pk"), unsettled=Count("pk", filter=Q(kind=""))
    )
    counted = PaperCount.objects.filter(batch=batch).values("returned", "spoiled", "missing").first()
    if counted is None:
        counted = {"returned": 0, "spoiled": 0, "missing": 0}
        if not facts["slips"] and not sheets["sheets"]:
            counted |= {"spoiled": facts["void"], "missing": facts["issued"] - facts["online"] - facts["void"]}
    return BallotAccount(**facts, **sheets, **counted)


def paper_faults(round_: Round) -> dict[str, tuple[str, ...]]:
    """Return batch -> in Chinese what prevents sealing: paper ballots not counted, not keyed, or unbalanced."""
    on_paper = Q(sheets__isnull=False) | Q(credentials__is_on_paper=True) | Q(paper_count__isnull=False)
    on_paper |= Q(replacements__credentials__is_on_paper=True)
    batches = CodeBatch.objects.filter(on_paper, round=round_, replaces=None).select_related("paper_count").distinct()
    found = {str(batch.pk): tuple(f"批次“{batch.label}”：{fault}" for fault in _faults(batch)) for batch in batches}
    return {batch: faults for batch, faults in found.items() if faults}


def is_out_of_balance(round_: Round, channel: str) -> bool:
    """True if a counted batch of the channel has a difference that is not cleared."""
    counted = CodeBatch.objects.filter(round=round_, channel=channel, paper_count__isnull=False)
    return any(_faults(batch) for batch in counted.select_related("paper_count"))


def may_handle(sheet: PaperSheet, by: User) -> bool:
    """True if the user has not keyed the sheet and may therefore handle it next."""
    earlier = [user for user in (sheet.first_by, sheet.second_by) if user]
    return not settings.TWO_PERSON_RULE or all(are_two_persons(by, user) for user in earlier)


def _faults(batch: CodeBatch) -> list[str]:
    count = getattr(batch, "paper_count", None)
    if count is None:
        return ["纸质票尚未清点，请先清点。"]
    if count.cleared_because:
        return []
    return imbalances(account_of_batch(batch))

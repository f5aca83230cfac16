"""The anomalies page: every flag with its decision, and whether the flagged ballots change the list."""

from dataclasses import dataclass

from evaluations.rounds.models import Round
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.anomalies import DECIDE_FLAG
from nanchuan_eval.approvals.models import Approval


@dataclass(frozen=True)
class FlagLine:
    """A flag with its pending proposal."""

    flag: AnomalyFlag
    pending: Approval | None

    @property
    def is_open(self) -> bool:
        """True while the flag is undecided."""
        return self.flag.verdict == Verdict.OPEN


@dataclass(frozen=True)
class Comparison:
    """A section with its place as counted and without the flagged ballots."""

    result: SectionResult
    without: int | None
    listed_without: bool

    @property
    def changes_list(self) -> bool:
        """True if the section enters or leaves the list."""
        return self.listed_without != self.result.is_listed


@dataclass(frozen=True)
class FlagReport:
    """All that the page shows."""

    lines: list[FlagLine]
    compared: list[Comparison]
    tally: Tally
    versions: list[Tally]

    @property
    def matters(self) -> bool:
        """True if the list would change without the flagged ballots."""
        return any(each.changes_list for each in self.compared)


def read_flags(round_: Round) -> FlagReport:
    """Return the flags, the open ones first, and the listed sections with and without them (5 queries)."""
    flags = list(round_.flags.select_related("section", "decided_by"))
    pending = {
        approval.object_id: approval
        for approval in Approval.objects.pending().filter(kind=DECIDE_FLAG.name).select_related("proposed_by")
    }
    lines = [FlagLine(flag, pending.get(str(flag.pk))) for flag in flags]
    versions = list(round_.tallies.order_by("version"))
    return FlagReport(
        lines=sorted(lines, key=lambda line: (not line.is_open, line.flag.pk)),
        compared=_compared(round_, versions[-1]),
        tally=versions[-1],
        versions=versions,
    )


def _compared(round_: Round, tally: Tally) -> list[Comparison]:
    rows = []
    for result in round_.results.select_related("section"):
        without, listed = tally.without_flags.get(result.section.code, [result.rank, result.is_listed])
        if result.is_listed or listed:
            rows.append(Comparison(result, without, bool(listed)))
    return rows

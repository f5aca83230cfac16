"""The anomalies page: every flag with its decision, and whether the flagged ballots change the list.

Flags that name no ballots can only be kept: the open ones stand together, under one decision.
"""

from dataclasses import dataclass

from evaluations.rounds.models import Round
from evaluations.tally.models import AnomalyFlag, SectionResult, Tally
from evaluations.tally.queries.days import returns_by_day
from evaluations.tally.rules.anomalies import NAMES_BALLOTS, Days, Verdict
from evaluations.tally.services.anomalies import DECIDE_FLAG, KEEP_FLAGS
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
    together: list[AnomalyFlag]
    pending_together: Approval | None
    unwatched: list[Days]
    compared: list[Comparison]
    tally: Tally
    versions: list[Tally]

    @property
    def has_flags(self) -> bool:
        """True if anything was flagged."""
        return bool(self.lines or self.together)

    @property
    def rates(self) -> dict[str, str]:
        """The false alarms of the kinds that stand together."""
        return {flag.get_kind_display(): flag.false_alarms for flag in self.together}

    @property
    def matters(self) -> bool:
        """True if the list would change without the flagged ballots."""
        return any(each.changes_list for each in self.compared)


def read_flags(round_: Round) -> FlagReport:
    """Return the flags, the open ones first, and the listed sections with and without them (6 queries)."""
    flags = list(round_.flags.select_related("section", "decided_by"))
    pending = {
        (approval.kind, approval.object_id): approval
        for approval in Approval.objects.pending()
        .filter(kind__in=[DECIDE_FLAG.name, KEEP_FLAGS.name])
        .select_related("proposed_by")
    }
    together = [flag for flag in flags if flag.verdict == Verdict.OPEN and flag.kind not in NAMES_BALLOTS]
    lines = [FlagLine(flag, pending.get((DECIDE_FLAG.name, str(flag.pk)))) for flag in flags if flag not in together]
    versions = list(round_.tallies.order_by("version"))
    return FlagReport(
        lines=sorted(lines, key=lambda line: (not line.is_open, line.flag.pk)),
        together=together,
        pending_together=pending.get((KEEP_FLAGS.name, str(round_.pk))),
        unwatched=sorted({days for counts in returns_by_day(round_).values() for days in counts if days.length > 1}),
        compared=_compared(round_, versions[-1]),
        tally=versions[-1],
        versions=versions,
    )


def _compared(round_: Round, tally: Tally) -> list[Comparison]:
    rows = []
    for result in round_.results.select_related("section"):
        without, listed = tally.without_flags.get(result.section.code, [result.rank, result.is_listed])
        is_listed_without = bool(listed) and not result.is_withdrawn  # a correction holds with or without the ballots
        if result.is_listed or is_listed_without:
            rows.append(Comparison(result, without, is_listed_without))
    return rows

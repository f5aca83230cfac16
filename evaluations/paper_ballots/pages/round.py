"""Data of the page with all codes of a round: those bound to a section apart, as there may be a batch a section."""

from dataclasses import dataclass

from evaluations.codes.queries import BatchLine, StratumLine, batch_lines, counted_batches, stratum_lines
from evaluations.rounds.models import Round


@dataclass(frozen=True)
class BoundTotals:
    """The codes of drawn clients in figures: sections, people, codes, what is lacking, sections left out as too few."""

    sections: int
    people: int
    codes: int
    lacking: int
    thin: tuple[str, ...]
    least: int


@dataclass(frozen=True)
class RoundCodes:
    """Strata and batches, those bound to sections apart and searched; `query` = what was searched for."""

    strata: list[StratumLine]
    lines: list[BatchLine]
    bound_strata: list[StratumLine]
    bound_lines: list[BatchLine]
    totals: BoundTotals | None
    query: str


def round_codes(round_: Round, query: str) -> RoundCodes:
    """Read the data of the page in a fixed number of queries; a search shows the sections whose names contain it."""
    lines, strata, query = batch_lines(counted_batches(round_)), stratum_lines(round_), query.strip()
    bound = [line for line in strata if line.is_bound]
    wanted = query.casefold()
    return RoundCodes(
        strata=[line for line in strata if not line.is_bound],
        lines=[line for line in lines if line.batch.section_id is None],
        bound_strata=[line for line in bound if wanted in line.stratum.casefold()],
        bound_lines=[line for line in lines if line.batch.section_id and wanted in line.batch.label.casefold()],
        totals=_totals(bound) if bound else None,
        query=query,
    )


def _totals(bound: list[StratumLine]) -> BoundTotals:
    return BoundTotals(
        sections=sum(not line.is_thin for line in bound),
        people=sum(line.people for line in bound if not line.is_thin),
        codes=sum(line.codes for line in bound),
        lacking=sum(line.lacking for line in bound),
        thin=tuple(f"{line.stratum}（{line.people}人）" for line in bound if line.is_thin),
        least=bound[0].least,
    )

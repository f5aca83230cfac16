"""The files that a count is repeated from: ballots.csv and rulebook.json (method.md 4.1, 4.2).

The method adds up single lines, so the file has no ballots: whoever told somebody how to vote could look for the
prescribed pattern of a whole ballot in it.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from django.db.models import F

from evaluations.ballots.models import Rating
from evaluations.rounds.models import Round
from evaluations.scoring.counting import HEADER
from evaluations.scoring.method import Indicator
from nanchuan_eval.core.canonical import canonical_json

LINE_HEADER = ("序号", "科室", "渠道", *(i.label for i in Indicator))
NO_ORIGIN = ""


def ballots_csv(round_: Round) -> Iterator[str]:
    """Yield the lines of ballots.csv: each counted rating under a number of its own, without its origin."""
    yield _csv_line(HEADER)
    for number, section, channel, *levels in counted_lines(round_):
        cells = (number, channel, NO_ORIGIN, section, *levels)
        yield _csv_line("" if cell is None else str(cell) for cell in cells)


def counted_lines(round_: Round) -> Iterator[tuple[str | int | None, ...]]:
    """Yield the counted ratings in the columns of LINE_HEADER, in chunks (one query).

    They are sorted by what they say, so that their order says nothing more.
    """
    levels = [i.value for i in Indicator]
    rows = (
        Rating.objects.filter(round=round_, is_counted=True)
        .order_by("section__code", "channel", *(F(level).asc(nulls_first=True) for level in levels))
        .values_list("section__code", "channel", *levels)
    )
    for number, row in enumerate(rows.iterator(chunk_size=5000), start=1):
        yield (number, *row)


def scoring_rulebook(round_: Round) -> bytes:
    """Return rulebook.json: the frozen rulebook with the round's sections and vetoes, canonical."""
    vetoes = round_.vetoes.order_by("section__code").select_related("section")
    return canonical_json(
        {
            **round_.rulebook,
            "round": round_.key,
            "sections": list(round_.sections.order_by("code").values_list("code", flat=True)),
            "vetoes": [
                {"section": veto.section.code, "decision": veto.decision, "date": veto.decided_on.isoformat()}
                for veto in vetoes
            ],
        }
    )


def _csv_line(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()

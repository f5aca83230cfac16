"""The files that anybody can recount from: ballots.csv and rulebook.json (method.md 4.1, 4.2)."""

import csv
import io
from collections.abc import Iterable, Iterator

from evaluations.ballots.models import Rating
from evaluations.rounds.models import Round
from evaluations.scoring.method import Indicator
from nanchuan_eval.core.canonical import canonical_json

HEADER = ("ballot", "channel", "origin", "section", *(i.value for i in Indicator))
LINE_HEADER = ("票编号", "渠道", "来源", "科室", *(i.label for i in Indicator))


def ballots_csv(round_: Round) -> Iterator[str]:
    """Yield the lines of ballots.csv: the counted ratings only, in the order of the random ballot ids."""
    yield _csv_line(HEADER)
    for row in counted_lines(round_):
        yield _csv_line("" if value is None else str(value) for value in row)


def counted_lines(round_: Round) -> Iterator[tuple[str | int | None, ...]]:
    """Yield the counted ratings in the columns of ballots.csv, in chunks (one query)."""
    rows = (
        Rating.objects.filter(round=round_, is_counted=True)
        .order_by("ballot_id", "section__code")
        .values_list("ballot_id", "channel", "ballot__origin", "section__code", *(i.value for i in Indicator))
    )
    for ballot, *rest in rows.iterator(chunk_size=5000):
        yield (str(ballot), *rest)


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

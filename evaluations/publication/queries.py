"""Which counts anybody may repeat (公开复算): their rulebook.json and cells.json are public."""

import json
from collections.abc import Iterable

from evaluations.publication.models import Publication
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import has_public_recount
from evaluations.tally.models import Tally


def open_counts(publications: Iterable[Publication]) -> dict[int, Tally]:
    """Return of each published version of one round, given in order, the count whose files are public.

    There is one such count at a time. After publication no ballot can be declared invalid any more, so a corrected
    count follows from ballots that stand: beside the first file it would show what the few say in which they differ.
    It takes the first one's place when the round is over.
    """
    given = [each for each in publications if has_public_recount(each.round.rulebook)]
    if not given:
        return {}
    counts = {tally.cells_sha256: tally for tally in given[0].round.tallies.exclude(cells="")}
    published = {each.version: counts.get(json.loads(each.content).get("cells_sha256")) for each in given}
    is_over = given[0].round.state == RoundState.CLOSED
    in_force = published[given[-1 if is_over else 0].version]
    return {version: tally for version, tally in published.items() if tally is not None and tally == in_force}

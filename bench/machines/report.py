"""The table of a run, in English like every benchmark's."""

from collections import Counter
from collections.abc import Iterator

from bench.load.citizens import CAST
from bench.load.report import machine
from bench.load.rules import percentile
from bench.machines.vote import Findings


def lines(found: Findings) -> Iterator[str]:
    """Yield the report line by line."""
    verdict, presses = found.verdict, found.vote.presses
    yield f"{'machines':<26} 2 web servers x 3 workers, 2 databases, {found.voters} voters, {found.seconds:.1f} s"
    yield f"{'machine':<26} {' · '.join(machine(has_redis=True))}"
    yield ""
    for name, figure, note in (
        ("acknowledged", verdict.acknowledged, "receipts that the last page called cast"),
        ("lost", verdict.lost, "acknowledged, not in the sealed box"),
        ("double", verdict.double, "a receipt or a code twice in the box, or more ballots than used codes"),
        ("codes without a ballot", verdict.without_ballot, "used, but no ballot is in the box for them"),
        ("unknown ballots", verdict.foreign, "in the box under a receipt that nobody was shown"),
        ("receipts verified", found.receipts, "of those acknowledged, with the list that the site publishes"),
    ):
        yield f"{name:<26} {figure:>9,}   {note}"
    kinds = Counter(press.status // 100 for press in presses)
    yield f"{'pages served, 5xx, broken':<26} {kinds[2]:>9,}   {kinds[5]:,} · {kinds[0]:,}"
    yield f"{'casts per second':<26} {verdict.acknowledged / found.seconds:>9.1f}"
    last = [press.seconds * 1000 for press in presses if press.status and press.address == CAST]
    middle, most = percentile(last, 0.5), max(last, default=0)
    yield f"{'last page':<26} p50 {middle:.0f} ms, p95 {percentile(last, 0.95):.0f} ms, max {most:.0f} ms"
    yield ""
    for event in found.events:
        yield f"{event.what:<30} no ballot cast for {event.silence:>5.1f} s"
    yield ""
    yield f"{'pages from the standby':<30} {'yes' if found.from_replica else 'NO'}"
    stale = "for ever" if found.stale_for is None else f"{found.stale_for:.1f} s"
    yield f"{'stale after it stood still':<30} {stale}"
    yield f"{'written to the standby':<30} {found.written_to_replica or 'nothing: refused'}"
    if found.fault:
        yield f"machines did not fail as planned: {found.fault}"

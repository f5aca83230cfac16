"""Whether the sampled ballots need a draw: no more of them than places all count, and nothing is drawn."""

from collections.abc import Iterable

from django.db.models import Count

from evaluations.ballots.models import Ballot
from evaluations.draws.models import Draw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED, DrawPurpose
from evaluations.scoring.method import Channel


def whole_samples(rounds: Iterable[Round]) -> dict[int, str]:
    """Return for each sealed round whose sampled ballots all count without a draw what is to be said (two queries)."""
    sealed = {round_.pk: round_ for round_ in rounds if round_.state in SEALED}
    if not sealed:
        return {}
    draws = Draw.objects.standing().filter(round__in=sealed, purpose=DrawPurpose.COUNTED)
    drawn = set(draws.values_list("round", flat=True))
    ballots = Ballot.objects.filter(round__in=sealed, channel=Channel.SAMPLED).order_by().values_list("round")
    found = dict(ballots.annotate(Count("pk")))
    places = {pk: round_.rulebook["counted_sampled_ballots"] for pk, round_ in sealed.items() if pk not in drawn}
    return {
        pk: f"收回的抽样评议票不超过规则规定的计票张数{most}张，全部计票，不用抽取。"
        for pk, most in places.items()
        if 0 < found.get(pk, 0) <= most
    }


def without_draw(round_: Round) -> str:
    """Return what is to be said of a sealed round that needs no draw of its sampled ballots, else ""."""
    return whole_samples([round_]).get(round_.pk, "")


def needs_draw(round_: Round) -> bool:
    """True if more sampled ballots lie in the box than places count (one query)."""
    sampled = Ballot.objects.filter(round=round_, channel=Channel.SAMPLED).count()
    return sampled > int(round_.rulebook["counted_sampled_ballots"])

"""Counted and announced rounds for the tests of the count and of the publication."""

from datetime import timedelta

from evaluations.ballots.models import Rating
from evaluations.lifecycle.services import announce_result
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.method import Indicator
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.permissions import policy
from tests.factories import NOON, PHONE, make_user

LATER = NOON + timedelta(days=2)
SMALL = {"min_lines": 1, "min_drawn_lines": 1}
BY_METHOD = {
    method: default_rulebook(method) | SMALL | {"box_key": "server", "sample_audit": False, "office_phone": PHONE}
    for method in ("NC-1", "NC-2")
}


def count(round_):
    return tally_round(round_id=round_.pk, by=make_user("chief"), at=LATER)


def keep_all_flags(round_):
    for flag in round_.flags.all():
        decide_flag(flag_id=flag.pk, verdict=Verdict.KEPT, reason="核查无异常", by=make_user("supervisor"), at=LATER)


def announce(round_):
    """Count the round, keep all flagged ballots and announce the result to the units."""
    count(round_)
    keep_all_flags(round_)
    round_.results.filter(is_listed=True, main_problems="").update(main_problems="窗口无人")
    with policy.approved("publish.announce"):
        announce_result(round_id=round_.pk, by=make_user("chief"), at=LATER)


def spread_answers(round_):
    """Give the ratings different answers, including invalid lines and 不了解."""
    patterns = [(0, 1, 2, 3, 0), (3, 3, 3, 3, 3), (None, None, 2, 1, 1), (None, None, None, 2, 3), (None,) * 5]
    for number, rating in enumerate(Rating.objects.order_by("section__code", "ballot__receipt")):
        fields = dict(zip(Indicator.values, patterns[number % 5], strict=True))
        Rating.objects.filter(pk=rating.pk).update(**fields)

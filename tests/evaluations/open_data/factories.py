"""Published rounds with ballots, draws, response and cases, and how their files are read."""

import json
from datetime import timedelta

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from evaluations.draws.services.ceremony import publish_draw
from evaluations.pools.models import PoolKind
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.permissions import policy
from tests.evaluations.tally.factories import BY_METHOD, LATER, announce, spread_answers
from tests.factories import NOON, commit, make_pool, make_sealed_round, make_user, plan, run

PUBLISHED = LATER + timedelta(days=9)
# After the period of objections to the pool.
DRAWN = NOON + timedelta(days=6)


def hold_public_draw(round_):
    """A draw with a public proof, as if it had been held before the vote."""
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
    round_.refresh_from_db()
    make_pool(round_, PoolKind.SUPERVISORS, {"人大代表": 6, "市民代表": 6})
    plan(round_, DrawPurpose.SUPERVISORS, held_at=DRAWN)
    draw = run(commit(round_, DrawPurpose.SUPERVISORS, at=NOON + timedelta(days=4)), at=DRAWN)
    publish_draw(draw_id=draw.pk, by=make_user("chief"), at=DRAWN)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.SEALED)
    round_.refresh_from_db()


def announced(method="NC-2", **rulebook):
    """A counted round with one public draw, of which the units have been told."""
    rules = BY_METHOD[method] | {"list_length": 2} | rulebook
    round_ = make_sealed_round(targeted=12, sections=4, rulebook=rules, key="2020H1")
    hold_public_draw(round_)
    spread_answers(round_)
    announce(round_)
    round_.refresh_from_db()
    return round_


def published(method="NC-2", **rulebook):
    """A round with its list published and its cases opened."""
    round_ = announced(method, **rulebook)
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    return Round.objects.get(pk=round_.pk)


def correct(round_, days=1, reason="数据录入有误", **changes):
    """A correction so many days after the publication."""
    with policy.approved("publish.correct"):
        return correct_publication(
            round_id=round_.pk,
            correction=Correction(reason=reason, **changes),
            by=make_user("commission"),
            at=PUBLISHED + timedelta(days=days),
        )


def listed_codes():
    """The codes of the listed sections, the first place first."""
    return list(Case.objects.order_by("result__rank").values_list("result__section__code", flat=True))


def the_round():
    """The published round as it is now."""
    return Round.objects.get(key="2020H1")


def body(answer):
    """The content of an answer, streamed or not."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def document(client, address):
    """A JSON file."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return json.loads(body(answer))


def manifest(client, key="2020H1"):
    """The manifest of a round."""
    return document(client, f"/data/{key}/manifest.json")

"""Simultaneous calls about one draw: one succeeds, the others are refused."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from evaluations.draws.models import Draw
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.ceremony import publish_draw, run_draw
from evaluations.draws.services.commitment import commit_draw
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import LATER, NOON, commit, enter_all, make_pool, make_round, make_user, plan, run

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BROWSERS = 6


def call_at_once(call):
    """Call in several threads at the same moment; returns the sorted outcomes."""
    outcomes, start = [], Barrier(BROWSERS)

    def browser():
        start.wait()
        try:
            call()
            outcomes.append("done")
        except RuleViolation:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=browser) for _ in range(BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


ONCE = ["done"] + ["refused"] * (BROWSERS - 1)


@pytest.fixture
def round_(transactional_db):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    return round_


def test_a_draw_is_committed_once(round_):
    plan(round_, DrawPurpose.EVALUATORS)
    chief = make_user("chief")

    outcomes = call_at_once(lambda: commit_draw(round_id=round_.pk, purpose=DrawPurpose.EVALUATORS, by=chief, at=NOON))

    assert outcomes == ONCE
    assert Draw.objects.count() == 1


def test_a_draw_is_drawn_and_published_once(round_):
    draw, chief = commit(round_), make_user("chief")
    enter_all(draw)

    assert call_at_once(lambda: run_draw(draw_id=draw.pk, by=chief, at=LATER)) == ONCE
    assert call_at_once(lambda: publish_draw(draw_id=draw.pk, by=chief, at=LATER)) == ONCE

    assert Draw.objects.get().status == DrawStatus.PUBLISHED
    assert AuditEntry.objects.filter(action="draw.run").count() == 2


def test_a_person_is_removed_once_and_one_alternate_joins(round_):
    draw, chief = run(commit(round_)), make_user("chief")
    entry = draw.entries.filter(is_selected=True).first()
    removal = Removal(RemovalReason.REFUSED, "电话中说明")

    assert call_at_once(lambda: remove_drawn(entry_id=entry.pk, removal=removal, by=chief, at=LATER)) == ONCE

    assert draw.entries.filter(is_selected=True).count() == 20
    assert draw.events.count() == 1

"""Simultaneous calls about one draw: one succeeds, the others are refused."""

from itertools import count
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from evaluations.draws.models import Draw, SigningCode, SigningSheet
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services import signing
from evaluations.draws.services.ceremony import publish_draw, run_draw
from evaluations.draws.services.commitment import commit_draw
from evaluations.draws.services.removals import Removal, open_next_round, remove_drawn
from evaluations.lifecycle.services import freeze_round, unfreeze_round
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.turnout.clients import client_vote
from tests.factories import (
    LATER,
    NOON,
    commit,
    enter_all,
    hold_draw,
    issue_codes,
    make_manifestations,
    make_pool,
    make_round,
    make_section,
    make_user,
    plan,
    run,
)

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


def test_a_further_round_among_clients_is_opened_once():
    draw, chief = client_vote(40), make_user("chief")

    assert call_at_once(lambda: open_next_round(draw_id=draw.pk, by=chief, at=NOON)) == ONCE

    assert draw.entries.filter(is_selected=True).count() == 15
    assert draw.events.count() == 1


class TestSigningCodes:
    @pytest.fixture
    def supervisors(self, round_):
        make_pool(round_, PoolKind.SUPERVISORS)
        return hold_draw(round_, DrawPurpose.SUPERVISORS)

    def test_are_issued_and_taken_out_once(self, supervisors):
        chief, clerk = make_user("chief"), make_user("clerk")

        issued = call_at_once(lambda: signing.issue_signing_codes(draw_id=supervisors.pk, by=chief, at=LATER))
        sheet = SigningSheet.objects.order_by("pk").first()
        taken = call_at_once(lambda: signing.seal_codes(sheet_id=sheet.pk, by=clerk, at=LATER))

        assert (issued, taken) == (ONCE, ONCE)
        assert SigningCode.objects.count() == supervisors.round.rulebook["signing_codes"]

    def test_are_handed_over_once(self, supervisors):
        sheets = signing.issue_signing_codes(draw_id=supervisors.pk, by=make_user("chief"), at=LATER)
        signing.seal_codes(sheet_id=sheets[0].pk, by=make_user("clerk"), at=LATER)
        other, chosen = make_user("clerk"), [sheets[0].pk]

        assert (
            call_at_once(lambda: signing.hand_over_codes(draw_id=supervisors.pk, sheet_ids=chosen, by=other, at=LATER))
            == ONCE
        )

    def test_a_code_is_spent_or_revoked_but_not_spent_after_it_is_revoked(self, round_, supervisors):
        code = issue_codes(supervisors)[0][0]
        entry = SigningSheet.objects.order_by("pk").first().entry
        chief, spent = make_user("chief"), []

        def spend_or_revoke():
            number = next(turns)
            if number % 2:
                with transaction.atomic():
                    spent.append(signing.spend_signing_code(round_, code, at=LATER))
            else:
                signing.reissue_signing_codes(entry_id=entry.pk, reason="遗失", by=chief, at=LATER)

        turns = count()
        outcomes = call_at_once(spend_or_revoke)

        assert len(spent) <= 1
        assert outcomes.count("done") == BROWSERS // 2 + len(spent)
        assert SigningSheet.objects.filter(entry=entry, revoked_at=None).count() == 1
        with pytest.raises(RuleViolation), transaction.atomic():
            signing.spend_signing_code(round_, code, at=LATER)


def test_a_round_is_unfrozen_or_its_draw_committed_but_never_both():
    make_manifestations()
    make_section()
    round_ = make_round()
    freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    make_pool(round_, PoolKind.SUPERVISORS)
    plan(round_, DrawPurpose.SUPERVISORS)
    by, turns = make_user("chief"), count()

    def commit_or_unfreeze():
        if next(turns) % 2:
            commit_draw(round_id=round_.pk, purpose=DrawPurpose.SUPERVISORS, by=by, at=NOON)
        else:
            unfreeze_round(round_id=round_.pk, reason="名录有误", by=by, at=NOON)

    assert call_at_once(commit_or_unfreeze) == ONCE
    round_.refresh_from_db()
    assert round_.draws.exists() == (round_.state == RoundState.FROZEN) == round_.sections.exists()

"""Simultaneous calls about a case: the second waits for the first and is then refused."""

import threading
import time
from datetime import date

import pytest
from django.db import connection, transaction

from accountability.case_lifecycle.services.cases import close_case, publish_and_start
from accountability.cases.rules.measures import MeasureState
from accountability.cases.services import record_measure
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.services import lift_freeze
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, TODAY, make_account, make_case, make_counted_round

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TIMEOUT = 10
WAITING_CONNECTIONS = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def attempt(call, outcomes):
    try:
        outcomes.append(call())
    except RuleViolation as refusal:
        outcomes.append(refusal)
    finally:
        connection.close()


def wait_until_another_connection_waits():
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(WAITING_CONNECTIONS)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("nobody waited: the call takes no lock")


def call_during_own_transaction(call):
    """Call here, and on another connection before this one commits; returns the outcome of the latter in a list."""
    outcomes = []
    second = threading.Thread(target=attempt, args=(call, outcomes))
    with transaction.atomic():
        call()
        second.start()
        wait_until_another_connection_waits()
    second.join(TIMEOUT)
    return outcomes


def test_a_measure_is_recorded_once():
    measure, by = make_case(kind="notice").measures.get(), make_account()

    outcomes = call_during_own_transaction(
        lambda: record_measure(measure_id=measure.pk, done_on=TODAY, record="已谈话", by=by, at=LATER)
    )

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.notice").count() == 1


def test_a_case_is_closed_once():
    case, by = make_case(), make_account()
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已谈话")

    outcomes = call_during_own_transaction(lambda: close_case(case_id=case.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.close").count() == 1


def test_a_freeze_is_lifted_once():
    freeze = PromotionFreeze.objects.create(
        case=make_case(), person_name="孙科长", post="负责人", starts_on=date(2020, 4, 10), ends_on=TODAY
    )
    by = make_account(Role.PERSONNEL)

    outcomes = call_during_own_transaction(
        lambda: lift_freeze(freeze_id=freeze.pk, on=LATER.date(), reason="届满", by=by, at=LATER)
    )

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.hold.lift").count() == 1


def test_a_list_is_published_once():
    round_, by = make_counted_round(places=2), make_account()

    outcomes = call_during_own_transaction(lambda: publish_and_start(round_id=round_.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.open").count() == 1

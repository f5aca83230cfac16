"""Two officers at once, on two connections: the second waits for the first and is then refused."""

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
PATIENCE = 10
WAITING_FOR_US = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


def attempt(call, outcomes):
    try:
        outcomes.append(call())
    except RuleViolation as refusal:
        outcomes.append(refusal)
    finally:
        connection.close()


def wait_until_somebody_waits_for_us():
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(WAITING_FOR_US)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("nobody waited: the deed takes no lock")


def second_while_first_is_under_way(call):
    """Run the deed here, and a second time on another connection before the first has committed."""
    outcomes = []
    second = threading.Thread(target=attempt, args=(call, outcomes))
    with transaction.atomic():
        call()
        second.start()
        wait_until_somebody_waits_for_us()
    second.join(PATIENCE)
    return outcomes


def test_one_of_two_officers_records_a_measure():
    measure, by = make_case(kind="notice").measures.get(), make_account()

    outcomes = second_while_first_is_under_way(
        lambda: record_measure(measure_id=measure.pk, done_on=TODAY, record="已谈话", by=by, at=LATER)
    )

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.open").count() == 1


def test_one_of_two_officers_closes_a_case():
    case, by = make_case(), make_account()
    case.measures.update(state=MeasureState.DONE, done_on=TODAY, record="已谈话")

    outcomes = second_while_first_is_under_way(lambda: close_case(case_id=case.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.close").count() == 1


def test_one_of_two_officers_lifts_a_freeze():
    freeze = PromotionFreeze.objects.create(
        case=make_case(), person_name="孙科长", post="负责人", starts_on=date(2020, 4, 10), ends_on=TODAY
    )
    by = make_account(Role.PERSONNEL)

    outcomes = second_while_first_is_under_way(
        lambda: lift_freeze(freeze_id=freeze.pk, on=TODAY, reason="更正", by=by, at=LATER)
    )

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.hold.lift").count() == 1


def test_one_of_two_officers_publishes():
    round_, by = make_counted_round(places=2), make_account()

    outcomes = second_while_first_is_under_way(lambda: publish_and_start(round_id=round_.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.open").count() == 1

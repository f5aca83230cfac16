"""Simultaneous calls about talks, items and visits: the second waits for the first and is then refused."""

import pytest

from accountability.evidence.services.evidence import add_evidence
from accountability.inspections.models import ItemCheck
from accountability.inspections.rules import InspectionState
from accountability.inspections.services.visits import approve_record, record_digest
from accountability.rectifications.services.items import close_item
from accountability.talks.services.records import confirm_talk, file_talk, write_talk
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    finish_with_evidence,
    make_account,
    make_case,
    make_file,
    make_inspection,
    make_rectification,
    pass_item,
    talk_facts,
)
from tests.concurrency.test_case_races import call_during_own_transaction

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_talk_is_confirmed_once():
    measure, unit, by = make_case().measures.get(), make_account(Role.LIAISON, "D01"), make_account()
    talk = write_talk(measure_id=measure.pk, facts=talk_facts(), by=unit, at=LATER)
    add_evidence(subject=talk, upload=make_file(), by=unit, at=LATER)
    file_talk(talk_id=talk.pk, by=unit, at=LATER)

    outcomes = call_during_own_transaction(lambda: confirm_talk(talk_id=talk.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="acc.talk.head", detail__talk=talk.pk).count() == 1


def test_an_item_is_closed_once():
    unit, by = make_account(Role.LIAISON, "D01"), make_account(Role.CHIEF)
    item = make_rectification().items.get()
    item = finish_with_evidence(item, unit)
    pass_item(item)
    assert ItemCheck.objects.count() == 1

    outcomes = call_during_own_transaction(lambda: close_item(item_id=item.pk, verdict="好", by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="rect.close").count() == 1


def test_a_record_is_approved_once():
    visit, by = make_inspection(state=InspectionState.SUBMITTED), make_account(Role.CHIEF)
    visit.record_sha256 = record_digest(visit)
    visit.save()

    outcomes = call_during_own_transaction(lambda: approve_record(inspection_id=visit.pk, by=by, at=LATER))

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.filter(action="insp.approve").count() == 1

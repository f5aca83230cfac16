"""Simultaneous corrections of a service record, and one beside a delivery: the chain stays whole, each version once."""

from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection

from evaluations.personal_data.services import record_corrections as corrections
from evaluations.service_records.models import RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import correction_faults, record_chain_faults, record_content_faults
from evaluations.service_records.services.importing import import_records
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import Row
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DAY = date(2026, 2, 2)


@pytest.fixture
def section():
    return make_section(department=make_department(code="D01", name="区林业局"), code="D01-01")


def deliver(section, first, *, number=3):
    heading = ("办件编号", "科室", "办结日期", "姓名", "手机号")
    lines = [(str(n), section.code, DAY.isoformat(), f"张{n}", f"138000{n:05d}") for n in range(first, first + number)]
    rows = [Row("办件.csv", n, cells) for n, cells in enumerate([heading, *lines], start=1)]
    return import_records(rows=rows, by=OPERATOR, at=NOON)


def correct(pk, phone, chief):
    # As an approval does: the permission belongs to the thread that performs it.
    with policy.approved(corrections.CORRECT):
        return corrections.correct_record(record_id=pk, changes={"phone": phone}, reason="来函", by=chief, at=NOON)


def at_once(*calls):
    """Perform the calls at the same moment, each with a connection of its own; returns the sorted outcomes."""
    outcomes, start = [], Barrier(len(calls))

    def perform(call):
        start.wait()
        try:
            call()
            outcomes.append("done")
        except RuleViolation as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=perform, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def faults():
    return [*record_chain_faults(), *correction_faults(), *record_content_faults()]


def test_a_record_is_corrected_once_whoever_comes_second_is_refused(section):
    deliver(section, 1)
    record, chief = ServiceRecord.objects.get(number="1"), make_user("chief")

    outcomes = at_once(*(lambda n=n: correct(record.pk, f"1390000000{n}", chief) for n in range(4)))

    assert outcomes.count("done") == 1
    assert sum("已经更正过" in outcome for outcome in outcomes) == 3
    versions = ServiceRecord.objects.filter(number="1").order_by("version")
    assert list(versions.values_list("is_corrected", flat=True)) == [True, False]
    assert RecordBatch.objects.filter(is_correction=True).count() == 1
    assert faults() == []


def test_corrections_and_a_delivery_of_one_unit_stand_behind_each_other_in_its_chain(section):
    deliver(section, 1)
    records, chief = list(ServiceRecord.objects.order_by("pk")), make_user("chief")

    outcomes = at_once(
        *(lambda r=record: correct(r.pk, f"1390000{r.pk:04d}", chief) for record in records),
        lambda: deliver(section, 11),
    )

    assert outcomes == ["done"] * 4
    assert list(RecordBatch.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    assert ServiceRecord.objects.standing().count() == 6
    assert faults() == []

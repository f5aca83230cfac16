"""Bulk SQL: what the planner of PostgreSQL makes of it inside the transaction that fills a table."""

from datetime import date

import pytest
from django.db import connection

from evaluations.service_records.models import ServiceRecord
from nanchuan_eval.database.sql import among, insert_rows
from tests.evaluations.service_records.factories import make_batch, make_client
from tests.factories import make_section

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL takes an array"),
]
COLUMNS = ("number", "unit_id", "section_id", "topic", "finished_on", "client_id", "batch_id")


def test_texts_are_looked_up_by_the_index_in_a_table_just_filled():
    """Else every chunk of a large import would read all records of a unit, ever more of them."""
    section, client = make_section(), make_client()
    unit = section.department_id
    batch = make_batch(section, date(2026, 2, 2))
    rows = ((f"BJ{n:08d}", unit, section.pk, "", "2026-02-02", client.pk, batch.pk) for n in range(30_000))
    insert_rows(ServiceRecord, COLUMNS, list(rows))

    found = ServiceRecord.objects.filter(unit_id=unit, number__in=among(f"BJ{n:08d}" for n in range(0, 30_000, 100)))

    assert found.count() == 300
    plan = found.order_by().explain()
    assert "Nested Loop" in plan and "Hash Semi Join" not in plan, plan

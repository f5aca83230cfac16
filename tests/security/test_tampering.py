"""Every column of the list changed, every row deleted or added past the application: each is found.

The columns are those of nanchuan_eval/fixed_columns.csv that an action fixes in the audit log; the other ways have
tests of their own in tests/evaluations/verification/test_tampering.py. The demonstration itself is not accused.
"""

import csv
import hashlib
from datetime import UTC, date, datetime
from io import StringIO
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, models, transaction

from accountability.history.models import EarlierListing
from evaluations.rounds.models import Round
from evaluations.service_records.models import RecordBatch
from evaluations.verification.services import verify_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import RowFact, changed_facts, fixed_digests, fixed_facts, logged_digests
from nanchuan_eval.permissions.policy import OPERATOR
from tests.accountability.factories import make_demonstrations_small
from tests.factories import NOON
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
# A row of these is not told from others by the facts that hold it: the fact is about an account.
OF_ACCOUNTS = {"nanchuan_eval.SecondFactor"}

OF_NOTHING = hashlib.sha256().hexdigest()


def listed():
    with (ROOT / "nanchuan_eval" / "fixed_columns.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    found = {row["column"]: row["found_by"].partition(":") for row in rows}
    return {column: fact for column, (way, _, fact) in found.items() if way == "fixed"}


@pytest.fixture
def demonstration(tmp_path, monkeypatch):
    """A whole round with what follows it, and a logged row of every table that it leaves empty."""
    make_demonstrations_small(monkeypatch)
    call_command(
        "demo",
        "--no-serve",
        "--decide",
        "--ballots",
        60,
        "--seed",
        7,
        "--earlier",
        0,
        "--out",
        tmp_path,
        stdout=StringIO(),
    )
    round_ = Round.objects.get(key="2020H1")
    assert [fault for _, found in verify_round(round_) for fault in found] == []
    _fill(round_)
    assert list(changed_facts()) == []
    return round_


def _fill(round_):
    """Add a row to every empty table that is on the list, as an action would have: with its digest in the log."""
    tables = dict.fromkeys(column.rpartition(".")[0] for column in listed())
    later = [_filled(fact) for fact in fixed_facts.values() if isinstance(fact, RowFact) and fact.part]
    made = [_made(apps.get_model(table)) for table in tables if not apps.get_model(table)._base_manager.exists()]
    earlier = EarlierListing.objects.get()
    aggregates = [
        ("earlier", earlier.round.key),
        # A row that is made belongs to the newest round, the draft of the next half-year.
        *(("record_chain", batch.unit.code) for batch in RecordBatch.objects.select_related("unit")),
        *(
            (kind, each.pk)
            for each in Round.objects.all()
            for kind in ("turnout", "set_aside", "box_key", "flags", "batches")
        ),
    ]
    with transaction.atomic():
        written = [row for row in made if row._meta.label in fixed_facts]
        accounts = [row.user for row in made if row._meta.label in OF_ACCOUNTS]
        unlogged = [
            row
            for fact in fixed_facts.values()
            if isinstance(fact, RowFact) and not fact.is_complete
            for row in fact.model._base_manager.all()[:3]
        ]
        detail = {"fixed": fixed_digests(*aggregates)}
        wrote = [*written, *accounts, *unlogged, *later]
        audit.record("log.verify", None, by=OPERATOR, at=NOON, detail=detail, wrote=wrote)


def _filled(fact):
    """Return a row with a value in columns that came later and that the demonstration may leave empty."""
    row = fact.model._base_manager.first() or _made(fact.model)
    for field in map(row._meta.get_field, fact.columns):
        setattr(row, field.name, getattr(row, field.name) or _first(field))
    row.save()
    return row


def _made(model):
    """Return a new row with a value in every column, or in every column that needs one."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    values = {field.name: _first(field) for field in fields}
    try:
        with transaction.atomic():
            return model._base_manager.create(**values)
    except IntegrityError:
        return model._base_manager.create(
            **{field.name: values[field.name] for field in fields if not field.null and not field.blank}
        )


def _first(field):
    if isinstance(field, models.ForeignKey):
        model = field.related_model
        if field.null and not model._base_manager.exists():
            return None
        return model._base_manager.first() or _made(model)
    if field.choices:
        return field.choices[0][0]
    return _values(field, None)[0]


def _values(field, now):
    """Return values of the field's type, to be tried instead of the present one."""
    if isinstance(field, (models.ForeignKey, models.OneToOneField)):
        others = field.related_model._base_manager.exclude(pk=now).values_list("pk", flat=True)[:5]
        return [*others, None] if now is not None else list(others)
    now = bytes(now) if isinstance(now, memoryview) else now
    plain = {
        models.BooleanField: [not now],
        models.DateTimeField: [datetime(2001, 2, 3, 4, 5, tzinfo=UTC), datetime(2031, 2, 3, 4, 5, tzinfo=UTC)],
        models.DateField: [date(2001, 2, 3), date(2031, 2, 3)],
        models.JSONField: [{"x": 1}],
        models.UUIDField: [uuid4()],
        models.BinaryField: [b"x", b"y"],
        models.DecimalField: [1, 2],
        models.IntegerField: [7, 8, 9],
        models.AutoField: [999_999],
    }
    kind = next((kind for kind in plain if isinstance(field, kind)), None)
    texts = [text[: field.max_length] for text in ("x" * 64, "y" * 64, "甲")] if kind is None else []
    choices = [value for value, _ in field.choices or [] if value != now]
    return [value for value in choices or texts or plain[kind] if value != now]


def _change(model, field, row):
    """Give the row another value past the application; False if the database allows none."""
    for value in _values(field, field.value_from_object(row)):
        try:
            with transaction.atomic():
                model._base_manager.filter(pk=row.pk).update(**{field.attname: value})
        except IntegrityError:
            continue
        return True
    return False


def _rolled_back(kind, change):
    """Return whether the change was possible and what the verification then says; nothing stays."""
    found = []
    point = transaction.savepoint()
    is_possible = change()
    if is_possible:
        found = list(changed_facts(kind))
    transaction.savepoint_rollback(point)
    return is_possible, found


def _fixed_row(model, kind):
    """Return a row of the table whose digest the log holds."""
    if isinstance(fixed_facts[kind], RowFact) and model is fixed_facts[kind].model:
        digests = {name.partition(":")[2] for name, (_, digest) in _logged(kind) if digest != OF_NOTHING}
        return next(row for row in model._base_manager.all() if str(row.pk) in digests)
    return model._base_manager.order_by("pk").first()


def _logged(kind):
    return [entry for entry in logged_digests().items() if entry[0].partition(":")[0] == kind]


def test_each_change_is_found_and_the_demonstration_is_not_accused(demonstration):
    missed = []
    for column, kind in listed().items():
        table, _, name = column.rpartition(".")
        model = apps.get_model(table)
        row, field = _fixed_row(model, kind), model._meta.get_field(name)
        is_possible, found = _rolled_back(kind, lambda model=model, field=field, row=row: _change(model, field, row))
        if is_possible and not any(fault.startswith(fixed_facts[kind].label) for fault in found):
            missed.append((column, kind))
    for kind, fact in fixed_facts.items():
        if isinstance(fact, RowFact):
            missed += _rows_missed(kind, fact)

    assert missed == []


def _rows_missed(kind, fact):
    """Try a row deleted and, where none comes into being without an audit row, another one added."""
    row = _fixed_row(fact.model, kind)
    _, found = _rolled_back(kind, lambda: fact.model._base_manager.filter(pk=row.pk)._raw_delete("default") > 0)
    if not any("被改动、增补或删除过" in fault for fault in found):
        yield kind, "deleted"
    is_possible, found = _rolled_back(kind, lambda: _add_copy(fact.model, row))
    if is_possible and fact.is_complete and not any("另行加入" in fault for fault in found):
        yield kind, "added"


def _add_copy(model, row):
    """Add a copy of the row under another key; False if the database allows none."""
    values = {field.attname: field.value_from_object(row) for field in model._meta.concrete_fields}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.unique:
            values[field.attname] = _values(field, values[field.attname])[-1]
    try:
        with transaction.atomic():
            model._base_manager.create(**values)
    except IntegrityError:
        return False
    return True

"""What the start check warns of: places where a vote or a key would be left behind."""

import resource

import pytest
from django.db import connection

from nanchuan_eval import checks


@pytest.mark.parametrize(("soft", "warned"), [(0, []), (1, ["nanchuan.W003"]), (-1, ["nanchuan.W003"])])
def test_core_dumps_are_warned_of(monkeypatch, soft, warned):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))

    assert [fault.id for fault in checks.no_core_dumps(None)] == warned


@pytest.mark.parametrize(
    ("statement", "duration", "named"),
    [
        ("none", "-1", ()),
        ("ddl", "-1", ()),
        ("all", "-1", ("log_statement = all",)),
        ("mod", "-1", ("log_statement = mod",)),
        ("none", "0", ("log_min_duration_statement = 0",)),
        ("all", "250", ("log_statement = all", "log_min_duration_statement = 250")),
    ],
)
def test_a_database_that_logs_statements_is_warned_of(monkeypatch, statement, duration, named):
    known = {"log_statement": statement, "log_min_duration_statement": duration}
    monkeypatch.setattr(checks, "database_setting", known.__getitem__)
    monkeypatch.setattr(connection, "vendor", "postgresql")

    found = checks.database_log_holds_no_votes(None, databases=["default"])

    assert len(found) == bool(named)
    assert all(text in found[0].msg for text in named)


def test_sqlite_has_no_such_log(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")

    assert checks.database_log_holds_no_votes(None, databases=["default"]) == []


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_settings_are_read_from_the_database():
    assert checks.database_setting("log_statement") in {"none", "ddl", "mod", "all"}

"""What the start check warns of: places where a vote or a key would be left behind."""

import resource

import pytest
from django.db import connection

from nanchuan_eval import checks
from nanchuan_eval.doctor.rules.database import QUIET


@pytest.mark.parametrize(("soft", "warned"), [(0, []), (1, ["nanchuan.W003"]), (-1, ["nanchuan.W003"])])
def test_core_dumps_are_warned_of(monkeypatch, soft, warned):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))

    assert [fault.id for fault in checks.no_core_dumps(None)] == warned


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, ()),
        ({"log_statement": "ddl"}, ()),
        ({"log_statement": "mod"}, ("log_statement 为 mod（应为 none）",)),
        ({"log_min_duration_statement": "0"}, ("log_min_duration_statement 为 0（应为 -1）",)),
        ({"log_statement": "all", "log_min_duration_sample": "250"}, ("log_statement 为 all", "_sample 为 250")),
    ],
)
def test_a_database_that_logs_statements_is_warned_of(monkeypatch, changed, named):
    known = {name: values[0] for name, values in QUIET.items()} | changed
    monkeypatch.setattr(checks, "settings_in_force", lambda names: {name: known[name] for name in names})
    monkeypatch.setattr(connection, "vendor", "postgresql")

    found = checks.database_log_holds_no_votes(None, databases=["default"])

    assert len(found) == bool(named)
    assert all(text in found[0].msg for text in named)


def test_sqlite_has_no_such_log(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")

    assert checks.database_log_holds_no_votes(None, databases=["default"]) == []

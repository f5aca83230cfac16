"""Rows that are dear to make, made once for all tests of a module or a class."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from django.db import transaction
from django.test import override_settings

from nanchuan_eval.clock import queries as clock

Scope = Literal["module", "class"]


def once(make: Callable[[], Any], scope: Scope = "module") -> Any:
    """Return a fixture of what `make` returns, made once for the scope (see `made_once`)."""

    @pytest.fixture(scope=scope)
    def made(request):
        with made_once(request, make) as value:
            yield value

    return made


@contextmanager
def made_once(request: pytest.FixtureRequest, make: Callable[[], Any]) -> Iterator[Any]:
    """Yield what `make` returns; its rows are there until the fixture's scope ends, each test's changes rolled back.

    Every test runs inside the transaction that made the rows, so none may be transactional. Tests that do not use
    the fixture may find its rows too. Instances keep what a test assigned to their fields: give each test fresh ones.
    """
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    folder = request.getfixturevalue("tmp_path_factory").mktemp("once")
    around = transaction.atomic()
    with blocker.unblock():
        around.__enter__()
    try:
        with blocker.unblock(), _as_in_a_test(folder):
            made = make()
        yield made
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@contextmanager
def _as_in_a_test(folder):
    """Do what the fixtures of each test do (conftest.py), of which there are none yet."""
    roots = {name: folder / name.lower() for name in ("BACKUP_ROOT", "ARCHIVE_ROOT", "EVIDENCE_ROOT")}
    with override_settings(**roots), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "database_time", lambda: None)
        yield

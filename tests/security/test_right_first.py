"""An account without the right is refused before any other rule is checked, and one row of the audit log records it."""

import pytest
from django.db import transaction

from tests.security.test_walk import asks, browser, entries_after, last_entry, stage, world  # noqa: F401  # fixtures
from tests.security.walk import LINES

pytestmark = pytest.mark.django_db
POSTED = [line for line in LINES if line.url and line.url.data]


def refusals(line, target, world):  # noqa: F811
    """Return (role, status, trace) of everybody without the right who was not refused with exactly one row."""
    accounts, browsers = world
    for role, account in accounts.items():
        if asks(line, account, True) or role in line.elsewhere.split():
            continue
        seq, sid = last_entry(), transaction.savepoint()
        answer = line.url.ask(browsers[role], target)
        if answer.status_code == 302 and answer.url.startswith("/admin/login/"):
            answer = browsers[role].get(answer.url)
        rows = [row.result for row in entries_after(seq)]
        transaction.savepoint_rollback(sid)
        if answer.status_code not in {403, 404} or rows != ["denied"]:
            yield role, answer.status_code, rows


@pytest.mark.parametrize("line", [line for line in POSTED if line.wrong and not line.alone], ids=str)
def test_before_the_state(stage, settings, line):  # noqa: F811
    accounts, _ = world_ = stage(line)
    target = line.wrong(accounts)
    settings.TWO_PERSON_RULE = True
    assert list(refusals(line, target, world_)) == []

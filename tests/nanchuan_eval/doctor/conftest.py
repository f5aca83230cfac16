"""Fixtures of the tests of `doctor`."""

import pytest

from nanchuan_eval.doctor.queries import schedule


@pytest.fixture(autouse=True)
def scratch(monkeypatch):
    """The scratch databases that are left behind: none, whatever tests beside this one are restoring."""
    left = []
    monkeypatch.setattr(schedule, "scratch_databases", lambda: left)
    return left

"""What a monitor may learn: whole hundreds of visitors, one figure for all that has to do with a vote."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.monitoring.rules import is_let_in, labels_of, shown, token_faults

DIGEST = hashlib.sha256(b"token").hexdigest()


@pytest.mark.parametrize(
    ("route", "has_account", "told"),
    [
        ("ballot-cast", False, ("voting", "visitor")),
        ("ballot-cast", True, ("voting", "visitor")),
        ("lists", False, ("lists", "visitor")),
        ("home", True, ("home", "account")),
        ("", False, ("-", "visitor")),
    ],
)
def test_under_which_name_a_request_is_counted(route, has_account, told):
    assert labels_of(route, has_account=has_account, private={"ballot-cast"}) == told


@pytest.mark.parametrize(
    ("name", "value", "labels", "told"),
    [
        ("n_total", 199, {"who": "visitor", "status": "200"}, 100),
        ("n_total", 99, {"who": "visitor", "status": "404"}, 0),
        ("n_total", 3, {"who": "visitor", "status": "503"}, 3),
        ("n_total", 3, {"who": "account", "status": "200"}, 3),
        ("s_bucket", 250, {"who": "visitor", "le": "0.5"}, 200),
        ("s_sum", 27.5, {"who": "visitor"}, 20),
        ("s_sum", 27.5, {"who": "account"}, 27.5),
    ],
)
def test_figures_of_visitors_grow_by_hundreds(name, value, labels, told):
    assert shown(name, value, labels) == told


@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_a_figure_never_falls_and_never_tells_more_than_there_is(value, more):
    labels = {"who": "visitor", "status": "200"}

    assert shown("n_total", value, labels) <= value
    assert shown("n_total", value, labels) <= shown("n_total", value + more, labels)


@pytest.mark.parametrize(
    ("token", "digests", "told"),
    [
        ("token", [DIGEST], True),
        ("token", ["0" * 64, DIGEST.upper()], True),
        ("other", [DIGEST], False),
        ("", [DIGEST], False),
        ("", [hashlib.sha256(b"").hexdigest()], False),
        (DIGEST, [DIGEST], False),
        ("token", [], False),
    ],
)
def test_only_a_token_lets_in_not_its_digest(token, digests, told):
    assert is_let_in(token, digests) is told


def test_a_token_in_the_settings_is_refused():
    assert token_faults([DIGEST]) == []
    assert "SHA-256" in token_faults([DIGEST, "token"])[0]

"""Numbers the rules of objections fix."""

from accountability.objections.rules import LEAST_WITNESSES


def test_a_recount_needs_two_witnesses():
    assert LEAST_WITNESSES == 2

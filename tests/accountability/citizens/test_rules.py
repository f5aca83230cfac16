"""Numbers of citizens' suggestions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.citizens.rules import format_number, normalize_number, number_from
from nanchuan_eval.core.errors import RuleViolation


@given(st.binary(min_size=13, max_size=13))
def test_a_number_is_read_however_it_is_typed(data):
    number = number_from(data)
    shown = format_number(number)

    assert len(number) == 10
    for typed in (number, shown, shown.lower(), f"  {shown} ", shown.replace("-", " "), number.replace("0", "o")):
        assert normalize_number(typed) == number


@given(st.binary(min_size=13, max_size=13), st.integers(0, 49))
def test_a_number_holds_50_bits_of_chance(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 128 >> bit % 8

    assert number_from(bytes(changed)) != number_from(data)


@pytest.mark.parametrize("typed", ["", "ABCDE", "ABCDE-FGHJKM", "ABCDE-FGHJU", "ABCDE-FGHJ！"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(RuleViolation, match="10位数字和字母"):
        normalize_number(typed)

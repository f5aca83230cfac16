"""Text fields of the forms: what is stored, what is refused."""

import pytest
from django import forms

from nanchuan_eval.web.fields import TextField, long_text


def cleaned(text, field=None):
    return (field or TextField()).clean(text)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" 陈\u200b刚 ", "陈刚"),
        ("陈\ufe00刚\ufeff", "陈刚"),
        ("陈　　刚", "陈 刚"),
        ("阿依努尔 · 买买提", "阿依努尔 · 买买提"),
        ("李\ue81a", "李㑳"),
        ("𬭎䶮𠅤", "𬭎䶮𠅤"),
        ("e\u0301va", "éva"),
    ],
)
def test_a_name_is_stored_without_what_does_not_show(typed, stored):
    assert cleaned(typed) == stored


@pytest.mark.parametrize("typed", ["\u3000", "\u200b\u200d", "\u3164", "\u2800", "\xad"])
def test_what_looks_empty_is_empty(typed):
    with pytest.raises(forms.ValidationError):
        cleaned(typed)
    with pytest.raises(forms.ValidationError):
        cleaned(typed, long_text("事由"))


def test_a_long_text_keeps_its_lines_and_blanks():
    assert cleaned("一、情况\r\n\r\n　　陈\u200b刚  说\t明 ", long_text("事由")) == "一、情况\r\n\r\n　　陈刚  说 明"


@pytest.mark.parametrize("field", [TextField(), long_text("事由")])
@pytest.mark.parametrize("character", ["\ue000", "\uf8ff", "\U000f0000"])
def test_a_character_of_ones_own_is_refused_and_never_left_out(field, character):
    with pytest.raises(forms.ValidationError, match="“陈□刚”中的“□”是系统无法识别的字"):
        cleaned(f"陈{character}刚", field)

"""The office's telephone can be dialled."""

import pytest

from nanchuan_eval.profile.rules.phone import dialled, phone_faults


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("023-71420000", "02371420000"),
        ("71420000", "71420000"),
        ("（023）7142 0000", "02371420000"),
        ("０２３－７１４２００００", "02371420000"),
        ("023-71420000转8003", "02371420000"),
        ("023-71420000、023-71420001", "02371420000"),
        ("13912345678", "13912345678"),
        ("400-810-1234", "4008101234"),
        ("12345", "12345"),
        ("+86 23 7142 0000", "+862371420000"),
    ],
)
def test_numbers_that_can_be_dialled(text, number):
    assert phone_faults(text) == []
    assert dialled(text) == number


@pytest.mark.parametrize("text", ["", "  "])
def test_none_is_a_fault_that_says_what_to_do(text):
    assert phone_faults(text) == ["评议办联系电话还没有填写。群众投票遇到问题时，须有电话可以咨询。"]


@pytest.mark.parametrize(
    "text", ["见公告", "1234", "023-7142000a", "0" * 15, "023-71420000、", "电话023-71420000", "-----"]
)
def test_what_nobody_can_dial_is_refused(text):
    assert "不像电话号码" in phone_faults(text)[0]

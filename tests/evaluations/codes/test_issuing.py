"""Codes must match the drawn people by stratum; codes for all strata are compared by the total."""

import pytest

from evaluations.codes.rules.issuing import code_faults

DRAWN = {"服务对象": 30, "市场主体": 12}


@pytest.mark.parametrize(
    "codes",
    [{"服务对象": 30, "市场主体": 12}, {"": 42}, {"服务对象": 30, "": 12}, {"市场主体": 2, "": 40}],
)
def test_matching_codes_have_no_fault(codes):
    assert code_faults("定向评议", DRAWN, codes, is_complete=True) == []


@pytest.mark.parametrize(
    ("codes", "faults"),
    [
        ({"服务对象": 31, "市场主体": 12}, ["定向评议“服务对象”抽中30人，票号有31个，多1个，请作废多余票号。"]),
        ({"服务对象": 30}, ["定向评议“市场主体”抽中12人，票号有0个，缺12个，请补充生成。"]),
        ({"": 43}, ["定向评议抽中42人，票号有43个，多1个，请作废多余票号。"]),
        ({"服务对象": 10, "": 31}, ["定向评议抽中42人，票号有41个，缺1个，请补充生成。"]),
        ({"路人": 1, "": 41}, ["定向评议没有抽中“路人”这一类的人员，不能发放这一类的票号。"]),
    ],
)
def test_every_mismatch_is_named(codes, faults):
    assert code_faults("定向评议", DRAWN, codes, is_complete=True) == faults


def test_too_few_codes_are_no_fault_before_they_are_complete():
    assert code_faults("定向评议", DRAWN, {"服务对象": 3}, is_complete=False) == []


def test_without_a_draw_there_is_nothing_to_compare():
    assert code_faults("抽样评议", {}, {"": 5000}, is_complete=True) == []

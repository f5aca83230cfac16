"""Faults of a file: each with its place, repeated ones summed up."""

import pytest

from nanchuan_eval.core.faults import SHOWN_OF_A_KIND, Fault, shortened, summed_up


def alike(count, kind="空"):
    return [Fault(f"第{n}行", "为空。", kind) for n in range(1, count + 1)]


@pytest.mark.parametrize("count", range(SHOWN_OF_A_KIND + 2))
def test_a_few_faults_are_all_shown(count):
    assert summed_up(alike(count)) == [f"第{n}行：为空。" for n in range(1, count + 1)]


def test_of_many_the_first_are_shown_and_the_rest_counted():
    lines = summed_up(alike(7))

    assert lines[:-1] == [f"第{n}行：为空。" for n in range(1, 6)]
    assert lines[-1] == "另有2处同样的问题（空），到第7行为止，不再一一列出。"


def test_each_kind_is_summed_up_by_itself():
    mixed = [fault for pair in zip(alike(9, "空"), alike(9, "重"), strict=True) for fault in pair]

    assert [line[:3] for line in summed_up(mixed)].count("另有4") == 2


def test_a_fault_of_the_whole_file_needs_no_place():
    assert summed_up([Fault("", "没有科室。", "没有科室")]) == ["没有科室。"]


def test_only_the_beginning_of_a_long_value_is_repeated():
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 60 + "…"

"""The notary's list of issue hashes: one hash of 64 signs a line, each once, and never the codes themselves."""

import pytest

from evaluations.codes.rules.issuing import MOST_FAULTS, WRONG_FILE, list_faults

GOOD = ["a" * 64, "b" * 64, "0123456789abcdef" * 4]


def wrong(number):
    return f"发放清单第{number}行不是64位校验值。"


@pytest.mark.parametrize("lines", [GOOD, [*GOOD, ""], ["", GOOD[0], "", GOOD[1]]])
def test_a_list_of_different_hashes_is_taken_and_empty_lines_are_skipped(lines):
    assert list_faults(lines) == []


@pytest.mark.parametrize("lines", [[], [""], ["", ""]])
def test_an_empty_list_is_refused(lines):
    assert list_faults(lines) == ["发放清单为空。"]


@pytest.mark.parametrize("line", ["a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 63 + " "])
def test_a_line_that_is_no_hash_is_named_by_its_number_and_not_quoted(line):
    assert list_faults([GOOD[0], line, GOOD[1]]) == [wrong(2)]


def test_a_hash_that_comes_twice_is_named_with_its_first_line():
    assert list_faults([GOOD[0], "", GOOD[1], GOOD[0], GOOD[0]]) == [
        "发放清单第4行和第1行重复。",
        "发放清单第5行和第1行重复。",
    ]


@pytest.mark.parametrize("lines", [["number,code", "1,X"], [GOOD[0], "1,X"], ["1,X", GOOD[0]]])
def test_the_file_of_codes_is_recognized_by_its_commas(lines):
    assert list_faults(lines) == [WRONG_FILE]


def test_a_comma_further_down_is_a_fault_of_its_line():
    assert list_faults([GOOD[0], GOOD[1], "1,X"]) == [wrong(3)]


def test_twenty_faults_are_named_and_the_others_counted():
    assert MOST_FAULTS == 20
    assert list_faults(["x"] * 20) == [wrong(n + 1) for n in range(20)]
    assert list_faults(["x"] * 21) == [*(wrong(n + 1) for n in range(20)), "另有1行有误。"]

"""Finding sections: by name, matter, synonym, unit or initials; all terms must be found, the best come first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.ballot_form.rules.search import Entry, Query, letters_in_a_row, search, search_key, terms_of

LETTERS = dict(
    zip("驾驶证车辆年检会协公安局", ["j", "s", "z", "c", "l", "n", "j", "kh", "x", "g", "a", "j"], strict=True)
)
CARS = Entry("车辆管理所", ("年检", "驾驶证", "KTV"), ("公安局",))
POLICE = Entry("公安户政科", ("身份证",), ("公安局",))
COURT = Entry("协会科", ("车辆",), ("民政局", "福利局"))
ALL = [POLICE, COURT, CARS]
anything = st.text(max_size=12)
chinese = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=6)


def found(typed):
    return [ALL[number].name for number in search(ALL, typed, LETTERS)[1]]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("驾驶", ["车辆管理所"]),
        ("年 检", ["车辆管理所"]),
        ("　驾驶证 ", ["车辆管理所"]),
        ("jsz", ["车辆管理所"]),
        ("ＪＳＺ", ["车辆管理所"]),
        ("ktv", ["车辆管理所"]),
        ("xh", ["协会科"]),
        ("xk", ["协会科"]),
        ("sz", []),
        ("公安局 驾驶证", ["车辆管理所"]),
        ("公安局，身份证", ["公安户政科"]),
        ("福利", ["协会科"]),
        ("公安局 福利", []),
        ("没有的", []),
    ],
)
def test_all_terms_must_be_found(typed, names):
    assert found(typed) == names


def test_what_is_in_the_name_comes_first_then_matters_then_units():
    assert found("车辆") == ["车辆管理所", "协会科"]
    assert found("公安") == ["公安户政科", "车辆管理所"]


def test_only_if_nothing_has_all_terms_words_that_a_term_contains_are_found():
    assert found("我要补办驾驶证") == ["车辆管理所"]
    assert found("驾驶证年检") == ["车辆管理所"]
    assert found("身份证 补办驾驶证") == []


def test_the_word_that_matched_is_named_unless_it_is_shown():
    query, _ = search([CARS], "jsz 车辆", LETTERS)

    assert query.unseen(["车辆管理所"], CARS.words) == ["驾驶证"]
    assert query.unseen(["车辆管理所", "驾驶证"], CARS.words) == []


def test_letters_travel_each_with_its_characters():
    assert letters_in_a_row({"安": "a", "会": "kh", "案": "a"}) == "a安案h会k会"


@given(chinese, chinese)
def test_every_piece_of_a_name_finds_it(before, piece):
    assert search([Entry(f"{before}{piece}科")], piece, {})[1] == [0]


@given(anything, st.lists(st.builds(Entry, anything, st.tuples(anything), st.tuples(anything)), max_size=4))
def test_a_search_only_leaves_out_and_reorders(typed, entries):
    query, numbers = search(entries, typed, LETTERS)

    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers, key=lambda n: (query.place(entries[n]), n))
    assert {n for n, entry in enumerate(entries) if query.place(entry) is not None} == set(numbers)


@given(anything)
def test_width_case_and_blanks_make_no_difference(text):
    assert search_key(f" {text.upper()}　") == search_key(text.upper())
    assert Query(terms_of(text), {}).terms == terms_of(f"　{text} ")

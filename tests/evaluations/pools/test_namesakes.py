"""Namesakes: one name and unit with several phones are people or one person, as somebody says in the preview."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluations.pools.lists import answered, parse, person

DOTS = "·•・．‧∙⋅"


def village(dot, n):
    return person(f"阿依努尔{dot}买买提", f"1380000000{n}", unit="永隆山村")


def test_one_name_with_four_dots_and_phones_is_asked_about_without_a_default():
    found = parse(*[village(dot, n) for n, dot in enumerate("·•・．", start=1)])

    (question,) = found.questions
    assert question.text == "“阿依努尔·买买提”（永隆山村）有4个手机号，姓名或者单位的写法不同：是不同的人，还是同一人？"
    assert not question.default
    assert len(question.detail) == 4
    assert question.detail[1] == "工作表“名单”第3行：阿依努尔•买买提 永隆山村 ****0002 党代表"


def test_one_person_keeps_the_phone_of_the_first_row():
    found = answered("same", *[village(dot, n) for n, dot in enumerate("·•・．", start=1)])

    assert [one.phone for one in found.people] == ["13800000001"]
    assert found.merges == (
        "工作表“名单”第3行、工作表“名单”第4行、工作表“名单”第5行：与工作表“名单”第2行是同一人，合并为一人，手机号用****0001。",
    )


def test_different_people_stay():
    assert len(answered("different", *[village(dot, n) for n, dot in enumerate("·•・．", start=1)]).people) == 4


def test_typed_alike_they_are_two_people_unless_somebody_says_otherwise():
    rows = person(unit="某厂", codes="A01"), person(phone="13800000002", unit="某厂", codes="B02")

    assert [question.default for question in parse(*rows).questions] == ["different"]
    assert len(parse(*rows).people) == 2
    assert [one.dealt_with for one in answered("same", *rows).people] == ["A01 B02"]


@pytest.mark.parametrize(
    ("units", "asked"),
    [
        (("某厂", "某厂"), True),
        (("某厂", "某 厂"), True),
        (("公安局", "区公安局"), True),
        (("公安局", "公安局治安大队"), True),
        (("公安局", "税务局"), False),
        (("某厂", "另一厂"), False),
        (("某厂", ""), False),
        (("", ""), False),
    ],
)
def test_people_of_one_name_are_asked_about_if_the_unit_may_be_one(units, asked):
    found = parse(*[person(phone=f"1380000000{n}", unit=unit) for n, unit in enumerate(units)])

    about_people = [question for question in found.questions if question.key.startswith("people")]
    assert bool(about_people) is asked
    assert len(found.people) == 2


def test_without_units_only_different_spellings_are_asked_about():
    found = parse(person("张三"), person("张\u3000三", "13800000002"))

    assert [question.default for question in found.questions] == [""]


def test_three_people_linked_by_their_units_are_one_question():
    units = ("公安局", "区公安局", "警察局", "某厂")
    found = parse(*[person(phone=f"1380000000{n}", unit=unit) for n, unit in enumerate(units)])

    assert [len(question.detail) for question in found.questions] == [3]


def test_people_of_different_strata_cannot_be_merged_in_the_preview():
    rows = person(unit="某厂"), person("张 三", "13800000002", "企业", unit="某厂")

    (question,) = parse(*rows).questions
    assert [value for value, _ in question.choices] == ["different"]
    assert "身份类别不同" in question.detail[-1]
    assert len(answered("same", *rows).people) == 2


def test_whatever_excludes_one_excludes_the_merged_person():
    rows = person(unit="某厂"), person(phone="13800000002", unit="某厂", relatives="税务局")

    assert [one.exclusion for one in answered("same", *rows).people] == ["conflict"]


def test_of_very_many_the_first_are_named():
    (question,) = parse(*[person(phone=f"138{n:08d}", unit="某厂") for n in range(150)]).questions

    assert len(question.detail) == 101
    assert question.detail[-1] == "另有50行。"


def test_a_group_is_a_question_of_its_own_by_its_rows():
    first = parse(person(unit="某厂"), person(phone="13800000002", unit="某厂")).questions[0]
    more = parse(*[person(phone=f"1380000000{n}", unit="某厂") for n in range(1, 4)]).questions[0]

    assert first.key != more.key
    other = parse(person("李四", unit="某厂"), person("李四", "13800000002", unit="某厂")).questions[0]
    assert other.key != first.key
    assert "13800000001" not in first.key


@given(st.lists(st.sampled_from(DOTS), min_size=2, max_size=6))
def test_any_mixture_of_dots_is_one_group(dots):
    found = parse(*[village(dot, n) for n, dot in enumerate(dots)])

    assert len(found.people) == len(dots)
    assert [len(question.detail) for question in found.questions] == [len(dots)]
    assert bool(found.questions[0].default) is (len(set(dots)) == 1)

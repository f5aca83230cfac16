"""Recusal by lists: staff of rated units, near relatives and liaisons leave; doubtful units are asked about."""

import pytest

from evaluations.pools.rules.conflicts import is_note_of_list
from evaluations.pools.rules.kinds import ExclusionReason
from tests.evaluations.pools.lists import answered, parse, person


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({}, ""),
        ({"unit": "某公司", "relatives": "交通局"}, ""),
        ({"unit": "公安局"}, "所在单位“公安局”是评议对象"),
        ({"unit": "公 安 局"}, "所在单位“公 安 局”是评议对象"),
        ({"unit": "区公安局"}, "所在单位“区公安局”是评议对象“公安局”"),
        ({"unit": "南川区公安局"}, "所在单位“南川区公安局”是评议对象“公安局”"),
        ({"unit": "重庆市南川区公安局"}, "所在单位“重庆市南川区公安局”是评议对象“公安局”"),
        ({"unit": "警察局"}, "所在单位“警察局”是评议对象“公安局”"),
        ({"unit": "公安局治安管理科"}, "所在单位“公安局治安管理科”是评议对象“公安局”"),
        ({"unit": "南川区车辆管理所"}, "所在单位“南川区车辆管理所”是评议对象“公安局”"),
        ({"relatives": "交通局、车辆管理所"}, "近亲属在“车辆管理所”即评议对象“公安局”工作"),
        ({"name": "联络人", "unit": "车辆管理所"}, "与评议对象“公安局”的单位联络员同名"),
        ({"relatives": "交通局、税务局"}, "近亲属在评议对象“税务局”工作"),
        ({"relatives": "交通局；区税务局"}, "近亲属在“区税务局”即评议对象“税务局”工作"),
        ({"relatives": "交通局 税务局"}, "近亲属在评议对象“税务局”工作"),
        ({"name": "联络人"}, "与评议对象“公安局”的单位联络员同名，名单未填单位"),
        ({"name": "联　络　人", "unit": "区公安局"}, "与评议对象“公安局”的单位联络员同名"),
        ({"name": "联络人", "unit": "某公司"}, ""),
    ],
)
def test_people_close_to_a_rated_unit_are_excluded_before_the_draw(cells, note):
    found = parse(person(**cells))

    assert found.people[0].exclusion == (ExclusionReason.CONFLICT if note else "")
    assert found.people[0].exclusion_note == note
    assert found.excluded() == bool(note)
    assert found.recusals == ((f"工作表“名单”第2行：{note}，列为回避，不参加抽取。",) if note else ())
    assert not found.questions


@pytest.mark.parametrize(
    "unit", ["公安局 治安大队", "公安局（交巡警支队）", "公安局交巡警支队", "公安", "公安分局", "公按局", "治安管理科"]
)
def test_a_unit_that_may_be_rated_is_asked_about(unit):
    found = parse(person(unit=unit), person("李四", "13800000002", unit="某公司"))

    (question,) = found.questions
    assert question.text == f"单位“{unit}”是不是评议对象“公安局”的？"
    assert [text for _, text in question.choices] == ["是（列为回避）", "不是"]
    assert not question.default
    assert question.detail == ("工作表“名单”第2行：张三 ****0001（本人的单位）",)
    assert not found.excluded()


def test_the_answer_decides():
    yes = answered("yes", person(unit="公安局 治安大队")).people[0]
    no = answered("no", person(unit="公安局 治安大队")).people[0]

    assert yes.exclusion_note == "所在单位“公安局 治安大队”属于评议对象“公安局”（经核对）"
    assert (no.exclusion, no.exclusion_note) == ("", "")


def test_a_unit_of_a_relative_is_asked_about_too():
    found = answered("yes", person(relatives="父亲在公安局工作"))

    assert "近亲属的单位" in found.questions[0].detail[0]
    assert found.people[0].exclusion


def test_each_unit_is_asked_about_once_whatever_its_spelling():
    found = answered(
        "yes",
        person(unit="公安局治安大队"),
        person("李四", "13800000002", unit="公安局 治安大队"),
        person("王五", "13800000003", relatives="税务局；公安局治安大队"),
        person("赵六", "13800000004", unit="公安局巡逻队", relatives="公安局治安大队"),
    )

    assert [len(question.detail) for question in found.questions] == [3, 1]
    assert found.excluded() == 4


def test_nobody_is_asked_about_who_is_excluded_anyway():
    assert not parse(person(unit="公安局", relatives="公安局治安大队")).questions


def test_a_liaison_in_a_doubtful_unit_is_pointed_out_in_the_question():
    found = parse(person("联络人", unit="公安局治安大队"))

    assert found.questions[0].detail[0].endswith("（本人的单位，与单位联络员同名）")


def test_whatever_one_of_the_rows_says_excludes_the_person():
    found = parse(
        person(),
        person(unit="公安局"),
        person("李四", "13800000002"),
        person("李四", "13800000002", relatives="税务局"),
    )

    assert found.excluded() == 2


def test_the_questions_do_not_depend_on_the_answers():
    people = person(unit="公安局治安大队"), person(phone="13800000002", unit="公安局")
    asked = [question.key for question in parse(*people).questions]

    for value in ("yes", "no", "same", "different"):
        assert [question.key for question in answered(value, *people).questions] == asked


def test_notes_of_lists_are_told_from_those_of_the_office():
    rows = [
        person(unit="公安局"),
        person("李四", "13800000002", unit="区公安局"),
        person("王五", "13800000003", relatives="税务局"),
        person("赵六", "13800000004", relatives="区税务局"),
        person("联络人", "13800000005"),
    ]
    notes = [one.exclusion_note for one in parse(*rows).people]
    doubtful = person(unit="公安局 治安大队"), person("李四", "13800000002", relatives="公安局巡逻队")
    notes += [one.exclusion_note for one in answered("yes", *doubtful).people]

    assert len(notes) == 7
    assert all(map(is_note_of_list, notes))
    assert not any(map(is_note_of_list, ["本人申报", "与公安局局长是亲属", "", "已迁走"]))

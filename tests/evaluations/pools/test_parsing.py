"""Lists of people: columns, faults, and the rows of one phone as one person (rulebook R-B)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.rules.parsing import parse_people
from evaluations.pools.rules.people import PoolRules
from tests.evaluations.pools.lists import RULES, faults, listed, parse, person

FREE = PoolRules(section_codes=RULES.section_codes)


def test_a_row_becomes_a_person_with_typed_cells():
    found = parse(person("张三", "+86 138-0000 0001", "企业", "某公司", "A01、 B02；")).people[0]

    assert (found.stratum, found.name, found.unit, found.phone) == ("企业", "张三", "某公司", "13800000001")
    assert found.dealt_with == "A01 B02"


def test_columns_are_found_by_their_synonyms_in_any_order():
    found = parse(("１３８００００００１１", "企业", "张三"), header=("联系电话", "类 别*", "名字（必填）")).people[0]

    assert (found.stratum, found.name, found.phone) == ("企业", "张三", "13800000011")


@pytest.mark.parametrize(
    ("kind", "header", "lacking"),
    [
        (PoolKind.SUPERVISORS, ("姓名", "单位"), "“身份类别”、“手机号”"),
        (PoolKind.EVALUATORS, ("身份类别", "手机"), "“姓名”"),
        (PoolKind.RECIPIENTS, ("姓名", "电话"), "“办过事的科室”"),
    ],
)
def test_only_the_missing_columns_are_asked_for(kind, header, lacking):
    assert faults(("甲", "乙"), header=header, kind=kind) == [f"工作表“名单”：第1行的表头缺少{lacking}列，请补上。"]


def test_two_columns_of_phones_are_refused_by_name():
    header = ("身份类别", "姓名", "手机号", "单位", "联系电话")

    assert "“手机号”（C列）、“联系电话”（E列）" in faults(("企业", "张三", "13800000001"), header=header)[0]


def test_a_service_record_needs_no_stratum_but_a_section():
    found = parse(person(stratum="", codes="A01"), kind=PoolKind.RECIPIENTS, rules=FREE)

    assert found.sizes() == {"服务对象": 1}
    assert faults(person(stratum=""), kind=PoolKind.RECIPIENTS, rules=FREE) == [
        "工作表“名单”第2行：“办过事的科室”为空，请填写。"
    ]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"stratum": ""}, "“身份类别”为空，请填写。"),
        ({"name": ""}, "“姓名”为空，请填写。"),
        ({"phone": "12345"}, "“手机号”的“12345”不是11位手机号，请核对。"),
        ({"stratum": "其他"}, "“身份类别”的“其他”无法识别，应为：党代表、企业。"),
        ({"codes": "A01 X99 Y99"}, "科室代码“X99”、“Y99”不在名录中，请核对。"),
        ({"name": "名" * 41}, f"“姓名”超过40字：{'名' * 20}…"),
        ({"unit": "单" * 81}, f"“单位”超过80字：{'单' * 20}…"),
        ({"name": "张\ue123"}, "“姓名”中有造字区的字（U+E123），打印时会成为方框，请改用规范汉字。"),
    ],
)
def test_a_faulty_row_is_named_with_its_place(cells, fault):
    assert faults(person(**cells)) == [f"工作表“名单”第2行：{fault}"]


def test_strata_are_compared_by_their_key_and_kept_in_their_first_spelling():
    found = parse(person(stratum="党 代 表"), person("李四", "13800000002"))
    assert found.sizes() == {"党代表": 2}

    found = parse(person(stratum="市民 代表"), person("李四", "13800000002", stratum="市民代表"), rules=FREE)
    assert found.sizes() == {"市民 代表": 2}


def test_the_rows_of_one_phone_are_one_person_with_all_their_sections():
    found = parse(person(codes="A01"), person("李四", "13800000002"), person(codes="B02；A01"))

    assert [one.dealt_with for one in found.people] == ["A01 B02", ""]
    assert found.merges == ("工作表“名单”第4行：与工作表“名单”第2行手机号相同，合并为一人。",)
    assert not found.questions


def test_a_padded_name_with_the_same_phone_is_the_same_person():
    found = parse(person("张\u3000三", unit="某厂"), person("张三", unit="某 分厂"))

    assert [(one.name, one.unit) for one in found.people] == [("张\u3000三", "某厂")]
    assert "姓名按“张\u3000三”登记，单位按“某厂”登记" in found.merges[0]


def test_a_unit_that_only_a_later_row_has_is_kept():
    found = parse(person(), person(unit="某厂"))

    assert found.people[0].unit == "某厂"
    assert "登记" not in found.merges[0]


def test_one_phone_under_two_names_is_refused_with_both_rows():
    assert faults(person(), person("李四")) == [
        "工作表“名单”第3行：手机号与工作表“名单”第2行相同，但姓名不同（“李四”和“张三”），请核对。"
    ]


def test_one_person_in_two_strata_is_refused():
    assert faults(person(), person(stratum="企业")) == [
        "工作表“名单”第3行：与工作表“名单”第2行是同一人，但身份类别不同；一人只能列入一个身份类别。"
    ]


def test_sections_of_all_rows_must_fit():
    codes = [f"{n:0>60}" for n in range(6)]
    rules = PoolRules(section_codes=frozenset(codes))

    assert "合计超过300字" in faults(*[person(codes=code) for code in codes], rules=rules)[0]


def test_hidden_rows_are_pointed_out():
    header, row = listed(person())

    found = parse_people([header, row._replace(is_hidden=True)], PoolKind.EVALUATORS, RULES)

    assert "第2行是隐藏的" in found.notices[0]
    assert found.notes[0] == found.notices[0]


BLANKS = st.text(" \u3000\u00a0\u200b", max_size=2)


@given(st.lists(BLANKS, min_size=3, max_size=3), st.sampled_from(["", "+86", "0086 "]), st.integers(1, 5))
def test_any_spelling_of_one_person_with_one_phone_is_one_person(blanks, country, times):
    rows = [person(f"{blanks[0]}张{blanks[1]}三{blanks[2]}", f"{country}138-0000-0001")] * times

    found = parse(person(), *rows)

    assert len(found.people) == 1
    assert not found.questions
    assert len(found.merges) == times


@given(st.permutations([("甲", "1"), ("乙", "2"), ("甲", "3"), ("丙", "4")]))
def test_different_phones_are_never_merged_without_an_answer(rows):
    found = parse(*[person(name, f"1380000000{n}", unit="某厂") for name, n in rows])

    assert len(found.people) == 4
    assert len(found.questions) == 1

"""Parsing lists of people: headings, faults, duplicates, exclusions before the draw (rulebook R-B)."""

import pytest

from evaluations.pools.rules import (
    MOST_FAULTS,
    ExclusionReason,
    Person,
    PoolFile,
    PoolFileError,
    PoolKind,
    PoolRules,
    is_phone,
    parse_people,
)

HEADER = ("类别", "姓名", "单位", "手机", "办事科室", "回避申报")
RULES = PoolRules(
    section_codes=frozenset({"A01", "B02", "C03"}),
    units=frozenset({"公安局", "税务局"}),
    strata=("党代表", "企业"),
    liaisons=(("联络人", "公安局"),),
)


def row(name="张三", phone="13800000001", **cells):
    fields = {"stratum": "党代表", "name": name, "unit": "", "phone": phone, "codes": "", "relatives": ""}
    return tuple((fields | cells).values())


def parse(*rows, header=HEADER, kind=PoolKind.EVALUATORS, rules=RULES):
    return parse_people([("名单", number, cells) for number, cells in enumerate((header, *rows), 1)], kind, rules)


def reasons(*rows, **options):
    with pytest.raises(PoolFileError) as refused:
        parse(*rows, **options)
    return list(refused.value.reasons)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800000001", True),
        ("19999999999", True),
        ("12800000001", False),
        ("1380000000", False),
        ("138000000011", False),
        ("", False),
    ],
)
def test_a_mobile_number_has_eleven_digits_and_a_mobile_prefix(text, expected):
    assert is_phone(text) is expected


def test_a_row_becomes_a_person_with_tidy_cells():
    person = Person("企业", "张三", "13800000001", unit="某公司", dealt_with="A01 B02", relatives="交通局")

    found = parse(
        row(" 张三 ", "138-0000 0001", stratum="企业", unit="某公司", codes="A01、 B02；", relatives="交通局")
    )

    assert found == PoolFile([person])
    assert found.people[0].codes == ["A01", "B02"]


def test_columns_are_found_by_their_headings_and_short_rows_are_filled_up():
    assert parse(("13800000001", "企业", "张三"), header=("联系电话", "类别", "名字", "单位")).people == [
        Person("企业", "张三", "13800000001")
    ]


def blank_and(*rows, lines):
    return [*[("名单", n, ("说明",)) for n in range(lines)], *(("名单", 90 + n, cells) for n, cells in enumerate(rows))]


def test_the_header_stands_within_the_first_twenty_lines():
    people = parse_people(blank_and(HEADER, row(), lines=19), PoolKind.EVALUATORS, RULES).people

    assert [person.name for person in people] == ["张三"]
    with pytest.raises(PoolFileError, match="找不到表头"):
        parse_people(blank_and(HEADER, row(), lines=20), PoolKind.EVALUATORS, RULES)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (PoolKind.SUPERVISORS, "“身份类别”、“姓名”、“手机号”"),
        (PoolKind.EVALUATORS, "“身份类别”、“姓名”、“手机号”"),
        (PoolKind.RECIPIENTS, "“姓名”、“手机号”、“办过事的科室”"),
    ],
)
def test_a_missing_column_is_asked_for(kind, wanted):
    assert reasons(row(), header=("姓名", "单位"), kind=kind) == [f"找不到表头：需要{wanted}各列。"]


def test_empty_lines_are_skipped():
    assert len(parse(("", " "), row(), ("",)).people) == 1


def test_a_file_without_people_is_refused():
    assert reasons() == ["文件中没有人员。"]


def test_a_service_record_needs_no_stratum():
    rules = PoolRules(section_codes=RULES.section_codes)
    found = parse(row(stratum="", codes="A01"), row("李四", "13800000002", codes="A01"), kind="recipients", rules=rules)

    assert found.sizes() == {"党代表": 1, "服务对象": 1}


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"stratum": ""}, "身份类别和姓名不能为空。"),
        ({"name": ""}, "身份类别和姓名不能为空。"),
        ({"phone": "12345"}, "手机号“12345”不是11位手机号。"),
        ({"stratum": "其他"}, "身份类别“其他”不在规则中，应为：党代表、企业。"),
        ({"codes": "A01 X99 Y99"}, "科室代码“X99”不在名录中。"),
        ({"name": "名" * 41}, "姓名、单位或者科室代码超过规定长度，请缩短。"),
        ({"unit": "单" * 81}, "姓名、单位或者科室代码超过规定长度，请缩短。"),
        ({"codes": "A" * 301}, "姓名、单位或者科室代码超过规定长度，请缩短。"),
    ],
)
def test_a_faulty_row_is_named_with_its_place(cells, fault):
    assert reasons(row(**cells)) == [f"工作表“名单”第2行：{fault}"]


def test_texts_are_accepted_up_to_their_maximum_length():
    code = "A" * 300
    rules = PoolRules(section_codes=frozenset({code}))

    assert len(parse(row("名" * 40, unit="单" * 80, codes=code), rules=rules).people) == 1


def test_without_strata_in_the_rules_any_stratum_is_accepted():
    assert parse(row(stratum="其他"), rules=PoolRules(section_codes=frozenset())).sizes() == {"其他": 1}


@pytest.mark.parametrize(("wrong", "last"), [(49, None), (50, None), (51, "还有1行有错。"), (53, "还有3行有错。")])
def test_fifty_faults_are_listed_and_the_rest_counted(wrong, last):
    faults = reasons(*[row(phone="1")] * wrong)

    assert len(faults) == min(wrong, MOST_FAULTS) + bool(last)
    assert faults[-1] == (last or f"工作表“名单”第{wrong + 1}行：手机号“1”不是11位手机号。")


def test_a_repeated_phone_is_the_same_person():
    found = parse(row(codes="A01"), row(codes="B02 A01"))

    assert [person.dealt_with for person in found.people] == ["A01 B02"]
    assert found.notes == ["工作表“名单”第3行：与工作表“名单”第2行手机号相同，合并为一人。"]


def test_a_repeated_name_and_unit_are_the_same_person():
    found = parse(row(unit="某公司"), row(phone="13800000002", unit="某公司"))

    assert [person.phone for person in found.people] == ["13800000001"]
    assert found.notes == ["工作表“名单”第3行：与工作表“名单”第2行姓名和单位相同，合并为一人。"]


def test_a_name_without_a_unit_does_not_make_one_person():
    assert len(parse(row(), row(phone="13800000002")).people) == 2


def test_the_third_row_is_merged_into_the_person_it_repeats():
    found = parse(row("李四", "13800000002"), row(codes="A01"), row(codes="C03"))

    assert [person.dealt_with for person in found.people] == ["", "A01 C03"]
    assert found.notes == ["工作表“名单”第4行：与工作表“名单”第3行手机号相同，合并为一人。"]


def test_one_phone_under_two_names_is_refused():
    assert reasons(row(), row("李四")) == ["工作表“名单”第3行：手机号与工作表“名单”第2行相同，但姓名不同，请核对。"]


def test_one_person_in_two_strata_is_refused():
    assert reasons(row(), row(stratum="企业")) == [
        "工作表“名单”第3行：与工作表“名单”第2行是同一人，但身份类别不同；一人只能列入一个身份类别。"
    ]


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({}, ""),
        ({"unit": "某公司", "relatives": "交通局"}, ""),
        ({"unit": "公安局"}, "所在单位“公安局”是评议对象"),
        ({"relatives": "交通局、税务局"}, "近亲属在评议对象“税务局”工作"),
        ({"name": "联络人"}, "与评议对象“公安局”的单位联络员同名，名单未填单位"),
        ({"name": "联络人", "unit": "公安局"}, "与评议对象“公安局”的单位联络员同名"),
        ({"name": "联络人", "unit": "某公司"}, ""),
    ],
)
def test_people_close_to_a_rated_unit_are_excluded_before_the_draw(cells, note):
    found = parse(row(**cells))

    assert found.people[0].exclusion == (ExclusionReason.CONFLICT if note else "")
    assert found.people[0].exclusion_note == note
    assert found.excluded() == bool(note)
    assert found.notes == ([f"工作表“名单”第2行：{note}，列为回避，不参加抽取。"] if note else [])

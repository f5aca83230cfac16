"""Answers about promotion freezes by date, person and unit: no false all-clear, no accused namesake."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.promotion_freezes.queries import loose_readings, readings
from accountability.promotion_freezes.rules import Question, Register, RegisterEntry, SameUnit, Verdict
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.names.rules.units import Unit, UnitNames

START, END = date(2020, 7, 10), date(2020, 10, 10)
DAY = Span(date(2020, 8, 1), date(2020, 8, 1))
POLICE = Unit("D01", "公安局", ("警察局", "公安"), ("车管所", "户政科"))
TAX = Unit("D02", "税务局", ("国家税务局", "地税局"), ("办税服务厅",))
FINANCE = Unit("D03", "财政局", (), ("预算科",))
HEALTH = Unit("D04", "卫生健康委员会", ("卫生局",), ())
UNITS = UnitNames([POLICE, TAX, FINANCE, HEALTH], ["重庆市南川区", "南川区", "区"])


def entry(name="陈刚", unit=POLICE, section="车管所", **fields):
    facts = {
        "unit": unit.name,
        "post": f"{unit.name}{section}主要负责人",
        "starts_on": START,
        "ends_on": END,
        "codes": frozenset({unit.code}),
        "section": f"{unit.code}{section}",
        "section_names": frozenset({section}),
        **fields,
    }
    return RegisterEntry(name, **facts)


CHEN = entry()
BAI = entry("阿依努尔·买买提")


def ask(*register, name="陈刚", unit="公安局", on=DAY):
    return Register(register, UNITS, readings, loose_readings).answer(Question(name, unit, on))


def of_unit(*register, unit="公安局", on=DAY):
    return Register(register, UNITS, readings, loose_readings).answer_unit(unit, on)


def on_day(month, day):
    return Span(date(2020, month, day), date(2020, month, day))


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (on_day(7, 9), Verdict.FREE),
        (on_day(7, 10), Verdict.FROZEN),
        (on_day(10, 10), Verdict.FROZEN),
        (on_day(10, 11), Verdict.FREE),
    ],
)
def test_the_first_and_the_last_day_count(on, verdict):
    assert ask(CHEN, on=on).verdict == verdict


def test_from_the_day_of_lifting_on_a_person_is_free():
    lifted = replace(CHEN, lifted_on=date(2020, 8, 1))

    assert ask(lifted, on=on_day(7, 31)).verdict == Verdict.FROZEN
    assert ask(lifted, on=on_day(8, 1)).verdict == Verdict.FREE


@pytest.mark.parametrize(
    "name",
    ["陈刚", "陈　刚", "陈 刚", " 陈\u2003刚 ", "陈\u200b刚", "陈\u00a0刚", "⻩刚".replace("⻩", "陈"), "\ufeff陈刚"],
)
@pytest.mark.parametrize(
    "unit",
    ["公安局", "区公安局", "南川区公安局", "重庆市南川区公安局", "公 安 局", "警察局", "公安", "公安局车管所"],
)
def test_a_frozen_person_is_found_under_every_spelling_of_name_and_unit(name, unit):
    assert ask(CHEN, name=name, unit=unit).verdict == Verdict.FROZEN


@pytest.mark.parametrize("dot", "·•‧∙⋅・．.･")
def test_every_middle_dot_is_the_same(dot):
    assert ask(BAI, name=f"阿依努尔{dot}买买提").verdict == Verdict.FROZEN
    assert ask(BAI, name=f"阿依努尔 {dot} 买买提").verdict == Verdict.FROZEN


@pytest.mark.parametrize("name", ["𬭎", "䶮", "𠅤"])
def test_characters_beyond_the_basic_plane_are_compared_as_they_are(name):
    frozen = entry(f"张{name}")

    assert ask(frozen, name=f"张 {name}").verdict == Verdict.FROZEN
    assert ask(frozen, name="李明").verdict == Verdict.FREE


@pytest.mark.parametrize(
    ("register", "asked", "reason"),
    [
        ([CHEN], {"unit": "财政局"}, "同名，单位不同"),
        ([CHEN], {"unit": ""}, "同名，未填写单位"),
        ([CHEN], {"unit": "公安局治安管理科"}, "同名，单位写法不同，无法确认是否同一单位"),
        ([CHEN], {"unit": "西城街道办事处"}, "同名，名录中没有该单位，无法确认是否同一单位"),
        ([CHEN], {"name": "陈钢"}, "姓名相近，同单位"),
        ([CHEN], {"name": "程刚"}, "姓名相近，同单位"),
        ([CHEN], {"name": "陈钢", "unit": "财政局"}, "姓名相近，单位不同"),
        ([CHEN], {"name": "陈志刚"}, "姓名相近，同单位"),
        ([CHEN], {"name": "陈志刚", "unit": ""}, "姓名相近，未填写单位"),
        ([CHEN], {"name": "陈刚同志"}, "姓名相近，同单位"),
        ([CHEN], {"name": "陈□"}, "姓名相近，同单位"),
        ([CHEN], {"name": "陈科长"}, "姓名相近，同单位"),
        ([CHEN], {"name": "小陈", "unit": ""}, "姓名相近，未填写单位"),
        ([CHEN], {"name": "Chen Gang", "unit": "水务集团"}, "姓名相近，名录中没有该单位，无法确认是否同一单位"),
        ([CHEN], {"name": "李某（曾用名陈刚）"}, "姓名相近，同单位"),
        ([entry("李强（曾用名：陈强）")], {"name": "陈强"}, "姓名相近，同单位"),
        ([entry("陈某某")], {"name": "陈小明"}, "姓名相近，同单位"),
        ([entry("某某")], {"name": "陈小明"}, "姓名相近，同单位"),
        ([CHEN], {"unit": "公安局户政科"}, "同名，同单位的另一科室"),
        ([CHEN], {"unit": "区公安局 户政科"}, "同名，同单位的另一科室"),
        ([CHEN], {"name": "陈钢", "unit": "公安局户政科"}, "姓名相近，同单位的另一科室"),
        ([entry("")], {"unit": "公安局户政科"}, "有一项影响期未登记姓名，同单位的另一科室"),
        ([CHEN], {"name": "陈gang", "unit": "财政局"}, "姓名相近，单位不同"),
        ([BAI], {"name": "买买提", "unit": "财政局"}, "姓名相近，单位不同"),
        ([BAI], {"name": "阿依努尔买买提", "unit": "财政局"}, "姓名相近，单位不同"),
        ([entry("")], {}, "该单位有一项影响期未登记姓名"),
        ([entry("空缺")], {}, "该单位有一项影响期未登记姓名"),
        ([entry("")], {"unit": ""}, "有一项影响期未登记姓名，未填写单位"),
        (
            [entry("")],
            {"unit": "公安局治安管理科"},
            "有一项影响期未登记姓名，单位写法不同，无法确认是否同一单位",
        ),
        (
            [CHEN, entry(section="户政科")],
            {},
            "同名，同单位，登记中有同名的两人",
        ),
    ],
)
def test_what_cannot_be_told_apart_is_to_be_checked(register, asked, reason):
    found = ask(*register, **asked)

    assert (found.verdict, found.reasons) == (Verdict.CHECK, (reason,))


@pytest.mark.parametrize(
    ("register", "asked"),
    [
        ([], {}),
        ([CHEN], {"name": "李明"}),
        ([CHEN], {"name": "李明", "unit": ""}),
        ([CHEN], {"name": "程刚", "unit": "财政局"}),
        ([CHEN], {"name": "陈志刚", "unit": "财政局"}),
        ([entry("")], {"unit": "财政局"}),
        ([BAI], {"name": "阿依古丽·买提"}),
    ],
)
def test_an_innocent_person_is_free(register, asked):
    found = ask(*register, **asked)

    assert (found.verdict, found.found, found.reasons) == (Verdict.FREE, (), ())


def test_a_namesake_of_another_unit_does_not_blur_a_sure_answer():
    found = ask(CHEN, entry(unit=TAX), entry(""), entry("陈钢"))

    assert (found.verdict, [finding.entry for finding in found.found]) == (Verdict.FROZEN, [CHEN])


def test_a_namesake_who_may_be_of_the_unit_does():
    unsure = entry(unit=Unit("D09", "公安局交巡警支队"))
    units = UnitNames([POLICE, Unit("D09", "公安局交巡警支队", ("公安局",))])

    found = Register([CHEN, unsure], units, readings, loose_readings).answer(Question("陈刚", "公安局", DAY))

    assert found.verdict == Verdict.CHECK


def test_a_freeze_belongs_to_the_unit_of_its_round_and_to_that_of_its_section_now():
    moved = entry(codes=frozenset({"D01", "D03"}))

    assert ask(moved, unit="公安局").verdict == Verdict.FROZEN
    assert ask(moved, unit="财政局").verdict == Verdict.FROZEN
    assert ask(moved, unit="税务局").verdict == Verdict.CHECK


def test_one_person_frozen_twice_in_one_section_is_one_person():
    again = replace(CHEN, starts_on=date(2020, 7, 20), ends_on=date(2020, 12, 1))

    assert ask(CHEN, again).verdict == Verdict.FROZEN


CHECK = "不能认定在影响期内，也不能认定无影响期，请与登记核对。"
UNNAMED = (
    "影响期未登记姓名的：公安局车管所主要负责人，2020年7月10日至2020年10月10日。请与该单位核对当时的负责人是谁；"
    "由评议办补登负责人任职、纪委监委更正责任人后，登记中即有姓名。"
)
NOT_IN_ROSTER = "单位名称有误或者使用了简称的，请改正后重新查询；确不在名录中的单位，重新查询结果不变。"


@pytest.mark.parametrize(
    ("register", "asked", "advice"),
    [
        ([CHEN], {"unit": "财政局"}, ()),
        ([CHEN], {"name": "陈钢"}, ()),
        ([CHEN], {"unit": ""}, ("请填写单位后重新查询。",)),
        ([CHEN], {"unit": "水务集团"}, (NOT_IN_ROSTER,)),
        ([entry("")], {"unit": "水务集团"}, (NOT_IN_ROSTER, UNNAMED)),
        ([entry("")], {}, (UNNAMED,)),
        ([entry("")], {"unit": ""}, ("请填写单位后重新查询。", UNNAMED)),
        ([entry("")], {"name": "陈科长"}, (UNNAMED,)),
        ([CHEN], {"unit": "公安局治安管理科"}, ("单位确为“公安局”的，请填写该名称后重新查询。",)),
        ([CHEN], {"unit": "公安局户政科"}, ("影响期不因科室变动终止，请与该单位核对是否为同一人。",)),
        ([CHEN], {"name": "陈科长"}, ("“陈科长”不是汉字书写的全名，请填写全名后重新查询。",)),
        ([entry("陈某某")], {"name": "陈小明"}, ("登记的姓名“陈某某”不是全名，请与登记的单位核对。",)),
    ],
)
def test_only_what_can_change_the_answer_is_advised(register, asked, advice):
    assert ask(*register, **asked).sentences == (CHECK, *advice)


def test_the_full_name_of_a_unit_is_not_asked_for_again():
    units = UnitNames([POLICE, Unit("D09", "交巡警支队", ("公安局",))])

    found = Register([CHEN], units, readings, loose_readings).answer(Question("陈刚", "公安局", DAY))

    assert not any("重新查询" in sentence for sentence in found.sentences)


@pytest.mark.parametrize(
    ("unit", "advised"),
    [("公安局", ""), ("公安局治安管理科", "请按名录填写单位名称后重新查询。"), ("水务集团", "请按姓名查询。")],
)
def test_a_unit_that_is_not_certain_is_advised_about(unit, advised):
    found = of_unit(CHEN, unit=unit).advice

    assert advised in found
    assert bool(found) is bool(advised)


AFTER = on_day(11, 1)
CLEAR = "在所查日期（2020年11月1日），没有同名或姓名相近的人员在影响期内，也没有可能属于该人员而未登记姓名的影响期。"


@pytest.mark.parametrize("unit", ["公安局", "公安局户政科", "", "水务集团"])
def test_an_all_clear_names_the_days_and_freezes_of_that_name_on_other_days(unit):
    found = ask(CHEN, unit=unit, on=AFTER)

    assert found.verdict == Verdict.FREE
    assert found.sentences == (
        CLEAR,
        "登记中有同名人员在其他日期的影响期，供参考：陈刚，公安局车管所主要负责人，2020年7月10日至2020年10月10日。",
    )


@pytest.mark.parametrize(
    ("register", "asked"),
    [
        ([CHEN], {"unit": "财政局"}),
        ([CHEN], {"name": "陈钢"}),
        ([replace(CHEN, lifted_on=START)], {}),
        ([replace(CHEN, lifted_on=date(2020, 8, 1), revoked_by="名单更正")], {}),
        ([], {}),
    ],
)
def test_freezes_of_others_and_those_lifted_from_the_first_day_are_not_named(register, asked):
    assert ask(*register, on=AFTER, **asked).sentences == (CLEAR,)


def test_a_lifted_freeze_is_named_as_lifted():
    lifted = replace(CHEN, lifted_on=date(2020, 8, 1))

    assert "2020年10月10日，已于2020年8月1日解除" in ask(lifted, on=AFTER).sentences[1]


def test_a_freeze_revoked_with_its_listing_is_said_to_be_revoked():
    revoked = replace(CHEN, lifted_on=date(2020, 8, 1), revoked_by="名单更正")

    assert revoked.period == "2020年7月10日至2020年10月10日，已于2020年8月1日名单更正，影响期撤销"


MONTH = Span(date(2020, 10, 1), date(2020, 10, 31))


def test_a_month_wholly_in_the_freeze_is_in_the_freeze():
    assert ask(CHEN, on=Span(date(2020, 8, 1), date(2020, 8, 31))).verdict == Verdict.FROZEN


def test_a_month_partly_in_the_freeze_is_to_be_checked_and_the_days_are_named():
    found = ask(CHEN, on=MONTH)

    assert found.verdict == Verdict.CHECK
    assert found.reasons == ("同名，同单位，影响期只覆盖所查时间中的2020年10月1日至10月10日",)


def test_two_freezes_of_one_person_cover_a_month_together():
    again = replace(CHEN, starts_on=date(2020, 10, 11), ends_on=date(2021, 1, 1))

    assert ask(CHEN, again, on=MONTH).verdict == Verdict.FROZEN


def test_a_month_after_the_freeze_is_free():
    assert ask(CHEN, on=Span(date(2020, 11, 1), date(2020, 11, 30))).verdict == Verdict.FREE


@pytest.mark.parametrize("unit", ["公安局", "南川区公安局", "警察局", "公安局车管所"])
def test_a_unit_is_asked_about_by_any_of_its_names(unit):
    found = of_unit(CHEN, entry(""), entry(unit=TAX), unit=unit)

    assert (found.verdict, len(found.sure), found.unsure) == (Verdict.FROZEN, 2, ())
    assert found.unit.sure == POLICE


@pytest.mark.parametrize("unit", ["公安局户政科", "南川区公安局户政科"])
def test_a_freeze_of_another_section_than_the_unit_asked_about_names_is_to_be_checked(unit):
    found = of_unit(CHEN, entry(""), entry(unit=TAX), unit=unit)

    assert (found.verdict, found.sure, len(found.unsure)) == (Verdict.CHECK, (), 2)
    assert {each.same_unit for each in found.unsure} == {SameUnit.OTHER_SECTION}


def test_a_freeze_of_the_second_unit_that_a_text_names_is_not_taken_for_another_units():
    found = ask(entry("", TAX, "办税服务厅"), unit="财政局税务窗口")

    assert [each.same_unit for each in found.found] == [SameUnit.UNSURE]


@pytest.mark.parametrize(
    ("unit", "verdict", "unsure"),
    [
        ("财政局", Verdict.FREE, 0),
        ("西城街道办事处", Verdict.CHECK, 0),
        ("公安局治安管理科", Verdict.CHECK, 1),
        ("卫健委", Verdict.CHECK, 0),
    ],
)
def test_a_unit_without_a_freeze_is_free_only_if_it_is_known(unit, verdict, unsure):
    found = of_unit(CHEN, unit=unit)

    assert (found.verdict, len(found.unsure)) == (verdict, unsure)


def test_a_unit_frozen_on_some_days_of_a_month_is_to_be_checked():
    assert of_unit(CHEN, on=MONTH).verdict == Verdict.CHECK


BLANKS = st.text(" \u3000\u00a0\u2002\u2009\t\u200b\u2060\ufeff", max_size=3)
DOTS = st.sampled_from("·•‧∙⋅・･．")
NAMES = st.sampled_from(["陈刚", "阿依努尔·买买提", "张𬭎", "李䶮", "黄金山", "Ali·买买提"])
SPELLINGS = st.sampled_from(["公安局", "区公安局", "南川区公安局", "重庆市南川区公安局", "警察局", "公安", ""])
WIDE = {chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)}
NARROW = {wide: narrow for narrow, wide in WIDE.items()}


@st.composite
def spelled(draw, text):
    """The same text with other blanks, dots and widths."""
    out = [draw(BLANKS)]
    for character in text:
        if character == "·":
            out.append(draw(DOTS))
        else:
            out.append(
                draw(st.sampled_from([character, WIDE.get(character, character), NARROW.get(character, character)]))
            )
        out.append(draw(BLANKS) if not character.isascii() and character not in NARROW else "")
    return "".join(out)


@given(data=st.data(), name=NAMES, unit=SPELLINGS)
def test_no_spelling_of_a_frozen_name_is_ever_free(data, name, unit):
    asked = Question(data.draw(spelled(name)), data.draw(spelled(unit)), DAY)

    answer = Register([entry(name)], UNITS, readings, loose_readings).answer(asked)

    # Between letters of the alphabet a full stop is no dot of a name, but a reason to compare.
    sure = Verdict.FROZEN if name.isalpha() or not name[0].isascii() else answer.verdict
    assert answer.verdict != Verdict.FREE
    assert answer.verdict == (sure if unit else Verdict.CHECK)


@given(name=st.text(max_size=6), unit=st.text(max_size=8), frozen=st.text(max_size=6))
def test_any_text_is_answered(name, unit, frozen):
    assert ask(entry(frozen), CHEN, name=name, unit=unit).verdict in Verdict

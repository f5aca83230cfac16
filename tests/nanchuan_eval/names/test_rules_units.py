"""Recognition of units in the words that lists use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.names.rules.units import Recognised, Unit, UnitNames

POLICE = Unit("D02", "区公安局", ("公安",), ("治安管理科", "综合科"))
EDUCATION = Unit("D03", "区教育委员会", ("教委",), ("基础教育科", "综合科"))
HOUSING = Unit("D04", "区住房和城乡建设委员会", ("住建委",), ("综合科",))
COUNTRY = Unit("D05", "区农业农村委员会", ("农委", "农业委员会"))
PLACES = ("重庆市南川区", "重庆市南川", "南川区", "南川", "区")
UNITS = UnitNames([POLICE, EDUCATION, HOUSING, COUNTRY], PLACES)


@pytest.mark.parametrize(
    "written",
    [
        *("公安局", "区公安局", "南川区公安局", "重庆市南川区公安局", "公安", "南川公安局"),
        *(
            "公 安 局",
            "南川区　公安局",
            "公安局\u200b",
            "公安局治安管理科",
            "区公安局 治安管理科",
            "重庆市南川区公安局治安管理科",
        ),
    ],
)
def test_a_unit_is_recognised_by_its_names_with_the_district_or_a_section(written):
    section = "治安管理科" if "治安" in written else ""

    assert UNITS.recognise(written) == Recognised(sure=POLICE, section=section)


@pytest.mark.parametrize(
    ("written", "possible"),
    [
        ("公安局交警支队", (POLICE,)),
        ("市公安局", (POLICE,)),
        ("区公安局东城派出所", (POLICE,)),
        ("教育委员", (EDUCATION,)),
        ("城乡建设委员会", (HOUSING,)),
        ("委员会", (EDUCATION, HOUSING, COUNTRY)),
    ],
)
def test_a_unit_that_contains_or_is_contained_in_a_name_is_asked_about(written, possible):
    found = UNITS.recognise(written)

    assert found.sure is None
    assert set(possible) <= set(found.all)


@pytest.mark.parametrize("written", ["", "\u3000", "东城街道办事处", "个体工商户", "水务集团"])
def test_another_unit_is_none_of_the_rosters(written):
    assert UNITS.recognise(written).all == ()


def test_a_name_of_two_units_is_asked_about():
    water, waterworks = Unit("D06", "水利局", ("水务",)), Unit("D07", "自来水公司", ("水务",))

    assert UnitNames([water, waterworks], PLACES).recognise("区水务") == Recognised(possible=(water, waterworks))


def test_a_former_name_is_recognised_as_the_unit_of_today():
    assert UNITS.recognise("南川区农业委员会").sure == COUNTRY


HOUSES = UnitNames(
    [
        Unit("D10", "规划局", (), ("不动产登记中心", "综合科", "信息中心")),
        Unit("D06", "民政局", (), ("婚姻登记处", "殡仪馆", "信息中心")),
        Unit("D33", "住房公积金管理中心南川分中心", (), ("办公室",)),
        Unit("D05", "公安分局", ("公安局",), ("车辆管理所",)),
        Unit("D27", "税务局", (), ("第一税务所（办税服务厅）",)),
    ],
    PLACES,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("不动产登记中心", "D10"), ("南川区不动产登记中心", "D10"), ("殡 仪 馆", "D06")),
        ("车辆管理所", "D05"),
        *(("第一税务所", "D27"), ("税务局第一税务所", "D27"), ("第一税务所(办税服务厅)", "D27")),
        *(("原公安局", "D05"), ("南川区原公安局", "D05"), ("原南川区公安局", "D05")),
    ],
)
def test_a_unit_is_recognised_by_a_section_alone_and_by_a_name_of_former_times(written, code):
    assert HOUSES.recognise(written).sure.code == code


def test_the_section_that_a_text_names_is_told_by_its_whole_name():
    for written in ("第一税务所", "税务局第一税务所", "第一税务所（办税服务厅）"):
        assert HOUSES.recognise(written).section == "第一税务所(办税服务厅)"
    assert HOUSES.recognise("民政局婚姻登记处").section == "婚姻登记处"


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("信息中心", ["D10", "D06"]),
        ("综合科", ["D10"]),
        ("办公室", ["D33"]),
        ("不动产登记中心窗口", ["D10"]),
        ("公积金中心", ["D33"]),
        ("车管所", ["D05"]),
        ("原民政局", ["D06"]),
        ("南川区婚姻登记处", ["D06"]),
        ("办税服务厅", ["D27"]),
        ("税务局办税服务厅", ["D27"]),
    ],
)
def test_a_section_of_several_units_or_of_any_and_a_short_form_are_asked_about(written, codes):
    found = HOUSES.recognise(written)

    assert found.sure is None
    assert [unit.code for unit in found.possible] == codes


@given(st.data(), st.sampled_from([POLICE, EDUCATION, HOUSING, COUNTRY]))
def test_no_spelling_of_a_unit_is_ever_another_one(data, unit):
    name = data.draw(st.sampled_from([unit.name, unit.name.removeprefix("区"), *unit.other_names]))
    place = data.draw(st.sampled_from(["", *PLACES]))
    blanks = st.sampled_from(["", " ", "\u3000", "\u200b"])
    written = "".join(c + data.draw(blanks) for c in place + name)

    assert UNITS.recognise(written).sure in {unit, None}
    assert unit in UNITS.recognise(written).all


@given(st.text(alphabet="区公安教育委员会治综合科局南川重庆市 ·", max_size=8))
def test_what_is_recognised_for_certain_bears_one_of_the_units_names(written):
    found = UNITS.recognise(written).sure

    if found:
        names = [name.removeprefix("区") for name in (found.name, *found.other_names)]
        assert any(name in written.replace(" ", "").replace("·", "") for name in names)


@pytest.mark.parametrize(
    ("written", "is_possible"), [("公积金中心", True), ("公积金管理中心", True), ("金中心", False), ("公积管委", False)]
)
def test_a_long_short_name_may_leave_out_the_beginning(written, is_possible):
    fund = Unit("D09", "住房公积金管理中心")

    found = UnitNames([fund]).recognise(written)

    assert found.sure is None
    assert found.possible == ((fund,) if is_possible else ())


SHORT_FORMS = UnitNames(
    [
        Unit("D01", "发改委", (), ("价格科",)),
        Unit("D02", "教委", (), ("基础教育科",)),
        Unit("D04", "经济信息委"),
        Unit("D05", "公安局", (), ("车辆管理所", "户政管理科")),
        Unit("D06", "民政局"),
        Unit("D09", "人力社保局"),
        Unit("D10", "规划局"),
        Unit("D12", "城乡建委"),
        Unit("D15", "水利局", (), ("水资源管理科",)),
        Unit("D19", "卫生健康委"),
        Unit("D22", "市场监管局"),
        Unit("D24", "林业局", (), ("林政科",)),
        Unit("D26", "扶贫办", (), ("项目管理科",)),
        Unit("D31", "政务服务中心", (), ("窗口管理科",)),
        Unit("D34", "工业园区管委会", (), ("企业服务科",)),
        Unit("D36", "自来水公司"),
    ],
    PLACES,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("教育委员会", "D02"), ("南川区教育委员会", "D02"), ("教育委员会招生科", "D02")),
        *(("发展和改革委员会", "D01"), ("经济和信息化委员会", "D04"), ("住房和城乡建设委员会", "D12")),
        *(("市场监督管理局", "D22"), ("规划和自然资源局", "D10"), ("人力资源和社会保障局", "D09")),
        *(("工业园区管理委员会", "D34"), ("扶贫开发办公室", "D26"), ("自来水有限责任公司", "D36")),
        *(("卫生局", "D19"), ("公安分局", "D05"), ("公按局", "D05"), ("民证局", "D06"), ("水务局", "D15")),
    ],
)
def test_the_full_name_of_a_unit_and_a_slip_in_its_name_are_asked_about(written, code):
    found = SHORT_FORMS.recognise(written)

    assert found.sure is None
    assert [unit.code for unit in found.possible] == [code]


@pytest.mark.parametrize(
    "written",
    [
        "水务集团",
        "东城街道办事处",
        "农业银行",
        "人民医院",
        "某某科技有限公司",
        "区委办公室",
        "人大办公室",
        "审计局",
        "教师",
    ],
)
def test_a_unit_with_nothing_in_common_is_not_asked_about(written):
    assert SHORT_FORMS.recognise(written).all == ()


@pytest.mark.parametrize(("written", "code"), [("项目管理科", "D26"), ("企业服务科", "D34"), ("区户政管理科", "D05")])
def test_a_section_alone_is_certain_only_if_it_is_an_institution(written, code):
    assert [unit.code for unit in SHORT_FORMS.recognise(written).possible] == [code]
    assert SHORT_FORMS.recognise("车辆管理所").sure.code == "D05"


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("林业局水资源科", ["D15", "D24"]),
        ("政务服务中心水利窗口", ["D15", "D31"]),
        ("林业局综合科", ["D24"]),
        ("林业局造林科", ["D24"]),
    ],
)
def test_of_a_text_that_names_two_units_both_are_asked_about(written, codes):
    assert [unit.code for unit in SHORT_FORMS.recognise(written).possible] == codes

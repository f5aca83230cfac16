"""The profile: its default, what is refused in one, what a file of one says."""

from dataclasses import replace

import pytest

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.profile.rules.profile import DEFAULT, FIELDS, from_json, parse_profile, profile_faults
from nanchuan_eval.profile.rules.wording import changes, shown

SOUND = replace(DEFAULT, phone="023-71420000")
WRITTEN = {key: value for key, value in SOUND.as_json().items() if key != "logo"}


def test_the_default_lacks_the_telephone_and_nothing_else():
    assert [fault for fault in profile_faults(DEFAULT) if "电话" not in fault] == []
    assert list(profile_faults(DEFAULT)) != []
    assert list(profile_faults(SOUND)) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"district": "南川"}, "“区县”须以“区、县、市、旗”结尾"),
        ({"district": ""}, "“区县”还没有填写"),
        ({"site_name": "评" * 31}, "“网站名称”最多30个字，现有31个字"),
        ({"office": "评议办\n公室"}, "“评议办全称”首尾不能有空格，文中不能有换行"),
        ({"office": " 评议办"}, "“评议办全称”首尾不能有空格"),
        ({"commission": "<b>纪委</b>"}, "“纪委监委全称”首尾不能有空格，文中不能有换行、控制字符和尖括号"),
        ({"site_name": "群众\u202e评"}, "“网站名称”首尾不能有空格，文中不能有换行、控制字符"),
        ({"sign": "【南川】"}, "“短信签名”首尾不能有空格，文中不能有换行、控制字符和尖括号、花括号、方头括号"),
        ({"phone": "请到现场"}, "不像电话号码"),
        ({"phone": ""}, "电话还没有填写"),
        ({"newspaper": "《南川日报》"}, "“公示报纸”不带书名号"),
        ({"paper_code": "南评办〔2020〕"}, "“机关代字”为2至12个汉字"),
        ({"paper_code": "npb"}, "“机关代字”为2至12个汉字"),
        ({"place_names": ()}, "“地名前缀”填写1至12个"),
        ({"place_names": ("区", "区")}, "“地名前缀”有重复的"),
        ({"place_names": ("",)}, "“地名前缀”每个1至12个字"),
        ({"colour": "red"}, "“网站颜色”请从所列颜色中选择"),
        ({"logo": "../../etc/passwd"}, "“徽标”的校验值有误"),
    ],
)
def test_what_is_wrong_is_told_once(changed, told):
    found = list(profile_faults(replace(SOUND, **changed)))

    assert [told in fault for fault in found] == [True]


@pytest.mark.parametrize(
    ("district", "level"), [("南川区", "区"), ("云澜县", "县"), ("义乌市", "市"), ("正蓝旗", "旗")]
)
def test_the_districts_last_character_names_its_bodies(district, level):
    assert replace(SOUND, district=district).level == level


def test_a_stored_profile_reads_back_and_what_a_later_version_added_is_left_out():
    assert from_json(SOUND.as_json() | {"anthem": "…"}) == SOUND
    assert from_json({"office": "甲办"}, SOUND) == replace(SOUND, office="甲办")


class TestAFile:
    def test_it_says_everything_but_the_logo(self):
        assert parse_profile(WRITTEN) == SOUND
        assert parse_profile({key: value for key, value in WRITTEN.items() if key != "colour"}) == SOUND

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            (None, "没有 [profile] 一节"),
            ({key: value for key, value in WRITTEN.items() if key != "sign"}, "缺少sign"),
            (WRITTEN | {"motto": "公"}, "不认识motto"),
            (WRITTEN | {"logo": "a" * 64}, "不认识logo"),
            (WRITTEN | {"office": 3}, "写法有误office"),
            (WRITTEN | {"place_names": "区"}, "写法有误place_names"),
        ],
    )
    def test_what_is_missing_unknown_or_of_another_kind_is_refused(self, given, told):
        with pytest.raises(RuleViolation, match=told.replace("[", r"\[").replace("]", r"\]")):
            parse_profile(given)


def test_a_change_is_told_field_by_field():
    other = replace(SOUND, sign="云澜评议办", colour="teal")

    assert list(changes(SOUND, other)) == ["短信签名：由“南川评议办”改为“云澜评议办”", "网站颜色：由“蓝”改为“青”"]
    assert len(dict(shown(SOUND))) == len(FIELDS) + 3

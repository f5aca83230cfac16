"""The profile (机构信息): what the site, its papers and its messages call this district and its bodies.

`DEFAULT` is the only place of the project that names a district.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.profile.rules.colours import BLUE, COLOURS
from nanchuan_eval.profile.rules.phone import phone_faults

LEVELS = "区县市旗"
MOST_PLACES, LONGEST_PLACE = 12, 12
# 机关代字 of a paper's number: 南评办〔2020〕3号; year and number follow GB/T 9704.
CODE = re.compile(r"[\u4e00-\u9fff]{2,12}")
# What would break a line of print or a message, or read as markup.
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069<>{}【】\\]")
DIGEST = re.compile(r"(?:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Profile:
    """机构信息. `logo` = the SHA-256 of a stored picture, or empty."""

    district: str
    site_name: str
    short_name: str
    office: str
    address: str
    phone: str
    sign: str
    commission: str
    leading_group: str
    newspaper: str
    paper_head: str
    paper_code: str
    data_terms: str
    place_names: tuple[str, ...]
    colour: str = BLUE
    logo: str = ""

    @property
    def level(self) -> str:
        """区, 县, 市 or 旗: how the district's bodies are called for short (区委组织部, 县委组织部)."""
        return self.district[-1:]

    def as_json(self) -> dict[str, Any]:
        """Return the profile as it is stored and frozen."""
        return {**asdict(self), "place_names": list(self.place_names)}


@dataclass(frozen=True)
class Field:
    """A text of the profile: its name on pages, how long it may be, what it is for."""

    label: str
    longest: int
    help: str
    shortest: int = 2


FIELDS: dict[str, Field] = {
    "district": Field("区县", 12, "以“区、县、市、旗”结尾的全称；简称“区（县、市、旗）委组织部”等由末字得出"),
    "site_name": Field("网站名称", 30, "显示在每一页的页眉和标题"),
    "short_name": Field("网站简称", 12, "动态口令验证器中账号的名称"),
    "office": Field("评议办全称", 40, "文书、通知书的署名，网页的页脚"),
    "address": Field("评议办地址", 60, "个人信息说明和帮助中写明的办公地点"),
    "phone": Field("评议办电话", 60, "新建轮次的咨询电话；已锁定的轮次用该轮评议规则中的电话", shortest=0),
    "sign": Field("短信签名", 12, "短信开头方括号内的名称，须与短信平台登记的签名一致；填写时不带括号"),
    "commission": Field("纪委监委全称", 40, "异议和申诉答复的署名"),
    "leading_group": Field("领导小组全称", 40, "复核答复的署名"),
    "newspaper": Field("公示报纸", 20, "刊登公示的报纸，不带书名号"),
    "paper_head": Field("红头（发文机关标志）", 40, "公示、通报眉首的红色名称"),
    "paper_code": Field("机关代字", 12, "文号开头的代字，年份和序号按公文格式写成〔年份〕序号号"),
    "data_terms": Field("开放数据使用条件", 200, "“开放数据”页和各轮清单中写明，任何人按此使用数据", shortest=10),
}
TEXTS = tuple(FIELDS)

DEFAULT = Profile(
    district="南川区",
    site_name="南川区最难办事科室群众评",
    short_name="南川群众评",
    office="南川区最难办事科室群众评办公室",
    address="区纪委监委机关内",
    phone="",
    sign="南川评议办",
    commission="南川区纪委监委",
    leading_group="南川区最难办事科室群众评领导小组",
    newspaper="南川日报",
    paper_head="南川区最难办事科室群众评办公室",
    paper_code="南评办",
    data_terms=(
        "数据可以免费下载、复制、使用和加工，不需要申请。使用时应当注明来源、轮次和版次；经过加工的，应当注明，"
        "不得称为评议办公布的结果。名单更正的，以更正后的一版为准。不得用于推算、识别参加评议的人。"
    ),
    place_names=("重庆市南川区", "重庆市南川", "南川区", "南川", "区"),
)


def from_json(stored: Mapping[str, Any], default: Profile = DEFAULT) -> Profile:
    """Return a stored profile; what it does not know yet is the default's, what is unknown here is left out."""
    known = {field.name for field in fields(Profile)}
    values = {**default.as_json(), **{key: value for key, value in stored.items() if key in known}}
    return Profile(**{**values, "place_names": tuple(values["place_names"])})


def parse_profile(given: object) -> Profile:
    """Return a profile that a person has written down: every text of it, nothing unknown, nothing of another kind."""
    if not isinstance(given, Mapping):
        raise RuleViolation("机构信息文件中没有 [profile] 一节。")
    missing = [name for name in (*TEXTS, "place_names") if name not in given]
    unknown = sorted(set(given) - {*TEXTS, "place_names", "colour"})
    wrong = [name for name in (*TEXTS, "colour") if not isinstance(given.get(name, ""), str)]
    places = given.get("place_names", [])
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        wrong.append("place_names")
    told = [("缺少", missing), ("不认识", unknown), ("写法有误", wrong)]
    if faults := [f"机构信息文件：{what}{'、'.join(names)}。" for what, names in told if names]:
        raise RuleViolation(*faults)
    return from_json(given)


def require_sound(profile: Profile) -> None:
    """Refuse a profile with faults, all of them at once."""
    if found := list(profile_faults(profile)):
        raise RuleViolation(*found)


def profile_faults(profile: Profile) -> Iterator[str]:
    """Yield in Chinese what is wrong with a profile."""
    for name, field in FIELDS.items():
        yield from _text_faults(field, getattr(profile, name))
    if profile.district and profile.level not in LEVELS:
        yield f"“区县”须以“{'、'.join(LEVELS)}”结尾，现为“{profile.district}”。"
    yield from phone_faults(profile.phone)
    if profile.paper_code and not CODE.fullmatch(profile.paper_code):
        yield "“机关代字”为2至12个汉字，不含年份、括号和序号，如“南评办”中的三个字。"
    if any(mark in profile.newspaper for mark in "《》"):
        yield "“公示报纸”不带书名号，书名号由系统添加。"
    yield from _place_faults(profile.place_names)
    yield from _look_faults(profile)


def _look_faults(profile: Profile) -> Iterator[str]:
    if profile.colour not in COLOURS:
        yield "“网站颜色”请从所列颜色中选择。"
    if not DIGEST.fullmatch(profile.logo):
        yield "“徽标”的校验值有误，请重新上传。"


def _text_faults(field: Field, text: str) -> Iterator[str]:
    if text != text.strip() or FORBIDDEN.search(text):
        yield f"“{field.label}”首尾不能有空格，文中不能有换行、控制字符和尖括号、花括号、方头括号。"
    elif len(text) < field.shortest:
        yield f"“{field.label}”{f'至少{field.shortest}个字' if text else '还没有填写'}。"
    elif len(text) > field.longest:
        yield f"“{field.label}”最多{field.longest}个字，现有{len(text)}个字。"


def _place_faults(places: tuple[str, ...]) -> Iterator[str]:
    if not 1 <= len(places) <= MOST_PLACES:
        yield f"“地名前缀”填写1至{MOST_PLACES}个，每行一个。"
    if any(not place or len(place) > LONGEST_PLACE or FORBIDDEN.search(place) for place in places):
        yield f"“地名前缀”每个1至{LONGEST_PLACE}个字，不能有控制字符和括号。"
    if len(set(places)) < len(places):
        yield "“地名前缀”有重复的，请删除。"

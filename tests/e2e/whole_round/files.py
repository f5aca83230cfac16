"""The lists of this office, as untidy as they come."""

import io

from openpyxl import Workbook

UNITS = {
    "D01": ("区发展改革委", "行政部门", ("价格和收费管理科", "能源科", "投资科")),
    "D02": ("区公安局", "行政部门", ("户政科", "出入境管理科", "车辆管理所")),
    "D03": ("区人力社保局", "行政部门", ("就业服务科", "社会保险科", "劳动仲裁科")),
    "D04": ("区住房城乡建委", "行政部门", ("物业管理科", "施工许可科", "房屋交易科")),
}
SERVICES = ("行政审批", "行政服务", "行政服务")
HEADS = "赵钱孙李周吴郑王冯陈褚卫"
STRATA = {"服务对象": 60, "市场主体": 40}
GIVEN = "安邦昌达恩发刚浩佳凯乐明宁平全仁胜涛伟祥"


def sections():
    """Return (unit's code, section's code, section) of the roster."""
    return [
        (code, f"{code}-{number:02d}", name)
        for code, (_, _, names) in UNITS.items()
        for number, name in enumerate(names, 1)
    ]


def roster(wrong_unit=""):
    """The roster with a title, merged cells, an empty row and dates as people write them."""
    rows = [("2026年下半年参评科室名录（定稿）",), ()]
    rows.append(("单位代码", "单位名称", "单位性质", "科室代码", "科室名称", "类型", "科室负责人", "任职日期", "备注"))
    heads = iter(HEADS)
    for code, (unit, kind, names) in UNITS.items():
        for number, name in enumerate(names, 1):
            shown = (code, wrong_unit if wrong_unit and code == "D02" else f"{unit} ", kind)
            head = f"{next(heads)}{GIVEN[number]}"
            rows.append((*shown, f"{code}-{number:02d}", name, SERVICES[number - 1], head, "2024.3.1", "窗口科室"))
        rows.append(())
    return _saved(rows)


def supervisors(number=9):
    """The list of supervisors: two strata."""
    header = ("姓名", "手机号码", "类别", "工作单位")
    people = [_person(n, "监", 13_700_000_000, ("人大代表", "市民代表")[n % 2], "永隆山村") for n in range(number)]
    return _saved([("监督员推荐名单",), header, *people])


def evaluators(per_stratum=12):
    """The list of evaluators; phones with spaces, as copied from elsewhere."""
    header = ("姓名", "手机号码", "类别", "工作单位")
    people = [
        _person(n + at * per_stratum, "评", 13_600_000_000, stratum, "某某商行")
        for at, stratum in enumerate(STRATA)
        for n in range(per_stratum)
    ]
    return _saved([header, *people])


def _person(number, family, first_phone, stratum, unit):
    name = f"{family}{GIVEN[number % 20]}{GIVEN[(number * 7 + number // 20) % 20]}"
    phone = str(first_phone + number * 101)
    return name, f"{phone[:3]} {phone[3:7]} {phone[7:]}", stratum, unit


def _saved(rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()

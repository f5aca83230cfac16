"""Consequences of a reform, shown before confirmation (沿革的后果): names, participation, history of ranks."""

from collections.abc import Sequence
from datetime import date

from departments.reforms.rules.lineage import Title
from nanchuan_eval.workdays.rules import in_chinese

LOCKED = "已锁定名录的轮次不受影响，仍按锁定时的名录评议；以后锁定的轮次，按变动后的名录评议。"
FINAL = "沿革办理后不能删改，请核对无误再确认。"
KEPT = "以前各轮的位次、上榜次数继续计入该科室；已公布的公示仍使用当时的名称和单位。"


def renamed(title: Title, name: str, on: date) -> list[str]:
    """Return the consequences of a renaming (更名)."""
    return [f"{title}自{in_chinese(on)}起更名为“{name}”，代码、单位和负责人不变。", KEPT, LOCKED, FINAL]


def moved(titles: Sequence[Title], department: str, on: date) -> list[str]:
    """Return the consequences of a move to another department (转隶)."""
    return [
        f"{_all(titles)}自{in_chinese(on)}起转隶到“{department}”，名称、代码和负责人不变。",
        KEPT,
        f"以后锁定的轮次，上榜时由“{department}”及其领导承担责任。",
        LOCKED,
        FINAL,
    ]


def merged(titles: Sequence[Title], into: Title, on: date, *, is_new: bool) -> list[str]:
    """Return the consequences of a merger (合并)."""
    return [
        *_set_up([into] if is_new else []),
        f"{_all(titles)}自{in_chinese(on)}起并入{into}，此后不再参评，资料和任职记录保留。",
        f"以前各轮的位次由{into}延续：计算上榜次数、连续上榜时，{_all(titles)}的上榜均计入该科室。",
        LOCKED,
        FINAL,
    ]


def split(title: Title, parts: Sequence[Title], on: date, *, new: Sequence[Title], stays: bool) -> list[str]:
    """拆分; `parts` = the resulting sections except the old one, `new` = those of them to be created."""
    fate = f"{title}保留，继续参评" if stays else f"{title}此后不再参评，资料和任职记录保留"
    heirs = [title, *parts] if stays else parts
    return [
        *_set_up(new),
        f"{title}自{in_chinese(on)}起拆分出{_all(parts)}；{fate}。",
        f"以前各轮的位次由{_all(heirs)}分别延续：计算上榜次数、连续上榜时，{title}的上榜分别计入各科室。",
        LOCKED,
        FINAL,
    ]


def abolished(titles: Sequence[Title], on: date) -> list[str]:
    """Return the consequences of an abolition (撤销)."""
    return [
        f"{_all(titles)}自{in_chinese(on)}起撤销，此后不再参评，资料和任职记录保留。",
        "没有科室延续其位次；以前各轮的位次和已公布的公示不变。职责由其他科室承接的，请改用“合并”或者“拆分”办理。",
        LOCKED,
        FINAL,
    ]


def department_renamed(department: str, name: str, sections: int, on: date) -> list[str]:
    """Return the consequences of a department's renaming (单位更名)."""
    return [
        f"“{department}”自{in_chinese(on)}起更名为“{name}”，代码、领导和所属{sections}个科室不变。",
        f"“{department}”记入曾用名：名单、查询中仍写原名称的，按“{name}”识别。",
        "各科室的沿革记载原单位名称；以前各轮的位次、上榜次数继续计入各科室，已公布的公示仍使用当时的名称。",
        LOCKED,
        FINAL,
    ]


def department_merged(department: str, into: str, titles: Sequence[Title], names: Sequence[str], on: date) -> list[str]:
    """Return the consequences of a merger of departments (单位合并); `names` = those of the merged one."""
    moved = f"其科室{_all(titles)}转隶到“{into}”，名称、代码和负责人不变" if titles else "该单位没有科室"
    return [
        f"“{department}”自{in_chinese(on)}起并入“{into}”，此后不再参评；{moved}。",
        f"{''.join(f'“{name}”' for name in names)}记入“{into}”的曾用名：名单、查询中仍写这些名称的，按“{into}”识别。",
        f"“{department}”的联络员账号不会改到“{into}”，需要调整的，请安全管理员另行授权。",
        f"以后锁定的轮次，上榜时由“{into}”及其领导承担责任。",
        "以前各轮的位次、上榜次数继续计入各科室；已公布的公示仍使用当时的名称和单位。",
        LOCKED,
        FINAL,
    ]


def _set_up(new: Sequence[Title]) -> list[str]:
    if not new:
        return []
    return [f"新设{_all(new)}，单位和服务类型与原科室相同；负责人请在办理后到该科室的页面填写。"]


def _all(titles: Sequence[Title]) -> str:
    return "、".join(map(str, titles))

"""Roles that one person never holds together (三员分立、职责回避), over all his accounts."""

from collections.abc import Iterable

ADMINISTRATORS = frozenset({"SYS", "SEC", "AUD"})
# The commission judges what the office does; a liaison is neither evaluator's overseer nor inspector of anybody.
APART = (
    ({"D"}, {"C", "H", "L"}, "纪委监委的人员不能同时是评议办人员或单位联络员。"),
    ({"L"}, {"S", "I"}, "单位联络员不能同时是监督员或暗访督查员。"),
)


def conflicts(roles: Iterable[str]) -> list[str]:
    """Return in Chinese what forbids one person to hold all these roles."""
    held = {role for role in roles if role}
    found = []
    if held & ADMINISTRATORS and len(held) > 1:
        found.append("系统管理员、安全管理员、审计员三者之间、与任何业务角色之间都不能兼任。")
    return found + [text for left, right, text in APART if held & left and held & right]


def may_be_one_person(name: str, unit: str, liaison: str, liaison_unit: str) -> bool:
    """Say whether somebody on a list may be a unit's liaison: the same name, and the list gives that unit or none.

    A list holds no 人员编号, so a namesake without a unit counts as the liaison until somebody has looked.
    """
    return name.strip() == liaison.strip() and unit.strip() in {"", liaison_unit.strip()}

"""Rules for passwords (口令规则, 等保2.0), two persons, and roles that exclude each other (三员分立、职责回避)."""

from collections.abc import Iterable
from typing import Protocol

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import is_same_name, name_key
from nanchuan_eval.names.rules.units import UnitNames

CLASSES = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
WANTED_CLASSES = 3
LEAST_WORD = 3
NO_UNITS = UnitNames(())
LEAST_DIFFERENT = 6
FORBIDDEN_WORDS = ("pingyi", "评议", "password")
ADMINISTRATORS = frozenset({"SYS", "SEC", "AUD"})
# The commission reviews the office's work; a unit's liaison must neither supervise the evaluation nor inspect units.
APART = (
    ({"D"}, {"C", "H", "L"}, "纪委监委的人员不能同时是评议办人员或单位联络员。"),
    ({"L"}, {"S", "I"}, "单位联络员不能同时是监督员或暗访督查员。"),
)


class Account(Protocol):
    """An account as far as it shows whose it is."""

    @property
    def username(self) -> str: ...

    @property
    def person_code(self) -> str: ...


def person_key(code: str) -> str:
    """Return a 人员编号 as it is compared: like a name, and blanks make no difference between letters either."""
    return "".join(name_key(code).split())


def are_two_persons(one: Account, other: Account) -> bool:
    """True if both accounts have a 人员编号 and they differ; two accounts without one may be one person's."""
    keys = {person_key(one.person_code), person_key(other.person_code)}
    return len(keys) > 1 and "" not in keys


def require_numbered(*accounts: Account) -> None:
    """Refuse accounts without a 人员编号: nobody can tell whose they are."""
    missing = [f"账号“{account.username}”" for account in accounts if not person_key(account.person_code)]
    if missing:
        raise RuleViolation(
            f"{'、'.join(missing)}没有人员编号，不能办理须由不同人员办理的事项。请由系统管理员在“账号”中填写人员编号后再办理。"
        )


def require_two_persons(one: Account, other: Account, refusal: str) -> None:
    """Refuse two accounts of one person with the text, and accounts of which nobody can tell whose they are."""
    require_numbered(one, other)
    if not are_two_persons(one, other):
        raise RuleViolation(refusal)


def conflicts(roles: Iterable[str]) -> list[str]:
    """Return the reasons, in Chinese, why one person may not hold all these roles."""
    held = {role for role in roles if role}
    found = []
    if held & ADMINISTRATORS and len(held) > 1:
        found.append("系统管理员、安全管理员、审计员三者之间、与任何业务角色之间都不能兼任。")
    return found + [text for left, right, text in APART if held & left and held & right]


def may_be_one_person(name: str, unit: str, liaison: str, liaison_unit: str, units: UnitNames = NO_UNITS) -> bool:
    """True if a person on a list may be a unit's liaison: the same name, and a unit that is or may be the same.

    Lists hold no 人员编号, so a namesake without a unit counts as the liaison until somebody has checked. `units`
    recognise the unit in other words (区公安局, 公安局治安管理科).
    """
    if not is_same_name(name, liaison):
        return False
    if not name_key(unit) or is_same_name(unit, liaison_unit):
        return True
    codes = {one.code for one in units.recognise(liaison_unit).all}
    return any(one.code in codes for one in units.recognise(unit).all)


def password_faults(password: str, *, least: int, words: Iterable[str] = ()) -> list[str]:
    """Return every fault of the password in Chinese; `words` are what others know about the person and the place."""
    faults = []
    if len(password) < least:
        faults.append(f"口令至少{least}位。")
    if sum(any(map(is_in, password)) for is_in in CLASSES) < WANTED_CLASSES:
        faults.append("口令须含大写字母、小写字母、数字、符号四类中的三类。")
    if len(set(password)) < LEAST_DIFFERENT:
        faults.append("口令中重复字符过多，请更换。")
    known = [word for word in (*FORBIDDEN_WORDS, *words) if len(word) >= LEAST_WORD or not word.isascii()]
    typed = _as_guessed(password)
    if any(word and word in typed for word in map(_as_guessed, known)):
        faults.append("口令不能包含账号、姓名、单位、人员编号、区县名称等容易猜到的词。")
    return faults


def _as_guessed(text: str) -> str:
    """Return text without what somebody guessing it leaves out: blanks, kinds of dots, width, letter case."""
    return "".join(name_key(text).split())

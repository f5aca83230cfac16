"""What a password must be (口令规则, 等保2.0 身份鉴别)."""

from collections.abc import Iterable

CLASSES = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
WANTED_CLASSES = 3
LEAST_WORD = 3
LEAST_DIFFERENT = 6
FORBIDDEN_WORDS = ("nanchuan", "pingyi", "南川", "评议", "password")


def password_faults(password: str, *, least: int, words: Iterable[str] = ()) -> list[str]:
    """Return in Chinese everything that is wrong; `words` are what others know of the person."""
    faults = []
    if len(password) < least:
        faults.append(f"口令至少{least}位。")
    if sum(any(map(is_in, password)) for is_in in CLASSES) < WANTED_CLASSES:
        faults.append("口令须含大写字母、小写字母、数字、符号四类中的三类。")
    if len(set(password)) < LEAST_DIFFERENT:
        faults.append("口令中重复字符过多，请更换。")
    known = [word for word in (*FORBIDDEN_WORDS, *words) if len(word) >= LEAST_WORD or not word.isascii()]
    if any(word and word.casefold() in password.casefold() for word in known):
        faults.append("口令不能包含账号、姓名、单位、人员编号或“nanchuan”等容易猜到的词。")
    return faults

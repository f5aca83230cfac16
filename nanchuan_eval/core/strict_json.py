"""JSON files from anybody, read strictly: what two programs might read differently is refused, in Chinese."""

import json
import re
from typing import Any

from nanchuan_eval.core.faults import shortened

MOST_BYTES = 2_000_000
DEEPEST = 32
MOST_DIGITS = 40
HALF = re.compile("[\ud800-\udfff]")


class JSONFileError(ValueError):
    """The bytes are no JSON that could be used; the Chinese text names line and value where they are known."""


def parse_json(data: bytes) -> Any:
    """Return the document; objects name each key once, numbers are whole, texts are Unicode."""
    if len(data) > MOST_BYTES:
        raise JSONFileError(f"文件过大，超过{MOST_BYTES // 1_000_000}MB。")
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(
            text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_no_number, parse_constant=_no_number
        )
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise JSONFileError(f"第{line}行有不是UTF-8编码的文字：字节 {data[fault.start]:#04x}。") from None
    except json.JSONDecodeError as fault:
        found = fault.doc[fault.pos : fault.pos + 20].split("\n")[0]
        what = f"在“{found}”处" if found else "在行末"
        raise JSONFileError(f"第{fault.lineno}行第{fault.colno}个字符{what}不是有效的 JSON。") from None
    except RecursionError:
        raise JSONFileError(f"括号嵌套超过{DEEPEST}层。") from None
    _refuse_odd(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JSONFileError(f"“{shortened(key)}”在同一对象中出现两次，第二次的值为：{shortened(value)}")
        found[key] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise JSONFileError(f"整数超过{MOST_DIGITS}位：{shortened(digits)}")
    return int(digits)


def _no_number(text: str) -> Any:
    raise JSONFileError(f"数只能是整数，小数应写成文字：{shortened(text)}")


def _refuse_odd(document: Any) -> None:
    """Refuse deep nesting, and texts with half a character, which have no bytes in UTF-8."""
    values = [document]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in values:
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and HALF.search(value):
                raise JSONFileError(f"文字中有不完整的字符：{shortened(value)}")
        values = inner
    if values:
        raise JSONFileError(f"括号嵌套超过{DEEPEST}层。")

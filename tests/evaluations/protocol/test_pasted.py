"""Codes as people paste them."""

import pytest

from evaluations.protocol.codes import CodeError, format_code
from evaluations.protocol.pasted import read_code, read_receipt

CODE = "0123456789ABCDEFGHJK"
SHOWN = format_code(CODE)


@pytest.mark.parametrize(
    "pasted",
    [
        f"\ufeff{SHOWN}\u200b",  # byte order mark, zero width space
        "\u200d".join(CODE),
        f"\u202e\u200f{SHOWN}\u2069",  # directions of text
        SHOWN.replace("-", "\u00a0"),
        SHOWN.replace("-", "\u00ad-"),  # soft hyphens
        SHOWN.replace("-", "\u2007\u3000"),
        f"“{SHOWN}”",
        f"‘{SHOWN}’",
        f"「{SHOWN}」",
        f'"{SHOWN}"',
        f"«{SHOWN}»",
        f"`{SHOWN}`",
        f"（{SHOWN}）",
        f"【{SHOWN}】",
        "".join(chr(ord(c) + 0xFEE0) for c in SHOWN),  # full width
        f"票号：{SHOWN}",
        f"票号 {SHOWN}",
        f"我的票号是：“{SHOWN}”。",
        f"评议票票号:{SHOWN};",
        f"{SHOWN}。",
        f"{SHOWN}，\n",
        f"https://example.org/ballot/#{CODE}",
        f"  {SHOWN.lower()}.\t",
    ],
)
def test_what_stands_around_and_between_is_left_out(pasted):
    assert read_code(pasted) == CODE


def test_a_receipt_is_read_alike():
    assert read_receipt(f"回执号：{SHOWN}。") == CODE


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("票号：", "请输入票号"),
        ("“”", "请输入票号"),
        ("\u200b\ufeff", "请输入票号"),
        (f"{SHOWN}谢谢", "不含“谢”"),
        (f"票号：{CODE[:-1]}", "应为20位，您输入了19位"),
        ("票" * 20, "不含“票”"),
        (CODE[:10] + "*" + CODE[11:], "不含“*”"),
    ],
)
def test_what_is_wrong_with_the_number_itself_is_still_said(pasted, text):
    with pytest.raises(CodeError, match=text.replace("*", r"\*")):
        read_code(pasted)

"""Codes and receipts: 100 bits in 20 characters, read however untidily they are typed; their hashes to the byte."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.protocol.codes import (
    ALPHABET,
    ENTROPY_BYTES,
    CodeError,
    content_commitment,
    encode_code,
    format_code,
    issue_of,
    normalize_code,
    normalize_receipt,
    receipt,
)

CODE = "0123456789ABCDEFGHJK"
SHOWN = "0123-4567-89AB-CDEF-GHJK"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@given(st.binary(min_size=ENTROPY_BYTES, max_size=40))
def test_a_code_is_the_first_hundred_bits_five_to_a_character(data):
    bits = "".join(f"{byte:08b}" for byte in data)

    assert encode_code(data) == "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, 100, 5))


def test_thirteen_bytes_make_a_code_and_twelve_are_too_few():
    assert ENTROPY_BYTES == 13
    assert encode_code(b"\xff" * 13) == "Z" * 20
    with pytest.raises(ValueError, match="13 random bytes"):
        encode_code(b"\xff" * 12)


def test_a_code_is_shown_in_groups_of_four():
    assert format_code(CODE) == SHOWN


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        SHOWN,
        SHOWN.lower(),
        f" {SHOWN}\n",
        SHOWN.replace("-", "—"),
        SHOWN.replace("-", "\t"),
        SHOWN.replace("-", "·").replace("0", "O").replace("1", "l"),
        SHOWN.replace("1", "I"),
        "０１２３－４５６７－８９ＡＢ－ＣＤＥＦ－ＧＨＪＫ",
    ],
)
def test_a_code_may_be_typed_untidily(typed):
    assert normalize_code(typed) == normalize_receipt(typed) == CODE


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("", "请输入票号。"),
        (" -- ", "请输入票号。"),
        ("U" + CODE[1:], "票号中没有字母U，请核对是否为V。"),
        ("票" + CODE[1:], "票号由数字和字母组成，不含“票”，请核对后重新输入。"),
        ("\x00" + CODE[1:], "票号由数字和字母组成，不含“不可见字符”，请核对后重新输入。"),
        (CODE[1:], "票号应为20位，您输入了19位，请核对后重新输入。"),
        (CODE + "0", "票号应为20位，您输入了21位，请核对后重新输入。"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(typed, text):
    with pytest.raises(CodeError) as refusal:
        normalize_code(typed)
    with pytest.raises(CodeError, match="回执号"):
        normalize_receipt(typed)

    assert str(refusal.value) == text


def test_the_hashes_are_those_of_the_protocol():
    spend = sha256(f"nanchuan-ballot/1/spend\n2020H1\n{CODE}")

    assert issue_of("2020H1", CODE) == sha256(f"nanchuan-ballot/1/issue\n{spend}")
    assert receipt("ab", "1234") == encode_code(bytes.fromhex(sha256("nanchuan-ballot/1/track\nab\n1234")))
    assert content_commitment(CODE, "00", {"b": 1, "a": [2]}) == sha256(
        f'nanchuan-ballot/1/content\n{CODE}\n00\n{{"a":[2],"b":1}}'
    )

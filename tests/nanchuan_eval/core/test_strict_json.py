"""Files from anybody: read strictly, refused in Chinese with line and value, quickly whatever they hold."""

import time

import pytest

from nanchuan_eval.core.strict_json import MOST_BYTES, JSONFileError, parse_json


def test_a_plain_document_is_read_with_or_without_a_byte_order_mark():
    assert parse_json('\ufeff{"名":["1.5",-7,null,true]}'.encode()) == {"名": ["1.5", -7, None, True]}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "第1行第1个字符在行末不是有效的 JSON"),
        (b'{\n"a" 1}', "第2行第5个字符在“1}”处"),
        (b'{"a":1}\nx', "第2行第1个字符在“x”处"),
        (b'[\n"a",\n"\xff"]', "第3行有不是UTF-8编码的文字：字节 0xff"),
        (b'{"a":1,"a":2}', "“a”在同一对象中出现两次，第二次的值为：2"),
        (b'{"a":NaN}', "数只能是整数.*NaN"),
        (b"[-Infinity]", "数只能是整数.*-Infinity"),
        (b'{"a":1.5}', "数只能是整数.*1.5"),
        (b"1" * 41, "整数超过40位：1111"),
        (b"[" * 33 + b"]" * 33, "嵌套超过32层"),
        (b"[" * 1_000_000, "嵌套超过32层"),
        (b'["\\ud800"]', r"不完整的字符：\\ud800"),
        (b'{"\\ud800": 1, "\\ud800": 2}', r"“\\ud800”在同一对象中出现两次"),
        (b"x" * (MOST_BYTES + 1), "文件过大，超过2MB"),
    ],
)
def test_a_faulty_file_is_refused_by_line_and_value(data, told):
    with pytest.raises(JSONFileError, match=told):
        parse_json(data)


def test_nesting_up_to_the_limit_is_read():
    assert parse_json(b"[" * 32 + b"]" * 32)


@pytest.mark.parametrize("rubbish", [b"\x00", b"{", b"[[]", b"1", b'"a', b'{"a":', b"\xe4\xb8\xad", b"\r\n"])
def test_ten_megabytes_of_rubbish_are_refused_within_a_second(rubbish):
    began = time.process_time()

    for size in (10_000_000, MOST_BYTES):
        with pytest.raises(JSONFileError):
            parse_json((rubbish * size)[:size])

    assert time.process_time() - began < 1

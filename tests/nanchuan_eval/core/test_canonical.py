"""Canonical JSON: one text per value; values that other languages write differently are rejected."""

import hashlib

import pytest
from django.db.models import TextChoices

from nanchuan_eval.core.canonical import canonical_json, protocol_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.workflow import Flow

LARGEST = 9007199254740991


def test_keys_are_sorted_and_nothing_is_spaced_or_escaped():
    assert canonical_json({"b": [1, None, True], "a": "科室"}) == '{"a":"科室","b":[1,null,true]}'.encode()


def test_a_digest_is_lower_case_hexadecimal():
    assert sha256_hex(b"abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("value", [1.0, [1.0], {"a": 1.0}, [{"a": [0, (1.5,)]}], {"a": 1, "b": {"c": 2.0}}])
def test_a_float_is_refused_wherever_it_stands(value):
    with pytest.raises(ValueError, match="浮点数"):
        canonical_json(value)


@pytest.mark.parametrize("value", [0, 1, LARGEST, "", "科室 1", [], [0, "a", [1]], {"a": {"b c~": [2]}}, (1, 2)])
def test_the_protocol_takes_texts_and_numbers(value):
    assert protocol_json(value) == canonical_json(value)


@pytest.mark.parametrize("value", [-1, LARGEST + 1, True, False, None, 1.0, b"a", [1, -1], {"a": [None]}])
def test_the_protocol_takes_no_other_values(value):
    with pytest.raises(ValueError, match="规范文件"):
        protocol_json(value)


@pytest.mark.parametrize("key", [1, None, "键", "a\n", "a\x7f", "é"])
def test_the_protocol_takes_visible_english_keys_only(key):
    with pytest.raises(ValueError, match="规范文件的键"):
        protocol_json([{key: 1}])


@pytest.mark.parametrize("text", ["a\n", "\x00", "e\u0301", "\ud800"])
def test_the_protocol_takes_composed_text_without_control_characters(text):
    with pytest.raises(ValueError, match="NFC"):
        protocol_json({"a": [text]})


class Light(TextChoices):
    RED = "red", "红灯"
    GREEN = "green", "绿灯"


def test_a_flow_allows_the_listed_moves_and_refuses_the_others():
    flow = Flow({Light.RED: frozenset({Light.GREEN})})

    assert flow.allows(Light.RED, Light.GREEN)
    assert flow.move(Light.RED, Light.GREEN) == Light.GREEN
    assert not flow.allows(Light.RED, Light.RED)
    with pytest.raises(RuleViolation, match="当前状态为“绿灯”，不能转为“红灯”"):
        flow.move(Light.GREEN, Light.RED)

"""Accepted evidence files: every type by its first bytes, every limit at and around its edge."""

from io import BytesIO

import pytest

from accountability.evidence import rules
from accountability.evidence.rules import file_type, refuse_too_many, shown_name
from nanchuan_eval.core.errors import RuleViolation
from tests.accountability.factories import film, mp3, pdf, wave

MIB = 1024 * 1024
HEADS = [
    ("jpg", b"\xff\xd8\xff\xe0", 10),
    ("png", b"\x89PNG\r\n\x1a\n", 10),
    ("webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", 10),
    ("wav", b"RIFF\x00\x00\x00\x00WAVEfmt ", 50),
    ("pdf", b"%PDF-1.7", 20),
    ("m4a", b"\x00\x00\x00\x20ftypM4A \x00\x00", 50),
    ("m4a", b"\x00\x00\x00\x20ftypM4B \x00\x00", 50),
    ("mov", b"\x00\x00\x00\x20ftypqt  \x00\x00", 200),
    ("mp4", b"\x00\x00\x00\x20ftypisom", 200),
    ("mp4", b"\x00\x00\x00\x20ftypmp42", 200),
    ("mp3", b"ID3\x03", 50),
    ("mp3", b"\xff\xfb\x90", 50),
    ("mp3", b"\xff\xf3\x90", 50),
    ("mp3", b"\xff\xf2\x90", 50),
]


@pytest.mark.parametrize(("suffix", "head", "mib"), HEADS)
def test_a_type_is_detected_by_content_and_accepted_up_to_its_limit(suffix, head, mib):
    assert file_type(head, 1).suffix == suffix
    assert file_type(head, mib * MIB).suffix == suffix
    with pytest.raises(RuleViolation, match=f"不能超过{mib}MB，该文件为{mib + 1}MB"):
        file_type(head, mib * MIB + 1)


FILM, BOX = film(), b"\x00\x00\x00\x08free"
INDEX, DATA = FILM[FILM.index(b"moov") - 4 : FILM.index(b"mdat") - 4], FILM[FILM.index(b"mdat") - 4 :]
HEAD = FILM[: FILM.index(b"moov") - 4]
LONG_DATA = b"\x00\x00\x00\x01mdat" + (16 + 50).to_bytes(8) + bytes(50)


def is_complete(content):
    try:
        rules.refuse_incomplete(file_type(content[:64], len(content)), BytesIO(content), len(content))
    except RuleViolation as refusal:
        assert "不完整或者已损坏" in str(refusal)
        return False
    return True


@pytest.mark.parametrize(
    "content",
    [
        FILM,
        HEAD + DATA + INDEX,
        HEAD + BOX + INDEX + LONG_DATA,
        HEAD + INDEX + b"\x00\x00\x00\x00mdat" + bytes(50),  # a length of 0 reaches to the end
        FILM + b"what a maker appends",
        mp3(),
        mp3()[20:],
        wave(),
        wave()[:40] + b"\xff\xff\xff\xff" + bytes(100),  # a recorder that was cut off
        pdf(),
        pdf() + bytes(5000),
    ],
)
def test_what_a_device_records_is_complete(content):
    assert is_complete(content)


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x00\xc8ftypisom" + bytes(188),
        b"ftypisom" * 25,
        HEAD,
        HEAD + INDEX,
        HEAD + DATA,
        HEAD + b"\x00\x00\x00\x08moov" + DATA,
        HEAD + INDEX + b"\x00\x00\x00\x08mdat",
        HEAD + INDEX + DATA[:-1],
        HEAD + INDEX + LONG_DATA[:-1],
        HEAD + b"\x00\x00\x00\x07free" + INDEX + DATA,
        HEAD + BOX * 20_000 + INDEX + DATA,
        b"ID3\x03" + bytes(200),
        b"ID3",
        b"\xff\xfb\x90\x00" + bytes(5000),
        b"\xff\xfb" * 5000,
        b"RIFF\x00\x00\x00\x00WAVE" + bytes(200),
        wave()[:36],
        wave()[:12] + wave()[36:],
        b"%PDF-1.7\n" + bytes(200),
        pdf()[:-6],
    ],
)
def test_what_only_begins_like_its_type_is_refused(content):
    if content.startswith(b"ftyp"):
        content = b"\x00\x00\x00\xc8" + content
    assert not is_complete(content)


def test_the_size_of_a_refused_file_is_rounded_up():
    with pytest.raises(RuleViolation, match="该文件为12MB"):
        file_type(b"\xff\xd8\xff", 12 * MIB)
    with pytest.raises(RuleViolation, match="该文件为13MB"):
        file_type(b"\xff\xd8\xff", 12 * MIB + 1)


def test_an_empty_file_is_refused():
    with pytest.raises(RuleViolation, match="没有内容"):
        file_type(b"", 0)


@pytest.mark.parametrize(
    "head",
    [
        b"MZ\x90",
        b"PK\x03\x04",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"XXXX\x00\x00\x00\x00WEBP",
        b"XXXX\x00\x00\x00\x00WAVE",
        b"\x00\x00\x00\x20freeM4A ",
        b"\x00\x00\x00\x20freeqt  ",
        b"\xff\xd8\x00",
        b"\xff\xff",
        b"<html>",
    ],
)
def test_any_other_content_is_refused(head):
    with pytest.raises(RuleViolation, match="按内容识别"):
        file_type(head, 1000)


def test_the_bytes_read_for_detection_cover_every_signature():
    assert max(len(head) for _, head, _ in HEADS) <= rules.HEAD_BYTES == 64


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("照片.jpg", "照片.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\窗口.jpg", "窗口.jpg"),
        ("a/b\\c.png", "c.png"),
        ("a\x00b\u202ec.png", "abc.png"),
        ("  .隐藏. ", "隐藏"),
        ("", "未命名文件"),
        ("...", "未命名文件"),
        ("dir/", "未命名文件"),
        ("a" * 116 + ".jpg", "a" * 116 + ".jpg"),
        ("b" + "a" * 116 + ".jpg", "a" * 116 + ".jpg"),
    ],
)
def test_a_shown_name_has_no_path_no_control_characters_and_keeps_its_end(name, shown):
    assert shown_name(name) == shown


@pytest.mark.parametrize("count", [0, 9])
def test_files_are_accepted_up_to_the_number_allowed(count):
    refuse_too_many(count, 0, 1, most=10, largest=MIB)


@pytest.mark.parametrize("count", [10, 11])
def test_a_file_beyond_the_number_allowed_is_refused(count):
    with pytest.raises(RuleViolation, match=f"最多上传10个文件，已上传{count}个"):
        refuse_too_many(count, 0, 1, most=10, largest=MIB)


def test_files_are_accepted_up_to_the_total_size_allowed():
    refuse_too_many(1, 2 * MIB, MIB, most=10, largest=3 * MIB)

    with pytest.raises(RuleViolation, match="合计不能超过3MB"):
        refuse_too_many(1, 2 * MIB, MIB + 1, most=10, largest=3 * MIB)

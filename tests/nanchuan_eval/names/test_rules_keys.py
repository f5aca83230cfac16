"""One key for all spellings of a name, different keys for different names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.names.rules.characters import (
    BLANK_LETTERS,
    IDEOGRAPH_OF_RADICAL,
    MIDDLE_DOTS,
    SHAPELESS,
    UNICODE_OF_PRIVATE_USE,
)
from nanchuan_eval.names.rules.keys import is_same_name, name_key, tidy, unprintable

# Names on the cards of the district: common and rare characters, two of them outside the BMP, and dotted names.
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5) | st.sampled_from("𬭎䶮𠅤㐆㛃﨎")
PARTS = st.text(HAN, min_size=1, max_size=4)
NAMES = PARTS | st.lists(PARTS, min_size=2, max_size=3).map("·".join)
BLANKS = [" ", "\u3000", "\xa0", "\u2009", "\u202f", "\t", "\n", "\r\n", *sorted(BLANK_LETTERS)]
INVISIBLE = ["\u200b", "\u200d", "\ufeff", "\xad", "\u2060", "\u202e", "\x00", "\ufe0f", "\U000e0100", "\ufffe"]
LOOKS_OF = {
    plain: [other for other in map(chr, range(0x2E80, 0x2FE0)) if name_key(other) == plain]
    for plain in {name_key(chr(point)) for point in range(0x2E80, 0x2FE0)}
}
PRIVATE_FORM = {character: chr(point) for point, character in UNICODE_OF_PRIVATE_USE.items()}
RADICALS = [chr(p) for p in range(0x2E80, 0x2FD6) if unicodedata.category(chr(p)) != "Cn" and p != 0x2E80]
LAYOUT = st.lists(st.sampled_from(BLANKS + INVISIBLE), max_size=3).map("".join)


@st.composite
def spelled(draw, name):
    """The name as somebody else types it: other blanks, dots, radicals, and characters that do not show."""
    text = draw(LAYOUT)
    for character in name:
        looks = LOOKS_OF.get(character, [])
        if character == "·":
            looks = [*MIDDLE_DOTS, "．", ".", "。", "・", "··"]
        elif character in PRIVATE_FORM:
            looks = [PRIVATE_FORM[character]]
        text += draw(st.sampled_from([character, *looks])) + draw(LAYOUT)
    return text


@given(st.data(), NAMES)
def test_any_mixture_of_blanks_dots_radicals_and_invisible_characters_has_one_key(data, name):
    assert name_key(data.draw(spelled(name))) == name_key(name)


@given(NAMES, NAMES)
def test_two_names_of_other_characters_never_share_a_key(one, other):
    assert (name_key(one) == name_key(other)) is (one == other)


@given(st.data(), NAMES, NAMES)
def test_two_names_never_share_a_key_however_they_are_spelled(data, one, other):
    assert is_same_name(data.draw(spelled(one)), data.draw(spelled(other))) is (one == other)


@given(NAMES, st.integers(0, 11), HAN)
def test_one_other_character_is_another_name(name, place, character):
    place %= len(name)
    if name[place] not in {"·", character}:
        assert not is_same_name(name, name[:place] + character + name[place + 1 :])


@given(st.text(max_size=20))
def test_the_key_and_the_stored_text_of_any_text_stay_as_they_are(text):
    assert name_key(name_key(text)) == name_key(text)
    assert tidy(tidy(text)) == tidy(text)
    assert name_key(tidy(text)) == name_key(text)


@given(st.text(max_size=20))
def test_no_stored_text_holds_what_does_not_show(text):
    assert not {unicodedata.category(c) for c in tidy(text)} & {"Cc", "Cf", "Cs"}
    assert not set(tidy(text)) & set(PRIVATE_FORM.values())


@given(NAMES)
def test_what_is_stored_stays_as_typed(name):
    assert tidy(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("radical", RADICALS)
def test_every_radical_is_compared_as_its_character(radical):
    key = name_key(f"{radical}刚")

    assert "CJK UNIFIED IDEOGRAPH" in unicodedata.name(key[0])
    assert key == name_key(key)


def test_every_stroke_of_the_table_becomes_a_character():
    assert all("CJK UNIFIED" in unicodedata.name(chr(point)) for point in IDEOGRAPH_OF_RADICAL.values())


def test_every_private_character_of_gb_18030_becomes_one_that_prints():
    two_bytes = [bytes([lead, trail]) for lead in range(0xA2, 0xFF) for trail in range(0x40, 0xFF) if trail != 0x7F]
    decoded = {code.decode("gb18030", "replace") for code in two_bytes}
    # User-defined zones 1 to 3 (AAA1–AFFE, F8A1–FEFE, A140–A7A0) hold what each office drew for itself.
    private = {c for c in decoded if unicodedata.category(c) == "Co" and ord(c) >= 0xE766}

    assert {ord(c) for c in private if ord(c) in UNICODE_OF_PRIVATE_USE}
    assert all(unicodedata.category(c) not in {"Co", "Cn"} for c in UNICODE_OF_PRIVATE_USE.values())
    assert len(set(UNICODE_OF_PRIVATE_USE.values())) == len(UNICODE_OF_PRIVATE_USE) == 105


@pytest.mark.parametrize("dot", sorted(MIDDLE_DOTS))
def test_every_kind_of_middle_dot_is_one(dot):
    for typed in (f"阿依努尔{dot}买买提", f"阿依努尔 {dot} 买买提", f"阿依努尔{dot}\u3000买买提"):
        assert is_same_name(typed, "阿依努尔·买买提")


@pytest.mark.parametrize("point", [point for points in SHAPELESS for point in points])
def test_a_mark_without_a_shape_makes_no_difference(point):
    assert is_same_name(f"陈{chr(point)}刚", "陈刚")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈　刚", "陈刚"),
        ("陈 刚", "陈刚"),
        ("⻋刚", "车刚"),
        ("⾦刚", "金刚"),
        ("﨎", "﨎"),
        ("欧阳娜娜", "欧阳　娜娜"),
        ("Ｄ０１", "D01"),
        ("D01-a", "d01-A"),
        ("Mary  Ann", "ＭＡＲＹ ＡＮＮ"),
        ("公安局（治安科）", "公安局(治安科)"),
        ("\ue855刚", "𤇾刚"),
        ("李\ue81a", "李㑳"),
        ("e\u0301va", "éva"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert is_same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈刚", "陈钢"),
        ("阿依努尔·买买提", "阿依努尔买买提"),
        ("Mary Ann", "Maryann"),
        ("1 2科", "12科"),
        ("公安局", "公安分局"),
        ("𬭎", "鉷"),
        ("龑", "䶮"),
        ("", ""),
        ("\u200b", "\u3000"),
    ],
)
def test_other_names_and_no_name_are_not_the_same(one, other):
    assert not is_same_name(one, other)


def test_only_the_private_characters_that_no_standard_defines_are_refused():
    assert unprintable("陈\ue815刚") == ""
    assert unprintable("陈\ue000刚\U000f0000") == "\ue000\U000f0000"


def test_a_line_break_is_a_blank_between_words_and_nothing_within_chinese_text():
    assert tidy("D01-01\nD01-02") == "D01-01 D01-02"
    assert tidy("科室\r\n代码") in {"科室 代码", "科室代码"}
    assert name_key("科室\r\n代码") == "科室代码"

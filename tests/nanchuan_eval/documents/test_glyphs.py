"""No document has a box in the place of a character: rare ones are in the font, others are printed as their code."""

import re
import struct
import subprocess
from datetime import UTC, datetime

import pytest

from nanchuan_eval.documents import rendering
from nanchuan_eval.documents.glyphs import printable

# Characters of names beyond the basic plane or late in it, most of them of 通用规范汉字表.
RARE = "𬭎䶮𠅤𠮷𡋾𤧛𫖯𬀩𪣻㛃𬘭𬱖𫘜𬭚𬬻𫓧𨱏𬍛𬸪䲟𪩘𫄷鿍鿎鿏"
BUILT_IN = {"Noto Serif SC", "Noto Sans CJK SC", "DejaVu Sans Mono"}


@pytest.mark.parametrize("character", RARE)
def test_a_rare_character_of_names_is_printed(character):
    assert printable(f"张{character}") == f"张{character}"


@pytest.mark.parametrize(
    ("character", "code"), [("\U00030000", "U+30000"), ("\ue000", "U+E000"), ("\U00020001", "U+20001")]
)
def test_a_character_that_no_font_has_is_printed_as_its_code(character, code):
    assert printable(f"张{character}") == f"张〔{code}〕"


def test_other_scripts_marks_and_selectors_stay():
    text = "Añ Ж α \u200b\ufe00 №·—〔〕 →"

    assert printable(text) == text


def font_with(first, last):
    """A font file that has nothing but the list of its characters."""
    cmap = struct.pack(">HHHHIHHIIIIII", 0, 1, 3, 10, 12, 12, 0, 28, 0, 1, first, last, 1)
    return struct.pack(">IHHHH", 0x00010000, 1, 16, 0, 0) + struct.pack(">4sIII", b"cmap", 0, 28, len(cmap)) + cmap


def test_further_fonts_are_used(tmp_path):
    (tmp_path / "rare.ttf").write_bytes(font_with(0x30000, 0x30003))

    assert printable("张\U00030000", str(tmp_path)) == "张\U00030000"
    assert printable("张\U00030004", str(tmp_path)) == "张〔U+30004〕"


def test_every_typeface_ends_in_one_that_comes_with_the_program():
    texts = [template.read_text(encoding="utf-8") for template in rendering.TEMPLATES.glob("*.typ")]
    single = {name for text in texts for name in re.findall(r'font: "([^"]+)"', text)}
    lists = {names for text in texts for names in re.findall(r"#let \w+ = \((\".+\")\)\n", text)}

    assert single <= BUILT_IN
    assert len(lists) == 4
    assert {re.findall(r'"([^"]+)"', names)[-1] for names in lists} == {"Noto Sans CJK SC"}


@pytest.mark.pdftext
def test_a_document_has_the_rare_characters_and_the_codes_of_others(tmp_path):
    data = {
        "title": "影响期证明",
        "demo": "",
        "body": "",
        "office": "评议办",
        "date": "",
        "pairs": [("姓名", f"张{RARE}\U00030000")],
    }
    target = tmp_path / "out.pdf"
    target.write_bytes(rendering.render_pdf("certificate", data, at=datetime(2020, 7, 1, tzinfo=UTC)))

    shown = subprocess.run(["pdftotext", str(target), "-"], capture_output=True, check=True).stdout.decode()

    assert f"张{RARE}〔U+30000〕" in "".join(shown.split())

"""Which characters the fonts of the documents can print; others are printed as their code, never as a box."""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import manimgx_fonts_cjk  # type: ignore[import-untyped]
import pylopdf_fonts_zh_cn

# 黑体 and every rare character; 宋体 for titles and, where no 仿宋 is installed, for the text.
FONTS = (Path(manimgx_fonts_cjk.__file__).parent, pylopdf_fonts_zh_cn.serif_path().parent)
SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
COLLECTION = b"ttcf"
SEGMENTED_COVERAGE = 12  # the cmap format that reaches beyond U+FFFF
# Ideographs, radicals and the private use areas; typst brings its own fonts for other scripts.
CHECKED = ((0x2E80, 0x2FFF), (0x3400, 0x9FFF), (0xE000, 0xFAFF), (0x20000, 0x3FFFF), (0xF0000, 0x10FFFF))


def printable(text: str, folder: str = "") -> str:
    """Return the text with each character that no font has as its code: 张〔U+30000〕.

    `folder` = further fonts beside those that come with the program.
    """
    missing = {ord(c): f"〔U+{ord(c):X}〕" for c in set(text) if _is_checked(c) and ord(c) not in _covered(folder)}
    return text.translate(missing) if missing else text


def font_paths(folder: str = "") -> list[Path]:
    """Return the folders with fonts, the program's own first."""
    return [*FONTS, *([Path(folder)] if folder else [])]


def _is_checked(character: str) -> bool:
    is_drawn = unicodedata.category(character)[0] in "LNSP" or unicodedata.category(character) == "Co"
    return any(first <= ord(character) <= last for first, last in CHECKED) and (is_drawn or _is_new(character))


def _is_new(character: str) -> bool:
    """True if Python's tables do not know the character yet, as a later block of ideographs."""
    return unicodedata.category(character) == "Cn"


@cache
def _covered(folder: str) -> frozenset[int]:
    files = (file for path in font_paths(folder) for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES)
    return frozenset(point for file in files for points in _coverage(file) for point in points)


def _coverage(file: Path) -> Iterator[range]:
    """Yield the code points of a font file (of a collection, those of its first font)."""
    with file.open("rb") as font:
        start = 0
        if font.read(4) == COLLECTION:
            font.seek(12)
            (start,) = struct.unpack(">I", font.read(4))
        font.seek(start + 4)
        (count,) = struct.unpack(">H", font.read(2))
        font.seek(start + 12)
        tables = dict(_tables(font.read(16 * count)))
        if b"cmap" not in tables:
            return
        at, length = tables[b"cmap"]
        font.seek(at)
        yield from _mapped(font.read(length))


def _tables(directory: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for tag, _, at, length in struct.iter_unpack(">4sIII", directory):
        yield tag, (at, length)


def _mapped(cmap: bytes) -> Iterator[range]:
    (count,) = struct.unpack(">H", cmap[2:4])
    for _, _, at in struct.iter_unpack(">HHI", cmap[4 : 4 + 8 * count]):
        (kind,) = struct.unpack(">H", cmap[at : at + 2])
        if kind == SEGMENTED_COVERAGE:
            (groups,) = struct.unpack(">I", cmap[at + 12 : at + 16])
            for first, last, _ in struct.iter_unpack(">III", cmap[at + 16 : at + 16 + 12 * groups]):
                yield range(first, last + 1)

"""The look comes from one place: colours and sizes from tokens.css, rules from sheets that a page links."""

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
NAMED = (
    "aqua|black|blue|brown|fuchsia|gold|gray|green|grey|lime|maroon|navy|olive|orange|pink|purple|red|silver|teal|white"
    "|yellow"
)
COLOUR = re.compile(
    rf"#[0-9a-f]{{3,8}}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(|(?<![\w-])(?:{NAMED})(?![\w-])", re.I
)
SIZE = re.compile(r"(?<![\w.])\d*\.?\d+(?:px|rem|pt|pc|cm|mm|q|in)\b", re.I)
CONDITION = re.compile(r"@(?:media|supports)[^{]*|@page\s*\{[^}]*\}|/\*.*?\*/", re.S)
PAINT = re.compile(
    r"""\b(?:fill|stroke|color|bgcolor|stop-color|light|dark)=["'](?!none|currentColor)[^"'{]+["']""", re.I
)
INLINE = re.compile(r"\sstyle\s*=|<style\b", re.I)
OUTSIDE = re.compile(r"""(?:https?:)?//[\w-]+(?:\.[\w-]+)+|@import(?! "[\w-]+\.css";)|url\(\s*["']?(?!data:)""", re.I)
NAMES = re.compile(r"http://www\.w3\.org/2000/svg")  # a name, never fetched
LINK = re.compile(r"""["'](css/\w+\.css)["']""")


def sheet_faults(sheet: str) -> set[str]:
    """Return what a sheet other than tokens.css and colours.css says itself instead of taking it from there."""
    declarations = CONDITION.sub("", sheet)
    values = re.findall(r"[{;]\s*[\w-]+\s*:([^;{}]*)", declarations)
    faults = {found for value in values for rule in (COLOUR, SIZE) for found in rule.findall(value)}
    return faults | set(OUTSIDE.findall(declarations))


def markup_faults(markup: str) -> set[str]:
    """Return the inline styles, painted shapes and foreign addresses of a template or a script."""
    text = NAMES.sub("", markup)
    return {found for rule in (INLINE, PAINT, OUTSIDE) for found in rule.findall(text)}


def unlinked(sheets: set[str], sources: list[str]) -> set[str]:
    """Return the sheets that no page links."""
    return sheets - {name for source in sources for name in LINK.findall(source)}


def read(folder: Path, pattern: str) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in folder.rglob(pattern)}


def test_colours_and_sizes_come_from_the_tokens():
    sheets = {
        name: text for name, text in read(STATIC, "*.css").items() if not name.endswith(("/tokens.css", "/colours.css"))
    }
    assert sheets
    assert {name: found for name, text in sheets.items() if (found := sheet_faults(text))} == {}


def test_templates_and_scripts_style_nothing_themselves_and_load_nothing_from_elsewhere():
    sources = read(TEMPLATES, "*.html") | read(STATIC, "*.js")
    assert {name: found for name, text in sources.items() if (found := markup_faults(text))} == {}


def test_every_sheet_is_linked_and_every_linked_sheet_exists():
    sheets = {f"css/{path.name}" for path in (STATIC / "css").iterdir()}
    sources = [*read(TEMPLATES, "*.html").values(), (ROOT / "departments" / "admin.py").read_text(encoding="utf-8")]
    assert unlinked(sheets, sources) == set()
    assert {name for source in sources for name in LINK.findall(source)} - sheets == set()


def test_a_sheet_imports_the_sheets_it_builds_on_which_exist():
    """`collectstatic` puts them in; only the first lines of a sheet are imports."""
    sheets = read(STATIC, "*.css")
    imported = {name: re.findall(r'^@import "([\w-]+\.css)";', text, re.M) for name, text in sheets.items()}
    named = {name: found for name, found in imported.items() if found}
    assert named == {"static/css/base.css": ["tokens.css"], "static/css/voting.css": ["base.css"]}
    assert all(sheets[name].startswith("@import") for name in named)


def test_static_files_have_one_home():
    assert [path for path in ROOT.glob("*/static") if path.is_dir()] == []
    assert {path.parent for path in STATIC.rglob("*.css")} == {STATIC / "css"}


def test_every_token_is_used_and_every_used_token_exists():
    sheets = read(STATIC, "*.css")
    defined = set(re.findall(r"(--[\w-]+)\s*:", sheets["static/css/tokens.css"]))
    used = {name for text in sheets.values() for name in re.findall(r"var\((--[\w-]+)", text)}
    assert used == defined


def test_templates_have_no_line_over_120():
    lines = [(name, line) for name, text in read(TEMPLATES, "*.html").items() for line in text.splitlines()]
    assert [(name, line) for name, line in lines if len(line) > 120] == []


@pytest.mark.parametrize(
    "planted",
    [
        "a { color: #0b57a4; }",
        "a { color: #fff }",
        "a { border: var(--thin) solid rgb(1 2 3); }",
        "a { background: hsl(0 0% 0%); }",
        "a { color: White; }",
        "a { font-size: 14px; }",
        "a { font: 1.1rem/1.6 var(--mono); }",
        "@media print { a { font-size: 9pt; } }",
        "a { padding: 0 6px; }",
        "a { background: url(https://fonts.example.com/a.png); }",
        '@import "https://fonts.example.com/a.css";',
        "@import url(other.css);",
    ],
)
def test_a_planted_value_is_found_in_a_sheet(planted):
    assert sheet_faults(planted) != set()


def test_a_sheet_of_tokens_is_clean():
    sheet = "/* 3px, #fff */ @media (max-width: 640px) { .red, #add:hover { color: var(--ink); margin: 0 .4em; } }"
    assert sheet_faults(sheet) == set()


@pytest.mark.parametrize(
    "planted",
    [
        '<p style="margin: 0">',
        "<style>p { margin: 0 }</style>",
        '<rect fill="#fff"/>',
        '<path stroke="red"/>',
        '<script src="https://cdn.example.com/a.js">',
        '<img src="//cdn.example.com/a.png">',
    ],
)
def test_a_planted_style_or_address_is_found_in_a_template(planted):
    assert markup_faults(planted) != set()


def test_a_planted_sheet_without_a_link_is_found():
    assert unlinked({"css/a.css", "css/b.css"}, ["{% static 'css/a.css' %}"]) == {"css/b.css"}

"""Every colour a district may choose keeps the contrast of text, by day and by night."""

import re

import pytest

from nanchuan_eval.profile.rules.colours import BLUE, COLOURS
from tests.paths import ROOT

CSS = ROOT / "static" / "css"
TWO = re.compile(r"--([\w-]+): var\(--light, (#[0-9a-f]{6})\) var\(--dark, (#[0-9a-f]{6})\);")
ONE = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
# What is read: ink, ground; the bars at the top have one value for day and night.
PAIRS = (
    *(("brand", ground) for ground in ("paper", "page", "brand-soft")),
    *(("brand-dark", ground) for ground in ("paper", "page", "brand-soft")),
    *(("on-fill", ground) for ground in ("brand", "brand-dark")),
    ("ink", "brand-soft"),
    *(("on-masthead", ground) for ground in ("masthead", "masthead-light")),
)


def tokens(text, theme):
    both = {name: found[theme] for name, *found in TWO.findall(text)}
    return dict(ONE.findall(text)) | both


def palette(colour, theme):
    """The tokens of a page with this colour; theme 0 = light, 1 = dark."""
    base = tokens((CSS / "tokens.css").read_text(encoding="utf-8").split(".large, .largest {")[0], theme)
    rules = (CSS / "colours.css").read_text(encoding="utf-8").split(f'[data-colour="{colour}"])) {{')
    return base | (tokens(rules[1].split("}")[0], theme) if colour != BLUE else {})


def luminance(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("colour", COLOURS)
def test_text_can_be_read(colour, theme):
    known = palette(colour, theme)
    low = {pair: round(found, 2) for pair in PAIRS if (found := contrast(*(known[name] for name in pair))) < 4.5}

    assert low == {}


@pytest.mark.parametrize("colour", sorted(set(COLOURS) - {BLUE}))
def test_each_choice_changes_the_same_tokens_and_looks_like_no_alarm(colour):
    changed = {name for name, value in palette(colour, 0).items() if value != palette(BLUE, 0)[name]}

    assert changed == {"brand", "brand-dark", "brand-soft", "masthead", "masthead-light"}
    assert palette(colour, 0)["brand"] not in {palette(BLUE, 0)[name] for name in ("alarm", "good", "warn")}


def test_links_beside_text_are_told_apart_by_more_than_their_colour():
    """The brand of some choices is as dark as the text of the breadcrumbs beside it."""
    sheet = (CSS / "workspace.css").read_text("utf-8")
    (rule,) = re.findall(r"\.breadcrumbs a:is\(:link, :visited\) \{([^}]*)\}", sheet)

    assert "text-decoration: underline" in rule
    assert min(contrast(palette(each, 0)["brand"], palette(each, 0)["muted"]) for each in COLOURS) < 3

"""The handbook as pages: docs/handbook read once, its Markdown rendered without raw HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from PIL import Image

from nanchuan_eval.handbook.rules import (
    HandbookPage,
    Part,
    in_reading_order,
    page_explaining,
    parse_page,
)

FOLDER = settings.BASE_DIR / "docs" / "handbook"
PICTURES = "pictures"
NAME = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Chapter:
    """A page as it is shown: its HTML and its headings with their anchors."""

    page: HandbookPage
    html: SafeString
    headings: Sequence[tuple[str, str]]


@cache
def handbook() -> Sequence[HandbookPage]:
    """Return all pages in reading order."""
    files = sorted(FOLDER.glob("*.md"))
    return in_reading_order(parse_page(file.stem, file.read_text(encoding="utf-8")) for file in files)


def parts() -> list[tuple[Part, list[HandbookPage]]]:
    """Return the parts with their pages."""
    return [(part, [page for page in handbook() if page.part == part]) for part in Part]


def help_address(request: HttpRequest) -> str:
    """Return the address of the page that explains the request's page; the contents where none does."""
    match = request.resolver_match
    page = page_explaining(handbook(), match.view_name) if match else None
    return reverse("help-page", args=[page.slug]) if page else reverse("help")


@cache
def chapter(slug: str, *, is_whole: bool = False) -> Chapter:
    """Return a page rendered; in the whole handbook its links lead to its other chapters."""
    page = next(page for page in handbook() if page.slug == slug)
    env = {"slug": slug, "is_whole": is_whole}
    headings = [(anchor_of(slug, section.number), section.title) for section in page.sections[1:]]
    return Chapter(page, mark_safe(_markdown().render(page.text, env)), headings)  # noqa: S308 raw HTML is off


def anchor_of(slug: str, number: int) -> str:
    """Return the anchor of a section, unique in the whole handbook."""
    return f"{slug}-{number}" if number else slug


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.inline.ruler.before("emphasis", "name", _name)
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("image", _picture)
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("thead_open", _columns)
    markdown.add_render_rule("tr_open", _row)
    markdown.add_render_rule("td_open", _cell)
    return markdown


def _name(state: StateInline, silent: bool) -> bool:
    """Read `**name**`: Markdown's own rule does not end a name at a closing bracket before a Chinese character."""
    found = NAME.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("strong_open", "strong", 1)
        state.push("text", "", 0).content = found[1]
        state.push("strong_close", "strong", -1)
    state.pos = found.end()
    return True


def _heading(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Give headings of the second level their anchors; in the whole handbook all are one level deeper."""
    level = int(tokens[at].tag[1])
    if level == 2:
        env["number"] = env.get("number", 0) + 1
        tokens[at].attrSet("id", anchor_of(env["slug"], env["number"]))
    if env["is_whole"]:
        tokens[at].tag = f"h{level + 1}"
        closing = next(n for n in range(at, len(tokens)) if tokens[n].type == "heading_close")
        tokens[closing].tag = tokens[at].tag
    return renderer.renderToken(tokens, at, options, env)


def _columns(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Note the columns' names, which stand beside the cells where a phone shows a row as a card."""
    end = next(n for n in range(at, len(tokens)) if tokens[n].type == "thead_close")
    env["columns"] = [tokens[n + 1].content for n in range(at, end) if tokens[n].type == "th_open"]
    return renderer.renderToken(tokens, at, options, env)


def _row(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    env["cell"] = 0
    return renderer.renderToken(tokens, at, options, env)


def _cell(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    tokens[at].attrSet("data-label", env["columns"][env["cell"]])
    env["cell"] += 1
    return renderer.renderToken(tokens, at, options, env)


def _picture(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Show a picture of docs/handbook/pictures in its size, with its text below it."""
    name = PurePosixPath(str(tokens[at].attrs["src"])).name
    width, height = _size(name)
    tokens[at].attrs |= {"src": static(f"handbook/{name}"), "width": width, "height": height, "loading": "lazy"}
    tokens[at].attrs["alt"] = tokens[at].content
    return renderer.renderToken(tokens, at, options, env)


@cache
def _size(name: str) -> tuple[int, int]:
    with Image.open(FOLDER / PICTURES / name) as picture:
        return picture.size


def _link(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Lead from file to file as from page to page; addresses of the site stay as they are."""
    target = str(tokens[at].attrs["href"])
    slug, _, number = target.removeprefix("#").partition(".md")
    if ".md" in target:
        anchor = anchor_of(slug, int(number.removeprefix("#") or 0))
        page = reverse("help-page", args=[slug]) + (f"#{anchor}" if number else "")
        tokens[at].attrs["href"] = f"#{anchor}" if env["is_whole"] else page
    return renderer.renderToken(tokens, at, options, env)

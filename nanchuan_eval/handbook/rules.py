"""The handbook as texts: pages with a head, their sections, search, and which page explains which address."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from django.db.models import TextChoices

HEAD = re.compile(r"---\n(.*?)\n---\n(.*)", re.S)
# Marks of Markdown that a reader of plain text does not want: links, pictures, bold names, list signs.
MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|\[([^\]]*)\]\([^)]*\)|\*\*|^[ >|#-]+|[`|]", re.M)
HEADING = re.compile(r"^## +(.+)$", re.M)
# So many characters of a section stand below a hit.
EXCERPT, BEFORE = 90, 20
MOST_HITS = 30


class Part(TextChoices):
    """部分: the parts of the handbook, in reading order."""

    START = "start", "从这里开始"
    PHASES = "phases", "按阶段"
    ROLES = "roles", "按角色"
    SYSTEM = "system", "系统和账号"


@dataclass(frozen=True)
class Section:
    """A heading of a page with the text below it; the first one of a page, its opening, has the number 0."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class HandbookPage:
    """One page: what its head says, and its text as Markdown."""

    slug: str
    title: str
    part: Part
    order: int
    summary: str
    # Names of the addresses that it explains; one that ends in * stands for all that begin so.
    explains: tuple[str, ...]
    text: str

    @property
    def sections(self) -> list[Section]:
        """Return the opening and what follows each heading of the second level."""
        opening, *rest = HEADING.split(self.text)
        named = zip(rest[::2], rest[1::2], strict=True)
        return [Section(0, self.title, opening), *(Section(n, *pair) for n, pair in enumerate(named, 1))]


@dataclass(frozen=True)
class Hit:
    """A section that holds all words looked for, with the text around the first of them."""

    page: HandbookPage
    section: Section
    excerpt: str


def parse_page(slug: str, text: str) -> HandbookPage:
    """Return the page of a file: a head of `name: value` lines between two rules, then Markdown."""
    found = HEAD.fullmatch(text)
    if not found:
        raise ValueError(f"{slug}: no head")
    head = dict(line.split(": ", 1) for line in found[1].splitlines())
    return HandbookPage(
        slug=slug,
        title=head["title"],
        part=Part(head["part"]),
        order=int(head["order"]),
        summary=head["summary"],
        explains=tuple(head.get("explains", "").split()),
        text=found[2].strip(),
    )


def in_reading_order(pages: Iterable[HandbookPage]) -> list[HandbookPage]:
    """Return the pages by part and their place in it."""
    parts = list(Part)
    return sorted(pages, key=lambda page: (parts.index(page.part), page.order, page.slug))


def page_explaining(pages: Iterable[HandbookPage], address: str) -> HandbookPage | None:
    """Return the page that explains an address by its name: the exact name before the longest beginning."""
    best: tuple[int, HandbookPage] | None = None
    for page in pages:
        for name in page.explains:
            is_hit = address.startswith(name[:-1]) if name.endswith("*") else address == name
            weight = len(name) + (0 if name.endswith("*") else len(address) + 1)
            if is_hit and (best is None or weight > best[0]):
                best = weight, page
    return best[1] if best else None


def plain(text: str) -> str:
    """Return the text without marks of Markdown, on one line."""
    return re.sub(r"\s+", " ", MARKUP.sub(lambda found: found[1] or "", text)).strip()


def search(pages: Sequence[HandbookPage], typed: str) -> list[Hit]:
    """Return the sections that hold every word typed; those whose heading holds one come first."""
    words = [word.casefold() for word in typed.split()]
    hits = list(_hits(pages, words)) if words else []
    hits.sort(key=lambda hit: not any(word in hit.section.title.casefold() for word in words))
    return hits[:MOST_HITS]


def _hits(pages: Sequence[HandbookPage], words: Sequence[str]) -> Iterator[Hit]:
    for page in pages:
        for section in page.sections:
            text = plain(section.text)
            whole = f"{section.title} {text}".casefold()
            if all(word in whole for word in words):
                yield Hit(page, section, _excerpt(text, words))


def _excerpt(text: str, words: Sequence[str]) -> str:
    places = [at for word in words if (at := text.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - BEFORE)
    cut = text[start : start + EXCERPT]
    return f"{'…' if start else ''}{cut}{'…' if start + EXCERPT < len(text) else ''}"


def neighbours(pages: Sequence[HandbookPage], slug: str) -> tuple[HandbookPage | None, HandbookPage | None]:
    """Return the pages before and after one in reading order."""
    before = list(takewhile(lambda page: page.slug != slug, pages))
    after = pages[len(before) + 1 :]
    return (before[-1] if before else None), (after[0] if after else None)

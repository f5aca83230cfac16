"""The handbook's texts as tests read them, and everything that the product says, to compare them with."""

import ast
import re
from functools import cache

from django.utils.translation import gettext, override

from nanchuan_eval.handbook.pages import FOLDER
from tests.paths import ROOT

PICTURES = FOLDER / "pictures"
RECORD = PICTURES / "pictures.json"
# What stands between two asterisks is the name of a button, a link, a field, a heading or a message.
NAME = re.compile(r"\*\*(.+?)\*\*")
APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
CHINESE = re.compile("[一-鿿]")
# Buttons that Django's own admin pages bring along.
OF_DJANGO = ("Save", "Add %(name)s", "Delete", "Action:")
LEAST_FIXED = 2
# One of two texts, or a text or none: {% if … %}…{% else %}…{% endif %}.
EITHER = re.compile(r"\{% if [^%]*%\}([^{]*)(?:\{% else %\}([^{]*))?\{% endif %\}")


def names_in(slug):
    """Return the names that a page gives."""
    return NAME.findall((FOLDER / f"{slug}.md").read_text(encoding="utf-8"))


@cache
def says(name):
    """True if a template or a string of the code says exactly this, or says it with other such texts filled in."""
    name = without_figures(name)
    fits = (pattern.fullmatch(name) for pattern in _with_gaps())
    return name in _fixed() or any(found and all(map(_is_filling, found.groups())) for found in fits)


def without_figures(text):
    """Return the text on one line with 0 for every number, which differs from day to day."""
    return re.sub(r"\d+", "0", re.sub(r"\s+", " ", text)).strip()


def _is_filling(text):
    return text.isdecimal() or text in _fixed()


@cache
def _fixed():
    found = {piece for text in _pieces() if isinstance(text, str) for piece in (text.strip(),)}
    with override("zh-hans"):
        found |= {gettext(text).partition("%")[0].strip() for text in OF_DJANGO}
    return {without_figures(text) for text in found if CHINESE.search(text)}


@cache
def _with_gaps():
    texts = {text for text in _pieces() if isinstance(text, tuple)}
    enough = [text for text in texts if sum(len(CHINESE.findall(part)) for part in text) >= LEAST_FIXED]
    return [re.compile("(.+)".join(re.escape(without_figures(part)) for part in text)) for text in enough]


def _pieces():
    """Yield every text: a string, or the tuple of its fixed parts where something is filled in between."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield from _of_python(ast.parse(path.read_text(encoding="utf-8")))
    for pattern in ("templates/**/*.html", "static/js/*.js"):
        for path in ROOT.glob(pattern):
            yield from _of_template(path.read_text(encoding="utf-8"))
    policy = (ROOT / "nanchuan_eval/permissions/policy.csv").read_text(encoding="utf-8")
    yield from policy.replace("\n", ",").split(",")


def _of_python(tree):
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield tuple(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def _of_template(text):
    text = re.sub(r"\{#.*?#\}|<script.*?</script>", "", text, flags=re.S)
    for quoted in re.findall(r'[=:]"([^"{}<>]+)"', text):
        yield from (quoted, *quoted.split(","))
    for kept in (r"\1", r"\2"):
        yield from _runs(EITHER.sub(kept, text))


def _runs(text):
    text = re.sub(r"\{%\s*(?:end)?(?:if|elif|else|for|with|block|include|empty)[^%]*%\}|<[^>]+>", "\1", text)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "\0", text, flags=re.S)
    for run in (re.sub(r"\s+", " ", each).strip() for each in re.split("\1", text)):
        yield tuple(part.strip() for part in run.split("\0")) if "\0" in run else run

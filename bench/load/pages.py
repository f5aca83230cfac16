"""The ballot's pages as a citizen reads and fills them in: forms, answers, the receipt; computes only."""

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from random import Random

from django.core.signing import b64_decode

from evaluations.protocol.codes import receipt

RATE, REVIEW, CAST = "/ballot/rate/", "/ballot/review/", "/ballot/cast/"
FORM = re.compile(r'<form\b[^>]*\baction="([^"]*)"[^>]*>(.*?)</form>', re.S)
INPUT = re.compile(r"<input\b([^>]*)>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
RECEIPT = re.compile(r'<p class="receipt"[^>]*>\s*([0-9A-Z-]+)\s*</p>')
# Either page says that the ballot is in: after the first press, and after a further one.
ACKNOWLEDGED = ("评议票已提交", "此前已有一张评议票以这个回执号提交")
SEVERE = frozenset("23")
MOST_CHOSEN = 5
Field = tuple[str, str]


def chosen_sections(page: str, rng: Random) -> list[Field]:
    """Return the form of the second page with some sections ticked."""
    inputs = _inputs(page, RATE)
    offered = [field for kind, field in inputs if kind == "checkbox"]
    return _hidden(inputs) + rng.sample(offered, min(len(offered), rng.randint(1, MOST_CHOSEN)))


def rated_section(page: str, rng: Random) -> tuple[str, list[Field]]:
    """Return the address and the form of a rating page with every question answered, each severe one with a sign."""
    address = REVIEW if _inputs(page, REVIEW) else RATE
    inputs = _inputs(page, address)
    questions: dict[str, tuple[list[Field], list[Field]]] = {}
    question = ""
    for kind, field in inputs:
        if kind == "radio":
            question = field[0]
            questions.setdefault(question, ([], []))[0].append(field)
        elif kind == "checkbox" and question:
            questions[question][1].append(field)
    answers = [(rng.choice(levels), signs) for levels, signs in questions.values()]
    ticks = [rng.choice(signs) for (_, level), signs in answers if level in SEVERE and signs]
    comment = [("comment", rng.choice(["", "等了\n两次"]))] if address == REVIEW else []
    return address, [*_hidden(inputs), *(answer for answer, _ in answers), *ticks, *comment]


def final_form(page: str, rng: Random) -> tuple[str, list[Field]]:
    """Return the receipt that the ballot will get, and the form of the review, which casts it."""
    fields, digits = _hidden(_inputs(page, CAST)), f"{rng.randrange(10_000):04d}"
    payload, _, _ = dict(fields)["admission"].rpartition(":")
    return receipt(json.loads(b64_decode(payload.encode()))["random"], digits), [*fields, ("digits", digits)]


def is_reviewed(page: str) -> bool:
    """True for the page from which the ballot is cast."""
    return bool(_inputs(page, CAST))


def receipt_on(page: str) -> str:
    """Return the receipt that a page shows, without separators; empty if there is none."""
    found = RECEIPT.search(page)
    return found[1].replace("-", "") if found else ""


def is_acknowledged(page: str) -> bool:
    """True if the page says that the ballot has been cast."""
    return any(text in page for text in ACKNOWLEDGED)


def _hidden(inputs: Sequence[tuple[str, Field]]) -> list[Field]:
    return [field for kind, field in inputs if kind == "hidden"]


def _inputs(page: str, action: str) -> list[tuple[str, Field]]:
    """Return (type, (name, value)) of the last form that leads to the address; an unfinished draft's comes first."""
    forms = [body for address, body in FORM.findall(page) if address == action]
    return list(_named(forms[-1])) if forms else []


def _named(form: str) -> Iterator[tuple[str, Field]]:
    for attributes in INPUT.findall(form):
        known = dict(ATTRIBUTE.findall(attributes))
        if "name" in known:
            yield known.get("type", "text"), (known["name"], unescape(known.get("value", "")))

"""What the handbook names is there: buttons, linked pages, pictures, addresses; every role and page has its own."""

import json
import re
from pathlib import PurePosixPath

import pytest
from django.test import Client
from django.urls import get_resolver, resolve
from PIL import Image

from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.rules.rhythm import QUARTERLY
from evaluations.rounds.rules.rulebook import DEFAULTS
from nanchuan_eval.handbook.pages import chapter, handbook
from nanchuan_eval.handbook.rules import page_explaining
from nanchuan_eval.permissions.policy import Role
from tests.nanchuan_eval.handbook.texts import NAME, PICTURES, RECORD, names_in, says

SLUGS = [page.slug for page in handbook()]
LINK = re.compile(r"\]\(([^)]+)\)")
LARGEST_PICTURE = 60_000
# Addresses that are no pages of the staff: what everybody reads, what machines ask, files, and steps without a page.
PUBLIC = re.compile(
    r"front-page|open-data|readyz|metrics|ballot|receipt|how-to|privacy|scoring|list|notice|recount|proofs?|response|public|type-size|record|box"
    r"|issued|spent|paper-file|closing|message-receipts|healthz|audit-anchors|help|draw-(proof|file)|accountability:("
    r"results|follow-up|suggestions|suggestion-status|inspection-proof)"
)
# Addresses of Django's admin that nothing links.
OF_DJANGO = re.compile(r"admin:(auth_|app_list|index|login|logout|js|view|auto|password_change)")


def addresses(patterns=None, space=""):
    """Yield the names of all addresses with their name spaces."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        if hasattr(each, "url_patterns"):
            yield from addresses(each.url_patterns, f"{space}{each.namespace}:" if each.namespace else space)
        elif each.name:
            yield f"{space}{each.name}"


ADDRESSES = sorted(set(addresses()))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_name_that_a_page_gives_is_said_by_the_product(slug):
    assert [name for name in names_in(slug) if not says(name)] == []


def test_a_name_that_nothing_says_is_found():
    assert says("同意并办理")
    assert says("导入监督员库")
    assert not says("立即开启评议吧")
    assert NAME.findall("点**同意并办理**，再点**封箱**。") == ["同意并办理", "封箱"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_link_of_a_page_leads_somewhere(slug):
    for target in LINK.findall(next(page.text for page in handbook() if page.slug == slug)):
        name, _, number = target.partition(".md")
        if target.startswith("pictures/"):
            assert (PICTURES / PurePosixPath(target).name).exists(), target
        elif target.startswith("/"):
            resolve(target)
        else:
            page = next(page for page in handbook() if page.slug == name)
            assert int(number.removeprefix("#") or 0) < len(page.sections), target


def test_every_picture_is_shown_small_and_recorded():
    shown = {name for page in handbook() for name in re.findall(r"pictures/([\w-]+)\.webp", page.text)}

    assert shown == {path.stem for path in PICTURES.glob("*.webp")}
    assert shown == set(json.loads(RECORD.read_text(encoding="utf-8")))
    for path in PICTURES.glob("*.webp"):
        assert path.stat().st_size <= LARGEST_PICTURE, path.name
        with Image.open(path) as picture:
            assert picture.format == "WEBP"


def test_every_picture_says_what_it_shows():
    assert all(re.search("[一-鿿]", text) for page in handbook() for text in re.findall(r"!\[(.*?)\]", page.text))


def test_every_page_of_the_staff_is_explained_by_one():
    unexplained = [name for name in ADDRESSES if not PUBLIC.match(name) and not page_explaining(handbook(), name)]

    assert [name for name in unexplained if not OF_DJANGO.match(name)] == []


def test_what_a_page_explains_exists():
    for page in handbook():
        for name in page.explains:
            found = [each for each in ADDRESSES if each == name or (name[-1] == "*" and each.startswith(name[:-1]))]
            assert found, (page.slug, name)


def test_every_role_has_a_page():
    texts = " ".join(page.title for page in handbook() if page.part == "roles")

    assert [role.label for role in Role if role.label not in texts] == []


def test_every_step_of_a_round_is_explained_among_the_phases():
    named = {name for page in handbook() if page.part == "phases" for name in NAME.findall(page.text)}

    assert [step.label for step in Step if step.label not in named] == []


def test_every_page_of_a_role_leads_to_the_phases_or_says_what_the_role_may():
    for page in handbook():
        if page.part == "roles":
            assert LINK.search(page.text), page.slug


def test_the_terms_of_the_presets_are_the_programs():
    """The handbook says them in words; a changed preset must change the page."""
    table = {
        cells[0]: cells[1:]
        for line in next(page.text for page in handbook() if page.slug == "rhythm").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 3
    }
    rows = {
        "报送整改方案": "plan_workdays",
        "立行立改": "at_once_workdays",
        "报告后暗访复查": "recheck_days",
        "暗访责令整改": "order_workdays",
        "暗访随机抽查科室": "inspected_sections",
    }
    differing = {key for key, value in QUARTERLY.items() if DEFAULTS[key] != value}

    assert set(rows.values()) == differing
    for row, key in rows.items():
        assert [int(re.sub(r"\D", "", cell)) for cell in table[row]] == [DEFAULTS[key], QUARTERLY[key]]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_is_shown_without_raw_html(slug):
    answer = Client().get(f"/help/{slug}/")

    assert answer.status_code == 200
    assert chapter(slug).page.title in answer.content.decode()
    assert "<script" not in chapter(slug).html
    assert "**" not in chapter(slug).html

"""The handbook's pure rules: heads, sections, which page explains an address, search, order."""

import pytest

from nanchuan_eval.handbook.rules import (
    Part,
    in_reading_order,
    neighbours,
    page_explaining,
    parse_page,
    plain,
    search,
)

FILE = "---\ntitle: 票号\npart: phases\norder: {order}\nsummary: 怎样生成\nexplains: {explains}\n---\n{text}\n"


def page(slug="codes", text="先点**生成票号**。", *, explains="admin:codes", order=10):
    return parse_page(slug, FILE.format(order=order, explains=explains, text=text))


def test_a_file_is_read_with_its_head():
    read = page()

    assert (read.title, read.part, read.order, read.explains) == ("票号", Part.PHASES, 10, ("admin:codes",))
    assert read.text == "先点**生成票号**。"


def test_a_file_without_a_head_is_a_fault():
    with pytest.raises(ValueError, match="codes"):
        parse_page("codes", "## 没有\n")


def test_sections_follow_the_headings():
    read = page(text="开头\n\n## 生成\n\n一\n\n## 作废\n\n二")

    assert [(each.number, each.title) for each in read.sections] == [(0, "票号"), (1, "生成"), (2, "作废")]
    assert read.sections[2].text.strip() == "二"


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("admin:codes", "exact"),
        ("admin:codes-print", "narrow"),
        ("admin:round", "wide"),
        ("home", None),
    ],
)
def test_an_address_is_explained_by_its_exact_name_before_the_longest_beginning(address, slug):
    pages = [
        page("wide", explains="admin:*"),
        page("exact", explains="admin:codes"),
        page("narrow", explains="admin:codes-* admin:co*"),
    ]
    found = page_explaining(pages, address)

    assert (found.slug if found else None) == slug


def test_marks_are_left_out_of_plain_text():
    assert plain("1. 点**生成票号**，见[票号](glossary.md)。\n\n![图](pictures/a.webp)\n| 甲 | 乙 |") == (
        "1. 点生成票号，见票号。 甲 乙"
    )


class TestSearch:
    PAGES = (page("one", "作废的办法\n\n## 退信\n\n票号作废后补发"), page("two", "## 票号\n\n没有别的"))

    def test_every_word_must_be_there(self):
        assert [hit.page.slug for hit in search(self.PAGES, "票号 补发")] == ["one"]

    def test_headings_come_first(self):
        first = search(self.PAGES, "票号")[0]

        assert (first.page.slug, first.section.title) == ("one", "票号")
        assert search(self.PAGES, "退信")[0].section.number == 1

    def test_nothing_is_found_by_nothing(self):
        assert search(self.PAGES, "  ") == []
        assert search(self.PAGES, "没有这个词") == []

    def test_an_excerpt_is_cut_around_the_word(self):
        (hit,) = search([page("long", "甲" * 200 + "补发" + "乙" * 200)], "补发")

        assert hit.excerpt.startswith("…")
        assert hit.excerpt.endswith("…")
        assert "补发" in hit.excerpt


def test_pages_stand_by_part_and_place():
    later, first = page("later", order=20), page("first", order=10)

    assert [each.slug for each in in_reading_order([later, first])] == ["first", "later"]
    assert neighbours([first, later], "first") == (None, later)
    assert neighbours([first, later], "later") == (first, None)

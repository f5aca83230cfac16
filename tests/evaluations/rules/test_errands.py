"""Finding a section by what one came for."""

from pathlib import Path

import pytest

import departments
from evaluations.papers import paper_by_digest
from evaluations.rules.errands import ERRANDS, errands_of
from nanchuan_eval.spreadsheet import read_rows
from tests.factories import make_open_round, make_section

ROSTER = Path(departments.__file__).parent / "data" / "roster.xlsx"


@pytest.mark.parametrize(
    ("section", "errand"),
    [
        ("不动产登记中心", "办房产证"),
        ("婚姻登记处", "结婚"),
        ("社会救助科", "低保"),
        ("市场主体登记注册科", "营业执照"),
    ],
)
def test_a_section_is_found_by_everyday_words(section, errand):
    assert errand in errands_of(section)


def test_a_section_without_everyday_words_has_none():
    assert errands_of("能源科") == ""


def test_every_errand_leads_to_a_section_of_the_default_roster():
    names = " ".join(cell for _, _, cells in read_rows(ROSTER.read_bytes(), ROSTER.name) for cell in cells)
    assert [errand for errand, words in ERRANDS if not any(word in names for word in words)] == []


@pytest.mark.django_db
def test_the_frozen_paper_carries_the_errands_to_the_form():
    make_section(name="不动产登记中心")
    paper = paper_by_digest(make_open_round(sections=1).paper_sha256)

    assert {section.matters for section in paper.sections} == {"办房产证、过户、抵押", ""}

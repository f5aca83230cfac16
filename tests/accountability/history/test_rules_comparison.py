"""What an import of earlier lists changes and asks."""

from datetime import date

import pytest

from accountability.history.rules.comparison import NOBODY, Stored, compare
from accountability.history.rules.earlier_lists import EarlierEntry, EarlierLists
from accountability.history.rules.matching import Known, Sections
from nanchuan_eval.names.rules.units import Unit, UnitNames

UNITS = UnitNames([Unit("D01", "公安局", (), ("户政科", "治安科"))], ["区"])
KNOWN = [
    Known(1, "D01-01", "公安局", "户政科", now="公安局户政科"),
    Known(2, "D01-02", "公安局", "治安科", now="公安局治安科"),
]
ON = date(2019, 7, 1)


def entry(section="户政科", rank=1, department="公安局", **given):
    return EarlierEntry("第2行", given.pop("key", "2019H2"), "2019年下半年", ON, rank, department, section, **given)


def stored(section="户政科", rank=1, counts_for="D01-01 公安局户政科", department="公安局"):
    return Stored("2019H2", "2019年下半年", ON, rank, department, section, "", counts_for)


def compared(*entries, before=(), answers=None):
    return compare(EarlierLists(entries), Sections(KNOWN, UNITS), before, answers or {})


def changes(*entries, before=(), **given):
    return [(one.kind, one.cells[5]) for one in compared(*entries, before=before, **given).changes]


def test_what_is_new_changed_gone_and_the_same():
    before = [stored(), stored("治安科", 2, "D01-02 公安局治安科"), stored("别的科", 3, "无")]

    assert changes(entry(), entry("治安科", 5), before=before) == [
        ("变更", ("治安科", "治安科")),
        ("删除", ("别的科", "")),
    ]
    assert changes(entry(), before=[]) == [("新增", ("", "户政科"))]
    assert compared(entry(), before=[stored()]).preview().nothing


def test_the_same_section_in_another_spelling_is_a_change_of_its_text():
    assert changes(entry(department="公 安 局"), before=[stored()]) == [("变更", ("户政科", "户政科"))]


def test_one_question_asks_for_all_rounds():
    found = compared(entry("户政科窗口"), entry("户 政科窗口", key="2019H1"))

    (question,) = found.questions
    assert question.text == "“公安局 户政科窗口”（2019H2、2019H1）是名录中的哪个科室？"
    assert question.choices[0] == ("D01-01", "D01-01 公安局户政科")
    assert question.default == ""
    assert found.preview().notices == ()
    assert ("不计入历次情况", 0) in found.preview().figures
    assert list(found.asked) == ["公安局户政科窗口", "公安局户 政科窗口"]


@pytest.mark.parametrize(("answer", "section"), [("D01-01", 1), (NOBODY, None), ("D09-09", None), ("", None)])
def test_the_answer_decides_which_section_is_meant(answer, section):
    (question,) = compared(entry("户政科窗口")).questions

    found = compared(entry("户政科窗口"), answers={question.key: answer})

    meant = found.lines[0].section
    assert (meant and meant.section) == section
    assert bool(found.open_questions({question.key: answer})) is (answer not in {"D01-01", NOBODY})


def test_another_name_of_a_known_unit_is_nobody_unless_it_is_answered():
    (question,) = compared(entry("督察队")).questions

    assert question.default == NOBODY
    assert compared(entry("督察队")).unknown == ("公安局督察队",)
    assert compared(entry("督察队"), answers={question.key: "D01-02"}).lines[0].section == KNOWN[1]


def test_an_unknown_unit_is_named_and_not_asked_about():
    found = compared(entry(department="水务局"))

    assert found.questions == ()
    assert found.preview().notices == ("名录中没有、不计入历次情况的科室：水务局户政科。",)


def test_what_is_asked_about_is_not_called_nobodys_in_a_notice():
    found = compared(entry("督察队"), entry("治安支队", 2), entry(department="水务局", rank=3))

    assert [question.default for question in found.questions] == [NOBODY, ""]
    assert found.preview().notices == ("名录中没有、不计入历次情况的科室：水务局户政科。",)


def test_only_rounds_that_are_there_are_said_to_be_replaced():
    assert compared(entry()).preview().consequence == ""
    found = compared(entry(), entry(key="2019H1"), before=[stored()])
    assert found.preview().consequence == "轮次2019H2原有的往期上榜名单由文件内容取代。"


def test_the_fingerprint_covers_answers_and_what_is_there():
    prints = {
        compared(entry("户政科窗口")).fingerprint,
        compared(entry("户政科窗口"), answers={compared(entry("户政科窗口")).questions[0].key: "D01-01"}).fingerprint,
        compared(entry("户政科窗口"), before=[stored()]).fingerprint,
        compared(entry("户政科窗口", 2)).fingerprint,
    }

    assert len(prints) == 4

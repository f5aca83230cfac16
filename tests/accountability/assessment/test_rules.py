"""The year's deductions: by each round's own rules, exact, in a fixed order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from accountability.assessment import rules as assessment_rules
from accountability.assessment.rules import NAME_MISSING, Listed, PointRules, Post, Recorded
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from nanchuan_eval.core.pinyin import text_key

assess, by_unit, by_cadre = (
    partial(rule, text_key=text_key)
    for rule in (assessment_rules.assess, assessment_rules.by_unit, assessment_rules.by_cadre)
)
FULL = {
    "assessment_points": "1.5",
    "assessment_top_points": "1",
    "assessment_repeat_points": "0.25",
    "assessment_unclosed_points": "2",
}


def rules(**changes):
    return PointRules.of({**default_rulebook(), **FULL, **changes})


def listed(order=0, rank=5, **changes):
    facts = {
        "order": order,
        "round_name": f"第{order}轮",
        "unit": "公安局",
        "section": "车管所",
        "rank": rank,
        "rectification": "已销号",
        "is_closed": True,
        "by_superior": False,
        "rules": rules(),
        **changes,
    }
    return Listed(**facts)


@pytest.mark.parametrize(
    ("listings", "points"),
    [
        ([listed()], ["1.5"]),
        ([listed(rank=3)], ["2.5"]),
        ([listed(is_closed=False)], ["3.5"]),
        ([listed(0), listed(1)], ["1.5", "1.75"]),
        ([listed(by_superior=True)], [None]),
        ([listed(rules=PointRules.of(default_rulebook()))], [None]),
    ],
)
def test_points_add_up(listings, points):
    assert [str(line.points) if line.points is not None else None for line in assess(listings)] == points


def test_a_section_is_listed_again_if_one_whose_places_it_continues_was():
    before, after = listed(0, section_code="D01-01"), listed(1, section_code="D01-09")

    points = [line.points for line in assess([before, replace(after, predecessors=frozenset({"D01-01"}))])]

    assert points == [Decimal("1.5"), Decimal("1.75")]
    assert [line.points for line in assess([before, after])] == [Decimal("1.5"), Decimal("1.5")]


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [([], "1.5"), ([False], "1.5，另1次另定"), ([True, True], "1.5，另2次见办理记录")],
)
def test_a_total_names_the_listings_that_no_rule_gives_points(recorded, shown):
    done = {True: Recorded("已办", date(2020, 7, 20), "扣2分"), False: Recorded()}
    others = [
        listed(n, rules=PointRules.of(default_rulebook()), assessment=done[is_]) for n, is_ in enumerate(recorded, 1)
    ]
    lines = assess([listed(), *others])

    assert str(by_unit(lines)[0].shown_points) == shown
    assert {str(row.shown_points) for row in by_cadre(lines) if len(row.lines) == len(lines)} == {shown}


def test_units_total_their_sections_and_are_ordered_by_points():
    lines = assess([listed(), listed(section="户政科", rank=1), listed(unit="税务局", is_closed=False)])

    first, second = by_unit(lines)

    assert (first.unit, first.points, first.listings, first.best_rank) == ("公安局", Decimal("4.0"), 2, 1)
    assert (second.unit, second.unclosed) == ("税务局", 1)


def test_the_order_of_the_rows_read_does_not_matter():
    rows = [listed(0), listed(1), listed(section="户政科")]

    assert assess(rows) == assess(reversed(rows))


@pytest.mark.parametrize("text", ["-1", "1e3", "100.5", "1.234", "一", "٣", " 1"])
def test_points_that_are_no_plain_number_are_refused(text):
    assert any("最多两位小数" in error for error in rulebook_errors({**default_rulebook(), "assessment_points": text}))


@pytest.mark.parametrize("text", ["", "0", "5", "100", "0.25"])
def test_plain_points_are_accepted(text):
    assert rulebook_errors({**default_rulebook(), "assessment_points": text}) == []


def test_units_come_by_points_then_listings_then_place_then_name():
    undecided = rules(**dict.fromkeys(FULL, ""))
    lines = assess(
        [
            listed(unit="丙", rules=undecided, rank=4),
            listed(unit="乙", rules=undecided, rank=4),
            listed(unit="丁", rules=undecided, rank=2),
            listed(unit="戊", rules=undecided, rank=9),
            listed(unit="戊", rules=undecided, rank=8, section="户政科"),
            listed(unit="己", rules=rules(assessment_points="0.5"), rank=10),
        ]
    )

    assert [(line.unit, line.points) for line in by_unit(lines)] == [
        ("己", Decimal("0.5")),
        ("戊", None),
        ("丁", None),
        ("丙", None),
        ("乙", None),
    ]


def test_a_section_and_a_unit_renamed_within_the_year_are_the_same_ones():
    before = listed(0, unit="农委", section="农机站", unit_code="D16", section_code="D16-03")
    after = listed(1, unit="农业农村委", section="农机监理站", unit_code="D16", section_code="D16-03")
    other = listed(2, unit="农委", section="农机站", unit_code="D17", section_code="D17-01")

    lines = assess([after, before, other])

    assert {line.listed.order: "年内再次上榜" in "".join(line.reasons) for line in lines} == {
        0: False,
        1: True,
        2: False,
    }
    assert [(unit.unit, unit.listings) for unit in by_unit(lines)] == [("农业农村委", 2), ("农委", 1)]


def test_another_spelling_is_the_same_section():
    lines = assess([listed(0), listed(1, unit="公 安局", section="车　管所")])

    assert sum("年内再次上榜" in "".join(line.reasons) for line in lines) == 1
    assert len(by_unit(lines)) == 1


NAMES = {Post.CHIEF: "钱局长", Post.IN_CHARGE: "赵副局长", Post.HEAD: "孙所长"}


def answering(*rows):
    return [(row.post, row.name, len(row.lines), row.points) for row in by_cadre(assess(rows))]


def test_the_leading_body_answers_for_all_its_sections_and_a_head_for_its_own():
    other = NAMES | {Post.HEAD: "周科长"}

    assert answering(listed(names=NAMES), listed(1, section="户政科", names=other)) == [
        (Post.CHIEF, "钱局长", 2, Decimal("3.0")),
        (Post.IN_CHARGE, "赵副局长", 2, Decimal("3.0")),
        (Post.HEAD, "孙所长", 1, Decimal("1.5")),
        (Post.HEAD, "周科长", 1, Decimal("1.5")),
    ]


def test_a_leader_who_changed_within_the_year_answers_for_the_own_listings():
    rows = listed(names=NAMES), listed(1, names=NAMES | {Post.CHIEF: "吴局长"})

    assert [row for row in answering(*rows) if row[0] == Post.CHIEF] == [
        (Post.CHIEF, "钱局长", 1, Decimal("1.5")),
        (Post.CHIEF, "吴局长", 1, Decimal("1.75")),
    ]


def test_a_post_without_a_name_is_told_as_one():
    assert {name for _, name, *_ in answering(listed())} == {NAME_MISSING}


def test_cadres_of_units_with_a_superior_are_not_the_districts_to_assess():
    assert answering(listed(names=NAMES, by_superior=True)) == []


def test_the_places_of_a_cadre_are_told_in_times_order():
    row = by_cadre(assess([listed(1, rank=2, names=NAMES), listed(0, rank=7, names=NAMES)]))[0]

    assert row.places == "第0轮车管所第7位；第1轮车管所第2位"


def test_units_and_sections_come_by_their_sounds_like_the_filters():
    lines = assess([listed(unit="卫生健康委"), listed(unit="交通局"), listed(unit="财政局", section="税政科")])

    assert [line.listed.unit for line in lines] == ["财政局", "交通局", "卫生健康委"]
    assert [row.unit for row in by_cadre(lines)][::3] == ["财政局", "交通局", "卫生健康委"]

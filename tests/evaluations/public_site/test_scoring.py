"""怎样计分: the example can be followed by hand, and its figures are those of the count."""

import re
from fractions import Fraction

import pytest
from django.urls import reverse

from evaluations.public_site.pages.scoring import scoring_example
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.counting import HEADER
from evaluations.scoring.method import Channel, Indicator
from evaluations.scoring.methods import parse_rulebook, recount
from evaluations.scoring.nc2.example import NAMES, example_lines
from nanchuan_eval.core.strict_json import parse_json
from tests.evaluations.scoring.examples import channels
from tests.factories import make_round
from tests.pages import compact

CODES = {name: code for code, name in NAMES.items()}
UNEVEN = dict(zip(Indicator.values, (1, 2, 3, 4, 5), strict=True))
RULEBOOKS = (
    {},
    {"levels": 4},
    {"levels": 1, "severe_from": 1, "line_cap": "30"},
    {"min_answered": 5},
    {"indicator_weights": UNEVEN},
    {"channels": channels("T", T="1")},
    {"channels": channels("", O="1"), "min_drawn_lines": 0},
    {"channels": channels("TS", T="1/3", S="1/3", O="1/3"), "cap": "1"},
    {"cap": "0", "follow": "0"},
    {"cap": "1", "follow": "1/2", "prior_ballots": 7},
    {"min_lines": 0, "min_drawn_lines": 0, "cell_min_lines": 1, "prior_ballots": 1},
)
# Of shown figures with four decimals a sum may differ in the last ones.
NEAR = Fraction("0.001")


def counted(changes):
    """The result and the public cells of the example's ballots, by the program that counts a round."""
    rulebook = default_rulebook() | changes | {"sections": list(NAMES), "vetoes": []}
    rows = [",".join(HEADER)]
    for ballot, line in example_lines(parse_rulebook(rulebook)):
        answers = ["" if x is None else str(x) for x in line.answers]
        rows.append(",".join([ballot, line.channel, "issued", line.section, *answers]))
    outcome = recount(rows, rulebook)
    return parse_json(outcome.result), parse_json(outcome.cells)


def last(sum_):
    """The figure a sum ends in: (15+10+5)÷3=10, or the one counted instead: …，超过上限，按−3.75+4=0.25计."""
    return Fraction(re.findall(r"=(−?[0-9.]+)(?!.*=)", sum_)[0].replace("−", "-"))


def by_hand(sum_):
    """Whether every 'a=b' of a sum is right for somebody who calculates with the figures shown."""
    for left, right in re.findall(r"([^=，按]+)=(−?[0-9.]+)", sum_):
        plain = left.translate(str.maketrans("（）×÷−", "()*/-"))
        plain = re.sub(r"([0-9.]+)%", r"(\1/100)", plain)
        assert re.fullmatch(r"[-+*/()0-9. ]+", plain), left
        exact = re.sub(r"[0-9.]+", lambda number: f"Fraction('{number[0]}')", plain)
        value = eval(exact, {"Fraction": Fraction})  # noqa: S307  # only figures and signs, see above
        assert abs(value - Fraction(right.replace("−", "-"))) < NEAR, sum_


def sums(example):
    yield from (example.ballot.points, example.ballot.most_points, example.ballot.score)
    for channel in example.channels:
        yield channel.mean
        for row in channel.rows:
            yield from (row[key] for key in ("average", "gap", "deviation", "score"))
    yield from (sum_ for _, sum_ in example.drawn_deviations)
    yield from ("".join(row["terms"]) for row in example.sections)


@pytest.mark.parametrize("changes", RULEBOOKS)
def test_every_sum_is_right_by_hand(changes):
    for sum_ in sums(scoring_example(default_rulebook() | changes)):
        by_hand(sum_)


@pytest.mark.parametrize("changes", RULEBOOKS)
def test_every_figure_is_the_counts(changes):
    result, cells = counted(changes)
    example = scoring_example(default_rulebook() | changes)

    of_section = {row["section"]: row for row in result["sections"]}
    assert [(r["name"], r["place"], last(r["terms"][-1])) for r in example.sections] == [
        (NAMES[r["section"]], r["rank"], Fraction(r["difficulty"])) for r in result["sections"]
    ]
    deviations = {row["section"]: row["cells"] for row in cells["sections"]}
    used = [c for c in Channel if c in result["channel_means"]]
    assert [channel.label for channel in example.channels] == [c.label for c in used]
    for channel, key in zip(example.channels, used, strict=True):
        mean = result["channel_means"][key]
        assert last(channel.mean) == Fraction(mean)
        for row in channel.rows:
            code = CODES[row["name"]]
            assert of_section[code]["lines"][key] == example.ballots
            assert last(row["deviation"]) == Fraction(deviations[code][key]["d"])
            assert last(row["score"]) == Fraction(mean) + Fraction(deviations[code][key]["d"])
            assert ("超过上限" in row["deviation"]) is (key in of_section[code]["capped"])
    for name, sum_ in example.drawn_deviations:
        assert abs(last(sum_) - Fraction(of_section[CODES[name]]["drawn_deviation"])) < NEAR


def test_the_example_of_the_default_rules_by_hand():
    """甲, 定向: M = 10, d = (15 - 10) x 30 / (30 + 10); 丙, 其他: f = (5 x 30 - 3.75 x 10) / 40 over -3.75 + 4."""
    example = scoring_example(default_rulebook())

    assert [word for _, word in example.ballot.answers] == ["没有", "轻微", "较重", "不了解", "没有"]
    assert example.ballot.score == "3÷12×100=25"
    first, other = example.channels[0], example.channels[-1]
    assert (first.mean, first.rows[0]["deviation"], first.rows[0]["score"]) == (
        "（15+10+5）÷3=10",
        "5×30÷40=3.75",
        "10+3.75=13.75",
    )
    assert other.rows[2]["deviation"] == "（5×30+（−3.75）×10）÷40=2.8125，超过上限，按−3.75+4=0.25计"
    assert "".join(example.sections[0]["terms"]) == "13.75×50%+14.6875×30%+15.9375×20%=14.4688"
    assert example.capped == "丙科室的其他评议"


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (3, "“没有”计0，“轻微”计1，“较重”计2，“严重”计3，“不了解”不计"),
        (4, "“较重”计2，“严重”计3，“非常严重”计4，“不了解”不计"),
    ],
)
@pytest.mark.django_db
def test_every_level_of_the_round_says_what_it_counts(client, levels, said):
    round_ = make_round(state=RoundState.PUBLISHED, rulebook={"levels": levels})

    assert said in page(client, "scoring-of-round", round_.key)


@pytest.mark.django_db
def test_the_page_shows_every_sum(client):
    text = page(client, "scoring")

    for sum_ in sums(scoring_example(default_rulebook())):
        assert sum_ in text
    assert "按10张平均票计算" in text
    assert "最多相差4分" in text
    assert not re.search("行数|[0-9]行|一行|不满|手严|谁都可以", text)


@pytest.mark.django_db
def test_a_round_of_the_earlier_method_has_none(client):
    round_ = make_round(state=RoundState.PUBLISHED, rulebook=default_rulebook("NC-1"))

    assert "举例" not in page(client, "scoring-of-round", round_.key)


def page(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", "", compact(answer.content.decode()))

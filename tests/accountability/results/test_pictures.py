"""The commission's pictures: the tables' values, names over nothing, colours in order, no verdict of their own."""

import itertools
import re
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accountability.results.pages.charts import LABELS, WIDTH
from accountability.results.pages.heat_maps import WHITE_FROM, heat_maps
from accountability.results.pages.label_places import POINT, Box, Named, _faults, place_labels
from accountability.results.pages.places import caterpillar, department_chart
from accountability.results.queries.results import read_result
from accountability.results.rules import text_width
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.nc2.change import BETTER, UNCHANGED, WORSE
from evaluations.tally.models import SectionResult
from tests.accountability.factories import make_account, make_bare_round, make_counted_round, make_result, make_tally
from tests.accountability.results.test_changes import CODES, EVEN, HARDEST, IMPROVED, make_round
from tests.pages import compact
from tests.paths import ROOT

FRAME = Box(40, 30, 468, 400)
LONG = "重庆市南川区城市更新和住房公积金及保障性租赁住房建设管理服务中心"


def shown(client, key="2020H1", address="pictures/"):
    client.force_login(make_account())
    return client.get(f"/commission/{key}/{address}")


def spread(round_):
    """Give every ranked section five scores of its own."""
    for result in round_.results.exclude(rank=None):
        scores = {name: f"{(result.rank * 7 + n * 13) % 90}.5000" for n, name in enumerate(result.data["indicators"])}
        SectionResult.objects.filter(pk=result.pk).update(data=result.data | {"indicators": scores})


@pytest.mark.django_db
class TestTheHeatMap:
    def test_tells_apart_what_differs_by_a_scale_over_its_own_scores(self):
        round_ = make_counted_round()
        spread(round_)

        listed, every = heat_maps(read_result(round_))

        cells = [cell for row in listed.rows for cell in row.cells]
        ordered = sorted(cells, key=lambda cell: cell.score.value)
        assert [cell.share for cell in ordered] == sorted(cell.share for cell in cells)
        assert len({cell.share for cell in cells}) == len({cell.score.value for cell in cells})
        assert (ordered[0].share, ordered[-1].share) == (Decimal("0.01"), Decimal("0.99"))
        assert (len(listed.rows), len(every.rows)) == (10, 12)

    @pytest.mark.parametrize(
        ("levels", "words"), [(2, "没有、轻微、较重3档"), (3, "没有、轻微、较重、严重4档"), (4, "5档着色")]
    )
    def test_the_table_names_the_answers_of_the_rounds_own_scale(self, client, levels, words):
        round_ = make_counted_round()
        round_.rulebook["levels"] = levels
        round_.save(update_fields=["rulebook"])

        assert words in shown(client).content.decode()

    def test_has_the_values_of_the_table_and_of_its_legend(self, client):
        round_ = make_counted_round()
        spread(round_)

        page = compact(shown(client).content.decode())

        table = page[page.index('id="values"') :]
        for line in read_result(round_).scored:
            for score in line.indicators:
                assert page.count(f">{score.value:.1f}</text>") >= 1
                assert f">{score.value:.1f}</td>" in table
        marks = [Decimal(mark.text) for mark in heat_maps(read_result(round_))[0].marks]
        values = [score.value for line in read_result(round_).listed for score in line.indicators]
        assert (marks[0], marks[-1]) == (int(min(values)), int(max(values)) + 1)
        assert "五项指标同一尺度" in page

    def test_leaves_out_vetoed_sections_without_scores_and_shows_no_answers_as_such(self):
        round_ = make_counted_round(places=11)
        result = round_.results.get(rank=2)
        SectionResult.objects.filter(rank=1).update(difficulty=None, label="一票否决")
        empty = {**result.data["indicators"], "greedy": None}
        SectionResult.objects.filter(pk=result.pk).update(data=result.data | {"indicators": empty})

        listed = heat_maps(read_result(round_))[0]

        assert [row.line.result.rank for row in listed.rows] == [*range(2, 11)]
        assert [cell.share is None for cell in listed.rows[0].cells] == [False] * 4 + [True]

    def test_of_equal_scores_divides_by_no_zero(self):
        round_ = make_counted_round(places=1)
        result = round_.results.get()
        same = dict.fromkeys(result.data["indicators"], "50.0000")
        SectionResult.objects.update(data=result.data | {"indicators": same})

        assert {cell.share for cell in heat_maps(read_result(round_))[0].rows[0].cells} == {Decimal("0.00")}


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def token(name):
    css = (ROOT / "static/css/tokens.css").read_text()
    digits = re.search(rf"--{name}: #([0-9a-f]{{6}});", css)[1]
    return tuple(int(digits[n : n + 2], 16) for n in (0, 2, 4))


def test_every_shade_is_darker_than_the_one_before_and_its_text_is_legible():
    low, high = token("heat-low"), token("heat-high")
    shades = [luminance([a + (b - a) * n / 100 for a, b in zip(low, high, strict=True)]) for n in range(101)]

    assert all(after < before for before, after in itertools.pairwise(shades))
    for n, shade in enumerate(shades):
        ink = luminance(token("on-level-3" if Decimal(n) / 100 >= WHITE_FROM else "on-heat"))
        light, dark = max(ink, shade), min(ink, shade)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, n


points = st.lists(
    st.tuples(st.integers(45, 460), st.integers(35, 395), st.sampled_from(["1 科室", "12 社会组织管理科", "7 A股"])),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(points, st.integers(0, 12))
def test_no_name_lies_over_another_name_or_over_a_point_or_outside_the_picture(rows, needed):
    named = [Named(x, y, text, is_needed=n < needed) for n, (x, y, text) in enumerate(rows)]

    labels = place_labels(named, [(x, y) for x, y, _ in rows], FRAME)

    for label in labels:
        assert label.box.is_within(FRAME)
        assert label.box.right - label.box.left >= text_width(label.text) - 0.2
        blocks = [Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y, _ in rows]
        assert not any(label.box.overlaps(block) for block in blocks)
    for one, other in itertools.combinations(labels, 2):
        assert not one.box.overlaps(other.box)
        assert not any(one.box.holds(x, y) for x, y in other.line())
        assert not any(other.box.holds(x, y) for x, y in one.line())


def test_lines_do_not_cross_and_a_far_name_stands_beside_no_other_point():
    rng = Random(12)
    cloud = [(rng.randint(120, 260), rng.randint(150, 330)) for _ in range(40)]
    blocks = [Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in cloud]

    labels = place_labels([Named(x, y, "3 社会组织管理科", is_needed=True) for x, y in cloud[:5]], cloud, FRAME)

    assert len(labels) == 5
    assert [_faults(each, [one for one in labels if one is not each], blocks) for each in labels] == [0] * 5


def test_a_line_leads_to_a_name_that_is_not_beside_its_point():
    crowd = [(100 + 12 * n, 200) for n in range(6)]

    labels = place_labels([Named(x, y, "3 社会组织管理科", is_needed=True) for x, y in crowd], crowd, FRAME)

    assert len(labels) == 6
    assert {bool(label.line()) for label in labels} == {True, False}


@pytest.mark.django_db
class TestTheFunnel:
    def test_names_every_listed_section_and_says_how_many_others_it_does_not_name(self, client):
        make_counted_round(places=40)

        context = shown(client).context

        plot, listed = context["funnel"], context["result"].listed
        names = {label.text for label in plot.labels}
        assert {f"{line.result.rank} {line.section.name}" for line in listed} <= names
        assert len(plot.dots) == 40
        assert plot.unnamed >= 0

    def test_keeps_names_of_sixty_characters_inside_the_picture(self, client):
        round_ = make_bare_round()
        for place in range(1, 11):
            make_result(round_, f"D{place:02}-01", rank=place, section={"name": LONG, "department_name": LONG})
        make_tally(round_)

        plot = shown(client).context["funnel"]

        assert len(plot.labels) == 10
        assert all(label.box.is_within(FRAME) and label.text.endswith("…") for label in plot.labels)


@pytest.mark.django_db
class TestPlaces:
    def test_names_beside_rows_have_room(self):
        round_ = make_bare_round()
        for place in range(1, 13):
            make_result(round_, f"D{place:02}-01", rank=place, section={"name": LONG, "department_name": LONG})
        make_tally(round_)
        result = read_result(round_)

        names = [bar.name for bar in caterpillar(result).bars]
        names += [row.name for row in heat_maps(result)[0].rows]
        names += [each.label for each in department_chart(result).departments]
        assert all(text_width(name) <= LABELS for name in names)

    def test_departments_stand_in_the_order_of_their_hardest_section_with_ranked_sections_only(self, client):
        round_ = make_bare_round()
        for code, rank in (("D02-01", 1), ("D01-01", 3), ("D03-01", 11), ("D01-02", 12), ("D04-01", None)):
            make_result(round_, code, rank=rank)
        make_tally(round_)

        response = shown(client)

        chart = response.context["departments"]
        assert [each.name for each in chart.departments] == ["D02局", "D01局", "D03局"]
        assert chart.title == "3个单位有科室参加排名，上榜科室属于其中2个单位"
        page = compact(response.content.decode())
        table = page[page.index('id="department-places"') :]
        for department in chart.departments:
            for bar in department.bars:
                assert f"{bar.line.section.name}{bar.line.result.rank}（{bar.line.interval}）" in table
        assert "D04局" not in table[: table.index("</table>")]

    def test_where_all_were_withdrawn_the_titles_count_no_listed_sections(self):
        round_ = make_counted_round(places=3)
        round_.results.update(is_listed=False, is_withdrawn=True)
        result = read_result(round_)

        for title in (caterpillar(result).title, department_chart(result).title):
            assert "上榜科室均已撤下" in title
            assert "0个" not in title.partition("；")[0]

    def test_rows_do_not_overlap_and_bars_stay_in_the_picture(self):
        round_ = make_counted_round(places=40)

        chart = department_chart(read_result(round_))

        heights = [bar.y for each in chart.departments for bar in each.bars]
        assert all(after - before >= 12 for before, after in itertools.pairwise(heights))
        assert all(LABELS <= bar.low <= bar.place <= WIDTH for each in chart.departments for bar in each.bars)


@pytest.mark.django_db
class TestTheTrend:
    def points(self, client, code=HARDEST):
        context = shown(client, address=f"sections/{code}/").context
        return context["dossier"].placements, context["dossier"].picture

    def test_joins_rounds_that_the_method_compares_and_shows_their_intervals(self, client):
        for key, deviations in (("2019H1", EVEN), ("2019H2", EVEN), ("2020H1", IMPROVED)):
            make_round(key, deviations)

        points, picture = self.points(client)

        assert [point.change for point in points] == ["—", UNCHANGED, BETTER]
        assert [point.is_joined for point in points] == [False, True, True]
        assert len(picture.segments) == 2
        for point in points:
            data = SectionResult.objects.get(round__key=point.placement.key, section__code=HARDEST).data
            assert (point.low, point.high) == (data["rank_low"], data["rank_high"])

    @pytest.mark.parametrize("between", [{"method": "NC-1"}, {"cap": "5"}, {"few": [HARDEST]}])
    def test_leaves_a_gap_where_two_rounds_cannot_be_compared(self, client, between):
        make_round("2019H1", EVEN)
        make_round("2019H2", EVEN, **between)
        make_round("2020H1", IMPROVED)

        points, picture = self.points(client)

        assert [point.change for point in points] == ["—", "不可比", "不可比"]
        assert picture.segments == []
        assert (points[1].low is None) is ("cap" not in between)

    def test_says_nothing_of_a_round_in_which_the_section_took_no_part(self, client):
        make_round("2019H1", EVEN)
        make_round("2019H2", {code: value for code, value in EVEN.items() if code != HARDEST})
        make_round("2020H1", IMPROVED)

        points, picture = self.points(client)

        assert [point.change for point in points] == ["—", "不可比"]
        assert picture.segments == []

    def test_the_table_has_the_picture_s_values(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED)

        page = compact(shown(client, address=f"sections/{HARDEST}/").content.decode())

        points, _ = self.points(client)
        for point in points:
            assert f'data-label="位次区间">{point.interval}</td>' in page
            assert f"第{point.placement.rank}位" in page


@pytest.mark.django_db
class TestTheComparison:
    def test_says_better_and_worse_only_where_the_method_decides_so(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED | {CODES[0]: -3})

        response = shown(client, address="changes/")

        page = response.context["page"]
        verdicts = {bar.line.result.section.code: bar.verdict for bar in page.picture.bars}
        decided = {code: row.label for code, row in page.change.sections.items()}
        assert verdicts == {code: label if label in {BETTER, WORSE} else "" for code, label in decided.items()}
        drawn = re.findall(r'class="verdict-name"[^>]*>(.*?)</text>', compact(response.content.decode()))
        assert sorted(drawn) == sorted(verdict for verdict in verdicts.values() if verdict)

    def test_counts_the_sections_that_are_not_compared(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", EVEN, few=CODES[:2])

        assert shown(client, address="changes/").context["page"].title.endswith("；2个不可比")

    def test_of_rounds_that_are_not_comparable_says_neither(self, client):
        make_round("2019H2", EVEN, method="NC-1")
        make_round("2020H1", IMPROVED)

        text = shown(client, address="changes/").content.decode()

        assert "<svg" not in text
        assert "两轮的难办指数不能比较" in text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["pictures/", "sections/D01-01/"])
def test_every_picture_has_title_description_and_a_table_beside_it(client, address):
    make_counted_round("2019H2", RoundState.PUBLISHED)
    make_counted_round()

    page = shown(client, address=address).content.decode()

    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert pictures
    for picture in pictures:
        assert re.search(r"<title id=", picture)
        assert re.search(r"<desc id=", picture)
        assert 'viewBox="0 0 480 ' in picture
    assert "<table" in page
    assert Round.objects.count() == 2

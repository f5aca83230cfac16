"""ballots.csv has single lines, but for the drawn ballots of NC-2; no ballot can be found again by its name."""

import csv
from collections import defaultdict

import pytest

from evaluations.ballots.models import Rating
from evaluations.scoring.method import Indicator
from evaluations.tally.files import ballots_csv, counted_lines
from tests.evaluations.tally.factories import BY_METHOD
from tests.factories import make_sealed_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    """Six counted ballots whose answers all differ, section by section."""
    return make_different(make_sealed_round(targeted=6, sampled=5, rulebook=BY_METHOD["NC-1"]))


def make_different(round_):
    for section in round_.sections.all():
        for number, rating in enumerate(Rating.objects.filter(section=section, is_counted=True).order_by("ballot")):
            values = {i.value: (number >> place) % 4 or None for place, i in enumerate(Indicator)}
            Rating.objects.filter(pk=rating.pk).update(**values)
    return round_


def rows(round_):
    return list(csv.DictReader(ballots_csv(round_)))


def test_a_prescribed_pattern_cannot_be_told_from_the_same_lines_on_other_ballots(round_):
    """Exchange what two ballots say of one section: other ballots, the same file."""
    before = "".join(ballots_csv(round_))
    section = round_.sections.first()
    counted = Rating.objects.filter(section=section, is_counted=True)
    one, other = counted.filter(cold=1).first(), counted.filter(cold=2).first()
    joined = {str(line.ballot_id): line.cold for line in (one, other)}

    Rating.objects.filter(pk=one.pk).update(**{i.value: getattr(other, i.value) for i in Indicator})
    Rating.objects.filter(pk=other.pk).update(**{i.value: getattr(one, i.value) for i in Indicator})

    assert {str(line.ballot_id): line.cold for line in Rating.objects.filter(pk__in=[one.pk, other.pk])} != joined
    assert "".join(ballots_csv(round_)) == before


def test_every_line_has_a_number_of_its_own_and_neither_ballot_nor_origin(round_):
    lines = rows(round_)
    ballots = {str(pk) for pk in round_.ballots.values_list("pk", flat=True)}

    assert [line["ballot"] for line in lines] == [str(number) for number in range(1, len(lines) + 1)]
    assert not ballots & {cell for line in lines for cell in line.values()}
    assert {line["origin"] for line in lines} == {""}


def test_the_order_follows_from_the_lines_themselves(round_):
    lines = [
        (line["section"], line["channel"], *(int(line[i.value] or -1) for i in Indicator)) for line in rows(round_)
    ]

    assert lines == sorted(lines)


def test_only_counted_lines_are_in_it(round_):
    assert len(rows(round_)) == Rating.objects.filter(is_counted=True).count() < Rating.objects.count()
    assert {line[2] for line in counted_lines(round_)} == {"targeted"}


def test_nc_2_gets_the_lines_of_a_drawn_ballot_together_in_an_order_that_says_nothing_more():
    round_ = make_different(make_sealed_round(targeted=6, sampled=5, rulebook=BY_METHOD["NC-2"]))
    ballots = defaultdict(list)
    for line in rows(round_):
        ballots[line["ballot"]].append([line["section"], *(line[i.value] for i in Indicator)])
    stored = defaultdict(list)
    levels = [i.value for i in Indicator]
    for ballot, *values in Rating.objects.filter(is_counted=True).values_list("ballot", "section__code", *levels):
        stored[ballot].append(["" if value is None else str(value) for value in values])

    assert list(ballots) == [str(number) for number in range(1, len(ballots) + 1)]
    assert list(ballots.values()) == sorted(sorted(lines) for lines in stored.values())

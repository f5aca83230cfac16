"""Simulated people: each option does to the lines what it says."""

import numpy as np
import pytest

from evaluations.scoring.method import Channel
from evaluations.simulation.services.people import (
    BUSINESS,
    World,
    _strata,
    make_district,
    make_lines,
    points_of,
    slope,
)
from tests.evaluations.simulation.examples import BALLOTS, expectation

SIZE = 24


def world(seed=1, levels=3, **changes):
    given = expectation(**changes)
    return World(given, make_district(np.random.default_rng(seed), given, SIZE, None), levels)


def lines(channel=Channel.TARGETED, seed=1, **changes):
    return make_lines(np.random.default_rng(seed + 100), world(seed, **changes), channel)


def in_sections(found):
    return np.bincount(found.sections, minlength=SIZE)


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_answers_are_levels_and_at_most_two_are_unknown(channel, levels):
    found = make_lines(np.random.default_rng(5), world(levels=levels), channel)

    assert found.answers.max() == levels
    assert found.answers.min() == -1
    assert (found.answers < 0).sum(axis=1).max() == 2


def test_a_ballot_rates_no_section_twice():
    found = lines()

    assert len(set(zip(found.ballots.tolist(), found.sections.tolist(), strict=True))) == len(found.ballots)


def test_ballots_and_their_sections_are_as_expected():
    targeted = {"ballots": 4000, "sections_per_ballot": 3}

    found = lines(channels={**BALLOTS, "targeted": targeted})

    assert len(set(found.ballots.tolist())) == 4000
    assert len(found.ballots) / 4000 == pytest.approx(3, abs=0.1)
    returned = lines(channels={**BALLOTS, "targeted": {**targeted, "return_rate": "1/4"}})
    assert len(set(returned.ballots.tolist())) == pytest.approx(1000, abs=100)


def test_preference_draws_lines_to_frequented_sections():
    few = {"ballots": 3000, "sections_per_ballot": 1}
    popularity = np.linspace(-2, 2, SIZE)

    def share_of_popular(preference):
        given = expectation(channels={**BALLOTS, "sampled": {**few, "preference": preference}})
        district = make_district(np.random.default_rng(1), given, SIZE, popularity)
        found = make_lines(np.random.default_rng(2), World(given, district, 3), Channel.SAMPLED)
        return in_sections(found)[SIZE // 2 :].sum() / len(found.sections)

    assert share_of_popular("0") == pytest.approx(0.5, abs=0.03)
    assert share_of_popular("1") > 0.8


def test_harder_sections_get_worse_answers():
    there = world(channels={**BALLOTS, "targeted": {"ballots": 3000}})
    found = make_lines(np.random.default_rng(3), there, Channel.TARGETED)

    means = [points_of(found)[found.sections == s].mean() for s in range(SIZE)]

    assert np.corrcoef(means, there.district.difficulty)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("kind", "spread"), [("normal", 0.35), ("skew", 0.35), ("uniform", 0.35), ("flat", 0.12), ("tenbad", 0.40)]
)
def test_difficulty_has_the_spread_of_its_kind(kind, spread):
    given = expectation(difficulty=kind)
    found = make_district(np.random.default_rng(1), given, 105 if kind == "tenbad" else 20_000, None).difficulty

    assert found.std() == pytest.approx(spread, rel=0.15)
    assert kind != "tenbad" or (found > 0.65).sum() == pytest.approx(10, abs=2)


def test_popularity_can_go_with_difficulty():
    given = expectation(popularity_correlation="0.6")
    district = make_district(np.random.default_rng(1), given, 20_000, None)

    assert np.corrcoef(district.popularity, district.difficulty)[0, 1] == pytest.approx(0.6, abs=0.02)
    assert district.popularity.std() == pytest.approx(1.3, rel=0.02)


def test_a_channel_effect_moves_a_section_in_one_channel():
    given = expectation(channel_effect="0.2")
    effects = make_district(np.random.default_rng(1), given, 20_000, None).effects

    assert effects["targeted"].std() == pytest.approx(0.2, rel=0.05)
    assert abs(np.corrcoef(effects["targeted"], effects["other"])[0, 1]) < 0.05


def test_a_third_of_the_sections_serves_businesses_which_prefer_them():
    there = world(strata=True)
    strata = _strata(np.random.default_rng(9), there, 20_000)

    assert there.district.serves_business.sum() == SIZE // 3
    assert np.bincount(strata)[BUSINESS] / 20_000 == pytest.approx(0.2, abs=0.02)


def test_selective_answering_loses_lines_and_keeps_the_worse_ones():
    channels = {**BALLOTS, "targeted": {"ballots": 3000}}

    plain, selective = lines(channels=channels), lines(channels=channels, selective="0.7")

    assert len(selective.ballots) < 0.6 * len(plain.ballots)
    assert points_of(selective).mean() > points_of(plain).mean()


def test_a_floor_tops_up_thin_sections_with_ballots_of_one_line():
    plain, topped = lines(), lines(floor=40)

    assert in_sections(plain).min() < 40
    assert in_sections(topped).tolist() == np.maximum(40, in_sections(plain)).tolist()
    added = topped.ballots > plain.ballots.max()
    assert len(set(topped.ballots[added].tolist())) == added.sum()


def test_a_quota_of_one_line_ballots_is_returned_in_every_section():
    plain, more = lines(), lines(one_line={"quota": 25})

    assert (in_sections(more) - in_sections(plain)).tolist() == [25] * SIZE


def test_one_line_ballots_fill_up_to_a_number_of_drawn_lines():
    plain, more = lines(), lines(one_line={"up_to": 40})

    assert in_sections(more).tolist() == np.maximum(40, in_sections(plain)).tolist()


def test_a_section_with_few_clients_cannot_fill_its_quota():
    general = {**BALLOTS, "targeted": {"ballots": 0}}

    enough = lines(channels=general, one_line={"quota": 40})
    few = lines(channels=general, one_line={"quota": 40, "clients": 60, "answering_spread": "0.5"})

    assert set(in_sections(enough).tolist()) == {40}
    assert in_sections(few).min() < 15
    assert in_sections(few).max() == 40


NO_GENERAL = {**BALLOTS, "targeted": {"ballots": 0}}


def drawn_clients(**changes):
    return in_sections(lines(channels=NO_GENERAL, one_line={"quota": 40, "letters": 110, **changes}))


def test_of_drawn_clients_all_that_answer_are_counted():
    found = drawn_clients(top_ups=0)

    assert found.mean() == pytest.approx(110 * 0.4, rel=0.1)
    assert found.max() > 40 > found.min()


def test_a_top_up_draws_in_every_section_as_long_as_one_misses_its_quota():
    first, more = drawn_clients(top_ups=0), drawn_clients(top_ups=2)

    assert more.min() >= 40 > first.min()
    assert (more > first).all()
    assert more.mean() < 1.7 * first.mean()  # the second was not needed
    assert drawn_clients(quota=1, top_ups=2).mean() == pytest.approx(110 * 0.4, rel=0.1)


def test_where_everybody_is_drawn_no_top_up_is_opened():
    few = {"clients": 15, "top_ups": 5}
    popularity = np.zeros(SIZE)
    given = expectation(channels=NO_GENERAL, one_line={"quota": 40, "letters": 110, **few})
    there = World(given, make_district(np.random.default_rng(1), given, SIZE, popularity), 3)

    found = make_lines(np.random.default_rng(2), there, Channel.TARGETED)

    assert 0 < in_sections(found).max() <= 15


def test_sections_with_too_few_clients_are_left_to_the_general_ballots():
    found = drawn_clients(clients=60, fewest=20, top_ups=0)

    assert (found == 0).any()
    assert found.max() > 20


def test_hearsay_hides_from_general_evaluators_what_a_section_is_like():
    channels = {**BALLOTS, "targeted": {"ballots": 3000}}

    def told(**changes):
        there = world(channels=channels, **changes)
        found = make_lines(np.random.default_rng(3), there, Channel.TARGETED)
        means = [points_of(found)[found.sections == s].mean() for s in range(SIZE)]
        return np.polyfit(there.district.difficulty, means, 1)[0]

    assert told(hearsay="0.5") < 0.7 * told()


def test_an_unused_channel_has_no_lines():
    found = lines(channels={**BALLOTS, "targeted": {"ballots": 0}})

    assert found.ballots.tolist() == []


def test_the_slope_is_what_regression_finds():
    given = expectation(channels={**BALLOTS, "targeted": {"ballots": 20_000}}, channel_effect=0)
    there = World(given, make_district(np.random.default_rng(1), given, SIZE, None), 3)
    found = make_lines(np.random.default_rng(3), there, Channel.TARGETED)
    means = [points_of(found)[found.sections == s].mean() * 100 / 3 for s in range(SIZE)]

    told = slope(given, {"targeted": 1.0}, 3, 100.0)

    assert told == pytest.approx(np.polyfit(there.district.difficulty, means, 1)[0], rel=0.1)


def test_lines_depend_on_nothing_but_generator_and_world():
    one, same, other = lines(seed=1), lines(seed=1), lines(seed=2)

    assert np.array_equal(one.answers, same.answers)
    assert not (len(one.answers) == len(other.answers) and np.array_equal(one.answers, other.answers))

"""The file that simulate_round wrote, read back: every other one is refused."""

import pytest

from evaluations.simulation.rules.results import ResultError, parse_result
from tests.evaluations.simulation.examples import result


def test_the_figures_are_those_of_the_file():
    found = parse_result(result())

    assert (found.rounds, found.sections, found.list_length) == (200, 105, 10)
    assert float(found.figures["recall"].mean) == 0.75
    assert float(found.figures["recall"].error) == 0.01
    assert found.figures["innocent_share_business"] is None
    assert (found.bought[1].drawn_lines, found.bought[1].ballots, found.bought[1].rest) == ((18, 32), 4, "kept")
    assert (found.fakes[1].aim, found.fakes[1].channel, found.fakes[1].ballots) == ("blame", "sampled", 20)


def places(value, where=()):
    """Every place of a document, with what stands there."""
    yield where, value
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(one, (*where, key))


# Whatever is written by the command may stand in these two.
FREE = {"cells_sha256", "from_cells", "method"}


def test_a_value_of_another_kind_is_refused_wherever_it_stands():
    for where, _ in places(result()):
        if where and where[0] not in FREE:
            broken = result()
            holder = broken
            for key in where[:-1]:
                holder = holder[key]
            holder[where[-1]] = {"x": "<b>"}

            with pytest.raises(ResultError):
                parse_result(broken)


@pytest.mark.parametrize("document", [None, [], {}, {"method": "NC-2"}, "text", {"figures": {}}])
def test_other_files_are_refused(document):
    with pytest.raises(ResultError, match="不是 simulate_round"):
        parse_result(document)


def test_a_share_above_one_is_refused():
    broken = result()
    broken["figures"]["recall"]["mean"] = "1.2000"

    with pytest.raises(ResultError, match=r"figures\.recall\.mean"):
        parse_result(broken)

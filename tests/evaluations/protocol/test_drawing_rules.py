"""The rules of the draw, each at its limit: names, numbers, entropy, sources, quotas, seats, events (protocol 3)."""

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.protocol import drawing, outcome
from evaluations.protocol.drawing import DrawError

DICE = {"label": "骰子", "n": 3, "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"}
BALLS = {"label": "红球", "n": 2, "min": 1, "max": 3, "order": "sorted", "fallback": "顺延"}
POOL = [("A", f"a{n}") for n in range(6)] + [("B", f"b{n}") for n in range(3)]
NUMBERS = [[1, 2, 3]]


def params(**changes):
    terms = {
        "draw_id": "试抽",
        "purpose": "evaluators",
        "pool": POOL,
        "exclusions": [],
        "quota": {"mode": "fixed", "rounds": [[2, 1], [3, 2]]},
        "alternates": 1,
        "randomness": [DICE],
        "note": "",
    }
    return drawing.make_params(**{**terms, **changes})


def drawn(*events, **changes):
    exclusions = changes.get("exclusions", [])
    numbered = [{"seq": number, **event} for number, event in enumerate(events, start=1)]
    return outcome.draw(params(**changes), POOL, exclusions, NUMBERS, numbered)


def removal(stratum, token, reason="refused"):
    return {"type": "remove", "stratum": stratum, "id": token, "reason": reason, "at": ""}


def further(round_):
    return {"type": "open_round", "round": round_, "at": ""}


def refuses(check, *arguments):
    """The text with which the check refuses, or "" if it accepts."""
    try:
        check(*arguments)
    except DrawError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("x", True),
        ("𠮷" * 200, True),
        ("é", True),
        ("", False),
        ("x" * 201, False),
        ("é" * 201, False),
        (" x", False),
        ("x ", False),
        ("e\u0301", False),
        ("中\u0007", False),
        ("x\u0007y", False),
        ("x\u2028y", False),
        ("x\u2029y", False),
    ],
)
def test_a_name_has_1_to_200_visible_characters(name, fits):
    assert (refuses(drawing.check_name, name, "类别") == "") is fits


@pytest.mark.parametrize(
    ("source", "numbers", "text"),
    [
        (DICE, [0, 9, 0], ""),
        (DICE, [9, 5, 5], ""),
        (DICE, [0, 9], "“骰子”应有3个数，收到2个。"),
        (DICE, [0, 9, 0, 0], "“骰子”应有3个数，收到4个。"),
        (DICE, [0, 9, 10], "“骰子”的数应在0到9之间。"),
        (DICE, [-1, 9, 0], "“骰子”的数应在0到9之间。"),
        (BALLS, [1, 3], ""),
        (BALLS, [1, 2], ""),
        (BALLS, [0, 3], "“红球”的数应在1到3之间。"),
        (BALLS, [1, 4], "“红球”的数应在1到3之间。"),
        (BALLS, [3, 1], "“红球”的数应从小到大排列且互不相同。"),
        (BALLS, [2, 2], "“红球”的数应从小到大排列且互不相同。"),
    ],
)
def test_only_numbers_that_the_source_can_produce_are_accepted(source, numbers, text):
    assert refuses(drawing.check_numbers, source, numbers) == text


def test_every_pair_of_sorted_numbers_rises():
    source = {**BALLS, "n": 3, "max": 9}

    assert refuses(drawing.check_numbers, source, [1, 2, 9]) == ""
    assert refuses(drawing.check_numbers, source, [1, 9, 2]) != ""


@pytest.mark.parametrize(
    ("sources", "outcomes"),
    [
        ([DICE], 1000),
        ([BALLS], 3),
        ([DICE, BALLS], 3000),
        ([{**DICE, "n": 4, "min": 1, "max": 6}], 1296),
        ([{**BALLS, "n": 6, "max": 33}], 1107568),
        ([{**BALLS, "n": 20, "max": 80}], 3535316142212174320),
        ([], 1),
    ],
)
def test_the_entropy_counts_the_outcomes_of_the_sources(sources, outcomes):
    assert drawing.entropy_bits(sources) == pytest.approx(math.log2(outcomes))


def test_a_draw_needs_64_bits_of_entropy():
    assert drawing.LEAST_ENTROPY_BITS == 64


@pytest.mark.parametrize(
    ("source", "fits"),
    [
        ({**DICE, "n": 1}, True),
        ({**DICE, "n": 0}, False),
        ({**DICE, "min": 9}, True),
        ({**DICE, "min": 10}, False),
        ({**DICE, "order": "any"}, False),
        ({**DICE, "n": 100}, True),
        ({**BALLS, "n": 3}, True),
        ({**BALLS, "n": 4}, False),
        ({**BALLS, "min": 0, "n": 4}, True),
        ({**BALLS, "label": ""}, False),
        ({**BALLS, "fallback": ""}, False),
    ],
)
def test_a_source_can_produce_as_many_numbers_as_it_promises(source, fits):
    assert (refuses(partial(params, randomness=[source])) == "") is fits


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        ({"mode": "fixed", "rounds": [[0, 0]]}, ""),
        ({"mode": "fixed", "rounds": [[2, 1], [2, 1]]}, ""),
        ({"mode": "fixed", "rounds": [[2, 1], [2, 0]]}, "各次抽取名额为累计数，不能减少。"),
        ({"mode": "fixed", "rounds": []}, "至少应有一次抽取名额。"),
        ({"mode": "fixed", "rounds": [[2]]}, "每次抽取名额应与类别一一对应。"),
        ({"mode": "fixed", "rounds": [[2, 1], [2, 1, 1]]}, "每次抽取名额应与类别一一对应。"),
        ({"mode": "proportional", "min": 0, "rounds": [3, 3]}, ""),
        ({"mode": "proportional", "min": 0, "rounds": [3, 2]}, "各次抽取名额为累计数，不能减少。"),
        ({"mode": "proportional", "min": 0, "rounds": []}, "至少应有一次抽取名额。"),
    ],
)
def test_the_seats_of_the_rounds_are_cumulative(quota, text):
    assert refuses(partial(params, quota=quota)) == text


def test_the_strata_are_sorted_by_their_bytes_and_come_once():
    terms = params(quota={"mode": "proportional", "min": 0, "rounds": [1]})

    assert terms["strata"] == ["A", "B"]
    for strata in (["B", "A"], ["A", "A", "B"]):
        assert "字节" in refuses(drawing.validate_params, {**terms, "strata": strata})
    assert refuses(drawing.validate_params, {**terms, "strata": ["\uffee", "𠮷"]}) == ""


@pytest.mark.parametrize(
    ("lowest", "total", "eligible", "seats"),
    [
        (0, 10, {"A": 50, "B": 50}, [5, 5]),
        (0, 10, {"A": 50, "B": 30, "C": 20}, [5, 3, 2]),
        (0, 4, {"A": 60, "B": 30, "C": 10}, [3, 1, 0]),  # remainders 40, 20, 40: the larger stratum
        (0, 1, {"A": 10, "B": 30, "C": 20}, [0, 1, 0]),
        (0, 3, {"B": 10, "A": 10}, [1, 2]),  # equal remainders and sizes: by name
        (0, 2, {"A": 1, "B": 3}, [0, 2]),  # equal remainders: the larger stratum
        (0, 2, {"B": 3, "A": 1}, [2, 0]),
        (0, 5, {"A": 2, "B": 3}, [2, 3]),
        (0, 9, {"A": 2, "B": 3}, [2, 3]),
        (0, 4, {"A": 2, "B": 3}, [2, 2]),
        (0, 0, {"A": 2, "B": 3}, [0, 0]),
        (0, 3, {"A": 0, "B": 0}, [0, 0]),
        (1, 4, {"A": 9, "B": 1, "C": 2}, [2, 1, 1]),
        (2, 4, {"A": 5, "B": 5}, [2, 2]),
        (2, 4, {"A": 1, "B": 9}, [1, 3]),
    ],
)
def test_proportional_seats_go_to_the_largest_remainders(lowest, total, eligible, seats):
    quota = {"mode": "proportional", "min": lowest, "rounds": [total]}

    assert list(drawing.seats(quota, eligible, 1).values()) == seats


def test_the_least_seats_of_all_strata_must_fit_the_total():
    quota = {"mode": "proportional", "min": 2, "rounds": [3]}

    assert "最低名额之和" in refuses(drawing.seats, quota, {"A": 5, "B": 5}, 1)


@given(
    st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 30), min_size=1),
    st.integers(0, 80),
    st.integers(0, 80),
)
def test_all_seats_are_shared_out_and_nobody_loses_one_later(eligible, first, more):
    quota = {"mode": "proportional", "min": 0, "rounds": [first, first + more]}
    before, after = drawing.seats(quota, eligible, 1), drawing.seats(quota, eligible, 2)

    assert sum(after.values()) == min(first + more, sum(eligible.values()))
    assert all(before[name] <= after[name] <= eligible[name] for name in eligible)


def test_a_fixed_round_never_gives_more_seats_than_the_stratum_has():
    quota = {"mode": "fixed", "rounds": [[2, 1], [3, 9]]}

    assert drawing.seats(quota, {"A": 6, "B": 3}, 1) == {"A": 2, "B": 1}
    assert drawing.seats(quota, {"A": 6, "B": 3}, 2) == {"A": 3, "B": 3}


def test_the_first_are_selected_and_the_next_are_alternates():
    result = drawn()
    order = drawing.drawing_order(result["seed"], "A", [token for name, token in POOL if name == "A"])

    assert (result["round"], result["unfilled"]) == (1, 0)
    assert result["strata"]["A"] == {
        "eligible": 6,
        "quota": 2,
        "selected": order[:2],
        "alternates": order[2:3],
        "shortfall": 0,
    }


def test_an_alternate_replaces_whoever_is_removed_and_nobody_else_moves_up():
    first, second = drawn()["strata"]["A"]["selected"]
    (alternate,) = drawn()["strata"]["A"]["alternates"]

    once = drawn(removal("A", first))
    assert (once["strata"]["A"]["selected"], once["strata"]["A"]["alternates"]) == ([second, alternate], [])
    twice = drawn(removal("A", first), removal("A", second))
    assert twice["strata"]["A"]["selected"] == [alternate]
    assert (twice["strata"]["A"]["shortfall"], twice["unfilled"]) == (1, 1)
    assert twice["strata"]["B"] == drawn()["strata"]["B"]


@pytest.mark.parametrize("reason", ["refused", "conflict", "unreachable", "ineligible"])
def test_a_drawn_person_is_removed_for_four_reasons_only(reason):
    first = drawn()["strata"]["A"]["selected"][0]

    assert first not in drawn(removal("A", first, reason))["strata"]["A"]["selected"]
    assert "不在协议之内" in refuses(drawn, removal("A", first, "dislike"))


def test_only_those_selected_at_the_time_are_removed():
    alternate, selected = drawn()["strata"]["A"]["alternates"][0], drawn()["strata"]["A"]["selected"]

    for events in (
        [removal("A", alternate)],
        [removal("B", selected[0])],
        [removal("C", selected[0])],
        [removal("A", selected[0]), removal("A", selected[0])],
    ):
        assert refuses(drawn, *events) == "只能移除当时已抽中的人。"
    assert refuses(drawn, removal("A", selected[0]), removal("A", alternate)) == ""


def test_committed_rounds_are_opened_one_after_the_other():
    assert drawn(further(2))["round"] == 2
    assert [len(stratum["selected"]) for stratum in drawn(further(2))["strata"].values()] == [3, 2]
    three = {"mode": "fixed", "rounds": [[1, 0], [2, 1], [3, 2]]}
    assert drawn(further(2), further(3), quota=three)["round"] == 3
    for rounds in ([1], [3], [2, 2], [2, 3]):
        assert "事先承诺" in refuses(drawn, *map(further, rounds))
    assert "事先承诺" in refuses(partial(drawn, further(3), quota=three))


def test_events_are_numbered_from_1_and_chained():
    first = {"seq": 1, **further(2)}

    assert drawn(further(2))["head"] == outcome.event_head(drawing.commitment(params()), first)
    for number in (0, 2):
        assert "序号不对" in refuses(outcome.draw, params(), POOL, [], NUMBERS, [{**first, "seq": number}])


def test_nobody_excluded_is_drawn():
    exclusions = [("A", f"a{n}", "conflict") for n in range(5)]
    result = drawn(exclusions=exclusions)

    assert result["strata"]["A"] == {
        "eligible": 1,
        "quota": 1,
        "selected": ["a5"],
        "alternates": [],
        "shortfall": 1,
    }
    assert result["unfilled"] == 1


@pytest.mark.parametrize(("total", "unfilled"), [(8, 0), (9, 0), (10, 1), (12, 3)])
def test_seats_nobody_could_take_are_unfilled(total, unfilled):
    quota = {"mode": "proportional", "min": 0, "rounds": [total]}

    assert drawn(quota=quota)["unfilled"] == unfilled


def test_a_removal_after_which_nobody_follows_is_unfilled_too():
    quota = {"mode": "proportional", "min": 0, "rounds": [10]}

    assert drawn(removal("B", "b0"), quota=quota)["unfilled"] == 2
    assert drawn(further(2), quota={**quota, "rounds": [4, 12]})["unfilled"] == 3


def test_changed_files_or_strata_are_refused():
    terms = params()

    for pool in (POOL[1:], [("A", "x"), *POOL[1:]]):
        assert refuses(outcome.draw, terms, pool, [], NUMBERS).startswith("名单与承诺")
    for size in (8, 10):
        assert refuses(outcome.draw, {**terms, "pool_size": size}, POOL, [], NUMBERS).startswith("名单与承诺")
    assert refuses(outcome.draw, terms, POOL, [("A", "a0", "conflict")], NUMBERS).startswith("回避名单与承诺")
    assert refuses(outcome.draw, terms, POOL, [], []) == "应有1组随机数，收到0组。"


@pytest.mark.parametrize(
    ("exclusions", "text"),
    [
        ([("A", "a0", "conflict"), ("A", "a0", "ineligible")], "回避名单中有重复的人，或有名单之外的人。"),
        ([("A", "b0", "conflict")], "回避名单中有重复的人，或有名单之外的人。"),
        ([("A", "a0", "dislike")], "回避名单中的原因不在协议之内。"),
        ([("A", "a0", "conflict"), ("B", "b0", "declared_absence")], ""),
    ],
)
def test_only_people_of_the_pool_are_excluded_each_once_for_a_reason(exclusions, text):
    assert refuses(partial(drawn, exclusions=exclusions)) == text

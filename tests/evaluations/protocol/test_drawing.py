"""The published test vectors, and the draw compared with the stand-alone checker."""

import copy
import json
import runpy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.protocol import drawing, outcome
from evaluations.protocol.drawing import DrawError
from evaluations.protocol.proofs import proof_chunks, verify_proof
from nanchuan_eval.core.canonical import canonical_json
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "draw_vectors.json").read_text(encoding="utf-8"))
CHECKER_PATH = ROOT / "static" / "verify" / "check_draw.py"
CHECKER = runpy.run_path(str(CHECKER_PATH))
redraw = CHECKER["redraw"]
NAMES = st.sampled_from(["服务对象", "A", "市场主体", "Ω组", "𠮷"])
SOURCES = [
    {"label": "现场十面骰子20枚", "n": 20, "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"},
    {"label": "双色球红球", "n": 6, "min": 1, "max": 33, "order": "sorted", "fallback": "顺延"},
]


def by_name(vector):
    return vector["name"]


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=by_name)
def test_a_published_vector_verifies(vector):
    assert verify_proof(vector["proof"]) == redraw(vector["proof"]) == vector["proof"]["result"]["seed"]


@pytest.mark.parametrize("vector", VECTORS["rejects"], ids=by_name)
def test_a_published_reject_is_refused(vector):
    with pytest.raises(DrawError):
        verify_proof(vector["proof"])
    with pytest.raises(ValueError):
        redraw(vector["proof"])


@st.composite
def proofs(draw):
    strata = sorted(draw(st.sets(NAMES, min_size=1, max_size=4)), key=str.encode)
    sizes = draw(st.lists(st.integers(1, 12), min_size=len(strata), max_size=len(strata)))
    pool = [(s, f"T{n:02d}") for s, size in zip(strata, sizes, strict=True) for n in range(size)]
    out = draw(st.sets(st.sampled_from(pool), max_size=len(pool) // 2))
    exclusions = [(s, i, draw(st.sampled_from(sorted(outcome.EXCLUSION_REASONS)))) for s, i in sorted(out)]
    params = drawing.make_params(
        draw_id="试抽",
        purpose="evaluators",
        pool=pool,
        exclusions=exclusions,
        quota=draw(quotas(strata)),
        alternates=draw(st.integers(0, 4)),
        randomness=SOURCES,
        note="",
    )
    thrown = [
        draw(st.lists(st.integers(0, 9), min_size=20, max_size=20)),
        sorted(draw(st.sets(st.integers(1, 33), min_size=6, max_size=6))),
    ]
    return with_events(draw, params, pool, exclusions, thrown)


@st.composite
def quotas(draw, strata):
    if draw(st.booleans()):
        first = draw(st.lists(st.integers(0, 9), min_size=len(strata), max_size=len(strata)))
        more = draw(st.integers(0, 3))
        return {"mode": "fixed", "rounds": [first, [n + more for n in first]]}
    lowest, total = draw(st.integers(0, 2)), draw(st.integers(8, 20))
    return {"mode": "proportional", "min": lowest, "rounds": [total, total + draw(st.integers(0, 9))]}


def with_events(draw, params, pool, exclusions, thrown):
    events = []
    for _ in range(draw(st.integers(0, 4))):
        result = outcome.draw(params, pool, exclusions, thrown, events)
        present = [(s, i) for s, line in result["strata"].items() for i in line["selected"]]
        event = {"seq": len(events) + 1, "at": "2020-07-01T10:00:00+08:00"}
        if result["round"] == 1 and draw(st.booleans()):
            events.append({**event, "type": "open_round", "round": 2})
        elif present:
            stratum, token = draw(st.sampled_from(present))
            reason = draw(st.sampled_from(sorted(outcome.REMOVAL_REASONS)))
            events.append({**event, "type": "remove", "stratum": stratum, "id": token, "reason": reason})
    return {
        "params": dict(params),
        "commit": drawing.commitment(params),
        "pool": [list(row) for row in pool],
        "exclusions": [list(row) for row in exclusions],
        "randomness": [list(row) for row in thrown],
        "events": events,
        "result": outcome.draw(params, pool, exclusions, thrown, events),
    }


@settings(max_examples=150, deadline=None)
@given(proofs())
def test_the_stand_alone_checker_agrees_with_the_draw(proof):
    proof = json.loads(canonical_json(proof))

    assert redraw(proof) == verify_proof(proof) == proof["result"]["seed"]


def places(value, path=()):
    """Path of every leaf and every list in a proof."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        yield path
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))
    else:
        yield path


def spoil(value, how):
    if isinstance(value, list):
        return value[1:] if value and how == "shorter" else [*value, *value[:1]] or ["x"]
    if isinstance(value, int):
        return {"shorter": value + 1, "longer": True if value == 1 else -value - 1}[how]
    return value[1:] + "0" if how == "shorter" and value else value + "\u0301"


@settings(max_examples=200, deadline=None)
@given(proofs(), st.data())
def test_any_change_in_a_proof_is_found_by_both_checkers(proof, data):
    proof = json.loads(canonical_json(proof))
    path = data.draw(st.sampled_from(list(places(proof))))
    tampered = copy.deepcopy(proof)
    inner = tampered
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = spoil(inner[path[-1]], data.draw(st.sampled_from(["shorter", "longer"])))

    with pytest.raises(DrawError):
        verify_proof(tampered)
    with pytest.raises(ValueError):
        redraw(tampered)


@settings(max_examples=40, deadline=None)
@given(proofs())
def test_a_streamed_proof_is_the_proof(proof):
    text = "".join(proof_chunks(proof, iter(proof["pool"]), iter(proof["exclusions"])))

    assert text.encode() == canonical_json(proof)


def test_the_examples_of_the_specification():
    token = drawing.person_token("0" * 64, "张三/13900000000")

    assert token == "967f1dc8478b521d7a99a2bb04939ac11c81517e05054ee6e64b605d7592b329"


def test_progress_is_reported_for_every_ticket():
    reported = []
    tokens = [f"T{n}" for n in range(2 * drawing.STEP + 5)]

    drawing.drawing_order("0" * 64, "A", tokens, reported.append)

    assert reported == [drawing.STEP, drawing.STEP, 5]


class TestInvalidParameters:
    """Each fault alone, in otherwise valid parameters."""

    def make(self, **changes):
        terms = {
            "draw_id": "试抽",
            "purpose": "evaluators",
            "pool": [("A", "T1"), ("A", "T2"), ("B", "T3")],
            "exclusions": [],
            "quota": {"mode": "fixed", "rounds": [[1, 1]]},
            "alternates": 0,
            "randomness": SOURCES,
            "note": "",
        }
        return drawing.make_params(**{**terms, **changes})

    def test_valid_parameters_are_accepted(self):
        assert self.make()["strata"] == ["A", "B"]

    @pytest.mark.parametrize("name", ["", " A", "A\t", "A\nB", "e\u0301", "x" * 201, "A\u2028"])
    def test_invalid_names(self, name):
        with pytest.raises(DrawError):
            self.make(draw_id=name)
        with pytest.raises(DrawError):
            self.make(pool=[(name, "T1"), ("B", "T3")])
        with pytest.raises(DrawError):
            self.make(pool=[("A", name), ("B", "T3")])

    @pytest.mark.parametrize(
        "changes",
        [
            {"pool": [("A", "T1"), ("A", "T1"), ("B", "T3")]},
            {"quota": {"mode": "fixed", "rounds": []}},
            {"quota": {"mode": "fixed", "rounds": [[1]]}},
            {"quota": {"mode": "fixed", "rounds": [[2, 1], [1, 1]]}},
            {"quota": {"mode": "proportional", "min": 0, "rounds": [3, 2]}},
            {"randomness": []},
            {"randomness": [{**SOURCES[0], "n": 0}]},
            {"randomness": [{**SOURCES[0], "min": 9, "max": 0}]},
            {"randomness": [{**SOURCES[0], "order": "any"}]},
            {"randomness": [{**SOURCES[1], "n": 34}]},
        ],
    )
    def test_invalid_pools_quotas_and_sources(self, changes):
        with pytest.raises(DrawError):
            self.make(**changes)

    def test_minimum_seats_above_the_total(self):
        with pytest.raises(DrawError, match="最低名额之和"):
            drawing.seats({"mode": "proportional", "min": 2, "rounds": [3]}, {"A": 5, "B": 5}, 1)

    def test_a_quota_above_the_stratum_is_reported_and_never_reallocated(self):
        params = self.make(quota={"mode": "fixed", "rounds": [[1, 4]]})
        pool = [("A", "T1"), ("A", "T2"), ("B", "T3")]

        result = outcome.draw(params, pool, [], [[1] * 20, [1, 2, 3, 4, 5, 6]])

        assert (result["strata"]["B"]["shortfall"], result["unfilled"]) == (3, 3)
        assert len(result["strata"]["A"]["selected"]) == 1


class TestInvalidProofs:
    """Proofs with one fault and consistent hashes: the fault itself must be found."""

    POOL = (("A", "T1"), ("A", "T2"), ("B", "T3"))
    NUMBERS = ((1,) * 20, (1, 2, 3, 4, 5, 6))

    def proof(self, exclusions=(), events=(), **changes):
        params = TestInvalidParameters().make(pool=self.POOL, exclusions=exclusions)
        params.update(changes.pop("params", {}))
        proof = {
            "params": params,
            "commit": drawing.commitment(params),
            "pool": [list(row) for row in self.POOL],
            "exclusions": [list(row) for row in exclusions],
            "randomness": [list(row) for row in self.NUMBERS],
            "events": list(events),
            "result": {},
        }
        return {**proof, **changes}

    @pytest.mark.parametrize(
        ("fault", "why"),
        [
            ({"params": {"strata": ["B", "A"]}}, "类别没有按字节排序"),
            ({"params": {"strata": ["A"], "quota": {"mode": "fixed", "rounds": [[1]]}}}, "承诺之外的类别"),
            ({"params": {"note": 1}}, "应为文字"),
            ({"randomness": [[1] * 20]}, "应有2组随机数"),
            ({"randomness": [[1] * 20, [6, 5, 4, 3, 2, 1]]}, "从小到大"),
            ({"exclusions": [("A", "T9", "conflict")]}, "名单之外的人"),
            ({"exclusions": [("A", "T1", "conflict"), ("A", "T1", "ineligible")]}, "重复的人"),
            ({"exclusions": [("A", "T1", "dislike")]}, "原因不在协议之内"),
            ({"events": [{"seq": 2, "type": "open_round", "round": 2, "at": ""}]}, "序号不对"),
            ({"events": [{"seq": 1, "type": "open_round", "round": 2, "at": ""}]}, "事先承诺的追加抽取"),
            ({"result": {("a",): 1}}, "结果与重新抽取的不一致"),
        ],
    )
    def test_are_refused_for_their_one_fault(self, fault, why):
        with pytest.raises(DrawError, match=why):
            verify_proof(self.proof(**fault))

    def test_a_ticket_matches_the_specification(self):
        seed = "0" * 64
        order = drawing.drawing_order(seed, "A", ["T1", "T2", "T3"])

        assert order == sorted(["T1", "T2", "T3"], key=lambda token: drawing.ticket(seed, "A", token))

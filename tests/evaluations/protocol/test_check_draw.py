"""The stand-alone checker of a draw: output, agreement with the system, its addresses."""

import ast
import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.protocol import drawing, outcome
from evaluations.protocol.drawing import DrawError
from evaluations.protocol.proofs import verify_proof
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.protocol.forgeries import BASIC, FORGERIES, computed_again
from tests.evaluations.protocol.test_drawing import CHECKER, CHECKER_PATH, VECTORS, places, proofs, redraw

PROOFS = {vector["name"]: vector["proof"] for vector in VECTORS["vectors"]}
REJECTS = {vector["name"]: vector["proof"] for vector in VECTORS["rejects"]}
WHOLE = next(iter(PROOFS.values()))
REPLACEMENTS = ["", "x", " ", "e\u0301", "\t", 0, 1, 2, -1, 2**53, 1.0, True, None, [], {}, ["x"], [1], [[1]], "12"]


def run(*arguments):
    done = subprocess.run([sys.executable, CHECKER_PATH, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def verdict(check, proof):
    """The seed, or None if refused; any error but ValueError fails the test."""
    try:
        return check(proof)
    except ValueError:
        return None


def put(proof, path, value):
    changed = copy.deepcopy(proof)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def committed_again(proof):
    """The proof with digests, commitment and result recomputed, as far as possible."""
    proof = copy.deepcopy(proof)
    try:
        proof["params"]["pool_size"] = len(proof["pool"])
        proof["params"]["pool_sha256"] = CHECKER["file_digest"](proof["pool"])
        proof["params"]["exclusions_sha256"] = CHECKER["file_digest"](proof["exclusions"])
    except (ValueError, TypeError, AttributeError):
        pass
    try:
        proof["commit"] = CHECKER["sha256"]("nanchuan-draw/1/commit", CHECKER["canonical"](proof["params"]))
        parts = [proof[key] for key in ("params", "pool", "exclusions", "randomness", "events")]
        proof["result"] = json.loads(canonical_json(outcome.draw(*parts)))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        pass
    return proof


class TestWhatItPrints:
    def saved(self, tmp_path, text):
        file = tmp_path / "proof.json"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def test_ok_and_the_seed(self, tmp_path):
        assert run(self.saved(tmp_path, json.dumps(WHOLE))) == (0, f"OK {WHOLE['result']['seed']}")

    @pytest.mark.parametrize("text", ["", "[]", "null", "{}", "{", "[" * 200_000, '{"a":1,"a":1}', '"\\ud800"'])
    def test_fail_for_an_invalid_proof(self, tmp_path, text):
        code, printed = run(self.saved(tmp_path, text))

        assert code == 1
        assert printed.startswith("FAIL ")

    def test_fail_for_a_key_given_twice(self, tmp_path):
        text = json.dumps(WHOLE)[:-1] + f', "commit": "{WHOLE["commit"]}"}}'

        assert run(self.saved(tmp_path, text)) == (1, "FAIL 有重复的键")

    def test_fail_for_a_missing_file(self, tmp_path):
        assert run(str(tmp_path / "none.json"))[0] == 1

    def test_its_use_without_a_file(self):
        assert run() == (1, "")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("r1-pool-changed", "名单与承诺不符"),
        ("r3-remove-alternate", "只能移除已抽中的人"),
        ("r6-die-out-of-range", "随机数超出范围"),
        ("r8-tab-in-id", "不合规定"),
    ],
)
def test_a_published_reject_is_refused_for_its_own_fault(name, why):
    commit = drawing.commitment(REJECTS[name]["params"])

    with pytest.raises(ValueError, match=why):
        redraw({"commit": commit, "result": {}, **REJECTS[name]})


def test_what_forges_proofs_computes_what_a_draw_does():
    assert computed_again(BASIC, {}, {}) == BASIC


@pytest.mark.parametrize("rule", FORGERIES)
def test_a_forged_proof_is_refused_for_the_rule_it_breaks(rule):
    for check in (verify_proof, redraw):
        with pytest.raises(ValueError) as refused:
            check(FORGERIES[rule])
        assert "结果" not in str(refused.value)


@pytest.mark.parametrize("name", PROOFS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_field_changed_in_a_vector_is_refused_by_both(name, data):
    path = data.draw(st.sampled_from(list(places(PROOFS[name]))))
    changed = put(PROOFS[name], path, data.draw(st.sampled_from(REPLACEMENTS)))

    if json.dumps(changed) != json.dumps(PROOFS[name]):
        assert verdict(verify_proof, changed) is verdict(redraw, changed) is None


@settings(max_examples=400, deadline=None)
@given(proofs(), st.data())
def test_a_change_with_recomputed_hashes_gets_the_same_verdict_from_both(proof, data):
    proof = json.loads(canonical_json(proof))
    path = data.draw(st.sampled_from([path for path in places(proof) if path[0] not in {"result", "commit"}]))
    changed = committed_again(put(proof, path, data.draw(st.sampled_from(REPLACEMENTS))))

    assert verdict(redraw, changed) == verdict(verify_proof, changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pool", 0), "A1"),
        (("params", "strata"), "A"),
        (("params", "note"), 1),
        (("params", "alternates"), "1"),
        (("params", "randomness", 0, "min"), "0"),
        (("events",), {}),
        (("params", "quota"), {}),
        (("params", "quota", "mode"), []),
    ],
)
def test_a_value_of_another_type_is_refused_by_both(path, value):
    changed = committed_again(put(WHOLE, path, value))

    with pytest.raises(DrawError):
        verify_proof(changed)
    with pytest.raises(ValueError, match=r"不合规定|项目应为"):
        redraw(changed)


class TestTheProgramItself:
    SOURCE = CHECKER_PATH.read_text(encoding="utf-8")

    def test_needs_python_3_8_and_the_standard_library_only(self):
        tree = ast.parse(self.SOURCE, feature_version=(3, 8))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

        assert imported <= set(sys.stdlib_module_names)

    def test_is_short(self):
        assert len(self.SOURCE.splitlines()) <= 210


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        ("draw_check60.py", "check_draw.py"),
        ("check_receipt.py", "check_receipt.py"),
        ("check_result.py", "check_result.py"),
    ],
)
def test_the_addresses_in_earlier_notices_lead_to_the_checkers(client, earlier, now):
    answer = client.get(f"/static/{earlier}")

    assert (answer.status_code, answer["Location"]) == (301, f"/static/verify/{now}")
    assert Path(finders.find(f"verify/{now}")) == CHECKER_PATH.with_name(now)

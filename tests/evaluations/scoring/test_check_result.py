"""The stand-alone checker: one file, the standard library, and the same scores and places as the system."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from evaluations.scoring.result import recount
from static.verify import check_result
from tests.evaluations.scoring.examples import (
    ROUNDS,
    ballots_csv,
    published_lines,
    published_rulebook,
    rounds,
    untimed,
)
from tests.paths import ROOT

CHECKER = ROOT / "static" / "verify" / "check_result.py"


def files(tmp_path, vector, **changes):
    rows = ballots_csv(published_lines(vector))
    book = published_rulebook(vector)
    result = json.loads(recount(rows, book)) | changes
    (tmp_path / "ballots.csv").write_text("".join(row if row.endswith("\n") else f"{row}\n" for row in rows))
    (tmp_path / "rulebook.json").write_text(json.dumps(book))
    (tmp_path / "result.json").write_text(json.dumps(result))
    return [str(tmp_path / name) for name in ("ballots.csv", "rulebook.json", "result.json")]


def run(*arguments):
    return subprocess.run([sys.executable, "-I", str(CHECKER), *arguments], capture_output=True, text=True, check=False)


def test_it_needs_the_standard_library_alone():
    tree = ast.parse(CHECKER.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("vector", ROUNDS, ids=lambda vector: vector["name"])
def test_it_agrees_on_the_published_rounds(vector, tmp_path):
    done = run(*files(tmp_path, vector))

    assert done.stdout.endswith("OK\n"), done.stdout + done.stderr
    assert done.returncode == 0


@untimed
@given(rounds())
def test_it_agrees_on_any_round(example):
    book, lines = example
    rows = ballots_csv(lines)
    header, *body = [row.rstrip("\n").split(",") for row in rows]
    count = check_result.Count(book, [dict(zip(header, row, strict=True)) for row in body])

    assert check_result.faults(count, json.loads(recount(rows, book))) == []


@pytest.mark.parametrize(("key", "value"), [("difficulty", "99.9999"), ("rank", 77)])
def test_a_changed_result_is_found(key, value, tmp_path):
    vector = ROUNDS[0]
    arguments = files(tmp_path, vector)
    result = json.loads(Path(arguments[2]).read_text())
    result["sections"][0][key] = value
    Path(arguments[2]).write_text(json.dumps(result))

    done = run(*arguments)

    assert done.returncode == 1
    assert f"FAIL {result['sections'][0]['section']}" in done.stdout


def test_without_arguments_it_prints_its_usage():
    assert run().returncode == 2

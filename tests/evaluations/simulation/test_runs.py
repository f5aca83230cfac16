"""Many rounds and the command that runs them: the same bytes however they are run, every fault in words."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from evaluations.scoring.nc2.cells_file import cells_document, rulebook_digest
from evaluations.scoring.nc2.index import score_ballots
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.simulation.rules.outcomes import FIGURES
from evaluations.simulation.services import rounds
from evaluations.simulation.services.rounds import Setting, simulate
from evaluations.simulation.services.runs import Task, run
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.simulation.examples import book, expectation, expected


def task(**changes):
    given = {"rulebook": book(), "expected": expected(), "cells": None, "rounds": 4, "seed": 7}
    return Task(**given | changes)


@pytest.fixture
def last_round(monkeypatch):
    """cells.json of a simulated round."""
    kept = []
    counted = rounds.count
    monkeypatch.setattr(rounds, "count", lambda method, given: kept.append(given) or counted(method, given))
    method = parse_method_two(book())
    simulate(Setting(method, expectation(attacks=False), seed=3), 0)
    return cells_document(score_ballots(method, kept[0])[0], rulebook_digest(book()))


def test_the_number_of_processes_changes_nothing():
    assert run(task(), processes=1) == run(task(), processes=3)


def test_another_seed_gives_other_rounds():
    assert run(task(), processes=1) != run(task(seed=8), processes=1)


def test_the_result_is_canonical_and_says_what_it_was_made_of():
    content = run(task(), processes=1)
    found = json.loads(content)

    assert canonical_json(found) == content
    assert set(found) == {
        *("method", "rulebook_sha256", "cells_sha256", "sections", "list_length", "rounds", "seed"),
        *("expectation", "from_cells", "figures", "bought", "fakes"),
    }
    assert (found["rounds"], found["seed"], found["sections"], found["list_length"]) == (4, 7, 24, 3)
    assert found["rulebook_sha256"] == rulebook_digest(book())
    assert (found["cells_sha256"], found["from_cells"]) == (None, None)
    assert found["expectation"]["channels"]["targeted"]["ballots"] == 120
    assert set(found["figures"]) == set(FIGURES)
    assert found["figures"]["recall"]["of"] == 4 * 3


def test_every_round_is_reported_as_it_ends():
    told = []

    run(task(), processes=1, progress=lambda: told.append(1))

    assert len(told) == 4


def test_the_last_round_gives_spread_and_channel_effect(last_round):
    found = json.loads(run(task(cells=last_round), processes=1))

    assert 0.2 < float(found["from_cells"]["spread"]) < 0.6
    assert 0 <= float(found["from_cells"]["channel_effect"]) < 0.6
    assert len(found["cells_sha256"]) == 64
    assert found["figures"] != json.loads(run(task(), processes=1))["figures"]


def test_sections_may_have_come_and_gone_since_the_last_round(last_round):
    reformed = book(sections=[*book()["sections"][:-2], "NEW-1", "NEW-2"])

    assert json.loads(run(task(rulebook=reformed, cells=last_round), processes=1))["from_cells"]


class TestCommand:
    @pytest.fixture
    def files(self, tmp_path):
        (tmp_path / "rulebook.json").write_bytes(canonical_json(book()))
        (tmp_path / "expect.json").write_bytes(canonical_json(expected(attacks=False)))
        return tmp_path

    def refusal(self, *args, **options):
        with pytest.raises(CommandError) as refused:
            call_command("simulate_round", *args, **{"rounds": 1} | options)
        return str(refused.value)

    def test_writes_the_result_to_its_file_and_progress_to_stderr(self, files, capsys):
        call_command(
            "simulate_round",
            files / "rulebook.json",
            expect=files / "expect.json",
            rounds=2,
            seed=7,
            json=files / "simulation.json",
        )

        assert (files / "simulation.json").read_bytes() == run(
            task(expected=expected(attacks=False), rounds=2), processes=1
        )
        out, err = capsys.readouterr()
        assert out == ""
        assert "2/2" in err

    def test_prints_the_result_without_a_file(self, files):
        screen = StringIO()

        call_command("simulate_round", files / "rulebook.json", expect=files / "expect.json", rounds=1, stdout=screen)

        assert json.loads(screen.getvalue())["rounds"] == 1

    @pytest.mark.parametrize(("rounds", "seed"), [(0, 1), (10_001, 1), (1, -1)])
    def test_refuses_numbers_out_of_bounds(self, files, rounds, seed):
        assert "轮数应为1到10000" in self.refusal(files / "rulebook.json", rounds=rounds, seed=seed)

    def test_names_the_file_that_is_missing(self, files):
        assert "nowhere.json" in self.refusal(files / "nowhere.json")

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("rulebook", "{", "JSON"),
            ("rulebook", "[]", "应为一个对象"),
            ("rulebook", '{"method":"NC-2"}', "levels"),
            ("rulebook", '{"method":"NC-1"}', "NC-2"),
            ("expect", '{"strata":1,"strata":1}', "两次"),
            ("expect", '{"hearsay":0.5}', "写成文字"),
            ("expect", '{"hearsay":"2"}', "hearsay"),
            ("expect", "[]", "应为一个对象"),
            ("cells", "[]", "sections"),
            ("cells", '{"sections":[]}', "sections"),
            ("cells", '{"sections":[{"section":"A"},{"section":"B"}]}', "应恰好有"),
        ],
    )
    def test_a_faulty_file_is_named_with_its_fault(self, files, name, content, said):
        (files / f"{name}.json").write_text(content, "utf-8")
        options = {} if name == "rulebook" else {name: files / f"{name}.json"}

        refused = self.refusal(files / "rulebook.json", **options)

        assert f"{name}.json" in refused
        assert said in refused

    def test_rubbish_of_ten_megabytes_is_refused(self, files):
        (files / "expect.json").write_bytes(b"x" * 10_000_000)

        assert "文件过大" in self.refusal(files / "rulebook.json", expect=files / "expect.json")

    def test_without_numpy_it_says_what_to_install(self, files, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "evaluations.simulation.services.runs", None)

        assert "requirements-simulation.txt" in self.refusal(files / "rulebook.json")

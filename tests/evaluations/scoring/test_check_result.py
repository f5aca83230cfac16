"""The stand-alone checker: one file, the standard library, all the values of the system, and no forgery unnoticed."""

import ast
import json
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings

from evaluations.scoring.methods import recount
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from static.verify import check_result
from tests.evaluations.scoring import examples as examples1
from tests.evaluations.scoring.forgeries import forgeries
from tests.evaluations.scoring.nc2 import examples as examples2
from tests.paths import ROOT

CHECKER = ROOT / "static" / "verify" / "check_result.py"
NC1 = [
    (examples1.ballots_csv(examples1.published_lines(vector)), examples1.published_rulebook(vector))
    for vector in examples1.ROUNDS
]
NC2 = [(examples2.in_file(vector), vector["rulebook"]) for vector in examples2.ROUNDS]
THIN, VETOES, HIDDEN = (
    next(n for n, vector in enumerate(examples2.ROUNDS) if vector["name"].startswith(name))
    for name in ("03", "05", "09")
)


def files_of(ballots, rulebook):
    """All files of a round, as the system makes them."""
    files = {"ballots": ballots, "rulebook": rulebook}
    result, cells = recount(ballots, rulebook)
    made = {"result": result, "cells": cells}
    return files | {name: json.loads(content) for name, content in made.items() if content}


def listed(files, **changes):
    """The published list of a round without corrections."""
    rows = files["result"]["sections"]
    keys = ("rank", "label", "rank_low", "rank_high")
    return {
        "entries": [{"code": row["section"], **{k: row[k] for k in keys}} for row in rows if row["listed"]],
        "sections": len(rows),
        "unranked": sum(row["rank"] is None for row in rows),
        "rulebook_sha256": sha256_hex(canonical_json(files["rulebook"])),
        "cells_sha256": sha256_hex(canonical_json(files["cells"])),
        "result_sha256": sha256_hex(canonical_json(files["result"])),
        "publication": files["result"]["publication"],
        "note": "" if files["result"]["publication"]["allowed"] else "经决定公示，理由：……。",
    } | changes


def public(files):
    """What is published of a round."""
    return {"cells": files["cells"], "rulebook": files["rulebook"], "list": listed(files)}


def is_found(files):
    """Whether the checker refuses the files or tells a difference, always in Chinese."""
    try:
        _, found = check_result.check(files)
    except check_result.Unusable as fault:
        found = [str(fault)]
    except (LookupError, TypeError, ValueError, AttributeError) as fault:  # as main() takes them
        return fault is not None
    assert all(any("\u4e00" <= c <= "\u9fff" for c in line) for line in found)
    return found != []


def test_it_needs_the_standard_library_alone():
    tree = ast.parse(CHECKER.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


class TestUnchangedFiles:
    @pytest.mark.parametrize(("ballots", "rulebook"), NC1 + NC2)
    def test_it_agrees_on_the_published_rounds(self, ballots, rulebook):
        files = files_of(ballots, rulebook)

        assert check_result.check(files) == (files["result"], [])

    @pytest.mark.parametrize(("ballots", "rulebook"), NC2)
    def test_it_agrees_from_the_published_files_alone(self, ballots, rulebook):
        files = files_of(ballots, rulebook)

        _, found = check_result.check(public(files) | {"result": files["result"]})

        assert found == []

    @examples1.untimed
    @given(examples1.rounds())
    def test_it_agrees_on_any_round_of_nc1(self, example):
        book, lines = example
        files = files_of(examples1.ballots_csv(lines), book)

        assert check_result.check(files) == (files["result"], [])

    @settings(examples1.untimed, max_examples=200)
    @given(examples2.rounds())
    def test_it_agrees_on_two_hundred_random_rounds(self, example):
        book, votes = example
        files = files_of(examples2.ballots_csv(votes), book)

        assert check_result.check(files) == (files["result"], [])
        assert check_result.check(public(files) | {"result": files["result"]})[1] == []


class TestForgeries:
    """One value after another is changed; unchanged files pass above."""

    @pytest.mark.parametrize("files", [files_of(*NC1[0]), *(files_of(*NC2[n]) for n in (THIN, VETOES, HIDDEN))])
    def test_every_value_of_result_json_is_compared(self, files):
        computed, _ = check_result.check(files)

        for path, forged in forgeries(files["result"]):
            assert list(check_result.differences(computed, forged, "result.json：")), path

    @pytest.mark.parametrize("number", [THIN, HIDDEN])
    def test_every_value_of_cells_json_is_compared_with_the_ballots(self, number):
        files = files_of(*NC2[number])
        book = check_result.Book(files["rulebook"])
        _, counted = check_result.by_nc2(book, check_result.Ballots(book, check_result.read_rows(NC2[number][0], book)))

        for path, forged in forgeries(files["cells"]):
            assert list(check_result.differences(counted, forged, "cells.json：")), path

    @pytest.mark.parametrize("number", [THIN, VETOES])
    def test_every_value_of_the_published_files_is_tied_to_the_list(self, number):
        files = files_of(*NC2[number])
        open_ = public(files)

        for name in ("cells", "rulebook"):
            for path, forged in forgeries(open_[name]):
                assert is_found(open_ | {name: forged}), (name, path)
        for path, forged in forgeries(files["result"]):
            assert is_found(open_ | {"result": forged}), path

    @pytest.mark.parametrize("number", [THIN, VETOES])
    def test_every_value_of_the_list_is_compared(self, number):
        files = files_of(*NC2[number])
        all_ = public(files) | {"result": files["result"]}

        for path, forged in forgeries(all_["list"]):
            # Labels and intervals may be missing, texts may be other ones: the newspaper has the list's digest.
            if path[-1] not in {"added", "left out", "note"}:
                assert is_found(all_ | {"list": forged}), path

    def test_result_json_alone_shows_a_changed_number_of_lines(self):
        files = files_of(*NC2[HIDDEN])
        result = json.loads(json.dumps(files["result"]))
        first = next(row for row in files["cells"]["sections"] if row["cells"]["targeted"]["n"])
        row = next(row for row in result["sections"] if row["section"] == first["section"])
        row["lines"]["targeted"] += 1

        _, found = check_result.check({"cells": files["cells"], "rulebook": files["rulebook"], "result": result})

        assert found == [
            f"result.json：{row['section']}.lines.targeted应为{row['lines']['targeted'] - 1}，"
            f"文件中为{row['lines']['targeted']}"
        ]


class TestTheList:
    def test_a_section_that_is_missing_is_named(self):
        files = files_of(*NC2[0])
        entries = listed(files)["entries"]

        _, found = check_result.check(public(files) | {"list": listed(files, entries=entries[1:])})

        assert found == [f"公示：应上榜而名单中没有的科室：{entries[0]['code']}；公示写明公示前撤下0个"]

    def test_a_section_may_have_been_taken_off_by_a_decision(self):
        files = files_of(*NC2[0])
        first, *others = listed(files)["entries"]
        open_ = public(files)

        for changes in ({"withdrawn": [first]}, {"struck": 1}):
            assert check_result.check(open_ | {"list": listed(files, entries=others, **changes)})[1] == []

    def test_a_round_that_misses_the_gate_needs_its_note(self):
        files = files_of(*NC2[THIN])
        assert not files["result"]["publication"]["allowed"]

        _, found = check_result.check(public(files) | {"list": listed(files, note="")})

        assert found == ["公示：参加排名的科室未达到公示条件，公示没有写明决定和理由"]

    def test_a_section_that_should_not_be_listed_is_named(self):
        files = files_of(*NC2[0])
        other = next(row["section"] for row in files["result"]["sections"] if not row["listed"])
        entries = [*listed(files)["entries"], {"code": other, "rank": 9}]

        _, found = check_result.check(public(files) | {"list": listed(files, entries=entries)})

        assert found[-1] == f"公示：{other}不应上榜，公示名单中有"

    def test_it_may_be_pasted(self):
        files = files_of(*NC2[0])
        rows = [row for row in files["result"]["sections"] if row["listed"]]
        lines = [f"{r['rank']} {r['section']} {r['label']} {r['rank_low']}至{r['rank_high']}\n" for r in rows]
        given_ = {"cells": files["cells"], "rulebook": files["rulebook"]}

        assert check_result.check(given_ | {"pasted": [*lines, "\n"]})[1] == []
        for wrong in (lines[1:], [lines[0].replace("1 ", "2 ", 1), *lines[1:]], [f"{lines[0]} 明确", *lines[1:]][:1]):
            assert is_found(given_ | {"pasted": wrong})
        for unreadable in (["第1位 D01-01\n"], ["1 D99-99\n"], [lines[0], lines[0]]):
            with pytest.raises(check_result.Unusable, match=r"第[12]行"):
                check_result.check(given_ | {"pasted": unreadable})


class TestCommand:
    """The checker as a stranger runs it."""

    def write(self, folder, files):
        for name, content in files.items():
            text = "".join(content) if isinstance(content, list) else json.dumps(content, ensure_ascii=False)
            (folder / name).write_text(text, encoding="utf-8")
        return [str(folder / name) for name in files]

    def run(self, *arguments):
        command = [sys.executable, "-I", str(CHECKER), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_it_prints_the_ranking_and_ok(self, tmp_path):
        files = files_of(*NC2[0])

        done = self.run(*self.write(tmp_path, {"一": files["cells"], "二": listed(files), "三": files["rulebook"]}))

        assert (done.returncode, done.stderr) == (0, "")
        *rows, last = done.stdout.splitlines()
        assert last == "OK"
        assert [row.split()[1] for row in rows[:2]] == [row["section"] for row in files["result"]["sections"][:2]]

    def test_it_names_section_and_value(self, tmp_path):
        files = files_of(*NC1[0])
        files["result"]["sections"][0]["label"] = "明确无疑"

        done = self.run(*self.write(tmp_path, files))

        assert done.returncode == 1
        section = files["result"]["sections"][0]["section"]
        assert f"FAIL result.json：{section}.label应为" in done.stdout
        assert done.stdout.splitlines()[-1].endswith("，文件中为明确无疑")

    def test_without_arguments_it_prints_its_usage(self):
        assert self.run().returncode == 2

    @pytest.mark.parametrize(
        ("rubbish", "told"),
        [
            (b"{", "第1行第2个字符"),
            (b'{"levels":3,"levels":4}', "“levels”出现2次"),
            (b'{"levels":NaN}', "NaN"),
            (b'{"levels":1.5}', "1.5"),
            (b'{"levels":"\xff"}', "不是UTF-8"),
            (b'{"levels":"\\ud800"}', "不是UTF-8"),
            (b"[" * 100_000, "嵌套过深"),
            (b"[1]", "不是计票结果"),
            (b"\xff\n", "第1行不是UTF-8"),
            (b"x", "缺少规则文件"),
            (b"", "缺少规则文件"),
            (b'{"levels":3,"method":"NC-3"}', "“method”"),
            (b"{" * 10_000_000, "文件过大"),
            (b"x" * 10_000_000, "不是本程序"),
        ],
    )
    def test_a_file_that_is_none_is_refused_in_a_sentence(self, tmp_path, rubbish, told, capsys):
        (tmp_path / "rubbish").write_bytes(rubbish)
        cells = files_of(*NC2[0])["cells"]
        paths = self.write(tmp_path, {"cells.json": cells})
        began = time.process_time()

        assert check_result.main([*paths, str(tmp_path / "rubbish")]) == 1

        assert told in capsys.readouterr().out
        assert time.process_time() - began < 1

    def test_the_rulebook_of_another_round_is_told(self, tmp_path):
        one, other = (files_of(*NC2[n]) for n in (0, 1))

        done = self.run(*self.write(tmp_path, {"cells.json": one["cells"], "rulebook.json": other["rulebook"]}))

        assert "不是同一轮" in done.stdout

    def test_a_faulty_line_of_ballots_is_named(self, tmp_path):
        ballots, rulebook = NC2[0]
        broken = [ballots[0], ballots[1].replace("targeted", "hall").replace("sampled", "hall"), *ballots[2:]]

        done = self.run(*self.write(tmp_path, {"ballots.csv": broken, "rulebook.json": rulebook}))

        assert "第2行渠道“hall”不在规则中" in done.stdout


def test_a_forgery_changes_one_value():
    document = {"a": [{"b": 1}, {"b": None}], "c": "1.0009"}
    changed = [forged for _, forged in forgeries(document)]

    assert document not in changed
    assert {"a": [{"b": 1}, {"b": None}], "c": "1.0000"} in changed
    assert all(one != other for one, other in pairwise(changed))

"""The stand-alone checker: one file, the standard library, all the values of the system, and no forgery unnoticed."""

import ast
import json
import subprocess
import sys
import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings

from evaluations.publication.rules import gate_note
from evaluations.scoring.methodology import label_meanings
from evaluations.scoring.methods import recount
from evaluations.scoring.wording import interval_sentence, nobody_apart, places_heading
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
    rows, rulebook = files["result"]["sections"], files["rulebook"]
    gate, length = files["result"]["publication"], rulebook["list_length"]
    labels = {row["label"] for row in rows if row["listed"]}
    keys = ("rank", "label", "rank_low", "rank_high")
    return {
        "entries": [{"code": row["section"], **{k: row[k] for k in keys}} for row in rows if row["listed"]],
        "sections": len(rows),
        "unranked": sum(row["rank"] is None for row in rows),
        "rulebook_sha256": sha256_hex(canonical_json(files["rulebook"])),
        "cells_sha256": sha256_hex(canonical_json(files["cells"])),
        "result_sha256": sha256_hex(canonical_json(files["result"])),
        "method": "NC-2",
        "publication": gate,
        "note": "" if gate["allowed"] else gate_note(gate, reason="……", decided_on=date(2027, 1, 1)),
        "places": places_heading(gate["ranked"], sum(row["rank"] is not None for row in rows)),
        "margin": nobody_apart(labels, length, len(rows)),
        "interval": interval_sentence(rulebook["z"], len(rows)),
        "labels": [[label, meaning] for label, meaning in label_meanings(rulebook, len(rows)) if label in labels],
        "unranked_sections": [{"department": "", "section": row["section"]} for row in rows if row["rank"] is None],
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
            # Names, reasons and what else the list says do not follow from cells: the newspaper has its digest.
            if path not in {("added",), ("note",), ("note", "left out")} and path[0] != "unranked_sections":
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

        assert found == [
            "公示：参加排名的科室未达到公示条件，应以“说明：本轮10个科室中，6个有效评议足够，参加排名；4个样本不足，"
            "未参加排名。经”写明决定和理由，文件中为无"
        ]

    def test_a_round_that_reaches_the_gate_has_no_note(self):
        files = files_of(*NC2[VETOES])
        assert files["result"]["publication"]["allowed"]

        _, found = check_result.check(public(files) | {"list": listed(files, note="说明：……")})

        assert found == ["公示：参加排名的科室达到公示条件，不应有说明：说明：……"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"places": "在99个参加排名的科室中"},
            {"margin": "本轮前1名与其后科室差距明显。"},
            {"interval": "位次区间没有误差。"},
            {"labels": [["明确", "该科室最难办事。"]]},
            {"method": "NC-1"},
            {"unranked_sections": []},
        ],
    )
    def test_a_false_sentence_is_told(self, changes):
        files = files_of(*NC2[THIN])

        _, found = check_result.check(public(files) | {"list": listed(files, **changes)})

        assert len(found) == 1
        assert next(iter(changes)) in found[0]

    def test_only_a_list_without_public_recount_may_leave_label_and_interval_out(self):
        for public_recount in (True, False):
            ballots, rulebook = NC2[0]
            files = files_of(ballots, rulebook | {"public_recount": public_recount})
            bare = listed(files, entries=[{k: e[k] for k in ("code", "rank")} for e in listed(files)["entries"]])
            for key in ("interval", "labels", "unranked_sections"):
                del bare[key]

            assert is_found(public(files) | {"list": bare}) == public_recount

    def test_the_place_of_a_withdrawn_section_is_compared(self):
        files = files_of(*NC2[0])
        first, *others = listed(files)["entries"]
        for forged in ({"rank": 7}, {"code": others[0]["code"]}, {"code": "D99-99"}):
            assert is_found(public(files) | {"list": listed(files, entries=others, withdrawn=[first | forged])})

    @pytest.mark.parametrize(("place", "vacant", "is_told"), [(1, [1], False), (7, [1], False), (1, [], True)])
    def test_a_list_that_names_its_vacant_places_gives_withdrawn_sections_those_that_they_had(
        self, place, vacant, is_told
    ):
        files = files_of(*NC2[0])
        first, *others = listed(files)["entries"]
        content = listed(files, entries=others, withdrawn=[first | {"rank": place}], vacant=vacant)

        assert is_found(public(files) | {"list": content}) == is_told

    def test_a_section_that_should_not_be_listed_is_named(self):
        files = files_of(*NC2[0])
        other = next(row["section"] for row in files["result"]["sections"] if not row["listed"])
        entries = [*listed(files)["entries"], {"code": other, "rank": 9}]

        _, found = check_result.check(public(files) | {"list": listed(files, entries=entries)})

        assert f"公示：{other}不应上榜，公示名单中有" in found

    def test_it_may_be_pasted(self):
        files = files_of(*NC2[0])
        rows = [row for row in files["result"]["sections"] if row["listed"]]
        lines = [f"{r['rank']} {r['section']} {r['label']} {r['rank_low']}至{r['rank_high']}\n" for r in rows]
        given_ = {"cells": files["cells"], "rulebook": files["rulebook"]}

        assert check_result.check(given_ | {"pasted": [*lines, "\n"]})[1] == []
        for wrong in (lines[1:], [lines[0].replace("1 ", "2 ", 1), *lines[1:]], [f"{lines[0]} 明确", *lines[1:]][:1]):
            assert is_found(given_ | {"pasted": wrong})
        for unreadable in (["第1位 D01-01\n"], ["1 D99-99\n"], [lines[0], lines[0]]):
            with pytest.raises(check_result.Unusable, match=r"^list.txt：第[12]行"):
                check_result.check(given_ | {"pasted": unreadable})

    @pytest.mark.parametrize("form", ["第{}至第{}位", "第{}至{}位", "{}-{}", "{}–{}", "{}～{}"])
    def test_a_pasted_interval_is_compared_as_the_page_writes_it(self, form):
        files = files_of(*NC2[0])
        given_ = {"cells": files["cells"], "rulebook": files["rulebook"]}
        rows = [row for row in files["result"]["sections"] if row["listed"]]

        def lines(more):
            spans = [form.format(r["rank_low"], r["rank_high"] + more) for r in rows]
            return [f"{r['rank']} {r['section']} {span}" for r, span in zip(rows, spans, strict=True)]

        assert not is_found(given_ | {"pasted": lines(0)})
        _, found = check_result.check(given_ | {"pasted": lines(1)})
        assert len(found) == len(rows)
        assert all("rank_high应为" in each for each in found)

    def test_an_interval_of_one_place_and_none_are_understood(self):
        book = check_result.Book(NC2[0][1])
        code = book.sections[0]

        [one, none] = (check_result.pasted_list([f"1 {code} {word}"], book)["entries"] for word in ("第2位", "—"))

        assert (one[0]["rank_low"], one[0]["rank_high"]) == (2, 2)
        assert (none[0]["rank_low"], none[0]["rank_high"]) == (None, None)

    @pytest.mark.parametrize("word", ["很明确", "确定", "第1至第", "1", "1-2-3", "明确1-3", "办理拖沓"])
    def test_a_pasted_word_that_is_not_understood_is_named(self, word):
        files = files_of(*NC2[0])
        lines = [f"{e['rank']} {e['code']}" for e in listed(files)["entries"]]

        with pytest.raises(check_result.Unusable, match=f"第1行的“{word}”不是标注，也不是位次区间"):
            check_result.check(
                {"cells": files["cells"], "rulebook": files["rulebook"], "pasted": [f"{lines[0]} {word}", *lines[1:]]}
            )

    @pytest.mark.parametrize("words", ["明确 误差范围内", "1-2 第1至第2位"])
    def test_a_pasted_line_says_each_thing_once(self, words):
        book = check_result.Book(NC2[0][1])

        with pytest.raises(check_result.Unusable, match=f"第1行的“{words.split()[1]}”多余"):
            check_result.pasted_list([f"1 {book.sections[0]} {words}"], book)


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

    def test_what_was_compared_with_nothing_is_not_ok(self, tmp_path):
        files = files_of(*NC2[0])

        done = self.run(*self.write(tmp_path, {"cells.json": files["cells"], "rulebook.json": files["rulebook"]}))

        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "只作了复算，没有与任何名单或结果比较")

    @pytest.mark.parametrize(
        ("key", "told"),
        [("withdrawn", "更正撤下1个（{}），公示前撤下0个"), ("struck", "更正撤下0个，公示前撤下1个")],
    )
    def test_sections_that_the_list_lacks_are_told(self, tmp_path, key, told):
        files = files_of(*NC2[0])
        first, *others = listed(files)["entries"]
        gone = {"withdrawn": [first], "struck": 1}[key]
        labels = {entry["label"] for entry in others}
        said = [each for each in listed(files)["labels"] if each[0] in labels]
        list_ = listed(files, entries=others, labels=said, **{key: gone})

        done = self.run(*self.write(tmp_path, public(files) | {"list": list_}))

        *_, names, lacks, last = done.stdout.splitlines()
        assert names == "科室名称、主要问题、票数等名单的其他内容不能由这些文件核对"
        assert lacks == f"名单比计票少1个科室：{told.format(first['code'])}，不能由公开文件核对"
        assert (done.returncode, last) == (0, "OK，名单上少的科室除外")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"z": "abc"}, "“z”不是数：abc"),
            ({"channels": {"targeted": {"drawn": True}}}, "“channels.targeted.weight”不是数：无"),
            ({"channels": {"targeted": {"weight": "1"}}}, "“channels.targeted”缺少“drawn”"),
            ({"vetoes": [{"section": []}]}, "“vetoes”有误"),
        ],
    )
    def test_the_faulty_file_is_named(self, tmp_path, changes, told):
        files = files_of(*NC2[0])
        paths = self.write(tmp_path, {"数据": files["cells"], "规则": files["rulebook"] | changes})

        assert f"FAIL {paths[1]}：{told}" in self.run(*paths).stdout

        paths = self.write(tmp_path, {"数据": files["cells"] | {"sections": 1}, "规则": files["rulebook"]})

        assert f"FAIL {paths[0]}：“sections”应为" in self.run(*paths).stdout

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
        assert one["cells"]["rulebook_sha256"] in done.stdout
        assert other["cells"]["rulebook_sha256"] in done.stdout

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

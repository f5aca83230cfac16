"""`manage.py plan_round`: a plan from files alone, and what is said of broken files."""

import json
import time

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from openpyxl import load_workbook

from evaluations.planning.rules.report import ESTIMATE
from evaluations.scoring.nc2.cells_file import cells_document, rulebook_digest
from evaluations.scoring.nc2.index import score_ballots
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.planning.examples import rulebook
from tests.evaluations.scoring.nc2 import examples as nc2


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rulebook.json").write_bytes(canonical_json(rulebook(4)))
    return tmp_path


def write(folder, name, value):
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def run(capsys, folder, **options):
    call_command("plan_round", folder / "rulebook.json", **options)
    return capsys.readouterr().out


def last_files(folder):
    """cells.json and rulebook.json of a counted round."""
    book = nc2.rulebook(**nc2.NO_MINIMUMS)
    method, votes = nc2.counted(book, nc2.ballots("T", {"A": "33333", "B": "11111"}, times=6))
    cells = cells_document(score_ballots(method, votes)[0], rulebook_digest(book))
    return write(folder, "cells.json", cells), write(folder, "last.json", book)


def test_it_needs_no_database_and_tells_outcome_and_needs(capsys, folder):
    shown = run(capsys, folder)

    assert ESTIMATE in shown
    assert "预计4个科室中4个的有效票达到排名要求" in shown
    assert "定向评议防8张买票：每科室需抽签票37张（每张评多个科室）、39张（每张只评一个科室）" in shown


def test_the_plan_goes_into_files(capsys, folder):
    run(capsys, folder, json=folder / "plan.json", xlsx=folder / "plan.xlsx")

    document = json.loads((folder / "plan.json").read_bytes())
    assert (document["is_estimate"], len(document["sections"])) == (True, 4)
    assert load_workbook(folder / "plan.xlsx").sheetnames[0] == "各科室"


def test_what_is_expected_comes_from_a_file(capsys, folder):
    expect = write(folder, "expect.json", {"targeted": {"ballots": 5}, "clients": {"channel": "none"}})

    assert "达不到公示条件" in run(capsys, folder, expect=expect)


def test_the_last_round_is_checked_with_its_own_rulebook(capsys, folder):
    cells, last = last_files(folder)

    assert "取自上期文件“cells.json”" in run(capsys, folder, cells=cells, cells_rulebook=last)
    with pytest.raises(CommandError, match=r"cells\.json”不能用：“rulebook_sha256”"):
        run(capsys, folder, cells=cells, cells_rulebook=folder / "rulebook.json")
    with pytest.raises(CommandError, match="只能与 --cells 同时使用"):
        run(capsys, folder, cells_rulebook=last)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "rulebook.json”不能用：第1行"),
        (b'{"method": "NC-2",\n "method": "NC-2"}', "出现两次"),
        (b"[]", "rulebook.json”不能用：评议规则应为一个对象"),
        (b"{}", "rulebook.json”不能用："),
        (b"\xff", "不是UTF-8"),
        (canonical_json({**rulebook(4), "sections": []}), "没有科室"),
        (canonical_json({**rulebook(4), "sections": {"A": 1}}), "没有科室"),
        (canonical_json({**rulebook(4), "sections": ["A", "A"]}), "重复的科室代码"),
        (canonical_json({**rulebook(4), "max_sections": None}), "rulebook.json”不能用：评议规则缺少"),
        (canonical_json({**rulebook(4), "line_cap": "200"}), "应在30到100之间"),
        (canonical_json({**rulebook(4), "line_cap": "1/0"}), "应在30到100之间"),
        (canonical_json({**rulebook(4), "evaluators": -1}), "定向评议人员人数应为1到100000之间的整数"),
        (canonical_json({**rulebook(4), "method": ["NC-2"]}), "计分方法（method）应为NC-1或NC-2"),
    ],
)
def test_a_broken_rulebook_is_named_with_its_fault(capsys, folder, content, told):
    write(folder, "rulebook.json", content)

    with pytest.raises(CommandError) as refused:
        run(capsys, folder)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b'{"bought": 1.5}', "expect.json”不能用：数只能是整数，小数应写成文字：1.5"),
        ({"bought": "1.5"}, "expect.json”不能用：“bought”：应为0至1000之间的整数，现为：1.5"),
        ({"sections": {"X": {}}}, "expect.json”不能用：“sections.X”：科室代码不在名录中"),
        ([], "expect.json”不能用：“文件”：应为一个对象"),
    ],
)
def test_a_broken_expectation_is_named_with_place_and_value(capsys, folder, document, told):
    with pytest.raises(CommandError) as refused:
        run(capsys, folder, expect=write(folder, "expect.json", document))
    assert told in str(refused.value)


def test_ten_megabytes_of_rubbish_are_refused_at_once(capsys, folder):
    rubbish = write(folder, "rubbish.json", b'{"a": ' * 1_700_000)

    start = time.process_time()
    for option in ("expect", "cells"):
        with pytest.raises(CommandError, match="文件过大"):
            run(capsys, folder, **{option: rubbish, "cells_rulebook": rubbish if option == "cells" else None})
    assert time.process_time() - start < 1


def test_a_missing_file_is_named(capsys, folder):
    with pytest.raises(CommandError, match=r"missing\.json"):
        run(capsys, folder, expect=folder / "missing.json")

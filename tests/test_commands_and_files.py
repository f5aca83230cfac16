"""Every command that reads or writes a file answers any file in Chinese, without a traceback and without a trace."""

import io
import json
import os
import random
import re
import sys
from argparse import FileType
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils.timezone import localdate

from departments.models import Section
from evaluations.codes.services import issuing
from evaluations.management.commands import open_box
from tests.departments.roster.files import roster
from tests.evaluations.planning.examples import rulebook
from tests.evaluations.scoring.nc2.examples import ROUNDS
from tests.factories import make_open_round, make_round
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
OURS = ("nanchuan_eval", "departments", "evaluations", "accountability")
FILE_NAMES = re.compile(r"FILE|DIR|\.csv|\.json|\.txt|\.xlsx|PEOPLE|RULEBOOK|OPENINGS", re.IGNORECASE)
CHINESE = re.compile("[\u4e00-\u9fff]")
SITE = "https://pingyi.example"
EXAMPLE = ROOT / "deploy" / "example-district"


@dataclass(frozen=True)
class Uses:
    """How a command is run: `{name}` stands for the file of that argument; `reads` = argument -> the right file."""

    line: str
    reads: tuple[tuple[str, str], ...] = ()
    writes: tuple[str, ...] = ()


CODES, PEOPLE, PROOF, NAMES = "codes.csv", "people.csv", "proof.json", "names.txt"
CELLS, RULES, EXPECT, BALLOTS = "cells.json", "rulebook.json", "expect.json", "ballots.csv"
ACCOUNTS = "accounts.csv"
RECORDS = "records.csv"
DISTRICT = "district.toml"
RECEIPTS = "receipts.json"
PLANNED, HISTORY, ROSTER, POOL, PAPER, LOG = (
    "planned.json",
    "history.csv",
    "roster.xlsx",
    "pool.csv",
    "paper.json",
    "log.jsonl",
)
COMMANDS = {
    "anchor_audit": Uses("--append {append}", writes=("append",)),
    "compare_rounds": Uses(
        "{old_cells} {old_rulebook} {new_cells} {new_rulebook} --json {json}",
        (("old_cells", CELLS), ("old_rulebook", RULES), ("new_cells", CELLS), ("new_rulebook", RULES)),
        ("json",),
    ),
    "demo": Uses("--no-serve --ballots 1 --profile {profile} --out {out}", (("profile", DISTRICT),), ("out",)),
    "drop_archived": Uses("{file}", (("file", LOG),)),
    "export_openings": Uses("R1 {file}", writes=("file",)),
    "export_top10": Uses("R1 {file}", writes=("file",)),
    "import_history": Uses("{file}", (("file", HISTORY),)),
    "import_pool": Uses("R2 evaluators {file}", (("file", POOL),)),
    "import_roster": Uses("{file}", (("file", ROSTER),)),
    "import_service_records": Uses(
        "{paths} --errors {errors} --hints {hints}", (("paths", RECORDS),), ("errors", "hints")
    ),
    "make_box_key": Uses(
        "--round R1 --needed 2 --supervisors {supervisors} --out {out}", (("supervisors", NAMES),), ("out",)
    ),
    "make_codes": Uses("3 --round R1 --out {out}", writes=("out",)),
    "message_receipts": Uses("{file}", (("file", RECEIPTS),)),
    "pair_sms": Uses(
        f"{{codes}} {{people}} --sign 甲评议办 --site {SITE} --out {{out}}",
        (("codes", CODES), ("people", PEOPLE)),
        ("out",),
    ),
    "plan_round": Uses(
        "{rulebook} --cells {cells} --cells-rulebook {cells_rulebook} --expect {expect} --json {json} --xlsx {xlsx}",
        (("rulebook", PLANNED), ("cells", CELLS), ("cells_rulebook", RULES), ("expect", EXPECT)),
        ("json", "xlsx"),
    ),
    "print_letters": Uses("R1 {out} --by clerk", writes=("out",)),
    "print_ballots": Uses(
        f"R1 {{codes}} --site {SITE} --out {{out}} --paper {{paper}}", (("codes", CODES), ("paper", PAPER)), ("out",)
    ),
    "recount": Uses(
        "{ballots} {rulebook} --json {json} --cells {cells}",
        (("ballots", BALLOTS), ("rulebook", RULES)),
        ("json", "cells"),
    ),
    "recount_cells": Uses("{cells} {rulebook} --json {json}", (("cells", CELLS), ("rulebook", RULES)), ("json",)),
    "restore": Uses("{file}", (("file", LOG),)),
    "test_restore": Uses("{file}", (("file", LOG),)),
    "setup": Uses(
        f"--site {SITE} --accounts {{accounts}} --profile {{profile}} --out {{out}}",
        (("accounts", ACCOUNTS), ("profile", DISTRICT)),
        ("out", "template"),
    ),
    "simulate_round": Uses(
        "{rulebook} --expect {expect} --cells {cells} --rounds 1 --json {json}",
        (("rulebook", RULES), ("expect", EXPECT), ("cells", CELLS)),
        ("json",),
    ),
    "tally": Uses("R1 --json {json}", writes=("json",)),
    "verify_audit": Uses("--anchor {anchor} --archive {archive}", (("anchor", "anchors.txt"), ("archive", LOG))),
    "verify_draw": Uses("{proof}", (("proof", PROOF),)),
    "verify_openings": Uses(
        "{openings} {closing} 00 --ballots {ballots}",
        (("openings", LOG), ("closing", "closing-list.txt"), ("ballots", BALLOTS)),
    ),
}
READS = [(name, argument) for name, uses in COMMANDS.items() for argument, _ in uses.reads]
WRITES = [(name, argument) for name, uses in COMMANDS.items() for argument in uses.writes]
LISTS_ERRORS = {"import_service_records"}  # refused rows are listed in the workbook that was asked for
# Every expectation is optional.
TAKEN = {(command, "expect", "{}.json") for command in ("plan_round", "simulate_round")}


def hostile_files() -> dict[str, bytes | None]:
    """Names and contents; None = a folder."""
    noise = random.Random(1)
    workbook = roster()
    shapes = [
        *("null", "true", "0", '"x"', "[]", "[[]]", "[null]", "[{}]", "{}", '{"a":1}', '{"a":1,"a":2}', "NaN", "1.5"),
        *("-1", "9" * 5000, '"\\ud800"', '{"\\u0000":"\\u0000"}', "{", "[" * 100_000, '{"a":' * 50_000),
        *('{"seq":1,"prev":"","hash":"","alg":"md5","detail":[]}', '{"seq":"1","prev":1,"hash":1,"alg":1}'),
        *('{"receipt":1,"nonce":2,"vote":[],"counted":true,"channel":[]}', '{"params":[],"pool":{},"result":1}'),
        *('{"sections":[1],"method":"NC-2"}', '{"sections":{},"manifestations":[[]]}', '{"format":"NC-2-cells/1"}'),
    ]
    texts = {
        "empty": b"",
        "blank": b" \n\n\t\n",
        "noise": noise.randbytes(20_000),
        "zeros": bytes(5000),
        "null-between.csv": "票号,手机号\n1\x00,2\n".encode(),
        "truncated.xlsx": workbook[: len(workbook) // 2],
        "short.xlsx": workbook[:40],
        "workbook.csv": workbook,
        "workbook.json": workbook,
        "other-table.xlsx": roster(header=("甲", "乙"), rows=[("1", "2")]),
        "text.xlsx": "票号,手机号\n1,2\n".encode(),
        "utf-16.csv": "甲,乙\n1,2\n".encode("utf-16"),
        "utf-16-odd.csv": b"\xff\xfe" + "甲,乙\n1,2\n".encode("utf-16-le")[:-1],
        "utf-16.json": '{"a": 1}'.encode("utf-16"),
        "gb.csv": "甲,乙\n１,２\n".encode("gb18030"),
        "half.csv": b"\xe7\xa5\xa8,\xe7\xa5",
        "long-line.csv": b"x" * 3_000_000,
        "long-cell.csv": b'"' + b"x" * 300_000,
        "quotes.csv": '"票号"x,"手机号\n'.encode(),
        "many-columns.csv": b"," * 100_000 + b"\n",
        "headings-only.csv": ",".join(HEADINGS).encode(),
        "wrong-cells.csv": (",".join(HEADINGS) + "\n" + ",".join("？" for _ in HEADINGS)).encode(),
        "only-separators.csv": b";;;;\n;;;;\n",
        "carriage.csv": b"1\r2\r3\r",
        "page.html": b"<html><body>404</body></html>",
        "log.jsonl": b'{"seq": 1}\n[]\n\xff\n',
        "anchors.txt": ("9" * 5000 + "\t" + "a" * 64).encode(),
    }
    return {"folder": None, **texts, **{f"{shape[:60]}.json": shape.encode() for shape in shapes}}


HEADINGS = (
    *("票号", "手机号", "姓名", "单位", "身份类别", "办过事的科室", "轮次代码", "轮次名称", "评议期起", "位次", "科室"),
    *("单位代码", "单位性质", "科室代码", "服务类型", "科室负责人", "任职日期", "主要问题"),
)


def _a_section():
    return Section.objects.first().code


@pytest.fixture
def right(tmp_path, monkeypatch):
    """Files that the commands take, in a folder; nobody is at the terminal."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr("evaluations.management.commands.export_openings.getpass", lambda prompt: "")
    round_ = make_open_round(key="R1", sections=2)
    make_round(key="R2")
    example = ROUNDS[0]
    issued = [issuing.new_code() for _ in range(2)]
    contents = {
        CODES: issuing.codes_csv(issued),
        PEOPLE: "姓名,手机号\n甲,13800000001\n".encode(),
        HISTORY: "轮次代码,轮次名称,评议期起,位次,单位,科室\n2019H2,2019年下半年,2019-07-01,1,甲局,乙科\n".encode(),
        ROSTER: roster(),
        RECORDS: f"办件编号,科室,办结日期,姓名,手机号\n1,{_a_section()},{localdate()},甲,13800000001\n".encode(),
        POOL: "身份类别,姓名,单位,手机号\n其他,甲,,13800000001\n".encode(),
        NAMES: "张三\n李四\n王五\n".encode(),
        PAPER: round_.ballot_form.encode(),
        BALLOTS: example["ballots_csv"].encode(),
        CELLS: json.dumps(example["cells"]).encode(),
        RULES: json.dumps(example["rulebook"]).encode(),
        ACCOUNTS: "角色,姓名,人员编号\n系统管理员,甲,1\n".encode(),
        PLANNED: json.dumps(rulebook(4)).encode(),
        DISTRICT: re.sub(r"^roster = .*", "", (EXAMPLE / "profile.toml").read_text(), flags=re.MULTILINE).encode(),
        RECEIPTS: b'[{"id": "x", "state": "delivered"}]',
        EXPECT: b"{}",
        PROOF: b"{}",
        LOG: b"",
        "anchors.txt": ("1\t" + "a" * 64).encode(),
        "closing-list.txt": b"",
    }
    folder = tmp_path / "right"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def run(name, folder, target, **given):
    """Run a command; returns its exit code and what it says."""
    uses, said = COMMANDS[name], io.StringIO()
    files = {argument: folder / file for argument, file in uses.reads}
    files |= {argument: target / f"{name}-{argument}" for argument in uses.writes} | given
    words = [word.format(**files) for word in uses.line.split(" ")]
    try:
        call_command(name, *words, stdout=said, stderr=said)
    except CommandError as error:
        return error.returncode, f"{said.getvalue()}{error}"
    except SystemExit as ended:
        return ended.code, said.getvalue()
    return 0, said.getvalue()


def everything(folder):
    """All rows and all files, to compare."""
    rows = {model: model._base_manager.count() for model in apps.get_models() if model._meta.managed}
    return rows, {path: path.is_file() and path.stat().st_size for path in folder.rglob("*")}


def file_arguments():
    """(command, argument) of everything that looks like a file."""
    for name, app in sorted(get_commands().items()):
        if not str(app).startswith(OURS):
            continue
        for action in load_command_class(app, name).create_parser("manage.py", name)._actions:
            is_file = action.type is Path or isinstance(action.type, FileType)
            if is_file or FILE_NAMES.search(str(action.metavar or "")):
                yield name, action.dest


def test_no_command_with_a_file_is_forgotten_here():
    assert set(file_arguments()) == {*READS, *WRITES}


@pytest.mark.parametrize(("name", "argument"), READS)
def test_a_file_of_any_kind_gets_an_answer_in_chinese_and_leaves_no_trace(name, argument, right, tmp_path):
    out, hostile = tmp_path / "out", tmp_path / "hostile"
    out.mkdir()
    hostile.mkdir()
    cases = {"missing.csv": hostile / "missing.csv", "": Path(), "long-name": Path("x" * 300)}
    if Path("/proc/self/mem").exists():
        cases["unreadable"] = Path("/proc/self/mem")
    for number, (file, content) in enumerate(hostile_files().items()):
        cases[file] = hostile / (str(number) + re.sub(r"[^0-9A-Za-z.-]", "_", file))
        if content is None:
            cases[file].mkdir()
        else:
            cases[file].write_bytes(content)
    before = everything(tmp_path)
    for file, path in cases.items():
        is_readable = file not in {"missing.csv", "", "long-name", "unreadable", "folder"}
        if (name, argument, file) in TAKEN:
            continue
        code, said = run(name, right, out, **{argument: path})
        if name in LISTS_ERRORS:
            (out / f"{name}-errors").unlink(missing_ok=True)

        assert code == (1 if is_readable else 2), (file, said)
        assert CHINESE.search(said), (file, said)
        assert not re.search(r"Traceback|Error\b|Errno", said), (file, said)
        assert everything(tmp_path) == before, file


@pytest.mark.parametrize(("name", "argument"), WRITES)
def test_a_file_that_cannot_be_written_is_told_in_chinese(name, argument, right, tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "x", Path("x" * 300)):
        code, said = run(name, right, tmp_path, **{argument: place})

        assert code in {1, 2}, said
        assert CHINESE.search(said)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize(
    "name",
    [
        *("compare_rounds", "import_history", "import_pool", "import_roster", "import_service_records"),
        *("pair_sms", "plan_round", "recount"),
    ],
)
def test_the_right_files_are_taken(name, right, tmp_path):
    """Or the hostile ones would be refused for another reason."""
    code, said = run(name, right, tmp_path)

    assert code == 0, said


def test_cards_on_the_standard_input_that_are_no_text_are_refused(monkeypatch):
    monkeypatch.setattr(open_box, "is_opened_by_supervisors", lambda book: True)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(os.urandom(100) + b"\xff\xff")))

    with pytest.raises(CommandError, match="不是UTF-8编码"):
        open_box.Command()._cards(make_round(), is_recovery=False)

"""Commands report errors in Chinese: exit code 2 for files or arguments, 1 for failed checks."""

import json
import time

import pytest
from django.core.management import CommandError, call_command

from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from tests.evaluations.scoring.forgeries import forgeries
from tests.evaluations.scoring.nc2.examples import CHANGES, ROUNDS
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "draw_vectors.json").read_text(encoding="utf-8"))
HEADER = "ballot,channel,origin,section,cold,lazy,buck_passing,disorderly,greedy\n"


ROUND = ROUNDS[0]
(CHANGE,) = CHANGES
BROKEN = [
    (b"{", "第1行第2个字符"),
    (b"\xff", "第1行有不是UTF-8编码的文字"),
    (b"[" * 100_000, "嵌套"),
    (b'{"method": NaN}', "NaN"),
    (b'{"method":1,"method":2}', "“method”在同一对象中出现两次"),
    (b"x" * 10_000_000, "文件过大"),
]


@pytest.fixture
def published(tmp_path):
    """The files of a published example, by name."""
    texts = {name: json.dumps(ROUND[name.removesuffix(".json")]) for name in ("cells.json", "rulebook.json")}
    for name, text in {**texts, "ballots.csv": ROUND["ballots_csv"]}.items():
        (tmp_path / f"published-{name}").write_text(text, encoding="utf-8")
    return {name: tmp_path / f"published-{name}" for name in [*texts, "ballots.csv"]}


@pytest.fixture
def files(tmp_path):
    """A round of one section without ballots, as files."""
    (tmp_path / "ballots.csv").write_text(HEADER, encoding="utf-8")
    rulebook = {**default_rulebook(), "sections": ["D01-01"], "vetoes": []}
    (tmp_path / "rulebook.json").write_text(json.dumps(rulebook), encoding="utf-8")
    return tmp_path


def refusal(*arguments, **options):
    with pytest.raises(CommandError) as refused:
        call_command(*map(str, arguments), **options)
    return refused.value


class TestRecount:
    def test_writes_the_result_of_the_files(self, files):
        call_command("recount", files / "ballots.csv", files / "rulebook.json", json=files / "result.json")

        assert json.loads((files / "result.json").read_bytes())["method"] == "NC-2"

    @pytest.mark.parametrize("missing", ["ballots.csv", "rulebook.json"])
    def test_names_the_file_that_cannot_be_read(self, files, missing):
        (files / missing).unlink()

        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json")

        assert refused.returncode == 2
        assert "读不到文件" in str(refused)
        assert missing in str(refused)

    def test_names_the_file_that_cannot_be_written(self, files):
        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json", json=files / "no" / "result.json")

        assert refused.returncode == 2
        assert "无法写入" in str(refused)

    @pytest.mark.parametrize(("broken", "told"), BROKEN)
    def test_a_rulebook_that_cannot_be_read_is_refused_by_file_line_and_value(self, files, broken, told):
        (files / "rulebook.json").write_bytes(broken)

        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json")

        assert refused.returncode == 1
        assert str(refused).startswith(f"文件“{files / 'rulebook.json'}”不能用：")
        assert told in str(refused)

    @pytest.mark.parametrize(
        ("broken", "told"),
        [
            (b"\x00" * 10_000_000, "第1行"),
            (b"\xff" * 10_000_000, "UTF-8"),
            (HEADER.encode() + b"x\n" * 5_000_000, "第2行：应有9列，实有1列"),
            (HEADER.encode() + b"b1,targeted,,D01-01,9,,,,\n", "第2行：“9”不是0到3的整数"),
            (HEADER.encode() + b"b1,targeted,,D09-01,1,,,,\n", "第2行：科室“D09-01”不在规则的名录中"),
        ],
    )
    def test_ballots_that_cannot_be_read_are_refused_within_a_second(self, files, broken, told):
        (files / "ballots.csv").write_bytes(broken)
        began = time.process_time()

        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json")

        assert time.process_time() - began < 1
        assert str(refused).startswith(f"文件“{files / 'ballots.csv'}”不能用：")
        assert told in str(refused)

    def test_writes_the_public_file_too(self, files, published):
        call_command(
            *("recount", published["ballots.csv"], published["rulebook.json"]),
            json=files / "again.json",
            cells=files / "cells.json",
        )

        assert json.loads((files / "again.json").read_bytes()) == ROUND["result"]
        assert json.loads((files / "cells.json").read_bytes()) == ROUND["cells"]

    def test_nc_1_has_no_public_file(self, files):
        rulebook = {**default_rulebook("NC-1"), "sections": ["D01-01"], "vetoes": []}
        (files / "rulebook.json").write_text(json.dumps(rulebook), encoding="utf-8")

        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json", cells=files / "cells.json")

        assert "NC-1 没有 cells.json" in str(refused)
        assert not (files / "cells.json").exists()


class TestRecountCells:
    def test_gives_the_public_part_of_the_result(self, published, files):
        call_command("recount_cells", published["cells.json"], published["rulebook.json"], json=files / "public.json")

        public = json.loads((files / "public.json").read_bytes())
        rows = {row["section"]: row for row in ROUND["result"]["sections"]}
        assert public | {"sections": 0} == ROUND["result"] | {"sections": 0}
        assert all(row.items() <= rows[row["section"]].items() for row in public["sections"])

    @pytest.mark.parametrize("name", ["cells.json", "rulebook.json"])
    @pytest.mark.parametrize(("broken", "told"), BROKEN)
    def test_a_broken_file_is_refused_by_file_line_and_value(self, published, name, broken, told):
        published[name].write_bytes(broken)
        began = time.process_time()

        refused = refusal("recount_cells", published["cells.json"], published["rulebook.json"])

        assert time.process_time() - began < 0.5
        assert refused.returncode == 1
        assert str(refused).startswith(f"文件“{published[name]}”不能用：")
        assert told in str(refused)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"line_cap": "101"}, "“line_cap”应为0到100之间的数，实为：101。"),
            ({"z": "-1"}, "“z”不能是负数，实为：-1。"),
            ({"z": "1/0"}, "“z”的分母不能为0，实为：1/0。"),
            ({"cap": "4e9"}, "“cap”不是数：4e9。"),
            ({"min_lines": -3}, "“min_lines”应为不小于0的整数，实为：-3。"),
            ({"basis": "vote_count"}, "实为：vote_count。"),
            ({"sections": ["D01-01", "D01-01"]}, "有重复的科室代码：D01-01。"),
            ({"vetoes": [{"section": "D99-01"}]}, "名录之外的科室：D99-01。"),
        ],
    )
    def test_a_value_out_of_range_is_named(self, published, changes, told):
        published["rulebook.json"].write_text(json.dumps(ROUND["rulebook"] | changes), encoding="utf-8")

        refused = refusal("recount_cells", published["cells.json"], published["rulebook.json"])

        assert str(refused).startswith(f"文件“{published['rulebook.json']}”不能用：")
        assert told in str(refused)

    def test_the_rulebook_of_another_round_is_told(self, published):
        published["rulebook.json"].write_text(json.dumps(ROUND["rulebook"] | {"round": "2027H1"}), encoding="utf-8")

        refused = refusal("recount_cells", published["cells.json"], published["rulebook.json"])

        assert "不是同一轮的文件" in str(refused)
        assert ROUND["cells"]["rulebook_sha256"][:60] in str(refused)
        assert sha256_hex(canonical_json(ROUND["rulebook"] | {"round": "2027H1"})) in str(refused)

    def test_a_forged_file_is_refused_or_gives_another_result_or_has_another_digest(self, published, files):
        """One line or one ten-thousandth more need not change any place; the published digest covers them."""
        call_command("recount_cells", published["cells.json"], published["rulebook.json"], json=files / "right.json")
        silent = set()
        for path, forged in forgeries(ROUND["cells"]):
            published["cells.json"].write_text(json.dumps(forged), encoding="utf-8")
            try:
                call_command(
                    "recount_cells", published["cells.json"], published["rulebook.json"], json=files / "x.json"
                )
            except CommandError:
                continue
            if (files / "x.json").read_bytes() == (files / "right.json").read_bytes():
                silent.add(path[-1])
        assert silent <= {"n", "d", "v"}


class TestCompareRounds:
    @pytest.fixture
    def two(self, tmp_path):
        paths = []
        for which in ("old", "new"):
            for name in ("cells", "rulebook"):
                paths.append(tmp_path / f"{which}-{name}.json")
                paths[-1].write_text(json.dumps(CHANGE[which][name]), encoding="utf-8")
        return paths

    def test_gives_the_published_change(self, two, tmp_path):
        call_command("compare_rounds", *two, json=tmp_path / "change.json")

        assert json.loads((tmp_path / "change.json").read_bytes()) == CHANGE["change"]

    @pytest.mark.parametrize("place", range(4))
    def test_names_the_file_that_is_faulty(self, two, place):
        two[place].write_bytes(b'{"a":1,"a":2}')

        refused = refusal("compare_rounds", *two)

        assert str(refused).startswith(f"文件“{two[place]}”不能用：“a”在同一对象中出现两次")

    def test_names_the_cells_that_belong_to_another_rulebook(self, two):
        two[1].write_text(json.dumps(CHANGE["old"]["rulebook"] | {"round": "2025H2"}), encoding="utf-8")

        refused = refusal("compare_rounds", *two)

        assert f"文件“{two[0]}”不能用" in str(refused)
        assert "不是同一轮的文件" in str(refused)


class TestVerifyDraw:
    def answer(self, path, capsys):
        with pytest.raises(SystemExit) as ended:
            call_command("verify_draw", str(path))
        return ended.value.code, capsys.readouterr().out

    @pytest.mark.parametrize("broken", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'"abc', b"null", b'{"a":1,"a":1}'])
    def test_a_file_that_is_no_proof_fails_in_chinese(self, tmp_path, capsys, broken):
        (tmp_path / "proof.json").write_bytes(broken)

        code, said = self.answer(tmp_path / "proof.json", capsys)

        assert code == 1
        assert said.startswith("FAIL ")
        assert any("\u4e00" <= c <= "\u9fff" for c in said)

    def test_every_published_vector_is_ok_and_every_reject_fails(self, tmp_path, capsys):
        for vector in VECTORS["vectors"]:
            (tmp_path / "proof.json").write_text(json.dumps(vector["proof"]), encoding="utf-8")
            call_command("verify_draw", str(tmp_path / "proof.json"))
            assert capsys.readouterr().out == f"OK {vector['proof']['result']['seed']}\n"
        for vector in VECTORS["rejects"]:
            (tmp_path / "proof.json").write_text(json.dumps(vector["proof"]), encoding="utf-8")
            assert self.answer(tmp_path / "proof.json", capsys)[0] == 1

    def test_a_missing_file_is_bad_usage(self, tmp_path):
        assert refusal("verify_draw", tmp_path / "none.json").returncode == 2


@pytest.mark.django_db
def test_the_demonstration_checks_first_whether_it_can_write(tmp_path):
    (tmp_path / "file").write_text("")

    refused = refusal("demo", "--no-serve", "--ballots", "1", "--out", str(tmp_path / "file"))

    assert refused.returncode == 2
    assert "输出目录" in str(refused)

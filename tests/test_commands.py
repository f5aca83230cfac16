"""Commands report errors in Chinese: exit code 2 for files or arguments, 1 for failed checks."""

import json

import pytest
from django.core.management import CommandError, call_command

from evaluations.rounds.rules.rulebook import default_rulebook
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "draw_vectors.json").read_text(encoding="utf-8"))
HEADER = "ballot,channel,origin,section,cold,lazy,buck_passing,disorderly,greedy\n"


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

        assert json.loads((files / "result.json").read_bytes())["method"] == "NC-1"

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

    @pytest.mark.parametrize("broken", [b"{", b"\xff", b"[" * 100_000, b'{"method": NaN}'])
    def test_a_rulebook_that_is_no_json_is_refused_in_chinese(self, files, broken):
        (files / "rulebook.json").write_bytes(broken)

        refused = refusal("recount", files / "ballots.csv", files / "rulebook.json")

        assert refused.returncode == 1
        assert str(refused).startswith("不能复算：")
        assert "Expecting" not in str(refused)


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

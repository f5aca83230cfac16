"""make_box_key: one card at a time, typed back, nothing secret left behind."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

from evaluations.box_key.documents import card_pdf
from evaluations.management.commands import make_box_key
from evaluations.protocol.box import share_sha256
from evaluations.protocol.box_cards import Card, read_card
from tests.paths import ROOT

NAMES = "张三\n李四\n\n王五\n"


class Holders:
    """The people at the terminal: they read the card from the sheet that was printed."""

    def __init__(self, monkeypatch, out, mistakes=()):
        self.seen, self.files, self.out, self.mistakes = [], [], out, list(mistakes)
        monkeypatch.setattr(make_box_key, "card_pdf", self.print)
        monkeypatch.setattr(make_box_key, "read_secret", self.type)

    def print(self, sheet):
        self.seen.append(sheet)
        return b"%PDF card " + "-".join(sheet.groups).encode()

    def type(self, prompt):
        self.files.append(sorted(path.name for path in self.out.iterdir()))
        if self.mistakes:
            mistake = self.mistakes.pop(0)
            if isinstance(mistake, type):
                raise mistake
            return mistake(self.seen)
        return "-".join(self.seen[-1].groups)


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text(NAMES, encoding="utf-8")
    return path


def make(out, names, **given):
    call_command("make_box_key", **{"round": "2026H2", "needed": 2, "supervisors": names, "out": out, **given})


def test_each_card_is_alone_on_the_disk_until_it_is_typed_back_and_only_the_record_is_left(
    tmp_path, names, monkeypatch, capsys
):
    out = tmp_path / "out"
    holders = Holders(monkeypatch, out)

    make(out, names)

    assert holders.files == [[f"card-{label}.pdf"] for label in ("S1", "S2", "S3", "P4", "Q4")]
    assert [path.name for path in out.iterdir()] == ["box-key.json"]
    record = json.loads((out / "box-key.json").read_text())
    assert (record["made"], record["round"], record["needed"], record["supervisors"]) == ("offline", "2026H2", 2, 3)
    assert [sheet.holder for sheet in holders.seen] == ["张三", "李四", "王五", "纪委监委", "纪委监委"]
    hashes = {card["card"]: card["share_sha256"] for card in record["cards"]}
    cards = [read_card("".join(sheet.groups), record["key_id"], hashes) for sheet in holders.seen]
    assert all(isinstance(card, Card) for card in cards)
    assert [hashes[c.label] for c in cards] == [share_sha256(record["key_id"], c.label, c.share) for c in cards]
    printed = capsys.readouterr()
    assert record["key_id"] in printed.out
    for sheet in holders.seen:
        assert not any(group in printed.out + printed.err for group in sheet.groups)


def test_a_card_typed_wrongly_or_another_card_is_asked_for_again(tmp_path, names, monkeypatch, capsys):
    def wrong_group(seen):
        groups = list(seen[-1].groups)
        groups[2] = groups[2][:4] + ("0" if groups[2][4] != "0" else "1")
        return "".join(groups)

    mistakes = [lambda seen: "", wrong_group]
    Holders(monkeypatch, tmp_path / "out", mistakes)

    make(tmp_path / "out", names)

    told = capsys.readouterr().out
    assert "还没有输入密钥卡" in told
    assert "第3组有误，请对照密钥卡重新输入这一组。" in told


def test_another_holders_card_is_not_taken_for_ones_own(tmp_path, names, monkeypatch, capsys):
    mistakes = [lambda seen: "".join(seen[-1].groups), lambda seen: "".join(seen[0].groups)]
    Holders(monkeypatch, tmp_path / "out", mistakes)

    make(tmp_path / "out", names)

    assert "这是密钥卡S1，请输入密钥卡S2。" in capsys.readouterr().out


@pytest.mark.parametrize("end", [KeyboardInterrupt, EOFError])
def test_an_interrupted_run_leaves_no_card_and_no_record(tmp_path, names, monkeypatch, end):
    Holders(monkeypatch, tmp_path / "out", [lambda seen: "".join(seen[-1].groups), end])

    with pytest.raises(CommandError, match="没有留下密钥卡"):
        make(tmp_path / "out", names)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_no_card(tmp_path, names, number):
    out = tmp_path / "out"
    arguments = ["--round", "2026H2", "--needed", "2", "--supervisors", str(names), "--out", str(out)]
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@nowhere.invalid/none"}
    running = subprocess.Popen(
        [sys.executable, "manage.py", "make_box_key", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(out / "card-S1.pdf")
        running.send_signal(number)
        told, _ = running.communicate(timeout=60)
    finally:
        running.kill()

    assert running.returncode == 1, told
    assert list(out.iterdir()) == []


def _wait_for(path):
    until = time.monotonic() + 120
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < until, "the first card was not written"
        time.sleep(0.05)
    time.sleep(0.3)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"round": "2026 下半年"}, "轮次代码"),
        ({"needed": 1}, "密钥卡应为2至3张"),
        ({"needed": 4}, "密钥卡应为2至3张"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, names, changed, why):
    with pytest.raises(CommandError, match=why):
        make(tmp_path / "out", names, **changed)

    assert not (tmp_path / "out").exists()


def test_a_record_or_a_card_already_there_is_not_overwritten(tmp_path, names):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "box-key.json").write_text("{}")

    with pytest.raises(CommandError, match="目录中已有"):
        make(tmp_path / "out", names)

    assert (tmp_path / "out" / "box-key.json").read_text() == "{}"


def test_a_card_fills_one_page(tmp_path, names, monkeypatch):
    holders = Holders(monkeypatch, tmp_path / "out")
    make(tmp_path / "out", names)

    for sheet in (holders.seen[0], holders.seen[-1]):
        assert b"/Type/Pages/Count 1/" in card_pdf(sheet, demo="演示数据")

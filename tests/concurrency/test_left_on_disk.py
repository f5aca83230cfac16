"""What a PostgreSQL server keeps of a vote: WAL, tables, a backup and the log hold no receipt and no comment."""

import json
import os
import re
import subprocess
import sys
from bisect import bisect_left
from pathlib import Path

import psycopg2
import pytest

from tests.concurrency.cluster import Cluster
from tests.paths import ROOT

VOTERS = 400
CHANCE_HITS = 8
SEGMENT = re.compile("[0-9A-F]{24}")
TEXTS = re.compile(rb"[-0-9A-Za-z]{20,}")


class Kept:
    """A cluster that keeps everything: all WAL in an archive, a base backup, the log."""

    def __init__(self) -> None:
        self.cluster = Cluster(archive_mode="on", archive_command="cp %p ../archive/%f")
        archive = self.cluster.folder / "archive"
        archive.mkdir()
        archive.chmod(0o777)

    def run(self, *command: str, given: str = "") -> list[str]:
        environment = {**os.environ, "DATABASE_URL": self.cluster.url}
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, input=given, text=True, check=True, stdout=-1
        )
        return done.stdout.splitlines()

    def work(self, *arguments: str, given: str = "") -> list[str]:
        return self.run("-m", "tests.concurrency.worker", *arguments, given=given)

    def sql(self, *statements: str) -> None:
        connection = psycopg2.connect(self.cluster.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def files(self, *folders: str) -> list[Path]:
        """Return the log and all files of the folders, but for those that the running server makes and deletes."""
        paths = [path for folder in folders for path in (self.cluster.folder / folder).rglob("*")]
        return [path for path in [*paths, self.cluster.folder / "log"] if path.is_file() and path.suffix != ".init"]

    def wal(self) -> bytes:
        """Return the archived and the present WAL in its order."""
        found = {path.name: path for path in self.files("archive", "data/pg_wal") if SEGMENT.fullmatch(path.name)}
        return b"".join(found[name].read_bytes() for name in sorted(found))


@pytest.fixture
def kept():
    kept = Kept()
    yield kept
    kept.cluster.remove()


def content(path: Path) -> bytes:
    """Return what the file holds; nothing if the running server has deleted it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def found_in(paths: list[Path], marks: list[str]) -> set[str]:
    texts = "\n".join(text.decode() for path in paths for text in TEXTS.findall(content(path)))
    return {mark for mark in marks if mark in texts}


def right_pairs(wal: bytes, pairs: list[tuple[str, str]]) -> int:
    """How many pairs a reader of the WAL gets right who gives each second text the nearest first one."""
    firsts = sorted((at, first) for first, _ in pairs for at in places(wal, first))
    return sum(any(nearest(firsts, at) == first for at in places(wal, second)) for first, second in pairs)


def places(wal: bytes, text: str) -> list[int]:
    return [match.start() for match in re.finditer(text.encode(), wal)]


def nearest(firsts: list[tuple[int, str]], at: int) -> str:
    place = bisect_left(firsts, (at, ""))
    return min(firsts[max(place - 1, 0) : place + 1], key=lambda first: abs(first[0] - at))[1]


@pytest.mark.initdb
def test_the_server_keeps_nothing_that_tells_who_voted_how(kept):
    kept.run("manage.py", "migrate", "-v0")
    (codes,) = kept.work("prepare", str(VOTERS))
    cast = [json.loads(line) for line in kept.work("vote_marked", given=codes + "\n")]
    kept.cluster.copy()
    kept.sql("CHECKPOINT", "SELECT pg_switch_wal()")
    issues, receipts, comments = ([row[n] for row in cast] for n in range(3))
    on_disk = kept.files("data", "archive", "backup")

    assert len(cast) == VOTERS
    assert "INSERT INTO" in (kept.cluster.folder / "log").read_text()
    for folder in ("archive", "backup"):
        assert found_in(kept.files(folder), issues), folder
    assert found_in(on_disk, issues) == set(issues)
    assert found_in(on_disk, [*receipts, *comments]) == set()

    kept.work("seal")
    kept.sql("CHECKPOINT")
    assert found_in(kept.files("data"), receipts) == set(receipts)
    assert right_pairs(kept.wal(), list(zip(issues, receipts, strict=True))) <= CHANCE_HITS


@pytest.mark.initdb
def test_the_same_search_finds_what_is_written_in_clear(kept):
    pairs = [(f"the-code-of-voter-{n:06d}", f"the-vote-of-voter-{n:06d}") for n in range(VOTERS)]
    kept.sql("CREATE TABLE code (text text)", "CREATE TABLE vote (text text)")
    kept.sql(*(f"INSERT INTO {name[4:8]} VALUES ('{name}')" for pair in pairs for name in pair))
    kept.sql("CHECKPOINT")

    assert found_in(kept.files("data"), [vote for _, vote in pairs]) == {vote for _, vote in pairs}
    assert right_pairs(kept.wal(), pairs) >= VOTERS * 9 // 10

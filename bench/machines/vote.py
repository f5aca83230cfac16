"""The vote: what is set up, what fails when, what is compared afterwards."""

import http.client
import importlib.util
import json
import socket
import ssl
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bench.load.citizens import Booth, Vote
from bench.load.processes import collect_static, deployment
from bench.load.rules import Verdict, compare
from bench.machines.network import Network
from bench.machines.servers import PASSWORD, SITE, TWO, Database, Processes, Web, environment, run_on, wait_for
from tests.paths import ROOT

HERE, HTTPS = "127.0.0.1", 443
PATIENCE, CODES_A_SECOND = 60, 60
# REPLICA_LAG_SECONDS of deploy/two-servers/env.example, and what a page itself may take on a busy machine.
LAG, LATE = 5, 3
OK = 200


class Event(NamedTuple):
    """Something that failed or came back, and for how long afterwards no ballot was called cast."""

    what: str
    at: float
    silence: float


class Findings(NamedTuple):
    """What a run found."""

    voters: int
    seconds: float
    vote: Vote
    verdict: Verdict
    receipts: int
    events: Sequence[Event]
    from_replica: bool
    stale_for: float | None
    written_to_replica: str
    fault: str

    @property
    def holds(self) -> bool:
        """True if nothing was lost, double, stale or left out."""
        is_current = self.stale_for is not None and self.stale_for <= LAG + LATE
        is_read = self.from_replica and is_current and not self.written_to_replica
        return self.verdict.holds and self.receipts == self.verdict.acknowledged and is_read and not self.fault


class SiteVote(Vote):
    """A vote at the site's own name, through the proxy's certificate."""

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the proxy on this machine, under the site's name."""
        return ToSite()


class ToSite(http.client.HTTPSConnection):
    """HTTPS to the site's name, which leads to the proxy on this machine."""

    def __init__(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # made for this run, by nobody
        super().__init__(SITE, timeout=45, context=context)
        self.own_context = context

    def connect(self) -> None:
        """Connect to the proxy."""
        plain = socket.create_connection((HERE, HTTPS), self.timeout)
        self.sock = self.own_context.wrap_socket(plain, server_hostname=SITE)


class Setting:
    """Everything that runs: two databases, two web servers, proxy, the codes."""

    def __init__(self, network: Network, codes: int, undo: ExitStack) -> None:
        self.network = network
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="nanchuan-machines-")))
        folder.chmod(0o755)
        self.first, self.second = (Database(network, machine, folder) for machine in ("db1", "db2"))
        self.first.make_primary()
        base = deployment(Place(folder), folder, SITE, None)
        self.alone = base | {"TWO_PERSON_RULE": "false"}
        self.codes = self.task(self.first, "prepare", str(codes))
        self.second.follow("db1", "db1")
        if wait_for(lambda: "streaming" in self.first.command("status"), 20) is None:
            raise RuntimeError("the standby does not follow")
        self.first.command("sync", "db2")
        self.environment = environment((TWO / "env.example").read_text(), base)
        collect_static(self.environment)
        proxy = Processes(network, folder)
        undo.callback(proxy.remove)
        proxy.start()
        self.webs = [Web(network, machine, self.environment) for machine in ("web1", "web2")]
        for web in self.webs:
            undo.callback(web.remove)
        for web in self.webs:
            web.wait_until_ready()

    def task(self, database: Database, *arguments: str):
        """Run a task of bench/load/round.py on a database's machine."""
        url = f"postgres://nanchuan:{PASSWORD}@127.0.0.1:5432/nanchuan"
        here = self.alone | {"DATABASE_URL": url, "LOAD_CLUSTER": str(database.folder)}
        return json.loads(run_on(self.network, database.machine, here, "bench.load.round", *arguments))


class Place:
    """Stands for a cluster where the load test's environment asks for one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, ""


class Trouble(threading.Thread):
    """Lets machines fail at their times."""

    def __init__(self, acts: Sequence[tuple[float, str, Callable[[], object]]]) -> None:
        super().__init__(daemon=True)
        self.acts, self.done, self.fault = acts, list[tuple[str, float]](), ""

    def run(self) -> None:
        """Do what is due."""
        started = time.monotonic()
        try:
            for second, what, act in self.acts:
                time.sleep(max(0.0, started + second - time.monotonic()))
                self.done.append((what, time.monotonic()))
                act()
        except Exception as fault:  # shown with the result: what was not done proves nothing
            self.fault = f"{type(fault).__name__}: {fault}"


def run(network: Network, voters: int, seconds: int) -> Findings:
    """Set everything up, let citizens vote while machines fail, seal the box and compare."""
    with ExitStack() as undo:
        setting = Setting(network, seconds * CODES_A_SECOND, undo)
        read, stale_for, written = _reading(setting)
        now = time.monotonic()
        vote = SiteVote(HERE, HTTPS, deque(setting.codes), now + seconds, now + seconds + PATIENCE)
        trouble = Trouble(_troubles(setting, seconds))
        booths = [Booth(vote, seed) for seed in range(voters)]
        for thread in (trouble, *booths):
            thread.start()
        for thread in (*booths, trouble):
            thread.join()
        took = time.monotonic() - now
        box = setting.task(setting.second, "seal")
        verdict = compare(vote.attempts, box["receipts"], box["used"])
        told = [receipt for attempt in vote.attempts for receipt in attempt.acknowledged]
        return Findings(
            voters=voters,
            seconds=took,
            vote=vote,
            verdict=verdict,
            receipts=_verified(setting, told),
            events=_events(trouble.done, vote.cast_at),
            from_replica=read,
            stale_for=stale_for,
            written_to_replica=written,
            fault=trouble.fault,
        )


def _troubles(setting: Setting, seconds: int) -> list[tuple[float, str, Callable[[], object]]]:
    one = setting.webs[0]
    network = setting.network

    def switch_over() -> None:
        setting.first.die()
        setting.second.command("promote", "--old-is-off")

    return [
        (0.15 * seconds, "web server 1 killed", one.die),
        (0.30 * seconds, "web server 1 back", one.come_back),
        (0.45 * seconds, "database 1 off, 2 promoted", switch_over),
        (0.75 * seconds, "web server 2 off the network", lambda: network.unplug("web2")),
        (0.90 * seconds, "web server 2 back", lambda: network.plug_in("web2")),
    ]


def _events(done: Sequence[tuple[str, float]], cast_at: Sequence[float]) -> list[Event]:
    """Return for each event the longest time without a ballot called cast, until the next event."""
    moments = sorted(cast_at)
    ends = [*(at for _, at in done[1:]), float("inf")]
    found = []
    for (what, at), end in zip(done, ends, strict=True):
        within = [at, *(moment for moment in moments if at < moment < end)]
        silence = max((later - earlier for earlier, later in pairwise(within)), default=0.0)
        found.append(Event(what, at - done[0][1], silence))
    return found


def _reading(setting: Setting) -> tuple[bool, float | None, str]:
    """Return whether pages come from the standby, how long a stale one is served, and what can be written there."""
    first, second = setting.first, setting.second
    key = first.ask("SELECT key FROM evaluations_round", "nanchuan")
    page = f"/rounds/{key}/proofs/"
    last = "SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE usename = 'nanchuan'"
    is_read = wait_for(lambda: bool(_get(page)) and "evaluations_" in second.ask(last), 15) is not None
    if not is_read:
        print(
            second.ask(last), Path(setting.environment["LOAD_FOLDER"], "gunicorn.log").read_text()[-2000:], flush=True
        )
    second.ask("SELECT pg_wal_replay_pause()")
    first.ask("UPDATE evaluations_round SET name = '改了名的一轮'", "nanchuan")
    took = wait_for(lambda: "改了名的一轮" in _get(page), 30)
    second.ask("SELECT pg_wal_replay_resume()")
    try:
        second.ask("UPDATE evaluations_round SET name = name", "nanchuan")
    except RuntimeError:
        return is_read, took, ""
    return is_read, took, "the standby took a statement that writes"


def _get(page: str) -> str:
    connection = ToSite()
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        text = answer.read().decode()
        return text if answer.status == OK else ""
    finally:
        connection.close()


def _verified(setting: Setting, receipts: Sequence[str]) -> int:
    """Return how many receipts static/verify/check_receipt.py finds in the list that the site publishes."""
    key = setting.second.ask("SELECT key FROM evaluations_round", "nanchuan")
    leaves = [line.encode() for line in _get(f"/rounds/{key}/closing-list.txt").splitlines()]
    root = setting.second.ask("SELECT closing_root FROM evaluations_round", "nanchuan")
    spec = importlib.util.spec_from_file_location("check_receipt", ROOT / "static" / "verify" / "check_receipt.py")
    assert spec and spec.loader
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)
    # One whole look at the list, then each receipt as it looks there: the whole list again for each would take hours.
    if not receipts or (fault := checker.check_list(receipts[0], leaves, root)):
        print(f"check_receipt: {fault if receipts else 'no receipts'}", flush=True)
        return 0
    inside = {line.split(b"\t")[0].decode() for line in leaves}
    return sum(receipt in inside for receipt in receipts)

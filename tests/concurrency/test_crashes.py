"""After crashes every confirmed ballot is in the box exactly once, and sealing is atomic."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from datetime import timedelta
from queue import Empty, Queue

import pytest
from django.db import connection
from django.utils import timezone

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.codes.models import Credential
from evaluations.sealing.services import opening as sealing
from evaluations.voting import services as voting
from nanchuan_eval.permissions.policy import CLOCK
from tests.concurrency.cluster import Cluster, free_port
from tests.factories import make_codes, make_open_round, raw_answers
from tests.paths import ROOT

BALLOTS, BROWSERS = 200, 4


class Server:
    """The application server in its own process group, on the test database."""

    def __init__(self, port: int) -> None:
        name = connection.settings_dict["NAME"]
        url = f"sqlite:///{name}" if connection.vendor == "sqlite" else f"postgres:///{name}"
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "nanchuan_eval.wsgi", "-b", f"127.0.0.1:{port}", "--workers", "2",
             "--no-control-socket", "--log-level", "critical"],
            cwd=ROOT, env={**os.environ, "DATABASE_URL": url, "DEBUG": "true"}, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _wait(self) -> None:
        for _ in range(300):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=5).request("GET", "/healthz")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")


class Browser(threading.Thread):
    """Submits ballots, retrying until each is confirmed."""

    def __init__(self, port: int, waiting: Queue, confirmed: list) -> None:
        super().__init__(daemon=True)
        self.port, self.waiting, self.confirmed = port, waiting, confirmed

    def run(self) -> None:
        while True:
            try:
                receipt, fields = self.waiting.get_nowait()
            except Empty:
                return
            while not self._send(fields):
                time.sleep(0.1)
            self.confirmed.append(receipt)

    def _send(self, fields: dict) -> bool:
        body = urllib.parse.urlencode(fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            http_connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            http_connection.request("POST", "/ballot/cast/", body, headers)
            answer = http_connection.getresponse()
            page = answer.read().decode()
            return answer.status == 200 and ("评议票已提交" in page or "此前已有一张评议票以这个回执号" in page)
        except (OSError, http.client.HTTPException):
            return False


@pytest.mark.django_db(transaction=True)
def test_no_ballot_is_lost_or_doubled_when_the_server_is_killed():
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    waiting, confirmed = ballots_to_send(round_), []
    port = free_port()
    server = Server(port)
    try:
        browsers = [Browser(port, waiting, confirmed) for _ in range(BROWSERS)]
        for browser in browsers:
            browser.start()
        for milestone in (40, 110):
            wait_until(lambda milestone=milestone: len(confirmed) >= milestone)
            server.kill()
            server = Server(port)
        for browser in browsers:
            browser.join(timeout=240)
    finally:
        server.kill()

    assert len(confirmed) == BALLOTS
    assert BallotSpool.objects.count() == Credential.objects.exclude(spend=None).count() == BALLOTS
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    assert Counter(Ballot.objects.values_list("receipt", flat=True)) == Counter(confirmed)


@pytest.mark.initdb
class TestDatabaseCrash:
    @pytest.fixture
    def cluster(self):
        cluster = Cluster()
        yield cluster
        cluster.remove()

    def worker(self, cluster, *arguments):
        command = [sys.executable, "-m", "tests.concurrency.worker", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "DATABASE_URL": cluster.url}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def box(self, cluster):
        return json.loads(self.worker(cluster, "box").communicate(timeout=120)[0])

    def test_no_confirmed_ballot_is_lost_and_sealing_is_atomic(self, cluster):
        environment = {**os.environ, "DATABASE_URL": cluster.url}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        codes = self.worker(cluster, "prepare", "80").communicate(timeout=120)[0]

        confirmed = self.vote_through_two_crashes(cluster, codes)
        assert len(confirmed) == len(json.loads(codes))

        self.crash_half_way_through_sealing(cluster)
        box = self.box(cluster)
        assert (box["state"], box["sealed"], box["spooled"], box["spent"]) == ("open", [], 80, 80)

        output = self.worker(cluster, "seal").communicate(timeout=120)[0].split("\n")
        box = self.box(cluster)
        assert "sealed" in output
        assert box["state"] == "sealed"
        assert box["sealed"] == sorted(confirmed)
        assert box["spooled"] == 0

    def vote_through_two_crashes(self, cluster, codes):
        voter, confirmed = self.worker(cluster, "vote"), []
        voter.stdin.write(codes.strip() + "\n")
        voter.stdin.flush()
        for line in voter.stdout:
            confirmed.append(line.strip())
            if len(confirmed) in {20, 50}:
                cluster.crash()
                time.sleep(0.5)
                cluster.start()
        assert voter.wait(timeout=60) == 0
        return confirmed

    def crash_half_way_through_sealing(self, cluster):
        sealer = self.worker(cluster, "seal")
        assert sealer.stdout.readline().strip() == "half way"
        cluster.crash()
        cluster.start()
        assert sealer.wait(timeout=60) != 0


def ballots_to_send(round_):
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    vote = validate_vote(form, "targeted", [RawLine(s.code, raw_answers()) for s in form.sections]).as_text()
    waiting = Queue()
    for code in make_codes(round_, BALLOTS):
        admission = voting.admit(code=code, at=timezone.now())
        signed = {"code": code, "admission": admission.token(), "checked": voting.checked_mark(admission, vote, "")}
        fields = {**signed, "vote": vote, "comment": "", "digits": "1234"}
        waiting.put((voting.receipt_for(admission, "1234"), fields))
    return waiting


def wait_until(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("did not happen")

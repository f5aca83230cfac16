"""A vote through the proxy of an installation, as citizens cast it; every command prints JSON.

`prepare N` opens a round of the tests' own and prints N codes; `cast SITE PORT` votes over TLS with the codes of its
standard input (arguments stand in the journal) and prints the receipts of the acknowledged ballots; `seal` seals the
box and prints the receipts in it.
"""

import http.client
import json
import os
import ssl
import sys
import time
from collections import deque
from collections.abc import Sequence

import django

from bench.load import round as rounds
from bench.load.citizens import TIMEOUT, Booth, Vote

LOOPBACK = "127.0.0.1"
PATIENCE = 60


class Connection(http.client.HTTPSConnection):
    """A connection to a site on this machine, whose name the certificate has and no name server knows."""

    def __init__(self, site: str, port: int, trusted: str = "") -> None:
        context = ssl.create_default_context(cafile=trusted or None)
        if not trusted:  # the installation's own, until the office has one
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        super().__init__(site, port, timeout=TIMEOUT, context=context)
        self._create_connection = lambda address, *rest: _connect((LOOPBACK, address[1]), *rest)


_connect = http.client.HTTPConnection("")._create_connection


class BoothBehindProxy(Booth):
    """A citizen who only knows the site's name: what the application hears of them is the proxy's work."""

    def __init__(self, vote: Vote, seed: int, site: str, trusted: str = "") -> None:
        super().__init__(vote, seed)
        self.site, self.trusted = site, trusted

    def _send(self, method: str, address: str, body: str) -> tuple[int, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        connection = Connection(self.site, self.vote.port, self.trusted)
        try:
            connection.request(method, address, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def cast(site: str, port: int, codes: Sequence[str], trusted: str = "") -> Vote:
    """Let a citizen vote with each of the codes; returns the vote with what was acknowledged."""
    ends_at = time.monotonic() + PATIENCE
    vote = Vote(LOOPBACK, port, deque(codes), ends_at, ends_at)
    BoothBehindProxy(vote, 1, site, trusted).run()
    return vote


def main(task: str, *arguments: str) -> None:
    """Do one task and print what came of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    django.setup()
    if task == "cast":
        site, port = arguments
        vote = cast(site, int(port), sys.stdin.read().split())
        done = [receipt for attempt in vote.attempts for receipt in attempt.acknowledged]
    else:
        done = rounds.prepare(int(arguments[0])) if task == "prepare" else rounds.seal()
    print(json.dumps(done))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Citizens at the pages of the ballot.

Whoever gets no answer presses again; some begin anew with their code instead, some fill in a second ballot with it.
"""

import http.client
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

from bench.load.pages import (
    Field,
    chosen_sections,
    final_form,
    is_acknowledged,
    is_reviewed,
    rated_section,
    receipt_on,
)
from bench.load.rules import Attempt, Press, require_loopback

TIMEOUT = 20
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.4
BEGIN_ANEW, SECOND_BALLOT = 0.25, 0.1
CAST = "/ballot/cast/"
OK, SERVER_ERROR = 200, 500


class NotServed(Exception):
    """A page was refused, or the citizen gave up without an answer."""


class NoAnswer(Exception):
    """The connection broke, or the server answered with an error of its own."""


@dataclass
class Vote:
    """A vote under way: where, with which codes, until when; and what came of it."""

    host: str
    port: int
    codes: deque[str]
    ends_at: float
    given_up_at: float
    presses: list[Press] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    # When the last page called a ballot cast.
    cast_at: list[float] = field(default_factory=list)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the site, not opened yet."""
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)

    def __post_init__(self) -> None:
        require_loopback(self.host)


class Booth(threading.Thread):
    """One citizen after the other, each with the next code, until the vote ends."""

    def __init__(self, vote: Vote, seed: int) -> None:
        super().__init__(daemon=True)
        self.vote, self.rng = vote, Random(seed)
        self.attempt, self.phone = Attempt([], []), ""

    def run(self) -> None:
        """Let citizens vote until time or codes are used up."""
        while time.monotonic() < self.vote.ends_at:
            try:
                code = self.vote.codes.popleft()
            except IndexError:
                return
            self.attempt, self.phone = Attempt([], []), ".".join(str(self.rng.randrange(1, 255)) for _ in range(4))
            self.vote.attempts.append(self.attempt)
            with suppress(NotServed):
                self._vote(code)

    def _vote(self, code: str) -> None:
        ballots = [self._filled_in(code)]
        if self.rng.random() < SECOND_BALLOT:
            ballots.append(self._filled_in(code))
        while ballots:
            if not self._cast(*ballots.pop(0)):
                ballots.append(self._filled_in(code))

    def _filled_in(self, code: str) -> tuple[str, list[Field]]:
        """Fill in the pages; returns the receipt that the ballot will get, and the form that casts it."""
        self._press("GET", "/ballot/")
        page = self._press("POST", "/ballot/", [("code", code)])
        page = self._press("POST", "/ballot/rate/", chosen_sections(page, self.rng))
        while not is_reviewed(page):
            page = self._press("POST", *rated_section(page, self.rng))
        receipt, form = final_form(page, self.rng)
        self.attempt.receipts.append(receipt)
        return receipt, form

    def _cast(self, receipt: str, form: Sequence[Field]) -> bool:
        """Press the last button until there is an answer; False for a citizen who rather begins anew."""
        try:
            page = self._press_once("POST", CAST, form)
        except NoAnswer:
            self.vote.unanswered.append(receipt)
            if self.rng.random() < BEGIN_ANEW:
                return False
            page = self._press("POST", CAST, form)
        if is_acknowledged(page):
            self.attempt.acknowledged.append(receipt_on(page) or receipt)
            self.vote.cast_at.append(time.monotonic())
        return True

    def _press(self, method: str, address: str, form: Sequence[Field] = ()) -> str:
        """Press a button until there is an answer."""
        while time.monotonic() < self.vote.given_up_at:
            try:
                return self._press_once(method, address, form)
            except NoAnswer:
                time.sleep(self.rng.uniform(SHORTEST_WAIT, LONGEST_WAIT))
        raise NotServed(address)

    def _press_once(self, method: str, address: str, form: Sequence[Field]) -> str:
        started = time.monotonic()
        status, page = self._send(method, address, urlencode(form))
        self.vote.presses.append(Press(address if method == "POST" else "", time.monotonic() - started, status))
        if not status or status >= SERVER_ERROR:
            raise NoAnswer(address)
        if status != OK:
            raise NotServed(address)
        return page

    def _send(self, method: str, address: str, body: str) -> tuple[int, str]:
        """Send one request as a reverse proxy passes it on; returns (0, "") if the whole answer did not come."""
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": self.phone}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self.vote.connect()
        try:
            connection.request(method, address, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

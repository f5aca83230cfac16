"""Reading from a streaming replica (从库): which pages may, and when it is too far behind.

Only views marked with `from_replica` read there: public pages and downloads that write nothing and lead to no act. All
others, and every write, use the primary: ballots, claims, receipts, the front page, whatever a logged-in account sees.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse

from nanchuan_eval.database.sql import log_position, replayed_position

REPLICA = "replica"
READING = ("GET", "HEAD")
# Seconds until a process looks again how far the replica is behind; longer after it did not answer.
LOOK_EVERY, LOOK_AFTER_FAILURE = 1.0, 10.0
MOST_NOTED = 120
View = Callable[..., HttpResponseBase]
log = logging.getLogger(__name__)
# The views that read there.
readers: set[str] = set()
_is_reading: ContextVar[bool] = ContextVar("is_reading", default=False)


class Router:
    """Reads go to the replica within `from_replica`, until something is written; all else goes to the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        # Always an answer: left to Django, what belongs to a row that was read there would be read there, too.
        return REPLICA if _is_reading.get() else DEFAULT_DB_ALIAS

    def db_for_write(self, model: Any, **hints: Any) -> str:
        _is_reading.set(False)
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == REPLICA else None


class Follower:
    """How far the replica is behind, as one process knows it.

    The primary's log position is noted from time to time; once the replica has replayed it, the replica has everything
    that was committed before it was noted. That holds also while nothing is written, and while the replica has lost its
    primary and believes itself up to date.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.lock = clock, Lock()
        self.noted: deque[tuple[int, float]] = deque(maxlen=MOST_NOTED)
        self.has_all_before, self.next_look, self.is_fresh_now = float("-inf"), float("-inf"), False

    def is_fresh(self) -> bool:
        """True if the replica is at most REPLICA_LAG_SECONDS behind."""
        if self.clock() >= self.next_look and self.lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self.lock.release()
        fresh: bool = self.clock() - self.has_all_before <= settings.REPLICA_LAG_SECONDS
        if fresh != self.is_fresh_now:
            self.is_fresh_now = fresh
            log.warning("从库%s。", "已跟上，公开页面从从库读取" if fresh else "落后或者没有应答，公开页面从主库读取")
        return fresh

    def _look(self) -> None:
        before, self.next_look = self.clock(), float("inf")
        try:
            self.noted.append((log_position(), before))
            replayed = replayed_position(REPLICA)
        except Error as fault:
            log.warning("查询从库的进度没有成功：%s", type(fault).__name__)
            connections[REPLICA].close_if_unusable_or_obsolete()
            self.next_look = self.clock() + LOOK_AFTER_FAILURE
            return
        if replayed is None:  # promoted: it may already have rows that the primary of the settings never had
            self.noted.clear()
            self.has_all_before, replayed = float("-inf"), -1
        while self.noted and self.noted[0][0] <= replayed:
            self.has_all_before = self.noted.popleft()[1]
        self.next_look = self.clock() + LOOK_EVERY


follower = Follower()


def from_replica(view: View) -> View:
    """Let a view read from the replica if there is one and it is fresh.

    What is not found there, or breaks off there, is asked of the primary: it may just have been published. Whoever has
    a session sees the primary: the staff's own work must be there at once.
    """

    @wraps(view)
    def served(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _may_read(request):
            return view(request, *args, **kwargs)
        try:
            with reading():
                answer = view(request, *args, **kwargs)
        except (Http404, Error):
            return view(request, *args, **kwargs)
        if isinstance(answer, StreamingHttpResponse):
            answer.streaming_content = _read_on(iter(answer))
        return answer

    readers.add(f"{view.__module__}.{view.__name__}")
    return served


@contextmanager
def reading() -> Iterator[None]:
    """Read from the replica while the block runs."""
    token = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(token)


def _may_read(request: HttpRequest) -> bool:
    return (
        REPLICA in settings.DATABASES
        and request.method in READING
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and follower.is_fresh()
    )


def _read_on(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Go on reading there while a download is sent, piece by piece."""
    while True:
        with reading():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece

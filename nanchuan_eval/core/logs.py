"""Log lines that hold no secret: what happened and where in the program, never a value (docs/monitoring.md).

A message of an exception, a path, a query, an address or a host may hold a ballot code, a vote, a phone or a name: of a
request only method, status and the name of its address are told, of an exception only its type and the lines of the
program that it went through. Texts are told as the program words them; what other packages fill in is left out.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
# Packages whose messages are written here, and hold what their tests say.
OURS = ("nanchuan_eval", "departments", "evaluations", "accountability")
# The web server's own life (start, stop, signals), told at this level only.
SERVER = "gunicorn.error"
HIDDEN = "…"
# Phones, codes, receipts, digests; addresses; e-mail addresses: also of our own texts.
SECRETS = re.compile(
    r"[0-9A-Za-z]{4,5}([- ]?[0-9A-Za-z]{4,5}){3,}|\d{7,}"
    r"|\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){3,}|\S+@\S+"
)
MOST_FRAMES = 12


class SafeFormatter(logging.Formatter):
    """Formatter of one line of text a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = facts(record)
        error = f" {told['error']} [{' < '.join(told['frames'])}]" if "error" in told else ""
        return f"{told['time']} {told['level']} {told['logger']} {told['event']} ({told['source']}){error}"


class JsonFormatter(logging.Formatter):
    """Formatter of one JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(facts(record), ensure_ascii=False)


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a log line may tell of a record."""
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "event": _event(record),
        "source": f"{_file(record.pathname)}:{record.lineno}",
    }
    request: Any = getattr(record, "request", None)
    if hasattr(request, "method"):
        told |= {"method": request.method, "route": route_of(request), "status": getattr(record, "status_code", None)}
    fault = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if fault is not None:
        told |= {"error": " < ".join(_kinds(fault)), "frames": list(_frames(fault.__traceback__))}
    return told


def route_of(request: Any) -> str:
    """Return the name of a request's address, without its arguments; "-" where there is none."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name if match else "") or "-"


def report_uncaught(kind: type[BaseException], fault: BaseException, place: TracebackType | None) -> None:
    """Log an exception that ends a command, as Python's own hook would print it with its message."""
    if issubclass(kind, KeyboardInterrupt) or settings.DEBUG:
        sys.__excepthook__(kind, fault, place)
        return
    logging.getLogger("nanchuan_eval").critical("命令中断", exc_info=(kind, fault, place))


def _event(record: logging.LogRecord) -> str:
    request: Any = getattr(record, "request", None)
    if hasattr(request, "method"):
        return f"{getattr(record, 'status_code', '')} {request.method} {route_of(request)}".strip()
    if not isinstance(record.msg, str):  # an exception, whose text is its message
        return type(record.msg).__name__
    if record.name.split(".")[0] in OURS or (record.name == SERVER and record.levelno == logging.INFO):
        return SECRETS.sub(HIDDEN, _told(record.msg, record.args))
    # A text without arguments may have been put together from values.
    return _told(record.msg, _hidden(record.args)) if record.args else HIDDEN


def _told(text: str, arguments: Any) -> str:
    try:
        return " ".join((text % arguments if arguments else text).splitlines())
    except (TypeError, ValueError, KeyError):
        return HIDDEN


def _hidden(arguments: Any) -> Any:
    if isinstance(arguments, dict):
        return {name: _number_or_nothing(value) for name, value in arguments.items()}
    return tuple(map(_number_or_nothing, arguments or ()))


def _number_or_nothing(value: Any) -> Any:
    return value if isinstance(value, int | float) and abs(value) < 10**6 else HIDDEN


def _kinds(fault: BaseException | None) -> Iterator[str]:
    """Yield the type of an exception and of those that it came from."""
    while fault is not None:
        yield f"{type(fault).__module__}.{type(fault).__qualname__}".removeprefix("builtins.")
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _frames(place: TracebackType | None) -> Iterator[str]:
    """Yield the places in the program, the innermost first; neither source nor values."""
    steps = [(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in traceback.walk_tb(place)]
    for path, line, name in steps[: -MOST_FRAMES - 1 : -1]:
        yield f"{_file(path)}:{line} {name}"


def _file(path: str) -> str:
    return path.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2]

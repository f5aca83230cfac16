"""Gateways (短信网关) that take messages: the console, a file for another program, any platform that speaks HTTP.

Only the address in MESSAGE_URL is ever called: no redirect is followed, no proxy of the environment is used.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from evaluations.messages.rules import gateway as rules
from evaluations.messages.rules.kinds import Failure
from evaluations.messages.rules.texts import CODE, masked
from nanchuan_eval.encryption.fields import mask_phone

MOST_ANSWER = 64 * 1024  # bytes of an answer that are read


class Outgoing(NamedTuple):
    """What a gateway gets: our number of the message, the phone, the text."""

    key: str
    phone: str
    text: str
    is_demo: bool = False


class Outcome(NamedTuple):
    """What became of it; `failure` is empty if the gateway has accepted the message."""

    failure: str = ""
    gateway_id: str = ""


def gateway() -> rules.Gateway:
    """Return the gateway of the settings."""
    return rules.Gateway(
        kind=settings.MESSAGE_GATEWAY,
        url=settings.MESSAGE_URL,
        method=settings.MESSAGE_METHOD,
        body=settings.MESSAGE_BODY,
        headers=settings.MESSAGE_HEADERS,
        success=settings.MESSAGE_SUCCESS,
        id_path=settings.MESSAGE_ID_PATH,
        rate=settings.MESSAGE_RATE,
        retries=settings.MESSAGE_RETRIES,
        timeout=settings.MESSAGE_TIMEOUT,
        keep_hours=settings.MESSAGE_KEEP_HOURS,
    )


def sends_messages() -> bool:
    """True if there is a gateway; without one everybody gets a letter."""
    return bool(settings.MESSAGE_GATEWAY)


@sensitive_variables()
def hand_over(message: Outgoing) -> Outcome:
    """Hand a message to the gateway of the settings; what goes wrong is an outcome, never an exception with a text."""
    return ADAPTERS[settings.MESSAGE_GATEWAY](message)


@sensitive_variables()
def _to_console(message: Outgoing) -> Outcome:
    """Write to standard output, phone and code masked unless this is a development machine or a demonstration."""
    is_open = settings.DEBUG or message.is_demo
    phone, text = (message.phone, message.text) if is_open else (mask_phone(message.phone), masked(message.text))
    sys.stdout.write(f"[短信] {phone} {text}\n")
    return Outcome()


@sensitive_variables()
def _to_file(message: Outgoing) -> Outcome:
    """Append a line of JSON to a file that only this account can read, for the program that sends it."""
    line = json.dumps({"id": message.key, "phone": message.phone, "text": message.text}, ensure_ascii=False)
    try:
        number = os.open(Path(settings.MESSAGE_FILE), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(number, "a", encoding="utf-8") as target:
            target.write(f"{line}\n")
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        return Outcome(Failure.NO_ANSWER)
    return Outcome()


@sensitive_variables()
def _by_http(message: Outgoing) -> Outcome:
    used = gateway()
    try:
        with _opener().open(_request(used, message), timeout=used.timeout) as answer:
            status, said = answer.status, answer.read(MOST_ANSWER).decode(errors="replace")
    except urllib.error.HTTPError as error:
        error.close()
        return Outcome(Failure.REFUSED)
    except (OSError, HTTPException):
        return Outcome(Failure.NO_ANSWER)
    if not rules.is_success(used.success, status, said):
        return Outcome(Failure.REFUSED)
    codes = tuple(found.strip("#") for found in CODE.findall(message.text))
    return Outcome("", rules.gateway_id(said, used.id_path, secrets=(*codes, message.phone)))


@sensitive_variables()
def _request(used: rules.Gateway, message: Outgoing) -> urllib.request.Request:
    headers = rules.headers_of(used.headers)
    values = {"phone": message.phone, "text": message.text, "id": message.key}
    url = _filled(used.url, values, lambda value: quote(value, safe=""))
    if used.method == "GET":
        return urllib.request.Request(url, headers=headers, method="GET")  # noqa: S310  checked: http(s) only
    is_json = rules.sends_json(headers)
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json; charset=utf-8"
    body = _filled(used.body, values, _in_json if is_json else _in_form)
    return urllib.request.Request(url, body.encode(), headers, method="POST")  # noqa: S310  checked: http(s) only


def _filled(template: str, values: Mapping[str, str], quoted: Callable[[str], str]) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quoted(value))
    return template


def _in_json(value: str) -> str:
    """Return a value as it stands between the quotes of a JSON text."""
    return json.dumps(value)[1:-1]


def _in_form(value: str) -> str:
    return urlencode({"": value})[1:]


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the text holds codes."""

    def redirect_request(self, *given: Any, **named: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), _Nowhere)


ADAPTERS: dict[str, Callable[[Outgoing], Outcome]] = {
    rules.CONSOLE: _to_console,
    rules.FILE: _to_file,
    rules.HTTP: _by_http,
}

"""The rules of a message gateway, read from the settings: what is sent, which answer is a success, when to retry."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

CONSOLE, FILE, HTTP, NONE = "console", "file", "http", ""
GATEWAYS = (NONE, CONSOLE, FILE, HTTP)
METHODS = ("GET", "POST")
PLACEHOLDERS = ("{phone}", "{text}", "{id}")
IS_JSON, IS_PATTERN = "json:", "re:"
OK = range(200, 300)
# The wait before try 2, 3, …: doubled every time, up to an hour.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# An operator gives a message up after one to three days; the privacy notice promises no more than seven.
MOST_KEPT = 144
GATEWAY_ID = re.compile(r"[0-9A-Za-z_.:-]{1,64}")


@dataclass(frozen=True)
class Gateway:
    """A gateway's settings, as text from the environment."""

    kind: str
    url: str = ""
    method: str = "POST"
    body: str = ""
    headers: str = ""
    success: str = ""
    id_path: str = ""
    rate: int = 60
    retries: int = 5
    timeout: int = 10
    keep_hours: int = 72

    @property
    def lease(self) -> timedelta:
        """For how long a message counts as being sent; after that its sender has died, and it is sent again."""
        return timedelta(seconds=2 * self.timeout + 60)


def wait_before(tries: int) -> timedelta:
    """Return how long to wait after so many tries have failed."""
    doublings = min(max(0, tries - 1), 10)
    return min(LONGEST_WAIT, FIRST_WAIT * int(2**doublings))


def kept_until(at: datetime, hours: int) -> datetime | None:
    """Return until when the text of a message sent now is kept, at a full hour, which tells no minute; None: not."""
    return (at + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0) if hours else None


def headers_of(text: str) -> dict[str, str]:
    """Return the headers, written as a JSON object of texts; raises ValueError."""
    found = json.loads(text) if text.strip() else {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("not an object of texts")
    return found


def sends_json(headers: Mapping[str, str]) -> bool:
    """True if the body is JSON, which is what a body without a stated type is, too."""
    types = [value for name, value in headers.items() if name.lower() == "content-type"]
    return not types or "json" in types[0].lower()


def is_success(rule: str, status: int, answer: str) -> bool:
    """True if the gateway has accepted the message: an answer 2xx that the rule, if there is one, finds good."""
    if status not in OK:
        return False
    if rule.startswith(IS_PATTERN):
        return re.search(rule.removeprefix(IS_PATTERN), answer) is not None
    if rule.startswith(IS_JSON):
        path, _, wanted = rule.removeprefix(IS_JSON).partition("=")
        found = found_at(answer, path)
        return found is not None and found == wanted
    return True


def found_at(answer: str, path: str) -> str | None:
    """Return what an answer in JSON has at a path such as data.0.code, as text; None if there is nothing."""
    try:
        found: Any = json.loads(answer)
    except ValueError:
        return None
    for step in path.split("."):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def gateway_id(answer: str, path: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Return the gateway's own number of a message, or "": nothing that does not look like one, never a code."""
    found = found_at(answer, path) if path else None
    if not found or not GATEWAY_ID.fullmatch(found) or any(secret in found for secret in secrets):
        return ""
    return found


def gateway_faults(gateway: Gateway, *, is_production: bool) -> list[str]:
    """Return in Chinese what is wrong with the settings."""
    if gateway.kind not in GATEWAYS:
        return ["MESSAGE_GATEWAY 只能是 console、file、http，或者留空（不发短信，只印信函）。"]
    faults = [
        f"{name} 必须是不小于{least}的整数。"
        for name, value, least in (
            ("MESSAGE_RATE", gateway.rate, 1),
            ("MESSAGE_RETRIES", gateway.retries, 0),
            ("MESSAGE_TIMEOUT", gateway.timeout, 1),
        )
        if value < least
    ]
    if not 0 <= gateway.keep_hours <= MOST_KEPT:
        faults.append(f"MESSAGE_KEEP_HOURS 必须是0到{MOST_KEPT}的整数（0为网关接收后立即清除票号）。")
    return faults if gateway.kind != HTTP else [*faults, *_http_faults(gateway, is_production)]


def _http_faults(gateway: Gateway, is_production: bool) -> list[str]:
    faults = []
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", gateway.url):
        faults.append("MESSAGE_URL 要填写短信网关的地址，以 https:// 开头。")
    elif is_production and not gateway.url.startswith("https://"):
        faults.append("MESSAGE_URL 必须以 https:// 开头：短信中有票号，不能明文传输。")
    if gateway.method not in METHODS:
        faults.append("MESSAGE_METHOD 只能是 GET 或者 POST。")
    filled = gateway.url if gateway.method == "GET" else gateway.body
    missing = [name for name in PLACEHOLDERS[:2] if name not in filled]
    if missing:
        where = "MESSAGE_URL" if gateway.method == "GET" else "MESSAGE_BODY"
        faults.append(f"{where} 中缺少{'、'.join(missing)}，短信无法发给本人。")
    try:
        headers_of(gateway.headers)
    except ValueError:
        faults.append('MESSAGE_HEADERS 要写成 JSON，例如 {"Authorization": "Bearer …"}。')
    return [*faults, *_success_faults(gateway.success)]


def _success_faults(rule: str) -> list[str]:
    if rule.startswith(IS_JSON) and "=" in rule[len(IS_JSON) + 1 :]:
        return []
    if rule.startswith(IS_PATTERN):
        try:
            re.compile(rule.removeprefix(IS_PATTERN))
        except re.error:
            return ["MESSAGE_SUCCESS 中的正则表达式有误。"]
        return []
    if not rule:
        return []
    return ["MESSAGE_SUCCESS 要写成 json:路径=值（如 json:code=0）或者 re:正则表达式；留空则应答2xx即为成功。"]

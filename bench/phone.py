"""A phone at the deployed site: a real browser whose taps, pages and bytes are counted."""

import math
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator

PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.0.1"}
TIMEOUT = 15_000


@dataclass
class Seen:
    """One page that the citizen saw: how long it is, in heights of the screen, and what came over the wire for it."""

    name: str
    screens: float
    bytes_of: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> int:
        """All bytes that came for it, heads of answers included."""
        return sum(self.bytes_of.values())


class Phone:
    """A context of its own (nothing cached), with a finger; counts every tap, page and byte."""

    def __init__(self, browser: Browser, address: str, *, width: int = 390, java_script: bool = True) -> None:
        self.address, self.taps, self.sent, self.heads = address, 0, 0, 0
        self.pages: list[Seen] = []
        self.faults: list[str] = []
        self._arrived: Counter[str] = Counter()
        self._addresses: dict[str, str] = {}
        self.context = browser.new_context(
            viewport={"width": width, "height": 844},
            has_touch=True,
            base_url=address,
            locale="zh-CN",
            extra_http_headers=PROXY,
            java_script_enabled=java_script,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", self._asks)
        network.on("Network.requestWillBeSentExtraInfo", self._asked)
        network.on("Network.responseReceivedExtraInfo", self._answered)
        network.on("Network.loadingFinished", self._finished)

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.context.close()

    def open(self, path: str) -> None:
        """Open an address, as a QR code does; that is no tap."""
        self.page.goto(path)

    def tap(self, what: Locator) -> None:
        """Tap once where the finger can reach it."""
        what.tap()
        self.taps += 1

    def press(self, name: str) -> None:
        """Tap the button of this name."""
        self.tap(self.page.get_by_role("button", name=name, exact=True))

    def sees(self, name: str, heading: str = "") -> None:
        """Wait for a page by its heading and count it."""
        self.page.locator("h1", has_text=heading).wait_for()
        self.page.wait_for_load_state()
        seen = self.page.evaluate("[document.documentElement.scrollHeight, window.innerHeight]")
        self.pages.append(Seen(name, seen[0] / seen[1], self._arrived))
        self._arrived = Counter()

    @property
    def received(self) -> int:
        """All bytes that came over the wire: compressed bodies and heads of answers (HTTP/1.1)."""
        return sum(page.received for page in self.pages)

    @property
    def bodies(self) -> int:
        """Bytes of the compressed bodies alone."""
        return self.received - self.heads

    def _asks(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]
        self.sent += len(event["request"].get("postData", ""))
        turned = event.get("redirectResponse")
        if turned:
            self._arrived["redirect"] += math.ceil(turned["encodedDataLength"])

    def _asked(self, event: dict[str, Any]) -> None:
        self.sent += sum(len(f"{name}: {value}\r\n") for name, value in event["headers"].items())

    def _answered(self, event: dict[str, Any]) -> None:
        self.heads += len(event.get("headersText", ""))

    def _finished(self, event: dict[str, Any]) -> None:
        address = self._addresses.get(event["requestId"], "")
        if address.startswith(self.address) and event["encodedDataLength"]:
            self._arrived[_name_of(address)] += math.ceil(event["encodedDataLength"])


def _name_of(address: str) -> str:
    """The file's name without the digest of its content; `page` for what is no static file."""
    path = urlsplit(address).path
    if not path.startswith("/static/"):
        return "page"
    name, _, rest = path.rpartition("/")[2].partition(".")
    return f"{name}.{rest.rpartition('.')[2]}"

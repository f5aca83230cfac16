"""Citizens: on a phone through the pages; the others by the same forms without a browser."""

import re
from random import Random
from urllib.parse import urlencode

from accountability.demo.citizens import FormReader

SIGNS = {"cold": "COLD", "lazy": "LAZY", "buck_passing": "BUCK", "disorderly": "DISO", "greedy": "GREE"}
INDICATORS = tuple(SIGNS)


def levels(voter, codes):
    """Return one person's answers by section: later ones in the roster are harder, people differ."""
    chance = Random(f"whole round/{voter}")
    return {
        code: [min(3, max(0, round(place / 4 + chance.gauss(0, 0.7)) - (at == 4))) for at in range(len(INDICATORS))]
        for place, code in enumerate(codes)
    }


def answers(voter, codes):
    """Return the fields of one ballot, each severe answer with a tick."""
    fields = {}
    for code, given in levels(voter, codes).items():
        pairs = list(zip(INDICATORS, given, strict=True))
        fields |= {f"{code}.{indicator}": str(level) for indicator, level in pairs}
        fields[f"{code}.manifestations"] = [f"{SIGNS[indicator]}-1" for indicator, level in pairs if level > 1]
    return fields


class Visitor:
    """A visitor without a browser."""

    numbers = iter(range(1, 60_000))

    def __init__(self, office, chromium):
        number = next(self.numbers)
        self.address = office.address
        headers = {
            "X-Forwarded-For": f"10.{200 + number // 250}.{number % 250}.7",
            "X-Forwarded-Proto": "https",
            "Referer": f"{office.address}/",
        }
        self.context = chromium.new_context(
            base_url=office.address, ignore_https_errors=True, extra_http_headers=headers
        )

    def claim(self):
        """Take a code with the front page's button and return it; the system chooses the channel."""
        page = self._send("/", "/ballot/claim/", {})
        return FormReader(page).forms["/ballot/"]["code"][0]

    def vote(self, code, filled_in):
        """Cast a ballot over its pages; return the last one."""
        page = self._send("/ballot/", "/ballot/", {"code": code})
        chosen = list(dict.fromkeys(name.split(".")[0] for name in filled_in))
        page = self._answer(page, "/ballot/rate/", {"section": chosen})
        while "/ballot/review/" not in FormReader(page).forms:
            page = self._answer(page, "/ballot/rate/", filled_in)
        page = self._answer(page, "/ballot/review/", {**filled_in, "comment": ""})
        page = self._answer(page, "/ballot/cast/", {"digits": "2026"})
        self.context.close()
        assert "已" in page
        return page

    def _send(self, path, action, typed):
        return self._answer(self.context.request.get(path).text(), action, typed)

    def _answer(self, page, action, typed):
        given = {**FormReader(page).forms[action], **typed}
        body = urlencode(given, doseq=True)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.context.request.post(action, data=body, headers=headers)
        assert answer.ok, f"{action} {answer.status} {re.sub('<[^>]+>', ' ', answer.text())[:800]}"
        return answer.text()

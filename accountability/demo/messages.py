"""Text messages of the story (短信): sent through the gateway `file`, some lost and sent again, receipts for all."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction
from django.test.utils import override_settings

from evaluations.codes.models import Credential
from evaluations.messages.rules.gateway import FILE
from evaluations.messages.rules.receipts import Receipt
from evaluations.messages.rules.texts import CODE
from evaluations.messages.services.letters import requeue_failed
from evaluations.messages.services.receipts import take_receipts
from evaluations.messages.services.sending import send_due
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from nanchuan_eval.users.models import User

# The gateway reports one of so many as not delivered; it is sent again and arrives.
ONE_LOST_IN = 40
SECOND, LATER = timedelta(seconds=1), timedelta(hours=1)


def send_messages(round_: Round, *, by: User, at: datetime) -> dict[str, list[str]]:
    """Send what waits and hand in the receipts; return section code -> the codes that have arrived."""
    sent = _sent(at)
    lost = [number for place, (number, _) in enumerate(sent) if place % ONE_LOST_IN == 0]
    take_receipts([Receipt(number, number not in lost) for number, _ in sent], at=at + LATER)
    if lost:
        requeue_failed(round_id=round_.pk, as_letters=False, by=by, at=at + LATER)
        take_receipts([Receipt(number, True) for number, _ in _sent(at + LATER)], at=at + 2 * LATER)
    return _by_section(round_, [found.strip("#") for _, text in sent for found in CODE.findall(text)])


def _sent(at: datetime) -> list[tuple[str, str]]:
    """Return number and text of each message, as the program finds them that sends what is in the file."""
    moments = (at + number * SECOND for number in count())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "messages.jsonl"
        # One transaction: the story is told again if it fails, and thousands of commits would take minutes.
        with override_settings(MESSAGE_GATEWAY=FILE, MESSAGE_FILE=str(path)), transaction.atomic():
            send_due(now=lambda: next(moments))
        return [(line["id"], line["text"]) for line in _lines(path)]


def _lines(path: Path) -> Iterator[dict[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        yield json.loads(line)


def _by_section(round_: Round, codes: list[str]) -> dict[str, list[str]]:
    rows = Credential.objects.filter(batch__round=round_, batch__section__isnull=False)
    sections = dict(rows.values_list("issue", "batch__section__code"))
    found: dict[str, list[str]] = {}
    for code in codes:
        found.setdefault(sections[issue_of(round_.key, code)], []).append(code)
    return found

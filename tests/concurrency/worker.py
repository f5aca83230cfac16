"""A process that votes and seals on a database that may crash at any moment.

`prepare N` prints the codes; `vote` reads codes and prints each confirmed receipt; `vote_marked` casts with a comment
of its own each, prints I, receipt and comment, and lets one INSERT fail; `seal` reports when it is half way; `box`
prints the sealed receipts.
"""

import json
import os
import sys
import time
from contextlib import suppress
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from evaluations.ballot_form.queries import ballot_form_by_digest  # noqa: E402
from evaluations.ballot_form.rules.votes import RawLine, validate_vote  # noqa: E402
from evaluations.ballots.models import Ballot, BallotSpool  # noqa: E402
from evaluations.codes.models import Credential  # noqa: E402
from evaluations.rounds.models import Round  # noqa: E402
from evaluations.sealing.services import mixing  # noqa: E402
from evaluations.sealing.services import opening as sealing  # noqa: E402
from evaluations.voting import services as voting  # noqa: E402
from nanchuan_eval.core.errors import RuleViolation  # noqa: E402
from nanchuan_eval.database.sql import fill_spool  # noqa: E402
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR  # noqa: E402
from tests.factories import make_codes, make_open_round, raw_answers  # noqa: E402


def emit(text: str) -> None:
    print(text, flush=True)  # noqa: T201  the test reads this


def prepare(count: int) -> None:
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    emit(json.dumps(make_codes(round_, count)))


def vote() -> None:
    form = ballot_form_by_digest(Round.objects.get().ballot_form_sha256)
    wanted = validate_vote(form, "targeted", [RawLine(s.code, raw_answers()) for s in form.sections])
    for code in json.loads(sys.stdin.readline()):
        admission = retried(lambda code=code: voting.admit(code=code, at=timezone.now()))
        facts = {"admission": admission, "code": code, "vote": wanted.as_text(), "comment": "", "digits": "1234"}
        emit(retried(lambda facts=facts: voting.cast_ballot(**facts, at=timezone.now())).receipt)


def vote_marked() -> None:
    form = ballot_form_by_digest(Round.objects.get().ballot_form_sha256)
    wanted = validate_vote(form, "targeted", [RawLine(s.code, raw_answers()) for s in form.sections]).as_text()
    for number, code in enumerate(json.loads(sys.stdin.readline())):
        admission, comment = voting.admit(code=code, at=timezone.now()), f"remark-{number:06d}-of-a-voter"
        facts = {"admission": admission, "code": code, "vote": wanted, "comment": comment, "digits": "1234"}
        receipt = voting.cast_ballot(**facts, at=timezone.now()).receipt
        emit(json.dumps([admission.issue, receipt, comment]))
    with suppress(DatabaseError):
        fill_spool(BallotSpool.objects.all()[0])  # its key is taken: the server logs the statement


def seal() -> None:
    round_ = Round.objects.get()

    def half_way(done: int) -> None:
        emit("half way")
        time.sleep(3)

    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at, progress=half_way)
    emit("sealed")


def open_with_cards() -> None:
    round_ = Round.objects.get()
    mixing.BATCH_SIZE = 10

    def half_way(done: int) -> None:
        emit("half way")
        time.sleep(0.5)

    cards = json.loads(sys.stdin.readline())
    given = {"round_id": round_.pk, "typed": cards, "by": OPERATOR, "at": round_.closes_at}
    try:
        sealing.open_box(**given, progress=half_way)
    except RuleViolation as refusal:
        emit(f"refused: {refusal}")
    else:
        emit("sealed")


def box() -> None:
    facts = {
        "state": Round.objects.get().state,
        "sealed": sorted(Ballot.objects.values_list("receipt", flat=True)),
        "spooled": BallotSpool.objects.count(),
        "spent": Credential.objects.exclude(spend=None).count(),
    }
    emit(json.dumps(facts))


def retried(call):
    """Call again until the database answers, as citizens do."""
    for _ in range(200):
        try:
            return call()
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.1)
    raise SystemExit("the database did not come back")


if __name__ == "__main__":
    what = {"vote": vote, "vote_marked": vote_marked, "seal": seal, "open": open_with_cards, "box": box}
    what.get(sys.argv[1], lambda: prepare(int(sys.argv[2])))()

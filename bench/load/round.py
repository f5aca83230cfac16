"""A round on the load test's own database, as a process of its own: it prints JSON.

`prepare N` opens the vote and prints N codes; `seal` seals the box and prints the receipts in it and how many codes
are used.
"""

import json
import os
import sys
from datetime import timedelta

import django

from bench.load.rules import require_own_database

SECTIONS = 105


def main(task: str, *arguments: str) -> None:
    """Do one task, after a look at the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.load.settings")
    django.setup()
    _refuse_foreign_database()
    print(json.dumps(prepare(int(arguments[0])) if task == "prepare" else seal()), flush=True)


def prepare(codes: int) -> list[str]:
    """Open a round of all sections and return the codes issued for it."""
    from django.core.management import call_command  # noqa: PLC0415  needs the set-up
    from django.utils import timezone  # noqa: PLC0415

    from tests.factories import make_codes, make_open_round  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    now, day = timezone.now(), timedelta(days=1)
    return make_codes(make_open_round(sections=SECTIONS, opens_at=now - day, closes_at=now + day), codes)


def seal() -> dict[str, object]:
    """Seal the box and return what is in it."""
    from evaluations.ballots.models import Ballot  # noqa: PLC0415  needs the set-up
    from evaluations.codes.models import Credential  # noqa: PLC0415
    from evaluations.rounds.models import Round  # noqa: PLC0415
    from evaluations.sealing.services.opening import seal_round  # noqa: PLC0415
    from nanchuan_eval.permissions.policy import CLOCK  # noqa: PLC0415

    round_ = Round.objects.get()
    seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    receipts = list(Ballot.objects.filter(round=round_).values_list("receipt", flat=True))
    return {"receipts": receipts, "used": Credential.objects.exclude(spend=None).count()}


def _refuse_foreign_database() -> None:
    from django.db import connection  # noqa: PLC0415  needs the set-up

    data = ""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            data = cursor.fetchone()[0]
    host = str(connection.settings_dict["HOST"])
    require_own_database(connection.vendor, host, data, os.environ.get("LOAD_CLUSTER", ""))


if __name__ == "__main__":
    main(*sys.argv[1:])

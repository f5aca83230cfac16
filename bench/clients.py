"""A draw among the clients of 105 sections, through the program and its database, to the proof streamed to disk."""

import hashlib
import json
import os
import resource
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from django.db import connection

from bench.measure import cpu_seconds, interleaved, report
from departments.models import Department, Section
from evaluations.draws.approvals import commitment
from evaluations.draws.models import Draw
from evaluations.draws.queries.clients import drawn_clients
from evaluations.draws.queries.proofs import proof_text
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services import ceremony
from evaluations.draws.services.commitment import commit_draw
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.protocol.drawing import drawing_order, person_token
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.database.sql import insert_rows
from nanchuan_eval.encryption.fields import encrypt, keyed_hash
from tests.factories import LATER, NOON, enter_all, make_department, make_open_round, make_section, make_user, plan

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "500000"))
SECTIONS, A_PERSON = 105, 2  # sections with which a person has dealt
PERIOD_DAY = date(2020, 3, 2)


def run() -> None:
    """Print CPU seconds and memory of each step, then tickets and order against the bare hashing loop."""
    round_ = _records()
    plan(round_, DrawPurpose.CLIENTS)
    chief = make_user("chief")

    def step(name: str, act: Callable[[], object]) -> object:
        before, wall = cpu_seconds(), time.perf_counter()
        found = act()
        spent = cpu_seconds() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:<44} {spent:7.2f} CPU-s  {time.perf_counter() - wall:7.2f} s  peak {peak:,.0f} MB")
        return found

    content = approvals.action_named(commitment(DrawPurpose.CLIENTS)).content_of
    step("proposal", lambda: content(round_, {"purpose": DrawPurpose.CLIENTS}))
    draw = step("commitment", lambda: commit_draw(round_id=round_.pk, purpose=DrawPurpose.CLIENTS, by=chief, at=NOON))
    if not isinstance(draw, Draw):
        raise TypeError("a commitment makes a draw")
    enter_all(draw)
    step("drawing", lambda: ceremony.run_draw(draw_id=draw.pk, by=chief, at=LATER))
    ceremony.publish_draw(draw_id=draw.pk, by=chief, at=LATER)
    draw.refresh_from_db()
    step("proof, streamed", lambda: _proof_on_disk(draw))
    entry = draw.entries.filter(is_selected=True).first()
    removal = Removal(RemovalReason.REFUSED, "电话中说明")
    step("removal", lambda: remove_drawn(entry_id=entry.pk, removal=removal, by=chief, at=LATER) if entry else None)
    step("list of the drawn people", lambda: drawn_clients(draw))
    step("list of the first round", lambda: drawn_clients(draw, 1))
    _against_hashing(draw)


def _proof_on_disk(draw: Draw) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as target:
        target.writelines(proof_text(draw))
        target.flush()
        print(f"{'proof on disk':<44} {Path(target.name).stat().st_size / 1e6:,.0f} MB")


def _against_hashing(draw: Draw) -> None:
    """Print tickets and order of all strata beside the bare hashing of as many tickets, and of as many tokens."""
    strata = json.loads(draw.params)["strata"]
    tokens = [secrets.token_hex(32) for _ in range(ENTRIES)]
    parts = {name: tokens[number :: len(strata)] for number, name in enumerate(strata)}

    def bare() -> None:
        for name, some in parts.items():
            for token in some:
                hashlib.sha256(f"nanchuan-draw/1/ticket\n{draw.seed}\n{name}\n{token}".encode()).digest()

    def ours() -> None:
        for name, some in parts.items():
            drawing_order(draw.seed, name, some)

    report(f"tickets and order, {ENTRIES:,} of {len(strata)} strata", *interleaved(bare, ours, 3), 2.5, "s", 1)
    before = cpu_seconds()
    for token in tokens:
        person_token(token, "办事人1234567/13712345678")
    print(f"{'tokens of the commitment, bare':<44} {cpu_seconds() - before:7.2f} CPU-s")


def _records() -> Round:
    """Make a frozen round and the records of its period."""
    departments = [make_department() for _ in range(SECTIONS // 5)]
    for number in range(SECTIONS):
        make_section(department=departments[number // 5])
    round_ = make_open_round(sections=0, rulebook={"client_draw": True})
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
    round_.refresh_from_db()
    people = ENTRIES // A_PERSON
    numbers = (f"137{number:08d}" for number in range(people))
    columns = ("name", "phone", "phone_hash", "unit", "kind", "exclusion", "exclusion_note")
    phones = ((f"办事人{phone[3:]}", encrypt(phone), keyed_hash(phone), "", "person", "", "") for phone in numbers)
    insert_rows(Client, columns, phones)
    places = list(Section.objects.values_list("pk", "department_id").order_by("pk"))
    batches = {unit.pk: _batch(unit).pk for unit in departments}
    columns = ("number", "unit_id", "section_id", "topic", "finished_on", "client_id", "batch_id")
    first = Client.objects.order_by("pk").values_list("pk", flat=True)[0]
    rows = (
        (f"BJ{person}-{nth}", unit, section, "", PERIOD_DAY, first + person, batches[unit])
        for person in range(people)
        for nth in range(A_PERSON)
        for section, unit in [places[(person * 11 + nth * 31) % SECTIONS]]
    )
    insert_rows(ServiceRecord, columns, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return round_


def _batch(unit: Department) -> RecordBatch:
    hashed = hashlib.sha256(unit.code.encode()).hexdigest()
    fields = {"records": ENTRIES, "salt": hashed, "digest": hashed, "head": hashed, "received_at": NOON}
    return RecordBatch.objects.create(unit=unit, seq=1, day=PERIOD_DAY, **fields)

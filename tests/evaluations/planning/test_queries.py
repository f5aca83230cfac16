"""What a plan reads: the roster, the pool of clients, the last published round counted by NC-2."""

import json
from datetime import date

import pytest

from evaluations.planning.queries import grounds, known_clients
from evaluations.planning.rules.inputs import Inputs
from evaluations.pools.models import PoolEntry
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.nc2.cells_file import cells_document, rulebook_digest
from evaluations.scoring.nc2.index import score_ballots
from evaluations.tally.models import Tally
from tests.evaluations.scoring.nc2 import examples as nc2
from tests.evaluations.service_records.factories import make_clients
from tests.factories import NOON, make_round, make_section
from tests.pages import exactly

pytestmark = pytest.mark.django_db


def counted(codes, state=RoundState.PUBLISHED, times=6, **fields):
    """A round in which the first of three sections was rated harshly, with its count."""
    book = nc2.rulebook(**nc2.NO_MINIMUMS, sections=sorted(codes), list_length=1)
    votes = nc2.ballots("T", {codes[0]: "33333", codes[1]: "11111"}, times=times)
    method, ballots = nc2.counted(book, votes)
    cells = cells_document(score_ballots(method, ballots)[0], rulebook_digest(book))
    round_ = make_round(state=state, **fields)
    Tally.objects.create(
        round=round_, at=NOON, rulebook=json.dumps(book), rulebook_sha256=rulebook_digest(book), cells=json.dumps(cells)
    )
    return round_


def test_the_roster_names_the_sections():
    section, _, round_ = make_section(), make_section(is_active=False), make_round()

    with exactly(2):
        found = grounds(round_)

    assert found.names == {section.code: str(section)}
    assert (found.last, found.source) == (None, "")


def test_the_last_published_round_gives_shares_and_gap():
    codes = [make_section().code for _ in range(3)]
    counted(codes, name="2026年下半年", period_start=date(2019, 1, 1))
    counted(codes, period_start=date(2018, 1, 1), times=3)
    counted(codes, state=RoundState.REVIEW)
    round_ = make_round()

    with exactly(4):
        found = grounds(round_)

    assert found.last.lines_of("targeted") == dict(zip(codes, (6, 6, 0), strict=True))
    assert found.last.lead > 0
    assert (
        found.source
        == "已公示的“2026年下半年”（定向评议发出0张、收回0张，抽样评议发出0张、收回0张，其他评议发出0张、收回0张）"
    )
    lines = {of.section: of.general.lines["targeted"] for of in found.plan(Inputs()).sections}
    assert lines[codes[0]] == lines[codes[1]] == 7 * lines[codes[2]]


def test_clients_are_counted_by_section_without_those_excluded():
    round_ = make_round()
    people = [("D01-01 D01-02", "", "recipients"), ("D01-01", "", "recipients")]
    people += [("D01-01", "conflict", "recipients"), ("D01-01", "", "evaluators")]
    for number, (codes, exclusion, kind) in enumerate(people):
        facts = {"dealt_with": codes, "exclusion": exclusion, "kind": kind}
        PoolEntry.objects.create(round=round_, stratum="服务对象", name="甲", phone_hash=str(number), **facts)

    assert known_clients(round_, ["D01-01", "D01-02"]) == {"D01-01": 2, "D01-02": 1}


def test_service_records_of_the_period_say_it_of_every_section():
    section, none, round_ = make_section(), make_section(), make_round()
    make_clients(section, 3)
    make_clients(section, 1, phone="")
    PoolEntry.objects.create(round=round_, kind="recipients", stratum="服务对象", name="甲", dealt_with=none.code)

    with exactly(1):
        assert known_clients(round_, [section.code, none.code]) == {section.code: 3, none.code: 0}

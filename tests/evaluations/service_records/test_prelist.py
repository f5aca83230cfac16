"""Which sections an evaluator is asked to rate first: those with their own records, the thinnest first."""

from datetime import date
from typing import Any

import pytest

from evaluations.draws import documents
from evaluations.draws.services import letters
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.service_records.queries.prelist import prelists
from nanchuan_eval.encryption.fields import keyed_hash
from tests.evaluations.service_records.factories import make_client, make_clients, make_records
from tests.factories import LATER, NOON, hold_draw, make_manifestations, make_pool, make_round, make_section, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db
PHONE = "13912345678"


def _person(round_, name="张三", phone=PHONE, **fields):
    kind = PoolKind.EVALUATORS
    return PoolEntry.objects.create(
        round=round_, kind=kind, stratum="其他", name=name, phone=phone, phone_hash=keyed_hash(phone), **fields
    )


def prelisted(round_, person):
    return prelists(round_, [person]).get(person.pk, [])


def test_the_thinnest_section_comes_first_and_no_more_than_the_rulebook_says():
    round_ = make_round(rulebook={"prelist_most": 2})
    many, few, some = (make_section() for _ in range(3))
    me = make_client(name="张三", phone=PHONE)
    for section, others in ((many, 5), (few, 0), (some, 2)):
        make_records(section, me, me)
        make_clients(section, others)
    assert prelisted(round_, _person(round_)) == [few.code, some.code]


def test_a_person_is_found_by_phone_and_name_however_the_name_is_written():
    round_, section = make_round(), make_section()
    make_records(section, make_client(name="张三", phone=PHONE))
    assert prelisted(round_, _person(round_, name="张　三")) == [section.code]
    assert prelisted(round_, _person(round_, name="李四", phone="13900000000", contact_hash=keyed_hash(PHONE))) == []
    same = _person(round_, name="张三", phone="13900000001", contact_hash=keyed_hash(PHONE))
    assert prelisted(round_, same) == [section.code]


def test_records_of_another_half_year_are_not_listed():
    round_, section = make_round(), make_section()
    make_records(section, make_client(name="张三", phone=PHONE), on=date(2019, 12, 31))
    assert prelisted(round_, _person(round_)) == []


def test_none_are_listed_where_the_rulebook_wants_none():
    round_ = make_round(rulebook={"prelist_most": 0})
    make_records(make_section(), make_client(name="张三", phone=PHONE))
    person = _person(round_)
    with exactly(0):
        assert prelisted(round_, person) == []


def test_many_people_cost_the_same_queries_as_one():
    round_, section = make_round(), make_section()
    people = [_person(round_, name=f"人{n}", phone=f"139{n:08d}") for n in range(30)]
    make_records(section, *(make_client(name=each.name, phone=each.phone) for each in people))
    for some in (people[:1], people):
        with exactly(7):
            assert prelists(round_, some) == {each.pk: [section.code] for each in some}


@pytest.mark.parametrize(
    ("kind", "purpose", "is_told"),
    [
        (PoolKind.EVALUATORS, DrawPurpose.EVALUATORS, True),
        (PoolKind.SUPERVISORS, DrawPurpose.SUPERVISORS, False),
    ],
)
def test_the_letter_lists_them_and_other_draws_letters_do_not(monkeypatch, kind, purpose, is_told):
    section, round_ = make_section(name="婚姻登记处"), make_round(rulebook={"evaluators": 20})
    make_manifestations()
    lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    make_pool(round_, kind)
    draw = hold_draw(round_, purpose)
    people = [entry.person for entry in draw.entries.filter(is_selected=True).select_related("person")]
    make_records(section, *(make_client(name=each.name, phone=each.phone) for each in people))
    shown: list[Any] = []
    monkeypatch.setattr(documents, "render_pdf", lambda name, data, **_: shown.append(data) or b"")
    entries = letters.open_addresses(draw_id=draw.pk, reason="通知", by=make_user("clerk"), at=LATER)
    term = letters.reply_term(draw, LATER)
    list(documents.letters_pdfs(draw, entries, url="https://x/draws/1/", reply_by=term, at=LATER))
    told = {letter["first"] for page in shown for letter in page["letters"]}
    assert told == ({f"{section.name}（{section.code}）"} if is_told else {""})

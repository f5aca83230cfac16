"""Cards, seed, codes and votes of an opening: nowhere but in the hands of their holders and in the sealed box."""

import logging
import sys
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter

from evaluations.box_key.queries import key_in_force
from evaluations.box_key.services import cards as cards_service
from evaluations.box_key.services import keys, rows
from evaluations.box_key.services.cards import CardsRefused, read_typed, unlock_by_cards
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.forms import OpeningForm
from evaluations.sealing.services import mixing, opening
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import OPERATOR
from tests.factories import cast_ballots, make_codes, make_open_round, make_supervisors_key, make_user

pytestmark = pytest.mark.django_db(transaction=True)
COMMENT = "窗口的玻璃后面从来没有人影"


@pytest.fixture
def waiting(time_machine):
    """A round whose vote has ended, its cards, its codes."""
    round_ = make_open_round(sections=1, rulebook={"box_key": "supervisors"})
    cards, codes = make_supervisors_key(round_), make_codes(round_, 3)
    cast_ballots(round_, codes, comment=COMMENT)
    time_machine.move_to(round_.closes_at + timedelta(minutes=1))
    return round_, cards, codes


@pytest.fixture
def seeds(monkeypatch):
    """The seeds that were combined, as every form in which they could leak."""
    known, combine = [], keys.combine_shares

    def combine_and_remember(points):
        seed = combine(points)
        known.extend([seed.hex(), repr(seed)])
        return seed

    monkeypatch.setattr(keys, "combine_shares", combine_and_remember)
    return known


def spellings(cards):
    """What of a card must not appear: the whole text with and without hyphens, and any group of its share."""
    return [part for card in cards for part in (card, card.replace("-", ""), *card.split("-")[2:])]


def post(client, round_, cards):
    return client.post(
        f"/admin/evaluations/round/{round_.pk}/opening/", {f"card-{at}": card for at, card in enumerate(cards)}
    )


def everything():
    """Every row of every table, sessions included."""
    found = []
    with connection.cursor() as cursor:
        for table in {model._meta.db_table for model in apps.get_models(include_auto_created=True)}:
            cursor.execute(f"SELECT * FROM {table}")
            found.append(
                str([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
            )
    return "\n".join(found)


def test_nothing_of_them_is_left_behind(waiting, seeds, caplog, capfd, monkeypatch):
    round_, cards, codes = waiting
    caplog.set_level(logging.DEBUG)
    client = Client(raise_request_exception=False)
    client.force_login(make_user("clerk"))
    wrong = cards[1][:12] + ("0" if cards[1][12] != "0" else "1") + cards[1][13:]
    post(client, round_, [cards[0], wrong, cards[2]])
    with monkeypatch.context() as patched:
        patched.setattr(opening, "rewrite_credentials", lambda _: 1 / 0)
        assert post(client, round_, cards[:3]).status_code == 500
    assert post(client, round_, cards[:3]).status_code == 302

    assert Round.objects.get().state == RoundState.SEALED
    places = {
        "tables": everything(),
        "sessions": str([session.get_decoded() for session in Session.objects.all()]),
        "log": caplog.text + "".join(capfd.readouterr()),
        "mail": "".join(f"{message.subject}{message.body}" for message in mail.outbox),
        "trace": str(list(AuditEntry.objects.values_list("detail", "reason", "object_id"))),
        "cache": str(getattr(cache, "_cache", "")),
    }
    secrets = [*spellings(cards), *seeds, *codes]
    assert [(place, each) for place, text in places.items() for each in secrets if each in text] == []
    told = {place: text for place, text in places.items() if place != "tables"}
    assert [place for place, text in told.items() if COMMENT in text] == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (opening, "rewrite_credentials"),
        (opening, "sealing_record"),
        (mixing, "insert_rows"),
        (mixing, "leaf"),
        (mixing, "_write_shuffled"),
        (rows, "check_row"),
        (keys, "open_sealed"),
        (keys, "combine_shares"),
        (cards_service, "read_cards"),
    ],
)
def test_a_report_of_a_fault_shows_neither_card_nor_seed_nor_vote(waiting, seeds, monkeypatch, settings, module, name):
    round_, cards, codes = waiting
    settings.DEBUG = False
    monkeypatch.setattr(module, name, lambda *_, **__: 1 / 0)
    try:
        opening.open_box(round_id=round_.pk, typed=cards[:3], by=OPERATOR, at=round_.closes_at)
    except ZeroDivisionError:
        report = ExceptionReporter(None, *sys.exc_info())
        text = report.get_traceback_text() + report.get_traceback_html()

    assert "ZeroDivisionError" in text
    assert [each for each in [*spellings(cards), *seeds, *codes, COMMENT] if each in text] == []


def test_no_repr_shows_a_card_or_a_key(waiting):
    round_, cards, _ = waiting
    key = key_in_force(round_)
    unlocked = unlock_by_cards(key, cards[:3], may_recover=False)
    shown = [unlocked, *read_typed(key, cards), key, OpeningForm({"card-0": cards[0]}, labels=["第1格"])]
    with pytest.raises(CardsRefused) as refused:
        read_typed(key, [cards[0], cards[0]])
    shown += [refused.value, refused.value.faults]

    text = "".join(f"{each!r}{each!s}" for each in shown if not isinstance(each, OpeningForm)) + repr(shown[-3])

    assert [part for part in spellings(cards) if part in text] == []
    assert bytes(unlocked.private).hex() not in text

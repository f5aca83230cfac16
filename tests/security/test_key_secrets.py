"""No card, seed or typed code of a box key in the log, the audit log, error mail, sessions, cache, rows or `repr`."""

import io
import json
import logging

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client

from evaluations.box_key import admin, views
from evaluations.box_key.models import BoxKey
from evaluations.box_key.services import keys
from evaluations.management.commands import make_box_key
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import Card, card_text, qr_text
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.documents import rendering
from tests.factories import NOON, make_open_round, make_supervisors_key, make_user

pytestmark = pytest.mark.django_db(transaction=True)
BROKEN = "broken on purpose"


@pytest.fixture
def made(monkeypatch):
    """Every key made from now on, with its seed, as only this test may know it."""
    found, new, seed = [], keys.new_key, keys.new_seed

    def remember(*given, **named):
        seeds = []
        monkeypatch.setattr(keys, "new_seed", lambda: seeds.append(seed()) or seeds[-1])
        key = new(*given, **named)
        found.append((key, seeds[0]))
        return key

    monkeypatch.setattr(keys, "new_key", remember)
    monkeypatch.setattr(make_box_key, "new_key", remember)
    return found


@pytest.fixture
def round_(transactional_db, time_machine, settings, caplog):
    """A drawn round; every log is kept and errors are mailed."""
    time_machine.move_to(NOON, tick=False)
    caplog.set_level(logging.DEBUG)
    settings.ADMINS = [("站长", "admin@example.invalid")]
    settings.TWO_PERSON_RULE = False
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    make_supervisors_key(round_)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    round_.refresh_from_db()
    return round_


def secrets_of(key, seed):
    """Every spelling in which a secret of the key could leak."""
    texts = [seed.hex(), repr(seed)[2:-1], keys.private_key(seed, json.loads(key.record)["round"]).encode().hex()]
    for card in key.cards:
        text = card_text(card, key.key_id)
        texts += [card.share.hex(), text, text.replace("-", ""), qr_text(card, key.key_id), *text.split("-")[2:]]
    return texts


def dump():
    """Every row of every table, as a dump would hold it."""
    with connection.cursor() as cursor:
        rows = []
        for table in {model._meta.db_table for model in apps.get_models(include_auto_created=True)}:
            cursor.execute(f"SELECT * FROM {table}")
            rows.append(str([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]))
    return "\n".join(rows)


def everywhere(caplog, capfd):
    """Everything that outlives a request."""
    return {
        "rows": dump(),
        "log": caplog.text + "".join(capfd.readouterr()),
        "mail": "".join(f"{m.subject}{m.body}{m.alternatives}" for m in mail.outbox),
        "sessions": "".join(str(each.get_decoded()) for each in Session.objects.all()),
        "cache": str(getattr(cache, "_cache", {})),
    }


def leaks(places, texts):
    return sorted({place for place, text in places.items() for secret in texts if secret in text})


def browser(role):
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role))
    return client


def test_a_key_made_online_is_in_its_answer_and_nowhere_else(round_, made, caplog, capfd):
    answer = browser("chief").post(f"/admin/evaluations/round/{round_.pk}/box-key/online/")

    [(key, seed)] = made
    texts = secrets_of(key, seed)
    assert answer.status_code == 200
    assert all(card_text(card, key.key_id)[:5] in answer.content.decode() for card in key.cards)
    assert seed.hex() not in answer.content.decode()
    assert leaks(everywhere(caplog, capfd), texts) == []
    assert leaks({"repr": f"{key!r}{key.cards!r}{answer.context['sheets']!r}"}, texts) == []


def test_a_fault_in_the_middle_mails_no_card(round_, made, caplog, capfd, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError(BROKEN)

    monkeypatch.setattr(admin, "render", fail)
    answer = browser("chief").post(f"/admin/evaluations/round/{round_.pk}/box-key/online/")

    assert answer.status_code == 500
    assert BROKEN in "".join(m.body for m in mail.outbox)
    [(key, seed)] = made
    assert leaks({**everywhere(caplog, capfd), "page": answer.content.decode()}, secrets_of(key, seed)) == []


def test_a_fault_at_the_confirmation_mails_no_code_and_no_card(round_, made, caplog, capfd, monkeypatch):
    def fail(**_):
        raise RuntimeError(BROKEN)

    browser("chief").post(f"/admin/evaluations/round/{round_.pk}/box-key/online/")
    [(key, seed)] = made
    code = held_code(key.key_id, key.cards[0].label, key.cards[0].share)
    monkeypatch.setattr(views, "confirm_card", fail)

    answer = Client(raise_request_exception=False).post(f"/rounds/{round_.key}/card/", {"code": code})

    assert answer.status_code == 500
    assert BROKEN in "".join(m.body for m in mail.outbox)
    assert leaks(everywhere(caplog, capfd), [code, *secrets_of(key, seed)]) == []


def test_whatever_is_typed_at_the_confirmation_is_kept_nowhere(round_, made, caplog, capfd):
    browser("chief").post(f"/admin/evaluations/round/{round_.pk}/box-key/online/")
    [(key, seed)] = made
    codes = [held_code(key.key_id, card.label, card.share) for card in key.cards]
    client = Client()
    for typed in (codes[0], codes[0], card_text(key.cards[1], key.key_id), qr_text(key.cards[2], key.key_id)):
        client.post(f"/rounds/{round_.key}/card/", {"code": typed})

    assert leaks(everywhere(caplog, capfd), [*codes, *secrets_of(key, seed)]) == []


def test_the_offline_command_leaves_and_tells_nothing(tmp_path, made, monkeypatch, caplog, capfd):
    names, out, shown, seen = tmp_path / "names.txt", tmp_path / "out", io.StringIO(), []
    names.write_text("张三\n李四\n", encoding="utf-8")
    render = make_box_key.card_pdf
    monkeypatch.setattr(make_box_key, "card_pdf", lambda sheet: seen.append(sheet) or render(sheet))
    monkeypatch.setattr(make_box_key, "read_secret", lambda prompt: "".join(seen[-1].groups))

    call_command("make_box_key", round="2026H2", needed=2, supervisors=names, out=out, stdout=shown)

    [(key, seed)] = made
    left = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    places = {**everywhere(caplog, capfd), "shown": shown.getvalue(), "left": left}
    codes = [held_code(key.key_id, card.label, card.share) for card in key.cards]
    assert leaks(places, [*codes, *secrets_of(key, seed)]) == []


def test_a_card_that_cannot_be_rendered_is_not_quoted(made, monkeypatch):
    def fail(order, **_):
        raise rendering.DocumentError("error near " + order)

    monkeypatch.setattr(make_box_key, "read_secret", lambda prompt: "")
    key = keys.new_key("2026H2", needed=2, supervisors=2, made="offline")
    sheet = make_box_key.card_sheets(key, ["张三", "李四"], round_="一轮", needed=2)[0]
    monkeypatch.setattr("evaluations.box_key.documents.render_pdf", lambda *given, **_: fail(str(given)))

    with pytest.raises(rendering.DocumentError) as fault:
        make_box_key.card_pdf(sheet)
    assert fault.value.__suppress_context__
    assert sheet.groups[0] not in str(fault.value)


def test_the_search_finds_a_card_that_is_there(round_, made, caplog, capfd):
    browser("chief").post(f"/admin/evaluations/round/{round_.pk}/box-key/online/")
    [(key, seed)] = made
    text = card_text(key.cards[0], key.key_id)
    BoxKey.objects.filter(key_id=key.key_id).update(record_sha256=text)
    logging.getLogger("django").warning("typed %s", text)
    cache.set("card", text)

    assert leaks(everywhere(caplog, capfd), secrets_of(key, seed)) == ["cache", "log", "rows"]
    assert isinstance(key.cards[0], Card)

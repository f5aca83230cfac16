"""Once a message is sent nothing in the database leads from a person to a code, and never anything to a ballot."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, models

from evaluations.codes.models import Credential
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.services.forgetting import retention_rules
from evaluations.messages.services.sending import forget_kept
from evaluations.personal_data.services import people
from evaluations.protocol.codes import issue_of, spend_hash
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.service_records.models import Client
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions import policy
from tests.evaluations.messages.factories import deliver, drawn_round, send_all
from tests.factories import LATER, NOON, cast_ballots, make_user

pytestmark = pytest.mark.django_db
CODE = re.compile(r"#([0-9A-Z]{20})\b")


def stored():
    """All the database holds, as plain text, encrypted fields decrypted."""
    return {
        model._meta.db_table: repr(list(model._default_manager.values_list()))
        for model in apps.get_models()
        if model._meta.managed
    }


def raw_messages():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM evaluations_message")
        return repr(cursor.fetchall())


@pytest.fixture
def sent(monkeypatch):
    """A round with its messages sent: the round, and phone -> code."""
    round_ = drawn_round(6)
    deliver(round_)
    got = send_all(monkeypatch)
    return round_, {message.phone: CODE.search(message.text)[1] for message in got}


def test_while_it_waits_a_code_is_encrypted(monkeypatch):
    round_ = drawn_round(6)
    deliver(round_)
    before = raw_messages()
    codes = [CODE.search(message.text)[1] for message in send_all(monkeypatch)]

    assert len(codes) == 6
    assert not any(code in before for code in codes)
    assert not any(hashed in before for code in codes for hashed in hashes(round_, code))


def hashes(round_, code):
    return issue_of(round_.key, code), spend_hash(round_.key, code)


def test_afterwards_no_table_holds_a_code(sent):
    _, codes = sent

    for table, content in stored().items():
        assert not any(code in content for code in codes.values()), table


def test_no_table_but_that_of_the_codes_and_the_log_of_none_holds_a_hash(sent):
    round_, codes = sent
    issues = [issue_of(round_.key, code) for code in codes.values()]

    holding = {table for table, content in stored().items() if any(issue in content for issue in issues)}
    assert holding == {Credential._meta.db_table}
    relations = {f.related_model for f in Credential._meta.get_fields() if isinstance(f, models.ForeignKey)}
    assert relations.isdisjoint({Message, MessageEntry, Client})


def test_messages_and_codes_stand_in_unrelated_orders(sent):
    """Neither the random keys nor the row numbers of the messages follow the people, whose order the draw has."""
    round_, codes = sent
    people = list(Message.objects.order_by("pk").values_list("client", flat=True))
    by_code = {phone: issue_of(round_.key, code) for phone, code in codes.items()}
    phones = {client.pk: client.phone for client in Client.objects.all()}

    # Credentials are stored in the order of their hashes, which nobody chooses.
    assert list(Credential.objects.values_list("issue", flat=True).order_by("issue")) == sorted(by_code.values())
    assert {phones[person] for person in people} == set(codes)


def test_a_message_has_no_time_of_its_own_but_the_full_hour_at_which_its_text_leaves(sent):
    times = [f.name for f in Message._meta.get_fields() if isinstance(f, models.DateTimeField | models.DateField)]

    assert times == ["next_at"]
    assert {(at.minute, at.second, at.microsecond) for (at,) in Message.objects.values_list("next_at")} == {(0, 0, 0)}
    forget_kept(at=NOON + timedelta(days=4))
    assert set(Message.objects.values_list("next_at", flat=True)) == {None}


def test_voting_changes_no_message(sent):
    round_, codes = sent
    before = list(Message.objects.order_by("pk").values_list())
    cast_ballots(round_, [next(iter(codes.values()))])

    assert list(Message.objects.order_by("pk").values_list()) == before


def test_the_log_of_a_whole_delivery_names_nobody(sent, caplog):
    _, codes = sent
    log = repr(list(AuditEntry.objects.values_list("detail", "reason", "object_id"))) + caplog.text

    assert not any(phone in log or code in log for phone, code in codes.items())
    assert not any(client.name in log for client in Client.objects.all())


def test_after_the_round_nobody_can_tell_whom_a_message_went_to(sent):
    round_, _ = sent
    (rule,) = retention_rules()
    assert not rule.due(LATER).exists()
    Round.objects.filter(pk=round_.pk).update(state=RoundState.PUBLISHED)
    RoundStep.objects.create(round=round_, state=RoundState.PUBLISHED, at=NOON, by=make_user("chief"))
    after = NOON.replace(year=NOON.year + 1)

    rule.forget(rule.due(after))

    forgotten = Message.objects.values_list("client", "person", "content", "number", "receipt", "gateway_id")
    assert set(forgotten) == {(None, None, None, "", "", "")}
    assert not rule.due(after).exists()


def test_an_early_purge_of_the_round_takes_the_link_too(sent):
    round_, _ = sent
    Round.objects.filter(pk=round_.pk).update(state=RoundState.VOID)
    with policy.approved(people.PURGE):
        people.purge_round(round_id=round_.pk, reason="作废", by=make_user("chief"), at=NOON)
    assert not Message.objects.exclude(client=None, person=None).exists()
    assert AuditEntry.objects.latest("seq").detail["rows"]["通知的收件人"] == 6

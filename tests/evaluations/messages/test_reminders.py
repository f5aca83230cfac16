"""A reminder goes to everybody reached by message and not reminded yet: nobody can know who has voted."""

import re

import pytest
from django.urls import reverse

from evaluations.draws.models import DrawEntry
from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import MessageKind, MessageState, Way
from evaluations.messages.services.receipts import stop_number
from evaluations.messages.services.reminders import remind_all
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.service_records.models import Client
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import deliver, drawn_round, send_all
from tests.factories import NOON, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db


def remind(round_, at=NOON):
    return remind_all(round_id=round_.pk, by=make_user("clerk"), at=at)


@pytest.fixture
def round_(monkeypatch):
    """A round whose five messages are sent."""
    made = drawn_round(5)
    deliver(made)
    send_all(monkeypatch)
    return made


def test_everybody_gets_the_same_text_without_a_code_or_a_name(round_, monkeypatch):
    assert "5条" in remind(round_)

    got = send_all(monkeypatch)
    assert {message.phone for message in got} == {client.phone for client in Client.objects.all()}
    (text,) = {message.text for message in got}
    assert "已提交的请忽略" in text
    assert not re.search(r"#|[0-9A-Z]{20}", text)
    assert Message.objects.filter(kind=MessageKind.REMINDER, state=MessageState.SENT).count() == 5


def test_whoever_was_removed_is_not_asked(round_, monkeypatch):
    gone = DrawEntry.objects.filter(is_selected=True).first()
    DrawEntry.objects.filter(pk=gone.pk).update(is_selected=False)

    assert "4条" in remind(round_)
    assert gone.client.phone not in {message.phone for message in send_all(monkeypatch)}


def test_whoever_is_removed_while_it_waits_is_not_asked(round_, monkeypatch):
    remind(round_)
    gone = DrawEntry.objects.filter(is_selected=True).first()
    DrawEntry.objects.filter(pk=gone.pk).update(is_selected=False)

    assert gone.client.phone not in {message.phone for message in send_all(monkeypatch)}
    assert Message.objects.get(kind=MessageKind.REMINDER, client=gone.client).state == MessageState.STOPPED


def test_nobody_gets_it_twice(round_):
    remind(round_)

    with pytest.raises(RuleViolation, match="都已催评"):
        remind(round_)


def test_those_reached_since_get_one_of_their_own_all_of_them_and_nobody_else(monkeypatch):
    round_ = drawn_round(9)
    deliver(round_)
    send_all(monkeypatch)
    remind(round_)
    first = send_all(monkeypatch)
    drawn_since = DrawEntry.objects.filter(is_selected=False)[:2]
    DrawEntry.objects.filter(pk__in=[entry.pk for entry in drawn_since]).update(is_selected=True)
    deliver(round_)
    with pytest.raises(RuleViolation, match="还有2条评议短信没有发出"):
        remind(round_)
    since = send_all(monkeypatch)

    assert "2条" in remind(round_)
    assert {message.phone for message in send_all(monkeypatch)} == {message.phone for message in since}
    assert not {message.phone for message in first} & {message.phone for message in since}
    with pytest.raises(RuleViolation, match="都已催评"):
        remind(round_)


def test_the_page_offers_it_for_those_not_reminded_yet_with_their_number(client, time_machine, monkeypatch):
    round_ = drawn_round(9)
    deliver(round_)
    send_all(monkeypatch)
    time_machine.move_to(NOON, tick=False)
    client.force_login(make_user("clerk"))

    def page():
        return client.get(reverse("admin:round-messages", args=[round_.pk])).content.decode()

    assert "全部6人" in page()
    remind(round_)
    send_all(monkeypatch)
    assert "<h2>催评</h2>" not in page()
    DrawEntry.objects.filter(pk=DrawEntry.objects.filter(is_selected=False)[0].pk).update(is_selected=True)
    deliver(round_)
    send_all(monkeypatch)
    assert "全部1人" in page()


def test_what_the_reminder_sets_off_stands_beside_its_button(round_, client, time_machine):
    time_machine.move_to(NOON, tick=False)
    client.force_login(make_user("clerk"))

    page = client.get(reverse("admin:round-messages", args=[round_.pk])).content.decode()

    follows, button = "不能撤回；这些人本轮不再催评", "向尚未催评的全部人员发送催评短信</button>"
    assert 0 < page.index(follows) < page.index(button)


def test_there_is_none_before_anybody_was_reached_and_none_after_the_vote():
    made = drawn_round(5)
    with pytest.raises(RuleViolation, match="还没有发出的评议短信"):
        remind(made)
    deliver(made)
    with pytest.raises(RuleViolation, match="还有5条评议短信没有发出"):
        remind(made)
    with pytest.raises(RuleViolation, match="只有评议中"):
        remind(made, at=made.closes_at)
    Round.objects.update(state=RoundState.DRAWN)
    with pytest.raises(RuleViolation, match="只有评议中"):
        remind(made)


def test_whoever_has_unsubscribed_gets_none_and_no_letter_instead(round_, monkeypatch):
    stopped = Client.objects.first()
    stop_number(phone=stopped.phone, by=make_user("clerk"), at=NOON)
    remind(round_)

    assert stopped.phone not in {message.phone for message in send_all(monkeypatch)}
    assert not Message.objects.filter(way=Way.LETTER).exists()


def test_takes_as_many_statements_for_five_as_for_thousands(round_):
    clerk = make_user("clerk")
    with exactly(10):
        remind_all(round_id=round_.pk, by=clerk, at=NOON)

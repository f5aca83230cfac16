"""Receipts of the gateway, answers that unsubscribe, the stop list."""

import json

import pytest
from django.core.management import CommandError, call_command

from evaluations.messages.models import Message, StopNumber
from evaluations.messages.queries import waiting_letters
from evaluations.messages.rules.kinds import Failure, MessageState
from evaluations.messages.rules.receipts import Answer, Receipt, ReceiptError, read_receipts
from evaluations.messages.services import sending
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.keeping import digest_of
from evaluations.messages.services.letters import print_letters, requeue_failed
from evaluations.messages.services.receipts import resume_number, stop_number, take_receipts
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import deliver, delivered, drawn_round, send_all
from tests.factories import NOON, make_user

TOKEN = "t" * 40
ADDRESS = "/api/message-receipts/"


class TestReading:
    def test_takes_one_or_a_list(self):
        assert read_receipts({"id": "a1", "state": "DELIVRD"}) == [Receipt("a1", True)]
        assert read_receipts([{"id": "a1", "state": "失败"}, {"phone": "+8613900000001", "text": " td "}]) == [
            Receipt("a1", False),
            Answer("13900000001"),
        ]

    def test_marks_answers_that_ask_for_nothing(self):
        assert read_receipts([{"phone": "13900000001", "text": "谢谢"}]) == [Answer("13900000001", is_stop=False)]

    @pytest.mark.parametrize(
        "text",
        ["TD", "td", "T", "ＴＤ", "退订。", "TD退订", "回复TD退订", "我要退订！", "“退订”", "请不要再发了", "退 订"],
    )
    def test_reads_by_meaning_who_unsubscribes(self, text):
        assert read_receipts([{"phone": "13900000001", "text": text}]) == [Answer("13900000001")]

    @pytest.mark.parametrize("text", ["不退订", "不要退订", "我没有退订", "谢谢", "TDD", "", "请再发一次"])
    def test_takes_nothing_else_for_it(self, text):
        assert read_receipts([{"phone": "13900000001", "text": text}]) == [Answer("13900000001", is_stop=False)]

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            ["x"],
            [3],
            [None],
            [{}],
            [{"id": "a1"}],
            [{"id": "a b", "state": "delivered"}],
            [{"id": "a1", "state": "maybe"}],
            [{"phone": "12", "text": "TD"}],
            [{"id": "a1", "state": "delivered"}] * 5001,
        ],
    )
    def test_refuses_the_whole_list_otherwise(self, rows):
        with pytest.raises(ReceiptError):
            read_receipts(rows)


@pytest.fixture
def round_(db, monkeypatch):
    """A round whose five messages are sent, with the gateway's numbers."""
    made, numbers, ours = drawn_round(5), iter(range(100)), iter(range(100))
    deliver(made)
    monkeypatch.setattr(sending, "new_number", lambda: f"our-{next(ours)}")
    send_all(monkeypatch, lambda message: Outcome("", f"ref-{next(numbers)}"))
    return made


def sent(gateways_number):
    return Message.objects.get(gateway_id=digest_of(gateways_number))


class TestReceipts:
    def test_say_what_was_delivered_by_our_number_or_the_gateways(self, round_):
        taken = take_receipts([Receipt("our-0", True), Receipt("ref-1", False), Receipt("ref-99", True)], at=NOON)

        assert (taken.matched, taken.unknown) == (2, 1)
        assert sent("ref-0").state == MessageState.DELIVERED
        lost = sent("ref-1")
        assert (lost.state, lost.failure) == (MessageState.FAILED, Failure.UNDELIVERED)
        assert delivered(round_) == [4]

    def test_are_believed_when_a_message_arrives_after_all(self, round_):
        take_receipts([Receipt("ref-0", False)], at=NOON)
        take_receipts([Receipt("ref-0", True)], at=NOON)

        late = sent("ref-0")
        assert (late.state, late.failure) == (MessageState.DELIVERED, "")
        assert delivered(round_) == [5]

    def test_tell_that_a_message_arrived_to_which_the_gateway_gave_no_answer(self, db, monkeypatch, settings):
        settings.MESSAGE_RETRIES = 0
        round_ = drawn_round(5)
        deliver(round_)
        send_all(monkeypatch, Outcome(Failure.NO_ANSWER))
        requeue_failed(round_id=round_.pk, as_letters=True, by=make_user("clerk"), at=NOON)
        message = Message.objects.first()
        take_receipts([Receipt(message.number, True)], at=NOON)

        message.refresh_from_db()
        assert (message.state, message.content) == (MessageState.DELIVERED, None)
        assert waiting_letters(round_).count() == 4  # no letter for the same code

    def test_of_a_message_do_not_touch_the_letter_that_went_instead(self, db, monkeypatch, settings):
        settings.MESSAGE_RETRIES = 0
        round_ = drawn_round(5)
        deliver(round_)
        send_all(monkeypatch, Outcome(Failure.NO_ANSWER))
        requeue_failed(round_id=round_.pk, as_letters=True, by=make_user("clerk"), at=NOON)
        print_letters(round_id=round_.pk, most=9, by=make_user("clerk"), at=NOON)
        take_receipts([Receipt(Message.objects.first().number, False)], at=NOON)

        assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}

    def test_that_are_faster_than_the_gateways_answer_are_not_lost(self, db, monkeypatch):
        round_ = drawn_round(5)
        deliver(round_)

        def answer(message):
            assert take_receipts([Receipt(message.key, False)], at=NOON).matched == 1
            return Outcome("", f"ref-{message.key}")

        send_all(monkeypatch, answer)

        found = set(Message.objects.values_list("state", "failure"))
        assert found == {(MessageState.FAILED, Failure.UNDELIVERED)}
        assert not any(message.content is None for message in Message.objects.all())  # can be sent again

    def test_of_an_earlier_try_say_nothing_of_the_one_that_is_being_sent(self, db, monkeypatch):
        round_ = drawn_round(5)
        deliver(round_)
        first = send_all(monkeypatch, lambda message: Outcome("", f"ref-{message.key}"))
        lost = [Receipt(first[0].key, False), Receipt(f"ref-{first[1].key}", False)]
        take_receipts(lost, at=NOON)
        requeue_failed(round_id=round_.pk, as_letters=False, by=make_user("clerk"), at=NOON)

        def answer(_):
            take_receipts(lost, at=NOON)
            return Outcome()

        assert len(send_all(monkeypatch, answer)) == 2
        assert set(Message.objects.values_list("state", "failure")) == {(MessageState.SENT, "")}

    def test_say_how_many_answers_were_not_understood(self, db):
        taken = take_receipts([Answer("13900000001", is_stop=False), Answer("13900000002")], at=NOON)

        assert str(taken) == "已记录回执0条，1个号码退订，1条短信回复不是退订，没有处理。"
        assert StopNumber.objects.get().phone == "13900000002"

    def test_come_twice_without_harm(self, round_):
        for _ in range(2):
            take_receipts([Receipt("ref-0", True)], at=NOON)

        assert Message.objects.filter(state=MessageState.DELIVERED).count() == 1

    def test_do_not_say_of_a_message_that_waits_that_it_has_arrived(self, db):
        deliver(drawn_round(5))
        waiting = Message.objects.first()
        assert take_receipts([Receipt(waiting.key, True)], at=NOON).unknown == 1

        waiting.refresh_from_db()
        assert waiting.state == MessageState.QUEUED


class TestTheGatewaysWayIn:
    @pytest.fixture
    def post(self, client, settings):
        settings.MESSAGE_RECEIPT_TOKEN = TOKEN

        def post(body, token=f"Bearer {TOKEN}", kind="application/json"):
            content = body if isinstance(body, str | bytes) else json.dumps(body)
            return client.post(ADDRESS, content, content_type=kind, headers={"Authorization": token})

        return post

    def test_takes_receipts_with_the_token(self, round_, post):
        answer = post([{"id": "ref-0", "state": "delivered"}, {"phone": "13900000001", "text": "TD"}])

        assert answer.status_code == 200
        assert answer.json()["message"] == "已记录回执1条，1个号码退订。"
        assert StopNumber.objects.get().is_own

    def test_takes_one_as_a_form(self, round_, post):
        answer = post("id=ref-0&state=delivered", kind="application/x-www-form-urlencoded")

        assert answer.json()["message"] == "已记录回执1条。"

    @pytest.mark.parametrize("token", ["", "Bearer ", "Bearer x", TOKEN, f"Basic {TOKEN}", "Bearer 口令"])
    def test_refuses_everybody_else(self, round_, post, token):
        assert post([{"id": "ref-0", "state": "delivered"}], token=token).status_code == 401
        assert not Message.objects.filter(state=MessageState.DELIVERED).exists()

    @pytest.mark.parametrize("body", ["", "x", "{", "[" * 100_000, b"\xff\xfe", '[{"id": "a1"}]', "[1]"])
    def test_answers_what_is_no_receipt_in_chinese_and_takes_nothing(self, round_, post, body):
        answer = post(body)

        assert answer.status_code == 400
        assert "回执" in answer.content.decode()

    def test_is_closed_without_a_token_in_the_settings(self, db, client):
        answer = client.post(ADDRESS, "[]", content_type="application/json")

        assert answer.status_code == 404

    def test_is_posted_only(self, db, client):
        assert client.get(ADDRESS).status_code == 405


@pytest.mark.django_db
class TestTheStopList:
    def test_keeps_a_phone_encrypted_and_the_log_without_it(self):
        clerk = make_user("clerk")
        stop_number(phone="139 0000 0001", by=clerk, at=NOON)

        assert StopNumber.objects.get().phone == "13900000001"
        with pytest.raises(RuleViolation, match="已经在退订名单中"):
            stop_number(phone="13900000001", by=clerk, at=NOON)
        resume_number(phone="13900000001", by=clerk, at=NOON)
        assert not StopNumber.objects.exists()
        with pytest.raises(RuleViolation, match="不在退订名单中"):
            resume_number(phone="13900000001", by=clerk, at=NOON)
        log = json.dumps(list(AuditEntry.objects.values("detail", "reason", "object_id")))
        assert "13900000001" not in log

    def test_refuses_what_is_no_phone(self):
        with pytest.raises(RuleViolation, match="手机号有误"):
            stop_number(phone="023-71420000", by=make_user("clerk"), at=NOON)


def test_the_command_takes_a_file(round_, tmp_path, capsys):
    path = tmp_path / "receipts.json"
    path.write_text(json.dumps([{"id": "ref-0", "state": "delivered"}]))
    call_command("message_receipts", path)
    assert "已记录回执1条" in capsys.readouterr().out
    for content in ("{", '[{"id": 1}]', "[" * 100_000):
        path.write_text(content)
        with pytest.raises(CommandError, match="不能用"):
            call_command("message_receipts", path)

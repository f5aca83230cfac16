"""What the public sees of a box key, and where a holder confirms a card."""

import json

import pytest
from django.core.cache import cache

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.services import making
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import card_text, qr_text
from evaluations.rounds.models import Round
from evaluations.rounds.rules.key_statement import KEPT_BY_SERVER, document_mark, key_statement
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions import policy
from tests.factories import (
    NOON,
    cast_ballots,
    make_codes,
    make_key,
    make_open_round,
    make_round,
    make_sealed_round,
    make_supervisors_key,
    make_user,
)

pytestmark = pytest.mark.django_db
ONLINE = "本轮票箱密钥为在线生成"
STATEMENT = "由随机抽取的5名监督员中至少3人持密钥卡当场开箱"


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    cache.clear()


@pytest.fixture
def round_():
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    make_supervisors_key(round_)
    return round_


@pytest.fixture
def key(round_):
    """A new key, whose cards nobody has confirmed."""
    key = make_key(round_)
    with policy.approved("box.key"):
        making.adopt_key(round_id=round_.pk, record=key.record.decode(), by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    return key


def code_of(key, at=0):
    card = key.cards[at]
    return held_code(key.key_id, card.label, card.share)


class TestTheRecord:
    def test_it_is_offered_byte_for_byte_as_it_was_approved(self, client, round_, key):
        record = client.get(f"/rounds/{round_.key}/box-key.json").content

        assert record == key.record
        page = client.get(f"/rounds/{round_.key}/box/").content.decode()
        assert sha256_hex(record) in page
        assert " ".join(key.key_id[at : at + 8] for at in range(0, 64, 8)) in page

    def test_a_replaced_record_stays_as_void(self, client, round_, key):
        old = BoxKey.objects.exclude(replaced_at=None).get()

        page = client.get(f"/rounds/{round_.key}/box/").content.decode()
        assert "已作废" in page
        assert f"/rounds/{round_.key}/box-key-{old.key_id}.json" in page
        assert client.get(f"/rounds/{round_.key}/box-key-{old.key_id}.json").content.decode() == old.record

    def test_no_record_without_a_key_or_of_another_round(self, client, round_):
        other = make_round()

        assert client.get(f"/rounds/{other.key}/box-key.json").status_code == 404
        assert client.get(f"/rounds/{other.key}/box-key-{round_.box_key}.json").status_code == 404
        assert client.get(f"/rounds/{other.key}/box-notice.pdf").status_code == 404

    def test_no_name_of_a_supervisor_is_public(self, client, round_):
        page = client.get(f"/rounds/{round_.key}/box/").content.decode()

        assert not [card for card in BoxCard.objects.exclude(holder=None) if card.holder.person.name in page]

    @pytest.mark.parametrize("mode", ["supervisors", "server"])
    def test_the_notice_is_one_document(self, client, mode):
        round_ = make_open_round(rulebook={"box_key": mode})
        if mode == "supervisors":
            make_supervisors_key(round_)

        answer = client.get(f"/rounds/{round_.key}/box-notice.pdf")
        assert answer.content.startswith(b"%PDF")


class TestConfirming:
    def test_a_holder_confirms_and_compares(self, client, round_, key):
        answer = client.post(f"/rounds/{round_.key}/card/", {"code": code_of(key, 1)})

        assert answer.status_code == 200
        assert "密钥卡S2已确认领取" in answer.content.decode()
        assert key.key_id[:8] in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        assert not client.cookies
        assert BoxCard.objects.get(box__key_id=key.key_id, card="S2").held_at == NOON
        assert "确认领取" in client.get(f"/rounds/{round_.key}/box/").content.decode()

    @pytest.mark.parametrize("typed", ["", "ABCD", "0" * 20])
    def test_a_wrong_code_is_refused_and_kept_in_its_field(self, client, round_, key, typed):
        answer = client.post(f"/rounds/{round_.key}/card/", {"code": typed})

        assert answer.status_code == 400
        assert f'value="{typed}"' in answer.content.decode() or not typed

    @pytest.mark.parametrize("write", [card_text, qr_text])
    @pytest.mark.parametrize("length", [26, 100])
    def test_a_whole_card_is_neither_looked_up_nor_sent_back(self, client, round_, key, write, length, caplog):
        typed = write(key.cards[0], key.key_id)[:length]
        before = AuditEntry.objects.count()

        answer = client.post(f"/rounds/{round_.key}/card/", {"code": typed})

        assert answer.status_code == 400
        page = answer.content.decode()
        assert not [
            group for group in card_text(key.cards[0], key.key_id).split("-")[:4] if group in page + caplog.text
        ]
        assert AuditEntry.objects.count() == before

    def test_refusals_are_limited_and_a_right_code_passes(self, client, round_, key):
        address = f"/rounds/{round_.key}/card/"
        refused = [client.post(address, {"code": "0" * 20}).status_code for _ in range(12)]

        assert refused == [400] * 10 + [429] * 2
        assert client.post(address, {"code": code_of(key)}).status_code == 200

    @pytest.mark.parametrize("state", [RoundState.SEALED, RoundState.PUBLISHED, RoundState.VOID])
    def test_only_until_the_box_is_opened(self, client, round_, key, state):
        Round.objects.filter(pk=round_.pk).update(state=state)

        assert client.get(f"/rounds/{round_.key}/card/").status_code == 404

    def test_not_where_the_server_keeps_the_key(self, client):
        assert client.get(f"/rounds/{make_open_round().key}/card/").status_code == 404


class TestWhatIsSaid:
    def test_the_numbers_come_from_the_rulebook(self):
        text = key_statement({**default_rulebook(), "supervisors": 7, "box_needed": 4})

        assert "随机抽取的7名监督员中至少4人" in text
        assert "最多代替其中1张" in text

    @pytest.mark.parametrize("page", ["/", "/ballot/", "/rounds/{}/box/"])
    def test_entrance_and_box_say_who_opens(self, client, round_, page):
        text = client.get(page.format(round_.key)).content.decode()

        assert STATEMENT in text
        assert "系统不能防止有人改动服务器程序或者在旁观看您填写" in text
        assert KEPT_BY_SERVER not in text

    @pytest.mark.parametrize("page", ["/", "/ballot/", "/rounds/{}/box/"])
    def test_where_the_server_keeps_the_key_they_say_so(self, client, page):
        round_ = make_open_round()

        text = client.get(page.format(round_.key)).content.decode()
        assert text.count(KEPT_BY_SERVER) == 1
        assert "没有中途结果" not in text

    def test_the_ballot_pages_of_such_a_round_say_so_too(self, client):
        round_ = make_open_round()
        [code] = make_codes(round_)

        assert KEPT_BY_SERVER in client.post("/ballot/", {"code": code}).content.decode()

    def test_the_ballot_pages_of_a_supervisors_round_carry_no_warning(self, client, round_):
        [code] = make_codes(round_)

        text = client.post("/ballot/", {"code": code}).content.decode()
        assert "选择科室" in text
        assert KEPT_BY_SERVER not in text
        assert ONLINE not in text

    def test_documents_of_such_a_round_are_marked(self):
        server = {**default_rulebook(), "box_key": "server"}

        assert document_mark(server, is_demo=True) == f"{DEMO_NOTICE}；{KEPT_BY_SERVER}"
        assert document_mark(default_rulebook(), is_demo=False) == ""
        frozen_before_there_were_keys = {k: v for k, v in default_rulebook().items() if k != "box_key"}
        assert document_mark(frozen_before_there_were_keys, is_demo=False) == KEPT_BY_SERVER

    def test_after_sealing_the_box_page_still_says_it(self, client):
        round_ = make_sealed_round()

        assert KEPT_BY_SERVER in client.get(f"/rounds/{round_.key}/box/").content.decode()

    def test_a_key_made_online_is_told_on_ballots_too(self, client, round_, settings):
        settings.TWO_PERSON_RULE = False
        making.make_key_online(round_id=round_.pk, by=make_user("chief"), at=NOON)
        cache.clear()
        [code] = make_codes(round_)

        assert ONLINE in client.post("/ballot/", {"code": code}).content.decode()
        assert json.loads(client.get(f"/rounds/{round_.key}/box-key.json").content)["made"] == "online"
        round_.refresh_from_db()
        cast_ballots(round_, [code])

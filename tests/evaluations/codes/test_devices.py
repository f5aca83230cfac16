"""The code a device has claimed is shown there again, and nowhere else; the server keeps nothing that leads to it."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services.devices import Device
from evaluations.protocol.codes import issue_of, normalize_code
from evaluations.protocol.pasted import read_code
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from tests.factories import make_open_round, make_self_service

CLAIM = "/ballot/claim/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    cache.clear()
    now = timezone.now()
    return make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


@pytest.fixture
def counter(round_):
    return make_self_service(round_)


def press(phone, **fields):
    """Press 领取评议票 and return the code on the page."""
    return shown(phone.post(CLAIM, fields, follow=True))


def shown(answer):
    assert answer.status_code == 200
    return read_code(FormReader(answer.content.decode()).forms["/ballot/"]["code"][0])


def spend(round_, code):
    assert Credential.objects.filter(pk=issue_of(round_.key, code)).update(spend="e" * 64)


class TestTheSameCode:
    def test_stands_on_a_page_of_its_own_that_is_reloaded(self, counter):
        phone = Client()
        answer = phone.post(CLAIM, follow=True)

        assert answer.redirect_chain == [(f"{CLAIM}?cookie-offered", 307), (CLAIM, 302)]
        assert shown(answer) == shown(phone.get(CLAIM)) == shown(phone.get(CLAIM))
        assert Credential.objects.get().pk == issue_of(counter.round.key, shown(answer))

    def test_is_given_to_whoever_presses_the_button_again(self, counter):
        phone = Client()

        assert press(phone) == press(phone) == press(phone)
        assert Credential.objects.count() == 1

    def test_is_not_shown_once_it_is_used_and_the_next_is_given(self, counter):
        phone = Client()
        first = press(phone)
        spend(counter.round, first)

        page = phone.get(CLAIM).content.decode()
        assert "已使用或者已失效" in page
        assert first not in page.replace("-", "")
        assert press(phone) != first
        assert Credential.objects.count() == 2

    @pytest.mark.parametrize("change", [{"is_void": True}, {"batch__is_open": False}])
    def test_void_and_recalled_codes_are_not_told_apart_from_used_ones(self, counter, change):
        phone = Client()
        spend(counter.round, press(phone))
        used = phone.get(CLAIM).content.decode()
        Credential.objects.update(spend=None)
        if "is_void" in change:
            Credential.objects.update(**change)
        else:
            make_self_service(counter.round, Channel.SAMPLED)
            CodeBatch.objects.filter(pk=counter.pk).update(is_open=False)

        assert phone.get(CLAIM).content.decode() == used

    def test_is_shown_on_no_other_device(self, counter):
        press(Client())

        answer = Client().get(CLAIM)
        assert answer.status_code == 302
        assert answer.url == "/ballot/"

    def test_is_forgotten_when_the_vote_is_over_and_in_the_next_round(self, counter):
        phone = Client()
        press(phone)
        assert 86_000 < phone.cookies["claim"]["max-age"] <= 86_400  # until the vote ends
        Round.objects.update(state="sealed")
        assert phone.get(CLAIM).url == "/ballot/"
        assert phone.post(CLAIM).status_code == 400

        now = timezone.now()
        later = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
        make_self_service(later)
        assert phone.get(CLAIM).url == "/ballot/"
        code = press(phone)
        assert Credential.objects.filter(pk=issue_of(later.key, code), batch__round=later).exists()


class TestAnotherCode:
    def test_is_given_on_the_page_of_the_first_up_to_the_limit(self, counter):
        phone = Client()
        codes = {press(phone, after=str(number)) for number in range(3)}
        assert len(codes) == 3 == counter.round.rulebook["open_per_device"]

        page = phone.get(CLAIM).content.decode()
        assert "已经领完" in page
        assert "再领一张评议票" not in page
        assert phone.post(CLAIM, {"after": "3"}).status_code == 400
        assert Credential.objects.count() == 3

    def test_is_given_once_however_often_the_button_is_pressed(self, counter):
        phone = Client()
        first = press(phone)

        second = press(phone, after="1")
        assert second != first
        assert press(phone, after="1") == second  # the button of the first page, pressed again
        assert Credential.objects.count() == 2

    def test_says_before_how_many_a_device_may_claim_and_has(self, counter):
        phone = Client()
        for address in ("/", "/ballot/"):
            assert "本轮最多可领3张。" in phone.get(address).content.decode()
        press(phone)
        for address in ("/", "/ballot/"):
            assert (
                "本轮最多可领3张，已领1张；最近领取的票号还没有使用的，会再次显示。"
                in phone.get(address).content.decode()
            )
        assert "本设备本轮最多可领3张，已领1张。" in phone.get(CLAIM).content.decode()
        for number in (1, 2):
            press(phone, after=str(number))
        for address in ("/", "/ballot/"):
            assert "本设备本轮最多可领3张，已经领完；" in phone.get(address).content.decode()

    def test_once_all_are_claimed_the_page_shows_the_last_one_or_says_why_it_does_not(self, counter):
        phone = Client()
        for number in range(3):
            code = press(phone, after=str(number))
        for address in ("/", "/ballot/"):
            page = phone.get(address).content.decode()
            assert f'<a href="{CLAIM}">查看最近领取的票号</a>' in page
            assert "领取评议票</button>" not in page
            assert "服务大厅" not in page
        assert code in phone.get(CLAIM).content.decode().replace("-", "")

        Credential.objects.update(is_void=True)
        shown = phone.get(CLAIM)
        assert shown.status_code == 200
        assert "最近领取的票号已使用或者已失效，不再显示" in shown.content.decode()
        assert "本设备本轮最多可领3张，已经领完。" in shown.content.decode()
        del phone.cookies["claim"]
        assert "本设备没有保存领取的票号，不能再次显示。" in phone.get(CLAIM).content.decode()

    def test_a_lost_count_does_not_lift_the_limit(self, counter):
        phone = Client()
        for number in range(3):
            press(phone, after=str(number))
        del phone.cookies["taken"]

        assert phone.post(CLAIM, {"after": "3"}).status_code == 400


class TestTheChannel:
    def test_is_chosen_by_the_system_so_that_both_get_as_many(self, counter):
        website = make_self_service(counter.round, Channel.SAMPLED)
        for _ in range(6):
            press(Client())

        assert [batch.credentials.count() for batch in (counter, website)] == [3, 3]

    def test_is_never_one_that_is_halted_or_closed(self, counter):
        website = make_self_service(counter.round, Channel.SAMPLED)
        for change in ({"is_halted": True}, {"is_halted": False, "is_open": False}):
            CodeBatch.objects.filter(pk=counter.pk).update(**change)
            press(Client())

        assert [batch.credentials.count() for batch in (counter, website)] == [0, 2]

    def test_is_named_on_no_page(self, counter):
        CodeBatch.objects.filter(pk=counter.pk).update(label="某某大厅")
        phone = Client()
        press(phone)

        for page in ("/", "/ballot/", CLAIM):
            text = phone.get(page).content.decode()
            assert "batch" not in text
            assert "某某大厅" not in text


class TestTheCookie:
    def test_is_readable_for_the_claim_page_alone(self, counter):
        phone = Client()
        phone.post(CLAIM, follow=True, secure=True)

        cookie = phone.cookies["__Secure-claim"]
        assert cookie["path"] == CLAIM
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Strict"
        assert phone.cookies["taken"].value.startswith(f"{counter.round.key}:1:")  # a count, no secret

    def test_holds_no_code_and_the_code_follows_from_it(self, counter):
        phone = Client()
        code = press(phone)
        value = phone.cookies["claim"].value

        assert code not in value
        _, secret, number, *_ = value.split(":")
        assert Device(counter.round.key, secret, int(number)).code == code

    def test_of_two_devices_gives_different_codes(self):
        codes = {Device.new("R1").next_code for _ in range(200)}
        assert len(codes) == 200
        assert all(normalize_code(code) == code for code in codes)

    @pytest.mark.parametrize("value", ["", "x", "R1:x:1", "R1::1:sig", "R1:s:-1", "R1:s:1:\xb9"])
    def test_that_is_forged_counts_as_none(self, counter, value):
        phone = Client()
        phone.cookies["claim"] = value.replace("R1", counter.round.key)

        assert phone.get(CLAIM).url == "/ballot/"
        assert press(phone)

    def test_with_a_broken_number_counts_as_none_even_if_signed(self, counter):
        phone = Client()
        signer = signing.get_cookie_signer(salt="claim" + "evaluations.codes.devices")
        phone.cookies["claim"] = signer.sign(f"{counter.round.key}:secret:²")

        assert phone.get(CLAIM).url == "/ballot/"

    def test_reaches_neither_the_database_nor_the_page(self, counter):
        phone = Client()
        with CaptureQueriesContext(connection) as queries:
            answer = phone.post(CLAIM, follow=True)
            again = phone.get(CLAIM)
        secret = phone.cookies["claim"].value.split(":")[1]

        assert secret not in " ".join(query["sql"] for query in queries)
        assert shown(answer) not in " ".join(query["sql"] for query in queries)
        assert secret not in again.content.decode()


class TestThePage:
    def test_is_stored_framed_and_read_by_nobody_else(self, counter):
        phone = Client()
        press(phone)

        answer = phone.get(CLAIM)
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"

    def test_says_back_nothing_of_the_request_beside_the_code(self, counter):
        """Text of a stranger's choice beside a secret could reveal it by the length of a compressed answer."""
        phone = Client(headers={"user-agent": "REFLECTED", "referer": "http://testserver/REFLECTED"})
        press(phone)

        answer = phone.get(f"{CLAIM}?q=REFLECTED", headers={"accept-encoding": "gzip"})
        assert "REFLECTED" not in answer.content.decode()
        assert "Content-Encoding" not in answer

    def test_of_a_foreign_site_makes_no_device_claim(self, counter):
        victim = Client(enforce_csrf_checks=True)
        for fields in ({}, {"after": "0"}):
            for path in (CLAIM, f"{CLAIM}?cookie-offered"):
                assert victim.post(path, fields, headers={"origin": "https://evil.com"}).status_code == 403
        assert victim.get(CLAIM).status_code == 302  # an address does nothing

        assert not victim.cookies
        assert not Credential.objects.exists()

    def test_shows_the_code_at_once_to_a_browser_without_cookies(self, counter):
        answer = Client().post(f"{CLAIM}?cookie-offered")

        assert shown(answer)
        assert "没有保存Cookie" in answer.content.decode()
        assert "再领一张" not in answer.content.decode()

    def test_is_refused_in_words_while_no_channel_is_open(self, round_):
        answer = Client().post(CLAIM, follow=True)

        assert answer.status_code == 400
        assert re.search("不能领取评议票", answer.content.decode())

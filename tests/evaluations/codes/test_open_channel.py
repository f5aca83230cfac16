"""Claiming codes on the public page: limited, but never refused for an address alone, and without storing data."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluations.codes.models import Credential, OpenClaimAlert
from evaluations.codes.rules.open_channel import OpenAlert, Visitor, alerts, needs_check, network_of, takes_too_many
from evaluations.codes.services.visitor_checks import NUMBERS, PlainQuestion, Question
from evaluations.rounds.rules.rulebook import default_rulebook, rulebook_errors
from tests.factories import make_open_round, make_self_service

BOOK = default_rulebook()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_networks_are_counted_not_addresses(address, network):
    assert network_of(address) == network


def test_a_visitor_has_claimed_nothing_unless_counted():
    assert Visitor() == Visitor(by_device=0, by_network=0, by_all=0, passed_check=False)


@pytest.mark.parametrize(
    ("visitor", "asked", "noted"),
    [
        (Visitor(), False, []),
        (Visitor(by_network=60), True, [OpenAlert.NETWORK]),
        (Visitor(by_all=600), True, [OpenAlert.CHANNEL]),
        (Visitor(by_network=60, by_all=600, passed_check=True), False, [OpenAlert.NETWORK, OpenAlert.CHANNEL]),
    ],
)
def test_a_busy_network_is_checked_and_alerted_never_refused(visitor, asked, noted):
    assert needs_check(visitor, BOOK) == asked
    assert alerts(visitor, BOOK) == noted
    assert not takes_too_many(visitor, BOOK)


def test_the_limits_are_validated_settings_of_the_round():
    assert needs_check(Visitor(), {**BOOK, "open_check": "always"})
    assert takes_too_many(Visitor(by_device=3), BOOK)
    assert not takes_too_many(Visitor(by_device=3), {**BOOK, "open_per_device": 5})
    for name in ("open_per_device", "open_network_hour", "open_burst_hour"):
        assert rulebook_errors({**BOOK, name: 0})


class TestPlainQuestion:
    def test_accepts_any_kind_of_digits(self):
        check = PlainQuestion()
        question = check.ask()
        total = sum(NUMBERS.index(c) for c in question.text if c in NUMBERS)

        assert check.passed(question.token, f" {total} ")
        assert check.passed(question.token, str(total).translate(str.maketrans("0123456789", "０１２３４５６７８９")))
        for answer in ("", "99", str(total + 1), f"{total}.0"):
            assert not check.passed(question.token, answer)

    def test_refuses_forged_and_expired_tokens(self, monkeypatch):
        question = PlainQuestion().ask()
        for token in ("", "x", question.token[:-2], "\ud800"):
            assert not PlainQuestion().passed(token, "7")
        monkeypatch.setattr("evaluations.codes.services.visitor_checks.GOOD_FOR", -1)
        total = sum(NUMBERS.index(c) for c in question.text if c in NUMBERS)
        assert not PlainQuestion().passed(question.token, str(total))


class KnownQuestion:
    """A custom check, as a district might configure one."""

    def ask(self):
        return Question("短信里的数字？", "t")

    def passed(self, token, answer):
        return (token, answer) == ("t", "1234")


@pytest.mark.django_db
class TestClaimingACode:
    @pytest.fixture
    def counter(self, settings):
        cache.clear()
        settings.OPEN_CHECK = f"{__name__}.KnownQuestion"
        now = timezone.now()
        limits = {"open_per_device": 2, "open_network_hour": 3}
        times = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1)}
        return make_self_service(make_open_round(rulebook=limits, **times))

    def take(self, counter, client=None, **fields):
        return (client or Client()).post("/ballot/claim/", {"batch": counter.pk, **fields})

    def test_is_limited_per_device_with_advice_where_else_to_go(self, counter):
        phone = Client()
        assert [self.take(counter, phone).status_code for _ in range(3)] == [200, 200, 400]

        assert "已领取2张" in self.take(counter, phone).content.decode()
        assert Credential.objects.count() == 2
        assert OpenClaimAlert.objects.get().kind == OpenAlert.DEVICE

    def test_needs_a_check_from_a_busy_network_and_then_goes_on(self, counter):
        for _ in range(3):
            self.take(counter)

        asked = self.take(counter)
        assert "短信里的数字" in asked.content.decode()
        assert asked.status_code == 200
        wrong = self.take(counter, check="t", answer="1")
        assert wrong.status_code == 400
        assert "答案不对" in wrong.content.decode()
        answered = [self.take(counter, check="t", answer="1234").status_code for _ in range(5)]

        assert answered == [200] * 5
        assert Credential.objects.count() == 8
        assert (OpenClaimAlert.objects.get().kind, OpenClaimAlert.objects.get().times) == (OpenAlert.NETWORK, 5)

    def test_needs_no_check_from_other_networks(self, counter):
        for _ in range(4):
            self.take(counter)

        elsewhere = Client(REMOTE_ADDR="198.51.100.7")

        assert "您的票号" in self.take(counter, elsewhere).content.decode()

    def test_ignores_forwarded_addresses_of_untrusted_clients(self, counter):
        for number in range(3):
            self.take(counter, Client(HTTP_X_FORWARDED_FOR=f"192.0.2.{number}"))

        assert "短信里的数字" in self.take(counter, Client(HTTP_X_FORWARDED_FOR="203.0.113.9")).content.decode()

    def test_stores_neither_address_nor_device(self, counter):
        with CaptureQueriesContext(connection) as queries:
            for _ in range(4):
                self.take(counter, Client(REMOTE_ADDR="198.51.100.77"), check="t", answer="1234")

        written = " ".join(q["sql"] for q in queries)
        assert "198.51.100" not in written
        assert "session" not in written

    def test_ignores_a_forged_cookie(self, counter):
        phone = Client()
        for _ in range(2):
            self.take(counter, phone)
        phone.cookies["taken"] = f"{counter.round.key}:0:forged"

        assert self.take(counter, phone).status_code == 200  # counts as a new device

    def test_states_what_the_channel_cannot_prevent(self, counter):
        page = self.take(counter).content.decode()

        assert "不能完全防止一人多领" in page
        assert "领取的票号只要有效，提交的评议票都会收入票箱" in page

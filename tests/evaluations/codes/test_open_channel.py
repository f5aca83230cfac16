"""Claiming codes on the public page: limited, but never refused for an address alone, and without storing data."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.codes.models import Credential, OpenClaimAlert
from evaluations.codes.rules.open_channel import OpenAlert, Visitor, alerts, needs_check, network_of, takes_too_many
from evaluations.codes.services import visitor_checks
from evaluations.codes.services.visitor_checks import NUMBERS, PlainQuestion, Question
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
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


def total_of(text):
    return sum(NUMBERS.index(c) for c in text if c in NUMBERS)


class TestPlainQuestion:
    def test_accepts_any_kind_of_digits(self):
        for write in (
            " {} ".format,
            lambda total: str(total).translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        ):
            question = PlainQuestion().ask()
            assert PlainQuestion().passed(question.token, write(total_of(question.text)))

    @pytest.mark.parametrize("write", ["", "99", "{}.0", "1{}"])
    def test_refuses_anything_else(self, write):
        question = PlainQuestion().ask()
        assert not PlainQuestion().passed(question.token, write.format(total_of(question.text)))

    def test_refuses_forged_and_expired_tokens(self, monkeypatch):
        question = PlainQuestion().ask()
        for token in ("", "x", question.token[:-2], "\ud800"):
            assert not PlainQuestion().passed(token, "7")
        monkeypatch.setattr("evaluations.codes.services.visitor_checks.GOOD_FOR", -1)
        assert not PlainQuestion().passed(question.token, str(total_of(question.text)))

    def test_a_question_is_answered_once(self):
        question = PlainQuestion().ask()
        total = str(total_of(question.text))
        assert [PlainQuestion().passed(question.token, total) for _ in range(5)] == [True] + [False] * 4

    def test_a_wrong_answer_uses_the_question_up(self):
        """Otherwise all seventeen sums could be tried."""
        question = PlainQuestion().ask()
        tried = [PlainQuestion().passed(question.token, str(n)) for n in ("99", *range(2, 19))]
        assert not any(tried)

    def test_a_question_stays_answered_among_many_others(self):
        question = PlainQuestion().ask()
        total = str(total_of(question.text))
        assert PlainQuestion().passed(question.token, total)
        for _ in range(1000):
            PlainQuestion().passed(PlainQuestion().ask().token, "0")
        assert not PlainQuestion().passed(question.token, total)

    def test_the_token_does_not_reveal_the_answer(self, settings):
        """The same token asks another question under another key, so nothing in it fixes the sum."""
        token = PlainQuestion().ask().token
        number = token.split(":")[0]
        assert re.fullmatch(r"[0-9a-f]{32}", number)
        sums = set()
        for n in range(40):
            settings.SECRET_KEY = f"key {n}"
            sums.add(sum(visitor_checks._summands(number)))
        assert len(sums) > 5


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
        """Press the button on a new device, or on this one."""
        return (client or Client()).post("/ballot/claim/", fields, follow=True)

    def take_next(self, counter, client, **fields):
        """Ask this device for another code than the one its page shows."""
        page = client.get("/ballot/claim/").content.decode()
        after = FormReader(page).forms.get("/ballot/claim/", {}).get("after", ["0"])[0]
        return self.take(counter, client, after=after, **fields)

    def test_is_limited_per_device_with_advice_where_else_to_go(self, counter):
        phone = Client()
        assert [self.take_next(counter, phone).status_code for _ in range(2)] == [200, 200]
        assert "已经领完" in phone.get("/ballot/claim/").content.decode()

        refused = self.take(counter, phone, after="2")
        assert refused.status_code == 400
        assert "已领取2张" in refused.content.decode()
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

    def test_one_answer_gives_one_code(self, counter, settings):
        settings.OPEN_CHECK = "evaluations.codes.services.visitor_checks.PlainQuestion"
        for _ in range(3):
            self.take(counter)
        page = self.take(counter).content.decode()
        (token,) = FormReader(page).forms["/ballot/claim/"]["check"]
        total = total_of(re.search(r"(.)加(.)等于几", page).group())

        taken = [self.take(counter, check=token, answer=total).status_code for _ in range(40)]

        assert taken == [200] + [400] * 39
        assert Credential.objects.count() == 4

    def test_an_answer_lifts_neither_the_limit_of_the_device_nor_the_count_of_the_network(self, counter):
        phone = Client()
        taken = [self.take(counter, phone, check="t", answer="1234", after=n).status_code for n in range(4)]
        assert taken == [200, 200, 400, 200]  # the last asks on an old page, so it is shown the second again
        assert Credential.objects.count() == 2

        self.take(counter, check="t", answer="1234")
        assert "短信里的数字" in self.take(counter).content.decode()

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
        for number in range(2):
            self.take(counter, phone, after=number)
        phone.cookies["taken"] = f"{counter.round.key}:0:forged"
        phone.cookies["claim"] = f"{counter.round.key}:0:0:forged"

        assert self.take(counter, phone).status_code == 200  # counts as a new device

    def test_states_what_the_channel_cannot_prevent(self, counter):
        page = self.take(counter).content.decode()

        assert "不能完全防止一人多领" in page
        assert "领取的票号只要有效，提交的评议票都会收入票箱" in page

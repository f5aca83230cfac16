"""Improbable dates of a round are asked about, one by one, and the answers are kept (rulebook R-K)."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.lifecycle.approvals import start_settlement
from evaluations.rounds.models import Round
from evaluations.rounds.rules.dates import RoundDates, too_soon, unusual_dates, usual_errors
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import make_round, make_user

START, END = date(2020, 1, 1), date(2020, 6, 30)


def asked(opens, closes, *, start=START, end=END, **days):
    return unusual_dates(RoundDates(start, end, opens, closes), days)


@pytest.mark.parametrize(
    ("opens", "closes", "words"),
    [
        (date(2020, 7, 10), date(2020, 7, 30), []),
        (date(2020, 5, 20), date(2020, 6, 10), ["评议期结束之前截止"]),
        (date(2020, 6, 10), date(2020, 6, 30), ["评议期结束之前截止"]),
        (date(2020, 6, 20), date(2020, 7, 10), ["评议期结束之前开始"]),
        (date(2020, 7, 10), date(2020, 7, 11), ["只有1天"]),
        (date(2020, 7, 10), date(2020, 9, 30), ["长达82天"]),
        (date(2021, 7, 10), date(2021, 7, 30), ["结束395天之后"]),
    ],
)
def test_a_vote_is_asked_about_that_does_not_fit_its_period(opens, closes, words):
    found = asked(opens, closes)
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


@pytest.mark.parametrize(("end", "is_asked"), [(date(2020, 3, 31), False), (date(2020, 1, 31), True)])
def test_a_period_is_a_half_year_or_a_quarter(end, is_asked):
    found = asked(end + timedelta(10), end + timedelta(30), end=end)
    assert bool(found) is is_asked


def test_a_district_sets_other_days():
    assert asked(date(2020, 7, 10), date(2020, 7, 11), shortest_vote=1) == []
    assert usual_errors({"shortest_vote": 1}) == []
    assert len(usual_errors({"shortest": 1, "latest_close": -1})) == 2


@pytest.mark.parametrize(("days", "words"), [(-1, "已经过去"), (5, "只有5天"), (20, "")])
def test_a_vote_needs_the_days_of_the_calendar_before_it(days, words):
    today = date(2020, 6, 1)
    found = too_soon(RoundDates(START, END, today + timedelta(days), END), today, 20)
    assert bool(found) == bool(words)
    assert all(words in text for text in found)


@pytest.mark.django_db
class TestTheForm:
    EARLY = {
        "key": "2020H1",
        "name": "2020年上半年",
        "period_start": "2020-01-01",
        "period_end": "2020-06-30",
        "opens_at_0": "2020-05-20",
        "opens_at_1": "09:00",
        "closes_at_0": "2020-06-10",
        "closes_at_1": "17:00",
    }

    @pytest.fixture(autouse=True)
    def spring(self, time_machine):
        time_machine.move_to(datetime(2020, 3, 1, 4, tzinfo=timezone.get_current_timezone()))

    @pytest.fixture(name="browser")
    def _browser(self, client):
        client.force_login(make_user("chief"))
        return client

    def add(self, browser, **fields):
        return browser.post(reverse("admin:evaluations_round_add"), {**self.EARLY, **fields})

    def test_an_early_end_is_asked_about_and_nothing_is_saved(self, browser):
        page = self.add(browser).content.decode()

        assert "评议期结束之前截止" in page
        assert "逐项打勾" in page
        assert 'type="checkbox"' in page
        assert not Round.objects.exists()

    def test_what_was_ticked_is_saved_logged_and_approved(self, browser, settings):
        text = asked(date(2020, 5, 20), date(2020, 6, 10))[0]

        assert self.add(browser, dates_confirmed=[text]).status_code == 302

        round_ = Round.objects.get()
        assert AuditEntry.objects.get(action="round.edit").detail["dates_confirmed"] == [text]
        assert text in browser.get(reverse("admin:round-settle", args=[round_.pk])).content.decode()
        settings.TWO_PERSON_RULE = True
        start_settlement(round_id=round_.pk, by=make_user("clerk"), at=timezone.now())
        assert text in Approval.objects.get().content["不寻常的日期（已逐项核对）"]

    def test_an_empty_form_asks_for_each_field_in_the_words_of_the_site(self, browser):
        page = browser.post(reverse("admin:evaluations_round_add"), {}).content.decode()

        asked = re.findall("请填写[^。]+。", page)
        assert len(asked) == 6
        assert {"请填写轮次代码。", "请填写名称。", "请填写投票截止时间。"} <= set(asked)
        assert "必填项" not in page
        assert "<h1>增加评议轮次</h1>" in page

    def test_dates_the_wrong_way_round_are_an_error_and_no_question(self, browser):
        page = self.add(browser, opens_at_0="2020-07-30", closes_at_0="2020-07-10").content.decode()

        assert "逐项打勾" not in page
        assert "只有-" not in page
        assert not Round.objects.exists()

    def test_a_tick_for_other_dates_does_not_count(self, browser):
        text = asked(date(2020, 5, 20), date(2020, 6, 10))[0]
        page = self.add(browser, closes_at_0="2020-06-11", dates_confirmed=[text])
        assert "6月11日截止" in page.content.decode()
        assert not Round.objects.exists()

    def test_usual_dates_are_saved_at_once(self, browser):
        assert self.add(browser, opens_at_0="2020-07-10", closes_at_0="2020-07-30").status_code == 302

    def test_another_name_asks_nothing(self, browser):
        round_ = make_round()
        page = browser.get(reverse("admin:evaluations_round_change", args=[round_.pk]))
        form = page.context["adminform"].form
        sent = {}
        for name in ("name", "period_start", "period_end"):
            sent[name] = form[name].value()
        for name in ("opens_at", "closes_at"):
            local = timezone.localtime(getattr(round_, name))
            sent[f"{name}_0"], sent[f"{name}_1"] = f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}"
        answer = browser.post(reverse("admin:evaluations_round_change", args=[round_.pk]), {**sent, "name": "改名"})
        assert answer.status_code == 302
        round_.refresh_from_db()
        assert round_.name == "改名"

"""Deadlines go by the database's clock; rounds are neither opened nor sealed while the clocks cannot be trusted."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from evaluations.ballots.models import BallotSpool
from evaluations.lifecycle import services as lifecycle
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.services.opening import seal_round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.sql import database_time
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK
from tests.architecture import APPS
from tests.evaluations.voting.phone import Phone
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Machines:
    """The clocks of the web machine and of the database."""

    def __init__(self, time_machine, monkeypatch):
        self.time_machine, self.monkeypatch = time_machine, monkeypatch

    def set(self, *, true, web=timedelta(0), database=timedelta(0)):
        """Set both clocks, each as far ahead of true time as given."""
        self.time_machine.move_to(true + web)
        self.monkeypatch.setattr(clock, "database_time", lambda: true + database)
        clock._readings.clear()


@pytest.fixture
def machines(time_machine, monkeypatch):
    machines = Machines(time_machine, monkeypatch)
    machines.set(true=NOON)
    return machines


@pytest.fixture
def round_():
    return make_open_round()


def run(command):
    """Return the command's output and refusal."""
    out, refusal = StringIO(), ""
    try:
        call_command(command, stdout=out)
    except CommandError as fault:
        refusal = str(fault)
    return out.getvalue(), refusal


class TestTheDatabasesTime:
    def test_is_the_time_by_which_deadlines_are_judged(self, machines):
        machines.set(true=NOON, web=-HOUR)
        assert abs(clock.now() - NOON) < timedelta(seconds=5)

    def test_does_not_follow_a_correction_of_this_machines_clock(self, machines, time_machine):
        assert abs(clock.now() - NOON) < timedelta(seconds=5)
        time_machine.move_to(NOON + DAY)
        clock._readings["newest"] = clock.Reading(NOON, clock.time.monotonic())
        assert abs(clock.now() - NOON) < timedelta(seconds=5)

    def test_is_read_again_after_a_few_seconds(self, machines):
        clock._readings["newest"] = clock.Reading(NOON - DAY, clock.time.monotonic() - clock.FRESH - 1)
        assert abs(clock.now() - NOON) < timedelta(seconds=5)

    def test_is_this_machines_where_the_database_has_no_clock(self, time_machine):
        time_machine.move_to(NOON + DAY)
        assert abs(clock.now() - NOON - DAY) < timedelta(seconds=5)

    def test_is_asked_for_by_every_page_and_command(self):
        past = re.compile(r"timezone\.now\(\)")
        sources = [path for app in APPS[1:] for path in (ROOT / app).rglob("*.py") if "demo" not in str(path)]
        assert [
            path for path in [*sources, ROOT / "nanchuan_eval/web/actions.py"] if past.search(path.read_text())
        ] == []

    @pytest.mark.postgres
    def test_comes_from_the_server(self, time_machine):
        time_machine.move_to(NOON - 365 * DAY)
        assert abs(database_time() - NOON) > 100 * DAY


class TestABallotAfterClosing:
    @pytest.fixture
    def phone(self, round_):
        return Phone(round_)

    def test_is_refused_though_the_web_machine_is_an_hour_slow(self, machines, round_, phone):
        fields = phone.last_page()
        machines.set(true=round_.closes_at + 10 * MINUTE, web=-HOUR)

        answer = phone.client.post("/ballot/cast/", fields)

        assert "现在不在投票时间内" in answer.content.decode()
        assert not BallotSpool.objects.exists()

    def test_is_accepted_before_closing_though_the_web_machine_is_a_day_fast(self, machines, round_, phone):
        fields = phone.last_page()
        machines.set(true=round_.closes_at - 10 * MINUTE, web=DAY)

        phone.client.post("/ballot/cast/", fields)

        assert BallotSpool.objects.exists()


class TestSealing:
    def test_does_not_happen_early_by_a_fast_machine(self, machines, round_):
        machines.set(true=round_.closes_at - 10 * MINUTE, web=DAY)

        output, refusal = run("advance_rounds")

        round_.refresh_from_db()
        assert round_.state == RoundState.OPEN
        assert "时钟相差86400秒" in output
        assert "核对时钟" in refusal

    @pytest.mark.parametrize(("web", "database"), [(DAY, timedelta(0)), (-HOUR, timedelta(0)), (timedelta(0), DAY)])
    def test_is_refused_while_the_clocks_differ(self, machines, round_, web, database):
        cast_ballots(round_, make_codes(round_))
        machines.set(true=round_.closes_at + MINUTE, web=web, database=database)

        with pytest.raises(RuleViolation, match="时钟相差"):
            seal_round(round_id=round_.pk, by=CLOCK, at=clock.now())
        output, refusal = run("daily")

        round_.refresh_from_db()
        assert (round_.state, BallotSpool.objects.count()) == (RoundState.OPEN, 1)
        assert "封箱" in refusal
        assert "停用账号：停用90天未用的账号" in output

    def test_bears_a_difference_of_less_than_a_minute(self, machines, round_):
        machines.set(true=round_.closes_at + MINUTE, web=timedelta(seconds=59))
        assert run("advance_rounds")[1] == ""
        round_.refresh_from_db()
        assert round_.state == RoundState.SEALED

    @pytest.mark.postgres
    def test_is_refused_by_the_servers_own_clock(self, time_machine, monkeypatch, round_):
        time_machine.move_to(round_.closes_at + MINUTE)
        monkeypatch.setattr(clock, "database_time", database_time)
        with pytest.raises(RuleViolation, match="网站服务器与数据库服务器的时钟相差"):
            seal_round(round_id=round_.pk, by=CLOCK, at=timezone.now())


class TestOpening:
    @pytest.fixture
    def drawn(self, round_):
        Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
        return round_

    def open(self, round_):
        return lifecycle.open_round(round_id=round_.pk, by=make_user("chief"), at=clock.now())

    @pytest.mark.parametrize("web", [HOUR, -HOUR])
    def test_is_refused_while_the_clocks_differ_and_an_alarm_is_shown(self, machines, drawn, client, web):
        machines.set(true=NOON, web=web)
        with pytest.raises(RuleViolation, match=r"时钟相差3600秒，超过60秒[\s\S]*请运维人员校准时钟"):
            self.open(drawn)
        client.force_login(make_user("security"))
        assert "时钟相差3600秒" in client.get("/admin/policy/").content.decode()

    def test_takes_the_difference_from_the_settings(self, machines, drawn, settings):
        settings.CLOCK_TOLERANCE_SECONDS = 2 * 3600
        machines.set(true=NOON, web=HOUR)
        with pytest.raises(RuleViolation) as refusal:
            self.open(drawn)
        assert "时钟" not in str(refusal.value)


class TestAClockThatWasSetBack:
    @pytest.fixture(autouse=True)
    def set_back(self, time_machine, round_):
        time_machine.move_to(NOON + HOUR)
        call_command("advance_rounds", stdout=StringIO())
        time_machine.move_to(NOON)

    def test_lets_nobody_open_or_seal(self, round_):
        with pytest.raises(RuleViolation, match="时钟被调回"):
            lifecycle.open_round(round_id=round_.pk, by=make_user("chief"), at=clock.now())
        Round.objects.update(closes_at=NOON - MINUTE)
        output, refusal = run("advance_rounds")
        round_.refresh_from_db()
        assert round_.state == RoundState.OPEN
        assert "时钟被调回" in output
        assert "核对时钟" in refusal
        assert run("advance_rounds")[1], "a further run does not make it right"

    def test_is_shown_on_the_security_page(self, client):
        client.force_login(make_user("security"))
        assert "时钟被调回" in client.get("/admin/policy/").content.decode()

    def test_is_confirmed_with_a_reason_that_is_logged(self, round_):
        with pytest.raises(CommandError, match="请填写"):
            call_command("confirm_clock", reason=" ")
        call_command("confirm_clock", reason="断电后时钟快了一小时，已由管理员对时", stdout=StringIO())
        assert run("advance_rounds")[1] == ""
        assert "对时" in AuditEntry.objects.get(action="clock.confirmed").reason


def test_counting_seconds_costs_the_ballot_no_statement(machines, django_assert_num_queries):
    clock.now()
    with django_assert_num_queries(0):
        clock.now()

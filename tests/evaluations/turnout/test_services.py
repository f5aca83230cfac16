"""Monitoring uses only codes and declarations: daily totals, lagging strata, thin sections."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import batch_lines, counted_batches, return_rate
from evaluations.codes.services import issuing, open_channel
from evaluations.draws.models import Draw, DrawEntry
from evaluations.pools.models import PoolEntry
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import FEW
from evaluations.tally.queries.days import returns_by_day
from evaluations.tally.rules.anomalies import flag_bursts
from evaluations.turnout.models import TurnoutDay
from evaluations.turnout.pages import monitor_page, turnout_chart
from evaluations.turnout.queries import turnout
from evaluations.turnout.services import record_turnout, remind_stratum
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_round, make_self_service, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db


def make_drawn(round_, stratum="服务对象", people=3, dealt_with=""):
    draw, _ = Draw.objects.get_or_create(
        round=round_,
        purpose=DrawPurpose.EVALUATORS,
        status=DrawStatus.DRAWN,
        defaults={"draw_id": f"{round_.key}-e", "params": "{}", "commit": "0" * 64, "committed_at": NOON},
    )
    for number in range(people):
        phone = f"1380000{PoolEntry.objects.count():04d}"
        facts = {"kind": "evaluators", "name": f"甲{number}", "phone_hash": keyed_hash(phone), "dealt_with": dealt_with}
        person = PoolEntry.objects.create(round=round_, stratum=stratum, phone=phone, **facts)
        DrawEntry.objects.create(draw=draw, stratum=stratum, token=f"{person.pk:064d}", person=person, is_selected=True)


def stratum_codes(round_, stratum, count):
    kind = issuing.FormKind(Channel.TARGETED, Origin.ISSUED, stratum, stratum)
    _, codes = issuing.issue_batch(round_id=round_.pk, form=kind, count=count, by=make_user("clerk"), at=NOON)
    return codes


def test_the_daily_counts_give_the_curve():
    round_ = make_open_round()
    codes = make_codes(round_, 20)
    cast_ballots(round_, codes[:6])
    record_turnout(at=NOON)
    cast_ballots(round_, codes[6:13])
    record_turnout(at=NOON + timedelta(days=1))

    (curve,) = monitor_page(round_).curves

    assert (curve.label, [count for _, count in curve.figures]) == ("发放票号", [6, 13])


def test_issued_are_the_codes_that_can_vote():
    round_ = make_open_round()
    codes = make_codes(round_, 8)
    make_codes(round_, 4)
    cast_ballots(round_, codes[:5])
    Credential.objects.filter(issue=issue_of(round_.key, codes[6])).update(is_void=True)
    CodeBatch.objects.filter(pk=CodeBatch.objects.latest("pk").pk).update(is_open=False)

    targeted = turnout(round_)[0]

    assert (targeted["issued"], targeted["returned"]) == (7, 5)


class TestTheMonitoringPage:
    def test_names_strata_that_lag(self):
        round_ = make_open_round()
        cast_ballots(round_, stratum_codes(round_, "服务对象", 10)[:9])
        cast_ballots(round_, stratum_codes(round_, "市场主体", 10)[:5])

        lines = monitor_page(round_).batches

        assert [(line.batch.stratum, line.returned, line.lags) for line in lines] == [
            ("服务对象", 9, False),
            ("市场主体", 5, True),
        ]

    def test_hides_figures_of_fewer_than_five(self):
        round_ = make_open_round()
        cast_ballots(round_, make_codes(round_, 10)[:3])
        record_turnout(at=NOON)

        monitor = monitor_page(round_)

        assert (monitor.batches[0].returned, monitor.batches[0].percent) == (FEW, None)
        assert monitor.curves[0].figures[0][1] == FEW

    def test_estimates_thin_sections_from_declarations_not_from_ballots(self):
        round_ = make_open_round(rulebook={"min_drawn_lines": 5})
        busy, quiet, unknown = round_.sections.values_list("code", flat=True)
        make_drawn(round_, people=12, dealt_with=busy)
        make_drawn(round_, people=4, dealt_with=quiet)
        cast_ballots(round_, make_codes(round_, 16)[:8])

        thin = {line.section.code: (line.declared, line.expected) for line in monitor_page(round_).thin}

        assert thin == {quiet: (4, 2), unknown: (0, 0)}

    def test_says_which_other_drawn_ballots_are_not_in_the_estimate(self):
        round_ = make_open_round()
        assert monitor_page(round_).besides == []
        round_.rulebook["channels"]["sampled"]["drawn"] = True

        assert monitor_page(round_).besides == [Channel.SAMPLED.label]

    def test_distinguishes_no_thin_section_from_no_data(self):
        round_ = make_open_round()
        round_.rulebook["min_drawn_lines"] = 0
        assert monitor_page(round_).thin is None

        make_drawn(round_, people=2, dealt_with=round_.sections.first().code)

        assert monitor_page(round_).thin == []

    def test_leaves_recalled_batches_out_of_the_rates(self):
        round_ = make_open_round()
        cast_ballots(round_, stratum_codes(round_, "服务对象", 10)[:6])
        cast_ballots(round_, stratum_codes(round_, "市场主体", 10)[:5])
        CodeBatch.objects.filter(stratum="市场主体").update(is_open=False)

        batches = counted_batches(round_)

        assert [(line.percent, line.lags) for line in batch_lines(batches)] == [(60, False), (None, False)]
        assert return_rate(batches) == 60

    @pytest.mark.parametrize("batches", [1, 5])
    def test_reads_neither_spool_nor_ballots_and_takes_a_constant_number_of_queries(self, batches):
        round_ = make_open_round()
        for _ in range(batches):
            cast_ballots(round_, make_codes(round_, 2))

        with exactly(4) as queries:
            monitor_page(round_)

        assert not [q for q in queries if "ballotspool" in q["sql"] or "evaluations_rating" in q["sql"]]


class TestAReminder:
    @pytest.mark.parametrize(("at", "is_offered"), [(NOON, True), (NOON + timedelta(days=99), False)])
    def test_is_offered_as_long_as_one_can_vote(self, client, monkeypatch, at, is_offered):
        round_ = make_open_round()
        make_drawn(round_)
        monkeypatch.setattr(clock, "now", lambda: at)
        client.force_login(make_user("clerk"))

        page = client.get(reverse("admin:round-monitor", args=[round_.pk])).content.decode()

        assert ("下载催评名单" in page) == is_offered

    def test_goes_to_everybody_drawn_in_the_stratum_and_is_logged(self):
        round_ = make_open_round()
        make_drawn(round_, "市场主体", people=3)
        make_drawn(round_, "其他", people=2)
        clerk = make_user("clerk")

        people = remind_stratum(round_id=round_.pk, stratum="市场主体", reason="回收偏低", by=clerk, at=NOON)

        assert len(people) == 3
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.reason, entry.detail["people"]) == ("pool.unmask", "回收偏低", 3)

    def test_asks_nobody_to_vote_once_the_vote_is_over(self):
        round_ = make_open_round()
        make_drawn(round_)
        asked = {"round_id": round_.pk, "stratum": "服务对象", "reason": "x", "by": make_user("clerk")}

        for at in (round_.opens_at - timedelta(minutes=1), round_.closes_at):
            with pytest.raises(RuleViolation, match="只有评议中的轮次"):
                remind_stratum(**asked, at=at)

        assert not AuditEntry.objects.filter(action="pool.unmask").exists()

    def test_needs_a_reason_a_known_stratum_and_the_permission(self):
        round_ = make_open_round()
        make_drawn(round_)
        cases = [
            ("服务对象", " ", "clerk", RuleViolation),
            ("无", "x", "clerk", RuleViolation),
            ("服务对象", "x", "liaison", Denied),
        ]

        for stratum, reason, role, refusal in cases:
            with pytest.raises(refusal):
                remind_stratum(round_id=round_.pk, stratum=stratum, reason=reason, by=make_user(role), at=NOON)


def test_self_service_codes_count_as_issued_once_claimed():
    round_ = make_open_round()
    counter = make_self_service(round_)
    open_channel.issue_open_code(batch_id=counter.pk, at=NOON)

    assert monitor_page(round_).batches[0].issued == 1


def test_the_turnout_of_a_day_is_stored_once_and_names_no_code():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 3))

    record_turnout(at=NOON)
    record_turnout(at=NOON)

    (row,) = TurnoutDay.objects.all()
    assert (row.origin, row.used) == ("issued", 3)
    assert {field.name for field in TurnoutDay._meta.fields} == {"id", "round", "origin", "day", "used"}


class TestAStoppedClock:
    """Ballots of days that the clock did not finish are in the next total, and no burst."""

    def days(self, round_):
        return [(days.first.day, days.last.day, came) for days, came in returns_by_day(round_)["issued"].items()]

    @pytest.fixture
    def round_(self):
        round_ = make_open_round()
        Round.objects.filter(pk=round_.pk).update(opens_at=NOON)
        round_.refresh_from_db()
        self.codes = make_codes(round_, 60)
        return round_

    def cast_and_record(self, round_, day, ballots, *, hour=0):
        cast_ballots(round_, [self.codes.pop() for _ in range(ballots)])
        at = NOON + timedelta(days=day, hours=hour)
        record_turnout(at=at)
        ClockRun.objects.update_or_create(name="advance_rounds", defaults={"at": at})

    def test_every_origin_has_a_total_from_the_first_day_on(self, round_):
        record_turnout(at=NOON)

        assert list(TurnoutDay.objects.values_list("origin", "used")) == [("issued", 0)]

    def test_days_one_after_the_other_are_single(self, round_):
        first = timezone.localtime(NOON).day
        for day, ballots in enumerate([1, 0, 7]):
            self.cast_and_record(round_, day, 0, hour=-11.9)
            self.cast_and_record(round_, day, ballots, hour=11.9)

        assert self.days(round_) == [(first, first, 1), (first + 2, first + 2, 7)]

    def test_a_day_without_a_run_is_one_with_the_next(self, round_):
        first = timezone.localtime(NOON).day
        record_turnout(at=NOON)
        self.cast_and_record(round_, 1, 1, hour=11.9)
        self.cast_and_record(round_, 2, 0, hour=-11.9)
        self.cast_and_record(round_, 4, 30)

        assert self.days(round_) == [(first + 1, first + 1, 1), (first + 2, first + 4, 30)]
        assert flag_bursts(returns_by_day(round_), {"issued": "发放票号"}) == []

    def test_an_unfinished_day_is_one_with_the_next(self, round_):
        first = timezone.localtime(NOON).day
        self.cast_and_record(round_, 0, 1, hour=-6)
        self.cast_and_record(round_, 1, 30)

        assert self.days(round_) == [(first, first + 1, 31)]

    def test_before_the_first_total_the_clock_did_not_run(self, round_):
        first = timezone.localtime(NOON).day
        record_turnout(at=NOON + timedelta(days=2))
        self.cast_and_record(round_, 2, 30)

        assert self.days(round_) == [(first, first + 2, 30)]


class TestTheChart:
    """The home page's chart: every channel against its target, with the figures that may be disclosed."""

    def make(self, used, codes=40):
        round_ = make_round(state=RoundState.OPEN)
        batch = CodeBatch.objects.create(round=round_, channel="targeted", origin="issued", label="定向")
        Credential.objects.bulk_create(
            Credential(batch=batch, issue=f"i{number}", spend=f"e{number}" if number < used else None)
            for number in range(codes)
        )
        day = timezone.localdate(round_.opens_at)
        TurnoutDay.objects.create(round=round_, origin="issued", day=day, used=used)
        return turnout_chart(round_, day)

    def test_a_channel_is_measured_against_its_target(self):
        line = self.make(12).lines[0]

        assert (line.returned, line.target, line.percent) == (12, 16, 75)  # 40 percent of 40
        assert line.points

    def test_few_ballots_stay_hidden(self):
        line = self.make(3).lines[0]

        assert (line.returned, line.percent, line.points) == ("少于5", None, "")

    def test_a_channel_of_few_codes_has_no_line(self):
        assert self.make(3, codes=4).lines[0].points == ""

"""The clock's commands: every step and every round by itself; an alarm when they stop during a vote."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accountability.worklist import services as worklist
from evaluations.codes.models import CodeBatch
from evaluations.lifecycle import services as lifecycle
from evaluations.paper_ballots import services as paper_ballots
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.services.opening import seal_round
from evaluations.turnout.models import TurnoutDay
from nanchuan_eval.checks import limits_are_positive
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR
from nanchuan_eval.retention import services as retention
from nanchuan_eval.users.models import User
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user

pytestmark = pytest.mark.django_db
PAST_CLOSING = NOON + timedelta(days=2)
STEPS = ["核对时钟", "记录收回数", "封箱", "清除到期内容", "清除备份残留", "打乱整改评价", "停用账号", "待办提醒"]


@pytest.fixture(autouse=True)
def after_closing(time_machine):
    time_machine.move_to(PAST_CLOSING, tick=True)
    return time_machine


@pytest.fixture
def round_():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 2)[:1])
    return round_


def leave_paper_uncounted(round_):
    codes = make_codes(round_)
    batch = CodeBatch.objects.latest("pk")
    paper_ballots.register_slips(batch_id=batch.pk, typed=codes, by=make_user("clerk"), at=NOON)


def output_of(command):
    """Return the lines of a command and its refusal, if any."""
    out, refusal = StringIO(), None
    try:
        call_command(command, stdout=out)
    except CommandError as fault:
        refusal = fault
    return out.getvalue().splitlines(), refusal


def test_daily_writes_one_line_for_every_step(round_):
    lines, refusal = output_of("daily")

    round_.refresh_from_db()
    assert [line.split("：")[0].split("（")[0] for line in lines] == STEPS
    assert (refusal, round_.state) == (None, RoundState.SEALED)


def test_a_refused_sealing_stops_no_other_step_and_is_reported(round_):
    leave_paper_uncounted(round_)
    idle = make_user("clerk")
    User.objects.filter(pk=idle.pk).update(created_at=PAST_CLOSING - timedelta(days=91))

    lines, refusal = output_of("daily")

    idle.refresh_from_db()
    assert not idle.is_active
    assert TurnoutDay.objects.exists()
    assert [line.split("：")[0].split("（")[0] for line in lines] == STEPS
    assert "纸质票尚未清点" in lines[2]
    assert refusal.returncode == 1
    assert round_.name in str(refusal)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (lifecycle, "record_turnout"),
        (lifecycle, "seal_round"),
        (retention, "purge"),
        (worklist, "send_reminders"),
    ],
)
def test_a_step_that_crashes_stops_no_other_step(round_, monkeypatch, module, name):
    def crash(**_):
        raise ValueError("broken row")

    monkeypatch.setattr(module, name, crash)

    lines, refusal = output_of("daily")

    assert [line.split("：")[0].split("（")[0] for line in lines] == STEPS
    assert [line for line in lines if "ValueError" in line] == [line for line in lines if "未办成" in line]
    assert len([line for line in lines if "未办成" in line]) == 1
    assert refusal.returncode == 1


def test_a_round_that_crashes_stops_no_other_round(round_, monkeypatch):
    others = [Round(pk=0, name="坏的轮次", rulebook={"box_key": "server"}), round_]
    monkeypatch.setattr(type(Round.objects.all()), "overdue_for_sealing", lambda rows, at: others)

    lines, refusal = output_of("advance_rounds")

    round_.refresh_from_db()
    assert round_.state == RoundState.SEALED
    assert "坏的轮次" in str(refusal)
    assert "未办成" in lines[2]


def test_a_round_sealed_by_another_run_meanwhile_is_success(round_):
    jobs = lifecycle.due_jobs(PAST_CLOSING)
    seal_round(round_id=round_.pk, by=CLOCK, at=PAST_CLOSING)

    assert [job.run() for job in jobs] == ["正常。", "已记录0项。", "已由另一次运行办理。"]
    call_command("seal_round", round_.key)
    assert output_of("daily")[1] is None


def test_a_retention_rule_that_crashes_stops_no_other_rule(monkeypatch):
    def rule(label, forget):
        return retention.RetentionRule(label, "1天", lambda at: User.objects.filter(username="gone"), forget)

    def crash(rows):
        rows.delete()
        raise OSError

    make_user("clerk", username="gone")
    kept = rule("坏的", crash)
    monkeypatch.setattr(retention, "rules", [kept])
    with pytest.raises(RuleViolation, match="未能清除：坏的"):
        retention.purge(by=OPERATOR, at=PAST_CLOSING)
    assert User.objects.filter(username="gone").exists()

    monkeypatch.setattr(retention, "rules", [kept, rule("好的", lambda rows: rows.delete())])
    with pytest.raises(retention.IncompletePurge) as fault:
        retention.purge(by=OPERATOR, at=PAST_CLOSING)
    assert fault.value.forgotten == {"好的": 1}
    assert not User.objects.filter(username="gone").exists()


class TestTheAlarm:
    @pytest.fixture
    def shown(self, client, settings):
        settings.IDLE_MINUTES_ADMINISTRATORS = settings.IDLE_MINUTES = 10_000

        def read():
            client.force_login(make_user("security"))
            return client.get("/admin/policy/").content.decode()

        return read

    @pytest.fixture(autouse=True)
    def during_the_vote(self, after_closing, round_):
        after_closing.move_to(NOON, tick=True)

    def test_rises_when_the_clocks_commands_never_ran_during_a_vote(self, shown):
        assert "没有运行（从未运行）" in shown()

    def test_rises_when_they_have_not_run_for_an_hour(self, shown, after_closing):
        call_command("advance_rounds", stdout=StringIO())
        after_closing.move_to(NOON + timedelta(minutes=59), tick=True)
        assert "没有运行" not in shown().replace("分钟没有运行</td>", "")
        after_closing.move_to(NOON + timedelta(minutes=61), tick=True)
        assert "定时任务已超过60分钟没有运行" in shown()
        assert "正在投票，截止时间到后不能自动封箱" in shown()

    def test_says_of_a_vote_that_is_over_that_its_box_was_not_sealed(self, shown, after_closing, round_):
        after_closing.move_to(round_.closes_at + timedelta(hours=2), tick=True)
        assert "投票已截止，没有自动封箱" in shown()

    def test_says_nothing_of_sealing_where_supervisors_open_the_box(self, shown, after_closing, round_):
        round_.rulebook["box_key"] = "supervisors"
        round_.save(update_fields=["rulebook"])
        assert "正在投票，短信不能发出" in shown()
        after_closing.move_to(round_.closes_at + timedelta(hours=2), tick=True)
        assert "自动封箱" not in shown()

    @pytest.mark.parametrize(("minutes", "faults"), [(1, []), (0, ["nanchuan.E009"]), (-5, ["nanchuan.E009"])])
    def test_takes_a_positive_number_of_minutes(self, settings, minutes, faults):
        settings.CLOCK_ALARM_MINUTES = minutes
        assert [fault.id for fault in limits_are_positive(None)] == faults

    def test_stays_down_when_no_vote_is_open(self, shown):
        Round.objects.update(state=RoundState.SEALED)
        assert "正在投票，" not in shown()

    def test_names_the_steps_that_failed(self, shown, monkeypatch):
        monkeypatch.setattr(lifecycle, "record_turnout", lambda at: 1 // 0)
        with pytest.raises(CommandError):
            call_command("advance_rounds", stdout=StringIO())
        assert ClockRun.objects.get().failed == "记录收回数"
        assert "有步骤未办成：记录收回数" in shown()


@pytest.mark.parametrize("command", ["daily", "advance_rounds"])
def test_a_round_that_its_supervisors_open_waits_for_them_and_is_no_failure(command):
    round_ = make_open_round(rulebook={"box_key": "supervisors"})

    lines, refusal = output_of(command)

    round_.refresh_from_db()
    assert (refusal, round_.state) == (None, RoundState.OPEN)
    assert f"封箱（{round_}）：已截止，待监督员持密钥卡开箱。" in lines

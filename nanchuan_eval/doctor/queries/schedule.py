"""Reading what ran when: scheduled commands, backups, test restores, anchors, holidays, and what was left behind."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from nanchuan_eval.backups.leftovers import abandoned_files
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.backups.services import box_note
from nanchuan_eval.backups.trials import newest_trial
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.clock.queries import alarms
from nanchuan_eval.doctor.queries.database import scratch_databases
from nanchuan_eval.doctor.rules import schedule
from nanchuan_eval.doctor.rules.schedule import DAILY, TWICE_MISSED, Run, Saved
from nanchuan_eval.installation.rules import Level, Line
from nanchuan_eval.workdays.queries import declared_years

# The notice on next year's holidays usually comes in November.
NEXT_YEAR_FROM = (11, 1)
DAILY_ANCHOR = "每日锚点"


def schedule_lines(at: datetime) -> Iterator[Line]:
    """Yield everything that must happen by the clock."""
    yield from schedule.run_lines(runs(), at)
    saved = newest_saved()
    yield schedule.backup_line(saved, at, timedelta(days=settings.BACKUP_ALARM_DAYS))
    yield from filter(None, [schedule.trial_line(saved, at, timedelta(days=settings.RESTORE_TEST_DAYS))])
    anchored = AuditAnchor.objects.filter(occasion=DAILY_ANCHOR).order_by("-at").values_list("at", flat=True).first()
    yield schedule.anchor_line(anchored, at)
    voting = [] if box_note() else [path.name for path in _kept("*-voting.tar.age")]
    abandoned = abandoned_files(at)
    folders = [path.name for path in abandoned if path.is_dir()]
    unfinished = [path.name for path in abandoned if not path.is_dir()]
    yield from schedule.leftover_lines(voting, folders, unfinished, scratch_databases())
    today = timezone.localdate(at)
    is_late = (today.month, today.day) >= NEXT_YEAR_FROM
    yield from schedule.holiday_lines(set(declared_years()), today.year, is_late)
    for alarm in alarms:
        yield from (Line(Level.FAULT, "告警", text) for text in alarm(at))


def runs() -> list[Run]:
    """Return the scheduled commands with their last run (one query)."""
    known = {run.name: run for run in ClockRun.objects.all()}
    patience = timedelta(minutes=settings.CLOCK_ALARM_MINUTES)
    wanted = (
        ("advance_rounds", "截止封箱和短信发送", timedelta(minutes=15), max(patience, timedelta(minutes=15))),
        ("daily", "到期清除和提醒", DAILY, TWICE_MISSED),
    )
    return [
        Run(name, what, known[name].at, known[name].failed, late, dead)
        if name in known
        else Run(name, what, None, "", late, dead)
        for name, what, late, dead in wanted
    ]


def newest_saved() -> Saved:
    """Return when the newest backup and the newest test restore were made (two queries), and what is in the folder."""
    newest = Backup.objects.order_by("-made_at").values_list("made_at", "name", "size").first()
    made_at, name, size = newest or (None, "", 0)
    trial = newest_trial()
    tested_at, is_restorable, fault = (
        (trial.at, trial.result == AuditEntry.Result.OK, trial.reason) if trial else (None, False, "")
    )
    was_missing = trial is not None and bool(trial.detail.get("missing"))
    return Saved(made_at, tested_at, is_restorable, fault, was_missing, name, size, _stored(name))


def newest_backup_size() -> int:
    """Return the bytes of the newest backup; 0 before the first."""
    return Backup.objects.order_by("-made_at").values_list("size", flat=True).first() or 0


def _stored(name: str) -> int | None:
    """Return the bytes of a file in the folder of backups; None if it is not there."""
    try:
        return (Path(settings.BACKUP_ROOT) / name).stat().st_size
    except OSError:
        return None


def _kept(pattern: str) -> list[Path]:
    try:
        return sorted(Path(settings.BACKUP_ROOT).glob(pattern))
    except OSError:
        return []

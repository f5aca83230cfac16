"""Scheduled commands (定时任务): every step by itself, so that a failing one stops no other; safe to run at once.

Also the refusal to act while the clocks cannot be trusted.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.management.base import CommandError, OutputWrapper
from django.db import connection, transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.clock.queries import clock_faults
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A step of a scheduled command; `run` returns its summary in Chinese and raises if the step failed."""

    label: str
    run: Callable[[], str]


def run_jobs(name: str, jobs: Iterable[Job], *, at: datetime, out: OutputWrapper) -> None:
    """Run the steps of a command, write one line for each, and raise CommandError at the end if any failed."""
    failed = [job.label for job in jobs if not _succeeds(job, out)]
    _record_run(name, "、".join(failed), at)
    if failed:
        raise CommandError(f"有{len(failed)}个步骤未办成：{'、'.join(failed)}。其余步骤已办理。")


def require_sound_clock() -> None:
    """Refuse to open or seal a round while the time cannot be trusted; the alarm is on the security page, too."""
    faults = clock_faults()
    if faults:
        log.error("%s", "；".join(faults))
        raise RuleViolation(*faults, "请运维人员校准时钟后再办理。")


def check_clock() -> str:
    """Return one line, in Chinese, that the clocks agree; refuses if they do not."""
    require_sound_clock()
    return "正常。"


@transaction.atomic
def confirm_clock(*, reason: str, at: datetime) -> None:
    """Accept the present time after the clock was set back (确认时钟): later runs of the commands are forgotten."""
    if not reason.strip():
        raise RuleViolation("请填写时钟被调回的原因和核对情况。")
    ClockRun.objects.filter(at__gt=at).update(at=at)
    audit.record("clock.confirmed", None, by=policy.OPERATOR, at=at, reason=reason.strip())


def wait_for_turn(name: str) -> None:
    """Let simultaneous runs do the work one after another, until the end of the caller's transaction."""
    ClockRun.objects.select_for_update().get_or_create(name=name, defaults={"at": NEVER})


def _succeeds(job: Job, out: OutputWrapper) -> bool:
    try:
        summary, is_done = job.run(), True
    except RuleViolation as refusal:
        summary, is_done = f"未办成：{'；'.join(refusal.reasons)}", False
    except Exception as fault:  # whatever it is, the other steps must run
        log.exception("%s", job.label)
        summary, is_done = f"未办成，程序出错（{type(fault).__name__}），详见服务器日志。", False
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
    out.write(f"{job.label}：{summary}")
    return is_done


@transaction.atomic
def _record_run(name: str, failed: str, at: datetime) -> None:
    run, _ = ClockRun.objects.select_for_update().get_or_create(name=name, defaults={"at": at})
    run.at, run.failed = max(run.at, at), failed
    run.save(update_fields=["at", "failed"])

"""What must happen by the clock (定时任务、备份、试恢复、锚点): when it last did, and whether that is too long ago."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from nanchuan_eval.installation.rules import Level, Line

# A job that runs once a day may be late by a few hours before anybody is told.
DAILY = timedelta(hours=26)
TWICE_MISSED = timedelta(hours=50)
LOOK = "请在服务器上检查定时任务（systemctl list-timers）和它的日志。"
MEND = "请查看服务器日志，排除原因后再运行一次。"


@dataclass(frozen=True)
class Run:
    """A scheduled command: when it last ran, which steps failed then, and after how long its silence is a fault."""

    name: str
    what: str
    ran_at: datetime | None
    failed: str
    late_after: timedelta
    dead_after: timedelta


@dataclass(frozen=True)
class Saved:
    """The newest backup (备份) and the newest test restore (试恢复) of one."""

    made_at: datetime | None
    tested_at: datetime | None
    is_restorable: bool
    # Why the last test restore failed, in Chinese.
    fault: str = ""
    # The file was not on this machine, so that nothing was tried.
    was_missing: bool = False
    # The newest backup as registered, and the bytes of its file in BACKUP_ROOT; None if it is not there.
    name: str = ""
    size: int = 0
    stored: int | None = None


def run_lines(runs: list[Run], at: datetime) -> Iterator[Line]:
    """Yield a line for each scheduled command."""
    for run in runs:
        subject = f"定时任务 {run.name}"
        if run.ran_at is None:
            yield Line(Level.FAULT, subject, f"从未运行，{run.what}不会自动办理。{LOOK}")
        elif (age := at - run.ran_at) > run.late_after:
            level = Level.FAULT if age > run.dead_after else Level.WARNING
            yield Line(level, subject, f"已{in_words(age)}没有运行，{run.what}停止办理。{LOOK}")
        elif run.failed:
            yield Line(Level.FAULT, subject, f"最近一次运行有步骤未办成：{run.failed}。{MEND}")
        else:
            yield Line(Level.GOOD, subject, f"{in_words(age)}前运行过。")


def backup_line(saved: Saved, at: datetime, alarm_after: timedelta) -> Line:
    """Return how old the newest backup is, and whether its file is there as registered."""
    if saved.made_at is None:
        return Line(Level.FAULT, "备份", f"还没有备份。请运行 manage.py backup，并检查每天的备份任务。{LOOK}")
    age = at - saved.made_at
    if saved.stored is not None and saved.stored != saved.size:
        text = f"最近一份“{saved.name}”的大小与登记的不符，不能恢复。请检查磁盘，重新运行 manage.py backup。"
        return Line(Level.FAULT, "备份", text)
    if saved.stored is None and age <= DAILY:
        text = f"最近一份“{saved.name}”不在备份目录中，试恢复不能进行。"
        text += "请把它放回备份目录，或者重新运行 manage.py backup；送往另一台机器的，用复制，不要移走。"
        return Line(Level.WARNING, "备份", text)
    if age <= DAILY:
        return Line(Level.GOOD, "备份", f"最近一次在{in_words(age)}前。")
    level = Level.FAULT if age > alarm_after else Level.WARNING
    text = f"最近一次备份在{in_words(age)}前，应当每天备份。请运行 manage.py backup。{LOOK}"
    return Line(level, "备份", text)


def trial_line(saved: Saved, at: datetime, late_after: timedelta) -> Line | None:
    """Return whether the newest test restore succeeded and is recent; None before the first backup."""
    if saved.made_at is None:
        return None
    how = "请运行 manage.py test_restore，并检查每周的试恢复任务。"
    if saved.tested_at is None:
        return Line(Level.WARNING, "试恢复", f"备份从未试恢复过，能否恢复没有验证。{how}")
    age = at - saved.tested_at
    if saved.was_missing:
        text = f"{in_words(age)}前没有试成：{saved.fault.rstrip('。')}。"
        return Line(Level.WARNING, "试恢复", f"{text}请把最近的备份放回备份目录，再运行 manage.py test_restore。")
    if not saved.is_restorable:
        text = f"{in_words(age)}前的试恢复没有成功：{saved.fault.rstrip('。')}。"
        return Line(Level.FAULT, "试恢复", f"{text}请排除原因，重新备份，再运行 manage.py test_restore。")
    if age > late_after:
        return Line(Level.WARNING, "试恢复", f"最近一次试恢复在{in_words(age)}前。{how}")
    return Line(Level.GOOD, "试恢复", f"最近一次在{in_words(age)}前，成功。")


def anchor_line(anchored_at: datetime | None, at: datetime) -> Line:
    """Return whether the audit log is anchored every day."""
    how = "请每天运行 manage.py anchor_audit --append，写到另一台机器的文件中。"
    if anchored_at is None:
        return Line(Level.WARNING, "日志锚点", f"还没有每日锚点，日志被整体改写将无从发现。{how}")
    age = at - anchored_at
    if age > TWICE_MISSED:
        return Line(Level.WARNING, "日志锚点", f"最近一个每日锚点在{in_words(age)}前。{how}")
    return Line(Level.GOOD, "日志锚点", f"最近一个在{in_words(age)}前。")


def leftover_lines(
    voting_files: list[str], folders: list[str], unfinished: list[str], databases: list[str]
) -> Iterator[Line]:
    """Yield what backups and test restores have left behind: somebody, or the daily job, has to destroy it."""
    if voting_files:
        text = f"没有待封箱的评议票，投票期间的备份{_named(voting_files)}仍在备份目录中，应当销毁。"
        text += "请删除这些文件和它们的副本。"
        yield Line(Level.WARNING, "投票期间的备份", text)
    if folders:
        text = f"备份目录中有中断的备份或者试恢复留下的文件夹{_named(folders)}，其中的数据库没有加密。"
        text += "每日任务会清除；次日仍在的，请删除。"
        yield Line(Level.FAULT, "残留的文件夹", text)
    if unfinished:
        text = f"备份目录中有没有写完的备份{_named(unfinished)}，不能恢复。每日任务会清除；不等的，请删除。"
        yield Line(Level.WARNING, "没有写完的备份", text)
    if databases:
        text = f"有中断的核对、试恢复或者恢复留下的数据库{_named(databases)}。"
        text += "没有人连接的，每日任务会在次日清除；不等的，先确认没有在试恢复、恢复，再用 dropdb 删除。"
        yield Line(Level.WARNING, "残留的数据库", text)


def holiday_lines(declared: set[int], year: int, is_late: bool) -> Iterator[Line]:
    """Yield the years whose holidays are not confirmed; the next one counts once its notice has usually come."""
    for number in [year, *([year + 1] if is_late else [])]:
        how = "请由评议办工作人员在“系统 → 节假日与调休”录入国务院办公厅公布的安排，再确认录全。"
        bad = f"{number}年的节假日尚未确认录全，期限按周一至周五计算。{how}"
        is_known = number in declared
        yield Line(Level.GOOD if is_known else Level.WARNING, "节假日", f"{number}年已确认录全。" if is_known else bad)


def in_words(age: timedelta) -> str:
    """Return how long ago something was, in Chinese, as coarse as it matters."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes}分钟"
    if minutes < 48 * 60:
        return f"{minutes // 60}小时"
    return f"{minutes // (24 * 60)}天"


def _named(names: list[str]) -> str:
    shown = "、".join(f"“{name}”" for name in names[:3])
    return f"{shown}等{len(names)}个" if len(names) > 3 else shown

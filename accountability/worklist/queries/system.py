"""What waits for those who run the system: accounts, backups, the audit log, holidays, alarms."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.urls import reverse

from accountability.worklist.queries.source import Asked, Columns, Row, Source
from accountability.worklist.rules import WorkItem
from nanchuan_eval.account_lists.queries import letters, requested
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.backups.trials import TESTED
from nanchuan_eval.clock.queries import raised_alarms
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import STAFF_ROLES, User
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from nanchuan_eval.workspace.rules import Phase

# The notice on next year's holidays usually comes in November.
NEXT_YEAR_FROM = (11, 1)
ACCOUNTS, SECURITY = frozenset({Role.SYSTEM_ADMIN}), frozenset({Role.SECURITY_ADMIN})
ALARMED = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})


def _accounts(condition: Callable[[Asked], Q]) -> Callable[[Asked], Columns]:
    def rows(asked: Asked) -> Columns:
        found = User.objects.filter(condition(asked), is_active=True)
        return Columns(found, title="username", detail="name", since="created_at")

    return rows


def _without_factor(_: Asked) -> Q:
    bound = SecondFactor.objects.filter(user=OuterRef("pk"), confirmed=True)
    wanted = Q(role__in=STAFF_ROLES) if settings.REQUIRE_OTP else Q(pk=None)
    return wanted & ~Exists(bound) & Q(password_set_at__isnull=False)


def _with_dead_link(asked: Asked) -> Q:
    """Accounts whose link for setting a password has expired; those without one get a letter."""
    return Q(password_set_at=None, link_issued_at__lte=asked.at - timedelta(hours=settings.LINK_HOURS))


def _dormant(asked: Asked) -> Q:
    """Accounts that will soon be disabled because nobody uses them."""
    since = asked.at - timedelta(days=settings.DORMANT_DAYS)
    return Q(last_login__lt=since) | Q(last_login=None, created_at__lt=since, password_set_at__isnull=False)


def _once(
    rows: Callable[[datetime], QuerySet[Any]], begun: QuerySet[Any], *, at: str, late_after: str
) -> Callable[[Asked], Columns]:
    """Return one row for the account unless the deed was done, or the work began, in the last days (a setting).

    `begun` = rows since which the days count, by their field `at`.
    """

    def found(asked: Asked) -> Columns:
        since = asked.at - timedelta(days=getattr(settings, late_after))
        return Columns(asked.self.filter(Exists(begun.filter(**{f"{at}__lt": since})), ~Exists(rows(since))))

    return found


def _never_saved(asked: Asked) -> Columns:
    return Columns(asked.self.filter(~Exists(Backup.objects.all())))


def _not_restorable(asked: Asked) -> Columns:
    newest = AuditEntry.objects.filter(action=TESTED).order_by("-seq").values("result")[:1]
    failed = asked.self.annotate(tried=Subquery(newest)).filter(tried=AuditEntry.Result.REFUSED)
    return Columns(failed)


def _open_year(number: Callable[[date], int], begins: Callable[[date], bool]) -> Callable[[Asked], Columns]:
    def rows(asked: Asked) -> Columns:
        year = number(asked.today)
        known = CompleteYear.objects.filter(year=year)
        found = asked.self.filter(~Exists(known)) if begins(asked.today) else asked.self.none()
        entered = Case(When(Exists(Holiday.objects.filter(day__year=year)), Value("entered")), default=Value(""))
        return Columns(found, ref=Value(str(year)), detail=entered, due_on=Value(date(number(asked.today) - 1, 12, 31)))

    return rows


def _is_late_in_the_year(today: date) -> bool:
    return (today.month, today.day) >= NEXT_YEAR_FROM


def _account(row: Row) -> str:
    return reverse("admin:nanchuan_eval_user_change", args=[row.ref])


def _year_text(row: Row) -> str:
    return f"确认{row.ref}年节假日已录全" if row.detail else f"录入{row.ref}年节假日和调休，录全后确认"


def _year(row: Row) -> str:
    if not row.detail:
        return reverse("admin:nanchuan_eval_holiday_add")
    return reverse("admin:holidays-declare", args=[int(row.ref)])


def _whenever(_: Row) -> date | None:
    return None


def _whom(text: str) -> Callable[[Row], str]:
    return lambda row: f"账号{row.title}（{row.detail}）{text}"


def _old_entries(asked: Asked) -> Columns:
    old = AuditEntry.objects.filter(at__lt=asked.at - timedelta(days=settings.LOG_ARCHIVE_DAYS))
    return Columns(asked.self.filter(Exists(old)))


S = Phase.SYSTEM
SOURCES = (
    Source(
        "year",
        S,
        ("round.edit",),
        _open_year(lambda today: today.year, lambda _: True),
        _year_text,
        _year,
        proposal=lambda row: f"holidays.declare:{row.ref}",
    ),
    Source(
        "next-year",
        S,
        ("round.edit",),
        _open_year(lambda today: today.year + 1, _is_late_in_the_year),
        _year_text,
        _year,
        proposal=lambda row: f"holidays.declare:{row.ref}",
    ),
    Source(
        "password",
        S,
        ("user.pwlink", "user.create"),
        _accounts(_with_dead_link),
        _whom("没有设置口令，链接已经失效，重新发放"),
        _account,
    ),
    Source(
        "person-code",
        S,
        ("user.create",),
        _accounts(lambda _: Q(person_code="")),
        _whom("没有人员编号，请填写"),
        _account,
    ),
    Source(
        "unused",
        S,
        ("user.create", "session.kill"),
        _accounts(_dormant),
        _whom("长期未登录，核对后停用"),
        _account,
    ),
    Source(
        "role",
        S,
        ("role.grant", "role.grant.admin"),
        _accounts(lambda _: Q(role="", requested_role="")),
        _whom("尚无角色，提请授权"),
        _account,
        model="nanchuan_eval.User",
    ),
    Source(
        "factor",
        S,
        ("mfa.reset",),
        _accounts(_without_factor),
        _whom("尚未绑定动态口令，督促绑定"),
        _account,
    ),
    Source(
        "first-backup",
        S,
        ("backup.make",),
        _never_saved,
        lambda _: "尚未备份，请立即备份",
        lambda _: reverse("admin:backup-make"),
        due=_whenever,
    ),
    Source(
        "backup",
        S,
        ("backup.make",),
        _once(
            lambda since: Backup.objects.filter(made_at__gte=since),
            Backup.objects.all(),
            at="made_at",
            late_after="BACKUP_ALARM_DAYS",
        ),
        lambda _: f"超过{settings.BACKUP_ALARM_DAYS}日没有备份，请立即备份，并检查每日备份任务",
        lambda _: reverse("admin:backup-make"),
        due=_whenever,
    ),
    Source(
        "test-restore",
        S,
        ("backup.make",),
        _not_restorable,
        lambda _: "最近的备份试恢复没有成功，请按系统体检所列排除原因，重新备份",
        lambda _: reverse("doctor"),
        due=_whenever,
    ),
    Source(
        "verify",
        S,
        ("log.verify",),
        _once(
            lambda since: AuditEntry.objects.performed().filter(action="log.verify", at__gte=since),
            AuditEntry.objects.all(),
            at="at",
            late_after="LOG_VERIFY_DAYS",
        ),
        lambda _: f"超过{settings.LOG_VERIFY_DAYS}日没有验证操作日志，请验证",
        lambda _: reverse("admin:audit-verify"),
        roles=frozenset({Role.AUDITOR}),
    ),
    Source(
        "archive-log",
        S,
        ("log.archive",),
        _old_entries,
        lambda _: f"有满{settings.LOG_ARCHIVE_DAYS}日的操作日志，提请归档",
        lambda _: reverse("admin:audit-archive"),
        due=_whenever,
        proposal=lambda _: "log.archive",
    ),
)


def alarms(asked: Asked) -> Iterator[WorkItem]:
    """Yield the alarms of clock, vote and box key for those who mend or watch them."""
    if asked.user.role not in ALARMED:
        return
    place = reverse("policy" if asked.user.role == Role.SECURITY_ADMIN else "home")
    for number, text in enumerate(raised_alarms(asked.at)):
        yield WorkItem(f"alarm-{asked.today}-{number}", text, asked.today, place, phase=Phase.SYSTEM)


def account_lists(asked: Asked) -> Iterator[WorkItem]:
    """Yield the roles of accounts from a list that are to be proposed, and the letters to be printed."""
    if asked.user.role == Role.SECURITY_ADMIN and (count := len(requested()[0])):
        what = f"提请给名单中的账号授权（{count}个）"
        yield WorkItem("account-requests", what, None, reverse("account-requests"), Phase.SYSTEM)
    if asked.user.role == Role.SYSTEM_ADMIN and (count := len(letters(asked.at).due)):
        what = f"打印登录通知书（{count}人）"
        yield WorkItem("account-letters", what, None, reverse("account-letters"), Phase.SYSTEM)

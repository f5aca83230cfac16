"""What waits for those who run the system: true from the first minute, and never a command."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.queries.items import work_items_of
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.accounts.services import end_sessions
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from tests.accountability.factories import make_account
from tests.factories import make_round

pytestmark = pytest.mark.django_db


def shown(user, at):
    return " ".join(item.what for item in work_items_of(user, at=at))


def test_a_new_system_has_no_backup_yet_and_is_not_late():
    keeper, now = make_account(Role.SYSTEM_ADMIN), timezone.now()

    assert "尚未备份" in shown(keeper, now)
    assert "没有备份，" not in shown(keeper, now)


def test_a_backup_grows_old(settings):
    keeper, now = make_account(Role.SYSTEM_ADMIN), timezone.now()
    Backup.objects.create(name="b.age", sha256="0" * 64, size=1, made_at=now, seq=1)

    late = now + timedelta(days=settings.BACKUP_ALARM_DAYS + 1)

    assert "备份" not in shown(keeper, now)
    assert f"超过{settings.BACKUP_ALARM_DAYS}日没有备份" in shown(keeper, late)
    assert "manage.py" not in shown(keeper, late)


def test_a_new_log_need_not_be_verified_before_its_term(settings):
    auditor, now = make_account(Role.AUDITOR), timezone.now()
    end_sessions(account_id=auditor.pk, by=make_account(Role.SYSTEM_ADMIN), at=now)

    late = now + timedelta(days=settings.LOG_VERIFY_DAYS + 1)
    (item,) = [each for each in work_items_of(auditor, at=late) if "验证操作日志" in each.what]

    assert "验证" not in shown(auditor, now)
    assert item.address == reverse("admin:audit-verify")


def test_a_year_without_entries_leads_to_where_they_are_entered(settings):
    settings.TWO_PERSON_RULE = True
    clerk, now = make_account(Role.CLERK), timezone.now()
    year = timezone.localdate().year
    CompleteYear.objects.all().delete()
    Holiday.objects.all().delete()

    def address():
        return next(item.address for item in work_items_of(clerk, at=now) if f"{year}年" in item.what)

    assert address() == reverse("admin:nanchuan_eval_holiday_add")
    Holiday.objects.create(day=timezone.localdate(), name="元旦")
    assert address() == reverse("admin:holidays-declare", args=[year])


@pytest.mark.parametrize(("role", "is_warned"), [(Role.CLERK, True), (Role.LIAISON, False), (Role.SYSTEM_ADMIN, True)])
def test_only_those_who_answer_for_the_vote_are_warned_of_the_clock(role, is_warned):
    now = timezone.now()
    make_round(state=RoundState.OPEN, opens_at=now - timedelta(days=2), closes_at=now + timedelta(days=9))
    client = Client()
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    page = client.get(reverse("home")).content.decode()

    assert ("定时任务已超过" in page) == is_warned
    assert "manage.py" not in page

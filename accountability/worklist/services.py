"""E-mail reminders (提醒): each task once per degree of urgency, to the address the account has set."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from accountability.cases.rules.deadlines import URGENT
from accountability.worklist.models import Reminder, ReminderAddress
from accountability.worklist.queries.items import work_items_of
from accountability.worklist.rules import WorkItem
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import scrub
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import Declared, in_chinese, with_hint

log = logging.getLogger(__name__)
OWN = "session.own"  # the permission for one's own account


@transaction.atomic
def set_address(*, email: str, by: User, at: datetime) -> None:
    """Set the account's address for reminders; an empty one turns them off."""
    policy.check(by, OWN, own=True)
    if email:
        ReminderAddress.objects.update_or_create(account=by, defaults={"email": email})
    else:
        ReminderAddress.objects.filter(account=by).delete()
    audit.record(OWN, by, by=by, at=at, detail={"step_label": "设置提醒邮箱", "has_address": bool(email)})


def retention_rules() -> list[RetentionRule]:
    """Return the retention period of addresses: as long as their account can be used."""
    return [
        RetentionRule(
            "提醒邮箱",
            "账号停用前",
            lambda _: ReminderAddress.objects.filter(account__is_active=False),
            lambda rows: rows.delete(),
            partial(scrub, (ReminderAddress,)),
        )
    ]


def send_reminders(*, at: datetime) -> tuple[int, list[str]]:
    """Send every account its newly urgent tasks (idempotent); returns the number of e-mails and the failures."""
    sent, faults = 0, []
    for address in ReminderAddress.objects.filter(account__is_active=True).select_related("account"):
        try:
            sent += _remind(address, at)
        except Exception as fault:  # one failing mailbox must not stop the others
            log.exception("reminder")
            faults.append(f"{address.account.username}：{fault}")
    return sent, faults


def remind_all(*, at: datetime) -> str:
    """Send the reminders and return a summary in Chinese; raises RuleViolation if some could not be sent."""
    sent, faults = send_reminders(at=at)
    if faults:
        raise RuleViolation(f"已发送提醒邮件{sent}封；部分提醒未发送，下次运行时重新发送：{'；'.join(faults)}")
    return f"已发送提醒邮件{sent}封。"


@transaction.atomic
def _remind(address: ReminderAddress, at: datetime) -> int:
    """Send one e-mail with the new tasks, recorded first: a failed e-mail rolls its record back."""
    ReminderAddress.objects.select_for_update().get(pk=address.pk)
    items = work_items_of(address.account, at=at)
    fresh = list(_fresh(address.account, items, at))
    if not fresh:
        return 0
    Reminder.objects.bulk_create(Reminder(account=address.account, key=key, sent_at=at) for key, _ in fresh)
    declared = declared_years()
    lines = "\n".join(_line(item, declared) for _, item in fresh)
    send_mail(
        f"最难办事科室群众评：{len(fresh)}件待办",
        f"{address.account.name}，您好！您有下列待办事项，请及时登录系统办理：\n\n{lines}\n\n本邮件由系统自动发出，请勿回复。",
        settings.DEFAULT_FROM_EMAIL,
        [address.email],
    )
    return 1


def _fresh(user: User, items: Sequence[WorkItem], at: datetime) -> Iterator[tuple[str, WorkItem]]:
    """Yield the urgent tasks not sent yet; what was done is forgotten, for a task of the same key may come again."""
    today, keys = timezone.localtime(at).date(), {item.key for item in items}
    sent = dict(Reminder.objects.filter(account=user).values_list("key", "pk"))
    known = {key: pk for key, pk in sent.items() if key.rpartition("/")[0] in keys}
    Reminder.objects.filter(pk__in=set(sent.values()) - set(known.values())).delete()
    for item in items:
        degree = item.urgency(today)
        key = f"{item.key}/{degree}"
        if degree in URGENT and key not in known:
            yield key, item


def _line(item: WorkItem, declared: Declared) -> str:
    if item.due_on is None:
        return f"· {item.what}"
    return with_hint(f"· {item.what}，期限{in_chinese(item.due_on)}", item.term, declared)

"""待办: an account's work list and its address for reminders."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.models import ReminderAddress
from accountability.worklist.queries import grouped, work_items_of
from accountability.worklist.services import set_address
from evaluations.rounds.models import Round
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view

# Pages linked from the work list: (address, name, action, limited to one's own).
PAGES = (
    ("accountability:commission", "前十名和结果", "top10.view", False),
    ("accountability:unit", "本单位结果", "rank.own", True),
    ("accountability:rectifications", "整改台账", "rect.view", True),
    ("accountability:objections", "异议和申诉", "appeal.view", True),
    ("accountability:inspections", "暗访督查", "insp.plan.view", True),
    ("accountability:leads", "问题线索", "acc.talk.leader", True),
    ("accountability:personnel", "影响期查询", "acc.hold.set", False),
    ("accountability:assessment", "年度综合考核", "acc.assess", False),
    ("accountability:places", "全部科室排名", "rank.full", False),
    ("accountability:roster", "评议对象名录", "roster.view", True),
    ("accountability:monitor", "回收监测和票箱", "round.monitor", False),
    ("draws", "抽取公开", "draw.names", True),
    ("accountability:suggestion-desk", "群众建议", "publish.draft", False),
    ("accountability:retention", "到期清除", "retention.purge", False),
)
# Pages linked for these roles only: the others have fuller ones in the admin site or among the commission's.
READERS = {
    "accountability:unit": {Role.LIAISON},
    "accountability:places": {Role.PERSONNEL},
    "accountability:roster": {Role.SUPERVISOR, Role.LIAISON, Role.INSPECTOR},
    "accountability:monitor": {Role.SUPERVISOR},
    "draws": {Role.SUPERVISOR},
}


class AddressForm(forms.Form):
    """E-mail address for reminders; empty for none."""

    email = forms.EmailField(label="电子邮箱", required=False)


@staff_view
def work(request: HttpRequest) -> HttpResponse:
    """Show the account's tasks by urgency, each linked to its page, and the other pages it may open."""
    user = account_of(request)
    today = timezone.localdate()
    items = work_items_of(user, today)
    context = {
        "groups": grouped(items, today),
        "count": len(items),
        "pages": pages_of(user),
        "is_demo": Round.objects.filter(is_demo=True).exists(),
    }
    return render(request, "accountability/worklist/work.html", context)


@staff_view
def reminders(request: HttpRequest) -> HttpResponse:
    """Set the e-mail address for reminders (设置提醒邮箱)."""
    user = account_of(request)
    known = ReminderAddress.objects.filter(account=user).first()
    page = FormPage(
        "提醒邮箱",
        "保存邮箱",
        reverse("accountability:work"),
        note="到期前7日、到期当日和逾期时各提醒一次，邮件只写事项名称和期限。不填写邮箱的，只在系统中提醒。",
    )

    form = AddressForm(request.POST or None, initial={"email": known.email if known else ""})
    return show_form(request, form, page, set_address)


def pages_of(user: User) -> list[tuple[str, str]]:
    """(address, name) of the pages that the account may open."""
    return [(reverse(address), name) for address, name, action, own in PAGES if _sees(user, address, action, own)]


def _sees(user: User, address: str, action: str, own: bool) -> bool:
    is_reader = address not in READERS or user.role in READERS[address]
    return is_reader and policy.may_see(user, action, own=own)

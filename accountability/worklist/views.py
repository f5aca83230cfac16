"""The home page every account lands on (工作台), and its address for reminders."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accountability.worklist.models import ReminderAddress
from accountability.worklist.pages import home_page
from accountability.worklist.services import set_address
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.workspace.pages import navigation_of


class AddressForm(forms.Form):
    """E-mail address for reminders; empty for none."""

    email = forms.EmailField(label="电子邮箱", required=False)


@staff_view
def home(request: HttpRequest) -> HttpResponse:
    """Show where the rounds stand, what waits for the account and what comes next."""
    page = home_page(account_of(request), clock.now())
    tabs = navigation_of(request)
    context = {"page": page, "tabs": tabs, "is_demo": page.is_demo}
    return render(request, "accountability/worklist/home.html", context)


@staff_view
def reminders(request: HttpRequest) -> HttpResponse:
    """Set the e-mail address for reminders (设置提醒邮箱)."""
    user = account_of(request)
    known = ReminderAddress.objects.filter(account=user).first()
    page = FormPage(
        "提醒邮箱",
        "保存邮箱",
        reverse("home"),
        note="到期前7日、到期当日和逾期时各提醒一次，邮件只写事项名称和期限。不填写邮箱的，只在系统中提醒。",
    )

    form = AddressForm(request.POST or None, initial={"email": known.email if known else ""})
    return show_form(request, form, page, set_address)

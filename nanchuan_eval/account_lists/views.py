"""Pages for accounts made from a list: their roles proposed together, their letters printed together."""

from functools import partial

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from nanchuan_eval.account_lists import queries
from nanchuan_eval.account_lists.services import print_letters, propose_requested
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.downloads import download

REASON = "按账号名单授权"


@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest) -> HttpResponse:
    """Show the accounts that wait for the role of their list; propose the chosen ones (按名单提请授权)."""
    user = account_of(request)
    policy.check_may_start(user, queries.GRANT)
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:300] or REASON
        propose = partial(propose_requested, account_ids=_chosen(request), reason=reason, by=user, at=clock.now())
        if number := attempt(request, propose):
            done = (
                "已提请{}个账号的授权，等待评议办负责人审批。"
                if policy.requires_approval(queries.GRANT)
                else "已授权{}个账号。"
            )
            messages.success(request, done.format(number))
        return redirect("account-requests")
    waiting, proposed = queries.requested()
    context = {
        "waiting": queries.rows(waiting),
        "proposed": queries.rows(proposed),
        "reason": REASON,
        "title": "按名单提请授权",
    }
    return render(request, "nanchuan_eval/account_lists/requests.html", {**admin.site.each_context(request), **context})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: HttpRequest) -> HttpResponse:
    """Show the accounts that wait for their letter; print those of the chosen ones, once (打印登录通知书)."""
    user, at = account_of(request), clock.now()
    policy.check_may_start(user, "user.pwlink")
    if request.method == "POST":
        site = request.build_absolute_uri("/")
        pdf = attempt(request, partial(print_letters, account_ids=_chosen(request), site=site, by=user, at=at))
        return download(pdf, "登录通知书.pdf") if pdf else redirect("account-letters")
    groups = queries.letters(at)
    context = {
        "due": queries.rows(groups.due),
        "expired": queries.rows(groups.expired),
        "sent": queries.rows(groups.sent),
        "roleless": groups.roleless,
        "link_hours": settings.LINK_HOURS,
        "title": "登录通知书",
    }
    return render(request, "nanchuan_eval/account_lists/letters.html", {**admin.site.each_context(request), **context})


def _chosen(request: HttpRequest) -> list[int]:
    return [parse_id(text) for text in request.POST.getlist("account")]

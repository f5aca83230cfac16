"""The page 系统体检 for 系统管理员."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from nanchuan_eval.doctor.queries.examination import examine
from nanchuan_eval.doctor.queries.machine import network_subjects
from nanchuan_eval.installation.rules import Level
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of

# Whoever changes settings and upgrades mends what it finds.
ACTION = "sys.config"


@require_safe
def examination(request: HttpRequest) -> HttpResponse:
    """Show what `doctor` finds, and what is left out: what lies at other addresses, for which a page must not wait."""
    policy.check_sees(account_of(request), ACTION)
    lines = examine(timezone.now(), asks_others=False)
    context = {
        **admin.site.each_context(request),
        "title": "系统体检",
        "left_out": network_subjects(),
        "faults": [line for line in lines if line.level is Level.FAULT],
        "warnings": [line for line in lines if line.level is Level.WARNING],
        "good": [line for line in lines if line.level is Level.GOOD],
    }
    return render(request, "admin/nanchuan_eval/doctor.html", context)

"""Contents of the pages about the years of the table of holidays."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.workdays.approvals import DECLARE, WITHDRAW
from nanchuan_eval.workdays.models import CompleteYear
from nanchuan_eval.workdays.queries import year_of, years
from nanchuan_eval.workdays.rules import Year, doubts


def years_context(request: HttpRequest) -> dict[str, Any]:
    """Return the years with entries, the declared ones, this year and the next, with what the account may start."""
    user, today = account_of(request), timezone.localdate()
    declared = {row.year: row for row in CompleteYear.objects.select_related("declared_by")}
    found = years({today.year, today.year + 1, *declared})
    return {
        "years": [
            {
                "year": year,
                "days_off": len(year.days_off),
                "workdays": len(year.extra_workdays),
                "doubts": len(doubts(year)) if year.entries else 0,
                "declared": declared.get(year.number),
            }
            for year in found.values()
        ],
        "may_declare": approvals.may_start(user, DECLARE, kind_of(CompleteYear)),
        "may_withdraw": approvals.may_start(user, WITHDRAW, CompleteYear()),
        "year_proposals": [
            *approvals.waiting_about(user, kind_of(CompleteYear)),
            *approvals.waiting_about(user, *declared.values()),
        ],
    }


def year_facts(number: int) -> list[tuple[str, object]]:
    """Return what is entered for a year, and what to look at again, for the page that declares it complete."""
    year: Year = year_of(number)
    found = doubts(year)
    return [
        ("年份", f"{number}年"),
        (f"放假（{len(year.days_off)}天）", "\n".join(map(str, year.days_off)) or "尚未录入"),
        (f"调休上班（{len(year.extra_workdays)}天）", "\n".join(map(str, year.extra_workdays)) or "尚未录入"),
        ("请先核对", "\n".join(found) or "法定节假日的天数齐全，有调休上班日。"),
    ]

"""Change of the responsible head (更正责任人) by the commission."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accountability.case_lifecycle.services import responsible
from accountability.cases.models import Case
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import FormPage, account_of, show_form, staff_view
from nanchuan_eval.web.fields import TextField
from nanchuan_eval.workdays.rules import in_chinese


class HeadForm(forms.Form):
    """更正责任人: one of the heads in office during the rated period."""

    tenure = forms.ChoiceField(label="责任人", widget=forms.RadioSelect)
    reason = TextField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenure"].choices = choices  # type: ignore[attr-defined]


@staff_view
def change_responsible(request: HttpRequest, pk: int) -> HttpResponse:
    """Name another responsible head (更正责任人)."""
    policy.check(account_of(request), "acc.open")
    case = get_object_or_404(Case.objects.select_related("result__section", "result__round"), pk=pk)
    served = responsible.heads_in_period(case)
    page = FormPage(
        f"更正责任人：{case}",
        "更正责任人",
        reverse("admin:accountability_case_change", args=[case.pk]),
        [
            ("现责任人", case.head_name),
            ("评议期", f"{in_chinese(case.result.round.period_start)}至{in_chinese(case.result.round.period_end)}"),
        ],
        note=(
            "默认由评议期内任职时间较长的负责人为责任人。更正后，谈话对象和影响期随之变更，原影响期撤销并保留记录；"
            "改后的责任人已退休的，不设影响期。"
        ),
        done="责任人已更正。",
        refuses=partial(responsible.refuse_no_other_head, case),
    )

    def change(*, tenure: str, **given: Any) -> object:
        return responsible.change_responsible(case_id=case.pk, tenure_id=int(tenure), **given)

    choices = [(str(tenure.pk), f"{tenure.name}（评议期内任职{days}天）") for tenure, days in served]
    return show_form(request, HeadForm(request.POST or None, choices=choices), page, change)

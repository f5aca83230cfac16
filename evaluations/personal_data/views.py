"""Public page to request access to, correction or deletion of one's own data (个人信息申请)."""

from functools import partial

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evaluations.personal_data.models import Wish
from evaluations.personal_data.services.requests import submit_request
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.actions import attempt
from nanchuan_eval.web.fields import TextField
from nanchuan_eval.web.views import visitors_form


class RequestForm(forms.Form):
    """申请: only what is needed to answer."""

    wish = forms.TypedChoiceField(
        label="申请事项",
        choices=Wish.choices,
        coerce=Wish,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择申请事项。"},
    )
    phone = forms.CharField(
        label="手机号",
        max_length=20,
        error_messages={"required": "请填写手机号。"},
        help_text="名单库中登记的11位手机号；只用来找到您的信息和答复您",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    text = TextField(
        label="说明",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="申请更正的，写明哪一项有误、应当怎样更正",
    )


@never_cache
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest) -> HttpResponse:
    """Store a request and show its number; the page does not reveal whether the phone is known."""
    form = RequestForm(request.POST or None)
    ask = partial(submit_request, at=clock.now())
    if form.is_valid() and (row := attempt(form, partial(ask, **form.cleaned_data))):
        return render(request, "evaluations/personal_data/privacy_requested.html", {"row": row})
    return render(
        request, "evaluations/personal_data/privacy_request.html", {"form": form}, status=400 if form.errors else 200
    )

"""制发公示和通报: papers of a published list for the office and the commission, each download logged."""

from datetime import date
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from accountability.results.forms import PaperRequestForm
from accountability.results.services import NOTICE, export_paper
from evaluations.publication.models import Publication
from evaluations.publication.queries import superiors
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import FormPage, account_of, attempt, render_form, staff_view
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workdays.rules import in_chinese

NOTE = (
    "公示和通报均以现行公示的内容生成。Word 文档使用仿宋、楷体、黑体和小标宋字体，可以在本机修改后印发；"
    "校验值列在附件“核验信息”中。每次下载均记入操作日志。"
)


@staff_view
def papers(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for a 公示 or 通报 (GET); download it (POST)."""
    user = account_of(request)
    policy.check_sees(user, "top10.view")
    round_ = get_object_or_404(Round, key=key)
    newest = Publication.objects.filter(round=round_).order_by("-version").first()
    if newest is None:
        raise Http404
    at = clock.now()
    today, published_on = timezone.localdate(at), timezone.localdate(newest.published_at)
    form = PaperRequestForm(
        request.POST or None,
        superiors=superiors(newest),
        example=_example(profile_of(round_).paper_code, published_on, today),
        initial={"dated_on": today, "which": request.GET.get("to", NOTICE)},
    )
    if form.is_valid():
        made = attempt(form, partial(export_paper, round_id=round_.pk, asked=form.asked(), by=user, at=at))
        if made:
            name, content = made
            return download(content, name)
    facts = [("轮次", round_.name), ("现行公示", f"第{newest.version}版，{in_chinese(published_on)}公示")]
    back = reverse("accountability:commission-round", args=[key])
    return render_form(request, form, FormPage("制发公示和通报", "下载文件", back, facts, note=NOTE))


def _example(code: str, published_on: date, today: date) -> str:
    """Return a 文号 for every year that a paper may be of: a 公示 is of the year of its publication."""
    numbers = [f"{code}〔{day.year}〕3号" for day in (published_on, today)]
    if published_on.year == today.year:
        return numbers[0]
    return f"公示填{numbers[0]}（公示年份），通报填{numbers[1]}（成文年份）"

"""The page of the profile, its form, and the logo that pages show."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.profile_changes.forms import ProfileForm
from nanchuan_eval.profile_changes.pages import profile_context
from nanchuan_eval.profile_changes.services import ACTION, propose_profile
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, account_of, show_form

NOTE = (
    "提请后由评议办负责人审批，同意后1分钟内在网页上生效。"
    "已经锁定名录的轮次，文书、通知、名单和个人信息说明仍用锁定时的内容。"
)


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The profile in force, the change that waits, and the versions before."""
    user = account_of(request)
    policy.check_sees(user, ACTION)
    context = {**admin.site.each_context(request), **profile_context(user)}
    return render(request, "nanchuan_eval/profile/profile.html", context)


def change(request: HttpRequest) -> HttpResponse:
    """Propose another profile."""
    user = account_of(request)
    policy.check_may_start(user, ACTION)
    form = ProfileForm(request.POST or None, request.FILES or None, profile=newest_profile())
    waits = [each for each in approvals.waiting_about(user, kind_of(ProfileVersion)) if each.approval.kind == ACTION]
    page = FormPage(
        "修改机构信息", "提请修改机构信息", reverse("profile"), note=NOTE, done="机构信息已修改。", waits=waits
    )
    return show_form(request, form, page, propose_profile)


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """A logo by its digest: for everybody once a version names it, before that for whoever sees the profile."""
    found = Logo.objects.filter(sha256=digest).first()
    is_public = found and ProfileVersion.objects.filter(content__logo=digest).exists()
    if not found or not (is_public or _sees(request)):
        raise Http404
    response = HttpResponse(bytes(found.png), content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_public else "private, no-store"
    return response


def _sees(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and policy.may_see(request.user, ACTION)

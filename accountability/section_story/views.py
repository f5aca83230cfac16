"""科室经过: one page with all that happened to a section, the newest round unfolded."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accountability.section_story.queries.story import read_story
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, staff_view


@staff_view
def story(request: HttpRequest, code: str) -> HttpResponse:
    """Show a section's story; one that the account may not see does not exist for it."""
    user = account_of(request)
    policy.check_sees(user, "rect.view", own=True)
    chapters = read_story(code, by=user)
    if not chapters:
        raise policy.Hidden(user, "rect.view", request.path)
    context = {
        "section": chapters[0].section,
        "chapters": chapters,
        "wanted": request.GET.get("round", chapters[0].key),
        "is_demo": any(chapter.round_ is not None and chapter.round_.is_demo for chapter in chapters),
    }
    return render(request, "accountability/section_story/story.html", context)

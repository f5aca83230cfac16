"""What each role is led to opens: no link of the pages that a role starts from ends in a refusal or a fault."""

import re
from html import unescape
from urllib.parse import urldefrag

import pytest

from evaluations.rounds.rules.lifecycle import LIFE, RoundState
from nanchuan_eval.approvals import services as approvals
from tests.factories import NOON, ROLES, make_round, make_user
from tests.security import scenario

pytestmark = pytest.mark.django_db
STARTS = ("/home/", "/work/", "/approvals/", "/account/")
HREF = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')
MAIN = re.compile(r"<main.*</main>|<div id=\"content\".*", re.DOTALL)
# No verb stands twice before a name that begins with it (确认确认抽取完成).
DOUBLED = re.compile(r"(确认|提请|审批|办理|登记|公布|作废)\1")
MOST_PAGES = 40


def links(text):
    return {urldefrag(unescape(found)).url for found in HREF.findall(text)}


def refused(client, starts):
    """Follow the links from these pages; yield (page, link, status) of those that do not open, and doubled verbs."""
    due, seen = [("", start) for start in starts], set(starts)
    for page, link in due:
        answer = client.get(link, follow=True)
        if answer.status_code not in {200, 405}:
            yield page, link, answer.status_code
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        text = answer.content.decode()
        if found := DOUBLED.search(re.sub(r"<[^>]+>", " ", text)):
            yield page, link, found.group()
        fresh = sorted(each for each in links(text) if each not in seen and not each.startswith("/static/"))
        seen.update(fresh)
        due += [(link, each) for each in fresh][: max(MOST_PAGES - len(due), 0)]


@pytest.mark.parametrize("role", ROLES)
def test_every_link_opens(client, settings, role):
    flags = scenario.flagged(scenario.counted())
    scenario.frozen()
    settings.TWO_PERSON_RULE = True
    clerk, chief = make_user("clerk"), make_user("chief")
    approvals.start("flag.decide", flags, by=clerk, at=NOON, verdict="kept", reason="已核查，属正常情况")
    account = make_user(role)
    approvals.start("role.grant", make_user("clerk"), by=make_user("security"), at=NOON, role="", unit_code="")
    approvals.start("round.void", flags.round, by=chief, at=NOON, reason="名录有误")
    client.force_login(account)

    assert list(refused(client, STARTS)) == []


@pytest.mark.parametrize("is_by_two", [True, False])
@pytest.mark.parametrize("state", LIFE[: LIFE.index(RoundState.COUNTED)])
def test_every_link_of_a_rounds_page_opens_for_all_who_see_the_page(client, settings, state, is_by_two):
    settings.TWO_PERSON_RULE = is_by_two
    page = f"/admin/evaluations/round/{make_round(state=state).pk}/change/"
    for role in ROLES:
        client.force_login(make_user(role))
        if (shown := client.get(page)).status_code == 200:
            refusals = [link for link in shown.context["page"].links if client.get(link.address).status_code == 403]
            assert (role, refusals) == (role, [])

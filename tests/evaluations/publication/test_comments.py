"""The period of the notice (公示期): what the list and the notice say, and until when units appeal."""

from datetime import date, timedelta

import pytest
import time_machine

from accountability.objections.services import filing_ends
from evaluations.publication.documents import notice_document
from evaluations.publication.models import Publication
from evaluations.publication.rules import comment_lines, comment_lines_on, last_day
from evaluations.publication.services import Correction, correct_publication
from tests.factories import make_user
from tests.security.scenario import published_list

RULES = {"appeal_days": 10, "office_phone": "023-71420000"}


def test_the_period_is_that_in_which_units_may_appeal():
    assert last_day(date(2020, 7, 27), RULES) == date(2020, 8, 6)


def test_a_list_names_its_period_and_whom_to_call():
    assert comment_lines(date(2020, 7, 27), RULES) == [
        "公示期：2020年7月27日至2020年8月6日。",
        "对公示内容有意见的，请在公示期内致电评议办（023-71420000）。",
        "被评议单位不服的，由本单位联络员在公示期内提出申诉；申诉期间，各项措施照常执行。",
    ]


@pytest.mark.parametrize("day", [date(2020, 7, 27), date(2020, 8, 6)])
def test_until_its_last_day_the_page_says_what_the_notice_says(day):
    assert comment_lines_on(day, date(2020, 7, 27), RULES) == comment_lines(date(2020, 7, 27), RULES)


def test_afterwards_the_page_says_that_the_period_is_over():
    assert comment_lines_on(date(2020, 8, 7), date(2020, 7, 27), RULES) == [
        "公示期：2020年7月27日至2020年8月6日。公示期已满。",
        "公示期满后，对公示内容仍有疑问的，可以致电评议办（023-71420000）。",
        "被评议单位提出申诉的期限已满。",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "over"), [(0, False), (400, True)])
def test_the_list_says_on_the_day_of_reading_whether_its_period_is_over(client, days, over):
    round_ = published_list()
    first = Publication.objects.get(round=round_)

    with time_machine.travel(first.published_at + timedelta(days=days), tick=False):
        page = client.get(f"/list/{round_.key}/").content.decode()

    assert ("公示期已满。" in page) == over
    assert ("请在公示期内" in page) != over


@pytest.mark.django_db
def test_the_list_does_not_say_that_ballots_were_drawn_where_all_count(client):
    page = client.get(f"/list/{published_list().key}/").content.decode()

    assert "抽样评议票，均可用公布的名单" not in page
    assert "收回的抽样评议票多于规定张数的，计票的票也由抽取产生" in page
    assert "抽样评议只计抽中的票" not in page


@pytest.mark.parametrize("rules", [{"appeal_days": 10}, {"appeal_days": 10, "office_phone": ""}])
def test_a_round_without_a_telephone_names_none(rules):
    assert comment_lines(date(2020, 7, 27), rules)[1] == "对公示内容有意见的，请在公示期内与评议办联系。"


@pytest.mark.django_db
def test_a_correction_does_not_prolong_the_period(client):
    round_ = published_list()
    first = Publication.objects.get(round=round_)
    correct_publication(
        round_id=round_.pk,
        correction=Correction("笔误"),
        by=make_user("commission"),
        at=first.published_at + timedelta(days=3),
    )

    corrected = notice_document(round_.publications.get(version=2))["comments"]

    assert corrected == notice_document(first)["comments"]
    ends = filing_ends(round_.results.filter(is_listed=True).first().section)
    assert f"至{ends.year}年{ends.month}月{ends.day}日。" in corrected[0]
    assert corrected[0] in client.get(f"/list/{round_.key}/").content.decode()


@pytest.mark.django_db
def test_only_the_newest_version_leads_to_the_rectifications(client):
    round_ = published_list()
    correct_publication(
        round_id=round_.pk,
        correction=Correction("笔误"),
        by=make_user("commission"),
        at=Publication.objects.get(round=round_).published_at,
    )
    code = round_.results.filter(is_listed=True).first().section.code
    link = f'href="/rectification/{round_.key}/#{code}"'

    assert link in client.get(f"/list/{round_.key}/").content.decode()
    assert link not in client.get(f"/list/{round_.key}/?version=1").content.decode()
    results = client.get(f"/rectification/{round_.key}/").content.decode()
    assert f'id="{code}"' in results
    assert f'href="/list/{round_.key}/#{code}"' in results

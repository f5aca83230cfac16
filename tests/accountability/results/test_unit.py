"""The liaison's page: the own unit's sections once announced, and no others."""

import json

import pytest
from django.urls import reverse

from accountability.case_lifecycle.services.cases import publish_and_start
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.tally.models import SectionResult
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_bare_round, make_counted_round, make_result
from tests.pages import page_in

pytestmark = pytest.mark.django_db
PAGE = "/unit/"


def liaison(client, unit_code="D01"):
    client.force_login(make_account(Role.LIAISON, unit_code))


def text_of(response):
    return response.content.decode()


def test_a_visitor_is_sent_to_the_log_in(client):
    assert client.get(PAGE).url == f"{reverse('login')}?next={PAGE}"


@pytest.mark.parametrize(
    "role", [Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.PERSONNEL, Role.AUDITOR, Role.INSPECTOR]
)
def test_an_account_without_unit_has_no_unit_page(client, role):
    client.force_login(make_account(role))

    assert client.get(PAGE).status_code == 403


def test_another_role_with_a_unit_code_sees_no_unit_page(client):
    client.force_login(make_account(Role.AUDITOR, "D01"))

    assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize("state", [RoundState.SEALED, RoundState.COUNTED, RoundState.VOID])
def test_a_unit_sees_nothing_before_the_result_is_announced(client, state):
    make_counted_round(state=state)
    liaison(client)

    page = text_of(client.get(PAGE))

    assert "暂无已公示的评议结果" in page
    assert "第D01-01科" not in page


def test_the_own_sections_are_shown_and_no_others(client):
    make_counted_round(state=RoundState.PUBLISHED)
    liaison(client, "D02")

    page = text_of(client.get(PAGE))

    assert "第D02-01科" in page
    assert "57.12" in page
    assert "D01" not in page
    assert "D03" not in page


def test_the_preliminary_result_is_shown_to_the_own_unit_alone(client):
    make_counted_round(places=12, state=RoundState.REVIEW)
    client.force_login(make_account(Role.LIAISON, "D01"))

    page = client.get("/unit/").content.decode()

    for shown in ("初步结果", "拟上榜（明确）", "提出异议", "在12个参加排名的科室中", "在全部12个科室中的位置"):
        assert shown in page
    assert "D02" not in page
    assert "临界" not in page


def test_the_own_measures_are_shown_with_their_deadlines(client):
    round_ = make_counted_round()
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    liaison(client)

    page = text_of(client.get(PAGE))

    assert "D01局党委（党组）" in page
    assert "2020年7月24日" in page


def test_a_removal_prompt_is_not_shown_to_the_unit(client):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    round_ = make_counted_round(places=1)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    liaison(client)

    assert "免职" not in text_of(client.get(PAGE))


def test_a_section_with_too_few_ballots_shows_no_score(client):
    make_result(make_bare_round(state=RoundState.PUBLISHED), "D01-01", rank=None)
    liaison(client)

    page = text_of(client.get(PAGE))

    assert "样本不足，本轮不排名、不公布得分" in page
    assert "在0个参加排名的科室中" in page
    assert "5.12" not in page


def test_an_earlier_round_keeps_its_own_words(client):
    make_counted_round(state=RoundState.PUBLISHED, rulebook=default_rulebook("NC-1") | {"z": "1.645"})
    liaison(client)

    page = text_of(client.get(PAGE))

    assert "“位次区间”只考虑抽样误差，真实位次落在区间内的概率约为90%。" in page
    assert "只考虑抽样误差，本科室的真实位次有约90%的概率在第1至第3位" in page
    assert "各渠道看法不一" not in page


def test_a_vetoed_section_with_too_few_ballots_has_place_and_label_but_no_score(client):
    round_ = make_counted_round(places=1, state=RoundState.PUBLISHED)
    nothing = {"difficulty": None, "rank_low": None, "rank_high": None, "indicators": {}}
    make_result(round_, "D02-01", label="一票否决", lines={"targeted": 3, "sampled": 0, "other": 0}, **nothing)
    liaison(client, "D02")

    page = text_of(client.get(PAGE))

    assert "样本不足，不公布得分" in page
    assert "在1个参加排名的科室中（另有1个样本不足、经一票否决列在最前）" in page
    assert "列在最前；有效票不足30张，抽签渠道有效票不足10张，不显示得分。" in page
    assert "59.12" not in page


@pytest.mark.parametrize("places", [2, 12, 40])
def test_the_page_takes_a_constant_number_of_queries(client, places):
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    liaison(client)

    page_in(client, PAGE, queries=10, shows="D01局第D01-01科")


SIGNS = [
    {"code": "slow-1", "indicator": "lazy", "text": "多次往返才能办成"},
    {"code": "cold-1", "indicator": "cold", "text": "态度生硬"},
    {"code": "buck-1", "indicator": "buck_passing", "text": "互相推诿"},
    {"code": "greed-1", "indicator": "greedy", "text": "索要好处"},
]
TICKS = {"slow-1": 5, "cold-1": 9, "buck-1": 4, "greed-1": 30}


def make_ticked(state=RoundState.PUBLISHED, *, rank=11, **data):
    round_ = make_bare_round(state=state, ballot_form=json.dumps({"manifestations": SIGNS}))
    result = make_result(round_, "D01-01", rank=rank, **data)
    SectionResult.objects.filter(pk=result.pk).update(ticks=TICKS)


class TestSignsOfSectionsNotListed:
    def page(self, client, unit="D01"):
        liaison(client, unit)
        return text_of(client.get(PAGE))

    def test_the_unit_sees_what_was_ticked_often_the_most_ticked_first(self, client):
        make_ticked()

        assert "态度生硬；多次往返才能办成" in self.page(client)

    def test_few_ticks_and_greed_are_not_shown_and_no_counts(self, client):
        make_ticked()

        page = self.page(client)

        assert "互相推诿" not in page
        assert "索要好处" not in page
        assert "9次" not in page

    def test_too_few_ballots_are_said_and_nothing_else(self, client):
        make_ticked(rank=None)

        page = self.page(client)

        assert "有效票不足，不显示群众勾选的表象" in page
        assert "态度生硬" not in page

    def test_without_enough_ticks_the_page_says_so(self, client):
        make_ticked()
        SectionResult.objects.update(ticks={"slow-1": 4})

        assert "没有勾选满5次的表象" in self.page(client)

    @pytest.mark.parametrize("state", [RoundState.COUNTED, RoundState.REVIEW])
    def test_nothing_is_told_before_publication(self, client, state):
        make_ticked(state)

        assert "态度生硬" not in self.page(client)

    def test_a_listed_section_has_its_published_problems_instead(self, client):
        make_ticked(rank=1)

        page = self.page(client)

        assert "态度生硬" not in page
        assert "未上榜科室的群众反映" not in page

    def test_another_unit_sees_nothing(self, client):
        make_ticked()
        make_result(Round.objects.get(), "D02-01", rank=12)

        page = self.page(client, "D02")

        assert "未上榜科室的群众反映" in page
        assert "态度生硬" not in page

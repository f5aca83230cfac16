"""Whom a plan visits: the list as it stands, all sections with too few ballots, some drawn among the others."""

from datetime import timedelta

import pytest

from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.inspections.queries import Scope, left_uncovered, scope_of
from accountability.inspections.rules import Target
from accountability.inspections.services.changes import cancel_visit
from accountability.inspections.services.plans import approve_plan, propose_plan, schedule_visits
from evaluations.publication.services import Correction
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import SectionResult
from tests.accountability.factories import LATER, make_account, make_counted_round, make_published_round, make_result
from tests.accountability.inspections.factories import chief
from tests.accountability.inspections.test_plans import FACTS
from tests.factories import run

pytestmark = pytest.mark.django_db


def with_two_too_few(round_):
    for code in ("D40-01", "D40-02"):
        make_result(round_, code, rank=None)
    return round_


@pytest.fixture
def round_():
    return with_two_too_few(make_counted_round(state=RoundState.PUBLISHED, places=16))


def scheduled(round_):
    plan = propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)
    approve_plan(plan_id=plan.pk, by=make_account(), at=LATER)
    plan.refresh_from_db()
    run(plan.draw, LATER + timedelta(days=2))
    return plan, schedule_visits(plan_id=plan.pk, by=chief(), at=LATER + timedelta(days=2))


def test_sections_with_too_few_ballots_are_all_visited_and_never_drawn(round_):
    plan, visits = scheduled(round_)

    by_target = {target: {v.section.code for v in visits if v.target == target} for target in Target}
    assert by_target[Target.TOO_FEW] == {"D40-01", "D40-02"}
    assert (len(by_target[Target.LISTED]), len(by_target[Target.DRAWN])) == (10, 3)
    assert not set(plan.draw.entries.values_list("ref", flat=True)) & by_target[Target.TOO_FEW]


def test_the_days_are_set_only_after_the_draw(client, round_):
    plan = propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)
    approve_plan(plan_id=plan.pk, by=make_account(), at=LATER)
    plan.refresh_from_db()
    client.force_login(chief())
    address, button = f"/inspection/plans/{plan.pk}/", "<button>排定暗访日期</button>"

    assert button not in client.get(address).content.decode()
    run(plan.draw, LATER + timedelta(days=2))
    assert button in client.get(address).content.decode()


def test_the_plan_says_whom_it_visits_and_why(client, round_):
    plan, _ = scheduled(round_)
    client.force_login(chief())

    page = client.get(f"/inspection/plans/{plan.pk}/").content.decode()

    assert "全部上榜科室（10个）和样本不足的科室（2个），另随机抽查3个科室" in page
    assert page.count("样本不足，不排名：") == 2


def test_a_section_left_without_a_visit_is_named_in_one_sentence(client, round_):
    plan, visits = scheduled(round_)
    visit = next(visit for visit in visits if visit.target == Target.TOO_FEW)
    cancel_visit(inspection_id=visit.pk, reason="停办", by=chief(), at=LATER + timedelta(days=2))
    client.force_login(chief())

    page = client.get(f"/inspection/plans/{plan.pk}/").content.decode()

    assert f"{visit.section}：没有暗访安排或者已取消（样本不足，不排名：" in page
    assert "。）" not in page.partition("尚未暗访的科室")[2].partition("</ul>")[0]


def test_the_form_says_how_many_sections_there_are_to_draw_from(client, round_):
    client.force_login(chief())

    page = client.get(f"/inspection/plans/propose/{round_.key}/")

    assert page.context["form"]["drawn_sections"].value() == 6
    assert "6个，从中随机抽查" in page.content.decode()


def test_the_form_promises_no_visit_where_no_section_is_listed(client, round_):
    SectionResult.objects.filter(section__round=round_).update(is_listed=False)
    client.force_login(chief())

    page = client.get(f"/inspection/plans/propose/{round_.key}/").content.decode()

    assert "0个" not in page
    assert "全部暗访" not in page
    assert "2个，全部补查" in page


@pytest.mark.parametrize(
    ("scope", "drawn", "words"),
    [
        (Scope(10, 2, 9), 3, "全部上榜科室（10个）和样本不足的科室（2个），另随机抽查3个科室"),
        (Scope(0, 2, 9), 3, "全部样本不足的科室（2个），另随机抽查3个科室"),
        (Scope(10, 0, 9), 0, "全部上榜科室（10个）"),
        (Scope(0, 0, 9), 3, "随机抽查3个科室"),
        (Scope(0, 0, 9), 0, "没有应当暗访的科室"),
    ],
)
def test_a_plan_names_only_the_sections_that_there_are(scope, drawn, words):
    assert scope.in_words(drawn) == words


def test_a_section_that_a_correction_withdrew_is_visited_as_listed_no_longer(client):
    round_ = make_published_round(places=16)
    plan, visits = scheduled(round_)
    first = next(visit for visit in visits if visit.target == Target.LISTED)
    assert first.source == "上榜科室"

    correction = Correction(reason="评议对象有误", withdrawn=(first.section.code,))
    correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=LATER)

    client.force_login(chief())
    shown = client.get(f"/inspection/plans/{plan.pk}/").context["tables"]["visits"]
    sources = {cells[1].row.pk: cells[2].text for _, cells in shown.lines}
    assert sources[first.pk] == "原上榜科室，更正后已撤下"
    assert scope_of(round_).listed == 9
    assert left_uncovered(plan, plan.inspections.select_related("section")) == []

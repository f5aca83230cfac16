"""一科一档 as a PDF: all rounds of a section with what followed, whole, for those who may see it."""

import subprocess
from datetime import date

import pytest
from django.urls import reverse

from accountability.history.models import EarlierListing, EarlierRound
from accountability.rectifications.models import Rectification
from accountability.results.queries.dossiers import read_section_dossier
from departments.models import Section, SectionChange
from evaluations.rounds.models import RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    hold_talk,
    make_account,
    make_counted_round,
    make_item,
    make_published_round,
)

pytestmark = pytest.mark.django_db
LONG_UNIT = "重庆市南川区" + "自然资源和规划服务保障综合事务管理" * 3 + "局机关"


def text_of(pdf):
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def printed(client, round_, code="D01-01", by=None):
    client.force_login(by or make_account())
    answer = client.get(reverse("accountability:commission-dossier", args=[round_.key, code]))
    assert answer.status_code == 200
    return answer.content


@pytest.mark.pdftext
def test_it_tells_all_rounds_with_what_followed(client):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    round_ = make_published_round(places=3)
    case = round_.results.get(section__code="D01-01").case
    hold_talk(case.measures.get(kind="talk_leader"), by=make_account())
    make_item(Rectification.objects.get(case=case), position=9, problem="窗口无人", outcome="已设岗")

    text = text_of(printed(client, round_))

    for said in ("一科一档", "历次评议", "2019年下半年", "2020年上半年", "59.12", "咨询电话长期无人接"):
        assert said in text
    for said in ("对单位领导谈话提醒", "指出问题", "影响期", "窗口无人", "已设岗", "经过", "公示结果：第1位"):
        assert said in text


def test_its_rounds_stand_in_order_of_time_whatever_the_places_are():
    for year, rank in ((2017, 2), (2018, 4), (2019, 1)):
        round_ = make_counted_round(f"{year}H1", RoundState.PUBLISHED, places=3, period_start=date(year, 1, 1))
        round_.results.exclude(section__code="D01-01").delete()
        round_.results.update(rank=rank)

    parts = read_section_dossier("D01-01", is_demo=False, by=make_account()).parts

    assert [part.round_.key for part in parts] == ["2019H1", "2018H1", "2017H1"]


@pytest.mark.pdftext
def test_items_of_a_plan_not_yet_accepted_are_not_under_way(client):
    round_ = make_published_round(places=3)
    make_item(Rectification.objects.get(case__result__section__code="D01-01"), position=9)

    text = text_of(printed(client, round_))

    assert "整改中" not in text


def test_imported_lists_and_predecessors_are_followed():
    round_ = make_published_round(places=3)
    section, earlier = Section.objects.get(code="D01-01"), Section.objects.get(code="D02-01")
    SectionChange.objects.create(
        on=date(2020, 1, 1),
        kind="merged",
        earlier=earlier,
        later=section,
        earlier_name="旧科",
        earlier_department_name="旧局",
    )
    before = EarlierRound.objects.create(key="2015H1", name="2015年上半年", period_start=date(2015, 1, 1))
    EarlierListing.objects.create(round=before, rank=4, department_name="旧局", section_name="旧科", section=earlier)

    dossier = read_section_dossier("D01-01", is_demo=round_.is_demo, by=make_account())

    assert [row.rank for row in dossier.imported] == [4]
    assert {part.line.section.code for part in dossier.parts} == {"D01-01", "D02-01"}
    assert any("旧科" in line for line in dossier.reforms)


def test_a_clerk_reads_results_but_no_case(client):
    round_ = make_published_round(places=3)

    (part,) = read_section_dossier("D01-01", is_demo=round_.is_demo, by=make_account(Role.CLERK)).parts

    assert (part.measures, part.freezes) == ([], [])
    assert part.line.result.rank == 1


@pytest.mark.parametrize("role", [Role.LIAISON, Role.PERSONNEL, Role.INSPECTOR, Role.SUPERVISOR])
def test_nobody_else_gets_it(client, role):
    round_ = make_published_round(places=3)
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    answer = client.get(reverse("accountability:commission-dossier", args=[round_.key, "D01-01"]))

    assert answer.status_code in {403, 404}


def test_every_print_is_logged_and_numbered(client):
    round_ = make_published_round(places=3)

    printed(client, round_)

    entry = AuditEntry.objects.order_by("seq").last()
    assert (entry.action, entry.detail["step_label"]) == ("top10.view", "导出：一科一档")


@pytest.mark.parametrize("rounds", [1, 4])
def test_it_takes_a_fixed_number_of_queries(rounds, django_assert_num_queries):
    for number in range(rounds):
        make_counted_round(f"{2010 + number}H1", RoundState.PUBLISHED, places=2, period_start=date(2010 + number, 1, 1))
    account = make_account()

    with django_assert_num_queries(17):
        read_section_dossier("D01-01", is_demo=False, by=account)


@pytest.mark.pdftext
def test_unpublished_results_and_small_figures_are_marked(client):
    round_ = make_counted_round(places=3)
    round_.results.filter(section__code="D01-01").update(ticks={"m1": 3}, vote_count=2)

    text = text_of(printed(client, round_))

    assert "不得外传" in text
    assert "少于5" in text


@pytest.mark.pdftext
def test_long_names_and_many_rows_are_whole(client, tmp_path):
    round_ = make_published_round(places=3)
    RoundSection.objects.update(department_name=LONG_UNIT)
    row = Rectification.objects.get(case__result__section__code="D01-01")
    for number in range(40):
        make_item(row, position=20 + number, problem=f"第{number}个问题" + "咨询电话长期无人接听" * 8)

    text = text_of(printed(client, round_))

    assert LONG_UNIT in text
    assert "第39个问题" in text

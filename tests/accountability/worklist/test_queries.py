"""Work items of every role."""

from datetime import date

import pytest

from accountability.cases.rules.deadlines import Urgency
from accountability.cases.rules.measures import CaseState
from accountability.inspections.rules import Conclusion, InspectionState
from accountability.objections.models import Objection
from accountability.objections.rules import Ground, ObjectionState, Outcome, Stage
from accountability.rectifications.rules import ItemState, RectificationState
from accountability.worklist.pages import case_figures
from accountability.worklist.queries.items import work_items_of
from accountability.worklist.rules import grouped
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import Step
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    NOON,
    hold_talk,
    make_account,
    make_bare_round,
    make_case,
    make_inspection,
    make_item,
    make_liaison,
    make_published_round,
    make_rectification,
)

pytestmark = pytest.mark.django_db
TODAY, LONG_AFTER = date(2020, 7, 24), date(2020, 12, 24)


def keys(account):
    return {item.key.split("-")[0] for item in work_items_of(account, TODAY)}


def titles(account):
    return " ".join(item.what for item in work_items_of(account, TODAY))


def test_each_role_sees_its_own_measures():
    make_published_round()

    commission, unit, personnel = (
        titles(make_account()),
        titles(make_account(Role.LIAISON, "D01")),
        titles(make_account(Role.PERSONNEL)),
    )

    assert "对单位领导谈话提醒" in commission
    assert "对科室负责人谈话提醒" not in commission
    assert "对科室负责人谈话提醒" in unit
    assert "D02" not in unit
    assert "报送整改方案" in unit
    assert "不得提拔重用" in personnel


def test_under_the_two_person_rule_the_commission_records_the_freeze(settings):
    make_published_round()
    settings.TWO_PERSON_RULE = True

    assert "不得提拔重用" in titles(make_account())
    assert "不得提拔重用" not in titles(make_account(Role.PERSONNEL))


def test_a_units_talk_moves_to_the_commission_once_it_is_submitted():
    measure, unit = make_case(make_bare_round(state="published")).measures.get(), make_account(Role.LIAISON, "D01")

    hold_talk(measure, by=unit)

    assert keys(unit) == set()
    assert keys(make_account()) >= {"measure"}


def test_the_office_sees_plans_items_and_visits():
    row = make_rectification(state=RectificationState.SUBMITTED)
    chief = make_account(Role.CHIEF)
    assert "审核整改方案" in titles(chief)

    row.state = RectificationState.RUNNING
    row.save()
    make_item(row, position=2, state=ItemState.FINISHED, finished_at=NOON)
    visit = make_inspection(row.case.result.section, state=InspectionState.SUBMITTED)

    recheck = next(item for item in work_items_of(chief, TODAY) if item.key.startswith("accept"))
    assert recheck.due_on == date(2020, 9, 8)  # sixty days after the item was finished
    assert f"暗访审定：{visit.section}" in titles(chief)
    assert "visit" not in keys(make_account(Role.AUDITOR))


def test_what_no_rule_gives_a_term_is_not_overdue_the_next_day():
    make_rectification(state=RectificationState.SUBMITTED, submitted_at=NOON)

    (plan,) = (item for item in work_items_of(make_account(Role.CHIEF), LONG_AFTER) if item.key.startswith("decide"))

    assert plan.urgency(LONG_AFTER) == Urgency.NONE


def test_a_review_upheld_before_publication_needs_no_correction(settings):
    settings.TWO_PERSON_RULE = True
    section = make_case(make_bare_round(state="published")).result.section
    decided = {"filed_at": NOON, "due_on": TODAY, "state": ObjectionState.DECIDED, "decided_at": NOON}
    for stage in Stage:
        Objection.objects.create(
            round=section.round,
            section=section,
            stage=stage,
            ground=Ground.COUNTING,
            facts="计票有误",
            outcome=Outcome.UPHELD,
            answer="更正",
            filed_by=make_liaison(),
            decided_by=make_account(),
            **decided,
        )

    waiting = [item for item in work_items_of(make_account(Role.CHIEF), LONG_AFTER) if "更正公示" in item.what]

    assert [item.urgency(LONG_AFTER) for item in waiting] == [Urgency.NONE]


def test_inspectors_see_their_own_visits_only():
    mine, other = make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)
    make_inspection(inspectors=[mine, make_account(Role.INSPECTOR)])

    assert keys(mine) == {"record"}
    assert keys(other) == set()


def test_overdue_measures_of_others_are_escalated_to_the_chief():
    make_published_round()
    chief = make_account(Role.CHIEF)

    escalated = [item for item in work_items_of(chief, LONG_AFTER) if item.key.startswith("escalated")]

    assert escalated
    assert {item.urgency(LONG_AFTER) for item in escalated} == {Urgency.ESCALATED}


def test_items_are_grouped_by_urgency():
    make_published_round()
    groups = grouped(work_items_of(make_account(Role.LIAISON, "D01"), TODAY), TODAY)

    assert [group.urgency for group in groups][:1] == [Urgency.TODAY]
    assert sum(len(group.items) for group in groups) == len(work_items_of(make_account(Role.LIAISON, "D01"), TODAY))


def test_a_round_without_cases_is_archived_and_not_visited(settings):
    settings.TWO_PERSON_RULE = True
    make_bare_round(state="published")

    chief = titles(make_account(Role.CHIEF))

    assert "没有科室上榜，没有问责事项，归档" in chief
    assert "均已办结" not in chief
    assert "暗访计划" not in chief


def test_a_round_with_cases_is_archived_once_they_are_closed_and_visited(settings):
    settings.TWO_PERSON_RULE = True
    case = make_case(make_bare_round(state="published"))
    chief = make_account(Role.CHIEF)
    assert "归档" not in titles(chief)
    case.state, case.closed_at = CaseState.CLOSED, NOON
    case.save()

    assert "问责事项均已办结、整改均已销号，归档" in titles(chief)
    assert "暗访计划" in titles(chief)


def test_a_round_is_not_offered_for_archiving_while_a_finding_is_not_ordered_to_mend(settings):
    settings.TWO_PERSON_RULE = True
    case = make_case(make_bare_round(state="published"), state=CaseState.CLOSED, closed_at=NOON)
    make_inspection(case.result.section, state=InspectionState.APPROVED, conclusion=Conclusion.BY_DATE)

    assert "归档" not in titles(make_account(Role.CHIEF))


def test_an_objection_of_a_void_round_waits_for_nobody():
    section = make_case(make_bare_round(state="void")).result.section
    for state in (ObjectionState.FILED, ObjectionState.ACCEPTED, ObjectionState.RECOUNTED):
        Objection.objects.create(
            round=section.round,
            section=section,
            stage=Stage.OBJECTION,
            ground=state,
            facts="事实",
            filed_by=make_account(Role.LIAISON, "D01"),
            filed_at=NOON,
            due_on=TODAY,
            state=state,
        )

    for role in (Role.CLERK, Role.CHIEF, Role.COMMISSION):
        assert Stage.OBJECTION.label not in titles(make_account(role))


def test_flags_of_a_recount_after_the_publication_are_decided_before_the_round_is_archived(settings):
    settings.TWO_PERSON_RULE = True
    round_ = make_bare_round(state="published")
    flag = AnomalyFlag.objects.create(round=round_, kind=FlagKind.FAR, text="相差12.0分。", found_at=NOON)
    chief, clerk = make_account(Role.CHIEF), make_account(Role.CLERK)

    assert "处理异常提示" in titles(clerk)
    assert "，归档" not in titles(chief)
    assert "1件异常提示没有处理" in missing_for(round_, Step.ARCHIVE, NOON)[0]
    AnomalyFlag.objects.filter(pk=flag.pk).update(verdict=Verdict.KEPT, reason="核查无异常", decided_at=NOON)
    assert "处理异常提示" not in titles(clerk)
    assert "，归档" in titles(chief)
    assert missing_for(round_, Step.ARCHIVE, NOON) == []


def test_a_round_whose_sections_were_all_withdrawn_has_nothing_rectified(settings):
    settings.TWO_PERSON_RULE = True
    case = make_case(make_bare_round(state="published"), state=CaseState.CLOSED, closed_at=NOON)
    case.result.is_listed = False
    case.result.save()

    chief = titles(make_account(Role.CHIEF))

    assert "上榜科室均已撤下，问责事项均已撤销，归档" in chief
    assert "均已销号" not in chief


@pytest.mark.parametrize(("stage", "has_term"), [(Stage.APPEAL, False), (Stage.REVIEW, True)])
@pytest.mark.parametrize("state", [ObjectionState.FILED, ObjectionState.ACCEPTED, ObjectionState.RECOUNTED])
def test_only_a_term_in_working_days_stands_in_the_list_as_one(settings, state, stage, has_term):
    settings.TWO_PERSON_RULE = False
    section = make_case(make_bare_round(state="published")).result.section
    Objection.objects.create(
        round=section.round,
        section=section,
        stage=stage,
        ground="counting",
        facts="事实",
        filed_by=make_account(Role.LIAISON, "D01"),
        filed_at=NOON,
        due_on=TODAY,
        state=state,
    )
    items = [
        item
        for role in (Role.CHIEF, Role.COMMISSION)
        for item in work_items_of(make_account(role), TODAY)
        if Stage(stage).label in item.what
    ]

    assert items
    assert {item.term is not None for item in items} == {has_term}


@pytest.mark.parametrize(("state", "waits"), [("review", True), ("void", False)])
def test_an_objection_to_a_voided_round_waits_for_nobody(client, state, waits):
    section = make_case(make_bare_round(state=state)).result.section
    filed = {"filed_by": make_account(Role.LIAISON, "D01"), "filed_at": NOON, "due_on": TODAY}
    facts = {"stage": Stage.OBJECTION, "ground": "counting", "facts": "事实", **filed}
    Objection.objects.create(round=section.round, section=section, **facts)
    chief = make_account(Role.CHIEF)
    client.force_login(chief)

    assert any("异议" in item.what for item in work_items_of(chief, TODAY)) == waits
    assert ("已逾期" in client.get("/work/objections/").content.decode()) == waits


def test_a_withdrawn_case_is_not_counted_as_closed():
    round_ = make_bare_round(state="published")
    case = make_case(round_)
    case.state, case.closed_at = CaseState.CLOSED, NOON
    case.save()
    chief = make_account(Role.CHIEF)
    assert (case_figures(chief, TODAY).closed, case_figures(chief, TODAY).withdrawn) == (1, 0)

    case.result.is_listed = False
    case.result.save()

    assert (case_figures(chief, TODAY).closed, case_figures(chief, TODAY).withdrawn) == (0, 1)

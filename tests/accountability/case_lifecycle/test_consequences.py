"""Whoever publishes a list is told beforehand what follows: cases, freezes, deadlines; and it follows."""

import json

import pytest
from django.utils import timezone

from accountability.case_lifecycle.approvals import CORRECT, PUBLISH
from accountability.case_lifecycle.queries import consequences
from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Case, Measure
from accountability.promotion_freezes.models import PromotionFreeze
from evaluations.publication.documents import changes_in_words
from evaluations.publication.services import Correction
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.rules import in_chinese
from tests.accountability.factories import LATER, NOON, make_account, make_counted_round

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate(LATER)


@pytest.fixture
def round_():
    round_ = make_counted_round()
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    return round_


def said(round_):
    return {name: str(value) for name, value in consequences(round_, TODAY).items()}


def test_what_is_said_beforehand_is_what_happens(round_):
    before = said(round_)

    publish_and_start(round_id=round_.pk, by=make_account(), at=LATER)

    assert before["建立问责事项"] == f"{Case.objects.count()}件，共{Measure.objects.count()}项措施"
    freezes = PromotionFreeze.objects.all()
    assert before["不得提拔重用"].startswith(f"{len(freezes)}项")
    assert in_chinese(freezes[0].ends_on) in before["不得提拔重用"]
    deadlines = before[f"各项期限（{in_chinese(TODAY)}公示的）"]
    for measure in Measure.objects.filter(kind="talk_head"):
        assert in_chinese(measure.due_on) in deadlines


def test_the_approver_reads_it_with_the_list(round_, settings):
    settings.TWO_PERSON_RULE = True

    proposed = approvals.propose(PUBLISH, round_, by=make_account(Role.CHIEF), at=LATER, on=TODAY.isoformat())

    assert proposed.content["建立问责事项"] == said(round_)["建立问责事项"]
    approvals.approve(approval_id=proposed.pk, by=make_account(), at=LATER)
    assert Case.objects.exists()


def test_the_button_stands_below_it(round_, client, time_machine):
    time_machine.move_to(LATER)
    client.force_login(make_account())
    page = client.get(f"/commission/{round_.key}/").content.decode()
    form = page.index('action="/commission/2020H1/publish/"')
    assert page.index("建立问责事项") < form < page.index("不能撤回") < page.index("</button>", form)


def test_a_correction_says_which_cases_it_ends(round_):
    publish_and_start(round_id=round_.pk, by=make_account(), at=LATER)
    code = round_.results.filter(is_listed=True).first().section.code
    asked = {"reason": "事实有误", "withdrawn": [code], "problems": {}}

    content = approvals.action_named(CORRECT).content(round_, asked)

    assert content["撤销问责事项"].startswith("1件")
    assert "公布第2版" in content["办理后果"]


def test_the_approver_of_a_correction_reads_each_row_as_it_was_and_as_it_will_be_published(round_):
    publish_and_start(round_id=round_.pk, by=make_account(), at=LATER)
    off, reworded = round_.results.filter(is_listed=True).order_by("rank")[:2]
    asked = {
        "reason": "事实有误",
        "withdrawn": [off.section.code],
        "problems": {reworded.section.code: "窗口无人值守"},
    }
    content = approvals.action_named(CORRECT).content(round_, asked)

    correction = Correction("事实有误", (off.section.code,), {reworded.section.code: "窗口无人值守"})
    made = correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=LATER)
    assert content["更正内容"] == [["科室", "原", "现"], *changes_in_words(json.loads(made.content))]
    assert [row[2] for row in content["更正内容"][1:]] == ["撤下，不再上榜", "主要问题：窗口无人值守"]
    assert f"主要问题：{reworded.main_problems}" == content["更正内容"][2][1]


def test_without_a_listed_section_no_case_and_no_term_of_one_is_announced(settings):
    settings.TWO_PERSON_RULE = True
    round_ = make_counted_round(places=0)
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)

    proposed = approvals.propose(PUBLISH, round_, by=make_account(Role.CHIEF), at=LATER, on=TODAY.isoformat())

    assert proposed.content["建立问责事项"] == "无"
    assert "没有科室上榜" in proposed.content["网站公布"]
    assert "整改" not in str(proposed.content)
    assert "不建立问责事项" in proposed.content[approvals.FOLLOWS]

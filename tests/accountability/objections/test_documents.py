"""答复书: signed by who decided, after the decision only; nothing of it is cut."""

import pytest

from accountability.objections.documents import objection_answer
from accountability.objections.rules import ObjectionState, Outcome, Stage
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account
from tests.nanchuan_eval.documents.test_pages import DIGEST, LONG, outside, text_of, words_of
from tests.security import scenario

pytestmark = [pytest.mark.django_db, pytest.mark.pdftext]


def decided(stage):
    row = scenario.objection()
    row.stage, row.state, row.outcome = stage, ObjectionState.DECIDED, Outcome.REJECTED
    row.facts, row.answer, row.decided_by, row.decided_at = LONG, LONG, make_account(), NOON
    row.recounted_at, row.recount_agrees, row.recount_sha256 = NOON, True, DIGEST
    row.save()
    type(row.section).objects.filter(pk=row.section_id).update(department_name="甲" * 60)
    row.section.refresh_from_db()
    return row


def test_only_the_commission_decides():
    assert policy.roles_allowed("appeal.decide") == [Role.COMMISSION]


@pytest.mark.parametrize(
    ("stage", "title", "signed"),
    [
        (Stage.OBJECTION, "公示前异议答复书", "甲区纪委监委"),
        (Stage.APPEAL, "公示后申诉答复书", "甲区纪委监委"),
        (Stage.REVIEW, "领导小组复核答复书", "甲区领导小组"),
    ],
)
def test_the_answer_is_signed_by_who_decided_and_nothing_of_it_is_cut(settings, stage, title, signed):
    settings.PROFILE = {"office": "甲评议办", "commission": "甲区纪委监委", "leading_group": "甲区领导小组"}
    words = words_of(objection_answer(decided(stage), at=NOON))
    text = text_of(words)

    assert title in text
    assert text.count("理由完毕。") == 2
    assert (signed in text, "甲评议办" in text) == (True, False)
    assert DIGEST in text
    assert "与计票结果一致" in text
    assert outside(words) == []


def test_before_the_decision_there_is_nothing_to_print(client):
    row = scenario.objection()
    client.force_login(make_account())

    assert client.get(f"/work/objections/{row.pk}/print/").status_code == 404

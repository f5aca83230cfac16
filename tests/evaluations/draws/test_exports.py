"""Lists of names leave the system with two persons' approval, and only once."""

import io

import pytest
from openpyxl import load_workbook

from evaluations.draws.services.commitment import open_roster
from evaluations.draws.services.exports import EXPORT, ROSTER, export_pool
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import NOON, commit, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_persons(settings, time_machine):
    settings.TWO_PERSON_RULE = True
    time_machine.move_to(NOON)


def pooled(state=RoundState.FROZEN):
    round_ = make_round(state=state, rulebook={"evaluators": 20})
    make_pool(round_)
    return round_


def committed(settings):
    settings.TWO_PERSON_RULE = False
    draw = commit(pooled())
    settings.TWO_PERSON_RULE = True
    return draw


def approve():
    return approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user("commission"), at=NOON)


class TestExportingAPool:
    def test_nobody_exports_alone(self):
        round_ = pooled()
        with pytest.raises(RuleViolation, match="须先提请"):
            export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=make_user("chief"), at=NOON)
        for role in ("clerk", "commission", "auditor"):
            with pytest.raises(policy.Denied):
                export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=make_user(role), at=NOON)

    def test_the_page_proposes_and_then_downloads_once_with_an_export_number(self, client):
        round_ = pooled()
        client.force_login(make_user("chief"))
        address = f"/admin/evaluations/poolentry/round/{round_.pk}/export/"
        client.post(address, {"kind": "evaluators", "reason": "公证"})
        assert "60" in str(Approval.objects.get().content["人数"])
        approve()

        book = load_workbook(io.BytesIO(client.post(address).content))

        logged = AuditEntry.objects.get(action=EXPORT, detail__people=60)
        assert f"导出编号{logged.seq}" in book.worksheets[0].oddFooter.left.text
        assert f"导出编号{logged.seq}" in book.properties.description
        assert logged.reason == "公证"
        assert client.post(address)["Content-Type"].startswith("text/html")

    def test_a_pool_changed_since_the_approval_is_not_exported(self):
        round_, chief = pooled(), make_user("chief")
        approvals.propose(EXPORT, round_, by=chief, at=NOON, kind="evaluators", reason="x")
        approve()
        round_.pool.first().delete()
        with pytest.raises(RuleViolation, match="内容已有改动"):
            export_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=chief, at=NOON)

    def test_the_roster_for_the_notary_takes_two_persons_too(self, settings):
        draw, chief = committed(settings), make_user("chief")
        with pytest.raises(RuleViolation, match="须先提请"):
            open_roster(draw_id=draw.pk, by=chief, at=NOON)
        approvals.propose(ROSTER, draw, by=chief, at=NOON, reason="交公证")
        approve()
        assert len(open_roster(draw_id=draw.pk, by=chief, at=NOON)) == 60

"""办理记录 of a round: everything done about it and what belongs to it, for whoever may see it, nothing else."""

import io
from datetime import timedelta

import openpyxl
import pytest
from django.urls import reverse

from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.services.open_channel import review_alert
from evaluations.draws.services.commitment import abandon_draw
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.rules.kinds import ExclusionReason, PoolKind
from evaluations.pools.services.lists import exclude_person
from evaluations.round_log.queries import TOPICS, entries_of, log_lines, newest_lines, parts
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions import policy
from tests.factories import (
    NOON,
    commit,
    make_codes,
    make_manifestations,
    make_open_round,
    make_pool,
    make_round,
    make_sealed_round,
    make_section,
    make_self_service,
    make_user,
)

pytestmark = pytest.mark.django_db


def frozen_round(**fields):
    make_manifestations()
    make_section()
    round_ = make_round(**fields)
    lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    return round_


def shown(round_, role="chief"):
    return [line.what for line in log_lines(entries_of(round_, make_user(role)))]


def test_pools_draws_codes_and_unfreezing_stand_in_the_record_of_their_round_alone():
    round_, other = frozen_round(), frozen_round()
    make_pool(round_, PoolKind.SUPERVISORS)
    draw = commit(round_, DrawPurpose.SUPERVISORS)
    abandon_draw(draw_id=draw.pk, reason="名单有误", by=make_user("chief"), at=NOON)
    lifecycle.unfreeze_round(round_id=round_.pk, reason="漏列科室", by=make_user("chief"), at=NOON)
    make_codes(other)

    lines = log_lines(entries_of(round_, make_user("chief")))

    assert [line.what for line in lines][:2] == ["解除名录锁定", "作废抽取"]
    assert lines[0].reason == "漏列科室"
    assert {"登记：抽取监督员", f"公布承诺：{draw}"} <= {line.what for line in lines}
    assert any("公告" in line.what for line in lines)
    assert "生成票号、封装评议票（只生成一次）" in shown(other)
    assert "生成票号、封装评议票（只生成一次）" not in shown(round_)


def test_reviewed_alerts_and_counts_stand_in_the_record():
    round_ = make_open_round()
    alert = OpenClaimAlert.objects.create(batch=make_self_service(round_), kind="network", on=NOON.date(), times=3)
    review_alert(alert_id=alert.pk, review="集中领票", seen=3, by=make_user("clerk"), at=NOON)

    assert any(line.about == "领票异常" for line in log_lines(entries_of(round_, make_user("chief"))))


def test_a_count_stands_in_the_record():
    round_ = make_sealed_round(rulebook={"min_lines": 1, "min_drawn_lines": 1})
    tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)

    assert {"封箱", "计票"} <= set(shown(round_))


def test_proposals_about_its_parts_stand_in_the_record_with_their_decision(settings):
    round_ = frozen_round()
    settings.TWO_PERSON_RULE = True
    approval = approvals.propose("round.unfreeze", round_, by=make_user("clerk"), at=NOON, reason="有误")
    approvals.send_back(approval_id=approval.pk, note="请说明", by=make_user("chief"), at=NOON)

    assert shown(round_)[:2] == [f"已退回：{approval.title}", "提请：解除名录锁定"]


def test_who_may_not_see_the_people_does_not_see_what_was_done_about_one():
    round_ = frozen_round()
    make_pool(round_, PoolKind.EVALUATORS)
    person = round_.pool.first()
    exclude_person(
        entry_id=person.pk,
        reason=ExclusionReason.CONFLICT,
        note=f"{person.name}是局长的弟弟",
        by=make_user("chief"),
        at=NOON,
    )

    line = log_lines(entries_of(round_, make_user("clerk")))[0]
    assert line.what.startswith("登记回避")
    assert person.name not in f"{line}"
    assert not any(what.startswith("登记回避") for what in shown(round_, "commission"))


def test_a_refusal_is_shown_without_its_text():
    round_ = make_round()
    audit.record_finding("round.void", round_, by=make_user("commission"), at=NOON, reason="13900000000有误", detail={})

    line = log_lines(entries_of(round_, make_user("chief")))[0]

    assert (line.outcome, line.reason) == ("不符合规则", "")


def test_whoever_does_not_see_the_round_sees_no_record():
    assert newest_lines(make_open_round(), make_user("liaison")) == []


def test_no_part_is_about_a_voter_a_ballot_or_a_code():
    secret = {"Credential", "Ballot", "BallotSpool", "Rating", "SetAsideBallot", "TurnoutDay", "Lead"}
    assert not secret & {part.model.__name__ for part in parts}
    for part in parts:
        assert not part.sees or part.sees in policy.table()


def test_every_topic_names_actions_of_the_table():
    for starts in TOPICS.values():
        assert all(any(action.startswith(start) for action in policy.table()) for start in starts)


class TestThePage:
    def address(self, round_, **query):
        return reverse("admin:round-log", args=[round_.pk], query=query)

    @pytest.mark.parametrize("much", [1, 60])
    def test_it_takes_a_constant_number_of_queries(self, client, django_assert_num_queries, much):
        round_ = make_open_round()
        for _ in range(much):
            make_codes(round_)
        client.force_login(make_user("clerk"))
        client.get(self.address(round_))

        with django_assert_num_queries(5):
            page = client.get(self.address(round_)).content.decode()

        assert page.count("生成票号、封装评议票") == min(much, 50)

    def test_topic_and_days_narrow_it(self, client):
        round_ = make_open_round()
        make_codes(round_)
        client.force_login(make_user("clerk"))

        assert (
            "锁定名录和规则" not in client.get(self.address(round_, topic="投票")).content.decode().split("<tbody>")[1]
        )
        assert "没有符合条件的记录" in client.get(self.address(round_, topic="公示")).content.decode()
        later = (NOON + timedelta(days=2)).date().isoformat()
        assert "没有符合条件的记录" in client.get(self.address(round_, since=later)).content.decode()
        wrong = client.get(self.address(round_, since=later, until=NOON.date().isoformat())).content.decode()
        assert "起始日期晚于截止日期" in wrong

    def test_it_is_exported_with_what_the_filter_leaves_and_the_export_is_logged(self, client):
        round_ = make_open_round()
        make_codes(round_)
        client.force_login(make_user("clerk"))

        answer = client.get(reverse("admin:round-log-export", args=[round_.pk], query={"topic": "投票"}))

        rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
        assert [row[1] for row in rows if row[4] == "已办理"] == ["生成票号、封装评议票（只生成一次）"]
        assert AuditEntry.objects.filter(detail__step_label="导出：办理记录").count() == 1

    @pytest.mark.parametrize("name", ["round-log", "round-log-export"])
    @pytest.mark.parametrize(("role", "status"), [("commission", 200), ("auditor", 403), ("security", 403)])
    def test_only_those_who_see_the_round(self, client, name, role, status):
        client.force_login(make_user(role))
        assert client.get(reverse(f"admin:{name}", args=[make_round().pk])).status_code == status

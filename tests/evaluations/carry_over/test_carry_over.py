"""沿用上一轮: rules and places of draws are compared, chosen and taken over in one act; dates and keys never."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.carry_over.forms import draw_lines
from evaluations.carry_over.rules import compare_rules, distance, taken_over
from evaluations.carry_over.services import carry_over
from evaluations.draws.models import PlannedDraw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook, lookup
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import NOON, make_round, make_user, plan

DEFAULT = default_rulebook()


class TestTheRules:
    def test_that_differ_are_shown_with_now_before_and_default(self):
        earlier = {**DEFAULT, "list_length": 8, "channels": {**DEFAULT["channels"]}}
        lines = compare_rules({**DEFAULT, "list_length": 12}, earlier).lines
        assert [(line.label, line.now, line.earlier, line.default) for line in lines] == [("公布名额", "12", "8", "10")]

    def test_strata_are_a_rule_too(self):
        [line] = compare_rules(DEFAULT, {**DEFAULT, "evaluator_strata": {"服务对象": 100}}).lines
        assert line.earlier == "服务对象100%"
        assert taken_over(DEFAULT, {**DEFAULT, "evaluator_strata": {"服务对象": 100}}, [line.path])[
            "evaluator_strata"
        ] == {"服务对象": 100}

    def test_that_only_one_round_knows_are_named_and_not_taken_over(self):
        earlier = {key: value for key, value in DEFAULT.items() if key != "audit_least"} | {"old_rule": 3}
        compared = compare_rules(DEFAULT, earlier)
        assert compared.lines == []
        assert len(compared.notes) == 2
        assert "抽样核对每个渠道至少（张）" in compared.notes[0]
        assert "不再使用" in compared.notes[1]

    def test_of_another_method_are_named(self):
        compared = compare_rules(DEFAULT, default_rulebook("NC-1"))
        assert any("计入渠道均值的最少有效票" in note for note in compared.notes)
        assert taken_over(DEFAULT, default_rulebook("NC-1"), [line.path for line in compared.lines])["method"] == "NC-2"

    def test_only_the_chosen_ones_are_taken_over(self):
        earlier = {**DEFAULT, "list_length": 8, "dice": 30}
        assert taken_over(DEFAULT, earlier, ["dice"]) == {**DEFAULT, "dice": 30}

    @pytest.mark.parametrize(("day", "words"), [(1, "开始投票前9天"), (10, "开始投票当天"), (12, "开始投票后2天")])
    def test_the_distance_of_a_draw_from_the_vote_in_words(self, day, words):
        assert distance(date(2020, 7, day), date(2020, 7, 10), "开始投票") == words


@pytest.mark.django_db
class TestTakingOver:
    @pytest.fixture(autouse=True)
    def rounds(self, time_machine):
        time_machine.move_to(NOON)
        self.earlier = make_round(
            state=RoundState.CLOSED,
            period_start=date(2019, 7, 1),
            period_end=date(2019, 12, 31),
            rulebook={"list_length": 8, "dice": 30},
        )
        held_at = self.earlier.opens_at - timedelta(days=10)
        plan(self.earlier, DrawPurpose.SUPERVISORS, held_at=held_at, at=held_at - timedelta(days=10))
        self.round = make_round(opens_at=NOON + timedelta(days=30), closes_at=NOON + timedelta(days=50))
        self.later = self.round.opens_at - timedelta(days=10)

    def take(self, *rules, draws=None, by="chief"):
        carry_over(round_id=self.round.pk, rules=rules, draws=draws or {}, by=make_user(by), at=NOON)
        self.round.refresh_from_db()

    def unchanged(self):
        before = self.round.rulebook
        self.round.refresh_from_db()
        return before == self.round.rulebook and not self.round.planned_draws.exists()

    def test_rules_and_places_come_in_one_act_that_is_recorded(self):
        self.take("list_length", draws={DrawPurpose.SUPERVISORS: self.later})

        assert lookup(self.round.rulebook, "list_length") == 8
        assert self.round.rulebook["dice"] == DEFAULT["dice"]
        planned = self.round.planned_draws.get()
        assert (planned.place, planned.planned_at) == ("一楼大厅", self.later)
        entry = AuditEntry.objects.filter(action="round.edit").first()
        assert entry.action_name == f"沿用“{self.earlier.name}”的规则和抽取安排"
        assert entry.detail["rules"] == ["计分·公布名额：10 → 8"]

    def test_a_time_is_as_far_from_the_vote_as_it_was(self):
        [line] = draw_lines(self.round, self.earlier)
        assert line.distance.startswith("开始投票前10天")
        assert timezone.localdate(line.suggested) == timezone.localdate(self.later)

    @pytest.mark.parametrize(
        ("rules", "draws", "match"),
        [
            ([], {}, "没有选择"),
            (["min_lines"], {}, "有改动"),
            (["dice"], {DrawPurpose.EVALUATORS: NOON + timedelta(days=9)}, "没有登记"),
            (["dice"], {DrawPurpose.SUPERVISORS: NOON}, "已经过去"),
        ],
    )
    def test_what_cannot_be_taken_over_is_refused_and_changes_nothing(self, rules, draws, match):
        with pytest.raises(RuleViolation, match=match):
            self.take(*rules, draws=draws)
        assert self.unchanged()

    def test_a_frozen_round_takes_nothing_over(self):
        Round.objects.filter(pk=self.round.pk).update(state=RoundState.FROZEN)
        with pytest.raises(RuleViolation, match="锁定后不能修改"):
            self.take("dice", draws={DrawPurpose.SUPERVISORS: self.later})
        assert self.unchanged()

    def test_whoever_may_not_edit_takes_nothing_over(self):
        with pytest.raises(policy.Denied):
            self.take("dice", by="commission")
        assert self.unchanged()

    def test_the_page_shows_both_rounds_and_takes_over_what_is_ticked(self, client, settings):
        settings.TWO_PERSON_RULE = True
        client.force_login(make_user("clerk"))
        address = reverse("admin:round-carry", args=[self.round.pk])
        page = client.get(address).content.decode()
        assert "公布名额" in page
        assert "开始投票前10天" in page
        assert "一楼大厅" in page

        local = timezone.localtime(self.later)
        answer = client.post(
            address,
            {
                "rules": ["dice"],
                "draws": ["supervisors"],
                "at_supervisors": f"{local:%Y-%m-%d %H:%M}",
            },
        )

        assert answer.status_code == 302
        self.round.refresh_from_db()
        assert self.round.rulebook["dice"] == 30
        assert PlannedDraw.objects.filter(round=self.round).count() == 1
        assert address in client.get(reverse("admin:evaluations_round_change", args=[self.round.pk])).content.decode()

    def test_a_ticked_draw_needs_its_time(self, client):
        client.force_login(make_user("chief"))
        address = reverse("admin:round-carry", args=[self.round.pk])
        page = client.post(address, {"draws": ["supervisors"], "at_supervisors": ""}).content.decode()
        assert "请填写抽取时间" in page
        assert self.unchanged()

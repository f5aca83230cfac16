"""Actions out of order are refused, and the text names the rule."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.objections.services import file_objection
from accountability.promotion_freezes.services import lift_freeze
from accountability.rectifications.services.items import close_item
from evaluations.draws.services import ceremony
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.core.errors import RuleViolation
from tests.accountability import factories as late
from tests.factories import make_user
from tests.security import scenario

pytestmark = pytest.mark.django_db
AFTER = scenario.AFTER


class TestOutOfOrder:
    def refuse(self, text, service, **given):
        with pytest.raises(RuleViolation, match=text):
            service(**given)

    def test_no_list_is_published_before_the_count(self):
        round_ = scenario.to_publish(RoundState.SEALED)
        self.refuse(
            "“公示前十名”只能在“异议期”时进行", publish_and_start, round_id=round_.pk, by=late.make_account(), at=AFTER
        )

    def test_no_item_is_closed_without_an_inspection(self):
        item = scenario.item(scenario.rectification(item="finished"), finished_at=AFTER)
        self.refuse("暗访", close_item, item_id=item.pk, verdict="已改", by=make_user("chief"), at=AFTER)

    @pytest.mark.parametrize(("days", "allowed"), [(0, True), (1, False)])
    def test_no_objection_is_filed_after_its_deadline(self, days, allowed):
        round_ = scenario.published_list()
        published = round_.publications.get().published_at
        last = published + timedelta(days=round_.rulebook["appeal_days"] + days)
        given = {
            "section_id": round_.sections.get(code=scenario.OWN_UNIT).pk,
            "ground": "wrong_section",
            "facts": "不属于本科室",
            "by": late.make_account("L", "D01"),
            "at": last.astimezone(ZoneInfo("Asia/Shanghai")),
        }
        if allowed:
            assert file_objection(**given)
        else:
            self.refuse("已超过期限", file_objection, **given)

    @pytest.mark.parametrize(("day", "allowed"), [(92, False), (93, True)])
    def test_no_freeze_is_lifted_before_its_end(self, day, allowed):
        # Three months from 10 July are 92 days, the last of which counts.
        starts = date(2020, 7, 10)
        held = scenario.held(starts_on=starts, ends_on=date(2020, 10, 10))
        on = starts + timedelta(days=day)
        given = {
            "freeze_id": held.pk,
            "on": on,
            "reason": "届满",
            "by": make_user("personnel"),
            "at": AFTER + timedelta(days=200),
        }
        if allowed:
            assert lift_freeze(**given).lifted_on == on
        else:
            self.refuse("期满前不能解除", lift_freeze, **given)

    def test_no_draw_is_run_twice(self):
        draw = scenario.published_draw()
        self.refuse("[一-龥]", ceremony.run_draw, draw_id=draw.pk, by=make_user("chief"), at=scenario.DAY_AFTER)

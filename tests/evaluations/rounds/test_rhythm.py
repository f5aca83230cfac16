"""Half-year and quarter: presets of terms, the next round's days, terms that reach into it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from evaluations.lifecycle.approvals import start_settlement, start_step
from evaluations.lifecycle.forms import RulebookForm
from evaluations.rounds.queries import rhythm_doubts
from evaluations.rounds.rules.calendar import OFFSETS, calendar_of
from evaluations.rounds.rules.dates import RoundDates
from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.rules.overlap import AFTER_THE_LIST, overlaps, period_doubt
from evaluations.rounds.rules.repeat_steps import DEFAULT_STEPS
from evaluations.rounds.rules.rhythm import QUARTERLY, Rhythm, recently, rhythm_of
from evaluations.rounds.rules.rulebook import DEFAULTS, default_rulebook, with_rhythm
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from evaluations.rounds.rules.settings import terms_replaced
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.workdays.models import CompleteYear
from nanchuan_eval.workdays.rules import Calendar
from tests.factories import make_round, make_user

# 2014: 每季度评一次. The second quarter is rated in July.
SECOND_QUARTER = RoundDates(date(2014, 4, 1), date(2014, 6, 30), date(2014, 7, 7), date(2014, 7, 25))
HALF_YEAR = RoundDates(date(2020, 1, 1), date(2020, 6, 30), date(2020, 7, 7), date(2020, 7, 27))
WEEKDAYS = Calendar()


def quarterly(**changes):
    return with_rhythm(default_rulebook(), Rhythm.QUARTER) | changes


def texts(dates, rulebook):
    return [each.text(rhythm_of(rulebook)) for each in overlaps(dates, rulebook, WEEKDAYS)]


def test_a_rulebook_without_a_rhythm_is_half_yearly():
    assert rhythm_of({}) == rhythm_of(default_rulebook()) == Rhythm.HALF_YEAR
    assert (recently({}), recently(quarterly())) == ("近半年", "近三个月")


def test_a_preset_sets_its_terms_and_the_other_one_takes_them_back():
    assert {key: quarterly()[key] for key in QUARTERLY} == QUARTERLY
    assert with_rhythm(quarterly(), Rhythm.HALF_YEAR) == DEFAULTS
    assert rulebook_errors(quarterly()) == []
    assert rulebook_errors(quarterly(rhythm="month")) == ["评议周期应为半年或者季度。"]


def test_the_terms_that_a_preset_replaces_are_told():
    told = terms_replaced(default_rulebook(), "quarter")

    assert "公示与问责期限·报告后暗访复查期限（日）：60 → 20" in told
    assert terms_replaced(default_rulebook(), "half_year") == []


@pytest.mark.parametrize(
    ("rulebook", "day"), [(default_rulebook(), date(2014, 12, 18)), (quarterly(), date(2014, 9, 17))]
)
def test_the_next_roster_is_due_before_the_next_vote_of_the_rhythm(rulebook, day):
    dues = calendar_of(SECOND_QUARTER.opens_on, SECOND_QUARTER.closes_on, rulebook, WEEKDAYS)

    assert [due.on for due in dues if due.key == "next"] == [day]


@pytest.mark.parametrize(("dates", "rulebook"), [(HALF_YEAR, default_rulebook()), (SECOND_QUARTER, quarterly())])
def test_neither_preset_reaches_into_its_next_round(dates, rulebook):
    assert texts(dates, rulebook) == period_doubt(dates, rulebook) == []


def test_the_terms_of_a_half_year_do_not_fit_into_a_quarter():
    """Published on 8 August, reported on 8 September, visited 60 days later; the next vote opens on 7 October."""
    rulebook = default_rulebook() | {"rhythm": "quarter"}

    found, ordered = overlaps(SECOND_QUARTER, rulebook, WEEKDAYS)

    assert (ordered.term[:4], ordered.prevents) == ("责令整改", False)
    assert (found.days, found.prevents) == (31, True)
    assert found.text(Rhythm.QUARTER) == (
        "暗访复查、销号（2014年11月7日）比下一轮开始投票（按季度推算为2014年10月7日）晚31天，"
        "请缩短整改报告和报告后暗访复查的期限。"
    )


# A vote of 58 days from 8 April on: the list is a day late for the next roster, what follows it a month.
LONG_VOTE = RoundDates(date(2014, 1, 1), date(2014, 3, 31), date(2014, 4, 8), date(2014, 6, 5))


def late_by(dates, rulebook, term):
    return sum(each.days for each in overlaps(dates, rulebook, WEEKDAYS) if each.term == term)


def test_what_a_long_vote_delays_is_on_time_after_a_shorter_one():
    found = overlaps(LONG_VOTE, quarterly(), WEEKDAYS)
    helped = [each for each in found if each.text(Rhythm.QUARTER).endswith("缩短投票时间。")]
    assert {each.term for each in helped} >= {"公示名单", "暗访复查、销号", "整改报告"}

    for each in helped:  # months differ, and working days end after a weekend: a few days more
        shorter = replace(LONG_VOTE, closes_on=LONG_VOTE.closes_on - timedelta(each.days + 4))
        assert late_by(shorter, quarterly(), each.term) == 0, each.term


def test_a_term_that_begins_too_late_is_not_to_be_shortened():
    said = [text for text in texts(LONG_VOTE, quarterly()) if text.startswith(tuple(AFTER_THE_LIST.values()))]

    assert len(said) == len(AFTER_THE_LIST)
    assert all(text.endswith("天，请缩短投票时间。") for text in said)
    assert late_by(LONG_VOTE, quarterly(talk_workdays=0), "谈话提醒") == 1


def test_no_remedy_is_an_earlier_vote_which_moves_the_next_round_as_well():
    week = timedelta(7)
    earlier = replace(LONG_VOTE, opens_on=LONG_VOTE.opens_on - week, closes_on=LONG_VOTE.closes_on - week)

    assert [late_by(earlier, quarterly(), term) for term in ("公示名单", "整改报告")] == [1, 31]
    assert not any("提前投票" in text for text in texts(LONG_VOTE, quarterly()))


def test_a_list_that_only_the_objections_delay_is_on_time_with_a_shorter_term():
    late = quarterly(objection_workdays=40)
    (said,) = [text for text in texts(SECOND_QUARTER, late) if text.startswith("公示名单")]

    assert said.endswith("请缩短提出异议的期限，或者缩短投票时间。")
    assert late_by(SECOND_QUARTER, quarterly(), "公示名单") == 0


def test_a_list_that_no_shorter_vote_brings_in_time_names_the_days_after_it():
    offsets = {**OFFSETS, "count": 70, "announce": 71, "publish": 80}
    (said, *_) = overlaps(SECOND_QUARTER, quarterly(), WEEKDAYS, offsets)

    assert said.text(Rhythm.QUARTER).endswith("请减少截止投票到公示的天数（服务器配置 CALENDAR_DAYS）。")


@pytest.mark.parametrize(
    ("changes", "term", "stage", "days", "prevents"),
    [
        (
            {"freeze_months": 4},
            "不得提拔重用的影响期（2014年12月8日）",
            "公示名单（按季度推算为2014年11月8日）",
            30,
            False,
        ),
        ({"report_months": 2}, "整改报告（2014年10月8日）", "锁定名录（按季度推算为2014年9月17日）", 21, False),
        ({"appeal_days": 60}, "申诉答复（2014年10月17日）", "开始投票（按季度推算为2014年10月7日）", 10, False),
        (
            {"order_workdays": 40},
            "责令整改及其复查（最后一次暗访发现问题的）（2014年12月11日）",
            "公示名单（按季度推算为2014年11月8日）",
            33,
            False,
        ),
        (
            {"objection_answer_workdays": 20, "review_workdays": 15},
            "异议、复核的答复（2014年10月22日）",
            "锁定名录（按季度推算为2014年9月17日）",
            35,
            False,
        ),
        ({"notice_workdays": 40}, "公示曝光（2014年10月3日）", "锁定名录（按季度推算为2014年9月17日）", 16, False),
        ({"talk_workdays": 40}, "谈话提醒（2014年10月3日）", "锁定名录（按季度推算为2014年9月17日）", 16, False),
        ({"superior_workdays": 40}, "上级通报（2014年10月3日）", "锁定名录（按季度推算为2014年9月17日）", 16, False),
        ({"plan_workdays": 40}, "整改方案（2014年10月3日）", "锁定名录（按季度推算为2014年9月17日）", 16, False),
        (
            {"repeat_steps": [{**DEFAULT_STEPS[0], "workdays": 40}, DEFAULT_STEPS[1]]},
            "再次上榜的措施（2014年10月3日）",
            "锁定名录（按季度推算为2014年9月17日）",
            16,
            False,
        ),
        ({"at_once_workdays": 40}, "立行立改（2014年10月3日）", "锁定名录（按季度推算为2014年9月17日）", 16, False),
        ({"objection_workdays": 40}, "公示名单（2014年9月27日）", "锁定名录（按季度推算为2014年9月17日）", 10, True),
    ],
)
def test_each_collision_names_both_terms_and_the_days(changes, term, stage, days, prevents):
    found = overlaps(SECOND_QUARTER, quarterly(**changes), WEEKDAYS)

    said = f"{term}比下一轮{stage}晚{days}天，"
    assert [each.prevents for each in found if each.text(Rhythm.QUARTER).startswith(said)] == [prevents]


# Terms in days, working days or months that end within a round's own vote or preparation, or with the year.
WITHIN_THE_ROUND = {
    "pool_objection_workdays",
    "unreachable_days",
    "extension_after_days",
    "reply_workdays",
    "escalate_days",
}


@pytest.mark.parametrize(
    "key",
    sorted(key for key in DEFAULTS if key.endswith(("_days", "_workdays", "_months")) and key not in WITHIN_THE_ROUND),
)
def test_every_term_that_follows_the_list_is_compared_with_the_next_round(key):
    """A term that nobody compares would let a plan pass that the next round overtakes."""
    assert overlaps(SECOND_QUARTER, quarterly(**{key: 120}), WEEKDAYS)


def test_every_term_of_the_preset_is_compared():
    terms = {key for key in QUARTERLY if key.endswith(("_days", "_workdays", "_months"))}

    assert set(QUARTERLY) - terms == {"inspected_sections"}
    assert not terms & WITHIN_THE_ROUND


def test_a_period_of_another_length_is_doubted():
    assert period_doubt(HALF_YEAR, quarterly()) == ["评议周期为季度，而评议期有182天，请核对。"]
    assert period_doubt(SECOND_QUARTER, default_rulebook()) == ["评议周期为半年，而评议期有91天，请核对。"]


@pytest.mark.parametrize("start", [date(2014, month, 1) for month in range(1, 13)])
def test_every_quarter_is_one(start):
    following = (start + timedelta(95)).replace(day=1)
    dates = RoundDates(start, following - timedelta(1), following, following)

    assert period_doubt(dates, quarterly()) == []


@pytest.mark.django_db
class TestADraft:
    def test_whose_terms_do_not_fit_is_not_settled_and_stays_as_it_is(self):
        round_ = make_round(rulebook={"rhythm": "quarter"})

        with pytest.raises(RuleViolation) as refused:
            start_settlement(round_id=round_.pk, by=make_user("clerk"), at=round_.opens_at - timedelta(30))

        assert "暗访复查、销号" in str(refused.value)
        round_.refresh_from_db()
        assert round_.state == "draft"

    def test_whose_terms_do_not_fit_is_not_frozen_either(self, settings):
        """With one person nobody settles the plan, and a holiday may have changed since it was settled."""
        settings.TWO_PERSON_RULE = False
        round_, chief = make_round(rulebook={"rhythm": "quarter"}), make_user("chief")

        with pytest.raises(RuleViolation) as refused:
            start_step(step=Step.FREEZE, round_id=round_.pk, by=chief, at=round_.opens_at - timedelta(30))

        assert "暗访复查、销号" in str(refused.value)
        round_.refresh_from_db()
        assert (round_.state, round_.sections.count()) == ("draft", 0)

    def test_whose_terms_are_doubtful_is_frozen_with_the_doubts(self):
        round_ = make_round(rulebook={**QUARTERLY, "rhythm": "quarter", "freeze_months": 4})

        content = approvals.action_named("round.freeze").content(round_, {})

        assert content["与下一轮的衔接"] == rhythm_doubts(round_)
        assert "影响期" in "".join(content["与下一轮的衔接"])

    def test_whose_terms_are_doubtful_is_proposed_with_the_doubts(self, settings):
        settings.TWO_PERSON_RULE = True
        CompleteYear.objects.all().delete()
        round_ = make_round(rulebook={**QUARTERLY, "rhythm": "quarter", "freeze_months": 4})

        proposed = start_settlement(round_id=round_.pk, by=make_user("clerk"), at=round_.opens_at - timedelta(30))

        assert proposed.content["与下一轮的衔接"] == rhythm_doubts(round_)
        assert "影响期" in "".join(proposed.content["与下一轮的衔接"])
        assert "节假日尚未确认录全" in proposed.content["与下一轮的衔接"][-1]

    def test_takes_a_preset_by_its_form(self):
        rulebook = default_rulebook()
        blank = RulebookForm(rulebook=rulebook, is_frozen=False)
        given = {name: blank.get_initial_for_field(field, name) for name, field in blank.fields.items()}
        steps = enumerate(rulebook["repeat_steps"])
        given |= {f"repeat_steps-{n}-{key}": str(value) for n, step in steps for key, value in step.items()}
        form = RulebookForm({**given, "rhythm": "quarter"}, rulebook=rulebook, is_frozen=False)

        assert form.errors == {}
        assert form.changed_rulebook() == with_rhythm(rulebook, "quarter")

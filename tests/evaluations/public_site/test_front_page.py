"""The front page (首页): whether one can vote and until when, the latest list, what came of it, how to check."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from accountability.rectifications.rules import RectificationState
from evaluations.codes.models import CodeBatch
from evaluations.draws.models import PlannedDraw
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.models import RoundStep
from evaluations.rounds.queries import objections_until
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.scoring.method import Channel
from nanchuan_eval.workdays.rules import in_chinese
from tests.accountability.factories import LATER, TODAY, make_account, make_bare_round, make_case, make_published_round
from tests.accountability.factories import make_rectification as make_rectification_of
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_round, make_self_service
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db
NOTHING_PLANNED = "下一轮投票时间尚未公布"


def front(client):
    answer = client.get("/")
    assert answer.status_code == 200
    return compact(answer.content.decode())


def written(moment):
    local = timezone.localtime(moment)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def vote_from(days, lasts=10):
    """When a vote begins so many days from now, and when it ends."""
    opens_at = timezone.now() + timedelta(days=days)
    return {"opens_at": opens_at, "closes_at": opens_at + timedelta(days=lasts)}


class TestWhetherOneCanVote:
    @pytest.mark.parametrize("state", [None, RoundState.DRAFT, RoundState.VOID, RoundState.CLOSED])
    def test_nothing_planned_is_said(self, client, state):
        if state:
            make_round(state=state, **vote_from(5))

        page = front(client)

        assert NOTHING_PLANNED in page
        assert "输入票号评议" not in page

    @pytest.mark.parametrize("state", [RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN])
    def test_before_the_vote_its_announced_times_stand_there(self, client, state):
        round_ = make_round(state=state, **vote_from(5))

        page = front(client)

        assert f"投票时间：{written(round_.opens_at)}至{written(round_.closes_at)}。" in page
        assert "输入票号评议" not in page
        assert NOTHING_PLANNED not in page

    def test_a_vote_that_should_have_begun_is_not_said_to_begin(self, client):
        round_ = make_round(state=RoundState.DRAWN, **vote_from(-1))

        page = front(client)

        assert f"原定{written(round_.opens_at)}开始投票，目前尚未开始" in page
        assert f"投票时间：{written(round_.opens_at)}" not in page

    def test_before_the_vote_the_announced_draws_to_come_stand_there(self, client):
        round_ = make_round(state=RoundState.FROZEN, **vote_from(20))
        now = timezone.now()
        fields = {"round": round_, "witnesses": "区人大代表", "announced_at": now}
        for purpose, days, changed in (("supervisors", 3, None), ("evaluators", 5, None), ("inspected", 4, now)):
            PlannedDraw.objects.create(
                purpose=purpose,
                planned_at=now + timedelta(days=days),
                place=f"{purpose}会场",
                replaced_at=changed,
                **fields,
            )

        page = front(client)

        for days, purpose in ((3, "supervisors"), (5, "evaluators")):
            at = written(now + timedelta(days=days))
            assert f"<li>{DrawPurpose(purpose).label}：{at}，{purpose}会场" in page
        assert "inspected会场" not in page
        assert '<a href="/draws/">抽取公开：见证人、名单和结果</a>' in page
        PlannedDraw.objects.update(planned_at=now - timedelta(minutes=1))
        assert "已公告的抽取" not in front(client)

    def test_during_the_vote_one_button_and_its_end(self, client):
        round_ = make_open_round(**vote_from(-1))
        make_codes(round_, 7)
        make_codes(round_, 6, channel=Channel.SAMPLED)

        page = front(client)

        assert f"{written(round_.closes_at)}截止" in page
        assert page.count('href="/ballot/">输入票号评议') == 1
        assert "各渠道发放的票号：定向评议7个，抽样评议6个。" in page

    def test_codes_bound_to_a_section_are_codes_of_their_channel(self, client):
        round_ = make_open_round(**vote_from(-1))
        make_codes(round_, 7)
        make_codes(round_, 6)
        CodeBatch.objects.filter(pk=CodeBatch.objects.latest("pk").pk).update(section=round_.sections.first())

        assert "各渠道发放的票号：定向评议13个。" in front(client)

    def test_how_many_have_voted_is_told_to_nobody_outside_before_the_box_is_sealed(self, client):
        round_ = make_open_round()
        codes = make_codes(round_, 9)
        with time_machine.travel(NOON):
            before = front(client)

            cast_ballots(round_, codes[:8])
            cache.clear()

            assert front(client) == before
        assert "收回的票数在封箱后公布，投票期间不公布。" in before

    def test_few_codes_of_a_batch_are_not_told(self, client):
        round_ = make_open_round(**vote_from(-1))
        make_codes(round_, 4)

        assert "各渠道发放的票号" not in front(client)

    def test_codes_are_claimed_there_while_the_counter_is_open(self, client):
        round_ = make_open_round(**vote_from(-1))
        assert "领取评议票</button>" not in front(client)

        make_self_service(round_)

        assert "领取评议票</button>" in front(client)


class TestAfterTheVote:
    def test_until_the_box_is_opened_it_says_whom_it_waits_for_and_when_results_are_expected(self, client):
        round_ = make_round(state=RoundState.OPEN, **vote_from(-11))

        page = front(client)

        assert f"{round_.name}投票已截止，待开箱" in page
        assert f"投票已于{written(round_.closes_at)}截止，不再收票" in page
        assert "预计" in page
        assert "公示结果，公示时间以评议公告为准" in page
        assert "输入票号评议" not in page

    def test_of_a_sealed_box_the_ballots_by_channel_are_told_as_recorded(self, client):
        record = {"ballots": 239, "channels": {"targeted": 200, "sampled": "少于5", "other": "不单独公布"}}
        make_round(state=RoundState.SEALED, closing=json.dumps(record), **vote_from(-12))

        page = front(client)

        assert "已封箱，待计票" in page
        assert "箱内有评议票239张" in page
        assert "各渠道入箱的评议票：定向评议200张，抽样评议少于5张，其他评议的票数不单独公布。" in page

    def test_a_counted_round_is_being_checked(self, client):
        make_round(state=RoundState.COUNTED, **vote_from(-13))

        assert "计票已完成，正在核对。" in front(client)

    def test_the_objection_period_names_its_last_day(self, client):
        round_ = make_round(state=RoundState.REVIEW, **vote_from(-13))
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=timezone.now())

        page = front(client)

        assert "公示前异议期" in page
        assert "各单位可以提出异议，至" in page
        assert "止，异议办结后公示。" in page

    def test_where_units_cannot_object_nobody_is_said_to_object(self, client):
        round_ = make_round(state=RoundState.REVIEW, rulebook={"objection_workdays": 0}, **vote_from(-13))
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=timezone.now())

        page = front(client)

        assert f"{round_.name}公示前核对" in page
        assert "正在核对，尚未公示" in page
        assert "异议" not in page[: page.index("</section>")]

    def test_no_list_is_expected_before_the_objections_have_ended(self, client):
        round_ = make_round(state=RoundState.REVIEW, **vote_from(-22))
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=timezone.now())

        after = objections_until(round_) + timedelta(days=1)

        assert f"预计{in_chinese(after)}公示结果" in front(client)

    def test_an_objection_period_that_is_over_is_not_said_to_run(self, client):
        round_ = make_round(state=RoundState.REVIEW, **vote_from(-60))
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=timezone.now() - timedelta(days=40))

        page = front(client)

        assert "届满，尚未公示" in page
        assert "各单位可以提出异议" not in page

    def test_a_day_that_has_passed_is_no_expectation_any_more(self, client):
        make_round(state=RoundState.COUNTED, **vote_from(-60))

        page = front(client)

        assert "原预计" in page
        assert "尚未公示。公示时间以评议公告为准。" in page

    def test_two_rounds_in_work_stand_there_both_the_open_one_first(self, client):
        waiting = make_round(state=RoundState.REVIEW, **vote_from(-30))
        voting = make_open_round(**vote_from(-1))

        page = front(client)

        assert page.index(f"{voting.name}正在投票") < page.index(f"{waiting.name}公示前异议期")


class TestLatestList:
    def test_the_ten_stand_there_with_their_main_problems_and_no_persons(self, client):
        round_ = make_published_round()

        page = front(client)

        entries = json.loads(round_.publications.get().content)["entries"]
        assert len(entries) == 10
        for entry in entries:
            assert f"<strong>{entry['department']}{entry['section']}</strong>" in page
            assert f"主要问题：{entry['problems']}" in page
        assert f'href="/list/{round_.key}/"' in page
        for person in ("孙科长", "赵副局长", "钱局长"):
            assert person not in page

    def test_a_correction_is_marked_and_gives_its_reason(self, client):
        round_ = make_published_round()
        first = round_.publications.get()
        correction = Correction(reason="经复核，更正一处表述。", problems={"D01-01": "窗口排队久"})
        correct_publication(round_id=round_.pk, correction=correction, by=make_account(), at=LATER)

        page = front(client)

        assert "更正（第2版）" in page
        assert "更正说明（第2版，2020年7月20日）：经复核，更正一处表述。" in page
        before = json.loads(first.content)["entries"][0]["problems"]
        first_row = page.split('class="ten"')[1].split("</li>")[0]
        assert "窗口排队久" in first_row
        assert before not in first_row
        assert f"主要问题：{before}" in page.split("更正内容")[1].split("</table>")[0]

    def test_the_latest_round_is_shown(self, client):
        make_published_round(key="2019H2")
        make_published_round(key="2020H1")

        page = front(client)

        assert "2020年上半年最难办事科室" in page
        assert "2019年下半年最难办事科室" not in page

    def test_a_round_without_a_list_says_so(self, client):
        round_ = make_published_round(places=0)

        page = front(client)

        assert "没有科室参加排名，不公布前十名" in page
        assert round_.publications.get().content.count('"entries":[]') == 1
        assert "前十名" not in compact(client.get("/list/").content.decode())
        shown = compact(client.get(f"/list/{round_.key}/").content.decode())
        assert "公示期：" in shown
        assert "评价整改" not in shown
        assert "申诉" not in shown

    def test_without_any_publication_it_says_so(self, client):
        assert "暂无公示的结果" in front(client)


class TestWhatCameOfIt:
    def test_figures_are_those_of_the_page_they_lead_to(self, client):
        round_ = make_bare_round(state=RoundState.PUBLISHED)
        states = (RectificationState.CLOSED, RectificationState.RUNNING, RectificationState.RUNNING)
        for place, state in enumerate(states, start=1):
            closed_on = TODAY if state == RectificationState.CLOSED else None
            make_rectification_of(make_case(round_, code=f"D0{place}-01"), state, closed_on=closed_on)

        page, results = front(client), client.get(f"/rectification/{round_.key}/").content.decode()

        assert "整改中2个，已销号1个。" in page
        assert f'href="/rectification/{round_.key}/"' in page
        assert results.count("整改中</p>") == 2
        assert results.count("已销号</p>") == 1

    def test_before_any_list_it_says_so(self, client):
        make_bare_round(state=RoundState.REVIEW)

        assert "暂无整改情况" in front(client)


class TestChecking:
    def test_does_not_say_that_everything_is_public(self, client):
        page = front(client)

        assert "任何人都可以核验，哪些由监督员、评议办和纪委监委核验" in page
        assert "抽取、票箱、计票的数据按规定公布，任何人都可以核验" not in page


class TestTheBox:
    @pytest.mark.parametrize("state", [RoundState.DRAWN, RoundState.SEALED, RoundState.PUBLISHED])
    def test_is_where_supervisors_confirm_their_cards(self, client, state):
        round_ = make_round(state=state)

        assert f'href="/rounds/{round_.key}/box/"' in front(client)

    @pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.CLOSED, RoundState.VOID])
    def test_of_a_round_that_has_none_yet_or_is_over_is_not_named(self, client, state):
        round_ = make_round(state=state)

        assert f"/rounds/{round_.key}/box/" not in front(client)


class TestQueries:
    def test_without_a_round(self, client):
        page_in(client, "/", queries=4, shows=NOTHING_PLANNED)

    @pytest.mark.parametrize("draws", [1, 5])
    def test_before_the_vote_with_announced_draws(self, client, draws):
        round_ = make_round(state=RoundState.FROZEN, **vote_from(20))
        for n in range(draws):
            at = timezone.now() + timedelta(days=n + 1)
            PlannedDraw.objects.create(
                round=round_, purpose="inspected", planned_at=at, place="会场", witnesses="甲", announced_at=NOON
            )

        page_in(client, "/", queries=5, shows="已公告的抽取")

    def test_during_the_vote_with_a_published_list(self, client):
        make_published_round()
        round_ = make_open_round(**vote_from(-1))
        make_codes(round_, 7)

        page_in(client, "/", queries=7, shows="正在投票")
        page_in(client, "/", queries=6, shows="定向评议7个")  # the codes are counted once in some minutes

    def test_in_the_objection_period(self, client):
        round_ = make_round(state=RoundState.REVIEW, **vote_from(-13))
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=timezone.now())

        page_in(client, "/", queries=6, shows="公示前异议期")

    def test_do_not_grow_with_the_lists(self, client):
        for key in ("2018H2", "2019H1", "2019H2", "2020H1"):
            make_published_round(key=key)

        page_in(client, "/", queries=5, shows="2020年上半年最难办事科室")
        assert Publication.objects.count() == 4

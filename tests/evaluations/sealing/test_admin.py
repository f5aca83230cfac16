"""The staff's page of an opening, its permits, its record and signatures."""

import json
from datetime import timedelta

import pytest

from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState, Step
from evaluations.sealing.models import OpeningSignature
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import (
    NOON,
    cast_ballots,
    issue_codes,
    make_codes,
    make_open_round,
    make_supervisors_key,
    make_user,
)

pytestmark = pytest.mark.django_db
SUPERVISED = {"box_key": "supervisors", "box_needed": 3, "supervisors_present": 2}


@pytest.fixture
def round_(time_machine):
    round_ = make_open_round(sections=1, rulebook=SUPERVISED)
    time_machine.move_to(round_.closes_at + timedelta(minutes=1))
    return round_


@pytest.fixture
def cards(round_):
    texts = make_supervisors_key(round_)
    cast_ballots(round_, make_codes(round_, 3))
    return texts


@pytest.fixture
def clerk(client):
    client.force_login(make_user("clerk"))
    return client


def address(round_, page="opening/"):
    return f"/admin/evaluations/round/{round_.pk}/{page}"


def typed(*cards, **fields):
    return {**{f"card-{at}": card for at, card in enumerate(cards)}, **fields}


def text_of(answer):
    return answer.content.decode()


class TestBeforeTheOpening:
    def test_the_page_says_that_the_vote_has_ended_and_who_is_waited_for(self, clerk, round_, cards):
        page = text_of(clerk.get(address(round_)))

        assert "投票已经截止，等待监督员持密钥卡到场开箱（5名监督员中至少3人）" in page
        assert "待开箱的评议票共3张" in page
        assert "相符" in page
        assert "备份并读回核对" in page
        assert page.count('class="key-card"') == 3
        assert page.count('autocomplete="off"') >= 4

    def test_nothing_is_stored_by_the_browser(self, clerk, round_, cards):
        for answer in (clerk.get(address(round_)), clerk.post(address(round_), typed(cards[0]))):
            assert "no-store" in answer["Cache-Control"]

    def test_it_shows_differences_by_channel_and_origin_and_asks_for_number_and_reason(self, clerk, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        page = text_of(clerk.get(address(round_)))

        assert "定向评议·发放票号：缺少1张" in page
        assert 'name="number"' in page
        assert 'name="reason"' in page

    def test_before_the_closing_time_it_offers_no_form(self, clerk, round_, cards, time_machine):
        time_machine.move_to(round_.closes_at - timedelta(minutes=1))

        page = text_of(clerk.get(address(round_)))

        assert "尚未到截止投票时间" in page
        assert "key-card" not in page

    def test_a_large_box_is_opened_by_the_command(self, clerk, round_, cards, settings):
        settings.OPENING_PAGE_ROWS = 2

        assert "待开箱的评议票较多，不在本页开箱" in text_of(clerk.get(address(round_)))
        assert "请用 open_box 命令开箱" in text_of(clerk.post(address(round_), typed(*cards[:3])))
        assert Round.objects.get().state == RoundState.OPEN


class TestTheOpening:
    def test_with_three_cards_leads_to_the_record(self, clerk, round_, cards):
        answer = clerk.post(address(round_), typed(*cards[:3]), follow=True)

        assert answer.redirect_chain == [(address(round_, "opening-record/"), 302)]
        assert "请先备份并读回核对，再当场销毁密钥卡" in text_of(answer)
        assert (Round.objects.get().state, Ballot.objects.count()) == (RoundState.SEALED, 3)

    def test_a_fault_stands_at_its_field_and_carries_the_others_back(self, clerk, round_, cards):
        wrong = cards[1][:12] + ("0" if cards[1][12] != "0" else "1") + cards[1][13:]

        page = text_of(clerk.post(address(round_), typed(cards[0], wrong, cards[2])))

        assert "第2格第3组有误" in page
        assert f'value="{cards[0]}"' in page
        assert f'value="{cards[2]}"' in page
        assert Round.objects.get().state == RoundState.OPEN

    def test_too_few_cards_are_told(self, clerk, round_, cards):
        page = text_of(clerk.post(address(round_), typed(*cards[:2], "")))

        assert "还差1张密钥卡，评议票都在，卡到齐后再开箱" in page

    def test_differences_are_accepted_with_the_cards_in_one_form(self, clerk, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        page = text_of(clerk.post(address(round_), typed(*cards[:3])))
        assert "共1处" in page
        assert f'value="{cards[0]}"' in page
        clerk.post(address(round_), typed(*cards[:3], number="1", reason="磁盘故障，已查明"))

        assert json.loads(Round.objects.get().closing)["opening"]["accepted"]["number"] == 1

    def test_rows_that_do_not_open_are_told_with_their_number(self, clerk, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).update(sealed=b"\x02")

        page = text_of(clerk.post(address(round_), typed(*cards[:3])))

        assert "不能打开、须搁置的评议票（无法解密）：1张" in page
        assert 'name="number"' in page
        kept = text_of(clerk.post(address(round_), typed(cards[0], cards[1], number="1", reason="已查明")))
        assert "还差1张" in kept
        assert 'name="number"' in kept

    def test_a_refusal_is_one_row_of_the_log(self, clerk, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        clerk.post(address(round_), typed(*cards[:3]))

        (entry,) = AuditEntry.objects.filter(action="box.open")
        assert (entry.result, entry.detail["number"]) == ("refused", 1)

    def test_a_second_opening_reads_that_the_box_is_sealed(self, clerk, round_, cards):
        clerk.post(address(round_), typed(*cards[:3]))

        assert "已封箱" in text_of(clerk.post(address(round_), typed(*cards[:3])))

    def test_a_box_of_the_server_needs_no_cards(self, clerk, time_machine):
        round_ = make_open_round(sections=1)
        cast_ballots(round_, make_codes(round_, 2))
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()
        time_machine.move_to(round_.closes_at)

        assert "key-card" not in text_of(clerk.get(address(round_)))
        clerk.post(address(round_), {"number": "1", "reason": "已查明"})

        assert Round.objects.get().state == RoundState.SEALED


class TestThePermit:
    def test_the_commission_proposes_it_from_the_page_and_the_chief_approves(self, client, round_, cards, settings):
        settings.TWO_PERSON_RULE = True
        client.force_login(make_user("commission"))
        assert "提请动用备用卡" in text_of(client.get(address(round_)))

        client.post(address(round_, "permit/recovery/"), {"reason": "S2、S3遗失"})
        assert "提请，等待评议办负责人审批" in text_of(client.get(address(round_)))
        approvals.approve(
            approval_id=Approval.objects.get().pk, by=make_user("chief"), at=round_.closes_at + timedelta(minutes=2)
        )

        client.force_login(make_user("clerk"))
        assert text_of(client.get(address(round_))).count('class="key-card"') == 4
        client.post(address(round_), typed(cards[0], cards[3], cards[5], cards[6]))
        assert Round.objects.get().state == RoundState.SEALED

    def test_an_unknown_one_is_not_found(self, client, round_):
        client.force_login(make_user("commission"))

        assert client.get(address(round_, "permit/everything/")).status_code == 404


class TestTheRecord:
    @pytest.fixture
    def opened(self, clerk, round_, cards):
        draw = round_.draws.get(purpose=DrawPurpose.SUPERVISORS)
        self.codes = issue_codes(draw, at=NOON)
        clerk.post(address(round_), typed(cards[0], cards[2], cards[4]))
        round_.refresh_from_db()
        return round_

    def test_names_the_cards_their_holders_and_the_key(self, clerk, opened):
        page = text_of(clerk.get(address(opened, "opening-record/")))

        assert "S1、S3、S5" in page
        assert opened.box_key in page

    def test_is_printed(self, clerk, opened):
        answer = clerk.get(address(opened, "opening-record.pdf"))

        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")

    def test_supervisors_sign_it_and_the_count_waits_for_them(self, clerk, opened, time_machine):
        at = opened.closes_at + timedelta(hours=1)
        assert missing_for(opened, Step.COUNT, at)[0] == "开箱记录还差2名监督员签名。"

        for codes in self.codes[:2]:
            clerk.post(address(opened, "opening-record/"), {"code": codes[0]})

        assert OpeningSignature.objects.count() == 2
        assert not any("签名" in lack for lack in missing_for(opened, Step.COUNT, at))

    def test_each_supervisor_signs_once(self, clerk, opened):
        clerk.post(address(opened, "opening-record/"), {"code": self.codes[0][0]})

        again = clerk.post(address(opened, "opening-record/"), {"code": self.codes[0][1]})

        assert "已经在开箱记录上签名" in text_of(again)
        assert OpeningSignature.objects.count() == 1

    def test_of_a_closed_box_there_is_none(self, clerk, round_, cards):
        assert clerk.get(address(round_, "opening-record/")).status_code == 404


class TestWhatARoundIsCalledMeanwhile:
    """One state, two names: the closing time makes the difference."""

    @pytest.mark.parametrize("page", ["/home/", "/admin/evaluations/round/", "/admin/evaluations/round/{}/change/"])
    def test_on_the_desk(self, clerk, round_, cards, time_machine, page):
        assert "已截止，待开箱" in text_of(clerk.get(page.format(round_.pk)))

        time_machine.move_to(round_.closes_at - timedelta(minutes=1))
        assert "待开箱" not in text_of(clerk.get(page.format(round_.pk)))

    @pytest.mark.parametrize("page", ["/", "/rounds/{}/box/"])
    def test_to_the_public(self, client, round_, cards, time_machine, page):
        said = text_of(client.get(page.format(round_.key)))
        assert "已截止，待开箱" in said
        assert "等待监督员持密钥卡到场开箱" in said

        time_machine.move_to(round_.closes_at - timedelta(minutes=1))
        assert "待开箱" not in text_of(client.get(page.format(round_.key)))

    def test_in_the_work_list(self, round_, cards):
        from accountability.worklist.queries.items import work_items_of  # noqa: PLC0415

        items = work_items_of(make_user("clerk"), round_.closes_at.date())

        assert [item.what for item in items] == [
            f"{round_}投票已截止，等待监督员持密钥卡到场开箱（5名监督员中至少3人）"
        ]

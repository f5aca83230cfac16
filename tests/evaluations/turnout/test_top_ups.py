"""A further round among clients opens on returned codes alone, once, by two persons, while the vote is open."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.queries.items import work_items_of
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import batch_lines, counted_batches
from evaluations.draws.approvals import _next_round_content
from evaluations.draws.models import Draw, DrawEvent
from evaluations.draws.rules import Delivery, RemovalReason
from evaluations.draws.services.removals import Removal, open_next_round, remove_drawn
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.rules.kinds import Failure, MessageKind, MessageState
from evaluations.messages.services.making import deliver_new
from evaluations.rounds.models import Round
from evaluations.turnout.pages import client_returns, monitor_page, returns_table
from evaluations.turnout.queries import due_top_up
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.messages.factories import send_all
from tests.evaluations.turnout.clients import client_vote, issue, return_ballots
from tests.factories import NOON, make_open_round, make_user

pytestmark = pytest.mark.django_db
QUERIES = 8


@pytest.fixture(autouse=True)
def half_way(time_machine):
    """Half of the vote is over."""
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def require_two_persons(settings):
    def switch_on():
        settings.TWO_PERSON_RULE = True

    return switch_on


def open_next(draw, at=NOON):
    return open_next_round(draw_id=draw.pk, by=make_user("chief"), at=at)


def send(number):
    """Let so many messages go out."""
    chosen = list(Message.objects.order_by("key").values_list("pk", flat=True)[:number])
    Message.objects.filter(pk__in=chosen).update(state=MessageState.SENT, content=None)


def returns(draw, at=NOON):
    round_ = Round.objects.get(pk=draw.round_id)
    return client_returns(round_, monitor_page(round_).batches, at)


def figures(page):
    return [
        (row.of.drawn, row.of.delivered, row.returned, row.of.needed, row.foretold, row.state) for row in page.lines
    ]


class TestTheTrigger:
    def test_is_met_once_a_section_will_probably_fall_short(self):
        draw = client_vote(40, 40)
        return_ballots(draw, 3, 8)

        event = open_next(draw)

        assert event.seq == 1
        assert draw.entries.filter(is_selected=True).count() == 2 * 15
        entry = AuditEntry.objects.filter(action="draw.redraw").get()
        assert entry.detail["step_label"].endswith("多抽10人")

    def test_is_counted_for_the_approver_as_on_the_page(self):
        draw = client_vote(40, 40)
        return_ballots(draw, 3, 8)

        assert _next_round_content(draw, {})["启动"] == "第1次追加抽取"
        assert "启动第1次追加抽取" in "".join(returns(draw).proposal)

    def test_is_not_met_while_all_will_have_enough(self):
        draw = client_vote(40, 40)
        return_ballots(draw, 4, 4)  # 70 % are usually back by now: five and more are foretold

        with pytest.raises(RuleViolation, match="各科室都能收满"):
            open_next(draw)

        assert not DrawEvent.objects.exists()

    @pytest.mark.parametrize(
        ("at", "reason"),
        [
            (timedelta(hours=-13), "投票时间未过25%"),
            (timedelta(days=1), "已经截止"),
            (timedelta(days=-2), "尚未开始"),
        ],
        ids=["early", "closed", "before"],
    )
    def test_is_asked_during_the_vote_and_not_too_early(self, at, reason):
        draw = client_vote(40)

        with pytest.raises(RuleViolation, match=reason):
            open_next(draw, NOON + at)

        assert not DrawEvent.objects.exists()

    def test_waits_for_the_codes_of_those_drawn_before(self):
        draw = client_vote(40)
        open_next(draw)

        with pytest.raises(RuleViolation, match="尚有5人未送达（5人没有票号）。请先发送"):
            open_next(draw)

        assert DrawEvent.objects.count() == 1

    def test_waits_for_the_codes_of_a_few_people_too(self):
        draw = client_vote(40, client_batch_min=10)
        open_next(draw)  # five more, fewer than the smallest batch

        with pytest.raises(RuleViolation, match="尚有5人未送达（5人没有票号）"):
            open_next(draw)

    def test_waits_until_letters_and_messages_have_gone_out(self):
        draw = client_vote(40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)

        with pytest.raises(RuleViolation, match="尚有10人未送达（10人的短信、信函没有发出）"):
            open_next(draw)
        Message.objects.update(state=MessageState.SENT, content=None)
        open_next(draw)

        assert DrawEvent.objects.count() == 1

    def test_brings_messages_to_those_it_drew_where_the_first_codes_were_made_otherwise(self):
        draw = client_vote(40, 40)
        open_next(draw)
        made = deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)

        assert made.codes == 2 * 5
        assert "20人的票号已经另行生成" in str(made)
        places = set(Message.objects.values_list("entries__entry__place", flat=True))
        assert places == set(range(11, 16))
        assert set(Message.objects.values_list("kind", flat=True)) == {MessageKind.TOP_UP}

    def test_waits_for_the_codes_of_the_few_whom_a_small_round_draws(self):
        """Three more in each section are fewer than a batch needs at least, and few beside those drawn first."""
        draw = client_vote(40, 40, client_top_up_percent=10)
        open_next(draw)

        with pytest.raises(RuleViolation, match="尚有2人未送达"):
            open_next(draw)

        assert returns(draw).proposal == []
        assert {row.foretold for row in returns(draw).lines} == {None}
        assert DrawEvent.objects.count() == 1

    def test_says_how_many_letters_and_messages_still_wait(self):
        draw = client_vote(40, 40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        send(3)

        with pytest.raises(RuleViolation, match="尚有17人未送达（17人的短信、信函没有发出）。请先发送"):
            open_next(draw)

        page = returns(draw)
        assert page.proposal == []
        assert {row.state for row in page.lines} == {"待发送，尚不能预计"}
        assert not DrawEvent.objects.exists()

    def test_leaves_a_few_who_were_not_sent_theirs_out_of_account(self):
        draw = client_vote(40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        send(8)

        assert open_next(draw).seq == 1

    def test_does_not_wait_for_messages_that_nobody_can_send_again(self):
        draw = client_vote(40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        Message.objects.update(state=MessageState.FAILED, failure=Failure.UNDELIVERED, content=None)

        assert open_next(draw).seq == 1

    def test_foretells_nothing_of_a_section_whose_messages_wait(self):
        draw = client_vote(40, 40, 40, 40, 40, 40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        last = draw.round.sections.order_by("code").last().code
        waiting = MessageEntry.objects.filter(entry__stratum__startswith=last).values("message")
        Message.objects.exclude(pk__in=waiting).update(state=MessageState.SENT, content=None)

        page = returns(draw)

        assert [row.state for row in page.lines] == [*["预计收不满"] * 5, "待发送，尚不能预计"]
        assert page.proposal[0] == "5个科室预计收不满。"

    def test_counts_on_those_drawn_later_as_on_the_first(self):
        draw = client_vote(40)
        return_ballots(draw, 3)
        open_next(draw)
        issue(draw)

        with pytest.raises(RuleViolation, match="各科室都能收满"):  # 3 of 10 so far: 6 of 15 in the end
            open_next(draw)

    def test_has_a_second_round_where_the_first_does_not_suffice(self):
        draw = client_vote(40, client_least=8)
        return_ballots(draw, 3)
        for _ in range(2):
            open_next(draw)
            issue(draw)

        with pytest.raises(RuleViolation, match="没有预先承诺的追加抽取"):
            open_next(draw)

        assert CodeBatch.objects.filter(section__isnull=False).count() == 3

    def test_is_not_met_where_everybody_is_drawn_already(self):
        draw = client_vote(9)

        with pytest.raises(RuleViolation, match="已全部抽取"):
            open_next(draw)

    def test_does_not_depend_on_what_the_ballots_say(self):
        """Codes are all it reads: a section whose codes are used has enough, though no ballot is known."""
        draw = client_vote(40)
        return_ballots(draw, 9)

        assert not draw.round.ballots.exists()
        assert figures(returns(draw)) == [(10, 10, 9, 5, 10, "能收满")]


class TestTheMonitoringPage:
    def test_shows_each_section_and_foretells_its_end(self):
        draw = client_vote(40, 40, 9)
        return_ballots(draw, 8, 0, 0)

        assert figures(returns(draw)) == [
            (10, 10, 8, 5, 10, "能收满"),
            (10, 10, 0, 5, 0, "预计收不满"),
            (9, 9, 0, 5, 0, "预计收不满，已全部抽取"),
        ]

    @pytest.mark.parametrize(
        ("returned", "states"),
        [((8, 0, 0), ["未收满", "未收满", "已收满"]), ((9, 3, 6), ["不单独公布", "不单独公布", "已收满"])],
    )
    def test_foretells_nothing_once_the_vote_is_over(self, returned, states):
        draw = client_vote(40, 40, 40)
        return_ballots(draw, *returned)

        table = returns_table(returns(draw, at=Round.objects.get().closes_at).lines)

        assert [row.state for row in table.rows] == states
        assert not [column.label for column in table.columns if "预计" in column.label]
        assert table.notes == []

    def test_says_nobody_to_lack_a_code_whose_place_nobody_could_take(self):
        draw = client_vote(9, with_codes=False)
        gone = draw.entries.filter(is_selected=True).first()
        remove_drawn(
            entry_id=gone.pk, removal=Removal(RemovalReason.REFUSED, "电话中说明"), by=make_user("chief"), at=NOON
        )
        draw.refresh_from_db()
        assert returns(draw).without_code == 8
        issue(draw)

        (line,) = returns(draw).lines
        assert (line.of.people, line.of.delivered, returns(draw).without_code) == (8, 8, 0)
        assert due_top_up(Round.objects.get(pk=draw.round_id), NOON) is None

    def test_says_of_a_section_left_with_too_few_that_nobody_gets_a_code_and_not_that_it_has_enough(self):
        draw = client_vote(5, 40, with_codes=False)
        gone = draw.entries.filter(
            is_selected=True, stratum__startswith=f"{draw.round.sections.earliest('code').code} "
        )
        remove_drawn(
            entry_id=gone[0].pk, removal=Removal(RemovalReason.REFUSED, "电话中说明"), by=make_user("chief"), at=NOON
        )
        draw.refresh_from_db()
        issue(draw)

        assert [line.state for line in returns(draw).lines] == ["人数过少，不发绑定票号", "预计收不满"]
        assert returns(draw).without_code == 0

    def test_hides_small_figures_and_what_follows_from_them(self, client):
        draw = client_vote(40, 40, 40)
        return_ballots(draw, 9, 3, 6)

        page = returns(draw)
        assert [(row.returned, row.percent, row.foretold, row.state) for row in page.lines] == [
            (9, 90, 10, "能收满"),
            ("不单独公布", None, None, "尚不能预计"),
            ("不单独公布", None, None, "尚不能预计"),
        ]

        client.force_login(make_user("chief"))
        sheet = client.get(reverse("admin:round-monitor", args=[draw.round_id])).content.decode()
        assert len(re.findall(r">\s*不单独公布\s*<", sheet)) >= 2
        assert "1个科室预计收不满" in sheet

    def test_tells_the_same_figure_as_the_batches(self):
        draw = client_vote(40)
        return_ballots(draw, 3)
        open_next(draw)
        issue(draw)
        return_ballots(draw, 4)

        lines = [line.returned for line in batch_lines(counted_batches(draw.round))]

        assert lines == [7, "并入原批次"]
        assert returns(draw).lines[0].returned == 7

    def test_proposes_in_words_and_names_those_without_a_code(self, client):
        draw = client_vote(40, 9)
        client.force_login(make_user("chief"))
        address = reverse("admin:round-monitor", args=[draw.round_id])
        return_ballots(draw, 3, 1)

        page = client.get(address).content.decode()
        assert "2个科室预计收不满" in page
        assert "启动第1次追加抽取，共多抽5人，预计还有1个科室收不满" in page
        assert "其中1个科室的办事群众到第1次追加抽取时已全部抽取" in page
        assert "不足2天" in page  # a day is left: too little for letters

        open_next(draw)
        page = client.get(address).content.decode()
        assert "5人还没有票号" in page

    def test_estimates_thin_sections_with_the_clients_ballots(self):
        draw = client_vote(40, 3, min_drawn_lines=5)
        return_ballots(draw, 6, 0)
        _, left_out = draw.round.sections.order_by("code")

        thin = [(line.section, line.expected) for line in monitor_page(draw.round).thin]

        assert thin == [(left_out, 0)]

    def test_estimates_no_section_below_the_returns_that_are_shown(self):
        draw = client_vote(40, 40, min_drawn_lines=5)
        return_ballots(draw, 6, 0)
        _, quiet = draw.round.sections.order_by("code")

        thin = [(line.section, line.expected) for line in monitor_page(draw.round).thin]

        assert thin == [(quiet, 3)]

    def test_expects_nothing_of_codes_that_can_no_longer_vote(self):
        draw = client_vote(40, 40, min_drawn_lines=5)
        return_ballots(draw, 9, 2)
        _, recalled = draw.round.sections.order_by("code")
        CodeBatch.objects.filter(section=recalled).update(is_open=False)

        thin = [(line.section, line.expected) for line in monitor_page(draw.round).thin]

        assert thin == [(recalled, 1)]

    def test_says_that_ballots_of_drawn_clients_count_for_their_own_section(self, client):
        draw = client_vote(40)
        client.force_login(make_user("chief"))

        page = client.get(reverse("admin:round-monitor", args=[draw.round_id])).content.decode()

        assert "办事群众票计入所评的科室，其余各渠道平均分到各科室" in "".join(page.split())

    def test_of_a_round_without_such_a_draw_says_nothing_of_it(self, client):
        round_ = make_open_round()
        client.force_login(make_user("chief"))

        assert client_returns(round_, [], NOON) is None
        assert "办事群众票" not in client.get(reverse("admin:round-monitor", args=[round_.pk])).content.decode()

    def test_leaves_small_sections_out_and_names_them(self, client):
        draw = client_vote(40, 3)
        small = str(draw.round.sections.order_by("code").last())
        client.force_login(make_user("chief"))

        assert returns(draw).left_out == [small]
        page = client.get(reverse("admin:round-monitor", args=[draw.round_id])).content.decode()
        assert f"<p>{small}</p>" in page

    def test_lists_the_sections_first_that_will_fall_short(self):
        draw = client_vote(40, 9, 40)
        return_ballots(draw, 8, 0, 0)

        rows = returns_table(returns(draw).lines).rows

        assert [row.state for row in rows] == ["预计收不满", "预计收不满，已全部抽取", "能收满"]

    @pytest.mark.parametrize("sections", [1, 4])
    def test_takes_as_many_queries_for_many_sections(self, sections, django_assert_num_queries):
        draw = client_vote(*[12] * sections)
        round_ = Round.objects.get(pk=draw.round_id)
        batches = monitor_page(round_).batches

        with django_assert_num_queries(QUERIES):
            client_returns(round_, batches, NOON)

    def test_counts_as_delivered_what_has_gone_out(self):
        draw = client_vote(40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        assert [row.of.delivered for row in returns(draw).lines] == [0]
        assert returns(draw).without_code == 0

        Message.objects.update(state=MessageState.SENT, content=None)

        assert [row.of.delivered for row in returns(draw).lines] == [10]

    def test_counts_as_delivered_whatever_was_used_also_what_a_receipt_says_not_to_have_arrived(self):
        draw = client_vote(40, with_codes=False)
        deliver_new(round_id=draw.round_id, site="https://pingyi.example", by=make_user("clerk"), at=NOON)
        Message.objects.update(state=MessageState.FAILED, failure=Failure.UNDELIVERED, content=None)
        return_ballots(draw, 7)

        (line,) = returns(draw).lines
        assert (line.of.delivered, line.returned, line.percent) == (7, 7, 100)


class TestAProposal:
    def test_takes_two_persons_and_is_made_once(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        client.force_login(make_user("clerk"))
        act = reverse("admin:draw-act", args=[draw.pk, "next-round"])

        answer = client.post(act, {"way": "later"}, follow=True)
        assert answer.redirect_chain[-1][0] == reverse("admin:round-monitor", args=[draw.round_id]) + "#top-up"
        client.post(act, {"way": "later"})
        proposal = Approval.objects.get()
        assert proposal.content["多抽"] == "5人"
        assert not DrawEvent.objects.exists()

        approvals.approve(approval_id=proposal.pk, by=make_user("chief"), at=NOON)

        assert DrawEvent.objects.count() == 1

    def test_is_refused_while_its_trigger_is_not_met(self, client, require_two_persons):
        draw = client_vote(40)
        return_ballots(draw, 9)
        require_two_persons()
        client.force_login(make_user("clerk"))

        act = reverse("admin:draw-act", args=[draw.pk, "next-round"])
        answer = client.post(act, {"way": "sms"}, follow=True).content.decode()

        assert "各科室都能收满" in answer
        assert not Approval.objects.exists()

    def test_is_not_stale_because_ballots_come_in_meanwhile(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        by = make_user("clerk")
        proposal = approvals.start("draw.next_round", Draw.objects.get(pk=draw.pk), by=by, at=NOON)
        return_ballots(draw, 1)

        approvals.approve(approval_id=proposal.pk, by=make_user("chief"), at=NOON)

        assert DrawEvent.objects.count() == 1

    def test_is_refused_at_the_approval_once_enough_is_foretold(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        proposal = approvals.start("draw.next_round", Draw.objects.get(pk=draw.pk), by=make_user("clerk"), at=NOON)
        return_ballots(draw, 9)

        with pytest.raises(RuleViolation, match="各科室都能收满"):
            approvals.approve(approval_id=proposal.pk, by=make_user("chief"), at=NOON)

        assert not DrawEvent.objects.exists()


class TestCodesAndMessages:
    """Who is newly drawn gets a code, a letter or message in the act that draws them, or nobody is drawn."""

    def started(self, client, draw, way="sms"):
        client.force_login(make_user("clerk"))
        client.post(reverse("admin:draw-act", args=[draw.pk, "next-round"]), {"way": way})
        return Approval.objects.filter(state=Approval.State.PENDING).first()

    def approve(self, proposal):
        return approvals.approve(approval_id=proposal.pk, by=make_user("chief"), at=NOON)

    def test_are_made_with_the_approval(self, client, require_two_persons, monkeypatch):
        draw = client_vote(40, 40)
        require_two_persons()
        proposal = self.started(client, draw)
        assert proposal.content["票号和通知"] == Delivery.SMS.label
        assert proposal.content["链接地址"] == "http://testserver"
        assert not Message.objects.exists()

        self.approve(proposal)

        assert set(Message.objects.values_list("kind", "way", "state")) == {(MessageKind.TOP_UP, "sms", "queued")}
        assert Message.objects.count() == 10
        drawn = draw.entries.filter(is_selected=True)
        assert drawn.count() == Credential.objects.filter(is_void=False).count() == 30
        # The first ones were made otherwise; those drawn now have theirs in a message.
        assert {entry.place for entry in drawn.exclude(message_entry=None)} == set(range(11, 16))
        assert {message.text.partition("/ballot/")[0][-17:] for message in send_all(monkeypatch)} == {
            "http://testserver"
        }

    def test_are_letters_if_so_chosen(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        self.approve(self.started(client, draw, "letters"))

        assert set(Message.objects.values_list("way", flat=True)) == {"letter"}

    def test_are_an_act_of_their_own_if_so_chosen(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        proposal = self.started(client, draw, "later")
        self.approve(proposal)

        assert "票号和通知" not in proposal.content
        assert DrawEvent.objects.count() == 1
        assert not Message.objects.exists()
        assert Credential.objects.count() == 10

    @pytest.mark.parametrize("way", ["", "mail"])
    def test_are_asked_for_before_anything_is_proposed(self, client, require_two_persons, way):
        draw = client_vote(40)
        require_two_persons()

        assert self.started(client, draw, way) is None

    def test_that_cannot_be_made_leave_the_round_unopened(self, client, require_two_persons):
        draw = client_vote(40)
        require_two_persons()
        proposal = self.started(client, draw)
        # A code of somebody drawn was made void by hand: nobody knows whose codes are lacking then.
        Credential.objects.filter(pk=Credential.objects.first().pk).update(is_void=True)

        with pytest.raises(RuleViolation, match="有一部分是另行生成的"):
            self.approve(proposal)

        assert not DrawEvent.objects.exists()
        assert not Message.objects.exists()
        proposal.refresh_from_db()
        assert proposal.state == Approval.State.PENDING

    def test_are_proposed_only_by_those_who_may_make_codes(self):
        assert set(policy.roles_proposing("draw.redraw")) <= set(policy.roles_allowed("cred.print"))


class TestTheWorkList:
    def items(self, role="chief"):
        return {item.what.partition("：")[2]: item for item in work_items_of(make_user(role), at=NOON)}

    def test_reminds_of_a_further_round_until_letters_would_be_too_late(self):
        draw = client_vote(40, 40)
        return_ballots(draw, 9, 1)

        item = self.items()["1个科室预计收不满，可以追加抽取"]

        assert item.due_on == timezone.localdate(draw.round.closes_at) - timedelta(days=5)
        assert item.address == reverse("admin:round-monitor", args=[draw.round_id]) + "#top-up"

    def test_says_nothing_while_all_sections_will_have_enough(self):
        return_ballots(client_vote(40), 9)

        assert not any("追加抽取" in what for what in self.items())

    def test_asks_for_the_codes_of_those_drawn_then(self):
        open_next(client_vote(40))

        assert "5名抽中的办事群众还没有票号，请生成票号和通知" in self.items("clerk")
        assert not any("可以追加抽取" in what for what in self.items())

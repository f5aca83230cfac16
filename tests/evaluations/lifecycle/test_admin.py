"""The round's page at the desk: where it stands, what is missing, whose turn it is, and the buttons that work."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import make_codes, make_manifestations, make_open_round, make_round, make_section, make_user
from tests.pages import compact

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_desk(client):
    """Log a role in and return its browser."""

    def enter(role):
        client.force_login(make_user(role))
        return client

    return enter


def page_of(round_):
    return reverse("admin:evaluations_round_change", args=[round_.pk])


def read(client, address):
    return client.get(address).content.decode()


def step(client, round_, name):
    return client.post(reverse("admin:round-step", args=[round_.pk, name]), follow=True).content.decode()


def test_the_page_lists_what_a_refused_step_would_say(at_desk):
    round_, desk = make_round(), at_desk("chief")

    shown = read(desk, page_of(round_))
    refused = step(desk, round_, "freeze")

    assert "评议对象名录为空，请先导入单位和科室。" in shown
    assert "评议对象名录为空，请先导入单位和科室。" in refused
    round_.refresh_from_db()
    assert round_.state == RoundState.DRAFT


def test_a_step_done_by_its_button_moves_the_round_once(at_desk):
    make_manifestations()
    make_section()
    round_, desk = make_round(), at_desk("chief")

    step(desk, round_, "freeze")
    again = step(desk, round_, "freeze")

    round_.refresh_from_db()
    assert round_.state == RoundState.FROZEN
    assert "只能在“筹备”时进行" in again
    assert AuditEntry.objects.filter(action="roster.freeze", result="ok").count() == 1


def test_a_round_begun_at_the_desk_shows_when_and_by_whom(at_desk):
    desk = at_desk("chief")
    desk.post(
        reverse("admin:evaluations_round_add"),
        {
            "key": "2030H1",
            "name": "2030年上半年",
            "period_start": "2030-01-01",
            "period_end": "2030-06-30",
            "opens_at_0": "2030-07-01",
            "opens_at_1": "09:00",
            "closes_at_0": "2030-07-21",
            "closes_at_1": "17:00",
        },
    )

    assert Round.objects.get(key="2030H1").steps.get().state == RoundState.DRAFT


def test_nobody_presses_the_seal(at_desk):
    shown = read(at_desk("chief"), page_of(make_open_round()))

    assert "下一步：封箱" in shown
    assert "截止时间后由系统自动办理" in shown


@pytest.mark.parametrize("state", [RoundState.OPEN, RoundState.PUBLISHED])
def test_the_page_takes_few_queries_however_much_there_is(at_desk, django_assert_max_num_queries, state):
    round_ = make_open_round(sections=12)
    for _ in range(6):
        make_codes(round_, 5)
    Round.objects.filter(pk=round_.pk).update(state=state)
    desk = at_desk("chief")

    with django_assert_max_num_queries(15):
        desk.get(page_of(round_))


def test_the_desk_opens_on_the_rounds_in_work(at_desk, django_assert_max_num_queries):
    make_open_round(name="2031年上半年")
    make_round(name="作废轮", state=RoundState.VOID)
    desk = at_desk("clerk")

    with django_assert_max_num_queries(15):
        shown = read(desk, reverse("admin:index"))

    assert "2031年上半年" in shown
    assert "下一步：封箱" in shown
    assert "作废轮" not in shown


class TestRulebook:
    """评议规则."""

    @staticmethod
    def address(round_):
        return reverse("admin:round-rulebook", args=[round_.pk])

    def typed(self, desk, round_, **changes):
        form = desk.get(self.address(round_)).context["form"]
        return {name: form[name].value() for name in form.fields} | changes

    def test_a_changed_number_is_kept(self, at_desk):
        round_, desk = make_round(), at_desk("chief")

        desk.post(self.address(round_), self.typed(desk, round_, min_lines="40"))

        round_.refresh_from_db()
        assert round_.rulebook["min_lines"] == 40

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"channels__targeted__weight": "0.9"}, "权重"),
            ({"list_length": "0"}, "大于或等于1"),
            ({"strata": "服务对象 50"}, "相加为100"),
            ({"strata": "服务对象"}, "每行应为“名称 比例”"),
        ],
    )
    def test_a_fault_is_said_and_what_was_typed_stays(self, at_desk, changes, says):
        round_, desk = make_round(), at_desk("chief")
        before = round_.rulebook

        answer = desk.post(self.address(round_), self.typed(desk, round_, **changes)).content.decode()

        round_.refresh_from_db()
        assert says in answer
        assert next(iter(changes.values())) in answer
        assert round_.rulebook == before

    def test_frozen_rules_are_shown_and_cannot_be_typed_over(self, at_desk):
        round_, desk = make_open_round(), at_desk("chief")

        page = read(desk, self.address(round_))
        desk.post(self.address(round_), self.typed(desk, round_, min_lines="99"))

        round_.refresh_from_db()
        assert "名录锁定后，评议规则不能修改" in page
        assert "保存评议规则" not in page
        assert round_.rulebook["min_lines"] == 30

    def test_those_who_may_not_see_rounds_do_not_see_rules(self, at_desk):
        assert at_desk("auditor").get(self.address(make_round())).status_code == 403


class TestPool:
    """名单库."""

    GOOD = "身份类别,姓名,手机号\n服务对象,张三,13800000001\n"

    @staticmethod
    def upload(desk, round_, text):
        file = SimpleUploadedFile("名单.csv", text.encode())
        address = reverse("admin:round-pool", args=[round_.pk])
        return desk.post(address, {"kind": "evaluators", "file": file}, follow=True).content.decode()

    def test_a_faulty_row_is_named_and_nobody_is_taken_over(self, at_desk):
        round_ = make_round(state=RoundState.FROZEN)

        answer = self.upload(at_desk("clerk"), round_, self.GOOD + "服务对象,李四,12\n")

        assert re.search(r"第3行.*手机号", answer)
        assert not PoolEntry.objects.exists()


class TestSideWays:
    """What the round's page offers beside the next step."""

    def offered(self, desk, round_):
        return {link.label for link in desk.get(page_of(round_)).context["desk"].links}

    @pytest.mark.parametrize(
        ("role", "state", "labels"),
        [
            (
                "clerk",
                RoundState.FROZEN,
                {"评议规则", "名单库", "票号批次", "生成票号", "导入离线发放清单", "回收监测", "票箱公开页"},
            ),
            (
                "clerk",
                RoundState.PUBLISHED,
                {
                    "封箱记录",
                    "评议规则",
                    "名单库",
                    "科室结果和主要问题",
                    "异常提示",
                    "计票记录",
                    "票号批次",
                    "回收监测",
                    "票箱公开页",
                },
            ),
            ("chief", RoundState.OPEN, {"评议规则", "名单库", "票号批次", "延期", "作废", "回收监测", "票箱公开页"}),
            (
                "chief",
                RoundState.PUBLISHED,
                {
                    "封箱记录",
                    "评议规则",
                    "名单库",
                    "科室结果和主要问题",
                    "异常提示",
                    "计票记录",
                    "票号批次",
                    "回收监测",
                    "票箱公开页",
                },
            ),
        ],
    )
    def test_only_what_the_role_can_do_in_this_state(self, at_desk, role, state, labels):
        assert self.offered(at_desk(role), make_round(state=state)) == labels

    @pytest.mark.parametrize(
        ("role", "name"), [("chief", "round-codes"), ("clerk", "round-void"), ("clerk", "round-extend")]
    )
    def test_an_act_of_others_is_refused_before_anything_is_typed(self, at_desk, role, name):
        round_ = make_open_round()

        assert at_desk(role).get(reverse(f"admin:{name}", args=[round_.pk])).status_code == 403

    def test_a_step_says_what_it_brings_about_before_it_is_done(self, at_desk):
        make_manifestations()
        make_section()
        round_, desk = make_round(), at_desk("chief")

        page = read(desk, reverse("admin:round-step", args=[round_.pk, "freeze"]))

        assert "办理后不能撤销" in page
        assert ">锁定名录和规则</button>" in compact(page)
        round_.refresh_from_db()
        assert round_.state == RoundState.DRAFT

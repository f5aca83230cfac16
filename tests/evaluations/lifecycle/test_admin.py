"""The round's page in the staff site: what is missing, who may take the next step, and the buttons."""

from datetime import date

import pytest
from django.urls import reverse

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.permissions.policy import Role
from tests.factories import (
    NOON,
    WITHOUT_WAITING,
    cast_ballots,
    make_codes,
    make_manifestations,
    make_open_round,
    make_round,
    make_sealed_round,
    make_section,
    make_user,
    plan,
)
from tests.pages import compact, exactly, page_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def log_in(client):
    """Log an account of a role in and return its browser."""

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


def address_of(round_, name):
    return reverse(f"admin:{name}", args=[round_.pk])


def next_step_of(shown):
    return shown.partition('class="next"')[2].partition("</section>")[0]


def test_the_page_lists_the_reasons_of_a_refused_step(log_in):
    round_, browser = make_round(), log_in("chief")

    shown = read(browser, page_of(round_))
    refused = step(browser, round_, "freeze")

    assert "评议对象名录为空，请先导入单位和科室。" in shown
    assert "评议对象名录为空，请先导入单位和科室。" in refused
    round_.refresh_from_db()
    assert round_.state == RoundState.DRAFT


def test_a_section_without_planned_seats_keeps_the_roster_open(log_in):
    make_manifestations()
    code = make_section().code
    seats = {"issued_quota": "planned", "issued_ballots": 3, "sampled_forms": "issued_codes"}
    round_ = make_round(rulebook={**seats, "issued_seats": {code: 3}})
    assert "发放名额" not in read(log_in("chief"), page_of(round_))

    later = make_section().code

    assert f"评议计划没有{later}的发放名额" in read(log_in("chief"), page_of(round_))


def test_a_step_taken_by_its_button_moves_the_round_once(log_in):
    make_manifestations()
    make_section()
    round_, browser = make_round(), log_in("chief")

    step(browser, round_, "freeze")
    again = step(browser, round_, "freeze")

    round_.refresh_from_db()
    assert round_.state == RoundState.FROZEN
    assert "只能在“筹备”时进行" in again
    assert AuditEntry.objects.filter(action="roster.freeze", result="ok").count() == 1


def test_a_round_planned_in_the_staff_site_has_its_first_state(log_in):
    browser = log_in("chief")
    browser.post(
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


def test_no_role_seals_by_a_button_before_the_closing_time(log_in, time_machine):
    time_machine.move_to(NOON)
    round_ = make_open_round()
    shown = read(log_in("chief"), page_of(round_))

    assert "下一步：封箱" in shown
    assert "这一步由系统在投票截止后自动办理" in shown
    assert address_of(round_, "round-opening") not in next_step_of(shown)
    assert page_of(round_) not in next_step_of(shown)  # no condition leads to where it is read


@pytest.mark.parametrize("role", ["clerk", "chief"])
def test_what_the_clock_has_not_sealed_is_sealed_at_the_desk(log_in, role, time_machine):
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 2))
    time_machine.move_to(round_.closes_at)
    browser = log_in(role)

    shown = read(browser, page_of(round_))
    assert "定时任务已超过60分钟没有运行（从未运行）" in shown
    assert address_of(round_, "round-opening") in next_step_of(shown)

    done = browser.post(address_of(round_, "round-opening"), follow=True).content.decode()
    round_.refresh_from_db()
    assert round_.state == RoundState.SEALED
    assert "已开箱并封箱" in done
    assert "密钥卡" not in done
    (row,) = AuditEntry.objects.filter(action="round.close")
    assert row.actor.role == Role[role.upper()]


def test_a_clock_that_runs_is_not_warned_of(log_in, time_machine):
    time_machine.move_to(NOON)
    round_ = make_open_round()
    ClockRun.objects.create(name="advance_rounds", at=NOON)

    assert "没有运行" not in read(log_in("clerk"), page_of(round_))


@pytest.mark.parametrize("much", [1, 12])
@pytest.mark.parametrize(("state", "queries"), [(RoundState.OPEN, 22), (RoundState.PUBLISHED, 24)])
def test_the_page_takes_a_constant_number_of_queries(log_in, state, queries, much, time_machine):
    time_machine.move_to(NOON)
    round_ = make_open_round(sections=much)
    for _ in range(much):
        make_codes(round_, 5)
    Round.objects.filter(pk=round_.pk).update(state=state)

    page_in(log_in("chief"), page_of(round_), queries=queries, shows=round_.name)


def test_the_first_page_shows_the_rounds_in_work(log_in, time_machine):
    time_machine.move_to(NOON)
    make_open_round(name="2031年上半年")
    make_round(name="作废轮", state=RoundState.VOID)
    browser = log_in("clerk")

    with exactly(14):
        shown = read(browser, reverse("home"))

    assert "2031年上半年" in shown
    assert "下一步：" in shown
    assert ">封箱</a>" in shown
    assert "作废轮" not in shown


class TestRulebook:
    """The page that edits the rulebook of a draft (评议规则)."""

    @staticmethod
    def address(round_):
        return reverse("admin:round-rulebook", args=[round_.pk])

    def filled(self, browser, round_, **changes):
        form = browser.get(self.address(round_)).context["form"]
        return {name: form[name].value() for name in form.fields} | changes

    def test_has_a_list_of_its_sections_and_marks_what_differs_from_the_defaults(self, log_in):
        round_ = make_round(rulebook={"supervisors": 7})

        shown = read(log_in("chief"), self.address(round_))

        assert '<a href="#rules-1">' in shown
        assert 'id="rules-1"' in shown
        assert shown.count("与默认不同，默认为：") == shown.count('class="differs"') > 0
        assert f"与默认不同，默认为：{default_rulebook()['supervisors']}" in shown

    def test_a_changed_number_is_kept(self, log_in):
        round_, browser = make_round(), log_in("chief")

        browser.post(self.address(round_), self.filled(browser, round_, min_lines="40"))

        round_.refresh_from_db()
        assert round_.rulebook["min_lines"] == 40

    def test_cards_without_slack_are_saved_with_a_warning_that_stays_on_the_page(self, log_in):
        round_, browser = make_round(rulebook={"box_key": "supervisors"}), log_in("chief")
        warning = "没有备余，任何一张卡遗失都要动用备用卡"
        assert warning not in browser.get(self.address(round_)).content.decode()

        saved = browser.post(self.address(round_), self.filled(browser, round_, box_needed="5"), follow=True)

        assert warning in saved.content.decode()
        assert warning in browser.get(self.address(round_)).content.decode()

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"channels__targeted__weight": "0.9"}, "权重"),
            ({"list_length": "0"}, "大于或等于1"),
            ({"strata": "服务对象 50"}, "相加为100"),
            ({"strata": "服务对象"}, "每行应为“名称 比例”"),
        ],
    )
    def test_a_fault_is_shown_and_the_input_stays(self, log_in, changes, text):
        round_, browser = make_round(), log_in("chief")
        before = round_.rulebook

        answer = browser.post(self.address(round_), self.filled(browser, round_, **changes)).content.decode()

        round_.refresh_from_db()
        assert text in answer
        assert next(iter(changes.values())) in answer
        assert round_.rulebook == before

    def steps(self, *lines):
        parts = ("repetition", "times", "measure", "actor", "workdays")
        return {
            f"repeat_steps-{n}-{part}": text
            for n, line in enumerate(lines)
            for part, text in zip(parts, line, strict=True)
        }

    def test_the_steps_of_repeated_listing_are_a_table_to_fill_in(self, log_in):
        round_, browser = make_round(), log_in("chief")
        lines = self.steps(
            ("in_a_row", "2", "special_inspection", "office", "20"),
            ("", "", "", "", ""),
            ("within_year", "3", "summons", "unit", "5"),
        )

        browser.post(self.address(round_), self.filled(browser, round_) | lines)

        round_.refresh_from_db()
        assert round_.rulebook["repeat_steps"] == [
            {"repetition": "in_a_row", "times": 2, "measure": "special_inspection", "actor": "office", "workdays": 20},
            {"repetition": "within_year", "times": 3, "measure": "summons", "actor": "unit", "workdays": 5},
        ]
        shown = read(browser, self.address(round_))
        assert '<option value="special_inspection" selected>专项督查</option>' in shown
        assert "默认为：一年内上榜2次：约谈科室负责人，由单位党委（党组）办理，10个工作日；" in shown

    def test_a_step_with_a_fault_is_named_by_its_line_and_stays(self, log_in):
        round_, browser = make_round(), log_in("chief")
        before, lines = round_.rulebook, self.steps(("in_a_row", "1x", "summons", "office", "20"))

        answer = browser.post(self.address(round_), self.filled(browser, round_) | lines).content.decode()

        round_.refresh_from_db()
        assert "再次上榜的措施第1行：次数应为2到10之间的整数。" in answer
        assert "“约谈科室负责人”由单位党委（党组）办理。" in answer
        assert 'value="1x"' in answer
        assert round_.rulebook == before

    def test_all_steps_can_be_deleted(self, log_in):
        round_, browser = make_round(), log_in("chief")

        browser.post(self.address(round_), self.filled(browser, round_) | self.steps(("", "", "", "", "")))

        round_.refresh_from_db()
        assert round_.rulebook["repeat_steps"] == []

    def test_frozen_rules_are_shown_and_cannot_be_edited(self, log_in):
        round_, browser = make_open_round(), log_in("chief")

        page = read(browser, self.address(round_))
        browser.post(self.address(round_), self.filled(browser, round_, min_lines="99"))

        round_.refresh_from_db()
        assert "名录锁定后，评议规则不能修改" in page
        assert "保存评议规则" not in page
        assert round_.rulebook["min_lines"] == 30

    def test_the_rules_of_the_last_round_are_a_click_away(self, log_in):
        round_, browser = make_round(), log_in("chief")
        assert "沿用上一轮的规则" not in read(browser, self.address(round_))

        make_round(period_start=date(2019, 7, 1), period_end=date(2019, 12, 31))

        assert reverse("admin:round-carry", args=[round_.pk]) in read(browser, self.address(round_))

    def test_another_method_brings_its_own_settings_and_says_what_changed(self, log_in):
        round_, browser = make_round(), log_in("chief")

        saved = browser.post(self.address(round_), self.filled(browser, round_, method="NC-1"), follow=True)

        round_.refresh_from_db()
        assert round_.rulebook == default_rulebook("NC-1") | {
            key: value for key, value in WITHOUT_WAITING.items() if key in round_.rulebook
        }
        assert "计分·计分方法：方法二（NC-2） → 方法一（NC-1）" in saved.content.decode()

    def test_those_who_may_not_see_rounds_do_not_see_rules(self, log_in):
        assert log_in("auditor").get(self.address(make_round())).status_code == 403


def test_a_draw_that_is_not_needed_is_not_shown_as_to_be_held(log_in):
    round_ = make_sealed_round(sampled=6, rulebook={"counted_sampled_ballots": 6})
    plan(round_, DrawPurpose.COUNTED)

    shown = read(log_in("chief"), page_of(round_)).partition('id="draw-counted"')[2].partition("</tr>")[0]

    assert "全部计票，不用抽取" in shown
    assert "不举行，原定" in shown


class TestLinks:
    """The links beside the next step."""

    def offered(self, browser, round_):
        return {link.label for link in browser.get(page_of(round_)).context["page"].links}

    @pytest.mark.parametrize(
        ("role", "state", "labels"),
        [
            (
                "clerk",
                RoundState.FROZEN,
                {
                    "评议规则",
                    "解除锁定",
                    "模拟",
                    "名单库",
                    "办件与名单",
                    "票号批次",
                    "发送情况",
                    "生成票号",
                    "导入离线发放清单",
                    "回收监测",
                    "票箱公开页",
                },
            ),
            (
                "clerk",
                RoundState.PUBLISHED,
                {
                    "封箱记录",
                    "开箱记录",
                    "评议规则",
                    "名单库",
                    "办件与名单",
                    "科室结果和主要问题",
                    "异常提示",
                    "计票记录",
                    "票号批次",
                    "发送情况",
                    "票箱密钥",
                    "回收监测",
                    "票箱公开页",
                },
            ),
            (
                "chief",
                RoundState.OPEN,
                {
                    "评议规则",
                    "模拟",
                    "名单库",
                    "办件与名单",
                    "票箱密钥",
                    "票号批次",
                    "发送情况",
                    "开箱",
                    "延期",
                    "作废",
                    "回收监测",
                    "票箱公开页",
                },
            ),
            (
                "chief",
                RoundState.PUBLISHED,
                {
                    "封箱记录",
                    "开箱记录",
                    "评议规则",
                    "名单库",
                    "办件与名单",
                    "科室结果和主要问题",
                    "异常提示",
                    "计票记录",
                    "票号批次",
                    "发送情况",
                    "票箱密钥",
                    "回收监测",
                    "票箱公开页",
                },
            ),
        ],
    )
    def test_only_what_the_role_can_do_in_this_state(self, log_in, settings, role, state, labels):
        settings.TWO_PERSON_RULE = True
        assert self.offered(log_in(role), make_round(state=state)) == labels

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission"])
    @pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.FROZEN, RoundState.OPEN])
    def test_every_page_offered_opens_with_two_persons(self, log_in, settings, role, state):
        settings.TWO_PERSON_RULE = True
        make_round(period_start=date(2019, 7, 1), period_end=date(2019, 12, 31))
        round_, browser = make_round(state=state), log_in(role)
        page = browser.get(reverse("admin:evaluations_round_change", args=[round_.pk])).context["page"]

        assert {link.label: browser.get(link.address).status_code for link in page.links} == {
            link.label: 200 for link in page.links
        }

    def test_the_first_round_has_nothing_to_take_over(self, log_in):
        round_, browser = make_round(), log_in("chief")
        assert "沿用上一轮" not in self.offered(browser, round_)

        make_round(period_start=date(2019, 7, 1), period_end=date(2019, 12, 31))

        assert "沿用上一轮" in self.offered(browser, round_)

    @pytest.mark.parametrize(
        ("role", "name"), [("chief", "round-codes"), ("clerk", "round-void"), ("clerk", "round-extend")]
    )
    def test_another_roles_action_is_refused_before_its_form_is_shown(self, log_in, role, name):
        round_ = make_open_round()

        assert log_in(role).get(reverse(f"admin:{name}", args=[round_.pk])).status_code == 403

    def test_the_rules_of_another_round_are_offered_only_if_there_is_one(self, log_in):
        round_, browser = make_round(), log_in("chief")
        assert "沿用上一轮" not in self.offered(browser, round_)

        make_round(period_start=date(2019, 7, 1), period_end=date(2019, 12, 31))

        assert "沿用上一轮" in self.offered(browser, round_)

    def test_a_steps_consequences_are_shown_before_it_is_confirmed(self, log_in):
        make_manifestations()
        make_section()
        round_, browser = make_round(), log_in("chief")

        page = read(browser, reverse("admin:round-step", args=[round_.pk, "freeze"]))

        assert "由两人办理“解除锁定”" in page
        assert "办理后不能撤销" not in page  # unfreezing takes it back
        assert ">锁定名录和规则</button>" in compact(page)
        round_.refresh_from_db()
        assert round_.state == RoundState.DRAFT

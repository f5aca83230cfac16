"""The plan's page of a round in preparation, its workbook, and taking it over into the rulebook."""

import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from evaluations.planning.rules.report import ESTIMATE, NOT_DRAWN_HERE, UNSEEN
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import import_pool
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User
from tests.evaluations.service_records.factories import make_clients
from tests.factories import NOON, ROLES, make_round, make_section, make_user
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def log_in(client):
    """Log an account of a role in and return its browser."""

    def enter(role):
        client.force_login(make_user(role))
        return client

    return enter


def address(round_, name="round-plan"):
    return reverse(f"admin:{name}", args=[round_.pk])


def entered(browser, round_, **changes):
    form = browser.get(address(round_)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items()} | changes


def sections(number=3):
    return [make_section() for _ in range(number)]


def adopt(browser, round_, **changes):
    """See the differences, then confirm them."""
    data = entered(browser, round_, **changes)
    asked = browser.post(address(round_, "round-plan-adopt"), data)
    return browser.post(
        address(round_, "round-plan-adopt"), {**data, "seen": asked.context["seen"], "confirm": "1"}, follow=True
    )


class TestThePage:
    def test_it_shows_estimates_and_what_they_rest_on(self, log_in):
        round_, browser = make_round(), log_in("clerk")
        sections()

        shown = page_in(browser, address(round_), queries=7, shows=ESTIMATE).content.decode()

        assert UNSEEN in shown
        assert NOT_DRAWN_HERE in shown
        assert "没有上期结果" in shown
        assert "预计3个科室中3个的有效票达到排名要求，公示至少需要3个" in shown

    def test_the_number_of_queries_does_not_grow_with_the_sections(self, log_in):
        round_, browser = make_round(), log_in("clerk")
        sections(20)

        page_in(browser, address(round_), queries=7, shows="评议计划")

    def test_what_is_entered_is_planned_with(self, log_in):
        round_, browser = make_round(), log_in("clerk")
        sections()

        fewer = browser.post(address(round_), entered(browser, round_, targeted__ballots="4", clients__channel="none"))

        assert "达不到公示条件" in fewer.content.decode()
        assert fewer.context["page"].report.plan.letters == 0

    def test_clients_of_the_pool_are_known(self, log_in):
        round_, browser = make_round(), log_in("clerk")
        code = sections()[0].code
        rows = [Row("办件", 1, ("姓名", "手机号", "办过事的科室"))]
        rows += [Row("办件", n, (f"人{n}", f"137{n:08d}", code)) for n in range(2, 12)]
        import_pool(round_id=round_.pk, kind=PoolKind.RECIPIENTS, rows=rows, by=make_user("clerk"), at=NOON)

        page = browser.get(address(round_))

        assert page.context["form"]["sections"].value() == f"{code} - 10"
        assert "（全部邀请）" in compact(page.content.decode())

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"targeted__return_percent": "0"}, "大于或等于1"),
            ({"targeted__return_percent": "nan"}, "输入一个数字"),
            ({"bought": "1.5"}, "输入整数"),
            ({"sections": "X 1"}, "“第1行”：科室代码不在名录中，现为：X"),
            ({"clients__channel": "other"}, "选择一个有效的选项"),
        ],
    )
    def test_a_faulty_input_is_shown_with_its_reason(self, log_in, changes, told):
        round_, browser = make_round(), log_in("clerk")
        sections()

        answer = browser.post(address(round_), entered(browser, round_, **changes))

        assert told in answer.content.decode()
        assert answer.context["page"] is None

    def test_without_sections_there_is_nothing_to_plan(self, log_in):
        shown = log_in("clerk").get(address(make_round())).content.decode()

        assert "不能编制评议计划：没有参评科室" in shown

    def test_a_round_by_another_method_is_not_planned(self, log_in):
        round_ = make_round(rulebook=default_rulebook("NC-1"))

        assert "不能编制评议计划" in log_in("clerk").get(address(round_)).content.decode()

    def test_only_a_round_in_preparation_is_planned(self, log_in):
        assert log_in("clerk").get(address(make_round(state=RoundState.FROZEN))).status_code == 404

    @pytest.mark.parametrize("role", ROLES)
    def test_whoever_sees_rounds_sees_the_plan_and_nobody_else(self, log_in, role):
        round_, browser, user = make_round(), log_in(role), User.objects.get()
        sections()

        shown = browser.get(address(round_), follow=True)
        adopted = browser.post(address(round_, "round-plan-adopt"), follow=True)

        may_see, may_adopt = policy.may_see(user, "round.open"), policy.may_start(user, "round.edit")
        assert shown.status_code == (200 if may_see and user.is_staff else 403)
        assert (adopted.status_code != 403) is (may_adopt and user.is_staff)
        assert (">采用到评议规则</button>" in compact(shown.content.decode())) is may_adopt


class TestTheWorkbook:
    def test_it_holds_sections_needs_margins_and_assumptions(self, log_in):
        round_, browser = make_round(), log_in("clerk")
        codes = [section.code for section in sections()]

        answer = browser.post(address(round_), entered(browser, round_, workbook="1"))

        book = load_workbook(io.BytesIO(answer.content))
        assert answer["Content-Disposition"] == f'attachment; filename="plan-{round_.key}.xlsx"'
        assert book.sheetnames == ["各科室", "所需抽签票", "多收票的作用", "输入与假设"]
        cells = [[cell.value for cell in row] for row in book["各科室"].iter_rows()]
        assert sorted(row[0] for row in cells if row[0] in codes) == sorted(codes)
        assert any(ESTIMATE in str(row[0]) for row in cells)
        needs = [[cell.value for cell in row] for row in book["所需抽签票"].iter_rows()]
        assert ["定向评议", 8, 37, 39] in [row[:4] for row in needs]


class TestTakingOver:
    def test_the_differences_are_shown_then_written_and_logged(self, log_in):
        round_, browser = make_round(), log_in("chief")
        sections()

        data = entered(browser, round_, targeted__ballots="700")
        asked = compact(browser.post(address(round_, "round-plan-adopt"), data).content.decode())
        adopt(browser, round_, targeted__ballots="700")

        round_.refresh_from_db()
        assert "定向评议人员人数" in asked
        assert ">1000<" in asked
        assert ">700<" in asked
        assert round_.rulebook["evaluators"] == 700
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.detail["step_label"]) == ("round.edit", "采用评议计划")
        assert ["定向评议人员人数", "1000", "700"] in entry.detail["differences"]

    def test_letters_to_clients_become_the_seats_of_their_draw(self, log_in):
        round_, browser = make_round(), log_in("chief")
        codes = [section.code for section in sections()]

        adopt(browser, round_, clients__channel="sampled")

        round_.refresh_from_db()
        assert round_.rulebook["issued_seats"] == dict.fromkeys(codes, 106)
        assert round_.rulebook["issued_quota"] == "planned"

    def test_the_draw_among_clients_follows_the_records_of_the_period(self, log_in):
        round_, browser = make_round(), log_in("chief")
        many, few = sections(2)
        make_clients(many, 25)
        make_clients(few, 3)

        adopt(browser, round_, clients__channel="targeted")

        round_.refresh_from_db()
        assert round_.rulebook["client_draw"] is True
        assert round_.rulebook["client_seats"] == {many.code: 25}
        assert round_.rulebook["client_needs"] == {many.code: 40}

    def test_a_rulebook_changed_meanwhile_is_not_overwritten(self, log_in):
        round_, browser = make_round(), log_in("chief")
        sections()
        data = entered(browser, round_, targeted__ballots="700")
        seen = browser.post(address(round_, "round-plan-adopt"), data).context["seen"]
        round_.rulebook["evaluators"] = 900
        round_.save()

        answer = browser.post(address(round_, "round-plan-adopt"), {**data, "seen": seen, "confirm": "1"}, follow=True)

        round_.refresh_from_db()
        assert "在此期间有变动" in answer.content.decode()
        assert round_.rulebook["evaluators"] == 900

    def test_nothing_is_changed_while_the_plan_of_the_round_waits_for_approval(self, log_in, settings):
        settings.TWO_PERSON_RULE = True
        round_, browser = make_round(), log_in("clerk")
        sections()
        data = entered(browser, round_, targeted__ballots="700")
        approvals.propose("round.edit", round_, by=make_user("clerk"), at=NOON)

        answer = browser.post(address(round_, "round-plan-adopt"), data, follow=True)

        round_.refresh_from_db()
        assert "审批前不能修改" in answer.content.decode()
        assert round_.rulebook["evaluators"] == 1000

    @pytest.mark.parametrize("takes_two", [True, False])
    def test_the_second_person_is_named_where_there_has_to_be_one(self, log_in, settings, takes_two):
        settings.TWO_PERSON_RULE = takes_two
        round_, browser = make_round(), log_in("clerk" if takes_two else "chief")
        sections()

        data = entered(browser, round_, targeted__ballots="700")
        asked = browser.post(address(round_, "round-plan-adopt"), data).content.decode()

        assert ("须由另一人随评议方案审定" in asked) is takes_two

    def test_where_nothing_differs_there_is_no_button(self, log_in):
        round_, browser = make_round(), log_in("chief")
        sections()

        asked = browser.post(address(round_, "round-plan-adopt"), entered(browser, round_)).content.decode()

        assert "没有需要采用的内容" in asked
        assert ">采用评议计划</button>" not in compact(asked)

    def test_a_faulty_input_is_not_taken_over(self, log_in):
        round_, browser = make_round(), log_in("chief")
        sections()

        answer = browser.post(address(round_, "round-plan-adopt"), entered(browser, round_, bought="x"))

        assert "输入有误" in answer.content.decode()

    def test_the_address_alone_leads_back_to_the_plan(self, log_in):
        round_ = make_round()

        assert log_in("chief").get(address(round_, "round-plan-adopt")).url == address(round_)

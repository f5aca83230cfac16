"""The commission's page: access, content, number of queries."""

import io
from typing import ClassVar

import pytest
from django.urls import reverse
from django.utils.html import escape
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState
from accountability.results.queries.results import commission_step, read_result
from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.tally.models import Veto
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    NOON,
    make_account,
    make_bare_round,
    make_case,
    make_counted_round,
    make_published_round,
    make_result,
    make_tally,
)
from tests.pages import compact, page_in

MISSED = "有效票不足30张，抽签渠道有效票不足10张"

pytestmark = pytest.mark.django_db
PAGE = "/commission/"
MAY_SEE = {Role.CLERK, Role.CHIEF, Role.COMMISSION}
ACCOUNTS = [
    (Role.CLERK, ""),
    (Role.CHIEF, ""),
    (Role.COMMISSION, ""),
    (Role.LIAISON, "D01"),
    (Role.PERSONNEL, ""),
    (Role.INSPECTOR, ""),
    (Role.SUPERVISOR, ""),
    (Role.SYSTEM_ADMIN, ""),
    (Role.SECURITY_ADMIN, ""),
    (Role.AUDITOR, ""),
]


def login(client, role=Role.COMMISSION, unit_code=""):
    account = make_account(role, unit_code)
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


def test_a_visitor_is_sent_to_the_log_in(client):
    assert client.get(PAGE).url == f"{reverse('login')}?next={PAGE}"


@pytest.mark.parametrize(("role", "unit_code"), ACCOUNTS)
def test_office_and_commission_see_the_page_and_nobody_else(client, role, unit_code):
    make_counted_round()
    login(client, role, unit_code)

    assert client.get(PAGE).status_code == (200 if role in MAY_SEE else 403)


def test_a_refused_request_is_logged(client):
    login(client, Role.LIAISON, "D01")

    client.get(PAGE)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.result) == ("top10.view", AuditEntry.Result.DENIED)


@pytest.mark.parametrize("address", [PAGE, "/commission/2020H1/"])
def test_the_page_shows_the_ten_with_scores_problems_and_ballots(client, address):
    make_counted_round()
    login(client)

    page = text_of(client.get(address))

    for shown in ("D01局", "第D01-01科", "59.12", "咨询电话长期无人接", "材料一次说不清", "30.1", "上期", "尚未公示"):
        assert shown in page


def test_all_sections_stand_below_and_thin_ones_apart(client):
    round_ = make_counted_round(places=11)
    make_result(round_, "D90-01", rank=None)
    login(client)

    page = text_of(client.get(PAGE))

    assert "在11个参加排名的科室中" in page
    assert "样本不足、不参加排名的科室（1个）" in page


def test_the_place_in_the_previous_round_is_shown(client):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    make_counted_round(places=3)
    login(client)

    result = client.get(PAGE).context["result"]

    assert [(line.history.previous_rank, line.history.listings) for line in result.listed] == [(1, 2), (2, 2), (3, 2)]


@pytest.mark.parametrize(
    ("state", "shown"),
    [(RoundState.DRAFT, "筹备"), (RoundState.OPEN, "已截止，待开箱"), (RoundState.SEALED, "已封箱")],
)
def test_before_counting_the_page_says_that_no_interim_score_exists(client, state, shown):
    make_bare_round(state=state)
    login(client)

    page = text_of(client.get(PAGE))

    assert f"当前为“{shown}”" in page
    assert "不计算、也不保存任何中途得分或排名" in page


def test_without_any_round_the_page_says_so(client):
    login(client)

    assert "暂无评议轮次" in text_of(client.get(PAGE))


def test_an_unknown_round_is_not_found(client):
    login(client)

    assert client.get("/commission/1999H1/").status_code == 404


def test_another_round_can_be_chosen(client):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=1)
    make_counted_round(places=1)
    login(client)

    page = text_of(client.get("/commission/2019H2/"))

    assert '<a href="/commission/2019H2/" aria-current="page">' in compact(page)


def test_a_newly_opened_round_does_not_hide_the_last_result(client):
    make_counted_round(places=1, state=RoundState.CLOSED)
    make_bare_round("2020H2", RoundState.OPEN)
    login(client)

    assert client.get(PAGE).context["round"].key == "2020H1"


def test_text_of_the_roster_is_never_markup(client):
    round_ = make_bare_round()
    make_result(round_, "D01-01", section={"name": "<b>科"}, problems="<script>alert(1)</script>")
    make_tally(round_)
    login(client)

    page = text_of(client.get(PAGE))

    assert "<script>alert" not in page
    assert escape("<b>科") in page


def test_a_round_in_which_nobody_is_ranked_has_a_plain_page(client):
    round_ = make_bare_round()
    make_result(round_, "D01-01", rank=None)
    make_tally(round_)
    login(client)

    assert "没有科室达到参加排名的最少有效票数" in text_of(client.get(PAGE))


def test_a_round_without_certain_places_says_so(client):
    round_ = make_bare_round()
    for place in range(1, 12):
        make_result(round_, f"D{place:02}-01", rank=place, label="误差范围内")
    make_tally(round_)
    login(client)

    assert "本轮前10名与其后科室差距不明显。" in text_of(client.get(PAGE))


def test_where_the_list_is_as_long_as_the_roster_no_later_section_is_spoken_of(client):
    round_ = make_bare_round()
    make_result(round_, "D01-01", label="误差范围内")
    make_tally(round_)
    login(client)

    assert "其后科室" not in text_of(client.get(PAGE))


@pytest.mark.parametrize("places", [1, 12, 40])
def test_the_page_takes_a_constant_number_of_queries(client, places):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=places)
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    login(client)

    page_in(client, PAGE, queries=20, shows="第D01-01科")


@pytest.mark.parametrize("places", [1, 12, 40])
def test_the_number_of_queries_is_constant_before_publication_too(client, places):
    round_ = make_counted_round(places=places)
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    login(client)

    page_in(client, PAGE, queries=24, shows="第D01-01科")


def test_the_commission_publishes_from_the_page(client):
    make_counted_round(places=3)
    login(client)

    page = client.post("/commission/2020H1/publish/", follow=True)

    assert "已公示，上榜科室的问责事项已经建立。" in text_of(page)
    assert Round.objects.get().state == RoundState.PUBLISHED
    assert Case.objects.count() == 3


def test_what_is_missing_for_publication_is_shown_instead_of_a_button(client):
    round_ = make_bare_round()
    make_result(round_, "D01-01", problems="")
    make_tally(round_)
    login(client)

    page = text_of(client.get(PAGE))

    assert "主要问题尚未填写" in page
    assert "/publish/" not in page


def test_a_refused_publication_shows_the_reason(client):
    make_counted_round(places=1, state=RoundState.COUNTED)
    login(client)

    page = client.post("/commission/2020H1/publish/", follow=True)

    assert "只能在“异议期”时进行" in text_of(page)


@pytest.mark.parametrize("two", [True, False])
@pytest.mark.parametrize("role", [Role.LIAISON, Role.INSPECTOR, Role.PERSONNEL, Role.CLERK, Role.AUDITOR])
def test_a_missing_right_is_reported_before_missing_conditions(client, settings, role, two):
    settings.TWO_PERSON_RULE = two
    make_counted_round(places=1, state=RoundState.COUNTED)
    login(client, role, "D01" if role == Role.LIAISON else "")
    before = AuditEntry.objects.count()

    assert client.post("/commission/2020H1/publish/").status_code == 403
    assert [row.result for row in AuditEntry.objects.order_by("seq")[before:]] == ["denied"]


def test_the_commission_archives_a_round_whose_cases_are_closed(client):
    case = make_case(state="closed", closed_at=NOON)
    make_tally(case.result.round)
    login(client)

    client.post("/commission/2020H1/archive/")

    assert Round.objects.get().state == RoundState.CLOSED


@pytest.mark.parametrize("step", ["publish", "archive", "export"])
def test_actions_are_posts(client, step):
    make_counted_round(places=1)
    login(client)

    assert client.get(f"/commission/2020H1/{step}/").status_code == 405


@pytest.mark.parametrize("step", ["publish", "archive"])
@pytest.mark.parametrize(("role", "unit_code"), [a for a in ACCOUNTS if a[0] != Role.COMMISSION])
def test_nobody_else_decides(client, step, role, unit_code):
    make_counted_round(places=1)
    login(client, role, unit_code)

    assert client.post(f"/commission/2020H1/{step}/").status_code == 403
    assert Round.objects.get().state == RoundState.REVIEW


def test_a_total_does_not_reveal_the_figure_hidden_beside_it():
    round_ = make_bare_round()
    make_result(round_, "D01-01", lines={"targeted": 19, "sampled": 23, "other": 3})
    make_tally(round_)

    (line,) = read_result(round_).listed

    assert [channel.shown_lines for channel in line.channels] == [19, 23, "少于5"]
    assert line.ballots == 42


def test_a_hidden_channel_score_is_not_revealed_by_the_others():
    round_ = make_bare_round(rulebook=default_rulebook("NC-1"))
    make_result(round_, "D01-01", lines={"targeted": 19, "sampled": 23, "other": 3})
    make_result(round_, "D01-02", rank=2, lines={"targeted": 19, "sampled": 23, "other": 8})
    make_tally(round_)

    hidden, open_ = read_result(round_).listed

    assert [channel.shown_score is None for channel in hidden.channels] == [True, False, True]
    assert all(channel.shown_score is not None for channel in open_.channels)


def test_under_nc2_the_score_of_a_channel_with_few_ballots_says_nothing_about_them():
    round_ = make_bare_round(rulebook=default_rulebook() | {"cell_min_lines": 15})
    make_result(round_, "D01-01", lines={"targeted": 19, "sampled": 12, "other": 3})
    make_tally(round_)

    (line,) = read_result(round_).listed

    assert [channel.shown_lines for channel in line.channels] == [19, 12, "少于5"]
    assert [channel.is_counted for channel in line.channels] == [True, False, False]
    assert line.ballots == 19


@pytest.mark.parametrize(("lines", "total"), [({"targeted": 3, "sampled": 2, "other": 0}, "—"), ({}, 0)])
def test_a_total_that_leaves_out_every_channel_is_not_called_nothing(lines, total):
    round_ = make_bare_round()
    make_result(round_, "D01-01", rank=None, lines=dict.fromkeys(("targeted", "sampled", "other"), 0) | lines)
    make_tally(round_)

    (line,) = read_result(round_).unranked

    assert line.shown_ballots == total


class TestASectionThatIsNotRanked:
    LINES: ClassVar = {"targeted": 9, "sampled": 12, "other": 3}

    @pytest.fixture(autouse=True)
    def thin(self, client):
        """D02-01 has too few ballots, D02-02 too but is vetoed; D01-01 and D01-02 are ranked."""
        round_ = make_bare_round()
        make_result(round_, "D01-01", rank=2)
        make_result(round_, "D01-02", rank=3)
        make_result(round_, "D02-01", rank=None, lines=self.LINES)
        nothing = dict.fromkeys(("difficulty", "drawn_deviation", "rank_low", "rank_high"))
        row = {**nothing, "indicators": {}, "capped": [], "p_top": "1.0000", "lines": self.LINES}
        vetoed = make_result(round_, "D02-02", label="一票否决", **row).section
        Veto.objects.create(round=round_, section=vetoed, decision="南纪〔2020〕1号", decided_on=NOON, facts="查实")
        make_tally(round_)
        login(client)
        return round_

    @pytest.mark.parametrize("code", ["D02-01", "D02-02"])
    def test_shows_counts_and_nothing_else(self, client, code):
        page = client.get(f"/commission/2020H1/sections/{code}/")
        text = compact(text_of(page))

        assert "有效票9" in text
        assert "有效票12" in text
        assert "有效票少于5" in text
        assert [word for word in ("难办指数", "渠道得分", "上榜概率", "下轮建议") if word in text] == []
        assert [point.interval for point in page.context["dossier"].placements] == [""]
        assert "五项指标得分" not in text

    def test_stands_in_a_list_of_its_own_unless_vetoed(self, client):
        page = client.get(PAGE)

        result = page.context["result"]
        assert [line.section.code for line in result.unranked] == ["D02-01"]
        assert [line.in_class for line in result.ranked if line.section.code == "D02-02"] == [None]
        assert "在2个参加排名的科室中（另有1个样本不足、经一票否决列在最前）" in text_of(page)
        assert "样本不足，不显示得分" in text_of(page)

    def test_is_in_no_picture(self, client):
        pictures = client.get("/commission/2020H1/pictures/").context

        assert [bar.line.section.code for bar in pictures["caterpillar"].bars] == ["D01-01", "D01-02"]
        heat_maps = [[row.line.section.code for row in each.rows] for each in pictures["heat_maps"]]
        assert heat_maps == [["D01-01", "D01-02"]]
        assert len(pictures["funnel"].dots) == 2

    def test_has_no_figure_in_the_workbook(self, thin):
        book = load_workbook(io.BytesIO(top10_workbook(thin)))

        rows = [row for sheet in book for row in sheet.iter_rows(values_only=True) if "第D02-01科" in row]
        figures = [[v for v in row if v not in {None, "—", "否"} and not str(v).startswith("=")] for row in rows]
        assert figures == [
            ["D02局", "第D02-01科", "行政审批", 9, 12, "少于5", 9, f"样本不足，不排名：{MISSED}。"],
            ["D02局", "第D02-01科", 9, 12, "样本不足"],
        ]


def test_the_labels_sort_by_how_sure_they_are(client):
    round_ = make_counted_round(places=3)
    for place, label in enumerate(["误差范围内", "一票否决", "明确"], 1):
        result = round_.results.get(rank=place)
        result.data["label"] = label
        result.save(update_fields=["data"])
    login(client)

    def labels(order):
        table = client.get(PAGE, {"sort": order}).context["tables"]["all"]
        return [line.label for line in table.found]

    assert labels("label") == ["一票否决", "明确", "误差范围内"]
    assert labels("-label") == ["误差范围内", "明确", "一票否决"]


@pytest.mark.parametrize(
    ("listed", "ended"),
    [
        ((), "没有科室上榜，没有问责事项"),
        ((True, True), "问责事项均已办结、整改均已销号"),
        ((True, False), "问责事项均已办结或者撤销，未撤下科室的整改均已销号"),
        ((False, False), "上榜科室均已撤下，问责事项均已撤销"),
    ],
)
def test_what_came_of_the_cases_is_said_as_it_is_when_a_round_can_be_archived(listed, ended):
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    for place, is_listed in enumerate(listed, 1):
        case = make_case(round_, f"D01-0{place}", state=CaseState.CLOSED, closed_at=NOON)
        case.result.is_listed = is_listed
        case.result.save()

    assert commission_step(round_, at=NOON).ended == ended


def test_a_list_that_names_nobody_is_not_called_one_of_ten(client):
    make_published_round(places=0)
    login(client)

    page = text_of(client.get(PAGE))

    assert "没有科室上榜，没有问责事项，可以归档。" in page
    assert "最难办事科室前十名" not in page

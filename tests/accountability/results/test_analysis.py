"""The commission's pages: dossier, charts, anomalies, veto, correction; access and number of queries."""

import json
from datetime import date
from fractions import Fraction

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from accountability.results.pages.charts import WIDTH
from evaluations.publication.documents import changes_in_words, with_changes
from evaluations.publication.models import Publication
from evaluations.round_log.queries import entries_of, log_lines
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import AnomalyFlag, SectionResult, Veto
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from evaluations.tally.services.anomalies import DECIDE_FLAG
from evaluations.turnout.models import TurnoutDay
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    NOON,
    make_account,
    make_bare_round,
    make_counted_round,
    make_published_round,
    make_result,
    make_tally,
)
from tests.pages import page_in

pytestmark = pytest.mark.django_db
PAGES = ["pictures/", "anomalies/", "sections/D01-01/", "veto/", "correct/"]
MAY_SEE = {Role.CLERK, Role.CHIEF, Role.COMMISSION}
BALLOT = "00000000-0000-4000-8000-000000000001"


def login(client, role=Role.COMMISSION, unit_code=""):
    account = make_account(role, unit_code)
    client.force_login(account)
    return account


def page(client, address):
    return client.get(f"/commission/2020H1/{address}").content.decode()


def flag(round_, **fields):
    facts = {"kind": FlagKind.STRAIGHT, "text": "有1张票全部相同。", "ballots": [BALLOT], "found_at": NOON, **fields}
    return AnomalyFlag.objects.create(round=round_, **facts)


@pytest.mark.parametrize("address", ["pictures/", "sections/D01-01/"])
@pytest.mark.parametrize("role", [Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.LIAISON, Role.PERSONNEL, Role.AUDITOR])
def test_office_and_commission_see_the_pages_and_nobody_else(client, address, role):
    make_counted_round()
    login(client, role, "D01" if role == Role.LIAISON else "")

    assert client.get(f"/commission/2020H1/{address}").status_code == (200 if role in MAY_SEE else 403)


@pytest.mark.parametrize("address", ["pictures/", "sections/D01-01/", "anomalies/"])
def test_nothing_is_shown_before_the_count(client, address):
    make_bare_round(state=RoundState.SEALED)
    login(client)

    assert client.get(f"/commission/2020H1/{address}").status_code == 404


@pytest.mark.parametrize("places", [1, 12, 40])
@pytest.mark.parametrize(("address", "queries"), [("pictures/", 12), ("sections/D01-01/", 22), ("anomalies/", 8)])
def test_the_pages_take_a_constant_number_of_queries(client, address, queries, places):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=places)
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    flag(round_)
    login(client)

    page_in(client, f"/commission/2020H1/{address}", queries=queries, shows="D01局第D01-01科")


def test_the_dossier_holds_everything_about_a_section(client):
    make_counted_round("2019H2", RoundState.PUBLISHED, places=3)
    round_ = make_counted_round(places=12)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    flag(round_, section=round_.sections.get(code="D01-01"), kind=FlagKind.FAR, ballots=[], text="相差12.0分。")
    login(client)

    text = page(client, "sections/D01-01/")

    for shown in (
        "第1位",
        "59.12",
        "同类中第1位",
        "2019年下半年",
        "上榜2次",
        "相差12.0分",
        "对科室负责人谈话提醒",
        "下轮建议",
    ):
        assert shown in text
    assert "<svg" in text


def test_a_section_of_another_round_has_no_dossier(client):
    make_counted_round()
    login(client)

    assert client.get("/commission/2020H1/sections/X99/").status_code == 404


def test_the_charts_have_a_sentence_as_title_and_a_table_with_the_values(client):
    make_counted_round(places=12)
    login(client)

    text = page(client, "pictures/")

    assert text.count("<svg") == 5
    assert text.count("<title>") >= 2
    assert "上榜的10个科室中" in text
    assert "59.12" in text
    assert "style=" not in text


def test_a_round_without_ranked_sections_has_plain_pages(client):
    round_ = make_counted_round(places=0)
    make_result(round_, "D01-01", rank=None)
    login(client)

    assert "没有可画的图" in page(client, "pictures/")
    assert "样本不足" in page(client, "sections/D01-01/")


class TestTheFilters:
    @pytest.mark.parametrize(
        ("query", "left"), [("q=D02局", 2), ("label=误差范围内", 0), ("service=nonsense", 0), ("q=%3Cb%3E", 0)]
    )
    def test_select_the_matching_sections_and_none_for_a_value_that_no_section_has(self, client, query, left):
        make_counted_round(places=12)
        login(client)

        assert len(client.get(f"/commission/?{query}").context["tables"]["all"].found) == left


class TestAnomalies:
    def test_show_whether_the_flagged_ballots_matter(self, client):
        round_ = make_counted_round(places=12)
        flag(round_)
        round_.tallies.update(without_flags={"D01-01": [11, False], "D06-01": [10, True]})
        login(client)

        text = page(client, "anomalies/")

        assert "上榜名单有变化" in text
        assert "剔除后不上榜" in text
        assert "每轮7500张票约误报2张" in text

    def test_a_section_that_a_correction_removed_is_not_said_to_enter_the_list(self, client):
        round_ = make_counted_round(places=12)
        flag(round_)
        round_.tallies.update(without_flags={"D01-01": [1, True]})
        round_.results.filter(section__code="D01-01").update(is_listed=False, is_withdrawn=True)
        login(client)

        text = page(client, "anomalies/")

        assert "剔除后上榜" not in text
        assert "上榜名单无变化" in text

    def test_a_supervisor_keeps_the_ballots_and_the_reason_is_shown(self, client):
        round_ = make_counted_round()
        one = flag(round_)
        login(client, Role.SUPERVISOR)

        client.post("/commission/2020H1/anomalies/", {"flag": one.pk, "verdict": "kept", "reason": "核查无异常"})

        one.refresh_from_db()
        assert (one.verdict, one.reason) == (Verdict.KEPT, "核查无异常")

    @pytest.mark.parametrize("state", Approval.State.values)
    @pytest.mark.parametrize("role", [Role.LIAISON, Role.INSPECTOR, Role.COMMISSION, Role.CLERK])
    def test_an_account_without_the_right_learns_nothing_about_the_proposal(self, client, settings, state, role):
        settings.TWO_PERSON_RULE = True
        one = flag(make_counted_round())
        given = {"verdict": "kept", "reason": "核查无异常"}
        proposal = approvals.propose(DECIDE_FLAG.name, one, by=make_account(Role.CLERK), at=NOON, **given)
        decided_at = None if state == Approval.State.PENDING else NOON
        Approval.objects.update(state=state, decided_at=decided_at)
        login(client, role, "D01" if role == Role.LIAISON else "")
        before = AuditEntry.objects.count()

        assert client.post(f"/commission/2020H1/anomalies/{proposal.pk}/approve/").status_code == 403
        assert [row.result for row in AuditEntry.objects.order_by("seq")[before:]] == ["denied"]

    def test_a_refused_decision_keeps_the_input(self, client):
        round_ = make_counted_round()
        one = flag(round_, ballots=[])
        login(client, Role.SUPERVISOR)

        answer = client.post(
            "/commission/2020H1/anomalies/", {"flag": one.pk, "verdict": "invalid", "reason": "我看像假的"}
        )

        assert answer.status_code == 400
        assert "不涉及具体评议票，不能据此认定废票" in answer.content.decode()
        assert "我看像假的" in answer.content.decode()

    def test_two_persons_decide(self, client, settings):
        settings.TWO_PERSON_RULE = True
        one = flag(make_counted_round())
        login(client, Role.CLERK)
        client.post("/commission/2020H1/anomalies/", {"flag": one.pk, "verdict": "kept", "reason": "核查无异常"})
        approval = Approval.objects.get()
        login(client, Role.SUPERVISOR)
        assert "同意并办理" in page(client, "anomalies/")

        client.post(f"/commission/2020H1/anomalies/{approval.pk}/approve/")

        one.refresh_from_db()
        assert one.verdict == Verdict.KEPT

    def test_flags_that_name_no_ballots_are_kept_by_one_decision_of_two_persons(self, client, settings):
        settings.TWO_PERSON_RULE = True
        round_ = make_counted_round()
        far, one_sided = (
            flag(round_, ballots=[], kind=kind, section=round_.sections.get(code="D01-01"), channel="other")
            for kind in (FlagKind.FAR, FlagKind.ONE_SIDED)
        )
        login(client, Role.CLERK)
        text = page(client, "anomalies/")
        assert text.count("提请全部保留计票") == 1
        assert "提请处理" not in text

        client.post("/commission/2020H1/anomalies/keep/", {"reason": "渠道不同", f"own-{far.pk}": "大厅投放"})
        login(client, Role.SUPERVISOR)
        text = page(client, "anomalies/")
        assert text.count("同意并办理") == 1
        assert "理由：大厅投放" in text
        client.post(f"/commission/2020H1/anomalies/{Approval.objects.get().pk}/approve/")

        kept = AnomalyFlag.objects.filter(verdict=Verdict.KEPT).values_list("pk", "reason")
        assert dict(kept) == {far.pk: "大厅投放", one_sided.pk: "渠道不同"}

    def test_a_common_decision_without_a_reason_shows_what_was_typed(self, client):
        round_ = make_counted_round()
        far = flag(round_, ballots=[], kind=FlagKind.FAR)
        login(client, Role.SUPERVISOR)

        answer = client.post("/commission/2020H1/anomalies/keep/", {"reason": " ", f"own-{far.pk}": "大厅投放"})

        assert answer.status_code == 400
        assert 'value="大厅投放"' in answer.content.decode()

    @pytest.mark.parametrize("role", [Role.COMMISSION, Role.CHIEF, Role.LIAISON])
    def test_a_common_decision_is_proposed_by_the_office_only(self, client, settings, role):
        settings.TWO_PERSON_RULE = True
        flag(make_counted_round(), ballots=[], kind=FlagKind.FAR)
        login(client, role, "D01" if role == Role.LIAISON else "")

        assert client.post("/commission/2020H1/anomalies/keep/", {"reason": "x"}).status_code == 403

    def test_days_without_the_clock_are_named(self, client):
        round_ = make_counted_round()
        for day, used in ((10, 6), (14, 40)):
            TurnoutDay.objects.create(round=round_, origin="open", day=date(2020, 5, day), used=used)
        login(client)

        assert "5月11日至5月14日定时任务未正常运行" in page(client, "anomalies/")


class TestPublication:
    def publish(self, client):
        return client.post("/commission/2020H1/publish/", follow=True).content.decode()

    def test_is_proposed_by_the_chief_and_approved_against_the_digest_by_the_commission(self, client, settings):
        settings.TWO_PERSON_RULE = True
        make_counted_round(places=3)
        login(client, Role.CHIEF)
        assert "已提请，经另一人审批后生效" in self.publish(client)
        approval = Approval.objects.get()
        assert not Publication.objects.exists()
        login(client)

        client.post(f"/approvals/{approval.pk}/approve/")

        publication = Publication.objects.get()
        assert approval.content["公示内容校验值"] == publication.content_sha256
        assert Case.objects.count() == 3

    def test_a_list_that_changed_after_the_proposal_is_not_published(self, client, settings):
        settings.TWO_PERSON_RULE = True
        make_counted_round(places=3)
        login(client, Role.CHIEF)
        self.publish(client)
        SectionResult.objects.filter(rank=1).update(main_problems="改过的")
        login(client)

        client.post(f"/approvals/{Approval.objects.get().pk}/approve/")

        assert not Publication.objects.exists()
        assert Approval.objects.get().state == Approval.State.STALE

    def test_the_commission_alone_publishes_nothing(self, client, settings):
        settings.TWO_PERSON_RULE = True
        make_counted_round(places=3)
        login(client)

        assert client.post("/commission/2020H1/publish/").status_code == 403
        assert not Publication.objects.exists()


class TestTheCorrection:
    def test_withdraws_a_section_as_a_new_version(self, client):
        round_ = make_counted_round(places=3)
        publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
        texts = {f"problems-{r.section.code}": r.main_problems for r in round_.results.select_related("section")}
        login(client)

        client.post("/commission/2020H1/correct/", {"reason": "经复核撤下", "withdrawn": ["D01-01"], **texts})

        assert [p.version for p in Publication.objects.order_by("version")] == [1, 2]
        assert SectionResult.objects.get(section__code="D01-01").is_withdrawn

    @pytest.fixture
    def corrected(self, client, settings):
        """A round whose list of four was corrected three times: a row reworded, then two withdrawn."""
        settings.TWO_PERSON_RULE = False
        round_ = make_counted_round(places=4)
        publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
        login(client)
        for changed in (
            {"reason": "表述不准", "problems-D02-02": "窗口无人值守"},
            {"reason": "职责已转出", "withdrawn": ["D01-02"]},
            {"reason": "评议对象有误", "withdrawn": ["D01-01"]},
        ):
            listed = round_.results.filter(is_listed=True).select_related("section")
            texts = {f"problems-{r.section.code}": r.main_problems for r in listed}
            answer = client.post("/commission/2020H1/correct/", {**texts, **changed})
            assert answer.status_code == 302, answer.context["form"].errors
        return round_

    def test_can_be_made_any_number_of_times(self, client, corrected):
        assert client.get("/commission/2020H1/correct/").status_code == 200
        assert list(corrected.publications.values_list("version", "reason")) == [
            (1, ""),
            (2, "表述不准"),
            (3, "职责已转出"),
            (4, "评议对象有误"),
        ]

    def test_says_what_each_row_was_and_is(self, client, corrected):
        problems = json.loads(corrected.publications.first().content)["entries"][0]["problems"]
        changes = [changes_in_words(json.loads(each.content)) for each in corrected.publications.all()]

        assert changes[0] == []
        assert [row[2] for row in changes[1]] == ["主要问题：窗口无人值守"]
        assert changes[2][0][0] == "D01局第D01-02科"
        assert changes[3] == [
            ["D01局第D01-01科", f"第1位；标注“明确”；位次区间第1至第3位；主要问题：{problems}", "撤下，不再上榜"]
        ]
        page = client.get("/list/2020H1/").content.decode()
        assert f"第1位；标注“明确”；位次区间第1至第3位；主要问题：{problems}" in page
        assert "原" in page
        assert "撤下，不再上榜" in page
        assert "撤下，不再上榜" in client.get("/list/2020H1/4/notice.html").content.decode()
        assert "撤下，不再上榜" in client.get("/").content.decode()

    def test_of_a_version_that_does_not_say_it_is_compared_with_the_one_before(self, corrected):
        versions = list(corrected.publications.order_by("version"))
        for each in versions:
            content = json.loads(each.content)
            content.pop("changes", None)
            each.content = json.dumps(content)

        assert [len(content.get("changes", [])) for _, content in with_changes(versions)] == [0, 1, 1, 1]

    def test_stands_in_the_rounds_record_each_time(self, corrected):
        lines = log_lines(entries_of(corrected, make_account()))

        assert [(line.what, line.reason) for line in lines if line.what.startswith("更正公示")] == [
            ("更正公示（第4版）：D01局第D01-01科：撤下", "评议对象有误"),
            ("更正公示（第3版）：D01局第D01-02科：撤下", "职责已转出"),
            ("更正公示（第2版）：D02局第D02-02科：改写主要问题", "表述不准"),
        ]

    def test_that_changes_nothing_is_refused(self, client, corrected):
        texts = {
            f"problems-{r.section.code}": r.main_problems
            for r in corrected.results.filter(is_listed=True).select_related("section")
        }
        answer = client.post("/commission/2020H1/correct/", {"reason": "无", **texts})

        assert answer.status_code == 400
        assert "没有需要更正的内容" in answer.content.decode()
        assert corrected.publications.count() == 4

    def test_without_a_reason_nothing_is_published_and_the_page_says_so(self, client):
        round_ = make_counted_round(places=3)
        publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
        login(client)

        assert client.post("/commission/2020H1/correct/", {"withdrawn": ["D01-01"]}).status_code == 400
        assert Publication.objects.count() == 1


class TestTheVeto:
    FIELDS = {"decision": "南纪〔2020〕1号", "decided_on": "2020-07-01", "facts": "查实"}

    def test_is_entered_with_number_date_and_evidence(self, client):
        round_ = make_bare_round(state=RoundState.SEALED)
        make_result(round_, "D01-01", rank=12)
        login(client)

        client.post("/commission/2020H1/veto/", {"section": round_.sections.get().pk, **self.FIELDS})

        assert Veto.objects.get().decision == "南纪〔2020〕1号"

    @pytest.mark.parametrize("lacking", ["decision", "decided_on", "facts", "section"])
    def test_is_refused_without_any_of_them(self, client, lacking):
        round_ = make_bare_round(state=RoundState.SEALED)
        make_result(round_, "D01-01", rank=12)
        login(client)

        fields = {"section": round_.sections.get().pk, **self.FIELDS, lacking: ""}

        assert client.post("/commission/2020H1/veto/", fields).status_code == 400
        assert not Veto.objects.exists()


class TestWordingAboutGreed:
    def test_is_set_with_the_commissions_assent_only(self, client, settings):
        settings.TWO_PERSON_RULE = True
        make_counted_round(places=3)
        login(client, Role.CHIEF)
        client.post("/commission/2020H1/sections/D01-01/wording/", {"text": "办事讲人情、看关系"})
        assert "人情" not in SectionResult.objects.get(section__code="D01-01").main_problems
        login(client)

        client.post(f"/approvals/{Approval.objects.get().pk}/approve/")

        assert SectionResult.objects.get(section__code="D01-01").main_problems == "办事讲人情、看关系"

    def test_other_wording_goes_the_ordinary_way(self, client):
        make_counted_round(places=3)
        login(client)

        answer = client.post("/commission/2020H1/sections/D01-01/wording/", {"text": "推诿"})

        assert answer.status_code == 400
        assert "不涉及" in answer.content.decode()


def test_the_heat_map_has_a_square_per_ranked_section_and_indicator(client):
    make_counted_round(places=12)
    login(client)

    response = client.get("/commission/2020H1/pictures/")

    listed, every = response.context["heat_maps"]
    assert (len(listed.rows), len(every.rows)) == (10, len(response.context["result"].ranked))
    assert {len(row.cells) for row in every.rows} == {5}
    assert response.content.decode().count('class="square-text') == 5 * (len(listed.rows) + len(every.rows))
    assert "上榜科室问题最突出的是" in listed.title


def test_under_nc2_the_pictures_span_all_sections_and_the_disagreement_of_channels(client):
    round_ = make_bare_round()
    for place in range(1, 13):
        make_result(round_, f"D{place:02}-01", rank=place)
    make_result(round_, "D90-01", rank=None)
    make_tally(round_)
    login(client)

    context = client.get("/commission/2020H1/pictures/").context

    caterpillar, figures = context["caterpillar"], context["result"].figures
    assert "在12个参加排名的科室中" in caterpillar.note
    assert "在全部13个科室中的位置" in caterpillar.note
    assert max(bar.place for bar in caterpillar.bars) < WIDTH - 20
    assert figures.between == Fraction(3, 2)
    assert len(context["funnel"].dots) == 12


def test_a_vote_count_below_five_is_hidden_everywhere(client):
    round_ = make_counted_round(places=12)
    SectionResult.objects.filter(round=round_).update(vote_count=4)
    login(client)

    assert {line.votes for line in client.get("/commission/2020H1/pictures/").context["result"].ranked} == {"少于5"}
    assert "少于5" in page(client, "")


class TestTheVetoOfAListThatIsPublished:
    def page(self, client, settings, round_):
        settings.TWO_PERSON_RULE = True
        client.force_login(make_account(Role.COMMISSION))
        return client.get(f"/commission/{round_.key}/veto/")

    def test_is_refused_with_the_reason_to_whoever_approves_it_too(self, client, settings):
        answer = self.page(client, settings, make_published_round(places=2))

        assert (answer.status_code, "名单已公示，不能再录入一票否决" in answer.content.decode()) == (200, True)
        assert "更正公示办理" not in answer.content.decode()  # a correction cannot enter one either

    def test_before_it_the_approver_is_told_who_proposes_it(self, client, settings):
        answer = self.page(client, settings, make_counted_round(places=2))

        assert answer.status_code == 403
        assert "提请，您的角色负责审批，不能提请。" in answer.content.decode()

    def test_refuses_a_decision_of_tomorrow_and_a_second_veto_in_its_own_words(self, client, time_machine):
        time_machine.move_to(NOON)
        round_ = make_bare_round(state=RoundState.SEALED)
        make_result(round_, "D01-01", rank=12)
        section = round_.sections.get()
        login(client)
        fields = {"section": section.pk, "decision": "南纪〔2020〕1号", "facts": "收受礼金，已查实"}
        late = client.post("/commission/2020H1/veto/", {**fields, "decided_on": "2020-07-11"})
        client.post("/commission/2020H1/veto/", {**fields, "decided_on": "2020-07-10"})
        again = client.post("/commission/2020H1/veto/", {**fields, "decided_on": "2020-07-10"})

        assert "决定日期不能晚于今天。" in late.content.decode()
        assert "该科室本轮已录入一票否决" in again.content.decode()
        assert Veto.objects.count() == 1

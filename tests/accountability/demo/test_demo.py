"""The demonstration: a whole round that can be recounted, marked as such, and never beside a real one."""

import json
import os
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from openpyxl import load_workbook

from accountability.cases.models import Case, Measure
from accountability.demo.opinions import opinions
from accountability.demo.output import bound_codes_csv
from accountability.demo.people import ACCOUNTS
from accountability.history.queries import read_history
from accountability.inspections.models import Inspection, Order
from accountability.inspections.rules import InspectionState, OrderState
from accountability.leads.models import Lead, LeadState
from accountability.management.commands import demo as commands_demo
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from accountability.worklist.queries.items import work_items_of
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, RoundState
from evaluations.rounds.rules.rulebook import DEFAULTS
from evaluations.scoring.method import Channel
from evaluations.sealing.services.opening import open_box
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons
from tests.accountability.factories import make_demonstrations_small
from tests.factories import make_round, make_user
from tests.once import made_once

pytestmark = pytest.mark.django_db


def demo(out, ballots, seed=7, earlier=0, **options):
    output = StringIO()
    facts = ["--ballots", ballots, "--seed", seed, "--earlier", earlier, "--out", out]
    call_command("demo", "--no-serve", *facts, stdout=output, **options)
    return output.getvalue()


def main_round():
    return Round.objects.get(key="2020H1")


def rounds():
    return Round.objects.exclude(state=RoundState.DRAFT).order_by("key")


def recounted(out):
    call_command("recount", out / "ballots.csv", out / "rulebook.json", "--json", out / "again.json")
    return (out / "again.json").read_bytes()


@pytest.mark.parametrize("ballots", [0, 1, 25])
def test_a_round_in_which_nobody_has_enough_ballots_ends_at_the_refusal(tmp_path, ballots):
    output = demo(tmp_path, ballots)

    assert main_round().state == RoundState.REVIEW
    assert "本轮105个科室中只有0个的有效评议达到排名要求，至少应有84个。" in output
    assert "/commission/2020H1/" in output
    assert not Case.objects.exists()
    assert recounted(tmp_path) == (tmp_path / "result.json").read_bytes()


def test_two_persons_can_decide_to_publish_it_all_the_same(tmp_path):
    output = demo(tmp_path, 1, decide=True)

    publication = main_round().publications.get()
    assert "说明：本轮105个科室中，0个有效评议足够" in json.loads(publication.content)["note"]
    assert "没有科室参加排名" in output
    assert not Case.objects.exists()
    assert recounted(tmp_path) == (tmp_path / "result.json").read_bytes()


def test_a_list_of_one_section_has_fewer_visits_and_appeals(tmp_path, monkeypatch):
    """Where two persons publish a list of one or two, hardly a section is left to draw for visits."""
    monkeypatch.setitem(DEFAULTS, "min_lines", 8)  # of 120 ballots, one section has as many that count
    monkeypatch.setitem(DEFAULTS, "min_drawn_lines", 1)
    output = demo(tmp_path, 120, decide=True)

    listed = main_round().results.filter(is_listed=True).count()
    assert 0 < listed < 3
    assert f"{listed}个问责事项" in output
    assert Objection.objects.count() == listed
    assert Inspection.objects.filter(section__result__is_listed=True).count() == listed


@pytest.fixture(scope="class")
def shown(request, tmp_path_factory):
    """A whole demonstration: what it printed, and its folder."""
    out = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        make_demonstrations_small(patch)
        with made_once(request, lambda: demo(out, 60, earlier=3)) as output:
            yield output, out


class TestAFullDemonstration:
    @pytest.fixture
    def out(self, shown):
        self.output, out = shown
        return out

    def test_ends_published_with_a_case_for_every_listed_section(self, out):
        round_ = main_round()

        assert (round_.name, round_.state) == ("2020年上半年", RoundState.PUBLISHED)
        assert round_.sections.count() == 105
        assert Case.objects.of_round(round_.pk).count() == round_.results.filter(is_listed=True).count() >= 10

    def test_has_three_archived_half_years_before_it_and_one_in_preparation_after_it(self, out):
        states = list(Round.objects.order_by("key").values_list("key", "state"))

        assert states == [
            ("2018H2", RoundState.CLOSED),
            ("2019H1", RoundState.CLOSED),
            ("2019H2", RoundState.CLOSED),
            ("2020H1", RoundState.PUBLISHED),
            ("2020H2", RoundState.DRAFT),
        ]
        assert not Case.objects.open().exclude(result__round__key="2020H1").exists()

    def test_every_round_of_it_can_be_verified(self, out):
        faults = {round_.key: [each for _, found in verify_round(round_) for each in found] for round_ in rounds()}

        assert faults == {"2018H2": [], "2019H1": [], "2019H2": [], "2020H1": []}

    def test_lists_the_funeral_home_as_often_as_the_report_does_and_more(self, out):
        trend = read_history(main_round()).trend("D06-01")

        assert [each.key for each in trend] == ["2018H2", "2019H1", "2019H2", "2020H1"]
        assert sum(each.is_listed for each in trend) >= 2

    def test_the_head_of_the_funeral_home_is_summoned_by_the_units_party_group(self, out):
        summons = Measure.objects.filter(kind="summons", case__result__section__code="D06-01").latest("case__opened_at")

        assert (summons.responsible, summons.state) == ("民政局党委（党组）", "done")
        assert "次上榜，由单位党委（党组）在公示后10个工作日内约谈科室负责人" in summons.basis

    def test_has_a_published_correction_that_keeps_the_first_version(self, out, client):
        corrected = Round.objects.get(key="2019H1")

        assert list(corrected.publications.order_by("version").values_list("version", flat=True)) == [1, 2]
        assert corrected.results.filter(is_withdrawn=True).count() == 1
        assert "演示：公示后核查" in client.get("/list/2019H1/").content.decode()

    def test_takes_two_persons_for_whatever_takes_two(self, out):
        decided = Approval.objects.filter(state=Approval.State.APPROVED).select_related("proposed_by", "decided_by")

        assert {"roster.import", "round.edit", "round.freeze", "draw.run", "round.open", "round.count"} <= {
            approval.kind for approval in decided
        }
        assert all(are_two_persons(approval.proposed_by, approval.decided_by) for approval in decided)

    # All but the supervisor, who has a part in counts only.
    @pytest.mark.parametrize("username", [name for name, *_ in ACCOUNTS if name != "witness"])
    def test_leaves_something_to_do_for_everybody(self, out, username, settings):
        settings.TWO_PERSON_RULE = True  # as the demonstration is served
        user = User.objects.get(username=username)

        assert any(not item.waits_for for item in work_items_of(user))

    @pytest.mark.parametrize(
        ("username", "kinds"),
        [
            ("chief", {"round.edit", "departments.section.edit", "role.grant", "rect.plan", "rect.extend"}),
            ("jiwei", {"role.grant.admin", "inspection.plan", "talk.confirm"}),
            ("personnel", {"freeze.record"}),
        ],
    )
    def test_leaves_proposals_of_several_kinds_to_decide(self, out, username, kinds):
        waiting = approvals.waiting_for(User.objects.get(username=username))

        assert kinds <= {approval.kind for approval in waiting}

    def test_leaves_an_objection_a_lead_and_a_visit_to_decide(self, out):
        states = {ObjectionState.FILED, ObjectionState.ACCEPTED, ObjectionState.DECIDED}
        assert set(Objection.objects.values_list("state", flat=True)) == states
        assert Lead.objects.filter(state=LeadState.RECEIVED).exists()
        assert Inspection.objects.filter(state=InspectionState.SUBMITTED).exists()
        assert Inspection.objects.filter(state=InspectionState.ASSIGNED).exists()

    def test_an_appeal_is_decided_by_the_commission_account_that_did_not_approve_the_list(self, out):
        decided = Objection.objects.get(state=ObjectionState.DECIDED)
        first = decided.round.publications.get(version=1)

        assert (first.approved_by.username, decided.decided_by.username) == ("jiwei", "jiwei2")
        assert decided.accepted_by.username == "chief"
        assert decided.signatures.count() == 2

    def test_a_unit_has_replied_to_an_order_which_waits_for_a_return_visit(self, out):
        assert Order.objects.filter(state=OrderState.REPLIED, inspection__return_visits=None).count() == 1

    def test_tells_one_line_for_every_step(self, out):
        told = [line for line in self.output.splitlines() if line.startswith("2019年上半年")]

        assert [line.split("　")[1].split("：")[0] for line in told] == [
            "抽取监督员",
            "抽取定向评议人员",
            "票号",
            "群众投票",
            "计票",
            "公示",
            "更正",
            "问责整改",
        ]

    def test_leaves_files_that_anybody_can_recheck(self, out, capsys):
        assert recounted(out) == (out / "result.json").read_bytes()
        proofs = sorted((out / "draws").glob("*.json"))
        assert len(proofs) == 3  # the inspection drew too; so few sampled ballots are all counted
        for proof in proofs:
            call_command("verify_draw", proof)
        assert capsys.readouterr().out.count("OK ") == 3

    def test_is_marked_as_a_demonstration_everywhere(self, out, client):
        assert DEMO_NOTICE in self.output
        assert DEMO_NOTICE in (out / "说明.txt").read_text(encoding="utf-8")
        sheets = load_workbook(out / "最难办科室前十.xlsx").worksheets
        assert all(any(DEMO_NOTICE in str(cell.value) for row in sheet["A1:A6"] for cell in row) for sheet in sheets)
        for page in ("/", "/draws/", "/list/", "/list/2020H1/", "/list/2018H2/", "/draws/2020H1-evaluators-1/"):
            assert DEMO_NOTICE in client.get(page).content.decode(), page
        client.force_login(make_user("commission"))
        assert DEMO_NOTICE in client.get(reverse("accountability:commission")).content.decode()

    def test_leaves_a_list_for_the_freeze_query_with_every_answer(self, out, client):
        client.force_login(make_user("personnel"))
        content = (out / "影响期查询名单（示例）.xlsx").read_bytes()

        page = client.post("/personnel/many/", {"file": SimpleUploadedFile("名单.xlsx", content)}).context["page"]

        assert page.figures == "影响期内1人，请核对3人，无影响期1人"
        assert [each.reasons for _, each in page.noted][:3] == [(), ("同名，未填写单位",), ("同名，单位不同",)]

    def test_names_nobody_of_its_pools_in_what_is_published(self, out, client):
        pages = "".join(client.get(page).content.decode() for page in ("/", "/list/2020H1/", "/draws/"))

        assert "演示评议员" not in pages
        assert "1390" not in pages


def test_an_open_demonstration_takes_votes_with_the_codes_of_its_file(tmp_path, client):
    demo(tmp_path, 10, open=True)

    code = (tmp_path / "codes.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")[1]
    assert main_round().state == RoundState.OPEN
    assert "您在哪些科室办过事" in client.post("/ballot/", {"code": code}).content.decode()
    assert not BallotSpool.objects.exists()
    assert sorted(path.name for path in (tmp_path / "draws").glob("*.json")) == [
        f"{draw.draw_id}.json" for draw in main_round().draws.order_by("draw_id")
    ]


def test_codes_of_one_section_are_told_from_others():
    lines = bound_codes_csv({"D01-01": ["0" * 20, "1" * 20], "D01-02": ["2" * 20]}).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["科室代码", "D01-01", "D01-01", "D01-02"]


def test_the_seed_determines_the_votes(tmp_path):
    demo(tmp_path, 0)
    form = ballot_form_by_digest(main_round().ballot_form_sha256)
    channels = [Channel.TARGETED, Channel.OTHER] * 5

    def told(seed, half_year="2020H1"):
        return list(opinions(form, channels, seed, half_year=half_year))

    assert told(7) == told(7)
    assert told(7) != told(8)
    assert told(7) != told(7, "2019H2")


def test_targeted_evaluators_rate_what_was_listed_for_them(tmp_path):
    demo(tmp_path, 0)
    form = ballot_form_by_digest(main_round().ballot_form_sha256)
    codes = sorted(form.section_codes)
    listed = [codes[:2], [], codes[:20]]

    channels = [Channel.TARGETED, Channel.OTHER, Channel.TARGETED, Channel.TARGETED]
    told = list(opinions(form, channels, 7, half_year="2020H1", listed=listed))

    plain = list(opinions(form, channels, 7, half_year="2020H1"))
    assert set(codes[:2]) <= set(told[0].answers)
    assert len(told[0].answers) == len(plain[0].answers)
    assert 4 <= len(told[2].answers) <= 9
    assert list(told[3].answers) == codes[:20]


def test_a_second_demonstration_goes_on_after_the_first(tmp_path):
    demo(tmp_path, 0)
    demo(tmp_path, 0, earlier=3)

    assert sorted(Round.objects.values_list("key", flat=True)) == ["2020H1", "2020H2", "2021H1", "2021H2"]


def test_a_database_with_a_real_round_is_refused(tmp_path):
    make_round()

    with pytest.raises(CommandError, match="真实的评议轮次"):
        demo(tmp_path, 1)

    assert Round.objects.count() == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [{"ballots": -1}, {"ballots": 1, "records": -1}, {"ballots": 1, "records": 5}])
def test_a_number_below_what_is_possible_is_bad_usage(tmp_path, number):
    with pytest.raises(CommandError) as refusal:
        demo(tmp_path, **number)

    assert refusal.value.returncode == 2


def test_result_json_is_one_canonical_line(tmp_path):
    demo(tmp_path, 0)
    text = (tmp_path / "result.json").read_text(encoding="utf-8")

    assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_the_address_is_seen_through_a_pipe_when_the_server_starts(monkeypatch, settings):
    reader, writer = os.pipe()
    seen = []
    monkeypatch.setattr(commands_demo, "call_command", lambda *_, **__: seen.append(os.read(reader, 65536).decode()))
    os.set_blocking(reader, False)

    with os.fdopen(writer, "w") as pipe:
        commands_demo.Command(stdout=pipe)._serve()
    os.close(reader)

    assert "网站：http://127.0.0.1:" in seen[0]
    assert "按 Ctrl+C 结束。" in seen[0]


@pytest.mark.parametrize(("is_asked", "told"), [(True, "首次登录时"), (False, "登录不用动态口令（REQUIRE_OTP=false）")])
def test_it_says_whether_logging_in_takes_a_second_factor(monkeypatch, settings, is_asked, told):
    settings.REQUIRE_OTP = is_asked
    output = StringIO()
    monkeypatch.setattr(commands_demo, "call_command", lambda *_, **__: None)

    commands_demo.Command(stdout=output)._serve()

    assert told in output.getvalue()


def test_it_is_told_and_served_in_two_person_mode(tmp_path, monkeypatch, settings):
    settings.TWO_PERSON_RULE = False
    served = []
    monkeypatch.setattr(commands_demo.Command, "_serve", lambda _: served.append(settings.TWO_PERSON_RULE))

    call_command("demo", "--ballots", 0, "--earlier", 0, "--out", tmp_path, stdout=StringIO())

    assert served == [True]
    assert settings.TWO_PERSON_RULE is False


def test_with_supervisors_the_box_is_opened_with_cards_and_everything_agrees(tmp_path):
    demo(tmp_path, 5, supervisors=True, decide=True)

    round_ = main_round()
    opening = json.loads(round_.closing)["opening"]
    assert (round_.state, opening["mode"], opening["cards"]) == (
        RoundState.PUBLISHED,
        "supervisors",
        ["S1", "S2", "S3"],
    )
    assert round_.opening_signatures.count() == round_.rulebook["supervisors_present"]
    assert [fault for _, faults in verify_round(round_) for fault in faults] == []


def test_an_open_one_with_supervisors_leaves_the_cards_that_open_its_box(tmp_path):
    demo(tmp_path, 5, open=True, supervisors=True)
    round_ = main_round()
    cards = (tmp_path / "key-cards.txt").read_text(encoding="utf-8").splitlines()

    open_box(round_id=round_.pk, typed=cards[1:4], by=OPERATOR, at=round_.closes_at)

    round_.refresh_from_db()
    assert round_.state == RoundState.SEALED
    assert (tmp_path / "key-cards.txt").stat().st_mode & 0o077 == 0

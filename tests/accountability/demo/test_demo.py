"""The demonstration: a whole round that can be recounted, marked as such, and never beside a real one."""

import json
import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from openpyxl import load_workbook

from accountability.cases.models import Case
from accountability.demo.opinions import opinions
from accountability.management.commands import demo as commands_demo
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, RoundState
from evaluations.scoring.method import Channel
from evaluations.sealing.services.opening import open_box
from evaluations.verification.services import verify_round
from nanchuan_eval.permissions.policy import OPERATOR
from tests.accountability.factories import make_demonstrations_small
from tests.factories import make_round, make_user

pytestmark = pytest.mark.django_db


def demo(out, ballots, seed=7, **options):
    output = StringIO()
    call_command("demo", "--no-serve", "--ballots", ballots, "--seed", seed, "--out", out, stdout=output, **options)
    return output.getvalue()


def recounted(out):
    call_command("recount", out / "ballots.csv", out / "rulebook.json", "--json", out / "again.json")
    return (out / "again.json").read_bytes()


@pytest.mark.parametrize("ballots", [0, 1, 25])
def test_a_round_in_which_nobody_has_enough_ballots_ends_at_the_refusal(tmp_path, ballots):
    output = demo(tmp_path, ballots)

    assert Round.objects.get().state == RoundState.REVIEW
    assert "本轮105个科室中只有0个的有效评议达到排名要求，至少应有84个。" in output
    assert "/commission/2020H1/" in output
    assert not Case.objects.exists()
    assert recounted(tmp_path) == (tmp_path / "result.json").read_bytes()


def test_two_persons_can_decide_to_publish_it_all_the_same(tmp_path):
    output = demo(tmp_path, 1, decide=True)

    publication = Round.objects.get().publications.get()
    assert "说明：本轮105个科室中，0个有效评议足够" in json.loads(publication.content)["note"]
    assert "没有科室参加排名" in output
    assert not Case.objects.exists()
    assert recounted(tmp_path) == (tmp_path / "result.json").read_bytes()


class TestAFullDemonstration:
    @pytest.fixture
    def out(self, tmp_path, monkeypatch):
        make_demonstrations_small(monkeypatch)
        self.output = demo(tmp_path, 60)
        return tmp_path

    def test_ends_published_with_a_case_for_every_listed_section(self, out):
        round_ = Round.objects.get()

        assert (round_.key, round_.name, round_.state) == ("2020H1", "2020年上半年", RoundState.PUBLISHED)
        assert round_.sections.count() == 105
        assert Case.objects.count() == round_.results.filter(is_listed=True).count() >= 10

    def test_leaves_files_that_anybody_can_recheck(self, out, capsys):
        assert recounted(out) == (out / "result.json").read_bytes()
        proofs = sorted((out / "draws").glob("*.json"))
        assert len(proofs) == 4  # the inspection drew too
        for proof in proofs:
            call_command("verify_draw", proof)
        assert capsys.readouterr().out.count("OK ") == 4

    def test_is_marked_as_a_demonstration_everywhere(self, out, client):
        assert DEMO_NOTICE in self.output
        assert DEMO_NOTICE in (out / "说明.txt").read_text(encoding="utf-8")
        sheets = load_workbook(out / "最难办科室前十.xlsx").worksheets
        assert all(any(DEMO_NOTICE in str(cell.value) for row in sheet["A1:A6"] for cell in row) for sheet in sheets)
        for page in ("/", "/draws/", "/list/", "/list/2020H1/", "/draws/2020H1-evaluators-1/"):
            assert DEMO_NOTICE in client.get(page).content.decode(), page
        client.force_login(make_user("commission"))
        assert DEMO_NOTICE in client.get(reverse("accountability:commission")).content.decode()

    def test_names_nobody_of_its_pools_in_what_is_published(self, out, client):
        pages = "".join(client.get(page).content.decode() for page in ("/", "/list/2020H1/", "/draws/"))

        assert "演示评议员" not in pages
        assert "1390" not in pages


def test_an_open_demonstration_takes_votes_with_the_codes_of_its_file(tmp_path, client):
    call_command("demo", "--open", "--no-serve", "--ballots", 10, "--out", tmp_path, stdout=StringIO())

    code = (tmp_path / "codes.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")[1]
    assert Round.objects.get().state == RoundState.OPEN
    assert "您在哪些科室办过事" in client.post("/ballot/", {"code": code}).content.decode()
    assert not BallotSpool.objects.exists()


def test_the_seed_determines_the_votes(tmp_path):
    demo(tmp_path, 0)
    form = ballot_form_by_digest(Round.objects.get().ballot_form_sha256)
    channels = [Channel.TARGETED, Channel.OTHER] * 5

    assert list(opinions(form, channels, 7)) == list(opinions(form, channels, 7))
    assert list(opinions(form, channels, 7)) != list(opinions(form, channels, 8))


def test_a_second_demonstration_is_the_next_half_year(tmp_path):
    demo(tmp_path, 0)
    demo(tmp_path, 0)

    assert sorted(Round.objects.values_list("key", flat=True)) == ["2020H1", "2020H2"]


def test_a_database_with_a_real_round_is_refused(tmp_path):
    make_round()

    with pytest.raises(CommandError, match="真实的评议轮次"):
        demo(tmp_path, 1)

    assert Round.objects.count() == 1
    assert not list(tmp_path.iterdir())


def test_a_negative_number_of_ballots_is_bad_usage(tmp_path):
    with pytest.raises(CommandError) as refusal:
        demo(tmp_path, -1)

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


def test_with_supervisors_the_box_is_opened_with_cards_and_everything_agrees(tmp_path):
    call_command(
        "demo",
        "--supervisors",
        "--decide",
        "--no-serve",
        "--ballots",
        5,
        "--seed",
        7,
        "--out",
        tmp_path,
        stdout=StringIO(),
    )

    round_ = Round.objects.get()
    opening = json.loads(round_.closing)["opening"]
    assert (round_.state, opening["mode"], opening["cards"]) == (
        RoundState.PUBLISHED,
        "supervisors",
        ["S1", "S2", "S3"],
    )
    assert round_.opening_signatures.count() == round_.rulebook["supervisors_present"]
    assert [fault for _, faults in verify_round(round_) for fault in faults] == []


def test_an_open_one_with_supervisors_leaves_the_cards_that_open_its_box(tmp_path):
    call_command("demo", "--open", "--supervisors", "--no-serve", "--ballots", 5, "--out", tmp_path, stdout=StringIO())
    round_ = Round.objects.get()
    cards = (tmp_path / "key-cards.txt").read_text(encoding="utf-8").splitlines()

    open_box(round_id=round_.pk, typed=cards[1:4], by=OPERATOR, at=round_.closes_at)

    round_.refresh_from_db()
    assert round_.state == RoundState.SEALED
    assert (tmp_path / "key-cards.txt").stat().st_mode & 0o077 == 0

"""Public pages of the ballot box: lists, sealing record, check of a receipt; never the content of a ballot."""

import hashlib
import json

import pytest

from evaluations.ballots.models import Ballot
from evaluations.codes.models import CodeBatch, Credential
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.protocol.codes import format_code, issue_hash, issue_of
from evaluations.protocol.merkle import root_of_path
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import ALONE, FEW
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import (
    cast_ballots,
    make_codes,
    make_open_round,
    make_sealed_round,
    make_self_service,
    make_user,
)
from tests.pages import compact, exactly, page_in

pytestmark = pytest.mark.django_db


def download(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return b"".join(response.streaming_content) if response.streaming else response.content


class TestBoxes:
    def test_the_boxes_of_all_rounds_are_listed_and_a_demonstration_is_marked(self, client):
        round_ = make_open_round(is_demo=True)

        page = compact(page_in(client, "/box/", queries=2, shows="票箱公开").content.decode())

        assert f'<a href="/rounds/{round_.key}/box/">{round_.name}的票箱</a>（演示数据，非真实评议结果）' in page

    def test_without_a_round_the_page_says_when_a_box_appears(self, client):
        page_in(client, "/box/", queries=2, shows="名录锁定后")


class TestBeforeSealing:
    def test_the_issued_list_of_a_batch_is_public_with_its_hash(self, client):
        round_ = make_open_round()
        make_codes(round_, 7)
        batch = round_.batches.get()

        listed = download(client, f"/rounds/{round_.key}/issued-{batch.pk}.txt")

        assert hashlib.sha256(listed).hexdigest() == batch.issued_sha256
        assert batch.issued_sha256 in client.get(f"/rounds/{round_.key}/box/").content.decode()

    @pytest.mark.parametrize("name", ["spent.txt", "closing-list.txt", "closing.json"])
    def test_nothing_about_votes_can_be_downloaded(self, client, name):
        round_ = make_open_round()
        cast_ballots(round_, make_codes(round_, 2))

        assert client.get(f"/rounds/{round_.key}/{name}").status_code == 404

    def test_the_list_of_a_self_service_batch_is_not_public_as_it_would_reveal_arrivals(self, client):
        round_ = make_open_round()
        counter = make_self_service(round_)

        assert client.get(f"/rounds/{round_.key}/issued-{counter.pk}.txt").status_code == 404

    def test_of_a_round_in_preparation_or_unknown_there_is_no_page(self, client):
        assert client.get("/rounds/none/box/").status_code == 404


class TestAfterSealing:
    def test_every_used_code_is_in_the_issued_list_and_ballots_are_no_more_than_codes(self, client):
        round_ = make_sealed_round(targeted=6)
        batch = round_.batches.get()

        spent = download(client, f"/rounds/{round_.key}/spent.txt").decode().split()
        issued = download(client, f"/rounds/{round_.key}/issued-{batch.pk}.txt").decode().split()

        assert spent == sorted(spent)
        assert {issue_hash(e) for e in spent} <= set(issued)
        assert Ballot.objects.count() <= len(spent)

    def test_the_sealing_record_has_root_counts_and_hashes_of_the_lists(self, client):
        round_ = make_sealed_round(targeted=6, sampled=5)

        record = json.loads(download(client, f"/rounds/{round_.key}/closing.json"))

        assert (record["root"], record["ballots"]) == (round_.closing_root, 11)
        spent = download(client, f"/rounds/{round_.key}/spent.txt")
        assert record["spent"] == {"count": 11, "sha256": hashlib.sha256(spent).hexdigest()}
        assert record["issued"]["count"] == Credential.objects.count()

    def test_figures_below_five_are_hidden_and_cannot_be_computed(self, client):
        round_ = make_sealed_round(targeted=6, sampled=3)

        record = json.loads(round_.closing)
        page = client.get(f"/rounds/{round_.key}/box/").content.decode()

        assert record["channels"] == {"targeted": ALONE, "sampled": ALONE, "other": 0}
        assert {cells["sampled"] for cells in record["sections"].values()} == {FEW}
        assert {cells["targeted"] for cells in record["sections"].values()} == {6}
        assert page.count(FEW) >= round_.sections.count()

    def test_the_ballot_account_explains_why_more_codes_are_used_than_ballots_sealed(self, client):
        round_ = make_open_round()
        codes = make_codes(round_, 13)
        cast_ballots(round_, codes[:6])
        batch, at = CodeBatch.objects.get(), round_.closes_at
        paper_ballots.register_slips(batch_id=batch.pk, typed=codes[6:8], by=make_user("clerk"), at=at)
        for number in (1, 1, 2, 2):
            blank = paper_ballots.SheetContent(SheetKind.BLANK, reason="未填写")
            paper_ballots.key_sheet(batch_id=batch.pk, number=number, content=blank, by=make_user("clerk"), at=at)
        Credential.objects.filter(issue=issue_of(round_.key, codes[9])).update(is_void=True)
        counted = {"returned": 2, "spoiled": 1, "missing": 3}
        paper_ballots.record_count(batch_id=batch.pk, counted=counted, by=make_user("clerk"), at=at, is_confirmed=True)
        paper_ballots.clear_imbalance(batch_id=batch.pk, reason="少印一张", by=make_user("clerk"), at=at)

        sealed = sealing.seal_round(round_id=round_.pk, by=CLOCK, at=at)

        books = {"online": 6, "paper": 0, "unfit": FEW, "void": 1, "missing": 4, "cleared": 1}
        assert json.loads(sealed.closing)["books"] == books
        page = client.get(f"/rounds/{round_.key}/box/").content.decode()
        assert "<dt>纸质票空白、污损、无效</dt><dd>少于5</dd>" in compact(page)
        assert "<dt>已查明并处理的纸质票差异</dt><dd>1个批次</dd>" in compact(page)
        assert "少印一张" not in page

    @pytest.mark.parametrize("sections", [1, 20])
    def test_the_page_takes_a_constant_number_of_queries(self, client, sections):
        round_ = make_sealed_round(targeted=5, sections=sections)

        page_in(client, f"/rounds/{round_.key}/box/", queries=9, shows=round_.closing_root)


class TestAReceipt:
    def test_in_the_box_is_confirmed_with_its_audit_path(self, client):
        round_ = make_sealed_round(targeted=6)
        ballot = Ballot.objects.order_by("receipt")[3]

        page = client.post("/receipt/", {"receipt": format_code(ballot.receipt).lower()})

        assert "您的票已入箱" in page.content.decode()
        proof = json.loads(page.context["inclusion"].as_json())
        entry = f"{proof['receipt']}\t{proof['commitment']}".encode()
        assert root_of_path(entry, proof["path"]) == round_.closing_root
        assert set(proof) == {"round", "receipt", "commitment", "path", "root"}

    def test_is_looked_up_without_reading_the_whole_list_again(self, client):
        make_sealed_round(targeted=6)
        first, *others = Ballot.objects.values_list("receipt", flat=True)
        client.post("/receipt/", {"receipt": first})

        for receipt in others:
            with exactly(4) as queries:  # the sealed rounds, the receipt's round, its commitment, the telephone
                answer = client.post("/receipt/", {"receipt": receipt})
            assert "您的票已入箱" in answer.content.decode()
            assert not [q for q in queries if "ORDER BY" in q["sql"] and "receipt" in q["sql"].split("ORDER BY")[1]]

    @pytest.mark.parametrize("is_demo", [True, False])
    def test_of_a_demonstration_is_marked_as_such(self, client, is_demo):
        make_sealed_round(is_demo=is_demo)
        assert ("演示数据，非真实评议结果" in client.get("/receipt/").content.decode()) == is_demo

    def test_reveals_nothing_about_the_vote_or_its_nonce(self, client):
        make_sealed_round(targeted=1, level="3")
        ballot = Ballot.objects.get()

        page = client.post("/receipt/", {"receipt": ballot.receipt}).content.decode()

        assert ballot.nonce not in page
        assert not [word for word in ("较重", "严重", *Channel.labels) if word in page]

    def test_that_is_unknown_or_mistyped_is_reported(self, client):
        make_sealed_round(targeted=1)

        assert "封箱清单中没有这个回执号" in client.post("/receipt/", {"receipt": "7" * 20}).content.decode()
        assert client.post("/receipt/", {"receipt": "77"}).status_code == 400

    def test_of_a_vote_that_is_not_sealed_yet_is_not_confirmed(self, client):
        round_ = make_open_round()
        (receipt,) = cast_ballots(round_, make_codes(round_))

        assert "封箱清单中没有这个回执号" in client.post("/receipt/", {"receipt": receipt}).content.decode()


class TestTheSizeOfType:
    def test_is_one_link_away_and_stays(self, client):
        client.get("/type-size/large/?next=/ballot/")

        assert 'class="large"' in client.get("/ballot/").content.decode()

    @pytest.mark.parametrize(
        "back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\evil.example"]
    )
    def test_never_leads_to_another_site(self, client, back):
        assert client.get("/type-size/large/", {"next": back}).url == "/"

    def test_that_is_unknown_is_not_found(self, client):
        assert client.get("/type-size/huge/").status_code == 404

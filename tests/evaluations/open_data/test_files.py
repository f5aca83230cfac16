"""The files of a published round: what is in them is public elsewhere, they keep to their schemas and never change."""

import csv
import hashlib
import io
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.urls import reverse
from jsonschema import Draft202012Validator

from accountability.cases.models import Case
from accountability.citizens.models import FollowUpCount
from evaluations.draws.models import Draw
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.open_data import files
from evaluations.open_data.rules.datasets import DATASETS
from evaluations.open_data.rules.schemas import SCHEMAS, schema_of
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.services.tally import recount_round
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets.csv_files import csv_chunks
from tests.accountability.factories import make_item
from tests.evaluations.open_data.factories import (
    PUBLISHED,
    body,
    correct,
    document,
    listed_codes,
    manifest,
    published,
    the_round,
)
from tests.factories import make_user
from tests.once import once
from tests.pages import exactly

pytestmark = pytest.mark.django_db
OF_VERSION = {"list", "turnout", "rulebook", "cells"}
OF_ROUND = {"sections", "response", "draws", "closing-list", "rectifications"}


made = once(published)


@pytest.fixture(autouse=True)
def _published(made):
    cache.clear()


def get(client, address, **headers):
    return client.get(address, headers=headers)


def table(client, address):
    return list(csv.reader(io.StringIO(body(client.get(address)).decode("utf-8-sig"), newline="")))


def all_addresses(client):
    return [file["address"] for file in manifest(client)["files"]]


class TestManifest:
    def test_names_every_file_with_length_digest_and_schema(self, client):

        told = manifest(client)

        assert {file["name"] for file in told["files"] if file["version"]} == OF_VERSION
        assert {file["name"] for file in told["files"] if not file["version"]} == OF_ROUND
        for file in told["files"]:
            answer = client.get(file["address"])
            content = body(answer)
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
            assert answer.headers["Content-Type"] == file["media_type"]
            assert file["address"].endswith(".csv") != (file["schema"] is not None)
        assert {file["name"] for file in told["files"] if not file["is_fixed"]} == {"rectifications"}

    def test_keeps_to_its_schema(self, client):
        round_ = the_round()
        correct(round_, withdrawn=(listed_codes()[0],))

        for name in ("/data/2020H1/manifest.json", "/data/catalog.json"):
            schema = document(client, f"/data/schemas/{name.rpartition('/')[2]}")
            Draft202012Validator(schema).validate(document(client, name))

    def test_of_a_correction_keeps_and_links_what_it_corrects(self, client):
        round_ = the_round()
        first = body(client.get("/data/2020H1/1/list.json"))
        correct(round_, withdrawn=(listed_codes()[0],))

        told = manifest(client)

        assert [each["corrected_from"] for each in told["corrections"]] == [1]
        assert told["corrections"][0]["reason"] == "数据录入有误"
        links = {file["address"]: file["corrected_from"] for file in told["files"] if file["version"]}
        assert links["/data/2020H1/2/list.json"] == "/data/2020H1/1/list.json"
        assert links["/data/2020H1/2/turnout.csv"] == "/data/2020H1/1/turnout.csv"
        assert links["/data/2020H1/1/list.json"] is None
        assert body(client.get("/data/2020H1/1/list.json")) == first
        assert document(client, "/data/2020H1/2/list.json")["withdrawn"]

    def test_is_equal_to_the_byte_until_something_is_published(self, client):
        round_ = the_round()
        answers = [client.get("/data/2020H1/manifest.json") for _ in range(2)]
        cache.clear()
        answers.append(client.get("/data/2020H1/manifest.json"))
        assert len({answer.content for answer in answers}) == 1

        correct(round_, withdrawn=(listed_codes()[0],))

        assert client.get("/data/2020H1/manifest.json").content != answers[0].content

    def test_takes_as_many_queries_however_many_corrections_there_are(self, client):
        round_ = the_round()
        manifest(client)
        with exactly(5):
            manifest(client)
        for days in (1, 2):
            correct(round_, days, problems={listed_codes()[0]: f"排队时间长{days}"})
            manifest(client)
            with exactly(6):  # a veto may have been annulled since
                manifest(client)


class TestFiles:
    def test_keep_to_their_schemas(self, client):
        round_ = the_round()
        make_item(Case.objects.first().rectification, problem="材料一次说不清")
        correct(round_, withdrawn=(listed_codes()[0],))

        checked = set()
        for file in manifest(client)["files"]:
            if file["schema"]:
                schema = document(client, file["schema"])
                Draft202012Validator.check_schema(schema)
                Draft202012Validator(schema).validate(document(client, file["address"]))
                checked.add(file["name"])
        assert checked == set(DATASETS)

    @pytest.mark.parametrize(
        "address", ["1/sections.json", "list.json", "2/list.json", "1/list.xml", "1/list.json.csv", "1/talks.json"]
    )
    def test_have_one_address_each(self, client, address):

        assert client.get(f"/data/2020H1/{address}").status_code == 404

    def test_of_a_recount_are_those_of_one_count_at_a_time(self, client):
        round_ = the_round()
        first = body(client.get("/data/2020H1/1/cells.json"))
        recount_round(round_, reason="更正", by=make_user("chief"), at=PUBLISHED + timedelta(hours=1))
        correct(round_)

        names = {(file["name"], file["version"]) for file in manifest(client)["files"]}

        if ("cells", 2) in names:  # the recount gave the same figures
            assert body(client.get("/data/2020H1/2/cells.json")) == first
        assert ("cells", 1) in names
        assert ("list", 2) in names

    def test_have_a_twin_with_as_many_columns_as_the_page_explains(self, client):

        for file in manifest(client)["files"]:
            if file["media_type"].startswith("text/csv"):
                head, *rows = table(client, file["address"])
                assert head == DATASETS[file["name"]].heads
                assert all(len(row) == len(head) for row in rows)
                assert rows or file["name"] in {"response", "draws"}, file["name"]

    def test_long_ones_are_streamed_and_canonical(self, client, monkeypatch):
        monkeypatch.setattr(files, "BALLOTS_AT_ONCE", 5)
        round_ = the_round()

        answer = client.get("/data/2020H1/closing-list.json")
        content = body(answer)

        assert answer.streaming
        assert content == canonical_json(json.loads(content))
        ballots = json.loads(content)["ballots"]
        lines = body(client.get(reverse("closing-list", args=[round_.key]))).decode().split()
        assert [text for each in ballots for text in (each["receipt"], each["commitment"])] == lines
        assert table(client, "/data/2020H1/closing-list.csv")[1:] == [
            [each["receipt"], each["commitment"]] for each in ballots
        ]

    def test_json_is_canonical(self, client):

        for address in all_addresses(client):
            if address.endswith(".json"):
                content = body(client.get(address))
                assert content == canonical_json(json.loads(content)), address

    def test_rectifications_change_with_what_is_done_and_not_with_the_day(self, client):
        before = body(client.get("/data/2020H1/rectifications.json"))
        rectification = Case.objects.order_by("result__rank").first().rectification
        rectification.state = "running"
        rectification.save()
        make_item(rectification, problem="材料一次说不清", due_on=PUBLISHED.date())

        after = document(client, "/data/2020H1/rectifications.json")

        assert before != canonical_json(after)
        assert [item["problem"] for item in after["sections"][0]["items"]] == ["材料一次说不清"]
        assert [row[5] for row in table(client, "/data/2020H1/rectifications.csv")[1:] if row[5]] == ["材料一次说不清"]


class TestHeaders:
    def test_let_every_site_read_without_cookies(self, client):

        for address in (*all_addresses(client), "/data/2020H1/manifest.json", "/data/catalog.json", "/data/feed.xml"):
            answer = get(client, address, origin="https://elsewhere.example")
            assert answer.headers["Access-Control-Allow-Origin"] == "*", address
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert not answer.cookies
            assert answer.headers["Cache-Control"].startswith("public, max-age=")

    @pytest.mark.parametrize("address", ["/data/", "/list/", "/", "/rectification/", "/data/2020H1/nothing.json"])
    def test_of_other_addresses_do_not(self, client, address):

        assert "Access-Control-Allow-Origin" not in client.get(address).headers

    def test_answer_304_to_whoever_has_the_file(self, client):

        for address in all_addresses(client):
            answer = client.get(address)
            again = get(client, address, if_none_match=answer.headers["ETag"])
            assert (again.status_code, body(again)) == (304, b""), address
            assert again.headers["ETag"] == answer.headers["ETag"]
            assert again.headers["Access-Control-Allow-Origin"] == "*"
            if "rectifications" not in address:
                since = answer.headers["Last-Modified"]
                assert get(client, address, if_modified_since=since).status_code == 304
            assert get(client, address, if_none_match='"other"').status_code == 200

    def test_take_no_query_for_the_lines_of_a_box_that_the_reader_has(self, client):
        etag = client.get("/data/2020H1/closing-list.json").headers["ETag"]

        with exactly(2) as queries:
            assert get(client, "/data/2020H1/closing-list.json", if_none_match=etag).status_code == 304
        assert not any("ballot" in query["sql"].lower() and "receipt" in query["sql"] for query in queries)

    def test_head_is_answered_without_content(self, client):

        manifest(client)
        answer = client.head("/data/2020H1/1/list.json")

        assert (answer.status_code, answer.content) == (200, b"")
        with exactly(2):
            long = client.head("/data/2020H1/closing-list.json")
        length = {file["address"]: file["bytes"] for file in manifest(client)["files"]}
        assert int(long.headers["Content-Length"]) == length["/data/2020H1/closing-list.json"]
        assert answer.headers["ETag"] == client.get("/data/2020H1/1/list.json").headers["ETag"]

    def test_writing_is_refused(self, client):

        for address in ("/data/2020H1/1/list.json", "/data/2020H1/manifest.json", "/data/feed.xml", "/data/"):
            assert client.post(address).status_code == 405

    def test_json_is_compressed_for_whoever_reads_that(self, client):

        answer = get(client, "/data/2020H1/1/list.json", accept_encoding="gzip")

        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"].startswith('W/"')
        again = get(client, "/data/2020H1/1/list.json", if_none_match=answer.headers["ETag"])
        assert again.status_code == 304

    def test_former_addresses_lead_to_the_files(self, client):
        round_ = the_round()

        for name in ("list", "rulebook", "cells"):
            answer = client.get(f"/list/2020H1/1/{name}.json")
            assert (answer.status_code, answer.headers["Location"]) == (301, f"/data/2020H1/1/{name}.json")
        answer = client.get("/list/2020H1/response.csv")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/data/2020H1/response.csv")
        assert client.get("/list/2020H1/1/list.json", follow=True).content == (
            round_.publications.get().content.encode()
        )


def numbers_and_texts(value):
    """Yield every single value of a document; keys are ours and say nothing."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers_and_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers_and_texts(inner)
    elif value not in (None, "", True, False):
        yield value


def shown(client, *addresses):
    """The text of public pages and files, as anybody reads it."""
    texts = []
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        texts.append(re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body(answer).decode()))))
    return "\n".join(texts)


class TestOnlyWhatIsPublic:
    """Each value is found where the public finds it already, or is the very bytes that are published there."""

    def not_found(self, document, text, known=()):
        return sorted({str(each) for each in numbers_and_texts(document) if str(each) not in text} - {*map(str, known)})

    def test_lists_rules_and_cells_are_what_was_published(self, client):
        round_ = the_round()
        publication, tally = round_.publications.get(), round_.tallies.get()

        assert body(client.get("/data/2020H1/1/list.json")).decode() == publication.content
        assert body(client.get("/data/2020H1/1/rulebook.json")).decode() == tally.rulebook
        assert body(client.get("/data/2020H1/1/cells.json")).decode() == tally.cells

    def test_turnout_and_response_are_in_the_list(self, client):
        content = document(client, "/data/2020H1/1/list.json")

        assert document(client, "/data/2020H1/1/turnout.json")["channels"] == content["channels"]
        told = document(client, "/data/2020H1/response.json")
        assert {key: told[key] for key in content["response"]} == content["response"]
        assert set(told) - set(content["response"]) == {"round", "is_demo"}

    def test_sections_are_on_the_ballot(self, client):
        round_ = the_round()
        text = shown(client, reverse("paper-file", args=[round_.key]), reverse("recount-check", args=[round_.key, 1]))
        told = document(client, "/data/2020H1/sections.json")
        units = {row["code"].rpartition("-")[0] or row["department_code"] for row in told["sections"]}

        assert self.not_found(told["sections"], text, {row["department_code"] for row in told["sections"]}) == []
        assert units

    def test_draws_are_on_their_pages(self, client):
        draw = Draw.objects.get()
        pages = (f"/draws/{draw.draw_id}/", f"/draws/{draw.draw_id}/params.json", "/draws/")
        told = document(client, "/data/2020H1/draws.json")

        assert len(told["draws"]) == 1
        for each in told["draws"]:
            for address in each.pop("files").values():
                assert client.get(address).status_code == 200
            times = [each.pop(key) for key in ("planned_at", "committed_at", "seeded_at", "published_at")]
            text = shown(client, *pages)
            codes = (each.pop("status"), each.pop("purpose"))
            assert codes == ("published", "supervisors")
            assert self.not_found(each, text) == []
            for moment in times:
                day = re.match(r"(\d+)-(\d+)-(\d+)T(\d+:\d+)", moment)
                assert f"{int(day[1])}年{int(day[2])}月{int(day[3])}日 {day[4]}" in text

    def test_the_closing_list_is_the_published_one(self, client):
        round_ = the_round()
        text = shown(client, reverse("closing-list", args=[round_.key]), reverse("box", args=[round_.key]))

        assert self.not_found(document(client, "/data/2020H1/closing-list.json"), text, [round_.key]) == []

    def test_rectifications_are_on_their_page(self, client):
        for case in Case.objects.all():
            case.rectification.state = "running"
            case.rectification.save()
            make_item(case.rectification, problem="材料一次说不清", due_on=PUBLISHED.date())
            FollowUpCount.objects.create(case=case, satisfaction="better", votes=7)
        text = shown(client, "/rectification/2020H1/")
        told = document(client, "/data/2020H1/rectifications.json")
        days = {item.pop("due_on") for row in told["sections"] for item in row["items"]}

        codes = [row.pop("code") for row in told["sections"]]
        assert self.not_found(told["sections"], text) == []
        assert all(f'id="{code}"' in client.get("/rectification/2020H1/").content.decode() for code in codes)
        assert {f"{PUBLISHED:%Y}年{PUBLISHED.month}月{PUBLISHED.day}日" in text for _ in days} == {True}

    def test_ratings_of_a_few_are_not_told(self, client):
        FollowUpCount.objects.create(case=Case.objects.first(), satisfaction="better", votes=4)

        assert [row["ratings"] for row in document(client, "/data/2020H1/rectifications.json")["sections"]] == [
            None
        ] * 2

    def test_no_person_is_named(self, client):
        people = {"钱局长", "赵副局长", "孙科长", "科长丙", "第1人", "1390001000", "人大代表、市民、企业"}

        for address in (*all_addresses(client), "/data/2020H1/manifest.json", "/data/feed.xml"):
            content = body(client.get(address)).decode()
            assert not [name for name in people if name in content], address

    def test_a_plan_not_accepted_is_not_told(self, client):
        row = Case.objects.first().rectification
        row.state = "submitted"
        row.save()
        make_item(row, problem="材料一次说不清")

        assert "材料一次说不清" not in body(client.get("/data/2020H1/rectifications.json")).decode()


class TestDraws:
    def test_what_happens_after_the_list_changes_nothing(self, client):
        before = body(client.get("/data/2020H1/draws.json"))
        draw = Draw.objects.get()
        draw.pk, draw.draw_id, draw.purpose = None, "2020H1-later", "inspected"
        draw.save()

        assert body(client.get("/data/2020H1/draws.json")) == before

    def test_one_that_is_finished_later_is_left_out(self, client):
        draw = Draw.objects.get()
        before = body(client.get("/data/2020H1/draws.json"))
        draw.pk, draw.draw_id, draw.status = None, "2020H1-late", "abandoned"
        draw.abandoned_at = PUBLISHED + timedelta(seconds=1)
        draw.save()

        assert body(client.get("/data/2020H1/draws.json")) == before

    def test_a_later_removal_changes_nothing(self, client):
        before = body(client.get("/data/2020H1/draws.json"))
        draw = Draw.objects.get()
        removal = Removal(RemovalReason.REFUSED, explanation="本人不愿参加")
        while entry := draw.entries.filter(stratum="人大代表", is_selected=True).first():
            with policy.approved("draw.redraw"):
                remove_drawn(entry_id=entry.pk, removal=removal, by=make_user("chief"), at=PUBLISHED)

        draw.refresh_from_db()
        assert json.loads(draw.result)["strata"]["人大代表"]["shortfall"]
        assert body(client.get("/data/2020H1/draws.json")) == before

    def test_of_an_abandoned_one_there_is_no_result(self, client):
        round_ = the_round()
        draw = Draw.objects.get()
        draw.pk, draw.draw_id, draw.status, draw.abandon_reason = None, "2020H1-bad", "abandoned", "名单有误"
        draw.abandoned_at = draw.committed_at
        draw.save()

        told = document(client, f"/data/{round_.key}/draws.json")
        Draft202012Validator(document(client, "/data/schemas/draws.json")).validate(told)
        abandoned = told["draws"][1]

        assert (abandoned["abandon_reason"], abandoned["seed"], abandoned["strata"]) == ("名单有误", "", [])
        assert abandoned["randomness"] == []
        assert [row[0] for row in table(client, f"/data/{round_.key}/draws.csv")[1:]][-1] == "2020H1-bad"


class TestTables:
    @pytest.mark.parametrize("text", ["=1+1", "+8613900000000x", "-x", "@SUM(A1)", " =1+1", "\t=1", "\r=1", "--1"])
    def test_no_text_is_a_formula(self, text):
        content = b"".join(csv_chunks(["列"], [(text,)])).decode("utf-8-sig")

        assert list(csv.reader(io.StringIO(content, newline="")))[1] == [f"'{text}"]

    @pytest.mark.parametrize("text", ["-1.2345", "+3", "0.0000", "少于5", "2/5", "名称"])
    def test_numbers_and_names_stay_as_they_are(self, text):
        assert b"".join(csv_chunks(["列"], [(text,)])).decode("utf-8-sig") == f"列\r\n{text}\r\n"

    def test_is_written_by_the_standard(self):
        content = b"".join(csv_chunks(["甲", "乙"], [('说"好"', "一\n二"), (None, 3), ("一,二", "")]))

        assert content == '\ufeff甲,乙\r\n"说""好""","一\n二"\r\n,3\r\n"一,二",\r\n'.encode()

    def test_of_a_long_table_come_in_pieces(self):
        pieces = list(csv_chunks(["列"], ((number,) for number in range(2500))))

        assert len(pieces) == 3
        assert b"".join(pieces).decode("utf-8-sig").split("\r\n") == ["列", *map(str, range(2500)), ""]

    def test_a_withdrawn_section_stays_in_the_list(self, client):
        round_ = the_round()
        code = listed_codes()[0]
        correct(round_, withdrawn=(code,))

        rows = table(client, "/data/2020H1/2/list.csv")[1:]

        assert [(row[0], row[2]) for row in rows] == [("上榜", listed_codes()[1]), ("撤下", code)]

    def test_every_value_of_the_rules_has_its_place(self, client):
        rulebook = document(client, "/data/2020H1/1/rulebook.json")

        for pointer, text in table(client, "/data/2020H1/1/rulebook.csv")[1:]:
            value = rulebook
            for part in pointer.split("/")[1:]:
                value = value[int(part) if isinstance(value, list) else part.replace("~1", "/").replace("~0", "~")]
            assert json.loads(text.removeprefix("'")) == value

    def test_every_cell_has_its_row(self, client):
        cells = document(client, "/data/2020H1/1/cells.json")

        rows = table(client, "/data/2020H1/1/cells.csv")[1:]

        assert [(row[0], row[1], row[3]) for row in rows] == [
            (line["section"], channel, cell["d"])
            for line in cells["sections"]
            for channel, cell in line["cells"].items()
        ]


class TestSchemas:
    @pytest.mark.parametrize("name", sorted(SCHEMAS))
    def test_are_served_and_valid(self, client, name):
        answer = client.get(f"/data/schemas/{name}.json")

        Draft202012Validator.check_schema(json.loads(answer.content))
        assert answer.headers["Content-Type"] == "application/schema+json"
        assert json.loads(answer.content)["$id"] == f"/data/schemas/{name}.json"

    def test_there_is_one_for_every_file(self):
        assert set(SCHEMAS) == set(DATASETS) | {"manifest", "catalog"}

    def test_an_unknown_one_is_not_found(self, client):
        assert client.get("/data/schemas/nothing.json").status_code == 404

    def test_refuse_what_is_not_in_the_files(self):
        schema = schema_of("sections", "参评科室", "/data/schemas/sections.json")
        row = {"code": "D01-01", "department_code": "D01", "department": "甲局", "section": "乙科"}
        right = {"round": "2020H1", "is_demo": False, "sections": [row]}

        assert Draft202012Validator(schema).is_valid(right)
        assert not Draft202012Validator(schema).is_valid(right | {"sections": [row | {"head_name": "孙科长"}]})
        assert not Draft202012Validator(schema).is_valid(right | {"sections": [{"code": "D01-01"}]})


def test_a_closed_round_keeps_its_files(client):
    round_ = the_round()
    before = manifest(client)
    round_.state = RoundState.CLOSED
    round_.save()

    assert manifest(client) == before

"""Rounds without a list, by another method, or void: what there is of them, and that they are not given away."""

import re

import pytest
from defusedxml import ElementTree
from django.core.cache import cache
from jsonschema import Draft202012Validator

from evaluations.open_data.rules.datasets import DATASETS
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.wording import FEW
from tests.evaluations.open_data.factories import announced, document, manifest, published
from tests.pages import page_in
from tests.paths import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


class TestFiles:
    @pytest.mark.parametrize("method", ["NC-1", "NC-2"])
    def test_of_a_round_without_public_recount_are_fewer(self, client, method):
        published(method, **({"public_recount": False} if method == "NC-2" else {}))

        told = manifest(client)

        assert {file["name"] for file in told["files"]} == set(DATASETS) - {"rulebook", "cells"}
        assert client.get("/data/2020H1/1/cells.json").status_code == 404
        for file in told["files"]:
            if file["schema"]:
                Draft202012Validator(document(client, file["schema"])).validate(document(client, file["address"]))

    def test_are_none_before_the_list(self, client):
        announced()

        for name in ("", "manifest.json", "sections.json", "closing-list.csv", "1/list.json", "1/list.csv"):
            secret, unknown = (client.get(f"/data/{key}/{name}") for key in ("2020H1", "2099H1"))
            assert (secret.status_code, unknown.status_code) == (404, 404), name
            assert secret.content.replace(b"2020H1", b"") == unknown.content.replace(b"2099H1", b"")
        assert document(client, "/data/catalog.json")["rounds"] == []
        assert "2020H1" not in client.get("/data/").content.decode()


def test_a_voided_round_has_none(client):
    round_ = announced()
    round_.state = RoundState.VOID
    round_.save()

    assert client.get("/data/2020H1/manifest.json").status_code == 404
    assert "<entry>" not in client.get("/data/feed.xml").content.decode()


def test_the_feed_without_publications_is_valid_too(client):
    announced()
    feed, again = (ElementTree.fromstring(client.get("/data/feed.xml").content) for _ in range(2))
    atom = "{http://www.w3.org/2005/Atom}"

    assert feed.findall(f"{atom}entry") == []
    assert feed.findtext(f"{atom}id").startswith("urn:uuid:")
    assert feed.findtext(f"{atom}updated")
    assert again.findtext(f"{atom}id") == feed.findtext(f"{atom}id")


def test_the_catalog_and_every_manifest_repeat_the_terms_in_force(client, settings):
    settings.PROFILE = {"data_terms": "可以使用，请注明来源。"}
    key = published().key

    answers = [client.get(address).json() for address in ("/data/catalog.json", f"/data/{key}/manifest.json")]

    assert [answer["terms"] for answer in answers] == ["可以使用，请注明来源。"] * 2


def test_the_words_for_hidden_figures_follow_the_threshold():
    """A text that names five by itself would be false as soon as another size is published from."""
    folders = [ROOT / "evaluations" / "open_data", ROOT / "templates" / "evaluations" / "open_data"]
    texts = [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc"]

    assert len(texts) > 10
    assert not [text for text in texts if re.search("少于[0-9]|不足[0-9]|不单独公布", text)]
    assert f"“{FEW}”" in {column.head: column.meaning for column in DATASETS["turnout"].columns}["收回"]


def test_the_page_explains_every_file_and_names_the_terms(client, settings):
    settings.PROFILE = {"data_terms": "可以使用，请注明来源。"}

    page = page_in(client, "/data/", queries=2, shows="可以使用，请注明来源。").content.decode()

    assert all(f"/data/schemas/{name}.json" in page for name in ("manifest", "catalog", "list", "rectifications"))
    assert "暂无数据" in page

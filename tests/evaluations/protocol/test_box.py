"""The box key's id, hashes and record against the published vectors."""

import json

import pytest

from evaluations.protocol.box import (
    held_code,
    key_id,
    needed_range,
    server_record,
    share_sha256,
    supervisors_record,
    tag,
)
from nanchuan_eval.core.canonical import sha256_hex
from tests.evaluations.protocol.factories import KEY, VECTORS, round_of


def shares_of(key):
    return [(card["card"], bytes.fromhex(card["share"])) for card in key["cards"]]


@pytest.mark.parametrize("key", VECTORS["keys"], ids=round_of)
def test_a_key_is_named_by_the_digest_of_round_and_public_key(key):
    assert key_id(key["round"], key["public_key"]) == key["key_id"]
    assert tag(key["key_id"]) == key["tag"]


def test_one_public_key_has_another_id_in_another_round():
    assert key_id("2027H1", KEY["public_key"]) != KEY["key_id"]


@pytest.mark.parametrize("key", VECTORS["keys"], ids=round_of)
def test_the_hashes_of_a_card_bind_key_label_and_share(key):
    for card in key["cards"]:
        which = (key["key_id"], card["card"], bytes.fromhex(card["share"]))
        assert share_sha256(*which) == card["share_sha256"]
        assert held_code(*which) == card["held_code"]


@pytest.mark.parametrize("key", VECTORS["keys"], ids=round_of)
def test_the_record_of_a_key_is_the_same_to_the_byte(key):
    record = supervisors_record(
        key["round"],
        key["public_key"],
        shares_of(key),
        needed=key["needed"],
        made=json.loads(key["record"])["made"],
    )

    assert record.decode() == key["record"]
    assert sha256_hex(record) == key["record_sha256"]


def test_the_record_holds_no_share_and_no_code_of_possession():
    assert not any(card["share"] in KEY["record"] or card["held_code"] in KEY["record"] for card in KEY["cards"])


def test_the_record_of_a_server_key_has_no_cards():
    record = json.loads(server_record("2026H2", KEY["public_key"]))

    assert record == {
        "format": "nanchuan-box/1",
        "mode": "server",
        "made": "server",
        "round": "2026H2",
        "public_key": KEY["public_key"],
        "key_id": KEY["key_id"],
        "needed": 0,
        "supervisors": 0,
        "cards": [],
    }


@pytest.mark.parametrize("vector", VECTORS["needed_range"], ids=lambda vector: str(vector["supervisors"]))
def test_the_cards_needed_are_more_than_half(vector):
    allowed = needed_range(vector["supervisors"])

    assert [allowed[0], allowed[-1]] == vector["range"] if vector["range"] else not allowed

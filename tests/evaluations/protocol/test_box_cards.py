"""Text and reading of key cards: the published vectors, and every mistake of one character or one exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.protocol.box import share_sha256
from evaluations.protocol.box_cards import Card, CardFault, card_text, points, qr_text, read_card, read_cards
from evaluations.protocol.codes import ALPHABET
from tests.evaluations.protocol.factories import KEY, SHARE_HASHES, VECTORS, round_of, what

ID = KEY["key_id"]
PRINTED = {card["card"]: card["text"] for card in KEY["cards"]}
CARDS = st.builds(Card, st.sampled_from("SPQ"), st.integers(1, 16), st.binary(min_size=16, max_size=16))
PLACES = st.integers(0, 39)


def card_of(vector):
    return Card(vector["card"][0], int(vector["card"][1:]), bytes.fromhex(vector["share"]))


def plain(card):
    return card_text(card, ID).replace("-", "")


def read(text, card):
    return read_card(text, ID, {card.label: share_sha256(ID, card.label, card.share)})


def exchanged(text, one, other):
    characters = list(text)
    characters[one], characters[other] = characters[other], characters[one]
    return "".join(characters)


@pytest.mark.parametrize("key", VECTORS["keys"], ids=round_of)
def test_a_card_is_printed_as_published(key):
    for vector in key["cards"]:
        assert card_text(card_of(vector), key["key_id"]) == vector["text"]
        assert qr_text(card_of(vector), key["key_id"]) == vector["qr"]


@pytest.mark.parametrize("vector", VECTORS["typed_cards"], ids=what)
def test_a_typed_card_is_read_as_published(vector):
    found = read_card(vector["typed"], vector["key_id"], SHARE_HASHES)

    expected = CardFault(vector["error"], vector["group"]) if "error" in vector else card_of(vector)
    assert found == expected


@given(CARDS)
def test_what_is_printed_is_read_again(card):
    assert read(card_text(card, ID), card) == read(qr_text(card, ID), card) == card


@given(CARDS, PLACES)
def test_every_wrong_character_is_found_in_its_group(card, at):
    text = plain(card)
    for wrong in set(ALPHABET) - {text[at]}:
        assert read(text[:at] + wrong + text[at + 1 :], card) == CardFault("group", at // 5 + 1)


@given(CARDS, PLACES, PLACES)
def test_an_exchange_of_two_characters_is_found(card, one, other):
    text = plain(card)
    mistaken = exchanged(text, one, other)

    if mistaken != text:
        assert read(mistaken, card).kind == "group"


@given(CARDS, st.integers(0, 7), st.integers(0, 7))
def test_an_exchange_of_two_groups_is_found(card, one, other):
    groups = card_text(card, ID).split("-")

    if one != other:
        assert read("".join(exchanged(groups, one, other)), card).kind == "group"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text):
    assert isinstance(read_card(text, ID, SHARE_HASHES), CardFault)


def test_the_first_fault_in_order_is_reported():
    foreign, short, wrong = "U" + PRINTED["S1"][1:-1], "X" + PRINTED["S1"][1:-1], "X" + PRINTED["S1"][1:]

    assert [read_card(text, ID, SHARE_HASHES).kind for text in (foreign, short, wrong)] == [
        "character",
        "length",
        "group",
    ]


@pytest.mark.parametrize("number", [0, 17, 31])
def test_a_number_that_no_card_has_is_a_fault_of_its_group(number):
    card = Card("S", number, bytes(16))

    assert read(card_text(card, ID), card) == CardFault("kind", 1)


def test_a_foreign_character_behind_the_card_is_reported_in_the_last_group():
    assert read_card(PRINTED["S1"] + "00000U", ID, SHARE_HASHES) == CardFault("character", 8)


def test_the_same_card_twice_counts_once():
    found = read_cards([PRINTED["S1"], PRINTED["S2"], PRINTED["S1"].lower()], ID, SHARE_HASHES)

    assert [each.label for each in found[:2]] == ["S1", "S2"]
    assert found[2] == CardFault("twice")


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (CardFault("group", 4), "第3格第4组有误，请对照密钥卡重新输入这一组"),
        (CardFault("character", 2), "第3格第2组有误，请对照密钥卡重新输入这一组"),
        (CardFault("tag"), "第3格有误：这张卡属于另一个票箱密钥"),
        (CardFault("twice"), "第3格与前面一格是同一张密钥卡，请换另一张"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_message_names_field_and_group(fault, text):
    assert fault.text(3) == text


@pytest.mark.parametrize("vector", [v for v in VECTORS["typed_cards"] if "error" in v], ids=what)
def test_no_message_quotes_the_card(vector):
    fault = read_card(vector["typed"], vector["key_id"], SHARE_HASHES)

    assert not any(group in fault.text(1) + repr(fault) for group in vector["typed"].split("-") if len(group) == 5)


def test_a_card_does_not_show_its_share():
    card = card_of(KEY["cards"][0])

    assert KEY["cards"][0]["share"] not in repr(card)
    assert repr(card.share) not in repr(card)


def test_the_recovery_halves_give_one_point_together_and_none_alone():
    cards = {vector["card"]: card_of(vector) for vector in KEY["cards"]}
    recovery = (6, bytes.fromhex(KEY["recovery_share"]))

    assert points([cards["P6"], cards["Q6"]]) == [recovery]
    assert points([cards["S2"], cards["P6"]]) == points([cards["S2"], cards["Q6"]]) == [(2, cards["S2"].share)]

"""Key derivation, shares and sealed rows against the published vectors, and their limits."""

from collections import Counter
from itertools import combinations

import pytest
from Crypto.Protocol import SecretSharing
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.box_key.services import keys
from evaluations.protocol.box_cards import points
from evaluations.protocol.box_rows import BallotRow, RowRefused, check_row, frame, unframe
from evaluations.protocol.codes import content_commitment_of
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.protocol.factories import KEY, ROW_KEY, VECTORS, ballot_row, place_of, round_of, what

SIZE = 2816


def private_key():
    return keys.private_key(bytes.fromhex(KEY["seed"]), KEY["round"])


def shares_of(vector):
    held = {int(card["card"][1:]): card["share"] for card in vector["cards"] if card["card"][0] == "S"}
    return {x: bytes.fromhex(share) for x, share in (held | {len(held) + 1: vector["recovery_share"]}).items()}


def opened(vector):
    return unframe(keys.open_sealed(bytes.fromhex(vector["sealed"]), private_key()), ROW_KEY)


def refusal_of(action, *args):
    with pytest.raises(RowRefused) as refused:
        action(*args)
    return refused.value.kind


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=round_of)
def test_a_seed_gives_the_published_key_pair(vector):
    key = keys.private_key(bytes.fromhex(vector["seed"]), vector["round"])

    assert key.encode().hex() == vector["secret_key"]
    assert key.public_key.encode().hex() == vector["public_key"]


def test_a_seed_gives_another_key_in_another_round():
    assert keys.private_key(bytes.fromhex(KEY["seed"]), "2027H1") != private_key()


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=round_of)
def test_the_published_coefficients_give_the_published_shares(vector, monkeypatch):
    coefficients = [bytes.fromhex(each) for each in vector["coefficients"]]
    monkeypatch.setattr(SecretSharing, "rng", lambda size: coefficients.pop())

    cards = keys.split_seed(bytes.fromhex(vector["seed"]), needed=vector["needed"], supervisors=vector["supervisors"])

    assert dict(points(cards)) == shares_of(vector)
    assert [card.label for card in cards] == [card["card"] for card in vector["cards"]]


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=round_of)
def test_the_listed_sets_of_shares_open_and_smaller_ones_do_not(vector):
    shares, seed = shares_of(vector), bytes.fromhex(vector["seed"])

    def combined(chosen):
        return keys.combine_shares([(x, shares[x]) for x in chosen])

    assert {combined(chosen) for chosen in vector["opens"]} == {seed}
    assert seed not in {combined(chosen) for chosen in vector["opens_not"]}


@settings(deadline=None, max_examples=20)
@given(st.binary(min_size=16, max_size=16), st.sampled_from([(2, 2), (2, 3), (3, 4), (3, 5), (5, 5)]))
def test_any_cards_that_suffice_give_the_seed(seed, numbers):
    needed, supervisors = numbers
    found = points(keys.split_seed(seed, needed=needed, supervisors=supervisors))

    assert len(found) == supervisors + 1
    assert {keys.combine_shares(chosen) for chosen in combinations(found, needed)} == {seed}


@pytest.mark.parametrize(("needed", "supervisors"), [(1, 1), (1, 3), (2, 4), (2, 5), (6, 5), (9, 16)])
def test_two_separate_groups_of_supervisors_can_never_both_open(needed, supervisors):
    with pytest.raises(RuleViolation, match="不能采用"):
        keys.split_seed(bytes(16), needed=needed, supervisors=supervisors)


def test_nothing_is_handed_out_that_does_not_combine(monkeypatch):
    monkeypatch.setattr(keys, "combine_shares", lambda points: b"another seed 16b")

    with pytest.raises(RuntimeError):
        keys.split_seed(bytes(16), needed=2, supervisors=3)


@pytest.mark.parametrize("text", ["", "zz" * 32, "79" * 31, "00" * 32, "01" + "00" * 31, KEY["public_key"].upper()])
def test_a_public_key_that_cannot_be_used_is_refused(text):
    with pytest.raises(RuleViolation, match="票箱公钥"):
        keys.public_key(text)


def test_the_published_public_key_is_accepted():
    assert keys.public_key(KEY["public_key"]) == private_key().public_key


@pytest.mark.parametrize("vector", VECTORS["ballots"], ids=what)
def test_a_published_ballot_opens(vector):
    row = opened(vector)

    assert len(bytes.fromhex(vector["sealed"])) == len(frame(row, ROW_KEY, vector["frame"])) + 49
    assert row == BallotRow(**vector["fields"])
    assert content_commitment_of(row.receipt, row.nonce, row.vote.encode()) == vector["commitment"]
    check_row(row, place_of(vector), set(), lambda *_: True)


@pytest.mark.parametrize("vector", VECTORS["must_fail"], ids=what)
def test_a_published_bad_row_is_set_aside_for_its_reason(vector):
    def read():
        check_row(opened(vector), place_of(vector), set(), lambda *_: True)

    assert refusal_of(read) == vector["error"]


@pytest.mark.parametrize("spool", VECTORS["spools"], ids=round_of)
def test_a_published_spool_keeps_its_good_rows(spool):
    seen, kept, set_aside = set(), [], Counter()
    for channel, origin, sealed in spool["rows"]:
        vector = {"round": spool["round"], "channel": channel, "origin": origin, "sealed": sealed}
        try:
            row = opened(vector)
            check_row(row, place_of(vector), seen, lambda *_: True)
        except RowRefused as refused:
            set_aside[refused.kind] += 1
        else:
            kept.append(row.receipt)

    assert sorted(kept) == sorted(spool["receipts"])
    assert set_aside == spool["set_aside"]


def test_the_same_row_is_never_sealed_to_the_same_bytes():
    plain = frame(ballot_row(), ROW_KEY, SIZE)
    sealed = [keys.seal(plain, private_key().public_key) for _ in range(2)]

    assert sealed[0] != sealed[1]
    assert {len(each) for each in sealed} == {SIZE + 49}
    assert [keys.open_sealed(each, private_key()) for each in sealed] == [plain, plain]


@given(st.binary(max_size=100))
def test_no_bytes_break_the_opening(sealed):
    assert refusal_of(keys.open_sealed, sealed, private_key()) == "undecryptable"


def test_a_key_does_not_show_itself():
    assert KEY["secret_key"] not in repr(private_key())
    assert KEY["seed"] not in repr(private_key())

"""Frames of sealed rows: nothing gets lost in them, and nothing but what the system wrote comes out of them."""

import json
import uuid
import zlib
from dataclasses import asdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluations.protocol import box_rows
from evaluations.protocol.box_rows import RowRefused, check_row, frame, frame_size, mark, read_vote, unframe
from evaluations.protocol.codes import receipt
from nanchuan_eval.core.canonical import protocol_json
from tests.evaluations.protocol.factories import ROW_KEY, VECTORS, ballot_row

SIZE = 2816
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)


def framed(body, row_key=ROW_KEY):
    """A frame of any bytes, authentic under the key."""
    return framed_packed(zlib.compress(body), row_key)


def framed_packed(packed, row_key=ROW_KEY):
    content = box_rows._auth(row_key, packed) + len(packed).to_bytes(4, "big") + packed
    return content.ljust(SIZE, b"\0")


def body(**changed):
    return json.dumps(asdict(ballot_row()) | changed).encode()


def refusal_of(opened):
    with pytest.raises(RowRefused) as refused:
        unframe(opened, ROW_KEY)
    return refused.value.kind


@given(TEXTS, TEXTS)
def test_a_row_comes_out_of_its_frame_as_it_went_in(comment, vote):
    row = ballot_row(comment=comment, vote=vote)
    opened = frame(row, ROW_KEY, SIZE)

    assert len(opened) % SIZE == 0
    assert unframe(opened, ROW_KEY) == row


def test_all_usual_ballots_are_equally_long():
    comments = ["", "办事难", "𫍯䶮🙂\n" * 125]

    assert {len(frame(ballot_row(comment=comment), ROW_KEY, SIZE)) for comment in comments} == {SIZE}


def test_a_longer_row_fills_the_next_multiple():
    long = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(2000))

    assert len(frame(ballot_row(comment=long), ROW_KEY, SIZE)) == 2 * SIZE


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at, change):
    opened = bytearray(frame(ballot_row(comment="办事难"), ROW_KEY, SIZE))
    opened[at] ^= change

    assert refusal_of(bytes(opened)) in {"malformed", "foreign"}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(opened):
    assert refusal_of(opened) in {"malformed", "foreign"}


def test_an_empty_frame_of_just_the_head_is_checked_for_its_author():
    assert (refusal_of(bytes(35)), refusal_of(bytes(36))) == ("malformed", "foreign")


def test_a_body_is_packed_at_the_specified_level():
    assert frame(ballot_row(), ROW_KEY, SIZE)[36:38] == b"\x78\x9c"


@given(st.binary(max_size=200))
def test_no_authentic_bytes_break_the_reading(packed):
    assert refusal_of(framed_packed(packed)) == "malformed"


def test_a_foreign_row_is_never_unpacked(monkeypatch):
    monkeypatch.setattr(box_rows, "_unpacked", lambda packed: pytest.fail("unpacked"))

    assert refusal_of(framed(body(), row_key=bytes(32))) == "foreign"


@pytest.mark.parametrize(
    "unpacked",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 200_000,
        body(receipt="C7ZNHGNQ9S35KVCYTNHU"),
        body(receipt="C7ZNHGNQ9S35KVCYTNH"),
        body(receipt="C7ZNHGNQ9S35KVCYTNHA\n"),
        body(nonce="AB" * 32),
        body(nonce="17" * 31),
        body(vote={"lines": []}),
        body(comment=None),
        body(at="12:00"),
        body().replace(b'"comment": "", ', b""),
        body() + b" " * 2 * 1024 * 1024,
    ],
    ids=lambda unpacked: repr(unpacked[-30:]),
)
def test_an_authentic_row_of_another_shape_is_malformed(unpacked):
    assert refusal_of(framed(unpacked)) == "malformed"


def test_a_body_of_just_two_mebibytes_is_read():
    longest = body() + b" " * (2 * 1024 * 1024 - len(body()))

    assert unframe(framed(longest), ROW_KEY) == ballot_row()


@pytest.mark.parametrize("packed", [zlib.compress(body())[:-1], zlib.compress(body()) + b"\0"], ids=["cut", "longer"])
def test_a_stream_that_does_not_end_with_its_row_is_malformed(packed):
    assert refusal_of(framed_packed(packed)) == "malformed"


def test_no_refusal_quotes_the_row():
    with pytest.raises(RowRefused) as refused:
        unframe(framed(body(nonce="planted")), ROW_KEY)

    assert str(refused.value) == "内容不完整"
    assert refused.value.__cause__ is None
    assert "planted" not in repr(ballot_row(comment="planted"))


class TestChecksOfAnOpenedRow:
    def refusal(self, row, place=None, seen=(), is_valid=lambda *_: True):
        with pytest.raises(RowRefused) as refused:
            check_row(row, place or row.place, set(seen), is_valid)
        return refused.value.kind

    @pytest.mark.parametrize("other", [{"round": "2027H1"}, {"channel": "open"}, {"origin": "website"}], ids=str)
    def test_a_row_belongs_where_the_table_has_it(self, other):
        assert self.refusal(ballot_row(), ballot_row(**other).place) == "misplaced"

    def test_a_receipt_counts_once(self):
        seen = set()
        check_row(ballot_row(), ballot_row().place, seen, lambda *_: True)

        assert self.refusal(ballot_row(), seen=seen) == "repeated"

    def test_a_misplaced_copy_does_not_use_up_the_receipt(self):
        seen = set()
        with pytest.raises(RowRefused):
            check_row(ballot_row(), ballot_row(channel="open").place, seen, lambda *_: True)

        check_row(ballot_row(), ballot_row().place, seen, lambda *_: True)

    @pytest.mark.parametrize("vote", ['{"lines": []}', "{", "1.0", '{"b":1,"a":1}', "[" * 100_000], ids=lambda v: v[:9])
    def test_a_vote_is_canonical(self, vote):
        assert self.refusal(ballot_row(vote=vote)) == "invalid"

    def test_a_vote_fits_the_ballot_form(self):
        assert self.refusal(ballot_row(), is_valid=lambda *_: False) == "invalid"

    def test_place_comes_before_receipt_and_receipt_before_vote(self):
        row = ballot_row(vote="{")

        assert self.refusal(row, ballot_row(round="X").place, seen={row.receipt}) == "misplaced"
        assert self.refusal(row, seen={row.receipt}) == "repeated"


@pytest.mark.parametrize("vector", VECTORS["frame_sizes"], ids=lambda vector: str(vector["frame"]))
def test_a_channel_has_one_frame_size(vector):
    assert frame_size(vector["sections"], vector["signs"], vector["comment_length"]) == vector["frame"]


def test_a_frame_size_that_needs_no_rounding_is_not_rounded():
    assert frame_size(sections=8, manifestations=48, comment_length=0) == 768


@pytest.mark.parametrize("vector", VECTORS["marks"], ids=lambda vector: vector["mark"])
def test_a_mark_hides_its_receipt_under_the_page_s_random_bytes(vector):
    assert receipt(vector["random"], vector["digits"]) == vector["receipt"]
    assert mark(vector["random"], vector["receipt"]) == uuid.UUID(vector["mark"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.booleans())
@example(value=2**53 - 1, ascii_only=True)
@example(value=2**53, ascii_only=True)
@example(value=[10**15, 0], ascii_only=True)
def test_a_vote_is_read_exactly_if_its_text_is_the_protocols(value, ascii_only):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only)
    try:
        is_canonical = protocol_json(value).decode() == text
    except ValueError:
        is_canonical = False

    if is_canonical:
        assert read_vote(text) == value
    else:
        with pytest.raises(ValueError):
            read_vote(text)

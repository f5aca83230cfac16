"""ballots.csv and lines become cells of whole numbers; a faulty row stops everything."""

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import EMPTY, BallotFileError, Cell, Line, count_lines, parse_ballot_lines
from evaluations.scoring.method import Method
from tests.evaluations.scoring.examples import HEADER, ballots_csv, cells, line_lists, lines, method, rulebook, untimed

GOOD = "b1,targeted,mail,A,3,2,1,0,\n"


def parse_ballots(rows: Iterable[str], parsed: Method) -> list[Line]:
    """The lines of a ballots.csv."""
    return [line for _, line in parse_ballot_lines(rows, parsed)]


def read(*rows: str) -> list[Line]:
    """The lines of a ballots.csv with the right header."""
    return parse_ballots([HEADER + "\n", *rows], method())


def test_a_cell_holds_the_documented_sums():
    counted = cells(method(), lines("A", "T", "3210-", "11111", "11111", "3----"))

    assert counted == {
        ("A", "targeted"): Cell(
            lines=3,
            total=90 + 60 + 60,
            squares=90**2 + 60**2 + 60**2,
            severe=1,
            votes=2,
            answered=(4, 3, 3, 3, 2),
            points=(8, 4, 3, 2, 2),
            histogram={60: 2, 90: 1},
        )
    }


def test_a_line_with_too_few_answers_is_a_vote_but_not_a_valid_line():
    (cell,) = cells(method(), lines("A", "T", "22---", "11---")).values()

    assert (cell.lines, cell.severe, cell.votes, cell.total, cell.histogram) == (0, 0, 1, 0, {})


def test_every_section_and_channel_has_its_own_cell():
    counted = cells(method(), lines("A", "T", "11111"), lines("A", "O", "11111"), lines("B", "T", "11111"))

    assert set(counted) == {("A", "targeted"), ("A", "other"), ("B", "targeted")}


def test_no_lines_make_no_cells():
    assert count_lines(method(), []) == {}
    assert Cell() == EMPTY


def test_answers_must_be_five():
    with pytest.raises(ValueError, match="shorter"):
        count_lines(method(), [Line("A", "targeted", (1, 1, 1))])


def test_a_row_becomes_a_line():
    assert read(GOOD) == [Line("A", "targeted", (3, 2, 1, 0, None))]


@pytest.mark.parametrize("rows", [["\ufeff" + HEADER + "\r\n", GOOD.replace("\n", "\r\n")], [HEADER, GOOD.strip()]])
def test_byte_order_mark_and_line_ends_do_not_matter(rows: list[str]):
    assert parse_ballots(rows, method()) == read(GOOD)


def test_one_ballot_may_rate_several_sections():
    assert len(read(GOOD, "b1,targeted,mail,B,,,,,\n")) == 2


def test_a_file_with_only_the_header_has_no_lines():
    assert read() == []


@untimed
@given(line_lists(rulebook()))
def test_written_lines_are_read_back(all_lines: list[Line]):
    assert parse_ballots(ballots_csv(all_lines), method()) == all_lines


@pytest.mark.parametrize(
    "rows", [[], [""], ["\n"], [GOOD], [HEADER.upper()], [HEADER + ",x"], [HEADER.replace("ballot", " ballot")]]
)
def test_another_header_is_refused(rows: list[str]):
    with pytest.raises(BallotFileError, match=r"第1行.*表头"):
        parse_ballots(rows, method())


@pytest.mark.parametrize(
    "level", ["4", "-1", "1_0", "٣", "３", "+1", "1.0", "01", " 1", "1 ", "x", "不了解", "1e0", "True"]
)
def test_a_level_outside_the_scale_is_refused(level: str):
    with pytest.raises(BallotFileError, match=r"第3行.*不是0到3的整数"):
        read(GOOD, f"b2,targeted,,A,{level},0,0,0,0\n")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("b2,targeted,,Z,0,0,0,0,0", "科室“Z”"),
        ("b2,targeted,,a,0,0,0,0,0", "科室“a”"),
        ("b2,targeted,,,0,0,0,0,0", "科室“”"),
        ("b2,post,,A,0,0,0,0,0", "渠道“post”"),
        ("b2,,,A,0,0,0,0,0", "渠道“”"),
        ("b2,targeted,,A,0,0,0,0", "应有9列.*实有8列"),
        ("b2,targeted,,A,0,0,0,0,0,0", "应有9列.*实有10列"),
        ("", "应有9列.*实有0列"),
        (",targeted,,A,0,0,0,0,0", "票编号为空"),
        ("  ,targeted,,A,0,0,0,0,0", "票编号为空"),
        ("b1,targeted,,A,0,0,0,0,0", "评议了两次"),
        ("b1,other,,B,0,0,0,0,0", "两个渠道"),
        ('"b2,targeted,,A,0,0,0,0,0', "CSV"),
        ('b2,targeted,,A,0,0,0,0,"0', "CSV"),
        ('b2,targeted,,A,0,0,0,0,"0"0', "CSV"),
        (f"{'b' * 200_000},targeted,,A,0,0,0,0,0", "CSV"),
    ],
)
def test_a_faulty_row_is_refused_with_its_line(row: str, text: str):
    with pytest.raises(BallotFileError, match=rf"第3行.*{text}"):
        read(GOOD, row + "\n")


def test_a_channel_outside_the_rulebook_is_refused():
    only_targeted = method(channels={"targeted": {"weight": 1, "drawn": True}})

    with pytest.raises(BallotFileError, match=r"第2行.*渠道“other”"):
        parse_ballots(ballots_csv(lines("A", "O", "00000")), only_targeted)


def test_a_file_in_another_encoding_is_refused():
    file = io.TextIOWrapper(io.BytesIO(f"{HEADER}\n甲,targeted".encode("gbk")), encoding="utf-8")

    with pytest.raises(BallotFileError, match=r"第0行之后.*UTF-8"):
        parse_ballots(file, method())


@untimed
@given(st.lists(st.text(), max_size=5))
def test_garbage_is_refused_never_a_crash(rows: list[str]):
    with pytest.raises(BallotFileError, match="第"):
        parse_ballots(rows, method())


@untimed
@given(st.lists(st.text(alphabet='bA,123"\r\n targeted', max_size=40), min_size=1, max_size=4))
def test_garbage_after_the_header_is_refused_or_read(rows: list[str]):
    try:
        read(*rows)
    except BallotFileError as refusal:
        assert str(refusal).startswith("第")

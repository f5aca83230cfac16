"""Keying a paper ballot (纸质票录入): one short text per section instead of five fields, so that it goes fast.

`00120` = the five answers in the order 冷懒推乱贪, `0` = all five alike, `x` = 不了解, nothing = not rated.
Ticks: one group of digits for each severe answer, in the same order: `13 2` = the first and third 表象 of the first
severe indicator, the second 表象 of the second one; `0` = none of an indicator's.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from evaluations.ballot_form.rules.form import DONT_KNOW, BallotForm
from evaluations.ballot_form.rules.votes import RawLine, VoteLine
from evaluations.scoring.method import Indicator

ALL = tuple(i.value for i in Indicator)
# What clerks type for 不了解.
UNKNOWN = str.maketrans({"X": DONT_KNOW, "-": DONT_KNOW, "/": DONT_KNOW, "*": DONT_KNOW})


class KeyingError(ValueError):
    """A row cannot be read; the Chinese text says what is expected."""


def read_row(paper: BallotForm, section: str, keys: str, ticks: str = "") -> RawLine | None:
    """Return the line that a clerk keyed for a section, or None where nothing is keyed."""
    typed = "".join(unicodedata.normalize("NFKC", keys).upper().translate(UNKNOWN).split())
    if not typed:
        if ticks.strip():
            raise KeyingError("只录入了表象，未录入程度代码。")
        return None
    answers = typed * len(ALL) if len(typed) == 1 else typed
    if len(answers) != len(ALL):
        raise KeyingError(f"应为{len(ALL)}位（五项相同时可只录1位），录入了{len(typed)}位。")
    foreign = next((c for c in answers if c not in paper.allowed_answers), "")
    if foreign:
        raise KeyingError(f"“{foreign}”不是有效的程度代码，只能录入0至{paper.levels}或者 x。")
    by_indicator = dict(zip(ALL, answers, strict=True))
    return RawLine(section, {key: [answer] for key, answer in by_indicator.items()}, _ticks(paper, by_indicator, ticks))


def _ticks(paper: BallotForm, answers: Mapping[str, str], text: str) -> tuple[str, ...]:
    groups = unicodedata.normalize("NFKC", text).split()
    severe = [key for key in ALL if answers[key] in paper.severe_answers]
    if len(groups) > len(severe):
        raise KeyingError(f"“较重”或“严重”的有{len(severe)}项，表象录入了{len(groups)}组，请核对后重新录入。")
    return tuple(
        sign for key, group in zip(severe, groups, strict=False) for sign in _signs(paper.sign_codes[key], group)
    )


def _signs(signs: Sequence[str], group: str) -> list[str]:
    places = [int(c) for c in group if c.isascii() and c.isdigit()]
    if len(places) != len(group) or not all(place <= len(signs) for place in places):
        raise KeyingError(f"表象序号“{group}”不对，应为1到{len(signs)}的数字，没有勾的录0。")
    return [signs[place - 1] for place in dict.fromkeys(places) if place]


def written_row(paper: BallotForm, line: VoteLine) -> tuple[str, str]:
    """Return a line as a clerk would key it: answers and ticks."""
    answers = {key: str(line.answers[key]) if key in line.answers else DONT_KNOW for key in ALL}
    ticks = [
        "".join(str(place) for place, sign in enumerate(paper.sign_codes[key], start=1) if sign in line.manifestations)
        for key in ALL
        if answers[key] in paper.severe_answers
    ]
    while ticks and not ticks[-1]:
        ticks.pop()
    return "".join(answers.values()), " ".join(group or "0" for group in ticks)

"""Fast keying of paper ballots (纸质票录入): one short text per section instead of five fields.

`00120` = the five answers in the order of the indicators, `0` = all five equal, `x` = no answer, empty = not rated.
Ticks: one group of digits for each severe answer, in the same order: `13 2` = the first and third manifestation (表象)
of the first severe indicator, the second one of the next; `0` = none.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from evaluations.ballot_form.rules.form import BallotForm, severe_words
from evaluations.ballot_form.rules.votes import RawLine, VoteLine
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import DONT_KNOW, quoted

ALL = tuple(i.value for i in Indicator)
# Characters clerks type for no answer.
UNKNOWN = str.maketrans({"X": DONT_KNOW, "-": DONT_KNOW, "/": DONT_KNOW, "*": DONT_KNOW})


class KeyingError(ValueError):
    """A row cannot be parsed; the Chinese message says what is expected."""


def read_row(ballot_form: BallotForm, section: str, keys: str, ticks: str = "") -> RawLine | None:
    """Parse the row keyed for a section; None if it is empty."""
    typed = "".join(unicodedata.normalize("NFKC", keys).upper().translate(UNKNOWN).split())
    if not typed:
        if ticks.strip():
            raise KeyingError("只录入了表象，未录入程度代码。")
        return None
    answers = typed * len(ALL) if len(typed) == 1 else typed
    if len(answers) != len(ALL):
        raise KeyingError(f"应为{len(ALL)}位（五项相同时可只录1位），录入了{len(typed)}位。")
    foreign = next((c for c in answers if c not in ballot_form.allowed_answers), "")
    if foreign:
        raise KeyingError(f"“{foreign}”不是有效的程度代码，只能录入0至{ballot_form.levels}或者 x。")
    by_indicator = dict(zip(ALL, answers, strict=True))
    return RawLine(
        section, {key: [answer] for key, answer in by_indicator.items()}, _ticks(ballot_form, by_indicator, ticks)
    )


def _ticks(ballot_form: BallotForm, answers: Mapping[str, str], text: str) -> tuple[str, ...]:
    groups = unicodedata.normalize("NFKC", text).split()
    severe = [key for key in ALL if answers[key] in ballot_form.severe_answers]
    if len(groups) > len(severe):
        words = quoted(severe_words(ballot_form), "或")
        raise KeyingError(f"{words}的有{len(severe)}项，表象录入了{len(groups)}组，请核对后重新录入。")
    return tuple(
        sign for key, group in zip(severe, groups, strict=False) for sign in _signs(ballot_form.sign_codes[key], group)
    )


def _signs(signs: Sequence[str], group: str) -> list[str]:
    places = [int(c) for c in group if c.isascii() and c.isdigit()]
    if len(places) != len(group) or not all(place <= len(signs) for place in places):
        raise KeyingError(f"表象序号“{group}”不对，应为1到{len(signs)}的数字，没有勾的录0。")
    return [signs[place - 1] for place in dict.fromkeys(places) if place]


def written_row(ballot_form: BallotForm, line: VoteLine) -> tuple[str, str]:
    """Return (answers, ticks) as a clerk would key the line; the inverse of `read_row`."""
    answers = {key: str(line.answers[key]) if key in line.answers else DONT_KNOW for key in ALL}
    ticks = [
        "".join(
            str(place) for place, sign in enumerate(ballot_form.sign_codes[key], start=1) if sign in line.manifestations
        )
        for key in ALL
        if answers[key] in ballot_form.severe_answers
    ]
    while ticks and not ticks[-1]:
        ticks.pop()
    return "".join(answers.values()), " ".join(group or "0" for group in ticks)

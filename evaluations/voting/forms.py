"""How a vote travels: from the fields of the form to raw lines, and on as one hidden JSON field.

Nothing is judged here (evaluations/ballot_form/rules/votes.py does that); what cannot be read at all is refused.
"""

import json
from collections.abc import Mapping, Sequence

from django.http import QueryDict

from evaluations.ballot_form.rules.form import DONT_KNOW
from evaluations.ballot_form.rules.votes import RawLine, VoteErrors
from evaluations.scoring.method import Indicator

INDICATORS = frozenset(Indicator.values)
UNREADABLE = "提交的内容不完整，请返回上一步重新提交。"


def read_fields(post: QueryDict) -> list[RawLine]:
    """Return what the rating form sent: `section` repeated, `{code}.{indicator}`, `{code}.manifestations`."""
    lines = [
        RawLine(
            section=code,
            answers={i.value: tuple(post.getlist(f"{code}.{i}")) for i in Indicator},
            manifestations=tuple(post.getlist(f"{code}.manifestations")),
        )
        for code in post.getlist("section")
    ]
    return _without_blanks(lines) if post.get("compact") else lines


def _without_blanks(lines: Sequence[RawLine]) -> list[RawLine]:
    """Drop what the compact table sends for untouched fields; a row left blank is not rated at all."""
    filled = [
        RawLine(
            line.section,
            {key: tuple(v for v in values if v) for key, values in line.answers.items()},
            line.manifestations,
        )
        for line in lines
    ]
    return [line for line in filled if any(line.answers.values())]


def write_json(lines: Sequence[RawLine]) -> str:
    """Return the lines as the hidden field `vote`."""
    rows = [
        [line.section, {key: list(v) for key, v in line.answers.items()}, list(line.manifestations)] for line in lines
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_json(text: str) -> list[RawLine]:
    """Return the lines of the hidden field, as typed or as checked; anything but these two shapes is refused."""
    try:
        rows = json.loads(text)
        return (
            [_checked_line(**line) for line in rows["lines"]] if isinstance(rows, dict) else [_line(*r) for r in rows]
        )
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise VoteErrors({"": UNREADABLE}) from None


def _line(section: object, answers: Mapping[str, Sequence[str]], manifestations: Sequence[str]) -> RawLine:
    if not isinstance(section, str) or not INDICATORS.issuperset(answers):
        raise TypeError(section)
    # str.join refuses whatever is no text, in one call for all answers of a line.
    "".join(["".join(given) for given in answers.values()])
    "".join(manifestations)
    return RawLine(section, {key: tuple(given) for key, given in answers.items()}, tuple(manifestations))


def _checked_line(section: object, answers: Mapping[str, int], manifestations: Sequence[str]) -> RawLine:
    """Return a line of a valid vote (Vote.as_text) as it was typed: what it leaves out is 不了解."""
    typed = {i.value: [str(answers[i]) if i in answers else DONT_KNOW] for i in Indicator}
    return _line(section, typed, manifestations)

"""Parsing of a submitted vote: from form fields to raw lines, and to and from one hidden JSON field.

Refuses only unreadable input; evaluations/ballot_form/rules/votes.py validates.
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
    """Parse the rating form: `section` (repeated), `{code}.{indicator}`, `{code}.manifestations`."""
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
    """Drop empty values, which the compact table submits for untouched fields, and rows that are entirely blank."""
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
    """Serialize the lines for the hidden field `vote`."""
    rows = [
        [line.section, {key: list(v) for key, v in line.answers.items()}, list(line.manifestations)] for line in lines
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_json(text: str) -> list[RawLine]:
    """Parse the hidden field `vote`, from `write_json` or Vote.as_text; raises VoteErrors for anything else."""
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
    # str.join raises TypeError for anything but strings, in one call for all answers of a line.
    "".join(["".join(given) for given in answers.values()])
    "".join(manifestations)
    return RawLine(section, {key: tuple(given) for key, given in answers.items()}, tuple(manifestations))


def _checked_line(section: object, answers: Mapping[str, int], manifestations: Sequence[str]) -> RawLine:
    """Return a line of a valid vote (Vote.as_text) as a raw line; missing answers are 不了解."""
    typed = {i.value: [str(answers[i]) if i in answers else DONT_KNOW] for i in Indicator}
    return _line(section, typed, manifestations)

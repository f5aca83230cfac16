"""Parsing of a submitted ballot: from form fields to raw lines, and to and from one hidden JSON field.

Refuses only unreadable input; evaluations/ballot_form/rules/votes.py validates.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from evaluations.ballot_form.rules.votes import RawLine, VoteErrors
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import DONT_KNOW

INDICATORS = frozenset(Indicator.values)
UNREADABLE = "提交的内容不完整，请返回上一步重新提交。"
NONE = "0"


@dataclass(frozen=True)
class Entered:
    """What was entered so far: the chosen sections, and the lines typed, also of sections no longer chosen."""

    chosen: Sequence[str] = ()
    lines: Mapping[str, RawLine] = field(default_factory=dict)
    comment: str = ""

    @property
    def vote(self) -> str:
        """The hidden field `vote`."""
        return write_json(self.lines.values())

    def line(self, section: str) -> RawLine:
        """Return what was typed for a section; a blank line if nothing was."""
        return self.lines.get(section) or RawLine(section, {})

    def with_rest(self, section: str) -> "Entered":
        """Return the ballot with the lowest level for every indicator of the section that has no answer."""
        line = self.line(section)
        answers = {i.value: line.answers.get(i.value) or (NONE,) for i in Indicator}
        filled = RawLine(section, answers, line.manifestations)
        return Entered(self.chosen, {**self.lines, section: filled}, self.comment)


def read_ballot(post: QueryDict) -> Entered:
    """Parse the fields every page carries, with those of the sections it shows; raises VoteErrors."""
    lines = {line.section: line for line in read_json(post.get("vote") or "[]")}
    lines |= {line.section: line for line in read_fields(post)}
    return Entered(post.getlist("section"), lines, post.get("comment", ""))


def read_fields(post: QueryDict) -> list[RawLine]:
    """Parse the rating fields of the sections on the page, which are named by `shown`.

    They are `{code}.{indicator}` and `{code}.manifestations`; the table submits empty values for untouched ones.
    """
    return [
        RawLine(
            section=code,
            answers={i.value: tuple(v for v in post.getlist(f"{code}.{i}") if v) for i in Indicator},
            manifestations=tuple(post.getlist(f"{code}.manifestations")),
        )
        for code in post.getlist("shown")
    ]


def write_json(lines: Iterable[RawLine]) -> str:
    """Serialize the lines for the hidden field `vote`, without blank ones."""
    rows = [
        [line.section, {key: list(v) for key, v in line.answers.items() if v}, list(line.manifestations)]
        for line in lines
        if any(line.answers.values()) or line.manifestations
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
    """Return a line of a valid vote (Vote.as_text) as a raw line; missing answers are explicit there."""
    typed = {i.value: [str(answers[i]) if i in answers else DONT_KNOW] for i in Indicator}
    return _line(section, typed, manifestations)

"""Validation of votes (评议票, rulebook R-C), the same for web and paper ballots."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

from evaluations.ballot_form.rules.form import BallotForm, severe_words
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import DONT_KNOW

# Plain strings: a ballot of 105 sections looks them up thousands of times.
INDICATORS = dict.fromkeys(Indicator.values)
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
STORED_LINE = {"answers", "manifestations", "section"}
DIGITS = re.compile(r"[0-9]{4}")


class Origin(TextChoices):
    """来源: how a ballot form reached the citizen; also the strata of the draw of counted ballots."""

    ISSUED = "issued", "发放票号"
    NEWSPAPER = "newspaper", "报纸"
    WEBSITE = "website", "网站"
    HALL = "hall", "服务大厅"
    OPEN = "open", "网上领票"


@dataclass(frozen=True)
class RawLine:
    """One section's unvalidated answers: every value submitted, including repeated fields."""

    section: str
    answers: Mapping[str, Sequence[str]]
    manifestations: Sequence[str] = ()


@dataclass(frozen=True)
class VoteLine:
    """One section's valid answers: indicator -> level if answered; ticked manifestations in the form's order."""

    section: str
    answers: Mapping[str, int]
    manifestations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vote:
    """A valid vote: lines in the order of the form, each section once."""

    lines: tuple[VoteLine, ...]

    def as_json(self) -> dict[str, object]:
        """Return the structure that is stored and committed to (protocol 6.3: no null, no float)."""
        return {
            "lines": [
                {
                    "answers": dict(line.answers),
                    "manifestations": list(line.manifestations),
                    "section": line.section,
                }
                for line in self.lines
            ]
        }

    def as_text(self) -> str:
        """Return J(vote); it has only strings and integers, so the checks of `protocol_json` are not needed."""
        return json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class VoteErrors(ValueError):
    """All errors of a vote: field name -> Chinese message ("" = the whole ballot)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("\n".join(errors.values()))
        self.errors = dict(errors)


def validate_sections(ballot_form: BallotForm, channel: str, codes: Sequence[str]) -> list[str]:
    """Return the chosen sections in the order of the form; raises if none, unknown, repeated or too many."""
    fault = _sections_fault(ballot_form, channel, codes)
    if fault:
        raise VoteErrors({"": fault})
    chosen = set(codes)
    return [section.code for section in ballot_form.sections if section.code in chosen]


def validate_vote(ballot_form: BallotForm, channel: str, raw: Sequence[RawLine], *, needs_ticks: bool = True) -> Vote:
    """Return the valid vote; raises VoteErrors with all errors at once.

    `needs_ticks` is false for paper ballots, where nobody can be asked for a missing tick.
    """
    order = validate_sections(ballot_form, channel, [line.section for line in raw])
    valid: dict[str, VoteLine] = {}
    errors: dict[str, str] = {}
    for line in raw:
        plain = _plain_line(ballot_form, line)
        faults = {} if plain else dict(_line_errors(ballot_form, line, needs_ticks=needs_ticks))
        errors |= faults
        if not faults:
            valid[line.section] = plain or _valid_line(ballot_form, line)
    if errors:
        raise VoteErrors(errors)
    return Vote(tuple(valid[code] for code in order))


def is_stored_vote(ballot_form: BallotForm, channel: str, vote: object) -> bool:
    """True if the value is a vote as `Vote.as_json` writes it: valid on this form, with or without all ticks."""
    lines = vote.get("lines") if isinstance(vote, dict) and len(vote) == 1 else None
    if not isinstance(lines, list) or not all(_is_stored_line(ballot_form, line) for line in lines):
        return False
    chosen = [line["section"] for line in lines]
    in_order = [section.code for section in ballot_form.sections if section.code in chosen]
    return not _sections_fault(ballot_form, channel, chosen) and chosen == in_order


def is_stored_comment(text: str, limit: int) -> bool:
    """True if a database can hold the comment and it is no longer than allowed."""
    return len(text) <= limit and not any(c == "\0" or unicodedata.category(c) == "Cs" for c in text)


def clean_comment(text: str, limit: int) -> str:
    """Return the comment without invisible characters; raises if it cannot be stored or is too long."""
    if "\x00" in text or "\ufffd" in text:
        raise VoteErrors({"comment": "意见中有系统无法识别的字符，请删除后提交。"})
    text = text.replace("\r\n", "\n")
    kept = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in INVISIBLE).strip()
    if len(kept) > limit:
        raise VoteErrors({"comment": f"意见最多{limit}字，现有{len(kept)}字，请删减后提交。"})
    return kept


def clean_digits(text: str) -> str:
    """Return the four check digits (校验数字) that the citizen chose for the receipt."""
    digits = unicodedata.normalize("NFKC", text).strip()
    if not DIGITS.fullmatch(digits):
        raise VoteErrors({"digits": "请输入任意4位数字。"})
    return digits


def is_valid_line(answers: Mapping[str, int], min_answered: int) -> bool:
    """True if the line counts: at least `min_answered` of the five indicators answered."""
    return len(answers) >= min_answered


def unticked(ballot_form: BallotForm) -> str:
    """Return what is said of a severe answer without a ticked manifestation."""
    return f"选了{'或'.join(severe_words(ballot_form))}，请至少勾选一种具体表现。"


def _sections_fault(ballot_form: BallotForm, channel: str, codes: Sequence[str]) -> str:
    if not codes:
        return "请至少选择一个您办过事的科室。"
    if len(set(codes)) < len(codes):
        return "同一科室重复选择，请返回重新选择。"
    if any(code not in ballot_form.section_codes for code in codes):
        return "所选科室不在本轮评议范围内，请返回重新选择。"
    limit = ballot_form.max_sections[channel]
    if len(codes) > limit:
        return f"一张评议票最多评议{limit}个科室，现已选择{len(codes)}个，请减少后重新提交。"
    return ""


def _is_stored_line(ballot_form: BallotForm, line: object) -> bool:
    if not isinstance(line, dict) or line.keys() != STORED_LINE or not isinstance(line["section"], str):
        return False
    answers, ticks = line["answers"], line["manifestations"]
    if not isinstance(answers, dict) or not answers.keys() <= INDICATORS.keys() or not isinstance(ticks, list):
        return False
    levels = answers.values()
    if set(map(type, levels)) - {int} or not ballot_form.known_levels.issuperset(levels):
        return False
    if not ticks:
        return True
    severe = (i for i in INDICATORS if answers.get(i, 0) >= ballot_form.severe_from)
    return ticks == [code for i in severe for code in ballot_form.sign_codes[i] if code in ticks]


def _line_errors(ballot_form: BallotForm, line: RawLine, *, needs_ticks: bool) -> Iterator[tuple[str, str]]:
    """Yield errors in the order of the page, so that the summary lists them in that order."""
    signs, severe = frozenset(line.manifestations), frozenset(_severe(ballot_form, line))
    if not signs <= ballot_form.known_signs or len(signs) < len(line.manifestations):
        yield f"{line.section}.manifestations", "所选表象有误，请重新勾选。"
    for indicator, name in ballot_form.questionnaire.names.items():
        fault = _answer_fault(ballot_form, line.answers.get(indicator, ()))
        if fault:
            yield f"{line.section}.{indicator}", fault
        elif needs_ticks and indicator in severe and signs.isdisjoint(ballot_form.sign_codes[indicator]):
            yield f"{line.section}.{indicator}.manifestations", f"“{name}”{unticked(ballot_form)}"


def _plain_line(ballot_form: BallotForm, line: RawLine) -> VoteLine | None:
    """Fast path: return the line if each indicator has one mild answer and nothing is ticked, else None."""
    given = [line.answers.get(indicator, ()) for indicator in INDICATORS]
    if line.manifestations or any(len(values) != 1 or values[0] not in ballot_form.mild_answers for values in given):
        return None
    answers = zip(INDICATORS, given, strict=True)
    return VoteLine(line.section, {i: int(value) for i, (value,) in answers if value != DONT_KNOW})


def _answer_fault(ballot_form: BallotForm, values: Sequence[str]) -> str:
    if not values:
        return f"请选择一项；不清楚的请选“{ballot_form.questionnaire.unknown}”。"
    if len(values) > 1:
        return "该项只能选择一个选项，请重新选择。"
    if values[0] not in ballot_form.allowed_answers:
        return "该项选择有误，请重新选择。"
    return ""


def _severe(ballot_form: BallotForm, line: RawLine) -> list[str]:
    answers = ((indicator, line.answers.get(indicator, ())) for indicator in INDICATORS)
    return [indicator for indicator, values in answers if len(values) == 1 and values[0] in ballot_form.severe_answers]


def _valid_line(ballot_form: BallotForm, line: RawLine) -> VoteLine:
    answers = {i: int(line.answers[i][0]) for i in INDICATORS if line.answers[i][0] != DONT_KNOW}
    # Without JavaScript the form still submits ticks under an answer that was lowered afterwards: drop them.
    severe = _severe(ballot_form, line) if line.manifestations else ()
    kept = (code for i in severe for code in ballot_form.sign_codes[i] if code in line.manifestations)
    return VoteLine(line.section, answers, tuple(kept))

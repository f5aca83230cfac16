"""The ballot form as a file (paper.json), from which the notary prints ballots without the database."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import INDICATORS, LEVEL_WORDS, questionnaire_errors, questionnaire_of
from nanchuan_eval.core.faults import shortened

MOST_LEVELS = 20
_TEXTS = ("round_key", "round_name", "office_phone")
_NUMBERS = ("levels", "severe_from", "min_answered", "comment_length")
_NEEDED = [field.name for field in fields(BallotForm) if field.default is MISSING]
_KNOWN = [*(field.name for field in fields(BallotForm) if field.name != "questionnaire"), INDICATORS, LEVEL_WORDS]


class FormFileError(ValueError):
    """The file is no ballot form; the Chinese text names the faulty field."""


def read_form(document: Any) -> BallotForm:
    """Return the form that a parsed file describes."""
    if not isinstance(document, dict) or not set(_NEEDED) <= set(document) <= set(_KNOWN):
        raise FormFileError("不是评议表文件，请从本轮的票箱页重新下载 paper.json。")
    for fault in _faults(document):
        raise FormFileError(fault)
    rows = {name: tuple(kind(**row) for row in document[name]) for name, kind in _LISTS.items()}
    asked = {key: value for key, value in document.items() if key not in (INDICATORS, LEVEL_WORDS)}
    return BallotForm(**{**asked, **rows}, questionnaire=questionnaire_of(document))


_LISTS: Mapping[str, type[FormSection] | type[FormSign]] = {"sections": FormSection, "manifestations": FormSign}


def _faults(form: Mapping[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(form.get(name, ""), str):
            yield f"“{name}”应为文字，现为：{shortened(form[name])}"
    for name in _NUMBERS:
        most = MOST_LEVELS if name in {"levels", "severe_from"} else 10_000
        if type(form[name]) is not int or not 0 <= form[name] <= most:
            yield f"“{name}”应为0到{most}的整数，现为：{shortened(form[name])}"
    if not isinstance(form.get("is_demo", False), bool):
        yield f"“is_demo”应为 true 或 false，现为：{shortened(form['is_demo'])}"
    yield from questionnaire_errors(form)
    limits = form["max_sections"]
    if not isinstance(limits, dict) or any(type(number) is not int for number in limits.values()):
        yield f"“max_sections”应为各渠道的整数，现为：{shortened(limits)}"
    for name, kind in _LISTS.items():
        yield from _row_faults(name, form[name], {field.name for field in fields(kind)})


def _row_faults(name: str, rows: object, keys: set[str]) -> Iterator[str]:
    if not isinstance(rows, list) or not rows:
        yield f"“{name}”应为列表，现为：{shortened(rows)}"
        return
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or set(row) != keys or not all(isinstance(text, str) for text in row.values()):
            yield f"“{name}”的第{number}项应有{'、'.join(sorted(keys))}，都是文字，现为：{shortened(row)}"
        elif "indicator" in row and row["indicator"] not in set(Indicator):
            yield f"“{name}”的第{number}项的指标“{shortened(row['indicator'])}”不是五项指标之一。"

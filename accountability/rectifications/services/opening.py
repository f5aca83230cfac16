"""What a case opens with beside its measures: the rectification (整改), with the problems citizens ticked."""

import json
from collections.abc import Iterator, Sequence

from accountability.cases.models import Case
from accountability.cases.rules.deadlines import Terms, after_workdays, report_due
from accountability.rectifications.models import Rectification, RectificationItem
from accountability.rectifications.rules import problems_for_plan
from evaluations.rounds.models import Round
from evaluations.tally.rules.main_problems import SMALLEST_CELL
from nanchuan_eval.workdays.rules import Calendar


def open_rectifications(round_: Round, cases: Sequence[Case], *, terms: Terms, calendar: Calendar) -> None:
    """Open a rectification for each case, inside the publication's transaction."""
    rows = [_rectification(case, terms, calendar) for case in cases]
    opened = Rectification.objects.bulk_create(rows)
    signs = signs_of(round_)
    RectificationItem.objects.bulk_create(item for row in opened for item in _items(row, signs))


def signs_of(round_: Round) -> dict[str, dict[str, str]]:
    """Return the 表象 of the round's frozen ballot paper by code."""
    paper = json.loads(round_.ballot_form) if round_.ballot_form else {"manifestations": []}
    return {sign["code"]: sign for sign in paper["manifestations"]}


def _rectification(case: Case, terms: Terms, calendar: Calendar) -> Rectification:
    return Rectification(
        case=case,
        plan_due_on=after_workdays(case.published_on, terms.plan_workdays, calendar),
        report_due_on=report_due(case.published_on, terms.report_months),
    )


def _items(row: Rectification, signs: dict[str, dict[str, str]]) -> Iterator[RectificationItem]:
    ticked = problems_for_plan(row.case.result.ticks, signs, smallest=SMALLEST_CELL)
    for position, (indicator, problem) in enumerate(ticked, start=1):
        yield RectificationItem(rectification=row, position=position, indicator=indicator, problem=problem)

"""Factories of visits and their records."""

from datetime import UTC, datetime

from accountability.inspections.rules import CheckItem
from accountability.inspections.services import visits
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_bare_round, make_case, make_inspection

BALLOT_FORM = """{"manifestations": [
 {"code": "COLD-1", "indicator": "cold", "text": "不起身、不抬头"},
 {"code": "GREE-1", "indicator": "greedy", "text": "不给好处不办事"}]}"""
CHECKS = {item.value: "yes" for item in CheckItem}


def make_visit():
    """A visit of two inspectors to a listed section of a published round."""
    round_ = make_bare_round(ballot_form=BALLOT_FORM, state=RoundState.PUBLISHED)
    return make_inspection(make_case(round_).result.section)


def chief():
    return make_account(Role.CHIEF)


def make_inspectors(count=2):
    return [make_account(Role.INSPECTOR, name=f"督查员{n}") for n in range(count)]


def one_of(visit):
    return visit.inspectors.first()


def record(**changes):
    facts = {
        "method": "errand",
        "arrived_at": datetime(2020, 7, 18, 1, 0, tzinfo=UTC),
        "left_at": datetime(2020, 7, 18, 2, 0, tzinfo=UTC),
        "place": "大厅3号窗口",
        "errand": "办证",
        "situation": "态度生硬",
        "conclusion": "by_date",
        "checks": CHECKS,
        "findings": [("COLD-1", "2")],
        **changes,
    }
    return visits.Record(**facts)


def save(visit, by=None, **changes):
    return visits.save_record(inspection_id=visit.pk, record=record(**changes), by=by or one_of(visit), at=LATER)


def submit(visit, lead="", **changes):
    save(visit, **changes)
    return visits.submit_record(inspection_id=visit.pk, lead=lead, by=one_of(visit), at=LATER)


def approve(visit, **changes):
    submit(visit, **changes)
    return visits.approve_record(inspection_id=visit.pk, by=chief(), at=LATER)

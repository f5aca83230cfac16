"""The list of columns and what finds a change of each, or why nothing has to: a column without a line is red."""

import csv

from django.apps import apps

from nanchuan_eval.audit.queries import RowFact, fixed_facts
from tests.paths import ROOT

OURS = {"nanchuan_eval", "departments", "evaluations", "accountability"}
WAYS = {"fixed", "check", "log", "commitment", "chain"}
# Why a change of a column is not looked for.
REASONS = {
    "changes",  # without an action: counters, sessions, what citizens add
    "derived",  # computed from what is fixed; nothing is read from it
    "key",  # names the row only; what refers to it is fixed
    "label",  # shown, claims nothing
    "passing",  # erased when its matter ends
    "personal",  # a digest of it could be tried out, or would outlive its erasure
    "unused",
}


def listed():
    with (ROOT / "nanchuan_eval" / "fixed_columns.csv").open(encoding="utf-8", newline="") as source:
        return {row["column"]: row["found_by"] for row in csv.DictReader(source)}


def columns():
    return {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.concrete_fields
    }


def test_every_column_is_listed_and_nothing_else():
    assert columns() - set(listed()) == set(), "add a line to nanchuan_eval/fixed_columns.csv"
    assert set(listed()) - columns() == set(), "these columns are gone"


def test_every_line_names_a_way_that_exists():
    assert {found_by.partition(":")[0] for found_by in listed().values()} <= WAYS | REASONS
    named = {found_by.removeprefix("fixed:") for found_by in listed().values() if found_by.startswith("fixed:")}
    assert named == set(fixed_facts)


def test_the_columns_of_single_rows_are_listed_under_a_fact():
    for fact in fixed_facts.values():
        if isinstance(fact, RowFact):
            names = [fact.model._meta.get_field(name).name for name in fact.columns if isinstance(name, str)]
            found_by = {name: listed()[f"{fact.model._meta.label}.{name}"] for name in names}
            assert {way.partition(":")[0] for way in found_by.values()} <= {"fixed", "check", "log"}, found_by

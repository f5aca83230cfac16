"""The list of columns and what finds a change of each: a column without a line is red ("none": nothing finds it)."""

import csv

from django.apps import apps

from nanchuan_eval.audit.queries import fixed_facts
from tests.paths import ROOT

OURS = {"nanchuan_eval", "departments", "evaluations", "accountability"}
WAYS = {"fixed", "check", "log", "commitment", "chain", "none"}


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
    assert {found_by.partition(":")[0] for found_by in listed().values()} <= WAYS
    named = {found_by.removeprefix("fixed:") for found_by in listed().values() if found_by.startswith("fixed:")}
    assert named == set(fixed_facts)

"""Names of people and units are compared by their key: a plain comparison of two of them is red (docs/lists.md 1).

Looked for are ==, !=, `in`, look-ups in dicts, sets and querysets, wherever one side is a name of a person, a unit or a
section. ALLOWED names each place that does so for a reason; a place that is gone must leave the list.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.paths import ROOT

APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
# Attributes and columns that hold such a name; among variables the plain `name` means too many other things.
NAMES = re.compile(r"(^|_)(name|names|unit|units|liaison|leader|leader_in_charge|talker)$")
ANSWERS = frozenset({"same_name", "same_unit"})
VARIABLES = re.compile(r"(^|_)(unit|liaison|leader)$|(person|unit|department|section|head)_names?$")
QUERIES = frozenset({"filter", "exclude", "get", "get_or_create", "update_or_create", "Q", "get_object_or_404"})
LOOK_UPS = frozenset({"get", "add", "setdefault", "index", "count"})
PLAIN = re.compile(r"^(.+?)(__(exact|iexact|in|contains|icontains|startswith|istartswith|endswith))?$")
OF_TABLES = "tables by their names in the program"
OF_DATASETS = "kinds of open data by their names in the program"
OF_RECORDS = "fields of models and of forms by their names in the program"
# (file, what is compared) -> why the key is not needed there.
ALLOWED = {
    ("nanchuan_eval/admin_site/record_changes.py", "field.name in values"): OF_RECORDS,
    ("nanchuan_eval/admin_site/record_changes.py", "f.name in row['fields']"): OF_RECORDS,
    ("nanchuan_eval/admin_site/record_changes.py", "f.name != but"): OF_RECORDS,
    ("nanchuan_eval/admin_site/record_changes.py", "{field.name: ...}"): OF_RECORDS,
    ("nanchuan_eval/encryption/key_rotation.py", "changes[field.name]"): OF_RECORDS,
    ("accountability/talks/services/records.py", "{field.name: ...}"): OF_RECORDS,
    ("nanchuan_eval/approvals/services.py", "_actions[action.name]"): "actions by their names in the program",
    ("nanchuan_eval/lists/services.py", "_kinds[kind.name]"): "lists by their names in the program",
    ("nanchuan_eval/tables/pages.py", "page.table.name == request.POST.get(EXPORT)"): OF_TABLES,
    ("nanchuan_eval/tables/pages.py", "{page.table.name: ...}"): OF_TABLES,
    (
        "evaluations/publication/queries.py",
        "found.setdefault(section.superior_name, set())",
    ): "as the round has it: each spelling gets a paper of its own",
    ("evaluations/service_records/services/importing.py", "unit_id not in self._units"): "primary keys",
    ("nanchuan_eval/backups/services.py", "member.name == MANIFEST"): "files of a backup",
    ("nanchuan_eval/backups/services.py", "member.name == DATABASE"): "files of a backup",
    (
        "nanchuan_eval/accounts/middleware.py",
        "resolve(request.path_info).url_name in {*OPEN_VIEWS, *names}",
    ): "addresses",
    ("evaluations/tally/pages.py", "pending.get((DECIDE_FLAG.name, str(flag.pk)))"): "actions by their names",
    ("evaluations/tally/pages.py", "pending.get((KEEP_FLAGS.name, str(round_.pk)))"): "actions by their names",
    ("accountability/demo/citizens.py", "fields.setdefault(attributes['name'], [])"): "fields of a page's form",
    ("departments/reforms/forms.py", "others.setdefault(section.department.name, [])"): "headings of a choice",
    ("evaluations/pools/rules/parsing.py", "row.name == first.name"): "a note that names the spelling that is kept",
    (
        "evaluations/pools/rules/parsing.py",
        "row.unit in ('', person.unit)",
    ): "a note that names the spelling that is kept",
    ("nanchuan_eval/workdays/rules.py", "word in entry.name"): "names of holidays",
    ("accountability/history/rules/matching.py", "key != unit"): "both are keys",
    ("accountability/citizens/pages.py", "unit__icontains=asked"): "a search of what citizens wrote, which is no name",
    ("accountability/promotion_freezes/rules.py", "unit.section not in entry.section_names"): "both are keys",
    ("accountability/history/rules/matching.py", "unit in other.all"): "units that were recognised",
    (
        "accountability/history/rules/earlier_lists.py",
        "entry.name != known.name",
    ): "names of rounds, brought to one spelling",
    ("nanchuan_eval/clock/services.py", "name=name"): "tasks of the clock",
    ("nanchuan_eval/doctor/queries/schedule.py", "{run.name: ...}"): "tasks of the clock",
    ("nanchuan_eval/core/logs.py", "record.name == SERVER"): "loggers",
    ("evaluations/ballot_form/admin.py", "db_field.name == 'indicator'"): OF_RECORDS,
    ("evaluations/ballot_form/rules/form_file.py", "field.name != 'questionnaire'"): OF_RECORDS,
    ("evaluations/open_data/rules/datasets.py", "self.name == 'closing-list'"): OF_DATASETS,
    ("evaluations/open_data/rules/datasets.py", "{each.name: ...}"): OF_DATASETS,
    (
        "evaluations/open_data/views.py",
        "(found.dataset.name, found.ending, found.version) == (name, ending, version)",
    ): OF_DATASETS,
    ("evaluations/personal_data/services/clients.py", "unit=models.OuterRef('unit')"): "primary keys",
    ("evaluations/service_records/queries/chain.py", "unit=OuterRef('unit')"): "primary keys",
    ("evaluations/draws/documents.py", "pool[s.name]"): "strata of a committed draw, equal to the letter (protocol 3)",
}


def is_name(identifier: str) -> bool:
    return bool(NAMES.search(identifier)) and identifier not in ANSWERS


def named(node: ast.expr) -> str:
    """The attribute, variable or field of a record, if it is called like a name."""
    if isinstance(node, ast.Attribute) and is_name(node.attr):
        return ast.unparse(node)
    if isinstance(node, ast.Name) and VARIABLES.search(node.id) and node.id not in ANSWERS:
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and is_name(str(node.slice.value)):
        return ast.unparse(node)
    if isinstance(node, ast.Tuple):
        return next(filter(None, map(named, node.elts)), "")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"strip", "casefold"}:
        return named(node.func.value)
    return ""


def is_plain(node: ast.expr) -> bool:
    """True for what is no name: a constant, an empty set, a count."""
    return isinstance(node, ast.Constant) and (node.value in ("", None) or not isinstance(node.value, str))


def comparisons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every comparison of names without their key."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            compared = any(isinstance(op, (ast.Eq, ast.NotEq, ast.In, ast.NotIn)) for op in node.ops)
            if compared and any(map(named, sides)) and not any(map(is_plain, sides)):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Subscript) and named(node.slice):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.DictComp) and named(node.key):
            yield node.lineno, f"{{{ast.unparse(node.key)}: ...}}"
        elif isinstance(node, ast.Call):
            yield from _looked_up(node)


def _looked_up(call: ast.Call) -> Iterator[tuple[int, str]]:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function in LOOK_UPS and call.args and named(call.args[0]):
        yield call.lineno, ast.unparse(call)
    for keyword in call.keywords if function in QUERIES else ():
        match = PLAIN.match(keyword.arg or "")
        column = match.group(1).rpartition("__")[2] if match else ""
        if column and is_name(column) and not is_plain(keyword.value):
            yield call.lineno, f"{keyword.arg}={ast.unparse(keyword.value)}"


def found() -> Iterator[tuple[str, str]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                for _, text in comparisons(ast.parse(path.read_text(encoding="utf-8"))):
                    yield str(path.relative_to(ROOT)), text


def test_names_are_compared_by_their_key_or_for_a_reason():
    places = set(found())

    assert places - set(ALLOWED) == set(), "compare `name_key` or `is_same_name` (docs/lists.md 1)"
    assert set(ALLOWED) - places == set(), "these comparisons are gone"


@pytest.mark.parametrize(
    "source",
    [
        "tenure.name == case.head_name",
        "row.unit != unit",
        "person.name in names",
        "one.name.strip() == other",
        "Department.objects.filter(name=name)",
        "Freeze.objects.filter(case__result__section__department_name=unit)",
        "Freeze.objects.exclude(person_name__in=asked)",
        "Q(name__iexact=typed)",
        "known[person.name, person.unit]",
        "{(one.unit, one.name): one for one in people}",
        "known.get(person.name)",
        "seen.add((row.unit, row.section))",
        "row['name'] == other",
        "head_name == before",
    ],
)
def test_a_plain_comparison_is_found(source):
    assert list(comparisons(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "is_same_name(tenure.name, case.head_name)",
        "name_key(tenure.name) == name_key(other)",
        "row.name == ''",
        "Department.objects.filter(code=unit_code)",
        "known[name_key(person.name)]",
        "PromotionFreeze.objects.exclude(person_name='')",
        "account.person == by.person",
    ],
)
def test_a_comparison_by_key_is_not(source):
    assert not list(comparisons(ast.parse(source)))

"""Checks of the code's layout (docs/architecture.md): a feature is a folder, a layer is a file name in it.

`faults(root)` yields every violation as (rule, what is wrong).
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Imports point from right to left only.
APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
# What may lie directly in an app: it collects what the features offer, or Django asks for it by name.
COLLECTORS = {"__init__", "apps", "models", "admin", "urls", "approvable_actions"}
PROJECT = {"settings", "wsgi", "checks"}  # in nanchuan_eval beside them
DJANGO_FOLDERS = {"management", "migrations", "templatetags", "data", "static"}
MOST_COLLECTORS = 8
# The layers, lowest first: a module imports its own layer and lower ones. A layer is a file, or, where it deals with
# more than one subject, a folder of that name.
LAYERS = {
    "rules": 0,
    "models": 1,
    "sql": 2,
    "storage": 2,
    "permissions": 2,
    "queries": 2,
    "services": 3,
    "documents": 3,
    "workbooks": 3,
    "files": 3,
    "approvals": 4,
    "attachments": 4,
    "forms": 5,
    "pages": 5,
    "admin_pages": 5,
    "views": 6,
    "middleware": 6,
    "admin": 6,
}
# Whole packages that only compute; their files are named by subject.
PURE_FEATURES = {"evaluations.scoring", "evaluations.protocol"}
# Packages of the platform and the demonstration: tools, not features; their files are named by what they do.
FREE = {f"nanchuan_eval.{name}" for name in ("core", "database", "documents", "encryption", "spreadsheets", "web")}
FREE |= {
    f"nanchuan_eval.{name}"
    for name in ("accounts", "admin_site", "approvals", "audit_review", "backups", "permissions")
}
FREE |= {"accountability.demo"}
PURE_NAMES = {
    "django.db.models.TextChoices",
    "nanchuan_eval.core.errors.RuleViolation",
    "nanchuan_eval.core.workflow.Flow",
}
PURE_CORE = {f"nanchuan_eval.core.{name}" for name in ("canonical", "faults", "findings", "workflow")}
IMPURE_STDLIB = {
    "random", "secrets", "os", "pathlib", "time", "io",
    "socket", "subprocess", "shutil", "tempfile", "urllib", "logging",
}  # fmt: skip
CLOCK = re.compile(r"\b(now|today|localdate|open|print|input)\(\)")
WRITES = re.compile(r"\.(save|create|bulk_create|bulk_update|update|delete|get_or_create|update_or_create)\(")
NOT_A_WRITE = re.compile(r"super\(\)|commit=False|context\.update|hashed\.update|bar\.update|zip|\.update\(\*\*")
THIN = {"views", "admin", "forms", "pages", "admin_pages", "commands"}
RAW_SQL = re.compile(r"\.cursor\(\)|RawSQL")
MAY_USE_SQL = {"sql", "database_dump"}
LONGEST_FILE = 400
SMALLEST_MODULE = 15
MAY_BE_SMALL = {
    "apps", "urls", "wsgi", "approvals", "approvable_actions", "admin", "permissions", "forms", "models", "sql",
    "rules", "actions", "workflow", "rendering", "templatetags", "commands", "management",
}  # fmt: skip


class Module(NamedTuple):
    name: str
    path: Path
    tree: ast.Module
    text: str

    @property
    def app(self) -> str:
        return self.name.split(".")[0]

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")

    @property
    def package(self) -> str:
        """The feature, or the module itself where it lies directly in the app."""
        return ".".join(self.parts[:2])

    @property
    def is_init(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def layer(self) -> str:
        """The first part below the feature's folder that is a layer's name."""
        return next((part for part in self.parts[2:] if part in LAYERS), "")

    @property
    def is_pure(self) -> bool:
        return self.layer == "rules" or self.package in PURE_FEATURES or self.name in PURE_CORE

    @property
    def is_thin(self) -> bool:
        return bool(THIN & set(self.parts))


def modules(root: Path) -> dict[str, Module]:
    found = {}
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text(encoding="utf-8")
            found[name] = Module(name, path, ast.parse(text), text)
    return found


def imports(module: Module) -> Iterator[str]:
    """Yield what is imported when the code runs, lazily too; what only a type checker reads does not count."""
    for node in runs(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def runs(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_typing = isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        if not is_typing:
            yield child
            yield from runs(child)


def module_of(name: str, known: dict[str, Module]) -> str | None:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def faults(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (rule, what is wrong) for the whole tree."""
    known = modules(root)
    yield from places(known)
    yield from directions(known)
    yield from circles(known)
    for module in known.values():
        yield from purity(module)
        yield from contents(module)
    yield from urls_upwards(root, known)


def places(known: dict[str, Module]) -> Iterator[tuple[str, str]]:
    for app in APPS:
        yield from loose_modules(app, known)
    for module in known.values():
        if len(module.parts) > 2 and not module.is_init and module.parts[1] not in DJANGO_FOLDERS:
            yield from layer_names(module)
        is_folder = len(module.parts) == 2 and module.is_init
        if is_folder and module.parts[1] in LAYERS and module.package not in FREE:
            yield "no layer is a folder of an app", module.name


def loose_modules(app: str, known: dict[str, Module]) -> Iterator[tuple[str, str]]:
    loose = [m for m in known.values() if m.app == app and len(m.parts) == 2 and not m.is_init]
    allowed = COLLECTORS | (PROJECT if app == "nanchuan_eval" else set())
    for module in loose:
        if module.parts[1] not in allowed:
            yield "no loose modules", f"{module.name} belongs to no feature"
    if sum(module.parts[1] in allowed for module in loose) > MOST_COLLECTORS:
        yield "no loose modules", f"{app} has more than {MOST_COLLECTORS} collectors"


def layer_names(module: Module) -> Iterator[tuple[str, str]]:
    if module.package not in FREE | PURE_FEATURES and not module.layer:
        yield "a file name is a layer", f"{module.name} is none of {', '.join(LAYERS)}"
    if len(module.parts) > 4:
        yield "a feature is one folder deep", module.name


def directions(known: dict[str, Module]) -> Iterator[tuple[str, str]]:
    for module in known.values():
        for name in imports(module):
            target = module_of(name, known)
            if target is None or module.name == "nanchuan_eval.urls":
                continue
            other = known[target]
            if APPS.index(other.app) > APPS.index(module.app):
                yield "imports point one way", f"{module.name} imports {target}"
            low, high = LAYERS.get(module.layer), LAYERS.get(other.layer)
            if low is not None and high is not None and high > low and FREE.isdisjoint({module.package, other.package}):
                yield "a layer imports no higher one", f"{module.name} imports {target}"
            is_collector = len(other.parts) == 2 and other.parts[1] in {"models", "admin", "urls", "approvable_actions"}
            if (
                is_collector
                and len(module.parts) > 2
                and other.app != "departments"
                and "management" not in module.parts
            ):
                yield "features do not import collectors", f"{module.name} imports {target}"


def circles(known: dict[str, Module]) -> Iterator[tuple[str, str]]:
    """Find features of one app that need each other."""
    graph: dict[str, set[str]] = defaultdict(set)
    for module in known.values():
        for name in imports(module):
            target = module_of(name, known)
            if target and known[target].app == module.app:
                one, two = module.package, known[target].package
                if one != two and "management" not in one and len(one.split(".")) == 2 == len(two.split(".")):
                    graph[one].add(two)
    for circle in strongly_connected(graph):
        yield "features form no circle", " <-> ".join(sorted(circle))


def strongly_connected(graph: dict[str, set[str]]) -> list[frozenset[str]]:
    """Return the groups whose members all reach each other; the graph has some sixty nodes."""
    reach = {node: reachable(graph, node) for node in graph}
    groups = {frozenset(o for o in reach[node] if node in reach.get(o, ())) for node in graph if node in reach[node]}
    return [group for group in groups if len(group) > 1]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph.get(node, ())
    return found


def purity(module: Module) -> Iterator[tuple[str, str]]:
    if not module.is_pure or module.is_init:
        return
    for name in imports(module):
        top, parts = name.split(".")[0], name.split(".")
        is_ours = (
            "rules" in parts[2:]
            or ".".join(parts[:2]) in PURE_FEATURES
            or name in PURE_NAMES
            or any(name.startswith(core) for core in PURE_CORE)
        )
        if top in IMPURE_STDLIB or not (top in sys.stdlib_module_names or is_ours):
            yield "rules are pure", f"{module.name} imports {name}"
    if CLOCK.search(module.text):
        yield "rules are pure", f"{module.name} asks the clock or touches files"


def contents(module: Module) -> Iterator[tuple[str, str]]:
    lines = module.text.splitlines()
    if len(lines) > LONGEST_FILE:
        yield "no file over 400 lines", f"{module.name} has {len(lines)}"
    if "django.dispatch" in module.text or any(name.split(".")[-1] == "signals" for name in imports(module)):
        yield "no signals", module.name
    if module.is_thin:
        for line in lines:
            if WRITES.search(line) and not NOT_A_WRITE.search(line):
                yield "views, admin, forms, pages and commands never write", f"{module.name}: {line.strip()}"
    if RAW_SQL.search(module.text) and module.parts[-1] not in MAY_USE_SQL:
        yield "raw SQL stands in sql.py", module.name
    yield from size(module)


def size(module: Module) -> Iterator[tuple[str, str]]:
    if module.is_init:
        harmless = ast.Import | ast.ImportFrom | ast.Expr | ast.Assign
        if any(not isinstance(node, harmless) for node in module.tree.body):
            yield "an __init__ defines nothing", module.name
        return
    may_be_small = not MAY_BE_SMALL.isdisjoint(module.parts[1:])
    if not may_be_small and code_lines(module) < SMALLEST_MODULE:
        yield "no module under 15 lines of code", f"{module.name} has {code_lines(module)}"


def code_lines(module: Module) -> int:
    """Count lines that are neither blank, comment nor docstring."""
    skipped: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(module.text.splitlines(), 1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and n not in skipped for n, line in lines)


def urls_upwards(root: Path, known: dict[str, Module]) -> Iterator[tuple[str, str]]:
    """An app that names another app's addresses depends on it, import or not."""
    for module in known.values():
        if module.name in {"nanchuan_eval.urls", "nanchuan_eval.settings"}:
            continue
        for later in APPS[APPS.index(module.app) + 1 :]:
            for found in re.findall(rf'"({later}:[\w-]+)"', module.text):
                yield "no address of a later app", f"{module.name} names {found}"

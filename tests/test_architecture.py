"""The house keeps its shape: imports point one way, rules are pure, only services write, files stay small."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["nanchuan_eval", "departments", "evaluations", "accountability"]
LONGEST_FILE = 400
# What a pure rule may import beside the standard library and other rules.
PURE = {"django.db.models.TextChoices", "nanchuan_eval.workflow.Flow", "nanchuan_eval.errors.RuleViolation"}
IMPURE_STDLIB = {"random", "secrets", "os", "pathlib", "time", "io", "socket", "subprocess"}
WRITES = re.compile(r"\.(save|create|bulk_create|bulk_update|update|delete|get_or_create|update_or_create)\(")
# Not a write: dictionaries, hashes and Django's own calls on the way to one service.
NOT_A_WRITE = re.compile(r"super\(\)|commit=False|context\.update|hashed\.update|bar\.update|zip|\.update\(\*\*")
THIN = ("views", "admin", "forms", "commands")


def modules(*parts: str) -> list[Path]:
    found = [p for app in (parts or APPS) for p in (ROOT / app).rglob("*.py")]
    return [p for p in found if "migrations" not in p.parts]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upward_imports(path: Path, app: str) -> list[str]:
    return [name for name in imports(path) if name.split(".")[0] in APPS[APPS.index(app) + 1 :]]


def impure_imports(path: Path) -> list[str]:
    return [name for name in imports(path) if not is_pure(name)]


def is_pure(name: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    if top in IMPURE_STDLIB:
        return False
    return top in sys.stdlib_module_names or ".rules." in name or name in PURE


def writes(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if WRITES.search(line) and not NOT_A_WRITE.search(line)]


def is_thin(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part.removesuffix(".py") in THIN for part in parts)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    if path.name == "urls.py" and path.parent.name == "nanchuan_eval":
        pytest.skip("the only module that sees every app")
    assert upward_imports(path, app=path.relative_to(ROOT).parts[0]) == []


@pytest.mark.parametrize("path", [p for p in modules() if "rules" in p.parts], ids=lambda p: str(p.relative_to(ROOT)))
def test_rules_are_pure(path):
    assert impure_imports(path) == []
    assert not re.search(r"\b(now|today|localdate|open|print)\(\)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [p for p in modules() if is_thin(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_views_forms_admin_and_commands_never_write(path):
    assert writes(path) == []


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines_and_nobody_uses_signals(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert "django.dispatch" not in text
    assert "signals" not in [name.split(".")[-1] for name in imports(path)]


def test_raw_sql_stands_in_four_places_only():
    found = {str(p.relative_to(ROOT)) for p in modules() if ".cursor()" in p.read_text() or "RawSQL" in p.read_text()}
    places = {"nanchuan_eval/database.py", "nanchuan_eval/dumps.py", "nanchuan_eval/views/site.py"}
    assert found <= {"evaluations/database.py", *places}


class TestAPlantedViolationIsCaught:
    """Each check is tried on a file that breaks it."""

    @pytest.fixture
    def planted(self, tmp_path):
        return tmp_path / "planted.py"

    def test_an_upward_import(self, planted):
        planted.write_text("from evaluations.models import Round\n")
        assert upward_imports(planted, app="departments") == ["evaluations.models.Round"]

    @pytest.mark.parametrize(
        "line", ["import random\n", "from django.db import models\n", "from departments.models import Section\n"]
    )
    def test_an_impure_rule(self, planted, line):
        planted.write_text(line)
        assert impure_imports(planted)

    @pytest.mark.parametrize("line", ["Section.objects.create(name=1)", "section.save()", "Section.objects.delete()"])
    def test_a_write_in_a_view(self, planted, line):
        planted.write_text(f"{line}\n")
        assert writes(planted) == [line]


def test_every_setting_from_the_environment_is_documented():
    text = (ROOT / "nanchuan_eval" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert names
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_the_project_reads_nothing_outside_itself():
    texts = [
        p.read_text(encoding="utf-8")
        for p in modules("nanchuan_eval", "departments", "evaluations", "accountability", "tests")
    ]
    assert not [text for text in texts if "../" + "shared" in text]

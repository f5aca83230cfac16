"""The code keeps its layout: each rule is tried on the project and on a planted violation."""

import re

import pytest

from tests.architecture import APPS, faults
from tests.paths import ROOT


def test_the_project_keeps_its_layout():
    assert sorted(set(faults(ROOT))) == []


LONG_ENOUGH = "\n".join(f"X{n} = {n}" for n in range(20))


@pytest.fixture
def planted(tmp_path):
    """Write modules into an otherwise empty tree and return the rules they break."""

    def plant(modules: dict[str, str]) -> set[str]:
        for name, text in modules.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n{LONG_ENOUGH}\n", encoding="utf-8")
            for folder in list(path.parents)[: len(path.relative_to(tmp_path).parts) - 1]:
                (folder / "__init__.py").touch()
        return {rule for rule, _ in faults(tmp_path)}

    return plant


def test_a_tidy_feature_breaks_no_rule(planted):
    assert planted({"evaluations/rounds/rules": "", "evaluations/rounds/models": "import django.db.models"}) == set()


@pytest.mark.parametrize(
    ("rule", "modules"),
    [
        ("no loose modules", {"evaluations/helpers": ""}),
        ("no layer is a folder of an app", {"evaluations/services/round": ""}),
        ("a file name is a layer", {"evaluations/rounds/helpers": ""}),
        ("a feature is one folder deep", {"evaluations/rounds/services/more/deep": ""}),
        (
            "imports point one way",
            {"departments/roster/services": "import evaluations.rounds.rules", "evaluations/rounds/rules": ""},
        ),
        (
            "a layer imports no higher one",
            {"evaluations/rounds/models": "import evaluations.rounds.views", "evaluations/rounds/views": ""},
        ),
        (
            "features do not import collectors",
            {"evaluations/rounds/views": "import evaluations.models", "evaluations/models": ""},
        ),
        (
            "features form no circle",
            {
                "evaluations/rounds/services": "import evaluations.draws.services",
                "evaluations/draws/services": "import evaluations.rounds.services",
            },
        ),
        ("rules are pure", {"evaluations/rounds/rules": "import random"}),
        ("rules are pure", {"evaluations/rounds/rules": "from django.db import models"}),
        ("rules are pure", {"evaluations/scoring/index": "from pathlib import Path"}),
        ("rules are pure", {"evaluations/rounds/rules": "NOW = datetime.now()"}),
        ("no file over 400 lines", {"evaluations/rounds/services": "\n" * 400}),
        ("no signals", {"evaluations/rounds/services": "from django.dispatch import receiver"}),
        (
            "views, admin, forms, pages and commands never write",
            {"evaluations/rounds/views": "def view(section):\n    section.save()"},
        ),
        ("raw SQL stands in sql.py", {"evaluations/rounds/queries": "c = connection.cursor()"}),
        ("an __init__ defines nothing", {"evaluations/rounds/__init__": "def helper(): ..."}),
        ("no address of a later app", {"evaluations/rounds/views": 'HOME = "accountability:unit"'}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_planted_violation_is_found(planted, rule, modules):
    assert rule in planted(modules)


def test_a_module_of_a_few_lines_is_found(tmp_path):
    for part in ("", "rounds/"):
        (tmp_path / "evaluations" / part).mkdir(exist_ok=True)
        (tmp_path / "evaluations" / part / "__init__.py").touch()
    (tmp_path / "evaluations" / "rounds" / "services.py").write_text("X = 1\n")

    assert {rule for rule, _ in faults(tmp_path)} == {"no module under 15 lines of code"}


def test_every_setting_from_the_environment_is_documented():
    text = (ROOT / "nanchuan_eval" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert names
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_the_project_reads_nothing_outside_itself():
    paths = [path for app in (*APPS, "tests") for path in (ROOT / app).rglob("*.py")]
    assert [path for path in paths if "../" + "shared" in path.read_text(encoding="utf-8")] == []

"""Mutation test of the code that only computes: does a test without a database notice each changed token?

`make mutants` runs every mutant, `make mutants N=100 SEED=7` a random sample, `MODULES=draws/rules` a part of the code,
`TESTS=tests/evaluations/draws` a part of the tests. Each mutant runs in a fork against the tests that reach its line.
The run fails if a mutant survives for which explained.csv gives no reason. (mutmut leaves out constants, tables and
properties, where many of these rules stand; cosmic-ray starts an interpreter for every mutant.)
"""

import argparse
import ast
import csv
import importlib.machinery
import os
import random
import resource
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

import coverage
import django
import hypothesis
import pytest

from tests.mutants.mutations import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
PURE = ("*/*/rules.py", "*/*/rules/*.py", "evaluations/scoring/**/*.py", "evaluations/protocol/*.py")
CORE = tuple(f"nanchuan_eval/core/{name}.py" for name in ("canonical", "faults", "workflow"))
TESTS = ("tests/accountability", "tests/departments", "tests/evaluations", "tests/nanchuan_eval")
EXPLAINED = Path(__file__).with_name("explained.csv")
SECONDS, MEMORY = 60, 6 * 2**30
OPTIONS = ("-q", "-x", "--noconftest", "--tb=no", "--assert=plain", "-W", "ignore")
OPTIONS += tuple(f"-pno:{name}" for name in ("cacheprovider", "xdist", "cov", "playwright"))
WITHOUT_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server", "client", "admin_client", "page"}


def main() -> int:
    options = _options()
    _prepare()
    mutants = _chosen(options)
    reached, seconds = _reached_lines(options.tests)
    explained = _explained()
    started, survivors = time.monotonic(), []
    for mutant, survived in _run_all(mutants, reached, seconds):
        if survived:
            survivors.append(mutant)
            if mutant.key not in explained:
                print(f"{mutant.path}:{mutant.line} {mutant.place}: {mutant.change}", flush=True)
    return _report(mutants, survivors, explained, time.monotonic() - started)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only modules whose path has one of these words")
    parser.add_argument("--sample", type=int, help="a random sample of so many mutants")
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument("--tests", nargs="*", default=TESTS, help="only these test files or folders")
    return parser.parse_args()


def _prepare() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    django.setup()
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", max_examples=50, derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")


def _pure_files() -> list[Path]:
    found = {path for pattern in (*PURE, *CORE) for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.relative_to(ROOT).parts[0] not in {"tests", ".venv"})


def _chosen(options: argparse.Namespace) -> list[Mutant]:
    words = options.modules or [""]
    paths = [path for path in _pure_files() if any(word in path.relative_to(ROOT).as_posix() for word in words)]
    mutants = [mutant for path in paths for mutant in mutants_of(path, ROOT)]
    if options.sample and options.sample < len(mutants):
        return random.Random(options.seed).sample(mutants, options.sample)
    return mutants


class WithoutDatabase:
    """Pytest plugin: leave out every test that needs a database or a browser."""

    def pytest_collection_modifyitems(self, config, items) -> None:
        kept = [
            item
            for item in items
            if not item.get_closest_marker("django_db") and not WITHOUT_DATABASE & set(item.fixturenames)
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


class LinesByTest:
    """Pytest plugin: note which lines each test runs and how long it takes."""

    def __init__(self) -> None:
        files = [str(path) for path in _pure_files()]
        self.coverage = coverage.Coverage(data_file=None, include=files, config_file=False)
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.coverage.switch_context(item.nodeid)
        started = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - started
        self.coverage.switch_context("")
        return result


def _reached_lines(tests: list[str]) -> tuple[dict[tuple[str, int], set[str]], dict[str, float]]:
    """Map each line to the tests that run it, line 0 to those that run any line of its module."""
    plugin = LinesByTest()
    _forget_imported()
    plugin.coverage.start()
    code = pytest.main([*OPTIONS, *tests], plugins=[WithoutDatabase(), plugin])
    plugin.coverage.stop()
    if code:
        sys.exit("The tests fail without any mutant.")
    reached = defaultdict(set)
    data = plugin.coverage.get_data()
    for file in data.measured_files():
        name = Path(file).relative_to(ROOT).as_posix()
        for line, contexts in data.contexts_by_lineno(file).items():
            reached[name, line] |= set(contexts) - {""}
            reached[name, 0] |= reached[name, line]
    return reached, plugin.seconds


def _forget_imported() -> None:
    """Make the next import of pure modules and tests a fresh one; models keep what they have."""
    pure = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in _pure_files()}
    for name in [*sys.modules]:
        if name in pure or (name.startswith("tests.") and not name.startswith("tests.mutants")):
            del sys.modules[name]
            # `from package import module` takes the package's attribute before sys.modules.
            package, _, module = name.rpartition(".")
            if package in sys.modules:
                vars(sys.modules[package]).pop(module, None)


class MutantFinder:
    """Import hook that gives the mutated module in place of the written one."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = mutant.path.removesuffix(".py").replace("/", ".")

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        loader = importlib.machinery.SourceFileLoader(name, str(ROOT / self.mutant.path))
        loader.get_code = lambda _: self._code()
        return importlib.machinery.ModuleSpec(name, loader, origin=self.mutant.path)

    def _code(self):
        tree = self.mutant.apply(ast.parse((ROOT / self.mutant.path).read_text()))
        return compile(tree, self.mutant.path, "exec")


def _run_all(mutants, reached, seconds):
    """Yield each mutant with "survived", as many at a time as there are processors."""
    waiting, running = [*reversed(mutants)], {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            tests = _tests_for(mutant, reached, seconds)
            if not tests:
                yield mutant, True
                continue
            running[_fork(mutant, tests)] = mutant
        if running:
            pid, status = os.wait()
            yield running.pop(pid), status == 0


def _tests_for(mutant: Mutant, reached, seconds) -> list[str]:
    """Return the tests that run the line, the quick ones first; for a constant or a table, the whole files of tests."""
    if mutant.in_function:
        return sorted(reached[mutant.path, mutant.line], key=seconds.__getitem__)
    files = {test.partition("::")[0] for test in reached[mutant.path, 0]}
    return sorted(files, key=lambda file: sum(spent for test, spent in seconds.items() if test.startswith(file)))


def _fork(mutant: Mutant, tests: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        _forget_imported()
        sys.meta_path.insert(0, MutantFinder(mutant))
        code = pytest.main([*OPTIONS, *tests], plugins=[WithoutDatabase()])
    finally:
        os._exit(int(code))


def _explained() -> dict[tuple[str, str, str], str]:
    with EXPLAINED.open(newline="") as file:
        return {(row["module"], row["place"], row["change"]): row["reason"] for row in csv.DictReader(file)}


def _report(mutants, survivors, explained, seconds) -> int:
    """Print the figures; 1 if a survivor has no reason or a reason has no survivor."""
    keys = {mutant.key for mutant in mutants}
    surviving = {mutant.key for mutant in survivors}
    unexplained = surviving - explained.keys()
    killed = len(mutants) - len(survivors)
    for module in sorted({mutant.path for mutant in mutants}):
        total = sum(mutant.path == module for mutant in mutants)
        print(f"{module:55} {total - sum(mutant.path == module for mutant in survivors):4} of {total:4}")
    stale = sorted((explained.keys() & keys) - surviving)
    for key in stale:
        print("explained, but killed now:", *key)
    print(
        f"{killed} of {len(mutants)} mutants killed ({killed / max(len(mutants), 1):.1%}), "
        f"{len(survivors) - len(unexplained)} survivors explained, {len(unexplained)} not; {seconds:.0f} s"
    )
    return int(bool(unexplained or stale))


if __name__ == "__main__":
    sys.exit(main())

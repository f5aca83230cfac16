"""`make security`: the security tests and the sabotage on SQLite, on PostgreSQL where one answers, and the figures.

PostgreSQL: SECURITY_POSTGRES, or DATABASE_URL if it names one, or the one of this machine.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg2
from defusedxml import ElementTree

from tests.security import sabotage
from tests.security.goals import GOALS, chain_seconds

FOLDERS = [
    "tests/security",
    "tests/nanchuan_eval",
    "tests/concurrency",
    "tests/departments/reforms/test_approvals.py",
    "tests/evaluations/personal_data/test_people.py",
    "tests/evaluations/sealing/test_services.py",
    "tests/evaluations/sealing/test_secrecy.py",
    "tests/evaluations/lifecycle/test_approvals.py",
    "tests/evaluations/draws/test_liaisons.py",
    "tests/evaluations/voting/test_views.py",
    "tests/accountability/evidence",
    "tests/accountability/results/test_top_ten.py",
]
Outcome = Counter[tuple[str, bool]]


def main() -> int:
    """Run everything; the exit code says whether it held on every database."""
    held = [on_database(name, url) for name, url in databases().items()]
    say(f"G6  audit log: 100,000 rows verified in {chain_seconds(100_000):.1f} CPU-s (goal 5)")
    return 0 if all(held) else 1


def databases() -> dict[str, str]:
    """Return the databases to run on."""
    found = {"SQLite": "sqlite:///security.sqlite3"}
    named = os.environ.get("SECURITY_POSTGRES") or os.environ.get("DATABASE_URL", "")
    url = named if named.startswith("postgres") else "postgres:///security"
    try:
        psycopg2.connect(url.rsplit("/", 1)[0] + "/postgres", connect_timeout=3).close()
    except psycopg2.Error as error:
        say(f"PostgreSQL: none answers ({str(error).strip().splitlines()[0]}); SQLite only")
    else:
        found["PostgreSQL"] = url
    return found


def on_database(name: str, url: str) -> bool:
    """Run the tests and the sabotage on one database and print its figures."""
    say(f"== {name}")
    environment = {**os.environ, "DATABASE_URL": url, "BAD_VALUES": os.environ.get("BAD_VALUES", "200")}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"

        command = ["-m", "pytest", "-q", "-n", "2", "-m", "not browser", f"--junitxml={report}", *FOLDERS]
        done = subprocess.run([sys.executable, *command], env=environment, check=False)
        outcome = read(report)
    for goal, what, tests in GOALS:
        passed, failed = (
            sum(n for (test, ok), n in outcome.items() if ok == good and tests(test)) for good in (True, False)
        )
        say(f"{goal:<3} {what}: {passed} of {passed + failed} tests passed")
    reds = sabotage.try_all(environment)
    return done.returncode == 0 and reds


def read(report: Path) -> Outcome:
    """Return how many cases of each test function passed and failed; what was skipped does not count."""
    outcome: Outcome = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is None:
            name = f"{case.get('classname')}.{case.get('name')}"
            outcome[name, case.find("failure") is None and case.find("error") is None] += 1
    return outcome


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""`make bench`: each benchmark in a process and database of its own (SQLite, or PostgreSQL by DATABASE_URL).

`python -m bench NAME …` runs some of them. Nothing one leaves (rows, cached plans, memory) reaches another's figures.
"""

import os
import subprocess
import sys
from importlib import import_module

import django

NAMES = (
    "draw",
    "clients",
    "ballot",
    "ballot_post",
    "sealing",
    "printing",
    "tally",
    "score",
    "simulation",
    "attacks",
    "workbook",
    "patterns",
    "records",
)


def main(names: list[str]) -> int:
    """Run the benchmarks named, by default all; returns the number of those that failed."""
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"unknown: {' '.join(sorted(unknown))}; there are {' '.join(NAMES)}")
    if len(names) == 1:
        run(names[0])
        return 0
    return sum(subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode != 0 for name in names)


def run(name: str) -> None:
    """Run one benchmark on a new database and drop it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    django.setup()
    from django.conf import settings  # noqa: PLC0415  needs the set-up
    from django.db import connection  # noqa: PLC0415

    settings.DEBUG = False
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    kept = settings.DATABASES["default"]["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        import_module(f"bench.{name}").run()
    finally:
        connection.creation.destroy_test_db(kept, verbosity=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(NAMES)))

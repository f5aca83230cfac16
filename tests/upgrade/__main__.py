"""`make stored-database`: store a database of this version for the tests of all later ones."""

import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Make the rounds in a database of their own and write all its rows to one file."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/stored.sqlite3"
        os.environ["EVIDENCE_ROOT"] = f"{folder}/evidence"
        os.environ["DJANGO_SETTINGS_MODULE"] = "nanchuan_eval.settings"
        import django  # noqa: PLC0415  reads the environment

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        from tests.upgrade import scenario, stored  # noqa: PLC0415

        path: Path = stored.FOLDER / f"{settings.VERSION}.json"
        if "dev" in settings.VERSION or path.exists():
            sys.stderr.write(f"{settings.VERSION} is no version to be released: set `version` in pyproject.toml\n")
            return 2
        call_command("migrate", verbosity=0)
        scenario.make_rounds()
        stored.write(path, stored.snapshot(settings.VERSION, stored.newest_migrations()))
        sys.stdout.write(f"{path}: {path.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

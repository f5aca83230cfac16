"""`make bench`: all benchmarks on a database of their own (SQLite, or PostgreSQL by DATABASE_URL)."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from bench import ballot_post, draw, sealing, tally, workbook  # noqa: E402


def main() -> None:
    """Create a temporary database, run all benchmarks, drop it."""
    settings.DEBUG = False
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        draw.run()
        ballot_post.run()
        sealing.run()
        tally.run()
        workbook.run()
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    main()

"""The application as in production, its clock moved from outside.

`python -m tests.e2e.whole_round.moved_clock COMMAND ...` runs a management command, `cron MOMENT ...` what cron runs.
The file MOVED_CLOCK holds by how many seconds the time of this machine and of the database is ahead.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import time_machine

FILE = Path(os.environ["MOVED_CLOCK"])


class Clock:
    """Moves the time of this process to where the file says."""

    def __init__(self):
        self.seconds = 0.0
        self.traveller = time_machine.travel(datetime.now(UTC), tick=True).start()

    def follow(self):
        """Read the file; the readings of the database's clock are taken anew after a move."""
        seconds = float(FILE.read_text(encoding="ascii"))
        if seconds != self.seconds:
            self.seconds = seconds
            self.traveller.move_to(time_machine.escape_hatch.time.time() + seconds, tick=True)
            queries_forget()


def queries_forget():
    """Let the database's clock be read anew."""
    from nanchuan_eval.clock import queries  # noqa: PLC0415  settings first

    queries._readings.clear()


def move():
    """Let the database's clock be this process's, and return the clock."""
    os.environ.setdefault("DEBUG", "false")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    from django.conf import settings  # noqa: PLC0415  the environment first

    settings.STATIC_ROOT = os.environ["STATIC_ROOT"]
    from nanchuan_eval.clock import sql  # noqa: PLC0415

    sql.database_time = lambda: datetime.now(UTC)
    return Clock()


def served():
    """Return the WSGI application; the file is read before each request."""
    clock = move()
    from nanchuan_eval.wsgi import application  # noqa: PLC0415

    def serve(environ, start_response):
        clock.follow()
        return application(environ, start_response)

    return serve


def scheduled(clock, moments):
    """Run what cron runs, at each of these moments."""
    from django.core.management import call_command  # noqa: PLC0415

    for moment in moments:
        clock.traveller.move_to(float(moment), tick=True)
        queries_forget()
        for name in ("daily", "advance_rounds"):
            call_command(name)


if __name__ == "__main__":
    from django import setup
    from django.core.management import execute_from_command_line

    moved = move()
    setup()
    moved.follow()
    if sys.argv[1] == "cron":
        scheduled(moved, sys.argv[2:])
    else:
        execute_from_command_line(["manage.py", *sys.argv[1:]])

"""gunicorn -c deploy/gunicorn.conf.py nanchuan_eval.wsgi: as many workers as the settings say (WEB_CONCURRENCY)."""

import os
import resource
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "false")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")

from nanchuan_eval.settings import LOGGING, METRICS_TOKENS, WORKERS

workers = WORKERS
# The server's lines as the application's: without addresses, paths and queries. No requests are logged at all: time and
# address could identify the voter of a ballot.
logconfig_dict = {
    **LOGGING,
    "loggers": {
        "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
accesslog = None
# Should somebody switch it on all the same: neither address nor path, query, referrer or browser.
access_log_format = "%(m)s %(s)s"
# The commitment of a draw among half a million clients takes 40 CPU-s in one request (`python -m bench clients`).
timeout = 180
# Nothing commands the master by a socket in the home folder; systemd sends it signals.
control_socket_disable = True
# No core dumps, also of the workers: one would hold a vote while it is cast, a box key while a box is opened.
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
# The workers' counts for /metrics, in memory where there is such a folder; they begin anew with the server.
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of a new name in it
COUNTS = tempfile.mkdtemp(prefix="nanchuan-metrics-", dir=MEMORY if MEMORY.is_dir() else None) if METRICS_TOKENS else ""
if COUNTS:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = COUNTS


def on_exit(server: object) -> None:
    """Remove the counts."""
    if COUNTS:
        shutil.rmtree(COUNTS, ignore_errors=True)


def on_starting(server: object) -> None:
    """Run the deployment checks before serving, those of the database too; an error stops the start."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import DEFAULT_DB_ALIAS, connections  # noqa: PLC0415

    django.setup()
    call_command("check", deploy=True, databases=[DEFAULT_DB_ALIAS])
    connections.close_all()  # a worker must not inherit it

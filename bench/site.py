"""The site as it is deployed, over the database of this process: gunicorn, DEBUG off, collected static files."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.load.processes import Server, collect_static
from departments.roster.services import import_roster
from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.migrations import _everyday_words, _manifestations, _service_topics
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from tests.concurrency.cluster import free_port
from tests.factories import make_open_round
from tests.paths import ROOT

HOST = "127.0.0.1"
ROSTER = ROOT / "departments" / "data" / "roster.xlsx"


def make_district_round():
    """Return an open round of the district's own 105 sections, with the shipped 表象, topics and everyday words."""
    for model in (Manifestation, ServiceTopic):
        model.objects.all().delete()
    for shipped in (_manifestations, _service_topics, _everyday_words):
        shipped.enter(apps, None)
    now = timezone.now()
    import_roster(rows=read_rows(ROSTER.read_bytes(), ROSTER.name), by=OPERATOR, at=now)
    return make_open_round(sections=0, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


@contextmanager
def served(*names: str) -> Iterator[str]:
    """Serve the site while the block runs, also under these names; gives its address."""
    with tempfile.TemporaryDirectory(prefix="nanchuan-site-") as folder:
        environment = _environment(Path(folder)) | {"ALLOWED_HOSTS": ",".join((HOST, *names))}
        collect_static(environment)
        server = Server(HOST, free_port(), environment)
        try:
            server.wait_until_ready()
            yield f"http://{HOST}:{server.port}"
        finally:
            server.remove()


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PGPASSFILE") if name in os.environ}
    return kept | {
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "bench.site_settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEY": ",".join(settings.FIELD_KEY),
        "TRUSTED_PROXIES": HOST,
        "DATABASE_URL": _database_url(),
        "EVIDENCE_ROOT": str(folder / "evidence"),
        "LOAD_FOLDER": str(folder),
    }


def _database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))

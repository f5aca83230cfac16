"""Databases of released versions, made from the stored rows; each test has a copy of its own as the default one."""

import shutil
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from nanchuan_eval.backups.database_dump import run
from tests.upgrade import stored

VERSIONS = sorted(stored.FOLDER.glob("*.json"))


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda path: path.stem)
def version(request):
    """What a released version stored."""
    return stored.read(request.param)


@pytest.fixture(scope="module")
def template(version, django_db_blocker, tmp_path_factory):
    """The name of a database of that version, of which tests get copies."""
    folder = tmp_path_factory.mktemp("template")
    with django_db_blocker.unblock(), database(folder) as name:
        with in_use(name):
            migrate_to(version["migrations"])
            stored.load(version)
        yield name


@pytest.fixture(scope="module")
def upgraded_template(template, django_db_blocker, tmp_path_factory):
    """The name of a copy that was migrated to the present version."""
    folder = tmp_path_factory.mktemp("upgraded")
    with django_db_blocker.unblock(), database(folder, template) as name:
        with in_use(name):
            call_command("migrate", verbosity=0)
        yield name


@pytest.fixture
def old(template, version, django_db_blocker, tmp_path):
    """The default database is one that the released version wrote; returns what it stored."""
    with django_db_blocker.unblock(), database(tmp_path, template) as name, in_use(name):
        stored.load_files(version)
        yield version


@pytest.fixture
def upgraded(upgraded_template, version, django_db_blocker, tmp_path):
    """The default database is one that the released version wrote, migrated to the present one."""
    with django_db_blocker.unblock(), database(tmp_path, upgraded_template) as name, in_use(name):
        stored.load_files(version)
        yield version


def migrate_to(migrations):
    """Migrate our apps to the given migrations, the others to their newest."""
    executor = MigrationExecutor(connection)
    others = [node for node in executor.loader.graph.leaf_nodes() if node[0] not in stored.APPS]
    executor.migrate([*others, *migrations.items()])


@contextmanager
def in_use(name):
    """Use another database as the default one."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        ContentType.objects.clear_cache()


@contextmanager
def database(folder, template=None):
    """Make an empty database or a copy of another; on PostgreSQL it is dropped afterwards."""
    if connection.vendor == "sqlite":
        folder.mkdir(exist_ok=True)
        path = str(folder / "upgrade.sqlite3")
        if template:
            shutil.copy(template, path)
        yield path
        return
    name = f"upgrade_{uuid4().hex}"
    run("createdb", *(["--template", template] if template else []), name)
    try:
        yield name
    finally:
        run("dropdb", "--force", name)

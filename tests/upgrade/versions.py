"""A clone with an earlier version and later ones, and what is around it, for the upgrade script."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from tests.paths import ROOT

SCRIPT = ROOT / "deploy" / "upgrade.py"
# Released before there were tags: the last commit with the migrations of its stored database.
UNTAGGED = {"0.1.0": "96fe1de1f85f07a5aa7fae72a1e6428f97c66b3a"}
BROKEN = "broken"  # a file of versions whose site does not start
MIGRATION = '''"""A migration of a version to come."""

from django.db import migrations


def change(apps, schema_editor):
    {body}


class Migration(migrations.Migration):
    dependencies = [("evaluations", "{last}")]
    operations = [
        migrations.RunSQL("CREATE TABLE of_the_next_version (id integer)", "DROP TABLE of_the_next_version"),
        migrations.RunPython(change, migrations.RunPython.noop),
    ]
'''
# What 0.1.0 imports for one page and later versions do not pin; nothing that an upgrade runs needs more of it.
STAND_INS = {
    "import_export": ("__init__", "admin", "fields", "forms", "resources"),
    "import_export/formats": ("__init__", "base_formats"),
    ".": ("tablib",),
}
ANYTHING = """
class Anything:
    def __init__(self, *args, **options):
        try:
            super().__init__(*args, **options)
        except TypeError:  # nothing stands behind it
            pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Anything
"""
# In place of a program that the script runs: after what the database was told, it kills the script.
CUT = """#!/bin/sh
{command} "$@"
status=$?
case "$*" in *"{after}"*) kill -9 $PPID ;; esac
exit $status
"""
NEXT = {
    "good": "pass",
    "log-changes": 'schema_editor.execute("ALTER TABLE nanchuan_eval_auditentry ADD COLUMN later integer")',
    "migration-fails": 'raise RuntimeError("out of order")',
    "verification-fails": 'apps.get_model("evaluations", "Rating").objects.update(cold=0)',
    "site-fails": "pass",
}


class Clone:
    """A server's clone of the project and its surroundings: log, backups, a site that is a file."""

    def __init__(self, folder: Path, old: str) -> None:
        self.folder, self.project, self.served = folder, folder / "project", folder / "served"
        self.project.mkdir()
        self._git("init", "--quiet", "--initial-branch", "main")
        self._commit(self._copy_of_version if (revision := revision_of(old)) else self._copy_of_present, old, revision)
        for name, modules in STAND_INS.items():
            (folder / "stand-ins" / name).mkdir(parents=True, exist_ok=True)
            for module in modules:
                (folder / "stand-ins" / name / f"{module}.py").write_text("" if module == "__init__" else ANYTHING)
        self.served.write_text(old)

    def offer(self, kind: str) -> str:
        """Add a version that is the present one and a migration; returns its name."""
        self._git("switch", "--quiet", "--detach")
        self._commit(self._copy_of_present, kind, "", body=NEXT[kind])
        self._git("switch", "--quiet", "main")
        return kind

    def upgrade(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the operator does."""
        command = [sys.executable, str(SCRIPT), *arguments]
        given = {**self.environment(), **environment}
        return subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, check=False)

    def upgrade_cut(self, after: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the operator does; the power fails after the command or statement with these words."""
        given = {**self.environment(), **environment}
        cut = {}
        for name, command in (("python", sys.executable), ("psql", given["UPGRADE_PSQL"])):
            made = self.folder / f"cut-{name}"
            made.write_text(CUT.format(command=command, after=after))
            made.chmod(0o755)
            cut[f"UPGRADE_{name.upper()}"] = str(made)
        return self.upgrade(*arguments, **{**environment, **cut})

    def manage(self, *arguments: str) -> None:
        """Run a command of the version that stands there."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=self.project, env=self.environment(), check=True, capture_output=True)

    def environment(self) -> dict[str, str]:
        start = f"test ! -e {BROKEN} && git describe --tags > {self.served}"
        return {
            **os.environ,
            "DATABASE_URL": _database_url(),
            "DEBUG": "true",
            "PYTHONPATH": str(self.folder / "stand-ins"),
            "EVIDENCE_ROOT": str(settings.EVIDENCE_ROOT),
            "BACKUP_ROOT": str(self.folder / "backups"),
            "UPGRADE_PROJECT": str(self.project),
            "UPGRADE_USER": "",
            "UPGRADE_STOP": f"rm -f {self.served}",
            "UPGRADE_START": start,
            "UPGRADE_ALIVE": "",
            "UPGRADE_PACKAGES": "keep",
            "UPGRADE_PYTHON": sys.executable,
            "UPGRADE_PSQL": "psql",
            "UPGRADE_LOG": str(self.folder / "log"),
        }

    def log(self) -> str:
        (newest,) = sorted((self.folder / "log").glob("*.log"))[-1:]
        return newest.read_text(encoding="utf-8")

    def files(self) -> str:
        """Which version's files stand in the project's folder."""
        return self._git("describe", "--tags").strip()

    def _commit(self, copy, name: str, revision: str, body: str = "") -> None:
        for path in self.project.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        copy(revision)
        if body:
            self._add_migration(body)
        if name == "site-fails":
            (self.project / BROKEN).write_text("")
        self._git("add", "--all", "--force")
        self._git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--quiet", "-m", name)
        self._git("tag", name)

    def _copy_of_version(self, revision: str) -> None:
        packed = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=self.project, input=packed, check=True)

    def _copy_of_present(self, revision: str) -> None:
        tracked = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, tracked.split("\0")):
            if (source := ROOT / name).is_file() and not name.startswith("tests/"):
                target = self.project / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def _add_migration(self, body: str) -> None:
        folder = self.project / "evaluations" / "migrations"
        last = sorted(path.stem for path in folder.glob("0*.py"))[-1]
        (folder / "9999_next_version.py").write_text(MIGRATION.format(body=body, last=last))

    def _git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.project, check=True, capture_output=True, text=True).stdout


def revision_of(version: str) -> str:
    """The released version's commit; "" if the history here does not hold it."""
    name = UNTAGGED.get(version, f"refs/tags/{version}")
    command = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()


def _database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))

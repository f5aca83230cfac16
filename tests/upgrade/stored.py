"""Stored databases of released versions: all rows of our tables as JSON, one row a line, with the evidence's files.

They are read and written with the models as the migrations of that version knew them (`models_at`), not with the
running code's, so that a file stays good for every later version.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader

from tests.paths import ROOT

APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
FOLDER = ROOT / "tests" / "upgrade" / "databases"
HEAD = "nanchuan_eval.AuditHead"  # its one row is made by the first migration and may not be deleted
Model = type[models.Model]
Stored = dict[str, Any]


def read(path: Path) -> Stored:
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, stored: Stored) -> None:
    """Write a stored database so that a reviewer can read it: a table is a block, a row is a line."""
    tables = []
    for label, table in stored["tables"].items():
        rows = ",\n".join(_line(row) for row in table["rows"])
        tables.append(
            f"{_line(label)}: {{\n{_line('fields')}: {_line(table['fields'])},\n{_line('rows')}: [\n{rows}\n]}}"
        )
    about = [f"{_line(key)}: {_line(stored[key])}" for key in ("version", "migrations", "files")]
    path.write_text(
        "{\n" + ",\n".join([*about, f"{_line('tables')}: {{\n" + ",\n".join(tables) + "\n}"]) + "\n}\n",
        encoding="utf-8",
    )


def newest_migrations() -> dict[str, str]:
    """Return the name of the last migration of each of our apps."""
    return {app: name for app, name in MigrationLoader(None).graph.leaf_nodes() if app in APPS}


def snapshot(version: str, migrations: dict[str, str]) -> Stored:
    """Return everything in the present database, as it stands at the given migrations."""
    return {"version": version, "migrations": migrations, "files": _files(), "tables": tables(migrations)}


def tables(migrations: dict[str, str]) -> dict[str, Any]:
    """Return all rows of the present database's tables that are not empty."""
    found = {model._meta.label: _table(model) for model in models_at(migrations)}
    return {label: table for label, table in found.items() if table["rows"]}


def models_at(migrations: dict[str, str]) -> list[Model]:
    """Return the models of our apps as they were at the given migrations, tables between two models too."""
    state = MigrationLoader(None).project_state(list(migrations.items()))
    found = state.apps.get_models(include_auto_created=True)
    return sorted((model for model in found if model._meta.app_label in APPS), key=lambda model: model._meta.label)


@transaction.atomic
def load(stored: Stored) -> None:
    """Fill the present database, migrated to the stored migrations, with the stored rows and files."""
    found = models_at(stored["migrations"])
    for model in found:
        if model._meta.label != HEAD:
            model._base_manager.all().delete()
    for model in found:
        table = stored["tables"].get(model._meta.label, {"rows": []})
        rows = [dict(zip(table["fields"], row, strict=True)) for row in table["rows"]]
        _insert(model, rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), found):
            cursor.execute(statement)


def load_files(stored: Stored) -> None:
    """Write the evidence's files."""
    for name, content in stored["files"].items():
        target = Path(settings.EVIDENCE_ROOT) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(content))


def _insert(model: Model, rows: list[dict[str, Any]]) -> None:
    fields = _fields(model)
    for field in fields:
        field.auto_now_add = False
    made = [model(**{field.attname: field.to_python(row[field.attname]) for field in fields}) for row in rows]
    if model._meta.label == HEAD:
        for row in made:
            row.save(force_update=True)
        return
    model._base_manager.bulk_create(made)


def _table(model: Model) -> dict[str, Any]:
    names = [field.attname for field in _fields(model)]
    rows = model._base_manager.order_by("pk").values_list(*names)
    return {"fields": names, "rows": [[_plain(value) for value in row] for row in rows]}


def _fields(model: Model) -> list[Any]:
    return list(model._meta.concrete_fields)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _files() -> dict[str, str]:
    root = Path(settings.EVIDENCE_ROOT)
    return {
        str(path.relative_to(root)): base64.b64encode(path.read_bytes()).decode() for path in _paths(root.rglob("*"))
    }


def _paths(found: Iterable[Path]) -> Iterator[Path]:
    return (path for path in sorted(found) if path.is_file())


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Master data edited in the admin with approval: the forms' changes are proposed, the approval saves them.

An app registers `approvable_edits(Section, "roster.edit")`; `PolicyAdmin` then proposes instead of saving. A proposal
holds the changed fields only, as JSON values, and shows the approver their values before and after; if a value has
changed since, the proposal is void like any other.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms import BaseInlineFormSet, ModelForm

from nanchuan_eval.admin_site.services import delete_record, deleted_with, save_record
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User

Values = Mapping[str, Any]
PLAIN = (str, int, bool, type(None))


def approvable_edits(model: type[models.Model], action: str) -> tuple[ApprovableAction, ...]:
    """Return the approvable actions for changing, adding and deleting records under one permission."""
    name, label = model._meta.label_lower, model._meta.verbose_name

    def edit(record: models.Model, arguments: Arguments, *, by: User, at: datetime) -> None:
        _save_all(record, arguments, action=action, by=by, at=at)

    def add(_: ContentType, arguments: Arguments, *, by: User, at: datetime) -> None:
        _save_all(model(), arguments, action=action, by=by, at=at)

    def delete(record: models.Model, _: Arguments, *, by: User, at: datetime) -> None:
        delete_record(record, action=action, by=by, at=at)

    return (
        ApprovableAction(
            f"{name}.edit", action, f"修改{label}", model, content=_edit_content, perform=edit, is_small=True
        ),
        # There is no record to lock yet: the model's content type is the target.
        ApprovableAction(
            f"{name}.add",
            action,
            f"新增{label}",
            ContentType,
            content=lambda _, arguments: _add_content(model, arguments),
            perform=add,
            names=lambda _, arguments: str(_with(model(), arguments["fields"])),
            is_small=True,
        ),
        ApprovableAction(
            f"{name}.delete",
            action,
            f"删除{label}",
            model,
            content=_delete_content,
            perform=delete,
            is_small=True,
        ),
    )


def kind_of(model: type[models.Model]) -> ContentType:
    """Return the content type of a model: the target of adding a record."""
    return ContentType.objects.get_for_model(model)


def edit_of(form: "ModelForm[Any]", formsets: Iterable["BaseInlineFormSet[Any, Any, Any]"] = ()) -> dict[str, Any]:
    """Return the changes of valid forms, as arguments of an approvable action."""
    return {"fields": _typed(form), "rows": [row for formset in formsets for row in _rows(formset)]}


def as_text(record: models.Model) -> dict[str, str]:
    """Return a record's fields as text, by their Chinese names."""
    return {str(field.verbose_name): _shown(record, field) for field in _fields(record) if field.editable}


def _rows(formset: "BaseInlineFormSet[Any, Any, Any]") -> Iterator[dict[str, Any]]:
    model: Any = formset.model
    kept = {"model": model._meta.label, "parent": formset.fk.name}
    deleted = {form.instance.pk for form in formset.deleted_forms}
    for form in formset.forms:
        if form.instance.pk in deleted and form.instance.pk:
            yield {**kept, "pk": form.instance.pk, "fields": None}
        elif form.has_changed() and form not in formset.deleted_forms:
            yield {**kept, "pk": form.instance.pk, "fields": _typed(form, parent=formset.fk.name)}


def _typed(form: "ModelForm[Any]", parent: str = "") -> dict[str, Any]:
    names = form.changed_data if form.instance.pk else form.fields
    known = {field.name: field for field in _fields(form.instance)}
    return {name: _plain(form.instance, known[name]) for name in names if name in known and name != parent}


def _plain(record: models.Model, field: Any) -> Any:
    value = field.value_from_object(record)
    return value if isinstance(value, PLAIN) else field.value_to_string(record)


def _fields(record: models.Model) -> Sequence[Any]:
    return [field for field in record._meta.concrete_fields if not field.primary_key]


def _with(record: models.Model, values: Values) -> Any:
    """Return a copy of the record with the values set."""
    altered = copy.copy(record)
    altered._state = copy.copy(record._state)
    altered._state.fields_cache = {}
    for name, value in values.items():
        field: Any = record._meta.get_field(name)
        setattr(altered, field.attname, field.to_python(value))
    return altered


def _shown(record: models.Model, field: Any) -> str:
    if field.flatchoices:
        return str(dict(field.flatchoices).get(field.value_from_object(record), "（空）"))
    value = getattr(record, field.name)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return in_words(value)
    return "（空）" if value in (None, "") else str(value)


def _edit_content(record: models.Model, arguments: Arguments) -> dict[str, object]:
    rows = [_row_text(row) for row in arguments["rows"]]
    return {
        str(record._meta.verbose_name): str(record),
        "改动": [*_changes(record, arguments["fields"]), *rows],
    }


def _add_content(model: type[models.Model], arguments: Arguments) -> dict[str, object]:
    rows = [_row_text(row) for row in arguments["rows"]]
    return {**as_text(_with(model(), arguments["fields"])), **({"同时登记": rows} if rows else {})}


def _delete_content(record: models.Model, _: Arguments) -> dict[str, object]:
    rows = [f"{row._meta.verbose_name}：{_described(row)}" for row in deleted_with(record)]
    return {**as_text(record), **({"同时删除": rows} if rows else {})}


def _described(record: models.Model, but: str = "") -> str:
    return "，".join(f"{f.verbose_name} {_shown(record, f)}" for f in _fields(record) if f.name != but)


def _changes(record: models.Model, values: Values) -> list[str]:
    altered = _with(record, values)
    fields = [field for field in _fields(record) if field.name in values]
    return [f"{field.verbose_name}：{_shown(record, field)} → {_shown(altered, field)}" for field in fields]


def _row_text(row: Values) -> str:
    model = apps.get_model(row["model"])
    label = model._meta.verbose_name
    if row["pk"] is None:
        new = _with(model(), row["fields"])
        values = [f"{f.verbose_name} {_shown(new, f)}" for f in _fields(new) if f.name in row["fields"]]
        return f"新增{label}：{'，'.join(values)}"
    record = model._default_manager.filter(pk=row["pk"]).first()
    if record is None:
        return f"{label}第{row['pk']}号已不存在"
    if row["fields"] is None:
        return f"删除{label}：{_described(record, but=row['parent'])}"
    return f"{label}“{record}”：{'，'.join(_changes(record, row['fields']))}"


@transaction.atomic
def _save_all(record: models.Model, arguments: Arguments, *, action: str, by: User, at: datetime) -> None:
    record = _with(record, arguments["fields"])
    if arguments["fields"]:
        _save(record, arguments["fields"], action=action, by=by, at=at)
    for row in arguments["rows"]:
        model = apps.get_model(row["model"])
        inner = model(**{row["parent"]: record}) if row["pk"] is None else model._default_manager.get(pk=row["pk"])
        if row["fields"] is None:
            delete_record(inner, action=action, by=by, at=at)
        else:
            _save(_with(inner, row["fields"]), row["fields"], action=action, by=by, at=at)


def _save(record: models.Model, changed: Values, *, action: str, by: User, at: datetime) -> None:
    try:
        record.full_clean()
    except ValidationError as error:
        raise RuleViolation(*(f"“{record}”：{text}" for text in error.messages)) from None
    save_record(record, action=action, by=by, at=at, changed=list(changed))

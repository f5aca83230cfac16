"""The register of personal data: a new field that could hold some and has no entry is red (security.md G15)."""

import csv
import re

from django.apps import apps
from django.db import models

from tests.paths import ROOT

REGISTER = ROOT / "nanchuan_eval" / "personal_data.csv"
OURS = {"nanchuan_eval", "departments", "evaluations", "accountability"}
SOUNDS_PERSONAL = re.compile(
    "姓名|手机|电话|联系|身份|住址|邮箱|微信|负责人|领导|对象|来访|举报|责任人|督查员|地址|人$"
)
ENCRYPTED = {"evaluations.PoolEntry.phone", "nanchuan_eval.SecondFactor.secret"}


def could_be_personal(field):
    """Free text, files, and whatever is called like something of a person."""
    if isinstance(field, models.TextField | models.BinaryField | models.FileField | models.EmailField):
        return True
    named = SOUNDS_PERSONAL.search(str(field.verbose_name))
    return isinstance(field, models.CharField) and not field.choices and bool(named)


def candidates():
    return {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.concrete_fields
        if not field.is_relation and could_be_personal(field)
    }


def register():
    with REGISTER.open(encoding="utf-8", newline="") as source:
        return {row["field"]: row for row in csv.DictReader(source)}


def test_every_field_that_could_be_personal_is_in_the_register_and_nothing_else():
    assert candidates() - set(register()) == set(), "add a line to nanchuan_eval/personal_data.csv"
    assert set(register()) - candidates() == set(), "these fields are gone"


def test_every_line_says_whose_what_for_how_long_and_how_protected():
    assert not [name for name, row in register().items() if not all(row.values())]


def test_a_planted_field_is_found():
    planted = models.CharField("联系电话", max_length=20)
    assert could_be_personal(planted)
    assert not could_be_personal(models.CharField("科室代码", max_length=20))


def test_what_the_register_calls_encrypted_is_encrypted():
    said = {name for name, row in register().items() if row["protection"].startswith("加密")}
    assert said >= ENCRYPTED
    for name in ENCRYPTED:
        label, _, field = name.rpartition(".")
        assert type(apps.get_model(label)._meta.get_field(field)).__name__ == "EncryptedField"


def test_nothing_asks_for_an_identity_card():
    names = {f"{f.name} {f.verbose_name}" for m in apps.get_models() for f in m._meta.concrete_fields}
    assert not [name for name in names if "身份证" in name or "id_card" in name]

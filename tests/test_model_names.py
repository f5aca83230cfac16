"""Every row of ours has a name of its own: titles, proposals and the log never read “X object (1)”."""

from django.apps import apps
from django.db import models

OURS = ("nanchuan_eval", "departments", "evaluations", "accountability")


def test_every_model_says_what_a_row_is():
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]

    assert len(ours) > 50
    assert [model.__name__ for model in ours if model.__str__ is models.Model.__str__] == []

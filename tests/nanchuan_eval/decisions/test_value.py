"""How the approver's page writes a value of the proposal."""

import pytest
from django.template.loader import render_to_string


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1, "1"), (True, "是"), (False, "否"), (None, "—"), ("无", "无")], ids=repr
)
def test_a_number_is_not_taken_for_yes_or_no(value, text):
    assert render_to_string("nanchuan_eval/decisions/_value.html", {"value": value}).strip() == text

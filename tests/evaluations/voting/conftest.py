"""Fixtures of the ballot pages' tests."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_open_round


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))

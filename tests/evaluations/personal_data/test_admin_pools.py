"""Uploading a list of people in the staff site."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.pools.models import PoolEntry
from evaluations.rounds.rules.lifecycle import RoundState
from tests.factories import make_round, make_user

pytestmark = pytest.mark.django_db
ROWS = "身份类别,姓名,手机号\n服务对象,张三,13800000001\n服务对象,李四,12\n"


def test_a_faulty_row_is_named_and_nobody_is_imported(client):
    client.force_login(make_user("clerk"))
    address = reverse("admin:round-pool", args=[make_round(state=RoundState.FROZEN).pk])
    upload = {"kind": "evaluators", "file": SimpleUploadedFile("名单.csv", ROWS.encode())}

    answer = client.post(address, upload, follow=True).content.decode()

    assert re.search(r"第3行.*手机号", answer)
    assert not PoolEntry.objects.exists()

"""Viewing, downloading and uploading evidence over HTTP."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import add_evidence
from accountability.rectifications.services.items import report_progress
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_file, make_rectification, pdf

pytestmark = pytest.mark.django_db


def login(client, role, unit=""):
    account = make_account(role, unit)
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


def test_the_viewing_copy_is_served_as_a_picture_that_nothing_can_run(client):
    owner = make_account(Role.LIAISON, "D01")
    progress = report_progress(item_id=make_rectification().items.get().pk, text="已改", by=owner, at=LATER)
    row = add_evidence(subject=progress, upload=make_file(), by=owner, at=LATER)
    client.force_login(owner)

    answer = client.get(f"/evidence/{row.pk}/")

    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")


def test_an_original_is_downloaded_as_a_file_and_only_with_a_reason(client):
    owner = make_account(Role.LIAISON, "D01")
    progress = report_progress(item_id=make_rectification().items.get().pk, text="已改", by=owner, at=LATER)
    row = add_evidence(subject=progress, upload=make_file(pdf(), "a.pdf"), by=owner, at=LATER)
    login(client, Role.CHIEF)

    assert client.get(f"/evidence/{row.pk}/").status_code == 404  # no viewing copy of a document
    assert client.post(f"/evidence/{row.pk}/original/", {"reason": ""}).status_code == 400
    answer = client.post(f"/evidence/{row.pk}/original/", {"reason": "核对"})

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "name"), [(b"MZ" + bytes(100), "木马.jpg"), (b"PK\x03\x04" + bytes(100), "炸弹.xlsx")]
)
def test_a_hostile_file_is_refused_in_chinese_and_nothing_is_stored(client, content, name):
    owner = login(client, Role.LIAISON, "D01")
    progress = report_progress(item_id=make_rectification().items.get().pk, text="已改", by=owner, at=LATER)
    data = {"file": SimpleUploadedFile(name, content), "upload_id": "12345678-1234-4234-8234-123456789012"}

    answer = client.post(f"/evidence/progress/{progress.pk}/add/", data)

    assert answer.status_code == 400
    assert "按内容识别" in text_of(answer)
    assert not Evidence.objects.exists()


def test_a_two_gigabyte_film_is_refused_before_it_is_read(client):
    owner = login(client, Role.LIAISON, "D01")
    progress = report_progress(item_id=make_rectification().items.get().pk, text="已改", by=owner, at=LATER)

    answer = client.generic(
        "POST",
        f"/evidence/progress/{progress.pk}/add/",
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(2 * 1024**3),
    )

    assert answer.status_code == 413
    assert "过大" in text_of(answer)
    assert not Evidence.objects.exists()

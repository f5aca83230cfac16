"""Uploads made to harm or to give somebody away: workbooks without end, places in pictures and films, names."""

import io
import struct
import time
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook
from PIL import Image

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import FileKind
from accountability.evidence.services.evidence import add_evidence
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.spreadsheets import read_rows
from tests.accountability import factories as late
from tests.security import scenario

pytestmark = [pytest.mark.django_db, pytest.mark.reader]
AFTER = scenario.AFTER


def test_a_cell_at_the_far_end_or_300_megabytes_of_text_cost_no_second():
    for sheet in (far_end(), long_text()):
        began = time.process_time()
        try:
            rows = list(read_rows(sheet, "名录.xlsx"))
        except RuleViolation:
            rows = []
        assert len(rows) < 100
        assert time.process_time() - began < 1


def far_end():
    book, target = Workbook(), io.BytesIO()
    book.active["XFD1048576"] = "x"
    book.save(target)
    return target.getvalue()


def long_text():
    book, target = Workbook(), io.BytesIO()
    for row in range(300):
        book.active.append(["长" * 30_000 + str(row)] * 10)
    book.save(target)
    return target.getvalue()


def test_the_copy_of_a_picture_loses_place_maker_remark_thumbnail_and_xmp(evidence_root):
    content = picture_with_marks()
    visit = scenario.visit()
    row = add_evidence(subject=visit, upload=late.make_file(content, "现场.jpg"), by=visit.inspectors.first(), at=AFTER)
    copy = b"".join(storage.read(storage.copy_path(row.pk), row.file_key))
    marks = (b"GPSMARK", b"MAKERMARK", b"REMARK-C", b"xmpmeta", b"THUMBMARK", b"Exif")
    assert [mark for mark in marks if mark in content] == list(marks)
    assert [mark for mark in marks if mark in copy] == []
    assert b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key)) == content


def picture_with_marks():
    exif, target = Image.Exif(), io.BytesIO()
    exif[0x010F] = "MAKERMARK"
    exif.get_ifd(0x8825)[29] = "GPSMARK"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">secret</x:xmpmeta>'
    Image.new("RGB", (40, 20), "red").save(target, "JPEG", exif=exif, comment=b"REMARK-C", xmp=xmp)
    content = target.getvalue()
    thumbnail = b"THUMBMARK" + bytes(20)
    return content[:2] + b"\xff\xed" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + content[2:]


PLACE = b"+29.1578+107.0984/"  # Nanchuan, as phones write it (ISO 6709)


def film():
    """An MP4 with the atom in which phones keep where it was made."""
    where = late.box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0x15C7), PLACE)
    return late.film(index=late.box(b"udta", where))


def test_a_film_with_its_place_is_stored_encrypted_and_nobody_is_shown_a_copy(client, evidence_root):
    visit = scenario.visit()
    inspector = visit.inspectors.first()
    client.force_login(inspector)
    sent = {"upload_id": scenario.new_id(), "file": SimpleUploadedFile("录像.mp4", film(), "video/mp4")}
    visit.visit_on = date(2020, 7, 18)
    assert client.post(f"/evidence/inspection/{visit.pk}/add/", sent).status_code == 302

    row = Evidence.objects.get()
    assert (row.kind, row.has_copy) == (FileKind.VIDEO, False)
    stored = [path.read_bytes() for path in evidence_root.rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert PLACE not in stored[0]
    assert client.get(f"/evidence/{row.pk}/").status_code == 404
    assert b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key)) == film()


@pytest.mark.parametrize(
    "name", ["..\\..\\evil.php", "a\x00.jpg", "长" * 300 + ".jpg", ".htaccess", "CON", "a\r\nb.jpg"]
)
def test_no_name_of_an_upload_becomes_a_path(client, evidence_root, name):
    visit = scenario.visit()
    client.force_login(visit.inspectors.first())
    sent = {"upload_id": scenario.new_id(), "file": SimpleUploadedFile("x.png", late.png(), "image/png")}
    sent["file"].name = name
    status = client.post(f"/evidence/inspection/{visit.pk}/add/", sent).status_code
    assert status in {302, 400}
    names = {path.name.split(".")[0] for path in evidence_root.rglob("*") if path.is_file()}
    assert names == {str(row.pk) for row in Evidence.objects.all()}

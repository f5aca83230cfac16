"""Evidence: type detection, viewing copies, limits, access, originals."""

import hashlib
import io
import struct
import uuid
import zlib
from datetime import timedelta

import pytest
from PIL import Image

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import FileKind
from accountability.evidence.services import evidence
from accountability.evidence.services.evidence import Upload, add_evidence, drop_evidence, may_see, open_original
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import (
    LATER,
    film,
    make_account,
    make_evidence,
    make_file,
    make_inspection_evidence,
    make_liaison,
    make_progress,
    mp3,
    pdf,
    png,
    stored_files,
    wave,
)

pytestmark = pytest.mark.django_db
GPS_INFO, CAMERA, COMMENT = 0x8825, 0x0110, b"location secret"


def plain(row):
    return b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key))


def photo_with_metadata():
    exif = Image.Exif()
    exif[CAMERA] = "secret camera"
    exif.get_ifd(GPS_INFO)[1] = "N"
    target = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(target, "JPEG", exif=exif, comment=COMMENT)
    return target.getvalue() + b"<script>alert(1)</script>PK\x03\x04"


def huge_png(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(64))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_the_original_is_unchanged_and_the_viewing_copy_has_no_metadata():
    content = photo_with_metadata()

    row = make_evidence(make_file(content, "现场.jpg"))

    assert plain(row) == content
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    copy = b"".join(storage.read(storage.copy_path(row.pk), row.file_key))
    assert not [mark for mark in (b"secret", b"Exif", b"script", b"PK\x03\x04") if mark in copy]
    with Image.open(io.BytesIO(copy)) as picture:
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (40, 20), {})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (film(b"isom"), FileKind.VIDEO),
        (film(b"qt  "), FileKind.VIDEO),
        (film(b"M4A "), FileKind.AUDIO),
        (mp3(), FileKind.AUDIO),
        (wave(), FileKind.AUDIO),
        (pdf(), FileKind.DOCUMENT),
    ],
)
def test_the_kind_follows_from_the_content_not_the_name(content, kind):
    row = make_evidence(make_file(content, "随便.exe"))

    assert (row.kind, row.has_copy, row.name) == (kind, False, "随便.exe")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\x00" + bytes(200), "照片.jpg"),
        (b"PK\x03\x04" + bytes(200), "照片.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "图.jpg"),
        (b"<html><script>alert(1)</script></html>", "录像.mp4"),
        (b"", "空.jpg"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "坏.jpg"),
        (b"\x00\x00\x00\xc8ftypisom" + bytes(188), "录像.mp4"),
        (film()[:-1], "断.mp4"),
        (film(b"M4A ")[:-500], "断.m4a"),
        (mp3()[:300], "断.mp3"),
        (wave()[:20], "断.wav"),
        (pdf()[:-20], "断.pdf"),
        (png()[:40], "断.png"),
        (huge_png(9000), "炸弹.png"),
        (huge_png(30000), "大炸弹.png"),
    ],
)
def test_an_unsupported_or_broken_file_is_refused_and_not_stored(content, name, evidence_root):
    with pytest.raises(RuleViolation, match=r"[一-龥]"):
        make_evidence(make_file(content, name))

    assert not Evidence.objects.exists()
    assert stored_files(evidence_root) == []


def test_a_file_too_large_for_its_type_is_refused_by_its_size_alone():
    content = png()

    with pytest.raises(RuleViolation, match="照片不能超过10MB"):
        make_evidence(Upload("大.png", io.BytesIO(content), size=11 * 1024 * 1024))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("..\\..\\evil.php", "evil.php"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\x00.jpg", "ab.jpg"),
        (".htaccess", "htaccess"),
        ("", "未命名文件"),
        ("长" * 300 + ".jpg", ("长" * 300 + ".jpg")[-120:]),
    ],
)
def test_a_name_is_cleaned_for_display_and_never_used_as_a_path(name, shown, evidence_root):
    row = make_evidence(make_file(name=name))

    assert row.name == shown
    assert {path.name.split(".")[0] for path in stored_files(evidence_root)} == {str(row.pk)}


def test_an_upload_sent_twice_is_stored_once():
    by = make_liaison()
    progress, upload = make_progress(by), make_file()
    again = Upload(upload.name, io.BytesIO(png()), upload.size, id=upload.id)

    first = add_evidence(subject=progress, upload=upload, by=by, at=LATER)
    second = add_evidence(subject=progress, upload=again, by=by, at=LATER)

    assert first.pk == second.pk
    assert Evidence.objects.count() == 1


def test_a_record_accepts_no_more_files_than_allowed(monkeypatch):
    monkeypatch.setattr(evidence, "MOST_FILES", 1)
    by = make_liaison()
    progress = make_progress(by)
    add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)

    with pytest.raises(RuleViolation, match="最多上传1个文件"):
        add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)


def test_nothing_is_stored_on_a_full_disk(monkeypatch, evidence_root):
    monkeypatch.setattr(storage, "LEAST_FREE", 1.1)

    with pytest.raises(RuleViolation, match="磁盘空间不足"):
        make_evidence()

    assert stored_files(evidence_root) == []


def test_a_file_is_withdrawn_while_the_record_is_open(evidence_root, django_capture_on_commit_callbacks):
    by = make_liaison()
    row = make_evidence(make_file(), by)

    with django_capture_on_commit_callbacks(execute=True):
        drop_evidence(evidence_id=row.pk, by=by, at=LATER)

    assert stored_files(evidence_root) == []
    assert AuditEntry.objects.filter(detail__dropped=row.sha256).exists()


def test_another_unit_can_neither_add_nor_view_files():
    by = make_liaison()
    progress = make_progress(by)
    row = add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)
    stranger = make_liaison("D02")

    assert may_see(by, row)
    assert not may_see(stranger, row)
    with pytest.raises(Denied):
        add_evidence(subject=progress, upload=make_file(), by=stranger, at=LATER)


def test_knowing_the_id_of_another_units_file_does_not_allow_its_withdrawal():
    mine = make_evidence(make_file(), make_liaison())
    stranger = make_liaison("D02")
    visit_id = uuid.UUID(str(mine.pk))

    with pytest.raises(policy.Denied):
        drop_evidence(evidence_id=visit_id, by=stranger, at=LATER)


def test_withdrawing_a_file_of_another_account_is_denied_and_logged(client):
    mine = make_evidence(make_file(), make_liaison())
    client.force_login(make_account(Role.LIAISON, "D01"))

    assert client.post(f"/evidence/{mine.pk}/drop/").status_code == 403
    assert Evidence.objects.filter(pk=mine.pk).exists()
    assert AuditEntry.objects.latest("seq").result == "denied"


def test_opening_an_original_needs_a_reason_and_logs_it():
    chief = make_account(Role.CHIEF)
    row = make_evidence()

    with pytest.raises(RuleViolation, match="理由"):
        open_original(evidence_id=row.pk, reason=" ", by=chief, at=LATER)
    _, content = open_original(evidence_id=row.pk, reason="核对签字", by=chief, at=LATER)

    assert b"".join(content) == png()
    assert AuditEntry.objects.get(reason="核对签字").detail == {"original": row.sha256}


def propose_viewing(row, chief, at=LATER):
    return approvals.propose("insp.original", row, by=chief, at=at, reason="核查举报")


class TestOriginalsOfInspections:
    """The chief asks with a reason, the commission agrees, then the chief may entry for two days."""

    @pytest.fixture(autouse=True)
    def two_persons(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_nobody_opens_it_without_approval(self):
        row = make_inspection_evidence()
        inspector = row.uploaded_by
        for account in (inspector, make_liaison(), make_account(Role.CLERK), make_account()):
            with pytest.raises(Denied):
                open_original(evidence_id=row.pk, reason="看看", by=account, at=LATER)
        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(evidence_id=row.pk, reason="看看", by=make_account(Role.CHIEF), at=LATER)

    def test_after_approval_only_the_proposer_opens_it_and_each_time_is_logged(self):
        row = make_inspection_evidence()
        chief = make_account(Role.CHIEF, name="甲")
        approval = propose_viewing(row, chief)
        approvals.approve(approval_id=approval.pk, by=make_account(name="乙"), at=LATER)

        for _ in range(2):
            _, content = open_original(evidence_id=row.pk, reason="", by=chief, at=LATER)
            assert b"".join(content) == png()
        entries = AuditEntry.objects.filter(action="insp.original", detail__original=row.sha256)
        assert [(entry.reason, entry.detail["approval"]) for entry in entries] == [("核查举报", approval.pk)] * 2
        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(evidence_id=row.pk, reason="", by=make_account(Role.CHIEF, name="丙"), at=LATER)

    def test_the_authorization_expires(self, settings):
        row = make_inspection_evidence()
        chief = make_account(Role.CHIEF, name="甲")
        approvals.approve(approval_id=propose_viewing(row, chief).pk, by=make_account(name="乙"), at=LATER)

        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(
                evidence_id=row.pk, reason="", by=chief, at=LATER + timedelta(hours=settings.AUTHORIZATION_HOURS)
            )

    def test_the_page_proposes_first_and_serves_the_file_after_approval(self, client, time_machine):
        time_machine.move_to(LATER)
        row = make_inspection_evidence()
        chief, address = make_account(Role.CHIEF, name="甲"), f"/evidence/{row.pk}/original/"
        client.force_login(chief)
        assert "提请审批" in client.get(address).content.decode()
        client.post(address, {"reason": "核查举报"})
        assert "已经提请" in client.post(address, {"reason": "再来"}).content.decode()

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(name="乙"), at=LATER)
        answer = client.post(address)

        assert b"".join(answer.streaming_content) == png()
        assert "attachment" in answer["Content-Disposition"]

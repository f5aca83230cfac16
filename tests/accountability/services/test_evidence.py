"""Files as evidence: told by content, hashed, scanned, kept, and gone without a trace on disk when refused."""

import hashlib
import io
import socketserver
import struct
import threading
import uuid
import zlib
from pathlib import Path

import pytest
from PIL import Image

from accountability import vault
from accountability.models import Evidence
from accountability.rules.evidence import FileKind, ScanState
from accountability.services import evidence as service
from accountability.services.evidence import Upload, add_evidence, drop_evidence, may_see, open_original
from accountability.services.rectification import report_progress
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import AuditEntry
from nanchuan_eval.policy import Denied, Role
from tests.accountability.factories import (
    LATER,
    make_account,
    make_case,
    make_file,
    make_inspection,
    make_rectification,
    png,
)

pytestmark = pytest.mark.django_db
GPS_INFO, CAMERA, COMMENT = 0x8825, 0x0110, b"location secret"


def liaison(unit="D01"):
    return make_account(Role.LIAISON, unit)


def make_progress(by):
    item = make_rectification().items.get()
    return report_progress(item_id=item.pk, text="已培训", by=by, at=LATER)


def take(upload, by=None):
    by = by or liaison()
    return add_evidence(subject=make_progress(by), upload=upload, by=by, at=LATER)


def files_in(root):
    return [path for path in Path(root).rglob("*") if path.is_file()]


def photo_with_secrets():
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


def test_the_original_is_kept_to_the_byte_and_the_copy_has_no_secrets():
    content = photo_with_secrets()

    row = take(make_file(content, "现场.jpg"))

    assert vault.original_path(row.pk, row.suffix).read_bytes() == content
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    copy = vault.copy_path(row.pk).read_bytes()
    assert not [mark for mark in (b"secret", b"Exif", b"script", b"PK\x03\x04") if mark in copy]
    with Image.open(io.BytesIO(copy)) as picture:
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (40, 20), {})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x00\x00\x00\x20ftypisom" + bytes(64), FileKind.VIDEO),
        (b"\x00\x00\x00\x20ftypqt  " + bytes(64), FileKind.VIDEO),
        (b"\x00\x00\x00\x20ftypM4A " + bytes(64), FileKind.AUDIO),
        (b"ID3\x03" + bytes(64), FileKind.AUDIO),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(64), FileKind.AUDIO),
        (b"%PDF-1.7\n" + bytes(64), FileKind.DOCUMENT),
    ],
)
def test_a_file_is_what_its_content_says(content, kind):
    row = take(make_file(content, "随便.exe"))

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
        (png()[:40], "断.png"),
        (huge_png(9000), "炸弹.png"),
        (huge_png(30000), "大炸弹.png"),
    ],
)
def test_what_is_no_evidence_is_refused_in_chinese_and_leaves_nothing(content, name, evidence_root):
    with pytest.raises(RuleViolation, match=r"[一-龥]"):
        take(make_file(content, name))

    assert not Evidence.objects.exists()
    assert files_in(evidence_root) == []


def test_a_file_too_large_for_its_kind_is_refused_by_its_size_alone():
    content = png()

    with pytest.raises(RuleViolation, match="照片不能超过10兆"):
        take(Upload("大.png", io.BytesIO(content), size=11 * 1024 * 1024))


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
def test_a_name_is_shown_cleaned_and_never_used_as_a_path(name, shown, evidence_root):
    row = take(make_file(name=name))

    assert row.name == shown
    assert {path.name.split(".")[0] for path in files_in(evidence_root)} == {str(row.pk)}


def test_the_same_file_sent_twice_over_a_bad_network_is_stored_once():
    by = liaison()
    progress, upload = make_progress(by), make_file()
    again = Upload(upload.name, io.BytesIO(png()), upload.size, id=upload.id)

    first = add_evidence(subject=progress, upload=upload, by=by, at=LATER)
    second = add_evidence(subject=progress, upload=again, by=by, at=LATER)

    assert first.pk == second.pk
    assert Evidence.objects.count() == 1


def test_a_record_takes_no_more_files_than_allowed(monkeypatch):
    monkeypatch.setattr(service, "MOST_FILES", 1)
    by = liaison()
    progress = make_progress(by)
    add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)

    with pytest.raises(RuleViolation, match="最多1个文件"):
        add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)


def test_a_full_disk_takes_no_more(monkeypatch, evidence_root):
    monkeypatch.setattr(vault, "LEAST_FREE", 1.1)

    with pytest.raises(RuleViolation, match="磁盘空间不足"):
        take(make_file())

    assert files_in(evidence_root) == []


def test_a_file_is_taken_back_while_the_record_is_open(evidence_root, django_capture_on_commit_callbacks):
    by = liaison()
    row = take(make_file(), by)

    with django_capture_on_commit_callbacks(execute=True):
        drop_evidence(evidence_id=row.pk, by=by, at=LATER)

    assert files_in(evidence_root) == []
    assert AuditEntry.objects.filter(detail__dropped=row.sha256).exists()


def test_another_unit_neither_adds_nor_sees():
    by = liaison()
    progress = make_progress(by)
    row = add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)
    stranger = liaison("D02")

    assert may_see(by, row)
    assert not may_see(stranger, row)
    with pytest.raises(Denied):
        add_evidence(subject=progress, upload=make_file(), by=stranger, at=LATER)


def test_an_original_is_opened_with_a_reason_that_stays():
    chief = make_account(Role.CHIEF)
    row = take(make_file())

    with pytest.raises(RuleViolation, match="理由"):
        open_original(evidence_id=row.pk, reason=" ", by=chief, at=LATER)
    _, path = open_original(evidence_id=row.pk, reason="核对签字", by=chief, at=LATER)

    assert path.read_bytes() == png()
    assert AuditEntry.objects.get(reason="核对签字").detail == {"original": row.sha256}


def test_an_inspectors_original_is_for_the_commission_only():
    inspectors = [make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)]
    visit = make_inspection(make_case().result.section, inspectors=inspectors)
    row = add_evidence(subject=visit, upload=make_file(), by=inspectors[0], at=LATER)

    for account in (inspectors[0], make_account(Role.CHIEF), liaison(), make_account(Role.CLERK)):
        with pytest.raises(Denied):
            open_original(evidence_id=row.pk, reason="看看", by=account, at=LATER)
    assert open_original(evidence_id=row.pk, reason="核查", by=make_account(), at=LATER)


class Scanner(socketserver.BaseRequestHandler):
    """clamd, as far as INSTREAM goes."""

    answer = b"stream: OK\0"

    def handle(self):
        received = b""
        assert self.request.recv(10) == b"zINSTREAM\0"
        while size := int.from_bytes(self._exactly(4), "big"):
            received += self._exactly(size)
        verdict = b"stream: Eicar FOUND\0" if b"EICAR" in received else self.answer
        self.request.sendall(verdict)

    def _exactly(self, count):
        got = b""
        while len(got) < count:
            got += self.request.recv(count - len(got))
        return got


@pytest.fixture
def clamd(settings, tmp_path):
    address = str(tmp_path / "clamd.ctl")
    with socketserver.UnixStreamServer(address, Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.CLAMD_ADDRESS = f"unix:{address}"
        yield
        server.shutdown()


def test_without_a_scanner_a_file_is_marked_as_not_scanned():
    assert take(make_file()).scan == ScanState.UNSCANNED


def test_a_scanned_file_is_marked_as_clean(clamd):
    assert take(make_file()).scan == ScanState.CLEAN


def test_an_infected_file_is_refused(clamd, evidence_root):
    with pytest.raises(RuleViolation, match="含有病毒"):
        take(make_file(b"%PDF-1.4 EICAR" + bytes(100)))

    assert files_in(evidence_root) == []


def test_an_unsure_scanner_lets_nothing_in(clamd, monkeypatch):
    monkeypatch.setattr(Scanner, "answer", b"stream: size limit exceeded ERROR\0")

    with pytest.raises(RuleViolation, match="不能确认"):
        take(make_file())


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "127.0.0.1:1"])
def test_a_silent_scanner_lets_nothing_in(settings, evidence_root, address):
    settings.CLAMD_ADDRESS = address

    with pytest.raises(RuleViolation, match="没有应答"):
        take(make_file())

    assert not Evidence.objects.exists()
    assert files_in(evidence_root) == []


def test_a_known_id_of_somebody_else_is_no_way_in():
    mine = take(make_file(), liaison())
    stranger = liaison("D02")
    visit_id = uuid.UUID(str(mine.pk))

    with pytest.raises(Evidence.DoesNotExist):
        drop_evidence(evidence_id=visit_id, by=stranger, at=LATER)

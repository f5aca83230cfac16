"""Files as evidence: told by content, hashed, scanned, kept, and gone without a trace on disk when refused."""

import hashlib
import io
import resource
import socketserver
import struct
import threading
import uuid
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from PIL import Image

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import FileKind, ScanState
from accountability.evidence.services import evidence
from accountability.evidence.services.evidence import (
    Upload,
    add_evidence,
    drop_evidence,
    file_faults,
    may_see,
    open_original,
)
from accountability.evidence_retention.services import destroy_inspections, expired
from accountability.inspections.rules import InspectionState
from accountability.objections.models import Objection
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RectificationState
from accountability.rectifications.services.items import report_progress
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.services import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.sealed_bytes import CHUNK, new_identity
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR, Denied, Role
from nanchuan_eval.retention import services as retention
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


def plain(row):
    return b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key))


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

    assert plain(row) == content
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    copy = b"".join(storage.read(storage.copy_path(row.pk), row.file_key))
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

    with pytest.raises(RuleViolation, match="照片不能超过10MB"):
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
    monkeypatch.setattr(evidence, "MOST_FILES", 1)
    by = liaison()
    progress = make_progress(by)
    add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)

    with pytest.raises(RuleViolation, match="最多上传1个文件"):
        add_evidence(subject=progress, upload=make_file(), by=by, at=LATER)


def test_a_full_disk_takes_no_more(monkeypatch, evidence_root):
    monkeypatch.setattr(storage, "LEAST_FREE", 1.1)

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
    _, content = open_original(evidence_id=row.pk, reason="核对签字", by=chief, at=LATER)

    assert b"".join(content) == png()
    assert AuditEntry.objects.get(reason="核对签字").detail == {"original": row.sha256}


def filmed():
    inspectors = [make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)]
    visit = make_inspection(make_case().result.section, inspectors=inspectors)
    return inspectors[0], add_evidence(subject=visit, upload=make_file(), by=inspectors[0], at=LATER)


def propose_look(row, chief, at=LATER):
    return approvals.propose("insp.original", row, by=chief, at=at, reason="核查举报")


class TestAnInspectorsOriginal:
    """The chief asks with a reason, the commission agrees, then the chief may look for two days."""

    @pytest.fixture(autouse=True)
    def two_persons(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_nobody_opens_it_alone(self):
        inspector, row = filmed()
        for account in (inspector, liaison(), make_account(Role.CLERK), make_account()):
            with pytest.raises(Denied):
                open_original(evidence_id=row.pk, reason="看看", by=account, at=LATER)
        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(evidence_id=row.pk, reason="看看", by=make_account(Role.CHIEF), at=LATER)

    def test_once_agreed_the_proposer_opens_it_and_every_look_is_traced(self):
        _, row = filmed()
        chief = make_account(Role.CHIEF, name="甲")
        approval = propose_look(row, chief)
        approvals.approve(approval_id=approval.pk, by=make_account(name="乙"), at=LATER)

        for _ in range(2):
            _, content = open_original(evidence_id=row.pk, reason="", by=chief, at=LATER)
            assert b"".join(content) == png()
        looks = AuditEntry.objects.filter(action="insp.original", detail__original=row.sha256)
        assert [(look.reason, look.detail["approval"]) for look in looks] == [("核查举报", approval.pk)] * 2
        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(evidence_id=row.pk, reason="", by=make_account(Role.CHIEF, name="丙"), at=LATER)

    def test_the_permit_runs_out(self, settings):
        _, row = filmed()
        chief = make_account(Role.CHIEF, name="甲")
        approvals.approve(approval_id=propose_look(row, chief).pk, by=make_account(name="乙"), at=LATER)

        with pytest.raises(RuleViolation, match="须先提请"):
            open_original(
                evidence_id=row.pk, reason="", by=chief, at=LATER + timedelta(hours=settings.AUTHORIZATION_HOURS)
            )

    def test_the_page_asks_first_and_hands_out_later(self, client, time_machine):
        time_machine.move_to(LATER)
        _, row = filmed()
        chief, address = make_account(Role.CHIEF, name="甲"), f"/evidence/{row.pk}/original/"
        client.force_login(chief)
        assert "提请审批" in client.get(address).content.decode()
        client.post(address, {"reason": "核查举报"})
        assert "已经提请" in client.post(address, {"reason": "再来"}).content.decode()

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(name="乙"), at=LATER)
        answer = client.post(address)

        assert b"".join(answer.streaming_content) == png()
        assert "attachment" in answer["Content-Disposition"]


HARMS = {
    "cut": lambda b: b[:-1],
    "cut after a chunk": lambda b: b[: -64 * 1024 - 16],
    "changed": lambda b: b[:-100] + bytes([b[-100] ^ 1]) + b[-99:],
    "longer": lambda b: b + b"x",
    "header changed": lambda b: b[:60] + b"#" + b[61:],
    "foreign": lambda b: b"x" + b[1:],
    "empty": lambda b: b"",
}


class TestAtRest:
    """Encrypted on the disk, memory bounded, and a file that was swapped is found."""

    def test_nothing_on_the_disk_is_readable(self, evidence_root):
        row = take(make_file())
        for path in files_in(evidence_root):
            content = path.read_bytes()
            assert b"PNG" not in content
            assert b"JFIF" not in content
        with connection.cursor() as cursor:
            cursor.execute("SELECT file_key FROM accountability_evidence")
            assert row.file_key not in str(cursor.fetchall())

    def test_a_long_film_is_encrypted_and_read_with_bounded_memory(self, tmp_path):
        film, key = tmp_path / "film", new_identity()
        with film.open("wb") as target:
            for number in range(64):
                target.write(bytes([number]) * 1024 * 1024)
        with film.open("rb") as source:
            expected = hashlib.file_digest(source, "sha256").hexdigest()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with film.open("rb") as source:
            assert storage.encrypt_into(tmp_path / "encrypted", source, key) == expected
        digest = hashlib.sha256()
        for chunk in storage.read(tmp_path / "encrypted", key):
            digest.update(chunk)
        assert digest.hexdigest() == storage.digest_of(tmp_path / "encrypted", key) == expected
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # KiB

    @pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1])
    def test_every_length_comes_back(self, tmp_path, size):
        key, content = new_identity(), bytes(size)
        storage.encrypt_into(tmp_path / "encrypted", io.BytesIO(content), key)
        assert b"".join(storage.read(tmp_path / "encrypted", key)) == content

    @pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
    def test_cut_or_changed_files_do_not_open(self, tmp_path, harm):
        path, key = tmp_path / "encrypted", new_identity()
        storage.encrypt_into(path, io.BytesIO(bytes(2 * 64 * 1024)), key)
        path.write_bytes(harm(path.read_bytes()))
        with pytest.raises(RuleViolation, match="调换"):
            storage.digest_of(path, key)
        with pytest.raises(RuleViolation, match="调换"):
            list(storage.read(path, key))

    def test_a_reader_that_leaves_early_leaves_nothing_behind(self, tmp_path):
        path, key = tmp_path / "encrypted", new_identity()
        storage.encrypt_into(path, io.BytesIO(bytes(8 * 1024 * 1024)), key)
        before, content = threading.active_count(), storage.read(path, key)
        assert len(next(content)) == CHUNK
        content.close()
        assert threading.active_count() == before

    def test_swapped_file_detected(self):
        row = take(make_file())
        other = add_evidence(subject=row.progress, upload=make_file(), by=row.uploaded_by, at=LATER)
        mine = storage.original_path(row.pk, row.suffix)
        mine.write_bytes(storage.original_path(other.pk, other.suffix).read_bytes())

        with pytest.raises(RuleViolation, match="调换"):
            open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)
        assert "调换" in next(file_faults())

    def test_a_file_sealed_again_by_a_holder_of_the_key_is_detected(self):
        row = take(make_file())
        storage.encrypt_into(storage.original_path(row.pk, row.suffix), io.BytesIO(b"forged"), row.file_key)

        with pytest.raises(RuleViolation, match="校验值不符"):
            open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)

    def test_a_changed_hash_is_found_by_the_trace(self):
        row = take(make_file())
        assert verify_chain() == []
        Evidence.objects.filter(pk=row.pk).update(sha256="0" * 64)
        assert verify_chain() == [f"佐证材料{row.pk}的校验值与上传时记入操作日志的不符，内容已被改动。"]

    def test_files_from_before_the_sealing_are_still_read(self):
        row = take(make_file())
        storage.original_path(row.pk, row.suffix).write_bytes(png())
        Evidence.objects.filter(pk=row.pk).update(file_key="")
        _, content = open_original(evidence_id=row.pk, reason="核对", by=make_account(Role.CHIEF), at=LATER)
        assert b"".join(content) == png()


class TestDestroying:
    """A year after everything about the section ended; what inspectors filmed by two persons only."""

    A_YEAR = LATER + timedelta(days=370)

    @pytest.mark.django_db(transaction=True)
    def test_the_clock_destroys_what_a_unit_not_from_inspections(self, evidence_root):
        row = take(make_file())
        rectification = row.progress.item.rectification
        assert retention.purge(by=OPERATOR, at=self.A_YEAR) == {}
        Rectification.objects.filter(pk=rectification.pk).update(
            state=RectificationState.CLOSED, closed_on=LATER.date()
        )
        assert retention.purge(by=OPERATOR, at=LATER + timedelta(days=364)) == {}

        assert retention.purge(by=OPERATOR, at=self.A_YEAR) == {"佐证材料原件": 1}

        row.refresh_from_db()
        assert (files_in(evidence_root), row.file_key, row.name) == ([], "", "（已销毁）")
        assert AuditEntry.objects.get(detail__has_key="file").detail["file"] == row.sha256
        assert verify_chain() == []

    def test_an_open_appeal_keeps_it(self):
        row = take(make_file())
        item = row.progress.item
        Rectification.objects.update(state=RectificationState.CLOSED, closed_on=LATER.date())
        section = item.rectification.case.result.section
        Objection.objects.create(
            round=section.round,
            section=section,
            stage="appeal",
            ground="counting",
            facts="x",
            filed_by=row.uploaded_by,
            filed_at=LATER,
            due_on=LATER.date(),
        )
        assert not expired(self.A_YEAR).exists()
        Objection.objects.update(state="decided", outcome="rejected", answer="x", decided_at=LATER)
        assert expired(self.A_YEAR).get() == row

    def test_an_inspectors_film_takes_two_persons(self, settings, time_machine, django_capture_on_commit_callbacks):
        settings.TWO_PERSON_RULE = True
        time_machine.move_to(self.A_YEAR)
        _, row = filmed()
        Evidence.objects.update(uploaded_at=LATER)
        row.inspection.state, row.inspection.approved_at = InspectionState.APPROVED, LATER
        row.inspection.save()
        round_ = row.inspection.plan.round
        assert "佐证材料原件" not in retention.purge(by=OPERATOR, at=self.A_YEAR)
        with pytest.raises(policy.NeedsApproval):
            destroy_inspections(round_id=round_.pk, reason="期满", by=make_account(), at=self.A_YEAR)

        chief = make_account(Role.CHIEF, name="甲")
        approval = approvals.propose("insp.delete", round_, by=chief, at=self.A_YEAR, reason="期满")
        with django_capture_on_commit_callbacks(execute=True):
            approvals.approve(approval_id=approval.pk, by=make_account(name="乙"), at=self.A_YEAR)

        assert AuditEntry.objects.get(detail__destroyed=row.sha256).reason == "期满"
        assert not storage.original_path(row.pk, row.suffix).exists()
        assert not Evidence.objects.held().exists()

    def test_nothing_is_destroyed_before_its_time(self):
        _, row = filmed()
        with pytest.raises(RuleViolation, match="没有保存期满"):
            destroy_inspections(round_id=row.inspection.plan.round_id, reason="x", by=make_account(), at=self.A_YEAR)


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

    with pytest.raises(RuleViolation, match="无法确认"):
        take(make_file())


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "127.0.0.1:1"])
def test_a_silent_scanner_lets_nothing_in(settings, evidence_root, address):
    settings.CLAMD_ADDRESS = address

    with pytest.raises(RuleViolation, match="没有响应"):
        take(make_file())

    assert not Evidence.objects.exists()
    assert files_in(evidence_root) == []


def test_a_known_id_of_somebody_else_is_no_way_in():
    mine = take(make_file(), liaison())
    stranger = liaison("D02")
    visit_id = uuid.UUID(str(mine.pk))

    with pytest.raises(policy.Denied):
        drop_evidence(evidence_id=visit_id, by=stranger, at=LATER)


def test_who_sees_a_file_of_somebody_elses_is_refused_its_dropping_and_the_trace_says_so(client):
    mine = take(make_file(), liaison())
    client.force_login(make_account(Role.LIAISON, "D01"))

    assert client.post(f"/evidence/{mine.pk}/drop/").status_code == 403
    assert Evidence.objects.filter(pk=mine.pk).exists()
    assert AuditEntry.objects.latest("seq").result == "denied"

"""Virus scanning of uploads: fails closed."""

import socketserver
import threading

import pytest

from accountability.evidence.models import Evidence
from accountability.evidence.rules import ScanState
from nanchuan_eval.core.errors import RuleViolation
from tests.accountability.factories import make_evidence, make_file, pdf, stored_files

pytestmark = pytest.mark.django_db


class Scanner(socketserver.BaseRequestHandler):
    """A fake clamd that implements INSTREAM."""

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


def test_without_a_scanner_a_file_is_marked_as_unscanned():
    assert make_evidence().scan == ScanState.UNSCANNED


def test_a_scanned_file_is_marked_as_clean(clamd):
    assert make_evidence().scan == ScanState.CLEAN


def test_an_infected_file_is_refused(clamd, evidence_root):
    with pytest.raises(RuleViolation, match="含有病毒"):
        make_evidence(make_file(pdf(b"EICAR")))

    assert stored_files(evidence_root) == []


def test_a_file_without_a_clear_verdict_is_refused(clamd, monkeypatch):
    monkeypatch.setattr(Scanner, "answer", b"stream: size limit exceeded ERROR\0")

    with pytest.raises(RuleViolation, match="无法确认"):
        make_evidence()


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "127.0.0.1:1"])
def test_a_file_is_refused_if_the_scanner_does_not_respond(settings, evidence_root, address):
    settings.CLAMD_ADDRESS = address

    with pytest.raises(RuleViolation, match="没有响应"):
        make_evidence()

    assert not Evidence.objects.exists()
    assert stored_files(evidence_root) == []

"""The site's certificate (证书), from a file or from the address that shows it."""

import socket
import ssl
from contextlib import suppress
from threading import Thread

import pytest
from cryptography.hazmat.primitives import serialization

from nanchuan_eval.doctor.queries import machine
from nanchuan_eval.installation.rules import Level
from tests.nanchuan_eval.doctor.test_installations import certificate, found, healthy, told

__all__ = ["healthy"]
pytestmark = pytest.mark.django_db


def test_a_certificate_is_read_from_the_address_that_shows_it(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_shown_by", lambda *_: (tmp_path / "site.crt").read_bytes())
    certificate(tmp_path / "site.crt", days=2)
    settings.CERTIFICATE = "pingyi.example:443"

    assert told()[:2] == (Level.FAULT, "证书")


@pytest.fixture
def shown(tmp_path):
    """Show a certificate of an authority that nobody knows at an address, which is returned."""
    key = certificate(tmp_path / "shown.crt", days=200, issuer="unknown CA")
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "shown.key").write_bytes(key.private_bytes(encoding, kind, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "shown.crt", tmp_path / "shown.key")
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                peer, _ = listening.accept()
                with suppress(OSError), context.wrap_socket(peer, server_side=True) as secured:
                    secured.recv(1)

    Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def test_a_certificate_that_no_known_authority_signed_is_not_called_good(settings, shown):
    settings.CERTIFICATE = shown

    level, subject, text = told()

    assert (level, subject) == (Level.WARNING, "证书")
    assert "签发机构不受信任" in text


def test_a_certificate_that_this_machine_trusts_is_good(settings, shown, tmp_path, monkeypatch):
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting(tmp_path / "shown.crt"))
    settings.CERTIFICATE = shown

    assert found() == []


@pytest.mark.parametrize("code", [9, 10, 20])  # not yet valid, expired, no issuer
def test_a_good_certificate_refused_for_dates_has_an_issuer_out_of_date(settings, tmp_path, monkeypatch, code):
    def shown_by(address, mode=ssl.CERT_NONE):
        if mode == ssl.CERT_REQUIRED:
            refusal = ssl.SSLCertVerificationError()
            refusal.verify_code = code
            raise refusal
        return (tmp_path / "site.crt").read_bytes()

    monkeypatch.setattr(machine, "_shown_by", shown_by)
    settings.CERTIFICATE = "pingyi.example:443"

    assert "中间证书已到期" in told()[2]


def trusting(path):
    """A context that takes the certificate itself for an authority's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@pytest.mark.parametrize("named", ["nonsense", "/none/site.crt", "127.0.0.1:1"])
def test_a_certificate_that_cannot_be_read_is_a_fault(settings, named):
    settings.CERTIFICATE = named

    assert told()[1:][0] == "证书"
    assert "读不到" in told()[2]


def test_a_certificate_of_another_office_is_left_to_it(settings):
    settings.CERTIFICATE = "none"

    assert found() == []

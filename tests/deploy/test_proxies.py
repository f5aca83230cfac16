"""nginx and Caddy as deploy/ configures them: a whole vote with TLS, and nothing of it in their logs."""

import http.client
import http.server
import json
import re
import ssl
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from bench.site import served
from evaluations.ballots.models import BallotSpool
from evaluations.codes.models import Credential
from tests.deploy.proxies import LOOPBACK, SITE, Caddy, Nginx, require_program
from tests.deploy.vote import Connection, cast
from tests.factories import make_codes, make_open_round
from tests.paths import ROOT

KINDS = {"nginx": Nginx, "caddy": Caddy}
SECRET = "planted-7F3K-9QWX"
UPSTREAM_SAYS = "application"


class Upstream(http.server.BaseHTTPRequestHandler):
    """An application that tells what it was sent; every page could be compressed."""

    def do_GET(self):
        body = json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body) + 2000))
        self.end_headers()
        self.wfile.write(body + b" " * 2000)

    def do_POST(self):
        self.server.received += len(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def upstream():
    """The port of an application that answers everything."""
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Upstream)
    server.received = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=sorted(KINDS))
def make_proxy(request, tmp_path):
    """Start a proxy of each kind in front of a port."""
    started = []

    def made(port):
        require_program(request.param)
        proxy = KINDS[request.param](tmp_path, port)
        started.append(proxy)
        proxy.start()
        return proxy

    yield made
    for proxy in started:
        proxy.stop()


@pytest.fixture
def proxy(make_proxy, upstream):
    """A proxy in front of the application that answers everything."""
    return make_proxy(upstream.server_port)


def ask(proxy, address, method="GET", body=None, **headers):
    """Answer to a request over TLS."""
    connection = Connection(SITE, proxy.port, str(proxy.folder / "site.crt"))
    try:
        connection.request(method, address, body, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def sent_on(proxy, address, **headers):
    """What reached the application."""
    _, text = ask(proxy, address, **headers)
    return {name.lower(): value for name, value in json.loads(text)["headers"].items()}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_its_own_check_finds_no_fault(kind, tmp_path):
    require_program(kind)

    assert KINDS[kind](tmp_path, 8000).fault() == ""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_its_own_check_would_find_one(kind, tmp_path):
    require_program(kind)
    proxy = KINDS[kind](tmp_path, 8000)
    (tmp_path / "site.key").unlink()

    assert "site.key" in proxy.fault()


@pytest.mark.django_db(transaction=True)
def test_a_whole_vote_goes_through_and_leaves_nothing_in_the_logs(make_proxy):
    now, day = timezone.now(), timedelta(days=1)
    (code,) = make_codes(make_open_round(opens_at=now - day, closes_at=now + day))
    with served(SITE) as address:
        proxy = make_proxy(int(address.rpartition(":")[2]))
        vote = cast(SITE, proxy.port, [code], str(proxy.folder / "site.crt"))
        answer, _ = ask(proxy, "/how/")
        ask(proxy, f"/how/?{SECRET}={code}")
    logs = proxy.logs()

    ((receipt,),) = [attempt.acknowledged for attempt in vote.attempts]
    assert BallotSpool.objects.count() == Credential.objects.exclude(spend=None).count() == 1
    assert answer.status == 200
    assert answer.getheader("Strict-Transport-Security")
    assert "/how/" in logs
    for secret in (code, receipt, SECRET, "/ballot/"):
        assert secret not in logs
        assert "-".join(re.findall("....", secret)) not in logs


def test_only_the_address_that_the_proxy_sees_is_handed_on(proxy):
    got = sent_on(proxy, "/", **{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"})

    assert (got["x-forwarded-for"], got["x-forwarded-proto"]) == (LOOPBACK, "https")
    assert got["host"].partition(":")[0] == SITE


def test_pages_are_not_compressed_on_the_way(proxy):
    answer, _ = ask(proxy, "/", **{"Accept-Encoding": "gzip, br, zstd"})

    assert answer.getheader("Content-Encoding") is None


@pytest.mark.parametrize(
    "address",
    [
        f"/how/?code={SECRET}",
        f"/ballot/?code={SECRET}",
        f"/account/set-password/x/{SECRET}/",
        "/0123-4567-89AB-CDEF-GHJK",
        "/list/0123456789ABCDEFGHJK/",
    ],
)
def test_neither_query_nor_code_nor_link_is_logged(proxy, address):
    ask(proxy, "/scoring/")
    ask(proxy, address, **{"Referer": f"https://{SITE}/{SECRET}", "User-Agent": SECRET, "Cookie": f"a={SECRET}"})
    proxy.stop()
    logs = proxy.logs()

    assert "/scoring/" in logs
    assert not re.search(rf"{SECRET}|0123-?4567", logs)


def test_files_that_are_fetched_when_a_code_is_typed_are_not_logged(proxy):
    for address in ("/scoring/", "/static/js/ballot/walk.0123456789ab.js"):
        ask(proxy, address)
    proxy.stop()
    logs = proxy.logs()

    assert "/scoring/" in logs
    assert "static" not in logs


def test_a_citizens_address_is_logged_as_its_network_only(proxy):
    ask(proxy, "/scoring/")
    proxy.stop()
    logs = proxy.logs()

    assert "127.0.0.0" in logs
    assert LOOPBACK not in logs


def test_an_application_that_does_not_answer_is_excused_in_chinese_and_no_request_is_logged(proxy, upstream):
    upstream.shutdown()
    upstream.server_close()
    answer, page = ask(proxy, f"/ballot/cast/?{SECRET}", "POST", "code=" + SECRET)
    proxy.stop()
    logs = proxy.logs()

    assert answer.status == 502
    assert "网站暂时无法访问" in page
    assert not re.search(rf"{SECRET}|/ballot/|{LOOPBACK}:", logs)


def test_a_body_that_is_too_large_is_refused_in_chinese(proxy, upstream):
    answer, page = ask(proxy, "/evidence/case/1/add/", "POST", b"x" * (proxy.most + 100_000))

    assert answer.status == 413
    assert "提交的内容过大" in page
    assert upstream.received == 0


def test_a_film_passes(proxy, upstream):
    answer, _ = ask(proxy, "/evidence/case/1/add/", "POST", b"x" * (proxy.most - 100_000))

    assert (answer.status, upstream.received) == (200, proxy.most - 100_000)


def test_nginx_keeps_a_ballot_and_its_pages_in_memory_and_uploads_off_the_disk():
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")

    assert "client_body_buffer_size 256k;" in text
    assert "proxy_buffers 64 16k;" in text
    assert re.findall(r"_temp_path (/\w+)/", text) == ["/run", "/run"]


def test_plain_http_leads_to_tls(proxy):
    connection = http.client.HTTPConnection(LOOPBACK, proxy.plain_port, timeout=10)
    connection.request("GET", "/how/", headers={"Host": SITE})
    answer = connection.getresponse()
    connection.close()

    assert answer.status in {301, 308}
    assert answer.getheader("Location").startswith(f"https://{SITE}")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_and_other_names_get_no_answer(proxy):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    new = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    new.check_hostname, new.verify_mode = False, ssl.CERT_NONE
    for context, name in ((old, SITE), (new, "other.example")):
        with pytest.raises(OSError), Connection(SITE, proxy.port)._create_connection((SITE, proxy.port), 5) as plain:
            context.wrap_socket(plain, server_hostname=name)


# Lines of one installation, in the folder that no new version overwrites.
OWN_LINES = {
    "nginx": {"nginx/site-own.conf": "add_header X-Own kept always;", "nginx/plain-own.conf": "keepalive_timeout 5s;"},
    "caddy": {"caddy/site-own.caddy": "header X-Own kept", "caddy/upstream-own.caddy": "trusted_proxies 10.0.0.5"},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_lines_of_ones_own_hold_beside_the_file(kind, tmp_path, upstream):
    require_program(kind)
    proxy = KINDS[kind](tmp_path, upstream.server_port)
    (tmp_path / kind).mkdir()
    for name, line in OWN_LINES[kind].items():
        (tmp_path / name).write_text(f"{line}\n")
    assert proxy.fault() == ""
    proxy.start()
    try:
        answer, _ = ask(proxy, "/how/")
    finally:
        proxy.stop()

    assert answer.getheader("X-Own") == "kept"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_line_of_ones_own_that_is_wrong_is_found(kind, tmp_path):
    require_program(kind)
    proxy = KINDS[kind](tmp_path, 8000)
    (tmp_path / kind).mkdir()
    for name in OWN_LINES[kind]:
        (tmp_path / name).write_text("not_a_directive on;\n")
        assert "not_a_directive" in proxy.fault()
        (tmp_path / name).unlink()

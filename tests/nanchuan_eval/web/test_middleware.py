"""Headers, methods, hosts, client addresses, rate limits and system checks."""

import logging
import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from evaluations.personal_data.models import Wish
from evaluations.rounds.models import Round
from nanchuan_eval import checks
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.http import MACHINES, client_address
from nanchuan_eval.users.models import User
from nanchuan_eval.web import rate_limits
from nanchuan_eval.web.rate_limits import Counted
from tests.factories import make_codes, make_open_round, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
}


def routes(resolver=None, prefix="/"):
    """Every URL of the site, with valid arguments (of an object that exists, or one that does not)."""
    for entry in (resolver or get_resolver()).url_patterns:
        part = f"{prefix}{entry.pattern}".replace("^", "").replace("$", "").replace("\\Z", "")
        if isinstance(entry, URLResolver):
            yield from routes(entry, part)
        elif isinstance(entry, URLPattern):
            yield filled(part)


def filled(path):
    out, rest = "", path
    while "<" in rest:
        before, _, after = rest.partition("<")
        kind, _, rest = after.partition(">")
        out += before + ("1" if "int" in kind else "1" if "object_id" in kind or "pk" in kind else "x1")
    return (out + rest).replace("(?P", "").replace("\\", "")


ROUTES = sorted(set(routes()))


def check_headers(answer, path):
    for name, value in HEADERS.items():
        assert value in answer.headers.get(name, ""), (path, answer.status_code, name)
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("role", ["", "chief", "auditor", "liaison", "inspector"])
def test_every_route_sends_every_header_whatever_its_status(client, role):
    make_sealed_round()
    client.raise_request_exception = True
    if role:
        client.force_login(make_user(role))
    assert len(ROUTES) > 80
    for path in ROUTES:
        answer = client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.status_code < 500, path
        check_headers(answer, path)
        assert not (role and "Content-Encoding" in answer.headers), path
        if role and "/static/" not in path:
            assert "no-store" in answer.headers.get("Cache-Control", ""), path


def test_error_pages_send_them_too_and_are_chinese_without_a_traceback(client, monkeypatch):
    logging.disable(logging.CRITICAL)
    client.raise_request_exception = False
    monkeypatch.setattr("evaluations.publication.documents.published_rounds", lambda: 1 / 0)
    for path, status, words in [
        ("/list/", 500, "暂时无法处理"),
        ("/none", 404, "页面不存在"),
        ("/x%00", 400, "提交的内容有误"),
    ]:
        answer = client.get(path)
        check_headers(answer, path)
        page = answer.content.decode()
        assert answer.status_code == status
        assert words in page
        assert "Traceback" not in page and "ZeroDivision" not in page
    logging.disable(logging.NOTSET)


def test_in_production_there_is_no_plain_http(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    assert client.get("/").status_code == 301
    assert "max-age=31536000" in client.get("/", secure=True)["Strict-Transport-Security"]


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "BREW"])
def test_other_methods_are_not_allowed(client, method):
    answer = client.generic(method, "/")
    assert answer.status_code == 405
    check_headers(answer, method)


def test_a_foreign_host_is_refused(client):
    assert client.get("/", HTTP_HOST="evil.com").status_code == 400


VISITORS_FORMS = (
    "/ballot/",
    "/ballot/sections/",
    "/ballot/rate/",
    "/ballot/review/",
    "/ballot/cast/",
    "/ballot/claim/",
    "/receipt/",
    "/suggestions/",
    "/suggestions/status/",
    "/privacy/request/",
    "/rectification/cases/1/rate/",
)


@pytest.mark.parametrize("path", ["/login/", "/logout/", *VISITORS_FORMS])
@pytest.mark.parametrize(
    "origin", ["https://evil.com", "http://testserver.evil.com", "http://testserver:81", "null", "http://[", "x"]
)
def test_a_post_from_a_foreign_page_is_refused_with_the_reason(path, origin):
    answer = Client(enforce_csrf_checks=True).post(path, {"code": "x"}, HTTP_ORIGIN=origin)
    assert answer.status_code == 403
    assert "不是从本网站的页面发出的" in answer.content.decode()
    check_headers(answer, path)


@pytest.mark.parametrize("path", ["/login/", "/logout/"])
def test_a_post_without_a_token_is_refused_with_cause_and_way_out(path):
    client = Client(enforce_csrf_checks=True)
    refused = client.post(path, {"code": "x"})
    assert refused.status_code == 403
    assert "没有保存本网站的Cookie" in refused.content.decode()
    client.get("/login/")
    refused = client.post(path, {"code": "x"})
    assert refused.status_code == 403
    assert "页面已过期" in refused.content.decode()


def test_only_the_forms_of_visitors_need_no_cookie():
    client = Client(enforce_csrf_checks=True)
    exempt = {path for path in ROUTES if client.post(path, {"x": "1"}).status_code not in {403, 404, 405}}
    # What other programs send has a token of its own (docs/service-records.md).
    assert {path for path in exempt if not path.startswith(MACHINES)} <= {*VISITORS_FORMS, "/admin/jsi18n/"}
    assert {client.post(path, {"x": "1"}).status_code for path in exempt if path.startswith(MACHINES)} <= {401}


@pytest.mark.parametrize("path", [path for path in VISITORS_FORMS if "cases" not in path])
def test_a_visitors_form_is_read_without_a_cookie_and_sets_none(path):
    client = Client(enforce_csrf_checks=True)
    for answer in (client.get(path), client.post(path, {"x": "1"}, HTTP_ORIGIN="http://testserver")):
        assert answer.status_code in {200, 302, 400}
    assert not client.cookies


def test_every_staff_post_wants_a_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("chief"))
    for path in ROUTES:
        if path.startswith(("/admin/", "/commission/", "/account/", "/unit/")):
            assert client.post(path, {"x": "1"}).status_code in {302, 403, 404, 405}, path
    assert Round.objects.count() == 0
    assert User.objects.count() == 1


class TestTheAddress:
    """X-Forwarded-For is believed from TRUSTED_PROXIES only."""

    @pytest.mark.parametrize(
        ("proxies", "remote", "forwarded", "address"),
        [
            ([], "1.1.1.1", "10.0.0.1", "1.1.1.1"),
            (["127.0.0.1"], "1.1.1.1", "10.0.0.1", "1.1.1.1"),
            (["127.0.0.1"], "127.0.0.1", "10.0.0.1", "10.0.0.1"),
            (["127.0.0.1"], "127.0.0.1", "6.6.6.6, 10.0.0.1", "10.0.0.1"),
            (["127.0.0.1", "10.0.0.9"], "127.0.0.1", "5.5.5.5, 10.0.0.9", "5.5.5.5"),
            (["127.0.0.1"], "127.0.0.1", "", "127.0.0.1"),
            (["127.0.0.1"], "127.0.0.1", "nonsense", "127.0.0.1"),
            (["::1"], "::1", "2001:db8::1", "2001:db8::1"),
        ],
    )
    def test_hops(self, settings, proxies, remote, forwarded, address):
        settings.TRUSTED_PROXIES = proxies
        request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
        assert client_address(request) == address


class TestAllowedNetworks:
    """The staff site is limited to ADMIN_ALLOWED_NETWORKS, if there are any."""

    @pytest.fixture(autouse=True)
    def network(self, settings):
        settings.ADMIN_ALLOWED_NETWORKS = [ip_network("10.20.0.0/16"), ip_network("2001:db8::/32")]
        settings.TRUSTED_PROXIES = ["127.0.0.1"]

    @pytest.mark.parametrize("address", ["10.20.3.4", "2001:db8::7"])
    def test_from_inside(self, client, address):
        client.force_login(make_user("chief"))
        assert client.get("/home/", HTTP_X_FORWARDED_FOR=address).status_code == 200

    @pytest.mark.parametrize("forwarded", ["10.21.0.1", "10.20.3.4, 6.6.6.6", "nonsense, 6.6.6.6"])
    @pytest.mark.parametrize("path", ["/admin/", "/commission/", "/account/", "/home/"])
    def test_from_outside_is_refused_in_chinese_and_logged_once(self, client, path, forwarded):
        client.force_login(make_user("commission"))
        answer = client.get(path, HTTP_X_FORWARDED_FOR=forwarded)
        assert answer.status_code == 403
        assert "只能在规定的办公网络内使用" in answer.content.decode()
        check_headers(answer, path)
        assert list(AuditEntry.objects.values_list("action", "result")) == [("desk.enter", "denied")]

    def test_a_forged_header_does_not_get_inside(self, client):
        client.force_login(make_user("chief"))
        answer = client.get("/admin/", REMOTE_ADDR="6.6.6.6", HTTP_X_FORWARDED_FOR="10.20.3.4")
        assert answer.status_code == 403

    def test_accounts_without_staff_role_are_served_everywhere(self, client):
        assert client.get("/", REMOTE_ADDR="6.6.6.6").status_code == 200
        assert client.get("/login/", REMOTE_ADDR="6.6.6.6").status_code == 200
        assert client.get("/admin/", REMOTE_ADDR="6.6.6.6").status_code == 403
        client.force_login(make_user("liaison"))
        assert client.get("/unit/", REMOTE_ADDR="6.6.6.6").status_code == 200
        assert AuditEntry.objects.count() == 0

    def test_logging_out_works_from_anywhere(self, client):
        client.force_login(make_user("chief"))
        assert client.post("/logout/", REMOTE_ADDR="6.6.6.6").status_code == 302

    def test_without_networks_every_address_is_allowed(self, client, settings):
        settings.ADMIN_ALLOWED_NETWORKS = []
        client.force_login(make_user("chief"))
        assert client.get("/home/", REMOTE_ADDR="6.6.6.6").status_code == 200


class TestRateLimits:
    """Guessing codes, logging in, exporting and uploading are limited."""

    def test_ten_wrong_codes_a_minute_then_the_address_waits_and_another_does_not(self, client):
        for _ in range(10):
            assert client.post("/ballot/", {"code": "AAAA"}).status_code == 400
        assert client.post("/ballot/", {"code": "AAAA"}).status_code == 429
        assert client.post("/ballot/", {"code": "AAAA"}, REMOTE_ADDR="10.2.2.2").status_code == 400

    def test_a_good_code_passes_however_many_wrong_ones_came_from_its_address(self, client):
        code = usable_code()
        for _ in range(15):
            client.post("/ballot/", {"code": "AAAA"})
        assert client.post("/ballot/", {"code": "AAAA"}).status_code == 429
        assert client.post("/ballot/", {"code": code}).status_code == 200

    def test_good_codes_of_an_address_are_not_counted(self, client):
        code = usable_code()
        assert {client.post("/ballot/", {"code": code}).status_code for _ in range(40)} == {200}

    def test_a_well_formed_receipt_is_always_answered(self, client):
        wrong = [client.post("/receipt/", {"receipt": "short"}).status_code for _ in range(31)]
        assert wrong == [400] * 30 + [429]
        assert {client.post("/receipt/", {"receipt": "A" * 20}).status_code for _ in range(40)} == {200}

    def test_the_right_password_passes_after_a_colleagues_wrong_ones(self, client, time_machine):
        time_machine.move_to("2026-03-02T04:00:01Z", tick=False)
        user = make_user("auditor")
        user.set_password("Right-Passw0rd-7")
        user.save()
        for n in range(25):
            client.post("/login/", {"username": f"nobody{n}", "password": "x"})
        assert client.post("/login/", {"username": "nobody", "password": "x"}).status_code == 429
        right = {"username": user.username, "password": "Right-Passw0rd-7"}
        assert client.post("/login/", right).status_code == 302

    def test_incomplete_requests_do_not_use_up_the_limit_of_complete_ones(self, client):
        for _ in range(40):
            assert client.post("/suggestions/", {"unit": ""}).status_code == 400
            assert client.post("/privacy/request/", {"phone": ""}).status_code == 400
        asked = {"wish": Wish.values[0], "phone": "13800000001"}
        sent = [client.post("/privacy/request/", asked).status_code for _ in range(6)]
        assert sent == [200] * 5 + [429]
        asked = {"unit": "燃气公司", "section": "报装科", "reason": "报装拖延"}
        sent = [client.post("/suggestions/", {**asked, "reason": f"拖延{n}日"}).status_code for n in range(6)]
        assert sent == [200] * 5 + [429]

    def test_many_addresses_do_not_push_out_a_count(self, client):
        for _ in range(10):
            client.post("/ballot/", {"code": "AAAA"})
        for n in range(1000):
            cache.set(f"limit/{n}", 1)
        assert client.post("/ballot/", {"code": "AAAA"}).status_code == 429

    def test_no_address_is_stopped_before_its_input_was_read(self):
        """Accounts may be stopped at once; visitors only after the answer, or for what they stored."""
        open_to_all = {"ballot", "receipt-check", "box-card", "login", "follow-up", "privacy-request"}
        open_to_all |= {"suggestions", "suggestion-status"}
        by_address = {name for name, limit in rate_limits.LIMITS.items() if limit.counted is not Counted.ALL}
        assert by_address == open_to_all

    def test_after_a_minute_requests_are_accepted_again(self, client, time_machine):
        time_machine.move_to("2026-03-02T04:00:01Z", tick=False)
        for _ in range(11):
            last = client.post("/ballot/", {"code": "AAAA"})
        assert last.status_code == 429
        time_machine.shift(60)
        assert client.post("/ballot/", {"code": "AAAA"}).status_code == 400

    @pytest.mark.parametrize("path", ["/login/", "/admin/nanchuan_eval/auditentry/export/"])
    def test_log_in_and_export(self, client, path, time_machine):
        time_machine.move_to("2026-03-02T04:00:01Z", tick=False)
        if "admin" in path:
            client.force_login(make_user("auditor"))
        most = rate_limits.LIMITS["audit-export" if "admin" in path else "login"].per_minute
        codes = [client.post(path, {"username": f"nobody{n}", "password": "x"}).status_code for n in range(most + 1)]
        assert codes == [200] * most + [429]

    def test_the_cache_holds_no_address_and_no_account(self, client, monkeypatch):
        seen = []
        monkeypatch.setattr(rate_limits.cache, "add", lambda key, *a, **k: seen.append(key))
        monkeypatch.setattr(rate_limits.cache, "incr", lambda key: 1)
        client.post("/ballot/", {"code": "AAAA"}, REMOTE_ADDR="10.2.2.2")
        client.force_login(make_user("auditor"))
        client.post("/admin/nanchuan_eval/auditentry/export/")
        assert len(set(seen)) == 2
        assert all(re.fullmatch(r"limit/[0-9a-f]{64}", key) for key in seen)

    def test_every_limit_names_an_existing_view(self):
        names = {pattern.name for pattern in walk(get_resolver())}
        assert set(rate_limits.LIMITS) <= names


def usable_code():
    now = timezone.now()
    (code,) = make_codes(make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1)))
    return code


def walk(resolver):
    for entry in resolver.url_patterns:
        yield from walk(entry) if isinstance(entry, URLResolver) else [entry]


class TestSystemChecks:
    """Settings that are wrong in production fail the checks."""

    @pytest.mark.parametrize("name", ["TWO_PERSON_RULE", "REQUIRE_OTP"])
    def test_production_needs_the_rules_on(self, settings, name):
        settings.TWO_PERSON_RULE = settings.REQUIRE_OTP = True
        assert checks.production_keeps_the_rules(None) == []
        setattr(settings, name, False)
        assert name in checks.production_keeps_the_rules(None)[0].msg

    def test_permissions_come_from_the_table_only(self, settings, monkeypatch):
        assert checks.permissions_come_from_the_table_only(None) == []
        settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
        assert [fault.id for fault in checks.permissions_come_from_the_table_only(None)] == ["nanchuan.E006"]

    def test_a_superuser_field_is_found(self, monkeypatch):
        class Field:
            name = "is_superuser"

        monkeypatch.setattr(User._meta, "get_fields", lambda: [Field()])
        assert [fault.id for fault in checks.permissions_come_from_the_table_only(None)] == ["nanchuan.E004"]

    def test_the_checks_are_registered(self):
        assert not [fault for fault in run_checks() if fault.id and fault.id.startswith("nanchuan")]

"""Log lines tell what happened and where, and no value; the web server's lines too."""

import io
import json
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from nanchuan_eval.core.logs import JsonFormatter, SafeFormatter
from tests.paths import ROOT

SECRET = "K7QM-2HXR-9D4T-W8PN-6F3B"
PLANTED = (SECRET, "张三丰", "13912345678", "203.0.113.77", "receipt=")
FORMATTERS = [JsonFormatter, SafeFormatter]


@pytest.fixture(params=FORMATTERS)
def line(request):
    """Log to a logger of the name, and return the line it makes."""

    def made(name, text, *arguments, level=logging.ERROR, **given):
        target = io.StringIO()
        handler = logging.StreamHandler(target)
        handler.setFormatter(request.param())
        logger = logging.Logger(name)
        logger.addHandler(handler)
        logger.log(level, text, *arguments, **given)
        return target.getvalue()

    return made


def fail():
    name, code = "张三丰", SECRET  # locals of the frame
    try:
        raise KeyError(name, code)
    except KeyError as fault:
        raise ValueError(f"no ballot of {name} with {code} from 203.0.113.77") from fault


def test_of_an_exception_only_types_and_places_are_told(line):
    try:
        fail()
    except ValueError:
        told = line("nanchuan_eval.clock", "封箱", exc_info=True)

    assert not [secret for secret in PLANTED if secret in told]
    assert "ValueError < KeyError" in told
    assert "tests/nanchuan_eval/core/test_logs.py" in told
    assert "fail" in told
    assert "封箱" in told
    assert told.count("\n") == 1


def test_of_a_request_only_method_status_and_the_address_name_are_told(line):
    request = SimpleNamespace(method="POST", resolver_match=SimpleNamespace(view_name="ballot-cast"), path=f"/{SECRET}")
    path = f"/ballot/{SECRET}?receipt=1"

    told = line("django.request", "%s: %s", "Not Found", path, extra={"request": request, "status_code": 404})

    assert "404 POST ballot-cast" in told
    assert not [secret for secret in PLANTED if secret in told]


@pytest.mark.parametrize(
    ("name", "text", "arguments"),
    [
        ("gunicorn.error", f"Invalid request from ip=203.0.113.77: {SECRET}", ()),
        ("gunicorn.error", "Error handling request %s %s", ("GET", f"/receipt/?receipt={SECRET}")),
        ("django.security.DisallowedHost", f"Invalid HTTP_HOST header: '{SECRET}.example'", ()),
        ("some.package", "row %(name)s of %(phone)s", ({"name": "张三丰", "phone": 13912345678},)),
        ("py.warnings", "张三丰: naive datetime", ()),
        ("some.package", "%d of %d", ("张三丰", 1)),
        ("nanchuan_eval.web", "%s", (f"票号{SECRET}、手机13912345678、来自203.0.113.77",)),
    ],
)
def test_what_is_filled_in_is_left_out(line, name, text, arguments):
    told = line(name, text, *arguments)

    assert told
    assert not [secret for secret in PLANTED if secret in told]


def test_an_exception_as_the_message_is_told_by_its_type(line):
    assert "ValueError" in (told := line("gunicorn.error", ValueError(SECRET)))
    assert SECRET not in told


def test_a_line_of_the_application_is_told_whole(line):
    assert "共享缓存不可用：TimeoutError" in line("nanchuan_eval.web.cache", "共享缓存不可用：%s", "TimeoutError")


def test_numbers_and_the_servers_start_are_told(line):
    assert "12 of 1000" in line("some.package", "%d of %d", 12, 1000)
    assert "Listening at: http://127.0.0.1:8000" in line(
        "gunicorn.error", "Listening at: %s", "http://127.0.0.1:8000", level=logging.INFO
    ).replace("…:8000", "127.0.0.1:8000")


def test_a_json_line_is_an_object():
    record = logging.LogRecord("nanchuan_eval", logging.ERROR, str(ROOT / "manage.py"), 3, "一\n二", (), None)

    told = json.loads(JsonFormatter().format(record))

    assert told["event"] == "一 二"
    assert told["source"] == "manage.py:3"
    assert told["level"] == "ERROR"


def in_production(program, tmp_path):
    """Run a program with production settings and JSON lines; return its exit code and what it writes."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "nanchuan_eval.settings",
        "LOG_FORMAT": "json",
        "DEBUG": "false",
        "SECRET_KEY": "s" * 50,
        "ALLOWED_HOSTS": "x.example",
        "FIELD_KEY": "x",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


SERVER = """
import runpy
from types import SimpleNamespace
from gunicorn.config import Config
from gunicorn.glogging import Logger

given, config = runpy.run_path("deploy/gunicorn.conf.py"), Config()
for name in ("logconfig_dict", "access_log_format", "accesslog"):
    config.set(name, given[name])
log = Logger(config)
log.info("Listening at: %s", "unix:/run/nanchuan.sock")
log.warning("Invalid request from ip=203.0.113.77: SECRET")
try:
    raise ValueError("no ballot with SECRET from 203.0.113.77")
except ValueError as fault:
    log.exception(fault)
    log.exception("Error handling request %s %s", "GET", "/receipt/?receipt=SECRET")
environ = {"REQUEST_METHOD": "POST", "RAW_URI": "/?receipt=SECRET", "REMOTE_ADDR": "203.0.113.77"}
answer = SimpleNamespace(status="200 OK", sent=10, headers=[])
if ACCESS_IS_ON:
    import logging, sys
    log.access_log.handlers, log.access_log.level = [logging.StreamHandler()], logging.INFO
from datetime import timedelta
log.access(answer, SimpleNamespace(headers=[]), {**environ, "SERVER_PROTOCOL": "HTTP/1.1"}, timedelta(0))
"""


@pytest.mark.parametrize("is_on", [False, True])
def test_gunicorn_tells_no_address_path_or_query_and_no_requests(tmp_path, is_on):
    code, told = in_production(SERVER.replace("SECRET", SECRET).replace("ACCESS_IS_ON", str(is_on)), tmp_path)

    lines = told.splitlines()
    assert code == 0, told
    assert not [secret for secret in PLANTED if secret in told]
    assert [json.loads(line)["logger"] for line in lines[:4]] == ["gunicorn.error"] * 4
    assert json.loads(lines[0])["event"] == "Listening at: unix:/run/nanchuan.sock"
    assert lines[4:] == (["POST 200"] if is_on else [])


def test_a_command_that_breaks_off_tells_no_value(tmp_path):
    program = (
        "import sys; from nanchuan_eval.core.logs import report_uncaught; import django; django.setup();"
        f"sys.excepthook = report_uncaught; raise ValueError('{SECRET}')"
    )

    code, told = in_production(program, tmp_path)

    assert code == 1
    assert SECRET not in told
    assert json.loads(told)["error"] == "ValueError"

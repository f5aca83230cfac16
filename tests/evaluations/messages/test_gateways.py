"""Gateways: what they get, which answers count, that nothing else is called and nothing secret is written."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.messages.rules.gateway import Gateway, found_at, gateway_faults, gateway_id, is_success
from evaluations.messages.rules.kinds import Failure
from evaluations.messages.rules.texts import CodeLine, invitation, link, masked, parts, reminder
from evaluations.messages.services.gateways import Outcome, Outgoing, hand_over

CODE = "7K3M9QXA2BTRC4DEF5GH"
MESSAGE = Outgoing("k" * 32, "13900000001", f"【南川评议办】“张三”：https://p.example/ballot/#{CODE} 回复TD退订")


class Platform(BaseHTTPRequestHandler):
    """A platform that remembers what it was sent and answers what the test says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.got.append((self.path, dict(self.headers), body))
        status, headers, said = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST  # noqa: N815  http.server asks for this name

    def log_message(self, *given):
        pass


@pytest.fixture
def platform(settings):
    server = HTTPServer(("127.0.0.1", 0), Platform)
    server.got, server.answer = [], (200, {}, b'{"code": 0, "data": {"id": "G-17"}}')
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.MESSAGE_GATEWAY, settings.MESSAGE_TIMEOUT = "http", 5
    settings.MESSAGE_URL = f"http://127.0.0.1:{server.server_port}/send"
    settings.MESSAGE_SUCCESS, settings.MESSAGE_ID_PATH = "json:code=0", "data.id"
    yield server
    server.shutdown()
    server.server_close()


class TestHttp:
    def test_posts_json_and_takes_the_gateways_number(self, platform, settings):
        settings.MESSAGE_HEADERS = '{"Authorization": "Bearer x"}'

        assert hand_over(MESSAGE) == Outcome("", "G-17")
        ((path, headers, body),) = platform.got
        assert (path, headers["Authorization"]) == ("/send", "Bearer x")
        assert json.loads(body) == {"phone": MESSAGE.phone, "text": MESSAGE.text, "id": MESSAGE.key}

    def test_posts_a_form_where_the_headers_say_so(self, platform, settings):
        settings.MESSAGE_HEADERS = '{"Content-Type": "application/x-www-form-urlencoded"}'
        settings.MESSAGE_BODY = "mobile={phone}&content={text}&uid={id}"
        hand_over(MESSAGE)

        assert parse_qs(platform.got[0][2]) == {
            "mobile": [MESSAGE.phone],
            "content": [MESSAGE.text],
            "uid": [MESSAGE.key],
        }

    def test_gets_with_everything_quoted(self, platform, settings):
        settings.MESSAGE_METHOD, settings.MESSAGE_URL = "GET", settings.MESSAGE_URL + "?m={phone}&t={text}"
        hand_over(MESSAGE)

        assert parse_qs(urlsplit(platform.got[0][0]).query)["t"] == [MESSAGE.text]

    @pytest.mark.parametrize(
        ("answer", "failure"),
        [
            ((200, {}, b'{"code": 7}'), Failure.REFUSED),
            ((200, {}, b"<html>"), Failure.REFUSED),
            ((500, {}, b'{"code": 0}'), Failure.REFUSED),
            ((302, {"Location": "http://127.0.0.1:9/other"}, b""), Failure.REFUSED),
        ],
    )
    def test_an_answer_that_the_rule_does_not_find_good_is_a_failure(self, platform, answer, failure):
        platform.answer = answer

        assert hand_over(MESSAGE).failure == failure
        assert len(platform.got) == 1, "no redirect is followed"

    def test_no_answer_is_a_failure(self, settings):
        settings.MESSAGE_GATEWAY, settings.MESSAGE_URL = "http", "http://127.0.0.1:9/send"

        assert hand_over(MESSAGE) == Outcome(Failure.NO_ANSWER)

    def test_a_proxy_of_the_environment_is_not_used(self, platform, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

        assert hand_over(MESSAGE).failure == ""


class TestTheConsole:
    def test_masks_phone_and_code_outside_development_and_demonstrations(self, settings, capsys):
        settings.MESSAGE_GATEWAY, settings.DEBUG = "console", False
        hand_over(MESSAGE)
        written = capsys.readouterr().out
        assert "139****0001" in written
        assert MESSAGE.phone not in written
        assert CODE not in written

        hand_over(MESSAGE._replace(is_demo=True))
        assert CODE in capsys.readouterr().out


class TestTheFile:
    def test_is_for_this_account_only(self, settings, tmp_path):
        settings.MESSAGE_GATEWAY, settings.MESSAGE_FILE = "file", str(tmp_path / "out.jsonl")
        for _ in range(2):
            assert hand_over(MESSAGE) == Outcome()

        path = tmp_path / "out.jsonl"
        assert path.stat().st_mode & 0o777 == 0o600
        assert [json.loads(line)["phone"] for line in path.read_text().splitlines()] == [MESSAGE.phone] * 2

    def test_that_cannot_be_written_is_a_failure(self, settings, tmp_path):
        settings.MESSAGE_GATEWAY, settings.MESSAGE_FILE = "file", str(tmp_path)

        assert hand_over(MESSAGE).failure == Failure.NO_ANSWER


class TestAnswers:
    @pytest.mark.parametrize(
        ("rule", "said", "is_good"),
        [
            ("", "anything", True),
            ("json:code=0", '{"code": 0}', True),
            ("json:code=0", '{"code": "0"}', True),
            ("json:code=0", '{"code": false}', False),
            ("json:data.0.status=OK", '{"data": [{"status": "OK"}]}', True),
            ("json:data.1.status=OK", '{"data": [{"status": "OK"}]}', False),
            ("json:code=0", "[", False),
            ("re:^(OK|0),", "0,123", True),
            ("re:^(OK|0),", "1,123", False),
        ],
    )
    def test_are_judged_by_the_rule(self, rule, said, is_good):
        assert is_success(rule, 200, said) is is_good

    def test_are_no_success_with_another_status(self):
        assert not is_success("", 404, "")

    def test_give_a_number_only_if_it_looks_like_one_and_is_no_code(self):
        assert gateway_id('{"id": 17}', "id") == "17"
        assert gateway_id('{"id": "a b"}', "id") == ""
        assert gateway_id(f'{{"id": "{CODE}"}}', "id", secrets=(CODE,)) == ""
        assert gateway_id('{"id": 17}', "") == ""

    @given(st.text(), st.text())
    def test_of_any_kind_are_read_without_an_error(self, said, path):
        assert found_at(said, path) is None or isinstance(found_at(said, path), str)


class TestTheSettings:
    HTTP = Gateway("http", "https://sms.example/send", body='{"p": "{phone}", "t": "{text}"}')

    def faults(self, **changed):
        return gateway_faults(Gateway(**{**self.HTTP.__dict__, **changed}), is_production=True)

    def test_fit(self):
        assert self.faults() == []
        assert gateway_faults(Gateway(""), is_production=True) == []
        assert self.faults(method="GET", url="https://s.example/?m={phone}&t={text}", body="") == []

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"kind": "pigeon"}, "MESSAGE_GATEWAY"),
            ({"url": ""}, "MESSAGE_URL"),
            ({"url": "ftp://sms.example"}, "MESSAGE_URL"),
            ({"url": "http://sms.example/send"}, "不能明文传输"),
            ({"method": "PUT"}, "MESSAGE_METHOD"),
            ({"body": "{phone}"}, "{text}"),
            ({"method": "GET"}, "{phone}、{text}"),
            ({"headers": "x"}, "MESSAGE_HEADERS"),
            ({"headers": '{"a": 1}'}, "MESSAGE_HEADERS"),
            ({"success": "code=0"}, "MESSAGE_SUCCESS"),
            ({"success": "re:("}, "正则表达式"),
            ({"success": "json:code"}, "MESSAGE_SUCCESS"),
            ({"rate": 0}, "MESSAGE_RATE"),
            ({"retries": -1}, "MESSAGE_RETRIES"),
            ({"timeout": 0}, "MESSAGE_TIMEOUT"),
        ],
    )
    def test_that_cannot_work_are_refused_in_chinese(self, changed, said):
        assert any(said in fault for fault in self.faults(**changed))


class TestTexts:
    def lines(self, number):
        return [CodeLine(f"区医保局待遇科{n}", CODE) for n in range(number)]

    def text(self, lines):
        return invitation(
            sign="南川评议办",
            name="张三",
            site="https://p.example",
            closes="7月1日18:00",
            lines=lines,
            recently="近半年",
        )

    def test_one_message_brings_all_sections_of_a_person(self):
        text = self.text(self.lines(2))

        assert text.count("/ballot/#") == 2
        assert "共2个科室" in text
        assert "共" not in self.text(self.lines(1))

    def test_a_link_may_offer_sections_first(self):
        line = CodeLine("", CODE, ("D01-01", "D02-03"))

        assert link("https://p.example/", line) == f"https://p.example/ballot/#{CODE}.D01-01,D02-03"

    @pytest.mark.parametrize(("length", "number"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
    def test_a_long_text_is_charged_as_several_messages(self, length, number):
        assert parts("字" * length) == number

    def test_masked_text_has_neither_phone_nor_code(self):
        shown = masked(f"13900000001 {self.text(self.lines(1))}")

        assert CODE not in shown
        assert "139****0001" in shown

    def test_a_reminder_is_the_same_for_everybody(self):
        assert reminder(sign="甲", closes="7月1日") == reminder(sign="甲", closes="7月1日")
        assert parts(reminder(sign="南川评议办", closes="07月01日18:00")) == 2

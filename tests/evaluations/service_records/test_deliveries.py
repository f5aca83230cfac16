"""The machine's way in: a token, one unit's day, the same answer to a repeat, every bad input answered in Chinese."""

import hashlib
import json

import pytest

from evaluations.service_records.models import RecordBatch, ServiceRecord, StatedCount
from evaluations.service_records.services.deliveries import token_faults
from evaluations.service_records.views import public as views
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web import rate_limits
from tests.factories import NOON, make_department, make_section

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-unit"
DAY = "2026-02-02"
CSV, LINES = "text/csv", "application/x-ndjson"


@pytest.fixture
def section(settings, monkeypatch):
    unit = make_department(code="D01", name="区林业局")
    settings.RECORDS_TOKENS = {"D01": hashlib.sha256(TOKEN.encode()).hexdigest()}
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return make_section(department=unit, code="D01-01", name="林政科")


@pytest.fixture
def post(client, section):
    def send(body, kind=CSV, *, unit="D01", day=DAY, token=TOKEN, query=""):
        return client.post(
            f"/api/service-records/{unit}/{day}/{query}",
            body if isinstance(body, bytes) else body.encode(),
            content_type=kind,
            headers={"authorization": f"Bearer {token}"},
        )

    return send


def csv(*lines):
    return "\n".join(("办件编号,科室,办结日期,姓名,手机号", *lines))


ONE, OTHER = f"1,林政科,{DAY},张三,13800000001", f"2,林政科,{DAY},李四,13800000002"


def errors(answer, status=400):
    assert answer.status_code == status
    assert not ServiceRecord.objects.exists() and not RecordBatch.objects.exists() and not StatedCount.objects.exists()
    return answer.json()["errors"]


def test_a_days_records_become_a_batch_of_the_chain(post):
    answer = post(csv(ONE, OTHER), query="?stated=3")
    assert answer.status_code == 200
    batch = RecordBatch.objects.get()
    assert answer.json() == {
        "unit": "D01",
        "day": DAY,
        "seq": 1,
        "records": 2,
        "head": batch.head,
        "new": 2,
        "known": 0,
        "without_phone": 0,
        "notices": [],
    }
    assert (batch.by, StatedCount.objects.get().records) == (None, 3)
    assert set(AuditEntry.objects.values_list("role", flat=True)) == {"API"}
    assert "session" not in str(answer.cookies)


def test_a_repeat_changes_nothing_and_has_the_same_answer(post):
    first, repeat = (post(csv(ONE, OTHER), query="?stated=2").json() for _ in range(2))
    assert {**repeat, "new": 2, "known": 0} == first
    assert (RecordBatch.objects.count(), ServiceRecord.objects.count()) == (1, 2)


def test_json_lines_may_have_headings_or_keys_and_leave_out_the_day(post):
    lines = [
        {"办件编号": "1", "科室": "D01-01", "姓名": "张三", "手机号": "13800000001"},
        {"number": 2, "section": "林政科", "finished_on": DAY, "name": "李四", "phone": 13800000002, "topic": None},
    ]
    answer = post("\n".join(json.dumps(line) for line in lines), LINES)
    assert (answer.status_code, answer.json()["new"]) == (200, 2)


def test_late_records_of_a_day_are_another_batch(post):
    post(csv(ONE))
    answer = post(csv(ONE, OTHER)).json()
    assert (answer["seq"], answer["records"], answer["known"]) == (2, 1, 1)


def test_an_empty_body_says_that_nothing_was_finished(post):
    answers = [post("").json() for _ in range(2)]
    assert [(one["seq"], one["records"]) for one in answers] == [(1, 0), (1, 0)]


def test_the_answer_tells_how_many_cannot_be_drawn(post):
    assert post(csv(ONE, f"2,林政科,{DAY},李四,")).json()["without_phone"] == 1


def test_another_stated_count_needs_a_reason(post):
    post(csv(ONE), query="?stated=1")
    answer = post(csv(ONE), query="?stated=2")
    assert answer.status_code == 400 and "改为2件须说明原因" in answer.json()["errors"][0]
    assert post(csv(ONE), query="?stated=2&reason=补登").status_code == 200
    assert StatedCount.objects.get().records == 2
    last = AuditEntry.objects.order_by("-seq").first()
    assert (last.reason, last.detail["before"], last.detail["records"]) == ("补登", 1, 2)


class TestRefusals:
    def test_without_the_units_token(self, post, client):
        assert errors(post(csv(ONE), token="other"), 401) == [
            "令牌无效：请在 Authorization 中写 Bearer 和本单位的令牌。"
        ]
        assert errors(post(csv(ONE), unit="D02"), 401)
        assert client.post(f"/api/service-records/D01/{DAY}/", b"", content_type=CSV).status_code == 401

    def test_of_a_unit_that_is_not_in_the_roster(self, post, settings):
        settings.RECORDS_TOKENS = {"D09": hashlib.sha256(TOKEN.encode()).hexdigest()}
        assert errors(post(csv(ONE), unit="D09"), 404) == ["名录中没有代码为“D09”的单位。"]

    def test_of_a_section_of_another_unit(self, post):
        other = make_section()
        assert errors(post(csv(f"1,{other.code},{DAY},张三,"))) == [
            f"第2行：科室“{other.code}”不是“区林业局”的科室，请核对。"
        ]

    def test_of_another_day_or_the_future(self, post):
        assert errors(post(csv("1,林政科,2026-02-03,张三,"))) == [
            f"第2行：“办结日期”的“2026-02-03”不是本次报送的{DAY}，请核对。"
        ]
        assert errors(post(csv(ONE), day="2026-03-03")) == ["办结日期在今天以后，请核对。"]
        assert errors(post(csv(ONE), day="2026-2-30")) == ["地址中的日期应写成2026-07-01的格式。"]

    @pytest.mark.parametrize("day", ["0206-02-02", "2023-03-01"])
    def test_of_a_day_too_long_ago_even_without_a_record(self, post, day):
        told = [f"办结日期{day}早于2023-03-02，请核对。"]
        assert errors(post("", day=day)) == errors(post("", day=day, query="?stated=3")) == told

    def test_of_a_week_for_a_day(self, post):
        assert errors(post("", day="2026-W05-1")) == ["地址中的日期应写成2026-07-01的格式。"]

    def test_of_a_body_without_its_length_which_would_count_as_a_day_without_records(self, client, section):
        headers = {"authorization": f"Bearer {TOKEN}", "transfer-encoding": "chunked"}
        answer = client.post(f"/api/service-records/D01/{DAY}/", content_type=CSV, headers=headers)
        assert "Content-Length" in errors(answer, 411)[0]

    @pytest.mark.parametrize(
        ("body", "kind", "text"),
        [
            (b"\xff\xfe\xff", CSV, "编码"),
            (b"\x80", LINES, "内容不是 UTF-8 编码，请核对。"),
            ("甲,乙\n1,2", CSV, "找不到"),
            ('办件编号,科室\n"1', CSV, "引号或者分隔符有误"),
            ("{", LINES, "第1行不是一个 JSON 对象，请每行写一件办件。"),
            ("[1]", LINES, "第1行不是一个 JSON 对象，请每行写一件办件。"),
            ('{"姓名": ["张三"]}', LINES, "第1行的“姓名”应为文字，请核对。"),
            ('{"number": "1", "mobile_no": "13800000001"}', LINES, "“mobile_no”不是办件清单的列"),
            ('{"phone": "13800000001", "手机": ""}', LINES, "“手机”与同一行的另一项是同一列"),
            ('{"phone": "13800000001", "phone": ""}', LINES, "“phone”与同一行的另一项是同一列"),
            ('{"\\ud800": "x"}', LINES, "“\\ud800”不是办件清单的列"),
            ('{"姓名": "张\\ud800"}', LINES, "第1行的“姓名”有不完整的字符，请核对。"),
            ("[" * 100_000, LINES, "第1行不是一个 JSON 对象，请每行写一件办件。"),
            (b"PK\x03\x04", CSV, "内容却是工作簿"),
        ],
    )
    def test_of_a_body_that_cannot_be_read(self, post, body, kind, text):
        assert text in errors(post(body, kind))[0]

    def test_of_other_types_and_sizes(self, post, monkeypatch):
        assert "text/csv" in errors(post(csv(ONE), "text/html"), 415)[0]
        monkeypatch.setattr(views, "MOST_BYTES", 10)
        assert errors(post(csv(ONE)), 413)

    def test_of_a_count_that_is_none(self, post):
        assert errors(post(csv(ONE), query="?stated=-1")) == ["stated 应为整数，即本单位自报的当日办件数。"]
        assert errors(post(csv(ONE), query="?stated=9999999")) == ["自报办件数应为0至1000000的整数，请核对。"]

    def test_of_very_many_faults_the_first_are_told(self, post, monkeypatch):
        monkeypatch.setattr(views, "MOST_ERRORS", 2)
        told = errors(post(csv(*(f"{n},没有,{DAY},张三," for n in range(5)))))
        assert len(told) == 3 and told[-1] == "共5处，只列出前2处。"

    def test_no_answer_repeats_a_phone(self, post):
        assert "1380000" not in errors(post(csv(f"1,林政科,{DAY},张三,13800000001234")))[0]

    def test_calls_are_limited(self, post, monkeypatch):
        monkeypatch.setitem(rate_limits.LIMITS, "record-delivery", rate_limits.Limit(1))
        answers = [post("", token="x") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [401, 429]
        assert answers[1].json() == {"errors": ["报送过于频繁，请一分钟后再试。"]}

    def test_of_characters_that_no_database_stores(self, post):
        assert "不能保存的字符" in errors(post("", query="?stated=1&reason=%00"))[0]

    def test_the_address_is_only_posted_to(self, client, section):
        assert client.get(f"/api/service-records/D01/{DAY}/").status_code == 405


def test_a_token_in_the_settings_instead_of_its_digest_is_found_at_the_start():
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    assert token_faults({"D01": digest, "D02": digest.upper()}) == []
    (fault,) = token_faults({"D01": digest, "D02": TOKEN, "D03": ""})
    assert fault.startswith("RECORDS_TOKENS：D02、D03的值不是SHA-256校验值")
    assert TOKEN not in fault

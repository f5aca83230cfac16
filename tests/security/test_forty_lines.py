"""The forty bad inputs of security.md 6, the examples that the tests near the code leave out; one test per line.

`test_bad_inputs.PROVED` says where each line's other examples are tried.
"""

import io
import json
import struct
import time
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import Workbook
from PIL import Image

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.rules import FileKind
from accountability.evidence.services.evidence import add_evidence
from accountability.objections.services import file_objection
from accountability.promotion_freezes.services import lift_freeze
from accountability.rectifications.services.items import close_item
from evaluations.ballots.models import BallotSpool
from evaluations.codes.services import issuing
from evaluations.draws.services import ceremony
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.voting import services as voting_services
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.users.models import User
from tests.accountability import factories as late
from tests.evaluations.voting.test_views import COMMENT, Phone, refused
from tests.factories import cast_ballots, make_codes, make_open_round, make_user
from tests.security import scenario

pytestmark = pytest.mark.django_db
AFTER = scenario.AFTER


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def denied():
    return list(AuditEntry.objects.filter(result="denied").values_list("action", flat=True))


def test_line_04_another_units_case_is_not_found_and_logged(client):
    foreign, own = scenario.measure(scenario.FOREIGN_UNIT), scenario.measure()
    client.force_login(make_user("liaison"))
    assert client.get(f"/work/talks/{own.pk}/").status_code == 200
    assert denied() == []
    assert client.get(f"/work/talks/{foreign.pk}/").status_code == 404
    assert denied() == ["acc.view"]
    assert client.get("/work/talks/999999/").status_code == 404


@pytest.mark.parametrize("address", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e/x", "..%5c..%5cx"])
def test_line_05_file_addresses_lead_to_files_only(client, address):
    client.force_login(make_user("chief"))
    for start in ("/evidence/", "/evidence/talk/", "/draws/x/", "/rounds/x/", "/static/"):
        assert client.get(f"{start}{address}").status_code == 404, start


@pytest.mark.parametrize("value", ["1_0", "٣", "５", "+7", "7.0", "6", "-1", "", "NaN", "1e999", str(10**30)])
def test_lines_06_and_07_a_score_that_is_none_is_refused_and_the_others_kept(voting, value):
    response = Phone(voting).review(__cold=value, __lazy="3", __manifestations=["LAZY-2"])
    refused(response, "该项选择有误")
    assert response.content.decode().count("checked") == 5


def test_line_10_a_missing_section_is_refused_and_not_knowing_any_is_stored(voting):
    phone = Phone(voting)
    refused(phone.cast(vote="[]"), "")
    unknown = {key: ["x"] for key in json.loads(vote_of(phone))[0][1]}
    assert phone.cast(vote=json.dumps([[phone.sections[0], unknown, []]])).status_code == 200
    assert BallotSpool.objects.count() == 1


def vote_of(phone):
    return json.dumps([[phone.sections[0], {k.split(".")[1]: v for k, v in phone.answers().items() if "." in k}, []]])


def test_line_11_a_comment_of_100000_characters_is_refused_and_direction_marks_are_cleaned(voting):
    refused(Phone(voting).review(comment=COMMENT + "长" * 100_000), "意见最多500字", keeps="")
    assert Phone(voting).cast(comment="好\u202e坏\u200b𫍯䶮😀").status_code == 200
    assert BallotSpool.objects.get().comment == "好坏𫍯䶮😀"


@pytest.mark.parametrize("text", ["{event.__class__}", "{{7*70011}}", "=cmd|' /C calc'!A0", "'; DROP TABLE x; --"])
def test_line_12_text_is_text(voting, client, text):
    assert Phone(voting).cast(comment=text).status_code == 200
    assert BallotSpool.objects.get().comment == text
    client.force_login(make_user("sysadmin"))
    client.post("/admin/nanchuan_eval/user/add/", {"username": "u1", "name": text, "is_active": "on"})
    account = User.objects.get(username="u1")
    page = client.get("/admin/nanchuan_eval/user/").content.decode()
    assert account.name == text
    assert "490077" not in page.replace(account.session_stamp, "") or text != "{{7*70011}}"


@pytest.mark.parametrize("path", ["/commission/x/export/", "/commission/x/publish/", "/logout/"])
def test_line_13_what_changes_something_is_not_done_by_get(client, path):
    client.force_login(make_user("commission"))
    assert client.get(path).status_code in {400, 405}
    assert not AuditEntry.objects.exclude(result="denied").exists()


def test_line_14_ten_megabytes_are_refused(client, voting):
    assert client.post("/ballot/review/", {"comment": "x" * 10_000_000}).status_code == 400
    body = b"a=1&" * 2_600_000
    answer = client.generic("POST", "/ballot/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.com", "testserver,evil.com", "testserver evil.com", "testserver/../evil.com", "@"]
)
def test_line_15_one_known_host(client, host):
    assert client.get("/", HTTP_HOST=host).status_code == 400


def test_line_16_a_forged_address_reaches_neither_the_trace_nor_the_limits(client):
    client.force_login(make_user("sysadmin"))
    client.post("/admin/nanchuan_eval/auditentry/export/", HTTP_X_FORWARDED_FOR="10.0.0.1", REMOTE_ADDR="6.6.6.6")
    assert AuditEntry.objects.get().address == "6.6.6.6"
    stranger = Client()
    for n in range(10):
        stranger.post("/ballot/", {"code": "AAAA"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}", REMOTE_ADDR="6.6.6.6")
    last = stranger.post("/ballot/", {"code": "AAAA"}, HTTP_X_FORWARDED_FOR="10.0.0.99", REMOTE_ADDR="6.6.6.6")
    assert last.status_code == 429


@pytest.mark.parametrize("body", ["{", '"\\ud800"', '"\\u0000"', "[" * 10_000, "null", "1e999", '[["x",{},[]]]'])
def test_line_17_json_that_is_none(voting, body):
    phone = Phone(voting)
    assert phone.cast(vote=body).status_code == 400
    assert phone.client.post("/ballot/", {"code": phone.code, "vote": body}).status_code in {200, 400}
    assert not BallotSpool.objects.exists()


def test_line_18_a_code_typed_with_o_and_i_is_accepted_once():
    round_ = make_open_round()
    code = next(code for code in make_codes(round_, 60) if "0" in code and "1" in code)
    typed = f" {format_code(code).lower().replace('0', 'o').replace('1', 'i')} "
    assert voting_services.admit(code=typed, at=scenario.NOON)
    cast_ballots(round_, [typed])
    with pytest.raises(RuleViolation, match="票号无法使用"):
        voting_services.admit(code=code, at=scenario.NOON)


def test_line_19_used_foreign_early_late_and_unknown_codes_get_one_answer_for_the_same_work(client, time_machine):
    time_machine.move_to(scenario.NOON, tick=False)
    codes = {"unknown": issuing.new_code()}
    for state in (RoundState.DRAWN, RoundState.SEALED):
        other = make_open_round()
        codes[state] = make_codes(other)[0]
        Round.objects.filter(pk=other.pk).update(state=state)
    open_ = make_open_round()
    codes["used"] = make_codes(open_)[0]
    cast_ballots(open_, [codes["used"]])
    answers = set()
    for code in codes.values():
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post("/ballot/", {"code": code})
        text = answer.content.decode().split('class="errors"')[1].split("</div>")[0]
        answers.add((answer.status_code, text, len(queries)))
    assert len(answers) == 1


def test_line_20_a_thousand_wrong_codes_slow_their_address_and_nobody_else(voting):
    guesser = Client(REMOTE_ADDR="6.6.6.6")
    statuses = [guesser.post("/ballot/", {"code": issuing.new_code()}).status_code for _ in range(1000)]
    assert statuses.count(400) <= 30  # ten a minute, whatever the clock did meanwhile
    assert set(statuses[10:]) <= {400, 429}
    (code,) = make_codes(voting)
    assert Client(REMOTE_ADDR="7.7.7.7").post("/ballot/", {"code": code}).status_code == 200


def test_line_26_a_cell_at_the_far_end_and_300_megabytes_of_text():
    for sheet in (far_end(), long_text()):
        began = time.process_time()
        try:
            rows = list(read_rows(sheet, "名录.xlsx"))
        except RuleViolation:
            rows = []
        assert len(rows) < 100
        assert time.process_time() - began < 1


def far_end():
    book, target = Workbook(), io.BytesIO()
    book.active["XFD1048576"] = "x"
    book.save(target)
    return target.getvalue()


def long_text():
    book, target = Workbook(), io.BytesIO()
    for row in range(300):
        book.active.append(["长" * 30_000 + str(row)] * 10)
    book.save(target)
    return target.getvalue()


def test_line_32_a_picture_loses_place_maker_remark_thumbnail_and_xmp(evidence_root):
    content = picture_with_marks()
    visit = scenario.visit()
    row = add_evidence(subject=visit, upload=late.make_file(content, "现场.jpg"), by=visit.inspectors.first(), at=AFTER)
    copy = b"".join(storage.read(storage.copy_path(row.pk), row.file_key))
    marks = (b"GPSMARK", b"MAKERMARK", b"REMARK-C", b"xmpmeta", b"THUMBMARK", b"Exif")
    assert [mark for mark in marks if mark in content] == list(marks)
    assert [mark for mark in marks if mark in copy] == []
    assert b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key)) == content


def picture_with_marks():
    exif, target = Image.Exif(), io.BytesIO()
    exif[0x010F] = "MAKERMARK"
    exif.get_ifd(0x8825)[29] = "GPSMARK"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">secret</x:xmpmeta>'
    Image.new("RGB", (40, 20), "red").save(target, "JPEG", exif=exif, comment=b"REMARK-C", xmp=xmp)
    content = target.getvalue()
    thumbnail = b"THUMBMARK" + bytes(20)
    return content[:2] + b"\xff\xed" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + content[2:]


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


PLACE = b"+29.1578+107.0984/"  # Nanchuan, as phones write it (ISO 6709)


def film():
    """An MP4 with the atom in which phones keep where it was made."""
    where = box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0x15C7), PLACE)
    head = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    return head + box(b"moov", box(b"mvhd", bytes(100)), box(b"udta", where)) + box(b"mdat", bytes(2000))


def test_line_33_a_film_with_its_place_is_sealed_and_nobody_is_shown_a_copy(client, evidence_root):
    visit = scenario.visit()
    inspector = visit.inspectors.first()
    client.force_login(inspector)
    sent = {"upload_id": scenario.new_id(), "file": SimpleUploadedFile("录像.mp4", film(), "video/mp4")}
    visit.visit_on = date(2020, 7, 18)
    assert client.post(f"/evidence/inspection/{visit.pk}/add/", sent).status_code == 302

    row = Evidence.objects.get()
    assert (row.kind, row.has_copy) == (FileKind.VIDEO, False)
    stored = [path.read_bytes() for path in evidence_root.rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert PLACE not in stored[0]
    assert client.get(f"/evidence/{row.pk}/").status_code == 404
    assert b"".join(storage.read(storage.original_path(row.pk, row.suffix), row.file_key)) == film()


@pytest.mark.parametrize(
    "name", ["..\\..\\evil.php", "a\x00.jpg", "长" * 300 + ".jpg", ".htaccess", "CON", "a\r\nb.jpg"]
)
def test_line_34_any_name_is_taken_and_none_is_used(client, evidence_root, name):
    visit = scenario.visit()
    client.force_login(visit.inspectors.first())
    sent = {"upload_id": scenario.new_id(), "file": SimpleUploadedFile("x.png", late.png(), "image/png")}
    sent["file"].name = name
    status = client.post(f"/evidence/inspection/{visit.pk}/add/", sent).status_code
    assert status in {302, 400}
    names = {path.name.split(".")[0] for path in evidence_root.rglob("*") if path.is_file()}
    assert names == {str(row.pk) for row in Evidence.objects.all()}


class TestLine38:
    """State: each is refused, and the text names the rule."""

    def refuse(self, text, service, **given):
        with pytest.raises(RuleViolation, match=text):
            service(**given)

    def test_line_38_publish_before_the_tally(self):
        round_ = scenario.to_publish(RoundState.SEALED)
        self.refuse(
            "“公示前十名”只能在“异议期”时进行", publish_and_start, round_id=round_.pk, by=late.make_account(), at=AFTER
        )

    def test_line_38_close_without_an_inspection(self):
        item = scenario.item(scenario.rectification(item="finished"), finished_at=AFTER)
        self.refuse("暗访", close_item, item_id=item.pk, verdict="已改", by=make_user("chief"), at=AFTER)

    @pytest.mark.parametrize(("days", "allowed"), [(0, True), (1, False)])
    def test_line_38_an_appeal_a_day_after_the_limit(self, days, allowed):
        round_ = scenario.published_list()
        published = round_.publications.get().published_at
        last = published + timedelta(days=round_.rulebook["appeal_days"] + days)
        given = {
            "section_id": round_.sections.get(code=scenario.OWN_UNIT).pk,
            "ground": "wrong_section",
            "facts": "不属于本科室",
            "by": late.make_account("L", "D01"),
            "at": last.astimezone(ZoneInfo("Asia/Shanghai")),
        }
        if allowed:
            assert file_objection(**given)
        else:
            self.refuse("已超过期限", file_objection, **given)

    @pytest.mark.parametrize(("day", "allowed"), [(89, False), (92, True)])
    def test_line_38_a_hold_lifted_on_day_89(self, day, allowed):
        """test_hold_91_days: three months from 10 July are 92 days."""
        starts = date(2020, 7, 10)
        held = scenario.held(starts_on=starts, ends_on=date(2020, 10, 10))
        on = starts + timedelta(days=day)
        given = {
            "freeze_id": held.pk,
            "on": on,
            "reason": "届满",
            "by": make_user("personnel"),
            "at": AFTER + timedelta(days=200),
        }
        if allowed:
            assert lift_freeze(**given).lifted_on == on
        else:
            self.refuse("期满前不能解除", lift_freeze, **given)

    def test_line_38_a_draw_drawn_twice(self):
        draw = scenario.published_draw()
        self.refuse("[一-龥]", ceremony.run_draw, draw_id=draw.pk, by=make_user("chief"), at=scenario.DAY_AFTER)

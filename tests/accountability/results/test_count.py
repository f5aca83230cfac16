"""计票记录 and 公示: signatures by one-time codes, files for recounting, versions that stay."""

import io
import json
import subprocess

import pytest
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from evaluations.draws.models import Draw, DrawEntry, SigningCode
from evaluations.publication.services import Correction
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.tally.models import CountSignature
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, NOON, make_account, make_bare_round, make_counted_round

pytestmark = pytest.mark.django_db
CODES = ["ABCDEFGHJKMNPQRSTVWX", "BBCDEFGHJKMNPQRSTVWX", "CBCDEFGHJKMNPQRSTVWX"]


def with_codes(round_, people=2):
    """A round whose drawn supervisors hold one signing code each."""
    draw = Draw.objects.create(
        round=round_, purpose="supervisors", draw_id=f"{round_.key}-s", params="{}", commit="", committed_at=NOON
    )
    for n in range(people):
        entry = DrawEntry.objects.create(draw=draw, stratum="市民", token=str(n), is_selected=True, place=n)
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(CODES[n].encode()))
    return round_


def sign(round_, code):
    return sign_count(round_id=round_.pk, code=code, at=NOON)


def login(client, role=Role.COMMISSION):
    account = make_account(role, "D01" if role == Role.LIAISON else "")
    client.force_login(account)


def text_of(pdf, tmp_path):
    (tmp_path / "out.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", str(tmp_path / "out.pdf"), "-"], capture_output=True, check=True)
    return done.stdout.decode()


class TestTheSignatures:
    def test_two_supervisors_sign_before_the_units_see_the_result(self):
        round_ = with_codes(make_counted_round(state=RoundState.COUNTED))
        assert missing_for(round_, Step.ANNOUNCE, NOON) == ["计票记录还差2名监督员签名。"]

        for code in CODES[:2]:
            sign(round_, code)

        assert missing_for(round_, Step.ANNOUNCE, NOON) == []
        assert CountSignature.objects.count() == 2

    def test_a_code_signs_once(self):
        round_ = with_codes(make_counted_round(state=RoundState.COUNTED))
        sign(round_, CODES[0])

        with pytest.raises(RuleViolation, match="已使用"):
            sign(round_, CODES[0])

        assert CountSignature.objects.count() == 1

    def test_another_rounds_code_signs_nothing(self):
        with_codes(make_counted_round("2019H2", state=RoundState.COUNTED))

        with pytest.raises(RuleViolation, match="不属于本轮"):
            sign(make_counted_round(state=RoundState.COUNTED), CODES[0])

    @pytest.mark.parametrize("state", [RoundState.SEALED, RoundState.PUBLISHED])
    def test_only_an_unpublished_count_is_signed(self, state):
        with pytest.raises(RuleViolation, match="尚未公示"):
            sign(with_codes(make_counted_round(state=state)), CODES[0])

    def test_a_wrong_code_is_refused_in_words_and_kept_in_the_form(self, client):
        with_codes(make_counted_round())
        login(client, Role.CLERK)

        answer = client.post("/commission/2020H1/count/", {"code": CODES[2]})

        assert answer.status_code == 400
        assert "签名码有误" in answer.content.decode()

    def test_the_page_shows_digests_and_who_signed(self, client):
        round_ = with_codes(make_counted_round())
        login(client, Role.CLERK)

        client.post("/commission/2020H1/count/", {"code": CODES[0]})

        page = client.get("/commission/2020H1/count/").content.decode()
        assert round_.tally.result_sha256 in page
        assert "暂无监督员签名" not in page


class TestTheFiles:
    @pytest.mark.parametrize("name", ["ballots", "rulebook", "result", "cells"])
    def test_are_downloaded_and_logged(self, client, name):
        round_ = make_counted_round()
        login(client, Role.SUPERVISOR)

        answer = client.post("/commission/2020H1/count/files/", {"file": name})

        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        tally = round_.tally
        wanted = {
            "ballots": b"ballot,channel",
            "rulebook": tally.rulebook.encode(),
            "result": tally.result.encode(),
            "cells": tally.cells.encode(),
        }
        assert content.startswith(wanted[name])
        assert AuditEntry.objects.filter(action="tally.verify").count() == 1

    def test_the_counted_lines_come_as_a_workbook_too(self, client):
        make_counted_round()
        login(client)

        answer = client.post("/commission/2020H1/count/files/", {"file": "lines"})

        book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        assert next(book["计票行"].iter_rows(values_only=True))[:4] == ("序号", "科室", "渠道", "冷")

    @pytest.mark.parametrize("role", [Role.LIAISON, Role.PERSONNEL, Role.SYSTEM_ADMIN])
    def test_are_refused_to_others(self, client, role):
        make_counted_round()
        login(client, role)

        assert client.post("/commission/2020H1/count/files/", {"file": "ballots"}).status_code == 403

    @pytest.mark.parametrize(("method", "name"), [("NC-2", ""), ("NC-2", "nonsense"), ("NC-1", "cells")])
    def test_an_unknown_file_or_one_of_another_method_is_not_found(self, client, method, name):
        make_counted_round(rulebook=default_rulebook(method))
        login(client)

        assert client.post("/commission/2020H1/count/files/", {"file": name}).status_code == 404

    def test_there_are_none_before_the_count(self, client):
        make_bare_round(state=RoundState.SEALED)
        login(client)

        assert client.post("/commission/2020H1/count/files/", {"file": "ballots"}).status_code == 404

    @pytest.mark.pdftext
    def test_the_record_is_a_document_with_digests_and_signature_lines(self, client, tmp_path):
        make_counted_round()
        login(client)

        text = text_of(client.post("/commission/2020H1/count/files/", {"file": "record"}).content, tmp_path)

        for shown in ("计票记录", "bbbbbbbb", "监督员", "D01-01", "rulebook.json"):
            assert shown in text


class TestTheNotice:
    def published(self):
        round_ = make_counted_round(places=12)
        publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
        round_.refresh_from_db()
        return round_

    def corrected(self):
        round_ = self.published()
        correction = Correction("经复核撤下", ("D01-01",))
        correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=LATER)
        return round_

    def test_the_old_version_stays_visible_and_is_marked(self, client):
        self.corrected()

        old = client.get("/list/2020H1/?version=1").content.decode()
        new = client.get("/list/2020H1/").content.decode()

        assert "这是已被更正的第1版" in old
        assert "第D01-01科" in old
        assert "经更正撤下：D01局第D01-01科（原第1位）" in new
        assert "更正说明（第2版，2020年7月20日）：经复核撤下" in new
        assert "已被更正" in new

    @pytest.mark.parametrize("version", ["3", "x", "0"])
    def test_an_unknown_version_is_not_found(self, client, version):
        self.published()

        assert client.get(f"/list/2020H1/?version={version}").status_code == 404

    @pytest.mark.pdftext
    def test_the_pdf_has_the_content_of_the_page_and_no_more(self, client, tmp_path):
        round_ = self.corrected()

        text = text_of(client.get("/list/2020H1/1/notice.pdf").content, tmp_path)

        flat = "".join(text.split())
        for shown in ("关于2020年上半年最难办事科室群众评结果的公示", "D01-01科", "电话"):
            assert shown in flat
        for hidden in ("59.12", "孙科长", "赵副局长", "得票"):
            assert hidden not in flat
        assert round_.publications.first().content_sha256[:8] in text

    def test_the_newspapers_html_has_neither_style_nor_script(self, client):
        self.published()

        page = client.get("/list/2020H1/1/notice.html").content.decode()

        assert page.count("<tr>") == 11 + 4  # the listed sections and the channels, each with a head
        for absent in ("<style", "<script", "class=", "59.12", "孙科长"):
            assert absent not in page

    @pytest.mark.parametrize("address", ["2/notice.pdf", "2/notice.html"])
    def test_an_unpublished_version_has_no_document(self, client, address):
        self.published()

        assert client.get(f"/list/2020H1/{address}").status_code == 404

    def test_the_notice_is_exactly_the_frozen_content(self):
        round_ = self.published()
        publication = round_.publications.get()

        assert sha256_hex(publication.content.encode()) == publication.content_sha256
        assert len(json.loads(publication.content)["entries"]) == 10

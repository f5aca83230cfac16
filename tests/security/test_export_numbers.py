"""Whatever leaves the system unpublished bears the number of its log entry, in the file or in its name."""

import io
import re
import shutil
import subprocess
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from accountability.objections.rules import ObjectionState
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core import export_numbers
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.spreadsheets import stream_workbook
from tests.accountability.factories import (
    LATER,
    make_account,
    make_counted_round,
    make_published_round,
    make_rectification,
)
from tests.factories import NOON, make_user
from tests.security import scenario

pytestmark = pytest.mark.django_db


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def number_in(answer):
    """The number that the file itself bears, else the one in its name."""
    content = body(answer)
    if content.startswith(b"PK"):
        book = load_workbook(io.BytesIO(content))
        feet = {sheet.oddFooter.left.text for sheet in book.worksheets}
        assert feet == {book.properties.description}
        return int(re.search(r"导出编号(\d+)", feet.pop())[1])
    if content.startswith(b"%PDF"):
        done = subprocess.run([shutil.which("pdftotext"), "-", "-"], input=content, capture_output=True, check=True)
        if found := re.search(r"导出编号\s*(\d+)", done.stdout.decode()):
            return int(found[1])
    if content.startswith(b"#"):
        return int(re.search(r"导出编号(\d+)", content.decode())[1])
    return int(re.search(r"%E5%AF%BC%E5%87%BA(\d+)", answer["Content-Disposition"])[1])


def last():
    return AuditEntry.objects.latest("seq").seq


@pytest.mark.pdftext
class TestEveryExport:
    def check(self, client, path, method="post", **data):
        answer = getattr(client, method)(path, data)
        assert answer.status_code == 200, (path, answer.status_code)
        assert number_in(answer) == last(), path

    def test_workbooks_files_and_papers_of_a_result(self, client):
        round_ = make_counted_round()
        client.force_login(make_account())
        self.check(client, f"/commission/{round_.key}/export/")
        self.check(client, f"/commission/{round_.key}/sections/D01-01/print/", "get")
        for file in ("ballots", "rulebook", "result", "lines", "record"):
            self.check(client, f"/commission/{round_.key}/count/files/", file=file)

    def test_notices_and_circulars(self, client):
        round_ = make_published_round()
        client.force_login(make_user("clerk"))
        for which in ("notice", "units"):
            asked = {"which": which, "number": "南评办〔2020〕3号", "dated_on": "2020-07-31", "form": "pdf"}
            self.check(client, f"/commission/{round_.key}/papers/", **asked)

    @pytest.mark.parametrize(
        ("role", "path", "table"),
        [
            (Role.COMMISSION, "/commission/2020H1/", "all"),
            (Role.COMMISSION, "/commission/2020H1/changes/", "changes"),
            (Role.COMMISSION, "/work/rectifications/", "rectifications"),
            (Role.COMMISSION, "/work/objections/", "objections"),
            (Role.COMMISSION, "/work/leads/", "leads"),
            (Role.PERSONNEL, "/personnel/places/", "places"),
            (Role.PERSONNEL, "/personnel/", "freezes"),
            (Role.PERSONNEL, "/personnel/assessment/2020/", "listings"),
            (Role.SUPERVISOR, "/work/roster/", "roster"),
        ],
    )
    def test_tables_of_staff_pages(self, client, role, path, table):
        make_counted_round(state=RoundState.PUBLISHED)
        client.force_login(make_account(role))
        self.check(client, path, export=table)

    def test_case_papers(self, client):
        make_rectification()
        commission = make_account()
        client.force_login(commission)
        self.check(client, "/work/rectifications/ledger/")
        talk = scenario.talk()
        self.check(client, f"/work/talks/records/{talk.pk}/print/", "get")
        plan = scenario.planned_talk().talk_plans.get()
        self.check(client, f"/work/talks/plans/{plan.pk}/notice/", "get")
        decided = {"outcome": "rejected", "answer": "维持", "decided_by": commission, "decided_at": NOON}
        objection = scenario.objection(state=ObjectionState.DECIDED, **decided)
        self.check(client, f"/work/objections/{objection.pk}/print/", "get")
        order = scenario.order()
        self.check(client, f"/work/orders/{order.pk}/print/", "get")

    def test_what_personnel_takes(self, client):
        client.force_login(make_account(Role.PERSONNEL))
        freeze = scenario.held(ends_on=date(2020, 7, 15))
        self.check(client, f"/personnel/freezes/{freeze.pk}/certificate/")
        asked = SimpleUploadedFile("名单.csv", "姓名\n陈刚\n".encode())
        page = client.post("/personnel/many/", {"file": asked}).context["page"]
        self.check(client, "/personnel/many/answers/", asked=page.asked)

    def test_the_trace_itself(self, client):
        client.force_login(make_user("auditor"))
        self.check(client, "/admin/nanchuan_eval/auditentry/export/")

    def test_lists_of_drawn_people(self, client, time_machine):
        time_machine.move_to(NOON)
        draw = scenario.published_draw()
        client.force_login(make_user("clerk"))
        for form in ("pdf", "sms"):
            answer = client.post(f"/admin/evaluations/draw/{draw.pk}/letters/", {"form": form, "reason": "通知"})
            if answer["Content-Type"] != "application/zip":
                assert number_in(answer) == last(), form
        self.check(client, f"/admin/evaluations/round/{draw.round_id}/labels/", reason="寄票")


def test_a_file_made_outside_an_export_bears_no_number():
    target = io.BytesIO()
    stream_workbook(target, "x", ["a"], [["b"]])
    assert load_workbook(io.BytesIO(target.getvalue())).properties.description is None
    assert b"%PDF" in render_pdf(
        "record", {"title": "", "demo": "", "subtitle": "", "pairs": [], "signers": [], "note": ""}, at=NOON
    )


def test_the_number_goes_before_the_ending():
    assert export_numbers.numbered_filename("ballots.csv", 7) == "ballots-导出7.csv"
    assert export_numbers.numbered_filename("名单", 7) == "名单-导出7"


def test_what_comes_after_an_export_bears_nothing(django_user_model):
    with audit.exporting("acc.view", None, by=make_account(), at=LATER, what="x"):
        assert "导出编号" in export_numbers.current()
    assert export_numbers.current() == ""

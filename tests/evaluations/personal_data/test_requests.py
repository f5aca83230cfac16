"""Requests about one's own data: submitted by anybody, answered with approval; corrections change no draw."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from evaluations.draws.queries.people import reference_of
from evaluations.personal_data.models import DataRequest, Wish
from evaluations.personal_data.services import requests
from evaluations.personal_data.services.people import held_about
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import contact_of
from evaluations.pools.rules.kinds import PoolKind
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.retention import services as retention
from tests.factories import NOON, commit, make_department, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db
PHONE, NEW = "13912345678", "13700000007"
NAME = "赵钱孙"


def make_person(round_=None, phone=PHONE, **fields):
    fields = {"kind": PoolKind.EVALUATORS, "stratum": "其他", "name": "赵钱孙", "unit": "某社区", **fields}
    return PoolEntry.objects.create(round=round_ or make_round(), phone=phone, phone_hash=keyed_hash(phone), **fields)


def committed_person():
    round_ = make_round(state="frozen", rulebook={"evaluators": 20})
    make_pool(round_)
    commit(round_)
    return round_.pool.first()


def correct(entry, **changes):
    return requests.correct_person(
        entry_id=entry.pk, changes=changes, reason="本人申请", by=make_user("chief"), at=NOON
    )


class TestThePublicForm:
    def post(self, client, **fields):
        return client.post("/privacy/request/", {"wish": "view", "phone": PHONE, "text": "", **fields})

    def test_is_linked_from_the_notice_and_returns_a_number(self, client, time_machine):
        time_machine.move_to(NOON)
        assert 'href="/privacy/request/"' in client.get("/privacy/").content.decode()
        page = self.post(client, phone="139 1234-5678").content.decode()
        row = DataRequest.objects.get()
        assert row.reference in page
        assert PHONE not in page
        assert (row.phone, row.due_on.isoformat()) == (PHONE, "2026-03-23")  # 15 working days after 2 March

    def test_leaves_no_name_in_the_audit_log(self, client):
        self.post(client)
        logged = AuditEntry.objects.get(action="privacy.request")
        assert (logged.actor, logged.address, PHONE in str(logged.link)) == (None, "", False)

    def test_answers_known_and_unknown_phones_alike(self, client):
        make_person()
        known, unknown = self.post(client), self.post(client, phone=NEW)
        strip = lambda answer, row: answer.content.decode().replace(row.reference, "")  # noqa: E731
        rows = DataRequest.objects.order_by("pk")
        assert strip(known, rows[0]) == strip(unknown, rows[1])

    @pytest.mark.parametrize("fields", [{"phone": "12345"}, {"phone": ""}, {"wish": "x"}, {"wish": "correct"}])
    def test_refuses_invalid_input_in_chinese_and_keeps_it(self, client, fields):
        answer = self.post(client, **fields)
        assert answer.status_code == 400
        assert "请检查" in answer.content.decode()
        assert not DataRequest.objects.exists()

    def test_is_rate_limited(self, client):
        assert [self.post(client).status_code for _ in range(6)] == [200] * 5 + [429]


class TestCorrecting:
    def test_before_the_commitment_everything_may_be_corrected(self):
        entry = make_person()
        correct(entry, name="赵钱", phone=NEW)
        entry.refresh_from_db()
        assert (entry.name, entry.unit, entry.phone, entry.phone_hash) == ("赵钱", "某社区", NEW, keyed_hash(NEW))

    def test_after_it_only_the_contact_phone_changes_and_the_token_still_matches(self):
        entry = committed_person()
        before = reference_of(entry)
        with pytest.raises(RuleViolation, match="只能更正联系"):
            correct(entry, name="别人")
        correct(entry, phone=NEW)
        entry.refresh_from_db()
        assert (contact_of(entry), reference_of(entry)) == (NEW, before)
        assert entry.masked_phone == "137****0007"
        assert held_about(keyed_hash(NEW))[0]["手机号"] == NEW

    def test_cannot_use_the_phone_of_another_entry(self):
        entry = make_person()
        make_person(entry.round, phone=NEW)
        with pytest.raises(RuleViolation, match="已有这个手机号"):
            correct(entry, phone=NEW)

    def test_takes_two_persons_and_stores_no_phone_in_the_proposal(self, client, settings):
        settings.TWO_PERSON_RULE = True
        entry = make_person()
        client.force_login(make_user("clerk"))
        client.post(
            f"/admin/evaluations/poolentry/{entry.pk}/correct/",
            {"name": "赵钱孙", "unit": "某社区", "phone": NEW, "reason": "换号"},
        )
        approval = Approval.objects.get()
        assert NEW not in str(approval.arguments) + str(approval.content)
        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)
        entry.refresh_from_db()
        assert entry.phone == NEW

    @pytest.mark.parametrize("typed", ["+86 137-0000-0007", "１３７０００００００７", "0086 13700000007"])
    def test_takes_a_phone_as_people_write_it(self, client, typed):
        entry = make_person()
        client.force_login(make_user("chief"))
        address = f"/admin/evaluations/poolentry/{entry.pk}/correct/"
        client.post(address, {"name": "", "unit": "", "phone": typed, "reason": "换号"})
        entry.refresh_from_db()
        assert (entry.name, entry.phone) == ("赵钱孙", NEW)

    @pytest.mark.parametrize(
        ("unit", "hint"),
        [
            ("区公安局", "更正后，所在单位“区公安局”是评议对象“公安局”，请核对是否登记回避。"),
            ("公安局巡逻队", "更正后，单位“公安局巡逻队”是不是评议对象“公安局”的，请核对是否登记回避。"),
            ("另一社区", ""),
        ],
    )
    def test_shows_the_approver_a_unit_that_is_rated(self, client, settings, unit, hint):
        settings.TWO_PERSON_RULE = True
        make_department(name="公安局")
        entry = make_person()
        client.force_login(make_user("clerk"))
        address = f"/admin/evaluations/poolentry/{entry.pk}/correct/"
        client.post(address, {"name": "赵钱孙", "unit": unit, "phone": "", "reason": "调动"})
        assert Approval.objects.get().content.get("回避提示", "") == hint


class TestTheStaffPage:
    @pytest.fixture(autouse=True)
    def two_persons(self, settings, time_machine):
        settings.TWO_PERSON_RULE = True
        time_machine.move_to(NOON)

    def ask(self):
        return requests.submit_request(wish=Wish.VIEW, phone=PHONE, at=NOON)

    def post(self, client, row, act, **fields):
        typed = {f"{act}-{key}": value for key, value in fields.items()}
        return client.post(f"/admin/evaluations/datarequest/{row.pk}/handle/", {"act": act, **typed}, follow=True)

    def test_a_copy_is_approved_and_downloaded_once(self, client):
        make_person()
        row, clerk = self.ask(), make_user("clerk")
        client.force_login(clerk)
        self.post(client, row, "copy", reason="当面核对身份证")
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        address = f"/admin/evaluations/datarequest/{row.pk}/copy/"
        answer = client.post(address, {"name": "别人"}, follow=True).content.decode()
        assert "没有这个手机号、这个姓名的信息" in answer  # and the approval is not used up
        book = load_workbook(io.BytesIO(client.post(address, {"name": NAME}).content))

        logged = AuditEntry.objects.get(detail__step_label="导出本人信息")
        assert f"导出编号{logged.seq}" in book.worksheets[0].oddFooter.left.text
        assert PHONE in [cell.value for line in book.worksheets[0] for cell in line]
        assert "须先提请" in client.post(address, {"name": NAME}, follow=True).content.decode()

    def test_the_answer_takes_two_persons_and_closes_the_request(self, client):
        row = self.ask()
        client.force_login(make_user("clerk"))
        page = self.post(client, row, "answer", state="declined", answer="名单库中没有您的信息").content.decode()
        assert "等待" in page
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)
        row.refresh_from_db()
        assert (row.state, row.answer) == ("declined", "名单库中没有您的信息")

    def test_the_phone_is_shown_for_a_reason(self, client):
        row = self.ask()
        client.force_login(make_user("clerk"))
        assert PHONE not in client.get(f"/admin/evaluations/datarequest/{row.pk}/handle/").content.decode()
        assert PHONE in self.post(client, row, "phone", reason="回电").content.decode()
        assert AuditEntry.objects.get(action="pool.unmask").reason == "回电"

    @pytest.mark.parametrize("role", ["commission", "personnel", "auditor"])
    def test_others_do_not_see_it(self, client, role):
        row = self.ask()
        client.force_login(make_user(role))
        assert client.get(f"/admin/evaluations/datarequest/{row.pk}/handle/").status_code == 403

    @pytest.mark.django_db(transaction=True)
    def test_a_year_after_the_answer_the_phone_is_erased(self):
        row = self.ask()
        DataRequest.objects.update(state="done", answer="已办", answered_at=NOON)
        assert retention.purge(by=OPERATOR, at=NOON + timedelta(days=364)) == {}
        retention.purge(by=OPERATOR, at=NOON + timedelta(days=366))
        row.refresh_from_db()
        assert (row.phone, row.text, row.state) == ("", "", "done")


def test_without_an_authorization_nothing_is_exported(settings):
    settings.TWO_PERSON_RULE = True
    make_person()
    row = requests.submit_request(wish=Wish.VIEW, phone=PHONE, at=NOON)
    with pytest.raises(RuleViolation, match="须先提请"):
        requests.copy_for_person(request_id=row.pk, name=NAME, by=make_user("clerk"), at=NOON)
    assert authorizations.authorization_of(requests.COPY, row, by=None, at=NOON) is None

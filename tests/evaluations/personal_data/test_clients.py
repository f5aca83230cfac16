"""People in service records: what is held about them, erasure on request, names that leave after the round."""

import io
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from evaluations.draws.models import Draw, DrawEntry
from evaluations.personal_data.models import DataRequest, Wish
from evaluations.personal_data.services import clients, people, requests
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import chain_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.retention import services as retention
from tests.evaluations.service_records.factories import make_client, make_records
from tests.factories import NOON, make_round, make_section, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db
PHONE = "13712345678"
IN_PERIOD, LATER, EARLIER = date(2020, 3, 2), date(2020, 7, 1), date(2019, 12, 31)


def _over(days=61, state=RoundState.PUBLISHED, **fields):
    round_ = make_round(state=state, **fields)
    RoundStep.objects.create(round=round_, state=state, at=NOON - timedelta(days=days))
    return round_


def _drawn(client, round_, section):
    draw = Draw.objects.create(
        round=round_, purpose="clients", draw_id=f"d{round_.pk}", params="{}", commit="0", committed_at=NOON
    )
    stratum = f"{section.code} {section.name}"
    return DrawEntry.objects.create(draw=draw, stratum=stratum, token="t", client=client, is_selected=True)


@pytest.mark.django_db(transaction=True)
class TestRetention:
    """`manage.py purge` takes the names out of the records, and leaves what was counted."""

    def purge(self):
        return retention.purge(by=OPERATOR, at=NOON)

    def test_names_leave_sixty_days_after_the_round_and_counts_stay(self):
        section, round_ = make_section(), _over()
        make_records(section, make_client(), make_client(), on=IN_PERIOD)
        make_records(section, make_client(), on=EARLIER)
        assert self.purge() == {"办件与办事人的对应": 3, "办件中的姓名、手机号、单位": 3}
        assert not Client.objects.exists()
        assert (ServiceRecord.objects.filter(client=None).count(), RecordBatch.objects.count()) == (3, 2)
        assert self.purge() == {}
        assert round_.pk

    def test_the_salt_of_a_batch_leaves_with_its_last_name_so_that_nobody_can_try_names_out(self):
        section, stays = make_section(), make_client()
        make_records(section, make_client(), stays, on=IN_PERIOD)
        make_records(section, stays, on=LATER)
        _over()
        self.purge()
        salts = RecordBatch.objects.order_by("day").values_list("salt", flat=True)
        assert [bool(salt) for salt in salts] == [False, True]
        assert chain_of(section.department.code) and self.purge() == {}

    def test_it_leaves_when_names_were_unlinked_before_salts_left_too(self):
        make_records(make_section(), None)
        assert self.purge() == {"办件批次的随机数": 1}

    def test_of_a_round_younger_than_that_or_under_way_they_stay(self):
        make_records(make_section(), make_client())
        _over(days=59)
        assert self.purge() == {}
        make_round()
        Round.objects.filter(state=RoundState.PUBLISHED).update(state=RoundState.VOID)
        assert self.purge() == {}
        assert Client.objects.exclude(name="").count() == 1

    def test_records_for_the_coming_round_keep_their_names(self):
        section = make_section()
        both, only_before = make_client(), make_client()
        make_records(section, both, only_before, on=IN_PERIOD)
        make_records(section, both, on=LATER)
        _over()
        assert self.purge() == {"办件与办事人的对应": 2, "办件中的姓名、手机号、单位": 1}
        assert list(Client.objects.all()) == [both]
        assert [record.finished_on for record in both.records.all()] == [LATER]

    def test_a_period_shared_with_another_round_under_way_keeps_them(self):
        make_records(make_section(), make_client())
        _over()
        make_round(period_start=date(2020, 3, 1), period_end=date(2020, 8, 31))
        assert self.purge() == {}

    def test_whoever_stands_in_a_draw_leaves_an_empty_row(self):
        section, round_, client = make_section(), _over(), make_client(unit="某公司")
        make_records(section, client)
        entry = _drawn(client, round_, section)
        self.purge()
        client.refresh_from_db()
        entry.refresh_from_db()
        assert (client.name, client.phone, client.phone_hash, client.unit) == ("", "", "", "")
        assert (entry.client, entry.token) == (client, "t")

    def test_earlier_erasure_of_a_round_takes_them_too(self):
        round_ = _over(days=1, state=RoundState.VOID)
        make_records(make_section(), make_client())
        with policy.approved(people.PURGE):
            people.purge_round(round_id=round_.pk, reason="作废", by=make_user("chief"), at=NOON)
        assert not Client.objects.exists()
        assert AuditEntry.objects.get(action=people.PURGE).detail == {"rows": {"办件中的姓名、手机号、单位": 1}}
        with pytest.raises(RuleViolation, match="已经清除"), policy.approved(people.PURGE):
            people.purge_round(round_id=round_.pk, reason="作废", by=make_user("chief"), at=NOON)


class TestMissingPeople:
    """A person may be missing from a record after the round, or by a logged erasure; not otherwise."""

    def test_a_person_taken_out_behind_the_log_is_noticed(self):
        section = make_section()
        make_records(section, make_client(), make_client())
        assert list(clients.unnamed_faults()) == []
        ServiceRecord.objects.filter(pk=ServiceRecord.objects.first().pk).update(client=None)
        assert "有1件未到清除期限的办件没有办事人" in next(clients.unnamed_faults())
        _over()
        assert list(clients.unnamed_faults()) == []

    def test_an_erasure_explains_its_records_and_no_more(self):
        person, other = make_client(), make_client()
        make_records(make_section(), person, person, other)
        with policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="申请", by=make_user("chief"), at=NOON)
        assert list(clients.unnamed_faults()) == []
        ServiceRecord.objects.update(client=None)
        assert "有3件" in next(clients.unnamed_faults())

    def test_an_erasure_explains_its_own_records_only(self):
        person, other = make_client(), make_client()
        make_records(make_section(), person, person, other)
        with policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="申请", by=make_user("chief"), at=NOON)
        # Another person's record instead of one that the erasure took.
        erased = ServiceRecord.objects.filter(client=None).first()
        ServiceRecord.objects.filter(pk=erased.pk).update(client=make_client())
        other.records.update(client=None)
        assert "有2件未到清除期限的办件没有办事人，其中操作日志所记的本人申请删除只有1件" in next(
            clients.unnamed_faults()
        )


class TestOnRequest:
    """Access and erasure on request."""

    @pytest.fixture
    def person(self):
        return make_client(name="赵钱孙", phone=PHONE)

    def test_each_record_is_told_and_whether_it_was_drawn(self, person):
        section, other, round_ = make_section(), make_section(), make_round()
        make_records(section, person)
        make_records(other, person, on=EARLIER)
        _drawn(person, round_, section)
        with exactly(5):
            held = people.held_about(keyed_hash(PHONE))
        assert [(each["轮次"], each["是否抽中"], each["手机号"]) for each in held] == [
            ("", "否", PHONE),
            (round_.name, "是", PHONE),
        ]
        assert section.code in held[1]["办过事的科室"]

    def test_the_command_exports_them_and_the_log_has_no_phone(self, person):
        make_records(make_section(), person)
        out = io.StringIO()
        call_command("export_person", PHONE, stdout=out)
        assert "赵钱孙" in out.getvalue()
        assert PHONE not in str(AuditEntry.objects.get(action="privacy.handle").detail)

    def test_of_people_who_share_the_phone_each_is_told_of_themselves(self, person):
        section = make_section()
        make_records(section, person)
        make_records(section, make_client(phone=PHONE, name="李四"))
        assert [each["姓名"] for each in people.held_about(keyed_hash(PHONE), "李四")] == ["李四"]
        with pytest.raises(RuleViolation, match="由几个人共用，请写明本人的姓名"):
            call_command("export_person", PHONE)
        out = io.StringIO()
        call_command("export_person", PHONE, "赵 钱孙", stdout=out)
        assert "赵钱孙" in out.getvalue() and "李四" not in out.getvalue()

    def test_erasing_takes_two_persons(self, client, settings, person):
        settings.TWO_PERSON_RULE = True
        record = make_records(make_section(), person)[0]
        row = requests.submit_request(wish=Wish.DELETE, phone=PHONE, at=NOON)
        client.force_login(make_user("clerk"))
        page = client.get(f"/admin/evaluations/datarequest/{row.pk}/handle/").content.decode()
        address = f"/admin/evaluations/datarequest/{row.pk}/client/{person.pk}/erase/"
        assert address in page
        assert "137****5678" in client.get(address).content.decode()
        client.post(address, {"reason": "身份证当面核对"})
        assert Client.objects.get().name == "赵钱孙"

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        record.refresh_from_db()
        assert not Client.objects.exists()
        assert record.client is None
        assert people.held_about(keyed_hash(PHONE)) == []

    def test_another_persons_records_are_not_found_by_the_request(self, client, person):
        row = requests.submit_request(wish=Wish.DELETE, phone="13900000001", at=NOON)
        client.force_login(make_user("chief"))
        answer = client.get(f"/admin/evaluations/datarequest/{row.pk}/client/{person.pk}/erase/")
        assert answer.status_code == 404

    def test_whoever_is_drawn_is_erased_only_after_the_round(self, person):
        section, round_ = make_section(), make_round()
        _drawn(person, round_, section)
        with pytest.raises(RuleViolation, match="已被抽中"), policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="x", by=make_user("chief"), at=NOON)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.VOID)
        with policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="x", by=make_user("chief"), at=NOON)
        person.refresh_from_db()
        assert (person.name, person.phone) == ("", "")

    def test_whoever_may_still_be_drawn_is_erased_only_after_sealing(self, person):
        section, round_ = make_section(), make_round()
        entry = _drawn(person, round_, section)
        DrawEntry.objects.filter(pk=entry.pk).update(is_selected=False)
        with pytest.raises(RuleViolation, match="封箱后方可删除"), policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="x", by=make_user("chief"), at=NOON)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.SEALED)
        with policy.approved(clients.ERASE):
            clients.erase_client(client_id=person.pk, reason="x", by=make_user("chief"), at=NOON)

    @pytest.mark.parametrize("role", ["commission", "personnel", "sysadmin", "auditor", "liaison"])
    def test_others_are_refused(self, client, role, person):
        row = DataRequest.objects.create(
            reference="X",
            wish=Wish.DELETE,
            phone=PHONE,
            phone_hash=keyed_hash(PHONE),
            received_at=NOON,
            due_on=IN_PERIOD,
        )
        client.force_login(make_user(role))
        address = f"/admin/evaluations/datarequest/{row.pk}/client/{person.pk}/erase/"
        assert client.post(address, {"reason": "x"}).status_code in {302, 403}
        assert Client.objects.get().name == "赵钱孙"
        assert not Approval.objects.exists()

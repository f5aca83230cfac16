"""本单位办件: a liaison states the unit's count and uploads its records, of that unit alone."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.service_records.models import RecordBatch, ServiceRecord, StatedCount
from evaluations.service_records.services.own import import_own
from evaluations.service_records.services.stated import state_count
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import FileRefused
from nanchuan_eval.permissions import policy
from tests.evaluations.service_records.test_chain_pages import text_of
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = pytest.mark.django_db
PAGE, COUNT, FILE = "/work/records/", "/work/records/count/", "/work/records/file/"
HEAD = "办件编号,科室,办结日期,姓名,手机号\n"


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def section():
    return make_section(department=make_department(code="D01", name="区林业局"), code="D01-01")


@pytest.fixture
def other():
    return make_section(department=make_department(code="D02", name="区水利局"), code="D02-01")


@pytest.fixture
def liaison(client, section):
    account = make_user("liaison")
    client.force_login(account)
    return account


def upload(*lines, **given):
    content = HEAD + "".join(f"{line}\n" for line in lines)
    return {"file": SimpleUploadedFile("办件.csv", content.encode()), **given}


class TestPage:
    def test_it_shows_received_stated_and_what_was_stated_before(self, client, liaison):
        client.post(FILE, upload("1,D01-01,2026-02-02,张三,13800000001"))
        client.post(COUNT, {"counts": "2026-02-02 3"})
        answer = client.post(COUNT, {"counts": "2026-02-02 2"})
        assert answer.status_code == 400 and "须说明原因" in text_of(answer)
        client.post(COUNT, {"counts": "2026-02-02 2", "reason": "重新核对"})
        text = text_of(client.get(PAGE))
        assert "有1天收到的件数与本单位自报的件数不同，请核对。" in text
        assert "2026-02-02 1 2 3 不一致" in text or "2026年2月2日 1 2 3 不一致" in text

    def test_the_days_of_a_period_are_stated_at_once_all_or_none(self, client, liaison):
        pasted = "2026年1月28日\t12\r\n2026/1/29\t0\r\n\r\n2026-02-02，3件"
        assert "已报送3天的自报办件数。" in text_of(client.post(COUNT, {"counts": pasted}, follow=True))
        days = {date(2026, 1, 28): 12, date(2026, 1, 29): 0, date(2026, 2, 2): 3}
        assert dict(StatedCount.objects.values_list("day", "records")) == days

        answer = client.post(COUNT, {"counts": "2026-01-27 5\n2026-02-02 4"})
        assert answer.status_code == 400 and "改为4件须说明原因" in text_of(answer)
        assert dict(StatedCount.objects.values_list("day", "records")) == days

    def test_the_list_of_units_says_who_changed_a_count(self, client, liaison, section):
        for records, reason in ((3, ""), (1, "重新核对")):
            state_count(
                unit=section.department, day=date(2026, 2, 2), records=records, reason=reason, by=liaison, at=NOON
            )
        (line,) = client.get("/records/").context["found"].units
        assert line.changed == 1
        assert "区林业局 从未报送 0 1 1 " in text_of(client.get("/records/"))

    def test_the_navigation_leads_there(self, client, liaison):
        assert f'href="{PAGE}"' in client.get(reverse("home")).content.decode()

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "auditor", "inspector"])
    def test_others_are_refused(self, client, section, role):
        client.force_login(make_user(role))
        assert {client.get(page).status_code for page in (PAGE, COUNT, FILE)} == {403}


class TestFile:
    def test_a_file_of_the_unit_is_imported_and_logged_under_the_liaison(self, client, liaison):
        answer = client.post(FILE, upload("1,D01-01,2026-02-02,张三,13800000001"), follow=True)
        assert "已导入。新办件1，办事人1，科室1，办结日1。" in text_of(answer)
        assert RecordBatch.objects.get().by == liaison
        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.detail["records"]) == ("records.deliver", 1)

    def test_on_trial_nothing_is_kept(self, client, liaison):
        answer = client.post(FILE, upload("1,D01-01,2026-02-02,张三,13800000001", is_trial="on"), follow=True)
        assert "检查通过，没有导入。新办件1" in text_of(answer)
        assert not ServiceRecord.objects.exists() and not RecordBatch.objects.exists()

    def test_another_units_record_refuses_the_whole_file(self, client, liaison, other):
        lines = ("1,D01-01,2026-02-02,张三,13800000001", "2,D02-01,2026-02-02,李四,13800000002")
        answer = client.post(FILE, upload(*lines))
        assert answer.status_code == 400
        assert "科室“D02-01”不是“区林业局”的科室" in text_of(answer)
        assert not ServiceRecord.objects.exists()

    def test_an_empty_and_a_broken_file_are_refused(self, client, liaison):
        assert "文件中没有办件" in text_of(client.post(FILE, upload()))
        broken = {"file": SimpleUploadedFile("办件.xlsx", b"no workbook")}
        assert client.post(FILE, broken).status_code == 400
        assert not RecordBatch.objects.exists()

    def test_the_service_refuses_another_unit(self, liaison, other):
        given = {"unit": other.department, "by": liaison, "at": NOON}
        content = f"{HEAD}2,D02-01,2026-02-02,李四,13800000002\n".encode()
        with pytest.raises(policy.Denied):
            import_own(content=content, filename="办件.csv", is_trial=False, **given)
        with pytest.raises(policy.Denied):
            state_count(day=date(2026, 2, 2), records=1, **given)
        assert not ServiceRecord.objects.exists() and not StatedCount.objects.exists()

    def test_every_fault_is_told(self, section, liaison):
        content = f"{HEAD}1,没有的科,2026-02-02,张三,1\n".encode()
        with pytest.raises(FileRefused) as refused:
            import_own(
                unit=section.department, content=content, filename="办件.csv", is_trial=False, by=liaison, at=NOON
            )
        assert len(refused.value.faults) == 2


def test_a_liaison_whose_unit_the_roster_lacks_is_told_so(client):
    client.force_login(make_user("liaison", unit_code="D99"))

    assert "名录中没有代码为“D99”的单位" in client.get("/work/records/").content.decode()

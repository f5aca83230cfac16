"""Years declared complete: by two persons, undone with a reason, shipped for what the release knows."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.urls import reverse

from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.admin_site.services import delete_record, save_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.migrations import _holidays
from nanchuan_eval.permissions import policy
from nanchuan_eval.workdays.approvals import DECLARE, WITHDRAW
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from nanchuan_eval.workdays.queries import declared_for, declared_years, hint_of
from nanchuan_eval.workdays.rules import Term
from nanchuan_eval.workdays.services import declare_year, withdraw_year
from tests.factories import NOON, make_user
from tests.pages import exactly, page_in

pytestmark = pytest.mark.django_db
LIST = "/admin/nanchuan_eval/holiday/"


@pytest.fixture
def entered():
    return Holiday.objects.create(day=date(2027, 1, 1), name="元旦")


@pytest.fixture
def alone(settings):
    settings.TWO_PERSON_RULE = False


def declared():
    return sorted(CompleteYear.objects.values_list("year", flat=True))


def propose(year=2027, by=None):
    by = by or make_user("clerk")
    return approvals.propose(DECLARE, kind_of(CompleteYear), by=by, at=NOON, year=year)


def approve(approval):
    return approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON + timedelta(hours=1))


class TestTheRelease:
    def test_its_years_are_complete(self):
        assert declared() == [2025, 2026]
        assert declared_years() == {2025: date.min, 2026: date.min}

    def test_a_database_with_other_entries_has_to_be_declared(self):
        CompleteYear.objects.all().delete()
        Holiday.objects.filter(day="2026-10-07").delete()

        _holidays.declare(apps, None)

        assert declared() == [2025]

    def test_a_changed_name_does_not_matter(self):
        CompleteYear.objects.all().delete()
        Holiday.objects.filter(day="2026-10-07").update(name="国庆")

        _holidays.declare(apps, None)

        assert declared() == [2025, 2026]

    def test_an_entry_alone_completes_no_year(self, entered):
        assert 2027 not in declared_years()


class TestTheDeclaration:
    def test_takes_two_persons(self, settings, entered):
        settings.TWO_PERSON_RULE = True
        approval = propose()
        assert declared() == [2025, 2026]

        approve(approval)

        row = CompleteYear.objects.get(year=2027)
        assert row.declared_by.role == "H"
        assert declared_years()[2027] == NOON.date()
        assert approval.content["放假"] == ["2027年1月1日 元旦"]
        assert "没有录入调休上班日" in "".join(approval.content["需要核对"])

    def test_is_in_the_log_and_passes_the_checks(self, alone, entered):
        row = declare_year(year=2027, by=make_user("chief"), at=NOON)

        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.object_type, entry.object_id) == (
            "round.edit",
            CompleteYear._meta.label,
            str(row.pk),
        )
        assert entry.detail["step_label"] == "确认2027年节假日已录全"
        assert verify_chain() == []

    def test_changed_behind_the_log_is_found(self, alone, entered):
        row = declare_year(year=2027, by=make_user("chief"), at=NOON)

        CompleteYear.objects.filter(pk=row.pk).update(year=2028)

        assert any("节假日录全年份" in fault for fault in verify_chain())

    def test_of_holidays_that_change_before_the_approval_is_void(self, settings, entered):
        settings.TWO_PERSON_RULE = True
        approval = propose()
        Holiday.objects.create(day=date(2027, 1, 2), name="元旦")

        with pytest.raises(RuleViolation, match="内容已有改动"):
            approve(approval)
        assert declared() == [2025, 2026]

    def test_is_pending_once_for_a_year(self, settings, entered):
        settings.TWO_PERSON_RULE = True
        Holiday.objects.create(day=date(2028, 1, 1), name="元旦")
        propose()

        with pytest.raises(RuleViolation, match="2027年节假日已录全的确认已经提请"):
            propose()
        assert propose(2028)

    @pytest.mark.parametrize(("year", "reason"), [(2040, "2040年尚未录入节假日"), (2026, "2026年节假日已经确认录全")])
    def test_is_refused_for_an_empty_year_and_for_a_complete_one(self, alone, year, reason):
        with pytest.raises(RuleViolation, match=reason):
            declare_year(year=year, by=make_user("chief"), at=NOON)

    def test_stays_when_a_holiday_changes_later(self, alone, client):
        client.force_login(make_user("chief"))
        holiday = Holiday.objects.get(day="2026-10-07")

        client.post(f"{LIST}{holiday.pk}/change/", {"day": "2026-10-07", "name": "国庆节", "is_workday": "on"})

        assert Holiday.objects.get(pk=holiday.pk).is_workday
        assert 2026 in declared()
        assert AuditEntry.objects.latest("seq").detail["changed"] == ["is_workday"]


class TestAChangeAfterTheDeclaration:
    """Terms fixed before it must be checked again, as after a declaration on that day."""

    LATE = NOON + timedelta(days=5)

    @pytest.fixture
    def declared_at_noon(self, alone, entered):
        return declare_year(year=2027, by=make_user("chief"), at=NOON)

    def save(self, record, *changed):
        save_record(record, action="round.edit", by=make_user("chief"), at=self.LATE, changed=list(changed))

    def test_is_counted_like_a_declaration(self, declared_at_noon, entered):
        term = Term(date(2026, 3, 4), date(2027, 3, 1))
        assert hint_of(term) == ""

        self.save(Holiday(day="2027-01-02", name="元旦"))

        assert declared_years()[2027] == self.LATE.date()
        assert "节假日尚未确认录全或者后来有改动" in hint_of(term)
        assert hint_of(Term(self.LATE.date() + timedelta(days=1), date(2027, 3, 1))) == ""
        assert verify_chain() == []

    def test_of_an_entrys_kind_or_its_deletion_counts_too(self, declared_at_noon, entered):
        entered.is_workday = True
        self.save(entered, "is_workday")
        assert declared_years()[2027] == self.LATE.date()

        delete_record(entered, action="round.edit", by=make_user("chief"), at=self.LATE + timedelta(days=1))
        assert declared_years()[2027] == self.LATE.date() + timedelta(days=1)

    def test_of_an_entrys_day_counts_in_both_years(self, declared_at_noon, entered):
        entered.day = date(2026, 12, 31)
        self.save(entered, "day")

        assert declared_years()[2027] == declared_years()[2026] == self.LATE.date()
        assert declared_years()[2025] == date.min

    def test_of_a_name_or_in_another_year_does_not_count(self, declared_at_noon, entered):
        entered.name = "元旦节"
        self.save(entered, "name")
        self.save(Holiday(day=date(2028, 1, 1), name="元旦"))

        assert declared_years()[2027] == NOON.date()

    def test_behind_the_log_is_found(self, declared_at_noon):
        self.save(Holiday(day=date(2027, 1, 2), name="元旦"))

        CompleteYear.objects.filter(year=2027).update(changed_at=NOON)

        assert any("节假日录全后的变动" in fault for fault in verify_chain())

    def test_is_shown_on_the_page_which_tells_to_check_the_terms(self, declared_at_noon, client, time_machine):
        self.save(Holiday(day=date(2027, 1, 2), name="元旦"))
        time_machine.move_to(self.LATE, tick=False)
        client.force_login(make_user("clerk"))

        page = client.get(LIST).content.decode()

        assert page.count("有改动") == 1
        assert "此后2026年3月7日有改动" in page
        assert "已经确定的期限不会重新计算" in page

    def test_approved_by_two_persons_counts_from_the_approval(self, settings, declared_at_noon, entered):
        settings.TWO_PERSON_RULE = True
        approval = approvals.propose("nanchuan_eval.holiday.delete", entered, by=make_user("clerk"), at=NOON)

        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=self.LATE)

        assert declared_years()[2027] == self.LATE.date()


class TestUndoing:
    def test_keeps_the_entries_and_the_reason(self, alone):
        row, before = CompleteYear.objects.get(year=2026), Holiday.objects.count()

        withdraw_year(declared_id=row.pk, reason="国庆节有误", by=make_user("chief"), at=NOON)

        assert declared() == [2025]
        assert Holiday.objects.count() == before
        assert AuditEntry.objects.latest("seq").reason == "国庆节有误"
        assert verify_chain() == []

    def test_takes_two_persons(self, settings):
        settings.TWO_PERSON_RULE = True
        row = CompleteYear.objects.get(year=2026)
        approval = approvals.propose(WITHDRAW, row, by=make_user("clerk"), at=NOON, reason="国庆节有误")
        assert declared() == [2025, 2026]

        approve(approval)

        assert declared() == [2025]

    def test_wants_a_reason(self, alone):
        row = CompleteYear.objects.get(year=2026)

        with pytest.raises(RuleViolation, match="理由"):
            withdraw_year(declared_id=row.pk, reason=" ", by=make_user("chief"), at=NOON)

    def test_is_nobody_elses(self, alone):
        row = CompleteYear.objects.get(year=2026)

        with pytest.raises(policy.Denied):
            withdraw_year(declared_id=row.pk, reason="误", by=make_user("commission"), at=NOON)
        with pytest.raises(policy.Denied):
            declare_year(year=2027, by=make_user("auditor"), at=NOON)


class TestThePages:
    def test_the_list_says_which_years_are_complete(self, client, settings, time_machine, entered):
        settings.TWO_PERSON_RULE = True
        time_machine.move_to(NOON, tick=False)
        client.force_login(make_user("clerk"))

        page = client.get(LIST).content.decode()

        assert page.count("随系统提供") == 2
        assert "尚未确认" in page
        assert reverse("admin:holidays-declare", args=[2027]) in page
        assert "需要核对" in page

    @pytest.mark.parametrize("more", [1, 12])
    def test_the_list_takes_a_constant_number_of_queries(self, client, settings, time_machine, more):
        settings.TWO_PERSON_RULE = True
        time_machine.move_to(NOON, tick=False)
        for number in range(2027, 2027 + more):
            Holiday.objects.create(day=date(number, 1, 1), name="元旦")
            CompleteYear.objects.create(year=number, declared_by=make_user("chief"), declared_at=NOON)
        client.force_login(make_user("clerk"))

        page_in(client, LIST, queries=14, shows="各年节假日是否录全")

    def test_a_clerk_proposes_on_the_page_that_lists_every_entry(self, client, settings, time_machine, entered):
        settings.TWO_PERSON_RULE = True
        time_machine.move_to(NOON, tick=False)
        client.force_login(make_user("clerk"))
        address = reverse("admin:holidays-declare", args=[2027])

        page = client.get(address).content.decode()
        answer = client.post(address, follow=True).content.decode()

        assert "2027年1月1日 元旦" in page
        assert "名称含“春节”的放假日没有录入" in page
        assert approvals.PROPOSED in answer
        assert "确认节假日已录全：2027年" in answer

    def test_an_empty_year_is_refused_on_the_page(self, client, settings):
        settings.TWO_PERSON_RULE = True
        client.force_login(make_user("clerk"))

        answer = client.post(reverse("admin:holidays-declare", args=[2040]))

        assert answer.status_code == 400
        assert "2040年尚未录入节假日，请先录入" in answer.content.decode()

    def test_a_declared_year_says_by_whom(self, client, alone, time_machine, entered):
        time_machine.move_to(NOON, tick=False)
        chief = make_user("chief")
        client.force_login(chief)

        client.post(reverse("admin:holidays-declare", args=[2027]))
        page = client.get(LIST).content.decode()

        assert f"已确认（{chief.name}，2026年3月2日）" in " ".join(page.split())

    def test_the_years_are_read_once_in_a_request(self, rf):
        request = rf.get("/")

        with exactly(1):
            assert declared_for(request) == declared_for(request)

"""Each action is logged once: performed, denied by the table or refused by a rule (security.md G6)."""

import pytest

from nanchuan_eval.accounts.links import issue_link
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core import attempts
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_sealed_round, make_user

pytestmark = pytest.mark.django_db


def rows():
    return list(AuditEntry.objects.exclude(action__startswith="session.").order_by("seq"))


def link_of(account):
    return f"/admin/nanchuan_eval/user/{account.pk}/link/"


@pytest.fixture
def account():
    return make_user("clerk")


class TestEachActionIsLoggedOnce:
    def test_done(self, client, account):
        client.force_login(make_user("sysadmin"))
        client.post(link_of(account))
        assert [(row.action, row.result) for row in rows()] == [("user.pwlink", "ok")]

    def test_denied_by_the_table(self, client, account):
        client.force_login(make_user("chief"))
        assert client.post(link_of(account)).status_code == 403
        assert [(row.action, row.result) for row in rows()] == [("user.pwlink", "denied")]

    def test_refused_by_a_rule_with_the_rules_text_and_where(self, client, account):
        User.objects.filter(pk=account.pk).update(is_active=False)
        admin = make_user("sysadmin")
        client.force_login(admin)
        client.post(link_of(account))
        row = rows()[0]
        assert (len(rows()), row.action, row.result, row.actor) == (1, "user.pwlink", "refused", admin)
        assert row.reason == "账号已停用或已到期，请先启用。"
        assert row.object_id == link_of(account)
        assert row.address == "127.0.0.1"

    def test_a_step_of_a_round_in_the_wrong_state(self, client, settings):
        settings.TWO_PERSON_RULE = False
        round_ = make_sealed_round()
        client.force_login(make_user("chief"))
        before = len(rows())
        client.post(f"/admin/evaluations/round/{round_.pk}/step/open/")
        assert [(row.action, row.result) for row in rows()[before:]] == [("round.open", "refused")]

    def test_one_person_alone(self, settings):
        settings.TWO_PERSON_RULE = True
        with attempts.recorded_attempts() as tried, pytest.raises(policy.NeedsApproval):
            policy.check(make_user("chief"), "roster.freeze")
        assert [attempt.action for attempt in attempts.refused(tried)] == ["roster.freeze"]

    def test_viewing_is_not_logged(self, client, account):
        client.force_login(make_user("sysadmin"))
        client.get(f"/admin/nanchuan_eval/user/{account.pk}/change/")
        assert rows() == []

    def test_an_invalid_form_is_not_logged(self, client):
        client.force_login(make_user("sysadmin"))
        client.post("/admin/nanchuan_eval/user/add/", {"username": ""})
        assert rows() == []

    def test_the_chain_holds(self, client, account):
        self.test_refused_by_a_rule_with_the_rules_text_and_where(client, account)
        assert verify_chain() == []


class TestAnonymousActors:
    def test_a_refused_ballot_leaves_no_row(self, client):
        round_ = make_open_round()
        codes = make_codes(round_, 1)
        cast_ballots(round_, codes)
        before = len(rows())
        assert client.post("/ballot/", {"code": codes[0]}).status_code == 400
        assert len(rows()) == before

    def test_also_not_while_somebody_is_signed_in(self, client):
        round_ = make_open_round()
        codes = make_codes(round_, 1)
        cast_ballots(round_, codes)
        client.force_login(make_user("clerk"))
        before = len(rows())
        client.post("/ballot/", {"code": codes[0]})
        assert len(rows()) == before


class TestContentOfRefusals:
    def refusal(self, text):
        attempt = attempts.Attempt(make_user("clerk"), "cred.void", text)
        return audit.record_refusal(attempt, where="/x/", at=NOON).reason

    @pytest.mark.parametrize("secret", ["13900010001", "0123-4567-89AB-CDEF-GHJK", "0123456789abcdefghjk", "f" * 64])
    def test_no_code_receipt_phone_or_digest(self, secret):
        assert self.refusal(f"票号{secret}已使用。") == "票号…已使用。"

    def test_everything_else(self):
        assert self.refusal("至少20位，2026年3月2日 12:00截止。") == "至少20位，2026年3月2日 12:00截止。"

    def test_of_a_files_faults_only_their_number(self):
        user = make_user("clerk")
        with attempts.recorded_attempts() as tried:
            policy.check(user, "pool.import")
            FileRefused([Fault("名单第2行", "张三的手机号“139”不对。", "手机号")])
        assert [attempt.refusal for attempt in attempts.refused(tried)] == ["文件未通过检查，共1处错误"]


class TestAnAttempt:
    def test_that_was_committed_after_all_is_no_refusal(self):
        with attempts.recorded_attempts() as tried:
            policy.check(make_user("clerk"), "pool.import")
            RuleViolation("先这样不行。")
            attempts.latest().is_done = True
        assert attempts.refused(tried) == []

    def test_is_refused_once_even_if_the_text_is_repeated(self):
        with attempts.recorded_attempts() as tried:
            policy.check(make_user("clerk"), "pool.import")
            RuleViolation("原因。")
            RuleViolation("第3行：原因。")
        assert [attempt.refusal for attempt in attempts.refused(tried)] == ["原因。"]

    def test_a_violation_without_an_attempt_is_not_recorded(self):
        with attempts.recorded_attempts() as tried:
            RuleViolation("表单有误。")
        assert tried == []


@pytest.mark.django_db(transaction=True)
def test_a_committed_action_marks_its_attempt_done():
    account, admin = make_user("clerk"), make_user("sysadmin")
    with attempts.recorded_attempts() as tried:
        issue_link(account_id=account.pk, by=admin, at=NOON)
        RuleViolation("别的事。")
    assert [attempt.is_done for attempt in tried] == [True]
    assert attempts.refused(tried) == []

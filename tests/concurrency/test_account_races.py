"""Two installations, two lists of accounts, two presses of 打印: the second waits for the first and finds it done."""

import pytest
from django.utils import timezone

from nanchuan_eval.account_lists.services import create_listed, print_letters, read_list
from nanchuan_eval.accounts import letters
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.installation.services import install
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User
from tests.concurrency.test_case_races import call_during_own_transaction
from tests.factories import NOON, make_user
from tests.nanchuan_eval.installation.test_rules import FIRST

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_the_first_accounts_are_made_once():
    outcomes = call_during_own_transaction(lambda: install(FIRST, by=OPERATOR, at=NOON))

    assert isinstance(outcomes[0], RuleViolation)
    assert User.objects.count() == len(FIRST)


def test_two_administrators_do_not_make_the_same_accounts_twice():
    rows = [Row("名单", 1, ("姓名", "人员编号", "角色")), Row("名单", 2, ("张三", "N1", "暗访督查员"))]
    one, other = make_user("sysadmin"), make_user("sysadmin")
    agreed = [each.username for each in read_list(rows, {}).wanted]
    administrators = iter((one, other))

    def create():
        return create_listed(rows=rows, answers={}, agreed=agreed, by=next(administrators), at=NOON)

    outcomes = call_during_own_transaction(create)

    assert isinstance(outcomes[0], RuleViolation)
    assert User.objects.filter(username="inspector1").count() == 1


def test_a_letter_is_printed_once(monkeypatch):
    monkeypatch.setattr(letters, "render_pdf", lambda *args, **more: b"%PDF-")
    by, account = make_user("sysadmin"), make_user("inspector")
    account.set_unusable_password()
    account.save()

    outcomes = call_during_own_transaction(
        lambda: print_letters(account_ids=[account.pk], site="https://pingyi.example/", by=by, at=timezone.now())
    )

    assert isinstance(outcomes[0], RuleViolation)
    assert AuditEntry.objects.performed().filter(action="user.pwlink").count() == 1

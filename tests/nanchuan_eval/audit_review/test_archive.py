"""Archiving the log: by two persons, after six months, anchored first; the chain continues from the file."""

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.audit.queries import archives, verify_chain
from nanchuan_eval.audit.rules import parse_links
from nanchuan_eval.audit_review.archive import archive_log
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR, Denied
from nanchuan_eval.users.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def archive_root(settings, tmp_path):
    settings.ARCHIVE_ROOT = tmp_path / "archive"
    return settings.ARCHIVE_ROOT


def write_rows(*days_ago):
    for days in days_ago:
        with transaction.atomic():
            audit.record("round.edit", None, by=make_user("chief"), at=NOW - timedelta(days=days), reason="x")


def archive(until=date(2026, 6, 1), by=None):
    return archive_log(until=until, by=by or make_user("sysadmin"), at=NOW)


def read_archives(texts):
    return sorted((link for text in texts for link in parse_links(text)), key=lambda link: link.seq)


def drop(path):
    out = io.StringIO()
    call_command("drop_archived", str(path), stdout=out)
    return out.getvalue()


def test_archive_refuses_182_days():
    write_rows(400)
    with pytest.raises(RuleViolation, match="满183日"):
        archive(until=(NOW - timedelta(days=182)).date())
    assert archive(until=(NOW - timedelta(days=184)).date()).exists()


def test_an_archive_is_anchored_first_and_its_digest_logged():
    write_rows(400, 300, 5)
    head = AuditEntry.objects.order_by("seq").last()

    path = archive()

    assert AuditAnchor.objects.get(occasion="归档前锚点").hash == head.hash
    assert [link.seq for link in read_archives([path.read_text()])] == [1, 2]
    assert archives().get().detail["last"] == 2
    assert verify_chain() == []


def test_rows_stay_until_they_are_dropped_and_the_chain_continues():
    write_rows(400, 300, 5)
    path = archive()
    assert AuditEntry.objects.filter(seq__lte=2).count() == 2

    assert "已移出2条" in drop(path)

    assert AuditEntry.objects.order_by("seq").first().seq == 3
    assert verify_chain() == []
    assert verify_chain(archived=read_archives([path.read_text()])) == []
    call_command("verify_audit", "--archive", str(path), stdout=io.StringIO())
    with pytest.raises(CommandError, match="移出过"):
        drop(path)


def test_what_removed_rows_fixed_is_still_found_when_changed():
    account, admin = make_user("clerk"), make_user("sysadmin")
    for days in (400, 300):  # the second row holds the newest digest
        User.objects.filter(pk=account.pk).update(unit_code=f"D{days}")
        with transaction.atomic():
            at, detail = NOW - timedelta(days=days), {"role": account.role}
            audit.record("user.create", account, by=OPERATOR, at=at, detail=detail, wrote=[account, admin])
    drop(archive(until=(NOW - timedelta(days=350)).date(), by=admin))
    assert verify_chain() == []
    drop(archive(by=admin))
    assert verify_chain() == []

    User.objects.filter(pk=account.pk).update(role="SYS")
    make_user("auditor")

    named = [fault for fault in verify_chain() if fault.startswith("账号（")]
    assert ["不符" in named[0], "另行加入" in named[1], len(named)] == [True, True, 2]


def test_a_second_archive_starts_where_the_first_ended():
    write_rows(400, 300, 250, 5)
    first = archive(until=(NOW - timedelta(days=280)).date())
    drop(first)
    second = archive()
    drop(second)

    assert [link.seq for link in read_archives([second.read_text()])] == [3]
    texts = [second.read_text(), first.read_text()]
    assert verify_chain(archived=read_archives(texts)) == []
    assert verify_chain(archived=read_archives(texts[:1])) == []
    assert verify_chain() == []


def test_rows_removed_without_an_archive_are_reported():
    write_rows(400, 300, 5)
    AuditEntry.objects.filter(seq__lte=2).delete()
    assert any("缺失" in fault for fault in verify_chain())


@pytest.mark.parametrize("harm", [lambda text: text.replace('"x"', '"y"', 1), lambda text: text.split("\n", 1)[1]])
def test_a_changed_archive_is_reported_and_drops_no_rows(harm, tmp_path):
    write_rows(400, 300, 5)
    path = archive()
    changed = tmp_path / "changed.jsonl"
    changed.write_text(harm(path.read_text()))

    with pytest.raises(CommandError, match="改动过"):
        drop(changed)
    drop(path)
    with pytest.raises(CommandError, match="操作日志核验不一致"):
        call_command("verify_audit", "--archive", str(changed), stdout=io.StringIO())


def test_the_auditor_proposes_and_the_system_administrator_approves(client, settings, time_machine):
    time_machine.move_to(NOW)
    settings.TWO_PERSON_RULE = True
    write_rows(400, 5)
    auditor, sysadmin = make_user("auditor"), make_user("sysadmin")
    with pytest.raises(Denied):
        archive(by=auditor)
    client.force_login(auditor)
    client.post("/admin/nanchuan_eval/auditentry/archive/", {"until": "2026-06-01", "reason": "满六个月"})

    approvals.approve(approval_id=Approval.objects.get().pk, by=sysadmin, at=NOW)

    file = archives().get().detail["file"]
    assert (Path(settings.ARCHIVE_ROOT) / file).exists()
    assert AuditHead.objects.get().seq == AuditEntry.objects.count()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_application_cannot_remove_rows():
    write_rows(400, 5)
    path = archive()
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE application NOLOGIN")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO application")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO application")
        cursor.execute("REVOKE ALL ON nanchuan_eval_auditentry FROM application")
        cursor.execute("GRANT SELECT, INSERT ON nanchuan_eval_auditentry TO application")
        cursor.execute("SET ROLE application")
    try:
        with pytest.raises(CommandError, match="超级用户"):
            drop(path)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY application")
            cursor.execute("DROP ROLE application")
    assert AuditEntry.objects.filter(seq=1).exists()

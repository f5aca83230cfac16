"""Audit log: one chained row per action, in the action's transaction; tampering is detected."""

import csv
import io
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from evaluations.tally.models import SectionResult
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.admin_site.services import save_record
from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit import sql as audit_sql
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.permissions import policy
from nanchuan_eval.workdays.models import Holiday
from tests.architecture import APPS
from tests.factories import NOON, make_sealed_round, make_user
from tests.paths import ROOT

pytestmark = pytest.mark.django_db


def write(times=1, **fields):
    user = fields.pop("by", None) or make_user("chief")
    for n in range(times):
        with transaction.atomic():
            audit.record("round.edit", None, by=user, at=NOON + timedelta(minutes=n), **fields)


def edit(number, /, **fields):
    """Change a row as somebody with access to the database could."""
    AuditEntry.objects.filter(seq=number).update(**fields)


def rebuild(first):
    """Recompute the chain from a row on, head included, as the best forger would."""
    prev = AuditEntry.objects.filter(seq=first - 1).values_list("hash", flat=True).first() or audit_rules.GENESIS
    for seq, entry in enumerate(AuditEntry.objects.filter(seq__gte=first).order_by("seq"), start=first):
        entry.seq, entry.prev = seq, prev
        entry.hash = prev = audit_rules.link_hash(prev, {**entry.link.fields, "seq": seq, "alg": entry.algorithm})
        entry.save()
    AuditHead.objects.update(seq=AuditEntry.objects.count(), hash=prev)


class TestTheChain:
    """Rows follow each other without a gap, each with the hash of the one before."""

    def test_an_untouched_chain_has_no_fault(self):
        write(5)

        assert verify_chain() == []
        assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]

    def test_a_row_is_written_inside_the_actions_transaction_only(self, transactional_db):
        with pytest.raises(RuntimeError, match="inside the transaction"):
            audit.record("round.edit", None, by=make_user("chief"), at=NOON)

    def test_an_action_that_cannot_be_logged_does_not_happen(self, monkeypatch):
        holiday = Holiday(day="2031-01-01", name="元旦")

        def fail(*args, **kwargs):
            raise DatabaseError("disk full")

        monkeypatch.setattr(AuditEntry, "save", fail)
        with pytest.raises(DatabaseError), transaction.atomic():
            save_record(holiday, action="round.edit", by=make_user("chief"), at=NOON, changed=["name"])

        assert not Holiday.objects.filter(day="2031-01-01").exists()
        assert not AuditEntry.objects.exists()

    def test_a_rolled_back_action_leaves_no_row_and_no_gap(self):
        write()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            audit.record("round.edit", None, by=make_user("chief"), at=NOON)
            raise ZeroDivisionError
        write()

        assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
        assert verify_chain() == []

    def test_an_unknown_action_raises(self):
        with pytest.raises(ValueError, match="no such action"), transaction.atomic():
            audit.record("round.fly", None, by=make_user("chief"), at=NOON)

    def test_input_cannot_forge_a_line(self):
        write(reason="好的\r\n2026 chief ok\x1b[2J")

        assert AuditEntry.objects.get().reason == "好的\\x0d\\x0a2026 chief ok\\x1b[2J"

    def test_the_origin_is_logged_for_accounts_and_never_for_anonymous_actors(self):
        with audit.request_origin("10.0.0.7", "secret-session"):
            write()
            with transaction.atomic():
                audit.record("round.close", None, by=policy.CLOCK, at=NOON)

        by_account, by_clock = AuditEntry.objects.order_by("seq")
        assert (by_account.address, len(by_account.session)) == ("10.0.0.7", 16)
        assert "secret" not in by_account.session
        assert (by_clock.address, by_clock.session) == ("", "")


class TestTampering:
    """The seven ways of security.md 6, no. 40; the last two are found by an anchor kept elsewhere."""

    @pytest.fixture(autouse=True)
    def written(self):
        write(6)

    @pytest.fixture
    def kept(self, tmp_path):
        path = tmp_path / "anchors.txt"
        call_command("anchor_audit", "--append", path, stdout=io.StringIO())
        return path

    def found(self, *arguments):
        out = io.StringIO()
        with pytest.raises(CommandError):
            call_command("verify_audit", *arguments, stdout=out)
        return out.getvalue()

    def test_a_changed_row(self):
        edit(3, reason="别的")
        assert "第3条的内容被改动过" in self.found()

    def test_a_changed_time_actor_or_result(self):
        for change in ({"at": NOON}, {"actor": None}, {"result": "denied"}, {"detail": {"x": 1}}, {"role": "D"}):
            with transaction.atomic():
                edit(4, **change)
                assert "第4条的内容被改动过" in self.found()
                transaction.set_rollback(True)

    def test_a_deleted_row(self):
        AuditEntry.objects.filter(seq=3).delete()
        assert "第2条之后是第4条" in self.found()

    def test_two_swapped_rows(self):
        edit(3, seq=99)
        edit(4, seq=3)
        edit(99, seq=4)
        assert "没有接在前一条之后" in self.found()

    def test_a_cut_tail(self):
        AuditEntry.objects.filter(seq__gt=4).delete()
        assert "链头记为第6条" in self.found()

    def test_a_cut_tail_with_its_head(self, kept):
        AuditAnchor.objects.all().delete()
        AuditEntry.objects.filter(seq__gt=4).delete()
        AuditHead.objects.update(seq=4, hash=AuditEntry.objects.get(seq=4).hash)
        assert "日志锚点第6条在操作日志中不存在" in self.found("--anchor", kept)

    def test_a_rebuilt_tail(self, kept):
        AuditAnchor.objects.all().delete()
        edit(3, reason="别的")
        rebuild(3)
        assert verify_chain() == []
        assert "第6条与日志锚点不符" in self.found("--anchor", kept)

    def test_a_restored_old_backup(self, kept):
        old = [AuditEntry.objects.get(seq=seq) for seq in (1, 2)]
        AuditAnchor.objects.all().delete()
        AuditEntry.objects.exclude(pk__in=[entry.pk for entry in old]).delete()
        AuditHead.objects.update(seq=2, hash=old[-1].hash)
        assert verify_chain() == []
        assert "恢复了旧备份" in self.found("--anchor", kept)

    def test_a_deleted_anchor_of_a_published_action(self):
        with transaction.atomic():
            audit.record("publish.approve", None, by=make_user("commission"), at=NOON)
        assert verify_chain() == []

        AuditAnchor.objects.all().delete()

        assert "第7条（审批公示）缺少日志锚点" in self.found()

    def test_a_score_changed_in_the_database(self):
        round_ = make_sealed_round()
        tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)
        assert verify_chain() == []
        victim = SectionResult.objects.filter(round=round_).first()

        SectionResult.objects.filter(pk=victim.pk).update(difficulty=99)

        assert "被改动过" in self.found()

    def test_a_result_file_changed_in_the_database(self):
        round_ = make_sealed_round()
        tally = tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)
        tally.result = json.dumps({**json.loads(tally.result), "round": "别的"})
        tally.save()

        assert "结果文件与计票时记入日志的校验值不符" in self.found()

    def test_an_untouched_chain_passes_with_its_anchor(self, kept):
        write()
        out = io.StringIO()
        call_command("verify_audit", "--anchor", kept, stdout=out)
        assert "操作日志完整，共7条" in out.getvalue()

    def test_a_file_that_holds_no_anchors_is_refused(self, tmp_path):
        path = tmp_path / "anchors.txt"
        path.write_text("hello", encoding="utf-8")
        with pytest.raises(CommandError, match="不是锚点"):
            call_command("verify_audit", "--anchor", path)


class TestTheGuard:
    """The application cannot change the log, whatever it executes."""

    @pytest.mark.parametrize(
        ("table", "statement"),
        [
            *itertools.product(
                ["nanchuan_eval_auditentry", "nanchuan_eval_auditanchor"],
                ["UPDATE {} SET id = id", "DELETE FROM {}", "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"],
            ),
            ("nanchuan_eval_audithead", "DELETE FROM {}"),
            ("nanchuan_eval_audithead", "UPDATE {} SET seq = seq - 1"),
            ("nanchuan_eval_audithead", "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"),
        ],
    )
    def test_triggers_on_sqlite(self, table, statement):
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL guards by roles")
        write()
        with transaction.atomic():
            audit.anchor(at=NOON, occasion="测试")
            audit_sql.guard_audit_tables(connection)
            with pytest.raises(DatabaseError, match="只能增加"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement.format(table))
            audit_sql.unguard_audit_tables(connection)

    @pytest.mark.postgres
    @pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
    @pytest.mark.parametrize("table", ["nanchuan_eval_auditentry", "nanchuan_eval_auditanchor"])
    def test_the_role_on_postgresql(self, table, statement):
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE nc_test_app")
            cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO nc_test_app")
        call_command("separate_audit_role", "nc_test_app", stdout=io.StringIO())
        user = make_user("chief")
        with connection.cursor() as cursor:
            cursor.execute("GRANT UPDATE ON nanchuan_eval_audithead TO nc_test_app")
            cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO nc_test_app")
            cursor.execute("SET ROLE nc_test_app")
            try:
                write(by=user)
                audit.anchor(at=NOON, occasion="测试")
                with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
                    cursor.execute(statement.format(table))
            finally:
                cursor.execute("RESET ROLE")
        assert verify_chain() == []


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_make_one_chain_without_a_gap_or_fork():
    users = [make_user("chief") for _ in range(8)]

    def run(user):
        try:
            write(25, by=user)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, users))

    assert AuditEntry.objects.count() == 200
    assert verify_chain() == []


class TestTheStaffSite:
    """The auditor searches and exports; chief and commission verify; no other role sees the whole log."""

    LIST = "/admin/nanchuan_eval/auditentry/"

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "personnel", "sysadmin"])
    def test_only_the_auditor_reads_the_log(self, client, role):
        client.force_login(make_user(role))
        assert client.get(self.LIST).status_code == 403
        assert client.post(self.LIST + "export/").status_code == 403

    def test_a_denial_on_the_staff_site_is_logged(self, client):
        user = make_user("clerk")
        client.force_login(user)
        client.get(self.LIST)

        entry = AuditEntry.objects.get()
        assert (entry.result, entry.actor, entry.action) == ("denied", user, "log.view")

    def test_the_auditor_searches(self, client):
        write(reason="补录第三季度")
        write(reason="别的")
        client.force_login(make_user("auditor"))

        page = client.get(self.LIST, {"q": "第三季度"}).content.decode()

        assert "补录第三季度" in page
        assert "别的" not in page

    def test_the_export_holds_every_row_and_is_logged(self, client):
        write(3)
        client.force_login(make_user("auditor"))

        lines = client.post(self.LIST + "export/").content.decode().splitlines()

        rows = [json.loads(line) for line in lines if not line.startswith("#")]
        assert [row["seq"] for row in rows] == [1, 2, 3, 4]
        assert rows[-1]["action"] == "log.export"

    @pytest.mark.parametrize(
        ("role", "status"), [("auditor", 302), ("chief", 302), ("commission", 302), ("clerk", 403)]
    )
    def test_verifying_is_for_three_roles(self, client, role, status):
        client.force_login(make_user(role))
        assert client.post(self.LIST + "verify/").status_code == status

    def test_the_log_is_read_only_on_the_staff_site(self, client):
        write()
        client.force_login(make_user("auditor"))
        pk = AuditEntry.objects.get().pk
        for address in ("add/", f"{pk}/delete/", f"{pk}/change/"):
            assert client.post(self.LIST + address, {"reason": "x"}).status_code == 403
        assert verify_chain() == []


def test_published_actions_write_anchors_that_are_public(client):
    round_ = make_sealed_round()
    tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)

    text = client.get("/audit-anchors.txt").content.decode()

    occasions = [row[3] for row in csv.reader(io.StringIO(text), delimiter="\t")]
    assert occasions == ["封箱", "计票"]
    assert audit_rules.parse_anchors(text)[-1].hash == AuditEntry.objects.get(action="tally.run").hash


def test_an_account_without_access_to_the_staff_site_is_denied_not_redirected(client):
    client.force_login(make_user("liaison"))

    answer = client.get("/admin/evaluations/round/", follow=True)

    assert answer.status_code == 403
    assert AuditEntry.objects.get().action == "desk.enter"


def test_rows_of_an_action_are_looked_up_among_the_performed_ones_only():
    past = re.compile(r"AuditEntry\.objects\s*\.filter\(\s*(action|object_type|actor|detail)")
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    # The round's record shows refusals too; a failed test restore is recorded as a refusal and is never proposed.
    every = {
        "evaluations/round_log/queries.py",
        "nanchuan_eval/backups/trials.py",
        "accountability/worklist/queries/system.py",
    }
    assert {str(path.relative_to(ROOT)) for path in sources if past.search(path.read_text())} == every

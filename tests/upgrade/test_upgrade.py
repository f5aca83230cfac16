"""A database of every released version goes to the present one, proves what it proved before, and goes back."""

import re
from io import StringIO

import pytest
from django.core.checks import ERROR
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations.ballots.models import Rating
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups import database_dump
from nanchuan_eval.backups.upgrades import UPGRADED, applied_migrations, difference
from nanchuan_eval.checks import database_is_of_this_version
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import CompleteYear
from tests.paths import ROOT
from tests.upgrade import scenario, stored
from tests.upgrade.conftest import VERSIONS, database, in_use, migrate_to

RECORDER = MigrationRecorder(connection)
CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")
# Lists that a later version completes with rows of its own, and never shortens.
COMPLETED = {"evaluations.ServiceTopic"}
# Versions whose ballots wait as readable text, which later versions cannot seal.
READABLE_SPOOL = {"0.1.0"}
PUBLIC = (
    "/",
    "/list/2020H1/",
    "/list/2020H1/1/notice.html",
    "/draws/2020H1-evaluators-1/",
    "/draws/2020H1-evaluators-1/proof.json",
    "/rounds/2020H1/box/",
    "/rounds/2020H1/closing-list.txt",
    "/privacy/2020H2/",
    "/audit-anchors.txt",
)
OF_ACCOUNTS = {
    "chief": ("/admin/evaluations/round/", "/home/", "/inspection/plans/"),
    "jiwei": ("/commission/2020H1/", "/commission/2020H1/count/", "/work/rectifications/"),
    "liaison": ("/unit/", "/home/"),
    "personnel": ("/personnel/", "/personnel/places/2020H1/"),
    "auditor": ("/admin/nanchuan_eval/auditentry/",),
}


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def sizes(tables):
    return {label: len(table["rows"]) for label, table in tables.items()}


def state(migrations):
    """Everything in a database that stands at these migrations."""
    return applied_migrations(), stored.tables(migrations)


def test_the_database_of_every_released_version_is_stored():
    """Made by `make stored-database` before the version is tagged."""
    released = re.findall(r"^## (\d[\w.]*) – ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert released
    assert {path.stem for path in VERSIONS} == set(released)


def test_a_stored_database_is_loaded_as_it_was_stored(old):
    assert stored.tables(old["migrations"]) == old["tables"]


def test_an_upgrade_keeps_every_row(upgraded):
    found = sizes(stored.tables(stored.newest_migrations()))
    before = sizes(upgraded["tables"])

    assert {label: found.get(label) for label in before if label not in COMPLETED} == {
        label: size for label, size in before.items() if label not in COMPLETED
    }
    assert all(found[label] >= before[label] for label in COMPLETED)


def test_an_upgraded_database_passes_every_check(upgraded):
    run("check", databases=["default"], fail_level="WARNING")

    assert difference(applied_migrations()) == ((), ())


def test_a_site_is_not_served_from_a_database_of_another_version(behind):
    (missing,) = database_is_of_this_version(None, databases=["default"])
    run("migrate", "accountability", fake=True, verbosity=0)
    run("migrate", verbosity=0)
    assert database_is_of_this_version(None, databases=["default"]) == []
    RECORDER.record_applied("evaluations", "9999_of_a_newer_version")
    (unknown,) = database_is_of_this_version(None, databases=["default"])

    assert "accountability.0001_initial" in missing.msg
    assert "evaluations.9999_of_a_newer_version" in unknown.msg
    assert missing.level == unknown.level == ERROR


def test_the_years_of_the_release_are_complete_after_an_upgrade(upgraded):
    """Nobody has changed their entries in the stored databases."""
    assert set(CompleteYear.objects.values_list("year", "declared_by")) == {(2025, None), (2026, None)}


def test_an_upgraded_clean_round_is_not_accused(upgraded):
    assert "操作日志完整" in run("verify_audit")
    for key in ("2020H1", "2020H2", "2021H1"):
        assert "核验通过。" in run("verify_round", key)
    run("verify_evidence")


def test_a_change_in_an_upgraded_round_is_still_found(upgraded):
    Rating.objects.filter(round__key="2020H1").update(cold=0)
    User.objects.filter(username="clerk").update(role=Role.CHIEF)

    with pytest.raises(CommandError, match="核验不一致"):
        run("verify_round", "2020H1")
    with pytest.raises(CommandError, match="核验不一致"):
        run("verify_audit")


def test_the_pages_of_an_upgraded_database_answer(upgraded):
    assert answers(PUBLIC) == {200}
    for username, pages in OF_ACCOUNTS.items():
        assert answers(pages, username) == {200}, username


def answers(pages, username=""):
    client = Client()
    if username:
        client.force_login(User.objects.get(username=username))
    return {client.get(page).status_code for page in pages}


def test_a_round_that_the_old_version_prepared_goes_on(upgraded):
    round_ = Round.objects.get(key="2020H2")
    scenario.go_on_with(round_)
    round_.refresh_from_db()

    assert round_.state == RoundState.SEALED
    assert round_.ballots.count() == scenario.BALLOTS
    assert "核验通过。" in run("verify_round", "2020H2")


def test_an_approved_plan_that_the_upgrade_changed_must_be_approved_again(upgraded, settings):
    """Two persons approved the old rules: new ones wait for two persons again, unchanged ones do not."""
    settings.TWO_PERSON_RULE = True
    draft = Round.objects.get(key="2021H1")
    table = upgraded["tables"]["evaluations.Round"]
    (approved,) = [dict(zip(table["fields"], row, strict=True)) for row in table["rows"] if "2021H1" in row]

    lacks = missing_for(draft, Step.FREEZE, timezone.now())

    assert any("审定后又有改动" in lack for lack in lacks) == (draft.rulebook != approved["rulebook"])


def test_the_page_of_a_prepared_round_says_what_comes_next(upgraded):
    client = Client()
    client.force_login(User.objects.get(username="chief"))
    round_ = Round.objects.get(key="2020H2")

    page = client.get(reverse("admin:evaluations_round_change", args=[round_.pk])).content.decode()

    assert "下一步" in page
    assert "开启评议" in page


def test_the_dump_of_the_old_version_replaces_the_upgraded_database(old, tmp_path):
    """The way back (docs/operations.md); the old version loads its backup the same way."""
    before = applied_migrations()
    database_dump.dump(tmp_path / "dump")
    run("migrate", verbosity=0)

    with database(tmp_path / "back") as name, in_use(name):
        with database_dump.beside(tmp_path / "dump") as loaded:
            database_dump.put_in_place(loaded)

        assert applied_migrations() == before
        assert stored.tables(old["migrations"]) == old["tables"]
        run("migrate", verbosity=0)
        assert "操作日志完整" in run("verify_audit")


def test_migrations_go_back_or_refuse_in_words(upgraded):
    """Going back down keeps every row, or it is refused in Chinese with nothing changed."""
    before = state(stored.newest_migrations())
    try:
        migrate_to(upgraded["migrations"])
    except Exception as refusal:  # a fault of any other kind has no Chinese text
        assert CHINESE.search(str(refusal)), refusal
        run("migrate", verbosity=0)
        assert state(stored.newest_migrations()) == before
    else:
        assert stored.tables(upgraded["migrations"]) == upgraded["tables"]


def test_no_migration_loses_a_ballot_that_waits(old):
    """Either it is still there afterwards, or the migration is refused with nothing changed."""
    put_into_spool(old)
    before = state(old["migrations"])

    if old["version"] in READABLE_SPOOL:
        with pytest.raises(CommandError, match="请先封箱再升级"):
            run("migrate", verbosity=0)
        assert state(old["migrations"]) == before
    else:
        run("migrate", verbosity=0)
        assert spool_of(stored.newest_migrations()).count() == 1


class TestTheCommand:
    def test_upgrades_after_a_backup_and_checks_everything(self, old):
        run("backup")
        said = run("upgrade")

        assert "√ 操作日志" in said
        assert "√ 2020年上半年" in said
        assert "升级完成" in said
        assert difference(applied_migrations()) == ((), ())
        assert AuditEntry.objects.order_by("seq").last().action == UPGRADED

    def test_is_refused_unless_a_backup_was_the_last_thing_done(self, behind):
        assert_refused("最近一条操作记录不是备份", behind["migrations"])

    def test_is_refused_while_ballots_wait(self, behind):
        run("backup")
        put_into_spool(behind)

        assert_refused("请先封箱再升级", behind["migrations"])

    def test_is_refused_while_a_round_is_open(self, behind):
        run("backup")
        rounds = {model._meta.label: model for model in stored.models_at(behind["migrations"])}["evaluations.Round"]
        rounds.objects.filter(key="2020H2").update(state=RoundState.OPEN)

        assert_refused("请先封箱再升级", behind["migrations"])

    def test_is_refused_for_a_database_of_a_newer_version(self, upgraded):
        RECORDER.record_applied("evaluations", "9999_of_a_newer_version")

        assert_refused("更新的版本", stored.newest_migrations())

    def test_an_empty_database_is_not_upgraded(self, old, tmp_path):
        empty = database(tmp_path / "empty")
        with empty as name, in_use(name), pytest.raises(CommandError, match="请用 migrate"):
            run("upgrade")

    def test_names_what_is_wrong_after_the_upgrade(self, old):
        Rating.objects.filter(round__key="2020H1").update(cold=0)
        run("backup")

        with pytest.raises(CommandError, match="请不要启动网站"):
            run("upgrade")


@pytest.fixture
def behind(old):
    """The released version's database; one migration at least is due."""
    RECORDER.record_unapplied("accountability", "0001_initial")
    return old


def assert_refused(reason, migrations):
    """The upgrade is refused with the reason, and nothing has changed."""
    before = state(migrations)
    with pytest.raises(CommandError, match=reason):
        run("upgrade")
    assert state(migrations) == before


def put_into_spool(old):
    """Let a ballot of the old version wait to be sealed."""
    rows = spool_of(old["migrations"])
    texts = {field.attname: "x" for field in rows.model._meta.concrete_fields if field.name not in ("id", "round")}
    rows.create(round_id=Round.objects.values_list("pk", flat=True).get(key="2020H2"), **texts)


def spool_of(migrations):
    """The ballots that wait, as these migrations know them."""
    found = {model._meta.label: model for model in stored.models_at(migrations)}
    return found["evaluations.BallotSpool"].objects.all()

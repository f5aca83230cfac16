"""What is read from a replica, and when: only public pages that write nothing, only while it is fresh."""

import pytest
from django.conf import settings as in_force
from django.db import OperationalError
from django.http import FileResponse, Http404, HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver

from nanchuan_eval.checks import only_postgresql_has_a_replica
from nanchuan_eval.database import replica
from nanchuan_eval.database.replica import LOOK_AFTER_FAILURE, Follower, Router, from_replica

READERS = {
    "evaluations.draws.views": {"draws", "draw", "proof", "file"},
    "evaluations.open_data.views": {"data", "round_data", "catalog", "manifest", "feed", "file"},
    "evaluations.public_recount.views": {"check", "proofs"},
    "evaluations.public_site.views": {"how_to_take_part", "how_to_verify", "scoring"},
    "evaluations.publication.views": {
        "privacy", "lists", "public_list", "response", "notice_as_pdf", "notice_as_html",
    },
    "evaluations.sample_audit.views": {"public_sample", "public_draw"},
    "evaluations.sealing.views": {
        "issued_list", "issued_rest", "spent_list", "closing_list", "sealing_record", "ballot_form_file",
    },
    "evaluations.service_records.views.public": {"chain_file", "unit_days", "units"},
}  # fmt: skip


class Servers:
    """A primary and a replica by their positions, and a clock."""

    def __init__(self):
        self.now, self.written, self.replayed, self.fails, self.looks = 0.0, 0, 0, False, 0

    def log_position(self):
        self.looks += 1
        if self.fails:
            raise OperationalError
        return self.written

    def replayed_position(self, name):
        return self.replayed


@pytest.fixture
def servers(monkeypatch, settings):
    made = Servers()
    settings.REPLICA_LAG_SECONDS = 5
    monkeypatch.setattr(replica, "log_position", made.log_position)
    monkeypatch.setattr(replica, "replayed_position", made.replayed_position)
    monkeypatch.setattr(replica, "connections", {"replica": type("", (), {"close_if_unusable_or_obsolete": int})})
    return made


@pytest.fixture
def follower(servers):
    return Follower(clock=lambda: servers.now)


class TestFollower:
    def test_a_replica_that_has_replayed_everything_is_fresh(self, servers, follower):
        servers.written = servers.replayed = 100

        assert follower.is_fresh()

    def test_it_stays_fresh_while_nothing_is_written(self, servers, follower):
        for servers.now in range(0, 600, 10):
            assert follower.is_fresh()

    def test_a_replica_that_stands_still_is_used_for_the_limit_and_no_longer(self, servers, follower):
        servers.written = servers.replayed = 100
        assert follower.is_fresh()
        found = []
        for servers.now in range(1, 9):
            servers.written += 10
            found.append(follower.is_fresh())

        assert found == [True] * 5 + [False] * 3

    def test_a_replica_behind_by_less_than_the_limit_is_fresh(self, servers, follower):
        for servers.now in range(30):
            servers.written += 10
            servers.replayed = servers.written - 20  # two seconds
            follower.is_fresh()

        assert follower.is_fresh()

    def test_it_is_used_again_once_it_has_caught_up(self, servers, follower):
        servers.written = 100
        assert not follower.is_fresh()
        servers.now, servers.replayed = 2, 100

        assert follower.is_fresh()

    def test_one_that_was_promoted_is_not_used_from_that_moment(self, servers, follower):
        assert follower.is_fresh()
        servers.now, servers.replayed = 1, None

        assert not follower.is_fresh()

    def test_one_that_does_not_answer_is_left_alone_for_a_while(self, servers, follower):
        servers.fails = True
        for servers.now in range(int(LOOK_AFTER_FAILURE)):
            assert not follower.is_fresh()
        assert servers.looks == 1
        servers.now, servers.fails = LOOK_AFTER_FAILURE, False

        assert follower.is_fresh()

    def test_it_is_looked_at_once_a_second_however_many_pages_are_read(self, servers, follower):
        for servers.now in [0, 0.1, 0.5, 0.9, 1.0, 1.5]:
            follower.is_fresh()

        assert servers.looks == 2


@pytest.fixture
def fresh(monkeypatch):
    """A fresh replica."""
    monkeypatch.setitem(in_force.DATABASES, "replica", {})
    monkeypatch.setattr(replica.follower, "is_fresh", lambda: True)
    known = set(replica.readers)
    yield
    replica.readers.clear()
    replica.readers.update(known)


def where(request):
    """A view that answers where it would read."""
    return HttpResponse(Router().db_for_read(None))


def answer(view, request):
    response = view(request)
    return b"".join(response).decode()


@pytest.mark.usefixtures("fresh")
class TestViews:
    def test_a_marked_view_reads_from_the_replica(self):
        assert answer(from_replica(where), RequestFactory().get("/")) == "replica"
        assert Router().db_for_read(None) == "default"

    def test_no_other_view_does(self):
        assert answer(where, RequestFactory().get("/")) == "default"

    def test_a_form_is_answered_by_the_primary(self):
        assert answer(from_replica(where), RequestFactory().post("/")) == "default"

    def test_whoever_has_a_session_reads_from_the_primary(self):
        request = RequestFactory().get("/")
        request.COOKIES[in_force.SESSION_COOKIE_NAME] = "x"

        assert answer(from_replica(where), request) == "default"

    def test_a_replica_that_is_behind_is_not_read(self, monkeypatch):
        monkeypatch.setattr(replica.follower, "is_fresh", lambda: False)

        assert answer(from_replica(where), RequestFactory().get("/")) == "default"

    def test_without_a_replica_nothing_changes(self, monkeypatch):
        monkeypatch.delitem(in_force.DATABASES, "replica")

        assert answer(from_replica(where), RequestFactory().get("/")) == "default"

    @pytest.mark.parametrize("fault", [Http404, OperationalError])
    def test_what_is_not_found_there_or_breaks_off_is_asked_of_the_primary(self, fault):
        def view(request):
            if Router().db_for_read(None) == "replica":
                raise fault
            return where(request)

        assert answer(from_replica(view), RequestFactory().get("/")) == "default"

    def test_after_a_write_everything_is_read_from_the_primary(self):
        def view(request):
            assert Router().db_for_write(None) == "default"
            return where(request)

        assert answer(from_replica(view), RequestFactory().get("/")) == "default"

    def test_a_download_is_read_there_to_its_end(self):
        def view(request):
            return FileResponse(Router().db_for_read(None) for _ in range(3))

        assert answer(from_replica(view), RequestFactory().get("/")) == "replica" * 3
        assert Router().db_for_read(None) == "default"


def test_the_views_that_read_there_are_these():
    assert get_resolver().url_patterns

    assert replica.readers == {f"{module}.{name}" for module, names in READERS.items() for name in names}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["/list/", "/draws/", "/how/", "/verify/", "/scoring/", "/privacy/", "/records/", "/data/"]
)
def test_no_page_that_is_read_there_takes_a_form(client, page):
    assert client.get(page).status_code == 200
    assert client.post(page).status_code == 405


def test_nothing_is_migrated_there():
    assert Router().allow_migrate("replica", "evaluations") is False
    assert Router().allow_migrate("default", "evaluations") is None


def test_a_replica_of_sqlite_is_refused(settings, monkeypatch):
    sqlite, postgres = ({"ENGINE": f"django.db.backends.{name}"} for name in ("sqlite3", "postgresql"))
    faults = []
    for databases in (
        {"default": sqlite},
        {"default": postgres, "replica": postgres},
        {"default": sqlite, "replica": postgres},
    ):
        monkeypatch.setattr("nanchuan_eval.checks.settings.DATABASES", databases)
        faults.append([fault.id for fault in only_postgresql_has_a_replica(None)])

    assert faults == [[], [], ["nanchuan.E013"]]

"""Every action of the table: each role, own and foreign objects, right and wrong states (security.md G1)."""

import re

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from tests import factories as early
from tests.security import scenario
from tests.security.walk import DO, LINES, NOWHERE, PROPOSE, SEE

pytestmark = pytest.mark.django_db
TRACES = {"AuditEntry", "AuditHead", "AuditAnchor", "Session"}
NAMELESS = (Role.ANONYMOUS, Role.BALLOT_HOLDER, Role.TARGETED)
AFTER_THE_COUNT = ("/commission/", "/work/", "/inspection/", "/personnel/", "/admin/accountability/")
CHINESE = re.compile("[\u4e00-\u9fff]")


def walk(has):
    """Parametrize by the lines of the table that have something."""
    return pytest.mark.parametrize("line", [line for line in LINES if has(line)], ids=str)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """The accounts and a signed-in browser for each; everything a test adds is rolled back behind it."""
    with django_db_blocker.unblock(), transaction.atomic():
        accounts = scenario.make_accounts()
        yield accounts, {role: browser(account) for role, account in accounts.items()}
        transaction.set_rollback(True)


def browser(account=None):
    client = Client(raise_request_exception=False)
    if account:
        client.force_login(account)
    return client


@pytest.fixture
def stage(world, time_machine, settings):
    """Set the clock; one person alone does what takes two, for the services are what is tried."""
    settings.TWO_PERSON_RULE = False

    def set_to(line):
        time_machine.move_to(line.at, tick=False)
        return world

    return set_to


class Undo(Exception):
    """Raised to roll a try back."""


def asks(line, actor, own):
    question = {DO: policy.may_start, SEE: policy.may_see, PROPOSE: policy.may_propose}[line.kind]
    return question(actor, line.action, own=own)


def objects(line, world):
    """(what, whether it is the actors' own) for the right state."""
    accounts, _ = world
    yield line.right(accounts), True
    if line.foreign:
        yield line.foreign(accounts), False


def everything():
    """All rows of the four apps but the audit log."""
    ours = {"nanchuan_eval", "departments", "evaluations", "accountability"}
    models = [m for m in apps.get_models() if m._meta.app_label in ours and m.__name__ not in TRACES]
    return {m.__name__: list(m.objects.order_by("pk").values_list()) for m in models}


def entries_after(seq):
    return list(AuditEntry.objects.filter(seq__gt=seq).order_by("seq"))


def last_entry():
    newest = AuditEntry.objects.order_by("-seq").first()
    return newest.seq if newest else 0


class TestTheTableIsComplete:
    def test_every_action_has_a_service_a_page_or_a_reason(self):
        walked = {line.action for line in LINES}
        assert set(policy.table()) - walked - set(NOWHERE) == set()
        assert walked & set(NOWHERE) == set()

    def test_every_line_with_an_o_has_a_foreign_object(self):
        def limited(action):
            return any(policy.table()[action][role].endswith("o") for role in Role)

        walked = {line.action for line in LINES if line.foreign}
        assert {line.action for line in LINES if limited(line.action)} - walked == {
            # every listed section is the commission's own; these pages have no address but the unit's own
            "acc.talk.leader",
            "rank.own",
            "draw.names",
            "roster.view",
        }


class TestTheServices:
    @walk(lambda line: line.service)
    def test_each_role_on_own_and_foreign_objects_in_the_right_state(self, stage, line):
        accounts, _ = world = stage(line)
        for target, own in objects(line, world):
            for role, account in accounts.items():
                may = asks(line, account, own)
                try:
                    with transaction.atomic():
                        line.service(target, by=account, at=line.at)
                        raise Undo
                except Undo:
                    assert may, (role, own)
                except PermissionDenied:
                    assert not may, (role, own)

    @walk(lambda line: line.service and line.wrong)
    def test_in_a_wrong_state_a_rule_refuses_and_nothing_changes(self, stage, line):
        accounts, _ = stage(line)
        target, before = line.wrong(accounts), None
        for account in accounts.values():
            if asks(line, account, True):
                before = before or everything()
                with pytest.raises(RuleViolation) as refusal, transaction.atomic():
                    line.service(target, by=account, at=line.at)
                assert CHINESE.search(str(refusal.value))
                assert everything() == before
        assert before, "nobody may do it"


class TestTheAddresses:
    @walk(lambda line: line.url)
    def test_each_role_on_own_and_foreign_objects_in_the_right_state(self, stage, settings, line):
        self.ask_everybody(stage, settings, line, two=False)

    @walk(lambda line: line.url and line.action in policy.two_person_actions() and not line.alone)
    def test_where_it_takes_two_the_proposers_and_nobody_else(self, stage, settings, line):
        self.ask_everybody(stage, settings, line, two=True)

    def ask_everybody(self, stage, settings, line, *, two):
        accounts, browsers = world = stage(line)
        for target, own in objects(line, world):
            settings.TWO_PERSON_RULE = two
            for role, account in accounts.items():
                if role not in line.elsewhere.split():
                    traces = line.traces_of_two if two else line.traces
                    self.ask(line, target, browsers[role], may=asks(line, account, own), traces=traces, who=(role, own))
            for role in NAMELESS:
                self.ask_nameless(line, target, browser(), role)
            settings.TWO_PERSON_RULE = False

    def ask(self, line, target, client, *, may, traces, who):
        seq = last_entry()
        sid = transaction.savepoint()
        answer = line.url.ask(client, target)
        if answer.status_code == 302 and answer.url.startswith("/admin/login/"):
            answer = client.get(answer.url)
        rows = [(row.action, row.result) for row in entries_after(seq)]
        transaction.savepoint_rollback(sid)
        if not may:
            assert answer.status_code in {403, 404}, (who, answer.status_code)
            assert [result for _, result in rows] == ["denied"], (who, rows)
        else:
            assert answer.status_code in {200, 302}, (who, answer.status_code, said(answer))
            if line.kind != SEE and line.traces:
                named = [(action, result) for action, result in rows if action == line.action]
                assert named == [(line.action, "ok")] * traces, (who, rows, said(answer))
            assert not [row for row in rows if row[1] != "ok"], (who, rows)

    def ask_nameless(self, line, target, client, role):
        seq = last_entry()
        answer = line.url.ask(client, target)
        assert answer.status_code == 302, (role, answer.status_code)
        assert "/login/" in answer.url
        assert entries_after(seq) == []

    @walk(lambda line: line.url and line.wrong)
    def test_in_a_wrong_state_a_rule_refuses_nothing_changes_and_one_row_says_so(self, stage, line):
        accounts, browsers = stage(line)
        target, before = line.wrong(accounts), None
        for role, account in accounts.items():
            if role in line.elsewhere.split() or not asks(line, account, True):
                continue
            before = before or everything()
            seq = last_entry()
            answer = line.url.ask(browsers[role], target)
            assert answer.status_code in {302, 400, 403, 404, 200}, (role, answer.status_code)
            assert CHINESE.search(said(answer, browsers[role])), role
            assert everything() == before, role
            results = [row.result for row in entries_after(seq)]
            assert "ok" not in results, role
            assert len(results) <= 1, (role, results)
        assert before, "nobody may do it"


class TestTheForms:
    """A form after the count is not shown to whoever would be refused whatever they type (FormPage.refuses)."""

    @walk(lambda line: line.url and line.url.data and line.wrong)
    def test_in_a_wrong_state_the_page_says_why_instead_of_asking(self, stage, line):
        accounts, browsers = stage(line)
        target = line.wrong(accounts)
        if not line.url.path(target).startswith(AFTER_THE_COUNT) or line.url.path(target).endswith("/anomalies/"):
            pytest.skip("a page before the count, or one that has a form for each alert still open")
        for role, account in accounts.items():
            if role not in line.elsewhere.split() and asks(line, account, True):
                answer = browsers[role].get(line.url.path(target))
                page = answer.content.decode()
                shown = [name for name in line.url.data(target) if f'name="{name}"' in page]
                assert answer.status_code != 200 or not shown, (role, shown)
                assert answer.status_code != 200 or "现在不能办理。" in page, role


class TestCitizens:
    """The public pages: everybody reads, the code is the right, and an account changes nothing about it."""

    @pytest.fixture
    def anybody(self, world):
        _, browsers = world
        return [browser() for _ in NAMELESS] + list(browsers.values())

    def test_everybody_reads_what_is_public(self, anybody, time_machine):
        time_machine.move_to(scenario.AFTER, tick=False)
        round_ = scenario.published_list()
        hidden = scenario.to_publish()
        for client in anybody:
            for path in ("/", "/list/", f"/list/{round_.key}/", "/draws/", "/privacy/", "/audit-anchors.txt"):
                assert client.get(path).status_code == 200, path
            assert client.get(f"/list/{hidden.key}/").status_code == 404

    def test_whoever_has_a_code_votes_once_and_leaves_no_trace(self, anybody, time_machine):
        time_machine.move_to(scenario.NOON, tick=False)
        round_ = scenario.open_round()
        for client, code in zip(anybody, early.make_codes(round_, len(anybody)), strict=True):
            seq = last_entry()
            assert client.post("/ballot/", {"code": code}).status_code == 200
            early.cast_ballots(round_, [code])
            again = client.post("/ballot/", {"code": code})
            assert again.status_code == 400
            assert "票号无法使用" in said(again)
            assert entries_after(seq) == []

    def test_a_code_opens_nothing_before_and_after_the_vote(self, anybody, time_machine):
        time_machine.move_to(scenario.NOON, tick=False)
        round_ = scenario.open_round()
        codes = early.make_codes(round_, 1)
        for state in (RoundState.FROZEN, RoundState.SEALED, RoundState.VOID):
            Round.objects.filter(pk=round_.pk).update(state=state)
            for client in anybody[:3]:
                cache.clear()
                assert client.post("/ballot/", {"code": codes[0]}).status_code == 400, state

    def test_whoever_wants_takes_a_code_while_the_counter_is_open(self, anybody, time_machine):
        time_machine.move_to(scenario.NOON, tick=False)
        round_ = scenario.open_round()
        early.make_self_service(round_)
        open_, closed = [], []
        for asked in (open_, closed):
            for client in anybody:
                cache.clear()
                asked.append(client.post("/ballot/claim/").status_code)
            Round.objects.filter(pk=round_.pk).update(state=RoundState.SEALED)
        assert set(open_) == {307}  # the page that offers the cookie; the same form is sent again
        assert set(closed) == {400}

    def test_a_receipt_is_found_once_the_box_is_sealed(self, anybody, time_machine):
        time_machine.move_to(scenario.NOON, tick=False)
        round_ = scenario.open_round()
        receipts = early.cast_ballots(round_, early.make_codes(round_, 1))
        before = said(anybody[0].post("/receipt/", {"receipt": receipts[0]}))
        sealing.seal_round(round_id=round_.pk, by=policy.CLOCK, at=round_.closes_at)
        for client in anybody:
            cache.clear()
            after = client.post("/receipt/", {"receipt": receipts[0]})
            assert after.status_code == 200
            assert said(after) != before


class TestEverybodysOwn:
    def test_each_account_sees_and_ends_its_own_sessions_and_sees_its_own_actions(self, world):
        accounts, _ = world
        for role, account in accounts.items():
            client = browser(account)
            audit.record("round.edit", None, by=account, at=scenario.NOON)
            page = client.get("/account/")
            assert page.status_code == 200, role
            assert bool(page.context["actions"]) is policy.may_see(account, "log.own", own=True), role
            assert client.post("/account/sessions/end/").status_code == 302, role
            assert "/login/" in client.get("/account/").url, role

    def test_the_nameless_have_none(self):
        assert "/login/" in browser().get("/account/").url
        assert "/login/" in browser().post("/account/sessions/end/").url


class TestWithoutAPage:
    def test_who_inspects_is_shown_to_those_who_may_know(self, world, time_machine):
        time_machine.move_to(scenario.AFTER, tick=False)
        accounts, browsers = world
        visit = scenario.visit([accounts["I"]])
        order = scenario.order()
        for role, client in browsers.items():
            page = client.get(f"/inspection/{visit.pk}/")
            sees = policy.may_see(accounts[role], "insp.identity", own=True)
            assert ("暗访人员" in said(page) or accounts["I"].name in said(page)) is sees, role
        assert accounts["L"].unit_code == order.inspection.section.department_code
        page = said(browsers["L"].get(f"/work/orders/{order.pk}/"))
        assert not [who.name for who in order.inspection.inspectors.all() if who.name in page]

    @pytest.mark.parametrize("path", ["ballot/", "ballot/1/change/", "rating/", "credential/", "ballotspool/"])
    def test_no_page_shows_or_changes_a_ballot_or_a_code(self, world, path):
        _, browsers = world
        for role, client in browsers.items():
            assert client.get(f"/admin/evaluations/{path}", follow=True).status_code in {403, 404}, role
            assert client.post(f"/admin/evaluations/{path}", follow=True).status_code in {403, 404}, role

    @pytest.mark.parametrize("page", ["", "pictures/", "anomalies/", "count/", "export/", "sections/D01-01/"])
    def test_nobody_sees_a_score_while_the_vote_runs(self, world, time_machine, page):
        time_machine.move_to(scenario.NOON, tick=False)
        _, browsers = world
        round_ = scenario.open_round()
        early.cast_ballots(round_, early.make_codes(round_, 3))
        for role, client in browsers.items():
            ask = client.post if page == "export/" else client.get
            answer = ask(f"/commission/{round_.key}/{page}")
            assert answer.status_code in {302, 403, 404} or "难办指数" not in said(answer), role


class TestProposals:
    @pytest.mark.parametrize("name", sorted(approvals._actions))
    @pytest.mark.parametrize("own", [True, False], ids=["own", "foreign"])
    def test_only_roles_with_the_right_may_propose(self, world, settings, monkeypatch, name, own):
        def arrived(*_):
            raise Undo

        settings.TWO_PERSON_RULE = True
        monkeypatch.setattr(approvals, "_lock", arrived)
        monkeypatch.setattr(approvals.ApprovableAction, "owned_by", lambda *_: own)
        action = approvals.action_named(name)
        for role, account in world[0].items():
            cell = policy.table()[action.permission][role]
            may = cell[0] == "P" and (own or not cell.endswith("o"))
            with pytest.raises(Undo if may else policy.Denied):
                approvals.propose(name, action.model(), by=account, at=scenario.NOON)


def said(answer, client=None):
    """The page's text, or that of the page it leads to."""
    if answer.status_code == 302 and client:
        answer = client.get(answer.url, follow=True)
    body = b"".join(answer) if answer.streaming else answer.content
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", " ", body.decode(errors="replace"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)[:3000]

"""The policy table, cell by cell: as a table, at every service, at every page (security.md G1)."""

import ast
import csv
import enum
import hashlib
import importlib
import inspect
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import pytest
from django.contrib.admin import site
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import InternalError, OperationalError, transaction

from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from tests.factories import NOON, ROLES, make_sealed_round, make_user
from tests.paths import ROOT

ROWS = list(csv.DictReader(policy.TABLE.open(encoding="utf-8")))
CELLS = [(row["action"], role, row[role]) for row in ROWS for role in Role]
OF_TWO = [row["action"] for row in ROWS if {"P", "A"} <= {row[role][0] for role in Role}]


class TestTheTable:
    """117 actions, 13 roles: 1,521 cells, read here without the code that is tested."""

    def test_it_is_the_agreed_one(self):
        assert hashlib.sha256(policy.TABLE.read_bytes()).hexdigest() == AGREED
        assert (len(ROWS), len(CELLS), len(OF_TWO)) == (117, 1521, 44)

    def test_every_cell(self):
        wrong = []
        for action, role, cell in CELLS:
            actor = policy.AnonymousActor(role)
            for own in (False, True):
                counts = cell != "-" and (own or not cell.endswith("o"))
                wanted = (
                    counts and cell[0] in "YA",
                    counts,
                    counts and cell[0] == "P",
                )
                got = (
                    policy.may(actor, action, own=own),
                    policy.may_see(actor, action, own=own) and cell[0] in "YAPVMW",
                    policy.may_propose(actor, action, own=own),
                )
                if got != wanted:
                    wrong.append((action, role, own, got, wanted))
        assert wrong == []

    @pytest.mark.parametrize("action", [row["action"] for row in ROWS if row["state"].startswith("never")])
    def test_what_is_never_done_is_nobodys(self, action):
        assert policy.roles_allowed(action) == []
        assert not any(policy.may_see(policy.AnonymousActor(role), action, own=True) for role in Role)

    def test_an_account_without_a_role_may_nothing(self):
        assert not any(policy.may_see(policy.AnonymousActor(""), action, own=True) for action in policy.table())

    @pytest.mark.parametrize("admin", ["SYS", "SEC", "AUD"])
    def test_the_three_administrators_touch_no_business(self, admin):
        mine = {row["action"] for row in ROWS if row[admin][0] in "YAP"}
        business = {row["action"] for row in ROWS if row["group"].split()[0] not in {"Users", "Logs"}}
        assert mine & business == set()

    @pytest.mark.django_db
    @pytest.mark.parametrize("action", OF_TWO)
    def test_each_of_the_36_refuses_the_same_person_under_another_account(self, action):
        approver_role = next(role for role in Role if policy.table()[action][role][0] == "A")
        proposer = User.objects.create(username="one", name="甲", role="C", person_code="N1")
        same = User.objects.create(username="two", name="甲", role=approver_role, person_code="N1", unit_code="D01")
        other = User.objects.create(username="three", name="乙", role=approver_role, person_code="N2", unit_code="D01")
        approval = Approval(action=action, proposed_by=proposer)

        with pytest.raises(RuleViolation, match="不得为同一人"):
            approvals.check_approver(approval, same)
        approvals.check_approver(approval, other)


NEVER = policy.NEVER_ARISES


class TestTwoPersonActions:
    """Whatever the table gives to a proposer and an approver goes by proposal and approval."""

    def test_each_can_be_proposed_but_for_what_never_arises(self):
        assert policy.two_person_actions() == set(OF_TWO)
        assert approvals.unhandled_actions() == []

    @pytest.mark.parametrize("form", [a for a in site._registry.values() if isinstance(a, PolicyAdmin)], ids=repr)
    def test_every_form_of_the_staff_site_can_be_proposed(self, settings, form):
        settings.TWO_PERSON_RULE = True
        name = form.model._meta.label_lower
        if form.is_proposed():
            assert approvals.action_named(f"{name}.edit").permission == form.edit_action
            assert approvals.action_named(f"{name}.add").permission == form.edit_action
        if policy.requires_approval(form.delete_action or ""):
            assert approvals.action_named(f"{name}.delete").permission == form.delete_action

    def test_every_proposal_is_of_a_two_person_action(self):
        assert approvals.one_person_actions() == []

    @pytest.mark.parametrize("action", sorted(set(OF_TWO) - NEVER))
    def test_none_is_done_by_one_person_even_if_they_may_approve_it(self, settings, action):
        settings.TWO_PERSON_RULE = True
        for role in policy.roles_allowed(action):
            with pytest.raises(policy.NeedsApproval):
                policy.check(policy.AnonymousActor(role), action, own=True)


def services() -> Iterator[tuple[str, str, str]]:
    """Every function that first asks the table: (module, name, action)."""
    for path in sorted({*ROOT.glob("*/*/services/*.py"), *ROOT.glob("*/*/services.py")}):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                action = first_check(node)
                if action:
                    yield module, node.name, action


def first_check(function: ast.FunctionDef) -> str:
    body = function.body[1:] if isinstance(function.body[0], ast.Expr) else function.body
    call = getattr(body[0], "value", None) if body else None
    if (
        isinstance(call, ast.Call)
        and len(call.args) > 1
        and ast.unparse(call.func) == "policy.check"
        and not call.keywords
    ):
        action = call.args[1]
        if isinstance(action, ast.Constant) and ast.unparse(call.args[0]) == "by":
            return action.value
    return ""


AGREED = "da273580698585622ddc2a3f96f807c4b549f3f1582d2016f71f3e9b64a8ef8a"
SERVICES = sorted(services())


def dummy(annotation):
    """Something of the right type that names nothing that exists."""
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        return dummy(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    simple = {int: 0, str: "x", bool: False, bytes: b"", datetime: NOON, date: NOON.date()}
    if annotation in simple:
        return simple[annotation]
    if origin in {list, tuple, Sequence, typing.Iterable} or annotation in {list, tuple}:
        return []
    if origin in {dict, Mapping} or annotation is dict:
        return {}
    return None


def call(module, name, by):
    function = getattr(importlib.import_module(module), name)
    hints = typing.get_type_hints(inspect.unwrap(function))
    given = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "by":
            given["by"] = by
        elif parameter.default is inspect.Parameter.empty:
            given[parameter.name] = dummy(hints[parameter.name])
    positional = [
        given.pop(p.name)
        for p in inspect.signature(function).parameters.values()
        if p.kind is not inspect.Parameter.KEYWORD_ONLY and p.name in given
    ]
    return function(*positional, **given)


@pytest.mark.django_db
class TestTheServices:
    """Each service × each role of an account: refused by the table, or not by the table."""

    def test_there_are_many(self):
        assert len(SERVICES) >= 30

    @pytest.mark.parametrize(("module", "name", "action"), SERVICES, ids=lambda x: str(x).rsplit(".", maxsplit=1)[-1])
    def test_every_role(self, module, name, action):
        for word, role in ROLES.items():
            user = make_user(word)
            is_denied = False
            try:
                with transaction.atomic():
                    call(module, name, user)
                    transaction.set_rollback(True)
            except policy.Denied:
                is_denied = True
            except (
                RuleViolation,
                ObjectDoesNotExist,
                TypeError,
                AttributeError,
                ValueError,
                KeyError,
                ValidationError,
                OperationalError,  # SQLite makes no backup inside a transaction,
                InternalError,  # nor does PostgreSQL
            ):
                pass
            assert is_denied is not policy.may(user, action), (name, role, action)


PAGES = [
    ("/admin/evaluations/round/", "see", "round.open"),
    ("/admin/evaluations/round/add/", "do", "round.edit"),
    ("/admin/evaluations/poolentry/", "see", "pool.view"),
    ("/admin/evaluations/draw/", "see", "draw.commit"),
    ("/admin/evaluations/comment/", "see", "comment.view"),
    ("/admin/evaluations/sectionresult/", "see", "tally.view"),
    ("/admin/evaluations/manifestation/", "see", "round.edit"),
    ("/admin/departments/department/", "see", "roster.view"),
    ("/admin/departments/department/add/", "do", "roster.edit"),
    ("/admin/departments/section/", "see", "roster.view"),
    ("/admin/departments/section/add/", "do", "roster.edit"),
    ("/admin/lists/roster/", "do", "roster.import"),
    ("/admin/lists/accounts/", "do", "user.create"),
    ("/admin/accounts/letters/", "do", "user.pwlink"),
    ("/admin/accountability/case/", "see", "acc.view"),
    ("/admin/accountability/earlierround/", "see", "roster.view"),
    ("/admin/lists/history/", "do", "roster.import"),
    ("/admin/nanchuan_eval/auditentry/", "see", "log.view"),
    ("/admin/policy/", "see", "policy.set"),
    ("/admin/doctor/", "see", "sys.config"),
    ("/admin/nanchuan_eval/holiday/", "see", "round.edit"),
    ("/admin/nanchuan_eval/holiday/add/", "do", "round.edit"),
    ("/admin/nanchuan_eval/holiday/years/2026/declare/", "do", "round.edit"),
    ("/commission/", "see", "top10.view"),
]
POSTS = [
    ("/admin/nanchuan_eval/auditentry/export/", "log.export"),
    ("/admin/nanchuan_eval/auditentry/verify/", "log.verify"),
    ("/admin/nanchuan_eval/user/{user}/link/", "user.pwlink"),
    ("/admin/nanchuan_eval/user/{user}/letter/", "user.pwlink"),
    ("/admin/nanchuan_eval/user/{user}/end-sessions/", "session.kill"),
    ("/admin/nanchuan_eval/user/{user}/reset-factor/", "mfa.reset"),
    ("/admin/evaluations/round/{round}/step/count/", "tally.run"),
]


def enters_the_desk(user, path):
    return user.is_staff or not path.startswith("/admin/")


@pytest.mark.django_db
class TestThePages:
    """Each page × each role: 200 for whom the table lets in, 403 and one log entry for everybody else."""

    @pytest.mark.parametrize(("path", "kind", "action"), PAGES)
    def test_every_role_looks(self, client, path, kind, action):
        asks = policy.may_see if kind == "see" else policy.may
        for word in ROLES:
            user = make_user(word)
            client.force_login(user)
            before = AuditEntry.objects.filter(result="denied").count()
            answer = client.get(path, follow=True)
            allowed = asks(user, action) and enters_the_desk(user, path)
            assert answer.status_code == (200 if allowed else 403), (path, word)
            assert AuditEntry.objects.filter(result="denied").count() - before == (0 if allowed else 1), (path, word)

    @pytest.mark.parametrize(("path", "action"), POSTS)
    def test_every_role_acts(self, client, path, action):
        round_ = make_sealed_round()
        for word in ROLES:
            user, other = make_user(word), make_user("clerk")
            client.force_login(user)
            before = AuditEntry.objects.filter(result="denied").count()
            answer = client.post(path.format(user=other.pk, round=round_.pk), follow=True)
            allowed = policy.may(user, action) and enters_the_desk(user, path)
            assert (answer.status_code != 403) is allowed, (path, word, answer.status_code)
            assert AuditEntry.objects.filter(result="denied").count() - before == (0 if allowed else 1), (path, word)

    @pytest.mark.parametrize("path", [path for path, *_ in PAGES])
    def test_nobody_looks_without_an_account(self, client, path):
        assert "/login/?next=" in client.get(path).url

    @pytest.mark.parametrize("path", [path for path, *_ in PAGES])
    def test_an_account_without_a_role_sees_nothing(self, client, path):
        user = make_user("clerk")
        User.objects.filter(pk=user.pk).update(role="")
        client.force_login(User.objects.get(pk=user.pk))
        assert client.get(path, follow=True).status_code == 403

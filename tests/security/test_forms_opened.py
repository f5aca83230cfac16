"""The form of an action opens for whoever may start the action, and for nobody else (security.md G1).

The lines of the walk give one address an action; OTHERS names the forms at other addresses. A new address with a form
belongs into one of the two, or into READ_BY_OTHERS or WITHOUT_FORM with the reason.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver, resolve

from accountability.citizens.models import FollowUpCount, FollowUpRemark
from accountability.citizens.services import may_answer, suggest_section
from accountability.inspections.rules import InspectionState
from accountability.leads.models import Lead
from accountability.objections.rules import ObjectionState
from accountability.rectifications.rules import RectificationState
from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.rules.open_channel import OpenAlert
from evaluations.pools.models import PoolObjection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.models import CompleteYear
from tests.factories import make_department
from tests.security import scenario as s
from tests.security.test_walk import asks, browser, stage, world  # noqa: F401  # fixtures
from tests.security.walk import ADMIN, LINES

pytestmark = pytest.mark.django_db
OK = 200
POSTED = [line for line in LINES if line.url and line.url.data]


@dataclass(frozen=True)
class Form:
    """A form at an address of its own; `may` = the right that its service asks for."""

    name: str
    path: str
    right: Callable[[Any], Any]
    may: Callable[[Any], bool]
    at: datetime = s.AFTER

    def __str__(self) -> str:
        return self.name


def starts(action: str, *, own: bool = False) -> Callable[[Any], bool]:
    return lambda account: policy.may_start(account, action, own=own and account.role in {Role.LIAISON, Role.INSPECTOR})


def proposes(action: str, *, own: bool = False) -> Callable[[Any], bool]:
    return lambda account: policy.may_propose(account, action, own=own)


def performs(action: str, *, own: bool = False) -> Callable[[Any], bool]:
    return lambda account: policy.may(account, action, own=own)


def lead(_):
    return Lead.objects.create(section=s.listed_section(), facts="收受财物", received_at=s.AFTER)


def notice(_=None):
    return s.pooled().pool_notices.first()


def alert(_):
    batch = s.early.make_self_service(s.open_round())
    return OpenClaimAlert.objects.create(batch=batch, kind=OpenAlert.NETWORK, on=s.NOON.date(), times=3)


def remark(_):
    case = s.rectification().case
    FollowUpCount.objects.create(case=case, satisfaction="better", votes=5)
    return FollowUpRemark.objects.create(case=case, text="窗口还是没有人")


def suggestion(_):
    return suggest_section(unit="区供水公司", section="营业厅", reason="停水", at=s.AFTER)


UNIT = {"own": True}
UNITS = "/admin/departments/department"
OTHERS = [
    Form("stated-count", ADMIN + "/recordbatch/stated/", lambda w: make_department(), starts("pool.import")),
    Form(
        "record-correct", ADMIN + "/datarequest/record/correct/", lambda w: make_department(), starts("privacy.handle")
    ),
    Form("own-count", "/work/records/count/", lambda w: s.own_unit(), starts("records.deliver", own=True)),
    Form("own-file", "/work/records/file/", lambda w: s.own_unit(), starts("records.deliver", own=True)),
    Form("department-reform", UNITS + "/reform/rename/?ids={o.pk}", lambda w: make_department(), starts("roster.edit")),
    Form("account-requests", "/admin/accounts/requests/", lambda w: s.listed_account(role=""), starts("role.grant")),
    Form("account-letters", "/admin/accounts/letters/", lambda w: s.listed_account(role="I"), starts("user.pwlink")),
    Form("draw-abandon", ADMIN + "/draw/{o.pk}/abandon/", lambda w: s.committed(), starts("draw.commit"), s.NOON),
    Form("batch-void", ADMIN + "/codebatch/{o.pk}/void/", lambda w: s.batch(s.open_round()), starts("cred.void")),
    Form("batch-recall", ADMIN + "/codebatch/{o.pk}/recall/", lambda w: s.batch(s.open_round()), starts("cred.void")),
    Form(
        "batch-replace", ADMIN + "/codebatch/{o.pk}/replace/", lambda w: s.batch(s.open_round()), starts("cred.print")
    ),
    Form("batch-print", ADMIN + "/codebatch/{o.pk}/print/", lambda w: s.batch(s.open_round()), starts("cred.print")),
    Form("round-import-codes", ADMIN + "/round/{o.pk}/import-codes/", lambda w: s.open_round(), starts("cred.print")),
    Form("round-messages-make", ADMIN + "/round/{o.pk}/messages/make/", lambda w: s.open_round(), starts("cred.print")),
    Form(
        "round-messages-stop",
        ADMIN + "/round/{o.pk}/messages/stop/add/",
        lambda w: s.open_round(),
        starts("cred.print"),
    ),
    Form("round-carry", ADMIN + "/round/{o.pk}/carry/", lambda w: s.second_draft(), starts("round.edit")),
    Form("round-settle", ADMIN + "/round/{o.pk}/settle/", lambda w: s.draft(), starts("round.edit")),
    Form("alert-review", ADMIN + "/round/alert/{o.pk}/", alert, proposes("ballot.invalid")),
    Form("pool-objection", ADMIN + "/poolentry/notice/{o.pk}/objection/", notice, starts("pool.import"), s.NOON),
    Form(
        "pool-answer",
        ADMIN + "/poolentry/objection/{o.pk}/answer/",
        lambda w: PoolObjection.objects.create(notice=notice(), content="亲属", received_at=s.NOON),
        starts("pool.exclude"),
        s.NOON,
    ),
    Form(
        "pool-correct",
        ADMIN + "/poolentry/{o.pk}/correct/",
        lambda w: s.person(s.pooled()),
        starts("privacy.handle"),
        s.NOON,
    ),
    Form(
        "pool-exclude-several",
        ADMIN + "/poolentry/exclude/?ids={o.pk}",
        lambda w: s.person(s.pooled()),
        starts("pool.exclude"),
        s.NOON,
    ),
    Form(
        "accountability_measure_waive",
        "/admin/accountability/case/measures/{o.pk}/waive/",
        lambda w: s.measure(kind="notice"),
        starts("acc.close"),
    ),
    Form(
        "round-sample-draw",
        ADMIN + "/round/{o.pk}/sample/draw/",
        lambda w: s.audited(),
        starts("audit.sample"),
        s.CLOSED,
    ),
    Form("commission-veto", "/commission/{o.key}/veto/", lambda w: s.to_publish(), starts("publish.approve")),
    Form(
        "assessment-record",
        "/personnel/assessment/record/",
        lambda w: s.measure(kind="assessment"),
        performs("acc.assess"),
    ),
    Form(
        "commission-papers",
        "/commission/{o.key}/papers/",
        lambda w: s.published_list(),
        lambda account: policy.may_see(account, "top10.view"),
    ),
    Form("case-head", "/work/cases/{o.pk}/head/", lambda w: s.case_of_two_heads(), starts("acc.open")),
    Form("talk-plan", "/work/talks/{o.pk}/plan/", lambda w: s.measure(), proposes("acc.talk.head", **UNIT)),
    Form("talk-held", "/work/talks/{o.pk}/held/", lambda w: s.planned_talk(), proposes("acc.talk.head", **UNIT)),
    Form(
        "talk-switch",
        "/work/talks/{o.pk}/switch/",
        lambda w: s.measure(kind="talk_leader"),
        performs("acc.talk.leader", **UNIT),
    ),
    Form(
        "talk-return", "/work/talks/records/{o.pk}/return/", lambda w: s.talk(state="filed"), performs("acc.talk.head")
    ),
    Form(
        "plan-add",
        "/work/rectifications/{o.pk}/add/",
        lambda w: s.rectification(state=RectificationState.AWAITED),
        starts("rect.plan", **UNIT),
    ),
    Form(
        "report-submit",
        "/work/rectifications/{o.pk}/report/",
        lambda w: s.rectification(),
        starts("rect.report", **UNIT),
    ),
    Form(
        "rectification-resume",
        "/work/rectifications/{o.pk}/resume/",
        lambda w: s.rectification(state=RectificationState.ESCALATED),
        starts("acc.open"),
    ),
    Form(
        "item-edit",
        "/work/items/{o.pk}/edit/",
        lambda w: s.item(s.rectification(state=RectificationState.AWAITED)),
        starts("rect.plan", **UNIT),
    ),
    Form("item-finish", "/work/items/{o.pk}/finish/", lambda w: s.shown_item(), starts("rect.report", **UNIT)),
    Form("item-back", "/work/items/{o.pk}/back/", lambda w: s.item(s.passed()), starts("rect.close")),
    Form("objection-file", "/work/objections/file/", lambda w: s.listed_section(), starts("appeal.submit", **UNIT)),
    Form(
        "objection-recount",
        "/work/objections/{o.pk}/recount/",
        lambda w: s.objection(state=ObjectionState.ACCEPTED),
        lambda account: policy.may(account, "tally.verify") and policy.may_see(account, "appeal.view"),
    ),
    Form(
        "objection-sign",
        "/work/objections/{o.pk}/sign/",
        lambda w: s.objection(state=ObjectionState.RECOUNTED),
        lambda account: policy.may_see(account, "tally.verify") and policy.may_see(account, "appeal.view"),
    ),
    Form("lead-receive", "/work/leads/receive/", lambda w: None, starts("acc.open")),
    Form("lead-conclude", "/work/leads/{o.pk}/conclude/", lead, starts("acc.open")),
    Form("inspection-recuse", "/inspection/recuse/", lambda w: None, starts("insp.assign")),
    Form("order-reply", "/work/orders/{o.pk}/reply/", lambda w: s.order(), starts("rect.report", **UNIT)),
    Form("remark-pass-on", "/work/remarks/{o.pk}/pass-on/", remark, starts("comment.redact")),
    Form("suggestion-answer", "/work/suggestions/{o.pk}/answer/", suggestion, may_answer),
    Form(
        "paper-slips",
        ADMIN + "/codebatch/{o.pk}/papers/slips/",
        lambda w: s.batch(s.open_round()),
        proposes("paper.entry"),
    ),
    Form(
        "paper-key", ADMIN + "/codebatch/{o.pk}/papers/key/", lambda w: s.batch(s.open_round()), proposes("paper.entry")
    ),
    Form(
        "draw-plan",
        ADMIN + "/draw/round/{o.pk}/evaluators/plan/",
        lambda w: s.pooled(),
        lambda account: policy.may(account, "draw.commit") or policy.may_start(account, "draw.commit"),
        s.NOON,
    ),
    Form(
        "draw-letters",
        ADMIN + "/draw/{o.pk}/letters/",
        lambda w: s.published_draw(),
        starts("pool.unmask"),
        s.DAY_AFTER,
    ),
    Form("profile-change", "/admin/profile/change/", lambda w: None, starts("profile.edit")),
    Form("holidays-declare", "/admin/nanchuan_eval/holiday/years/2026/declare/", lambda w: None, starts("round.edit")),
    Form(
        "holidays-withdraw",
        "/admin/nanchuan_eval/holiday/years/{o.pk}/withdraw/",
        lambda w: CompleteYear.objects.first(),
        starts("round.edit"),
    ),
    Form("inspection-move", "/inspection/{o.pk}/move/", lambda w: s.visit(), starts("insp.assign")),
    Form("inspection-cancel", "/inspection/{o.pk}/cancel/", lambda w: s.visit(), starts("insp.assign")),
    Form(
        "inspection-add",
        "/inspection/plans/{o.plan_id}/add/{o.section.code}/",
        lambda w: s.visit(state=InspectionState.CANCELLED),
        starts("insp.assign"),
    ),
    Form("order-return", "/work/orders/{o.pk}/return/", lambda w: s.replied_order(), starts("insp.assign")),
]

# Pages that others rightly read; the service refuses what they post (test_walk).
READ_BY_OTHERS = {
    "round-rulebook": "the rules are read by everybody of the office",
    "round-plan": "an estimate; what is entered is not stored",
    "round-simulation": "shows an uploaded file; nothing is stored",
    "round-pool": "the state of the pools",
    "round-frame": "figures of the service records, posted for their workbook",
    "draw-ceremony": "the projector's page",
    "commission-anomalies": "the flags; without the right it has no form",
    "evaluations_sectionresult_change": "Django's read-only page",
    "nanchuan_eval_user_change": "Django's read-only page",
}
# How our views show a form that is posted back to the page itself.
SHOWS_FORM = re.compile(r"\b(show_form|render_form|show_round_form|_ask|_with_reason)\(")
# Their forms are everybody's own: the account's address for reminders.
OWN = {"reminders"}


def has_form(answer, path) -> bool:
    """True if the page has a form that is posted back to its own address."""
    if answer.status_code != OK:
        return False
    forms = re.findall(r"<form\b[^>]*>", answer.content.decode())
    targets = [re.search(r'action="([^"]*)"', form) for form in forms if 'method="post"' in form]
    return any(target is None or target[1] in {"", path} for target in targets)


def opened_by(path, browsers) -> set[str]:
    """Return the roles that are shown the form."""
    shown = set()
    for role, client in browsers.items():
        sid = transaction.savepoint()
        answer = client.get(path)
        transaction.savepoint_rollback(sid)
        assert answer.status_code in {200, 302, 400, 403, 404, 405}, (role, answer.status_code)
        if has_form(answer, path):
            shown.add(role)
    return shown


@pytest.mark.parametrize("line", [line for line in POSTED if not line.alone], ids=str)
def test_a_form_of_the_walk_opens_for_nobody_else(stage, settings, line):  # noqa: F811
    accounts, browsers = stage(line)
    path = line.url.path(line.right(accounts))
    for settings.TWO_PERSON_RULE in (True, False):
        may = {role for role, account in accounts.items() if asks(line, account, True)} | set(line.elsewhere.split())
        if name_of(path) not in READ_BY_OTHERS:
            assert opened_by(path, browsers) <= may


@pytest.mark.parametrize("form", OTHERS, ids=str)
def test_any_other_form_opens_for_whoever_may_start_its_action_and_nobody_else(stage, settings, form):  # noqa: F811
    accounts, browsers = stage(form)
    path = form.path.format(o=form.right(accounts))
    assert name_of(path) == form.name
    for settings.TWO_PERSON_RULE in (True, False):
        assert opened_by(path, browsers) == {role for role, account in accounts.items() if form.may(account)}


def test_every_form_has_its_line(stage):  # noqa: F811
    accounts, _ = stage(LINES[0])
    walked = set()
    for line in POSTED:
        sid = transaction.savepoint()
        walked.add(name_of(line.url.path(line.right(accounts))))
        transaction.savepoint_rollback(sid)  # only one round is open at a time
    known = walked | {form.name for form in OTHERS} | set(READ_BY_OTHERS) | OWN
    shown = {entry.name for entry in patterns() if SHOWS_FORM.search(inspect.getsource(inspect.unwrap(entry.callback)))}
    assert len(shown) > len(OTHERS)
    assert shown - known == set()


def name_of(path):
    return resolve(path.partition("?")[0]).url_name


def patterns(resolver=None):
    for entry in (resolver or get_resolver()).url_patterns:
        yield from patterns(entry) if isinstance(entry, URLResolver) else [entry]

"""A term in working days carries its hint wherever it is shown, until somebody has declared the year complete (R-K)."""

import ast
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from io import BytesIO

import pytest
from django.core import mail
from django.test import Client
from openpyxl import load_workbook

from accountability.inspections.services import orders
from accountability.inspections.services.changes import move_visit
from accountability.objections.services import file_objection, file_review
from accountability.rectifications.rules import RectificationState
from accountability.rectifications.services.items import PLAN_FIELDS, edit_item
from accountability.results import documents as dossier_documents
from accountability.results.queries.dossiers import read_section_dossier
from accountability.results.workbooks.top_ten import top10_workbook
from accountability.worklist.services import send_reminders, set_address
from evaluations.draws import documents as draws_documents
from evaluations.draws.services.letters import reply_term
from evaluations.lifecycle.queries import READERS
from evaluations.pools.models import PoolNotice
from evaluations.pools.queries import notice_faults
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.notices import announce_pool
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.models import CompleteYear
from tests import factories as early
from tests.accountability import factories as late
from tests.architecture import modules
from tests.paths import ROOT
from tests.security import scenario as s

pytestmark = pytest.mark.django_db
HINT = re.compile(
    r"20(20|26)年(、20\d\d年)?节假日尚未确认录全，(期限|答复期限|谈话期限|异议期|暗访日期)按周一至周五计算，可能有变"
)
DUE = date(2020, 7, 31)


def seen_by(role: Role, path: str, unit: str = "") -> str:
    """Return the page as an account of the role sees it."""
    client = Client()
    client.force_login(late.make_account(role, unit))
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def refusal(service: Callable[[], object]) -> str:
    with pytest.raises(RuleViolation) as refused:
        service()
    return "".join(refused.value.reasons)


def cells(content: bytes, sheet: str) -> str:
    rows = load_workbook(BytesIO(content))[sheet].iter_rows(values_only=True)
    return "\n".join(str(cell) for row in rows for cell in row if cell is not None)


def rendered(monkeypatch, module, name: str, call: Callable[[], object]) -> str:
    """Return what a document is made from."""
    given: list[object] = []
    monkeypatch.setattr(module, name, lambda *args, **data: given.append((args, data)) or b"")
    made = call()
    if not isinstance(made, bytes):
        list(made)  # type: ignore[call-overload]
    return str(given)


# Measures -----------------------------------------------------------------------------------------------------------


def case_page(_):
    return seen_by(Role.CHIEF, f"/admin/accountability/case/{s.measure(due_on=DUE).case_id}/change/")


def case_list_column(_):
    s.measure(due_on=DUE)
    page = seen_by(Role.CHIEF, "/admin/accountability/case/")
    return page[page.index("changelist-form") :]


def measure_form(_):
    return seen_by(
        Role.COMMISSION, f"/admin/accountability/case/measures/{s.measure(kind='notice', due_on=DUE).pk}/record/"
    )


def talk_page(_):
    return seen_by(Role.COMMISSION, f"/work/talks/{s.measure(due_on=DUE).pk}/")


def talk_form(_):
    return seen_by(Role.LIAISON, f"/work/talks/{s.measure(due_on=DUE).pk}/write/", "D01")


def section_page(_):
    section = s.measure(due_on=DUE).case.result.section
    late.make_tally(section.round)
    return seen_by(Role.COMMISSION, f"/commission/{section.round.key}/sections/{section.code}/")


def section_dossier(monkeypatch):
    section = s.measure(due_on=DUE).case.result.section
    dossier = read_section_dossier(section.code, is_demo=section.round.is_demo, by=late.make_account())
    make = partial(dossier_documents.dossier_pdf, dossier, site="", by="", at=s.AFTER)
    return rendered(monkeypatch, dossier_documents, "render_pdf", make)


def unit_page(_):
    s.published_list()
    return seen_by(Role.LIAISON, "/unit/", "D01")


def work_list(_):
    s.measure(due_on=DUE)
    return seen_by(Role.LIAISON, "/home/", "D01")


def home_calendar(_):
    s.published_list()
    page = seen_by(Role.CHIEF, "/home/")
    return page[page.index('id="calendar-') :]


def reminder(_):
    s.measure(due_on=s.AFTER.date() + timedelta(days=3))
    set_address(email="unit@example.cn", by=late.make_liaison(), at=s.AFTER)
    send_reminders(at=s.AFTER)
    return mail.outbox[0].body


def workbook_measures(_):
    return cells(top10_workbook(late.make_published_round()), "措施与期限")


def workbook_talks(_):
    return cells(top10_workbook(late.make_published_round()), "明细")


# Rectifications -----------------------------------------------------------------------------------------------------


def plan_wanted():
    return s.rectification(state=RectificationState.AWAITED, plan_due_on=DUE)


def rectification_page(_):
    return seen_by(Role.CHIEF, f"/work/rectifications/{plan_wanted().pk}/")


def at_once_on_the_page(_):
    """The plan's own term is settled by its submission; the latest day for what is put right at once is not."""
    row = s.rectification(state=RectificationState.SUBMITTED, submitted_at=s.AFTER)
    return seen_by(Role.CHIEF, f"/work/rectifications/{row.pk}/")


def rectification_list(_):
    plan_wanted()
    return seen_by(Role.CHIEF, "/work/rectifications/")


def plan_in_work_list(_):
    plan_wanted().case.measures.all().delete()
    return seen_by(Role.LIAISON, "/home/", "D01")


def item_form(_):
    return seen_by(Role.LIAISON, f"/work/items/{s.item(plan_wanted()).pk}/edit/", "D01")


def at_once_refused(_):
    item = s.item(plan_wanted())
    facts = {field: getattr(item, field) for field in PLAN_FIELDS}
    facts |= {"term": "at_once", "due_on": date(2020, 12, 1)}
    return refusal(lambda: edit_item(item_id=item.pk, facts=facts, by=late.make_liaison(), at=s.AFTER))


# Inspections --------------------------------------------------------------------------------------------------------


def order_page(_):
    return seen_by(Role.CHIEF, f"/work/orders/{s.order().pk}/")


def order_in_work_list(_):
    s.order().inspection.section.result.case.measures.all().delete()
    return seen_by(Role.LIAISON, "/home/", "D01")


def story_with_an_order(_):
    return seen_by(Role.CHIEF, f"/work/sections/{s.order().inspection.section.code}/")


def story_with_a_measure(_):
    return seen_by(Role.COMMISSION, f"/work/sections/{s.measure(due_on=DUE).case.result.section.code}/")


def order_letter(monkeypatch):
    order = s.order()
    return rendered(monkeypatch, orders, "print_letter", lambda: orders.order_notice(order))


def order_form(_):
    return seen_by(Role.CHIEF, f"/inspection/{s.recorded(s.visit(), until='approved').pk}/order/")


def order_refused(_):
    visit = s.recorded(s.visit(), until="approved")
    asked = {"inspection_id": visit.pk, "demand": "整改", "due_on": date(2021, 7, 1)}
    return refusal(lambda: orders.issue_order(**asked, by=late.make_account(Role.CHIEF), at=s.AFTER))


def visit_not_moved(_):
    asked = {"inspection_id": s.visit().pk, "visit_on": date(2020, 8, 1), "reason": "窗口搬迁"}
    return refusal(lambda: move_visit(**asked, by=late.make_account(Role.CHIEF), at=s.AFTER))


def inspection_plan(_):
    return seen_by(Role.CHIEF, f"/inspection/plans/{late.make_plan(late.make_bare_round()).pk}/")


def inspection_plans(_):
    late.make_plan(late.make_bare_round())
    return seen_by(Role.CHIEF, "/inspection/plans/")


# Objections ---------------------------------------------------------------------------------------------------------


def objection_page(_):
    return seen_by(Role.CHIEF, f"/work/objections/{s.objection().pk}/")


def objection_list(_):
    s.objection()
    return seen_by(Role.CHIEF, "/work/objections/")


def objection_in_work_list(_):
    s.objection()
    return seen_by(Role.CHIEF, "/home/")


def review_form(_):
    return seen_by(Role.LIAISON, f"/work/objections/{s.rejected().pk}/review/", "D01")


def review_refused(_):
    found = s.rejected()
    late_at = s.AFTER + timedelta(days=60)
    return refusal(lambda: file_review(objection_id=found.pk, facts="事实", by=late.make_liaison(), at=late_at))


def objection_refused(_):
    section = s.listed_section()
    asked = {"section_id": section.pk, "ground": "counting", "facts": "事实"}
    late_at = s.AFTER + timedelta(days=60)
    return refusal(lambda: file_objection(**asked, by=late.make_liaison(), at=late_at))


def round_readiness(_):
    round_ = s.counted_after(RoundState.REVIEW)
    round_.steps.update(at=s.AFTER)
    assert RoundState.REVIEW in READERS
    return "".join(missing_for(round_, Step.PUBLISH, s.AFTER))


def round_page(_):
    round_ = s.counted_after(RoundState.REVIEW)
    round_.steps.update(at=s.AFTER)
    return seen_by(Role.CHIEF, f"/admin/evaluations/round/{round_.pk}/change/")


def list_to_publish(_):
    return seen_by(Role.COMMISSION, f"/commission/{s.to_publish().key}/")


def commission_page(_):
    round_ = s.counted_after(RoundState.REVIEW)
    round_.steps.update(at=s.AFTER)
    return seen_by(Role.COMMISSION, f"/commission/{round_.key}/")


# Draws and pools ----------------------------------------------------------------------------------------------------


def noticed():
    round_ = early.make_round(state=RoundState.FROZEN, rulebook={"pool_objection_workdays": 3})
    early.make_pool(round_)
    PoolNotice.objects.filter(round=round_).delete()
    announce_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=early.make_user("chief"), at=s.NOON)
    return round_


def pool_page(_):
    return seen_by(Role.CHIEF, f"/admin/evaluations/poolentry/round/{noticed().pk}/")


def public_draws(_):
    noticed()
    return Client().get("/draws/").content.decode()


def draw_not_ready(_):
    return "".join(notice_faults(noticed(), PoolKind.EVALUATORS, s.NOON))


def letters(monkeypatch):
    draw = s.published_draw()
    entries = draw.entries.filter(is_selected=True).select_related("person")[:1]
    term = reply_term(draw, s.NOON)
    made = {"url": "https://example.cn/", "reply_by": term, "at": s.NOON}
    return rendered(
        monkeypatch, draws_documents, "render_pdf", lambda: draws_documents.letters_pdfs(draw, entries, **made)
    )


def text_message(_):
    draw = s.published_draw()
    return draws_documents.text_message(draw, reply_term(draw, s.NOON))


# Personal data ------------------------------------------------------------------------------------------------------


def data_request_page(_):
    return seen_by(Role.CHIEF, f"/admin/evaluations/datarequest/{s.asked().pk}/handle/")


def data_request_list(_):
    s.asked()
    return seen_by(Role.CHIEF, "/admin/evaluations/datarequest/")


def data_request_received(_):
    return Client().post("/privacy/request/", {"wish": "view", "phone": "13900000001"}).content.decode()


SHOWN = [
    *(case_page, case_list_column, measure_form, talk_page, talk_form, section_page, section_dossier, unit_page),
    *(work_list, home_calendar, list_to_publish, reminder, workbook_measures, workbook_talks),
    *(rectification_page, rectification_list, plan_in_work_list, item_form, at_once_refused, at_once_on_the_page),
    *(order_page, order_in_work_list, order_letter, order_form, order_refused, inspection_plan, inspection_plans),
    *(objection_page, objection_list, objection_in_work_list, review_form, review_refused, objection_refused),
    *(round_readiness, round_page, commission_page, pool_page, public_draws, draw_not_ready, letters, text_message),
    *(data_request_page, data_request_list, data_request_received, story_with_an_order, story_with_a_measure),
    visit_not_moved,
]
# Modules that compute a term, and where it is shown.
CALLERS = {
    "accountability.cases.rules.deadlines": (),  # hands the terms of the next three on
    "accountability.cases.rules.measures": (
        *(case_page, case_list_column, measure_form, talk_page, talk_form, section_page, section_dossier, unit_page),
        *(work_list, home_calendar, reminder, workbook_measures, workbook_talks, story_with_a_measure),
    ),
    "accountability.case_lifecycle.queries": (list_to_publish,),
    "evaluations.rounds.rules.calendar": (home_calendar,),
    "accountability.demo.calendar": (),  # chooses a term that fits, shows none
    "accountability.rectifications.services.rectifications": (
        *(rectification_page, rectification_list, plan_in_work_list),
    ),
    "accountability.rectifications.queries": (item_form, at_once_refused, at_once_on_the_page),
    "accountability.inspections.rules": (),  # `workdays_between`, used by the next one
    "accountability.inspections.services.plans": (inspection_plan, inspection_plans),
    "accountability.inspections.services.changes": (visit_not_moved,),  # refuses a day that is no working day
    "accountability.inspections.services.orders": (
        order_page,
        order_in_work_list,
        order_letter,
        order_form,
        order_refused,
        story_with_an_order,
    ),
    "accountability.objections.services": (
        *(objection_page, objection_list, objection_in_work_list, review_form, review_refused, objection_refused),
    ),
    "evaluations.rounds.queries": (round_readiness, round_page, commission_page, objection_refused),
    "evaluations.pools.services.notices": (pool_page, public_draws, draw_not_ready),
    "evaluations.draws.services.letters": (letters, text_message),
    "evaluations.rounds.rules.overlap": (),  # shown with the hint of `days_hint`
    "evaluations.service_records.pages.chain": (),  # counts past working days, with the hint of `days_hint`
    "evaluations.service_records.queries.figures": (),  # counts past working days, with the hint of `days_hint`
    "evaluations.personal_data.services.requests": (data_request_page, data_request_list, data_request_received),
}
COMPUTES = {"add_workdays", "after_workdays", "term_of", "workdays_between", "is_workday"}
# Dates of models that are the end of a term in working days, as templates print them.
PRINTED = re.compile(r"\b(due_on|plan_due_on|objections_until|plan\.ends_on|at_once\.ends_on)\|date")
# Other dates of these names.
NO_TERM = {
    # Assessments and bonuses end with the year.
    "accountability/assessment/many.html": "the year's end is no term in working days",
    # Holidays do not move the day that the unit chose for an item, nor the office's for one that is sent back.
    "accountability/citizens/results.html": "items end on the day chosen for them; the latest allowed is not shown",
    "accountability/rectifications/rectification.html": "so do items; their latest day and the plan's have hints",
}


@pytest.fixture(params=["2020 and 2026 complete", "not complete"])
def is_complete(request):
    CompleteYear.objects.all().delete()
    if request.param == "not complete":
        return False
    for year in (2019, 2020, 2021, 2026):
        CompleteYear.objects.create(year=year)
    return True


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.__name__)
def test_a_term_has_its_hint_unless_the_year_is_complete(shown, is_complete, time_machine, monkeypatch, settings):
    settings.TWO_PERSON_RULE = False
    early_ones = (pool_page, public_draws, data_request_page, data_request_list, data_request_received)
    time_machine.move_to(s.NOON if shown in early_ones else s.AFTER, tick=False)

    assert bool(HINT.search(shown(monkeypatch))) is not is_complete


def test_whatever_computes_a_term_is_listed_with_where_it_is_shown():
    callers = {
        module.name
        for module in modules(ROOT).values()
        if module.package != "nanchuan_eval.workdays" and COMPUTES & set(names_in(module.tree))
    }

    assert callers == set(CALLERS)
    assert {shown for where in CALLERS.values() for shown in where} == set(SHOWN)


def names_in(tree: ast.Module):
    """Yield the names that are called, attributes included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", ""))


def test_a_template_that_prints_the_end_of_a_term_prints_the_hint():
    found = {}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        found[str(path.relative_to(ROOT / "templates"))] = len(PRINTED.findall(text)), text.count("{% term_hint ")

    bare = {name for name, (dates, hints) in found.items() if dates > hints}
    assert bare == set(NO_TERM)

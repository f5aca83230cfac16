"""Where the walk over the policy table takes place: one account per role, and the objects each action needs.

Every `right` object is such that whoever may take the action succeeds; every `wrong` one is in a state that forbids it.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.evidence.services.evidence import add_evidence
from accountability.inspections.rules import CheckItem, InspectionState, OrderState
from accountability.inspections.services import orders, visits
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState, Outcome
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.rules import ItemState, RectificationState
from accountability.talks.services.plans import plan_talk
from accountability.talks.services.records import write_talk
from departments.models import Department, Section, Tenure
from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import Comment
from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.forms import ReadingForm
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.services import signing
from evaluations.lifecycle import services as lifecycle
from evaluations.lifecycle.forms import RulebookForm
from evaluations.paper_ballots.models import PaperCount
from evaluations.personal_data.models import RequestState, Wish
from evaluations.personal_data.services.requests import submit_request
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from evaluations.scoring.method import Channel
from evaluations.service_records.models import ServiceRecord
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.accounts.links import issue_link
from nanchuan_eval.accounts.services import save_account
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from tests import factories as early
from tests.accountability import factories as late
from tests.evaluations.service_records.factories import make_client, make_records

NOON, DAY_AFTER = early.NOON, early.LATER
CLOSED = NOON + timedelta(days=2)
AFTER = late.LATER
LONG_BEFORE = AFTER - timedelta(days=400)
PAPER = '{"manifestations": [{"code": "COLD-1", "indicator": "cold", "text": "不起身、不抬头"}]}'
OWN_UNIT, FOREIGN_UNIT = "D01-01", "D02-01"


def make_accounts() -> dict[str, User]:
    """One account per role; the liaison's unit is D01, the witness's account is good for a day."""
    found = {}
    for word, role in early.ROLES.items():
        found[role.value] = early.make_user(word, unit_code="D01" if role == Role.LIAISON else "")
    return found


# Rounds before the list: NOON is within the vote.


def draft():
    early.make_manifestations()
    early.make_section()
    return early.make_round()


def second_draft():
    """A draft after an earlier round."""
    early.make_round(period_start=date(2019, 7, 1), period_end=date(2019, 12, 31))
    return draft()


def settled():
    """A draft whose plan two persons have approved."""
    round_ = draft()
    proposed = approvals.propose("round.edit", round_, by=early.make_user("clerk"), at=NOON)
    approvals.approve(approval_id=proposed.pk, by=early.make_user("chief"), at=NOON)
    return round_


def frozen():
    """A round whose roster is frozen, before its first draw."""
    round_ = draft()
    lifecycle.freeze_round(round_id=round_.pk, by=early.make_user("chief"), at=NOON)
    round_.refresh_from_db()
    return round_


def in_state(state: RoundState):
    """An open round put into another state as it stands."""

    def make():
        round_ = early.make_open_round(sections=1)
        Round.objects.filter(pk=round_.pk).update(state=state)
        round_.refresh_from_db()
        return round_

    return make


def open_round():
    return early.make_open_round(sections=1)


def supervised():
    """A round whose box the supervisors open."""
    return early.make_open_round(sections=1, rulebook={"box_key": "supervisors"})


def supervised_and_drawn():
    """A round whose supervisors are drawn and wait for another key."""
    round_ = supervised()
    early.make_supervisors_key(round_)
    return round_


def ready_to_open():
    round_ = in_state(RoundState.DRAWN)()
    early.make_codes(round_)
    early.make_codes(round_, channel=Channel.SAMPLED, origin=Origin.NEWSPAPER)
    early.make_self_service(round_)
    return round_


def sealed():
    return early.make_sealed_round(sections=2, rulebook={"min_lines": 1, "min_drawn_lines": 1})


def counted(state=RoundState.COUNTED):
    round_ = sealed()
    tally_round(round_id=round_.pk, by=early.make_user("chief"), at=CLOSED)
    Round.objects.filter(pk=round_.pk).update(state=state)
    round_.refresh_from_db()
    return round_


def ready_to_announce():
    """A counted round whose listed sections all have their main problems."""
    round_ = counted()
    round_.results.filter(is_listed=True, main_problems="").update(main_problems="电话无人接听")
    return round_


def audited():
    """A counted round whose supervisors have yet to compare a sample."""
    round_ = counted()
    Round.objects.filter(pk=round_.pk).update(rulebook={**round_.rulebook, "sample_audit": True})
    round_.refresh_from_db()
    return round_


def sample_difference(**fields):
    """A drawn ballot that differs from what was counted."""
    audit = SampleAudit.objects.create(tally=audited().tally, plan="{}", plan_sha256="", planned_at=CLOSED, seed="0")
    ballot = audit.tally.round.ballots.first()
    return SampleBallot.objects.create(audit=audit, number=1, ballot=ballot, outcome="differs", **fields)


def result_of(round_):
    return round_.results.filter(is_listed=True).first()


def flagged(round_, *, decided=False):
    verdict = {"verdict": Verdict.KEPT, "reason": "无异常", "decided_at": CLOSED} if decided else {}
    return AnomalyFlag.objects.create(round=round_, kind=FlagKind.values[0], text="集中", found_at=CLOSED, **verdict)


def batch(round_, **fields):
    found = round_.batches.first() or CodeBatch.objects.create(
        round=round_, channel=Channel.TARGETED, origin=Origin.ISSUED, label="第一批"
    )
    CodeBatch.objects.filter(pk=found.pk).update(**{"is_open": True, **fields})
    return found


def miscounted(round_):
    """A batch that was counted and does not balance."""
    found, one_too_many = batch(round_), Credential.objects.filter(batch__round=round_).count() + 1
    facts = {"returned": 0, "spoiled": 0, "missing": one_too_many, "counted_by": early.make_user("clerk")}
    PaperCount.objects.update_or_create(batch=found, defaults=facts)
    return found


def rulebook_form(round_):
    """The rulebook as its page would post it."""
    form = RulebookForm(rulebook=round_.rulebook, is_frozen=False)
    return {name: "" if form[name].value() is None else form[name].value() for name in form.fields}


def pooled():
    round_ = early.make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    early.make_pool(round_)
    return round_


def unannounced():
    """A round with a pool whose notice is not given."""
    round_ = pooled()
    round_.pool_notices.all().delete()
    return round_


def supervisors_drawn():
    """The published draw of supervisors, who have no signing codes yet."""
    round_ = early.make_round(state=RoundState.FROZEN)
    early.make_pool(round_, PoolKind.SUPERVISORS)
    return early.hold_draw(round_, DrawPurpose.SUPERVISORS)


def sheet_permitted():
    """The permitted sheet of a supervisor's signing codes."""
    with policy.approved(signing.ISSUE):
        sheets = signing.issue_signing_codes(draw_id=supervisors_drawn().pk, by=early.make_user("chief"), at=DAY_AFTER)
    return sheets[0]


def sheet_sealed():
    """A sheet that a clerk has taken out, whose handing nobody has confirmed."""
    sheet, _ = signing.seal_codes(sheet_id=sheet_permitted().pk, by=early.make_user("clerk"), at=DAY_AFTER)
    return sheet


def sheet_handed():
    """A sheet whose codes can be used."""
    sheet = sheet_sealed()
    draw, by = sheet.entry.draw_id, early.make_user("clerk")
    return signing.hand_over_codes(draw_id=draw, sheet_ids=[sheet.pk], by=by, at=DAY_AFTER)[0]


def pooled_over():
    round_ = pooled()
    Round.objects.filter(pk=round_.pk).update(state=RoundState.CLOSED)
    round_.refresh_from_db()
    return round_


def opinion():
    return Comment.objects.create(round=early.make_round(state=RoundState.SEALED), text="张三态度差")


def asked():
    return submit_request(wish=Wish.VIEW, phone="13900000001", at=NOON)


def person_of_records():
    """A client with a record, and the request by which they ask to be erased."""
    submit_request(wish=Wish.DELETE, phone="13700000001", at=NOON)
    client = make_client(phone="13700000001")
    make_records(Section.objects.first() or early.make_section(), client)
    return client


def own_unit(code="D01"):
    found = Department.objects.filter(code=code).first() or early.make_department(code=code)
    if not found.sections.exists():
        early.make_section(department=found)
    return found


def record_to_correct():
    make_records(Section.objects.first() or early.make_section(), make_client(phone="13700000001"))
    return ServiceRecord.objects.latest("pk")


def drawn_record():
    drawn_client()
    record = ServiceRecord.objects.latest("pk")
    entry = DrawEntry.objects.latest("pk")
    entry.stratum = f"{record.section.code} 甲"
    entry.save()
    round_ = entry.draw.round
    ServiceRecord.objects.filter(pk=record.pk).update(finished_on=round_.period_start)
    return record


def drawn_client():
    client, round_ = person_of_records(), draft()
    draw = Draw.objects.create(
        round=round_, purpose=DrawPurpose.CLIENTS, draw_id="d-clients", params="{}", commit="0", committed_at=NOON
    )
    DrawEntry.objects.create(draw=draw, stratum="D01-01 甲", token="t", client=client, is_selected=True)
    return client


def answered():
    found = asked()
    found.state, found.answer, found.answered_at = RequestState.DONE, "已办", NOON
    found.save()
    return found


def old_traces():
    with transaction.atomic():
        audit.record("round.edit", None, by=early.make_user("chief"), at=NOON - timedelta(days=400))
    return (NOON - timedelta(days=300)).date()


def backed_up():
    return Backup.objects.create(name="backup.tar.age", sha256=uuid4().hex * 2, size=1, made_at=NOON, seq=1)


def planned():
    round_ = pooled()
    early.plan(round_, DrawPurpose.EVALUATORS)
    return round_


def committed():
    return early.commit(pooled())


def read_out():
    draw = committed()
    early.enter_all(draw)
    return draw


def published_draw():
    return early.hold_draw(pooled())


def reading_form(draw):
    """What the first reader types for the first source."""
    source = json.loads(draw.params)["randomness"][0]
    form = ReadingForm(number=0, source=source)
    numbers = early.throw(draw)[0]
    each = len(numbers) // form.groups
    typed = {f"numbers{n}": " ".join(map(str, numbers[n * each : (n + 1) * each])) for n in range(form.groups)}
    return {**typed, "issue": "2026061"}


def person(round_):
    return round_.pool.first()


def purged(entry):
    entry.phone = ""
    entry.save()
    return entry


def drawn_person():
    return drawn_entry(published_draw()).person


def drawn_entry(draw):
    return draw.entries.filter(is_selected=True).first()


def not_drawn_entry(draw):
    return draw.entries.filter(is_selected=False).first()


# What follows the list: AFTER lies some days behind the publication.


def new_key():
    return f"{2001 + next(_years)}H1"


_years = count(0)


def case(code=OWN_UNIT, kind="talk_head", state=RoundState.PUBLISHED):
    return late.make_case(late.make_bare_round(new_key(), state, ballot_form=PAPER), code, kind)


def case_of_two_heads():
    """A case whose section had another head too in the rated half-year."""
    found = case()
    Tenure.objects.create(section=found.result.section.section, name="周科长", starts_on=date(2000, 1, 1))
    return found


def measure(code=OWN_UNIT, kind="talk_head", **changes):
    found = case(code, kind).measures.get()
    for name, value in changes.items():
        setattr(found, name, value)
    found.save()
    return found


def talk(code=OWN_UNIT, state="draft"):
    """A talk that the unit's liaison wrote and signed."""
    by = late.make_account(Role.LIAISON, code.split("-")[0])
    record = write_talk(measure_id=measure(code).pk, facts=late.talk_facts(), by=by, at=AFTER)
    add_evidence(subject=record, upload=late.make_file(), by=by, at=AFTER)
    record.state = state
    record.save()
    return record


def planned_talk(code=OWN_UNIT):
    """A talk for which the unit's liaison has set a time."""
    found = measure(code)
    by = late.make_account(Role.LIAISON, code.split("-")[0])
    plan_talk(measure_id=found.pk, facts=late.plan_facts(), by=by, at=AFTER)
    return found


def held(**fields):
    facts = {"person_name": "孙科长", "post": "负责人", "starts_on": date(2020, 4, 10), **fields}
    return PromotionFreeze.objects.create(case=case(), **facts)


def rectification(code=OWN_UNIT, state=RectificationState.RUNNING, item=ItemState.OPEN, **fields):
    row = late.make_rectification(case(code), state, opinion="同意", **fields)
    closed = {"closed_on": AFTER.date(), "accepted_by": late.make_account()} if item == ItemState.CLOSED else {}
    row.items.update(state=item, **closed)
    return row


def item(row, **fields):
    row.items.update(**fields)
    return row.items.get()


def shown_item():
    """An item whose completion the unit has shown by a file."""
    by = late.make_account(Role.LIAISON, "D01")
    progress = late.make_progress(by, rectification())
    add_evidence(subject=progress, upload=late.make_file(), by=by, at=AFTER)
    return progress.item


def passed():
    row = rectification(item=ItemState.FINISHED)
    row.items.update(finished_at=AFTER - timedelta(days=2))
    late.pass_item(row.items.get(), at=AFTER - timedelta(days=1))
    return row


def visit(inspectors=(), state=InspectionState.ASSIGNED, code=OWN_UNIT):
    """A visit by the given inspectors and another one, or by two others."""
    section = case(code).result.section
    others = [late.make_account(Role.INSPECTOR) for _ in range(2 - len(inspectors))]
    plan = late.make_plan(section.round)
    return late.make_inspection(
        section, inspectors=[*inspectors, *others], state=state, plan=plan, visit_on=date(2020, 7, 18)
    )


def inspector_ids(found):
    return list(found.inspectors.values_list("pk", flat=True))


def record():
    """A complete record of a visit."""
    return visits.Record(
        method="errand",
        arrived_at=datetime(2020, 7, 18, 1, 0, tzinfo=UTC),
        left_at=datetime(2020, 7, 18, 2, 0, tzinfo=UTC),
        place="大厅3号窗口",
        errand="办证",
        situation="态度生硬",
        conclusion="by_date",
        checks={check.value: "yes" for check in CheckItem},
        findings=[("COLD-1", "2")],
    )


def recorded(found, *, until=InspectionState.ASSIGNED):
    """A visit whose record is complete, handed in or approved."""
    one = found.inspectors.first()
    visits.save_record(inspection_id=found.pk, record=record(), by=one, at=AFTER)
    if until != InspectionState.ASSIGNED:
        visits.submit_record(inspection_id=found.pk, lead="", by=one, at=AFTER)
    if until == InspectionState.APPROVED:
        visits.approve_record(inspection_id=found.pk, by=late.make_account(Role.CHIEF), at=AFTER)
    return found


def order(code=OWN_UNIT):
    found = recorded(visit(code=code), until=InspectionState.APPROVED)
    chief = late.make_account(Role.CHIEF)
    return orders.issue_order(inspection_id=found.pk, demand="整改", due_on=date(2020, 8, 10), by=chief, at=AFTER)


def replied_order():
    found = order()
    found.state, found.reply, found.replied_at = OrderState.REPLIED, "已整改", AFTER
    found.save()
    return found


def filmed(found):
    one = found.inspectors.first()
    return add_evidence(subject=found, upload=late.make_file(), by=one, at=AFTER)


def long_filmed():
    found = visit()
    filmed(found)
    found.state, found.approved_at = InspectionState.APPROVED, LONG_BEFORE
    found.save()
    found.evidence.update(uploaded_at=LONG_BEFORE)
    Round.objects.filter(pk=found.plan.round_id).update(state=RoundState.CLOSED)
    return found.plan.round


def new_id():
    return str(uuid4())


def picture():
    return SimpleUploadedFile("现场.png", late.png(), "image/png")


def counted_after(state):
    """A counted round of two ranked sections; told to the units some days ago where it has got so far."""
    round_ = late.make_counted_round(new_key(), state, places=4, ballot_form=PAPER)
    if state in {RoundState.REVIEW, RoundState.PUBLISHED}:
        RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=AFTER - timedelta(days=1))
    return round_


def to_publish(state=RoundState.REVIEW):
    round_ = counted_after(state)
    round_.steps.update(at=AFTER - timedelta(days=20))
    return round_


def published_list():
    round_ = to_publish()
    publish_and_start(round_id=round_.pk, by=late.make_account(), at=AFTER - timedelta(days=1))
    round_.refresh_from_db()
    return round_


def correction_form(round_):
    """The correction's page with one text changed."""
    rows = round_.results.filter(is_listed=True)
    texts = {f"problems-{row.section.code}": row.main_problems for row in rows}
    return {"reason": "错字", **texts, f"problems-{OWN_UNIT}": "电话无人接听"}


def listed_section(code=OWN_UNIT, state=RoundState.REVIEW):
    return counted_after(state).sections.get(code=code)


def objection(code=OWN_UNIT, state=ObjectionState.FILED, **fields):
    section = listed_section(code)
    return Objection.objects.create(
        round=section.round,
        section=section,
        stage="objection",
        ground="wrong_section",
        facts="不属于本科室",
        filed_by=late.make_account(Role.LIAISON, code.split("-")[0]),
        filed_at=AFTER - timedelta(days=1),
        due_on=AFTER.date(),
        state=state,
        **fields,
    )


def rejected(code=OWN_UNIT):
    decided = {"outcome": Outcome.REJECTED, "answer": "维持", "decided_at": AFTER, "decided_by": late.make_account()}
    return objection(code, ObjectionState.DECIDED, **decided)


# Accounts and the audit log.


def disable(account, by, at):
    account.is_active = False
    return save_account(account, by=by, at=at, changed=["is_active"])


def also(role):
    """An account of a person who holds another role under another account."""
    code = f"N{next(_years)}"
    early.make_user(role, person_code=code)
    account = early.make_user("clerk", person_code=code)
    User.objects.filter(pk=account.pk).update(role="")
    return account


def with_factor():
    account = early.make_user("clerk")
    SecondFactor.objects.create(user=account, name="动态口令", secret="x", confirmed=True)
    return account


def entry():
    account = early.make_user("sysadmin")
    return issue_link(account_id=account.pk, by=account, at=NOON) and AuditEntry.objects.latest("seq")


def listed_account(*, role: str) -> User:
    """An account made from a list, before or after its role was granted."""
    account = User(username=f"listed{next(_years)}", name="丁", person_code=f"N{next(_years)}", role=role)
    account.requested_role = "" if role else "I"
    account.set_unusable_password()
    account.save()
    return account


def clerk_who_may_join_a_unit() -> User:
    """An account to make a liaison of, and the unit on the roster to choose for it."""
    if not Department.objects.filter(code="D01").exists():
        early.make_department(code="D01")
    return early.make_user("clerk")


def profile():
    """The district's profile with another telephone."""
    return replace(newest_profile(), phone="023-71420009")

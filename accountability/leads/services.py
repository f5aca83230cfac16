"""Leads (问题线索), handled by the commission; a verified one vetoes the section in its unpublished round."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.leads.models import Lead, LeadState
from evaluations.rounds.models import RoundSection
from evaluations.rounds.rules.lifecycle import VOIDABLE
from evaluations.tally.models import Veto
from evaluations.tally.services.tally import record_veto
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

LEAD = "acc.open"  # the permission for the commission's confidential work


@dataclass(frozen=True)
class Finding:
    """Outcome of a lead: verified, with a decision and its date, or unfounded."""

    state: LeadState
    conclusion: str
    decision: str = ""
    decided_on: date | None = None


@transaction.atomic
def receive_lead(*, section_id: int, facts: str, by: User, at: datetime) -> Lead:
    """Register a lead that reached the commission outside an inspection (登记)."""
    policy.check(by, LEAD)
    if not facts.strip():
        raise RuleViolation("请填写线索内容。")
    section = RoundSection.objects.get(pk=section_id)
    lead = Lead.objects.create(section=section, facts=facts.strip(), received_at=at)
    audit.record(LEAD, lead, by=by, at=at, detail={"step_label": "登记问题线索"}, wrote=[lead])
    return lead


@transaction.atomic
def conclude_lead(*, lead_id: int, finding: Finding, by: User, at: datetime) -> tuple[Lead, Veto | None]:
    """Conclude a lead (办结); a verified one becomes a veto in the section's unpublished round, if there is one."""
    policy.check(by, LEAD)
    lead = Lead.objects.select_for_update(of=("self",)).select_related("section").get(pk=lead_id)
    refuse_concluded(lead)
    if not finding.conclusion.strip():
        raise RuleViolation("请填写处置情况。")
    verified = finding.state == LeadState.VERIFIED
    if verified and (not finding.decision.strip() or finding.decided_on is None):
        raise RuleViolation("查实的线索须填写决定文号和决定日期。")
    if finding.decided_on and finding.decided_on > timezone.localtime(at).date():
        raise RuleViolation("决定日期不能晚于今天。")
    lead.state, lead.conclusion = finding.state, finding.conclusion.strip()
    lead.decision = finding.decision.strip() if verified else ""
    lead.concluded_by, lead.concluded_at = by, at
    lead.save(update_fields=["state", "conclusion", "decision", "concluded_by", "concluded_at"])
    detail = {"step_label": "办结问题线索", "state": finding.state.value}
    audit.record(LEAD, lead, by=by, at=at, detail=detail, wrote=[lead])
    return lead, _veto(lead, finding, by=by, at=at) if verified else None


def refuse_concluded(lead: Lead) -> None:
    """Refuse a second conclusion."""
    if lead.state != LeadState.RECEIVED:
        raise RuleViolation("该问题线索已办结。")


def _veto(lead: Lead, finding: Finding, *, by: User, at: datetime) -> Veto | None:
    open_rounds = RoundSection.objects.filter(section=lead.section.section_id, round__state__in=VOIDABLE)
    vetoed = Veto.objects.in_force().values("section")
    section = open_rounds.exclude(pk__in=vetoed).order_by("-round__period_start").first()
    if section is None or finding.decided_on is None:
        return None
    with policy.approved("publish.approve"):  # the decision itself was taken by the commission, not by this account
        return record_veto(
            section_id=section.pk,
            decision=finding.decision,
            decided_on=finding.decided_on,
            facts=finding.conclusion[:300],
            by=by,
            at=at,
        )

"""Leads: a verified one vetoes the section in its unpublished round."""

from datetime import date

import pytest

from accountability.leads.models import LeadState
from accountability.leads.services import Finding, conclude_lead, receive_lead
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import Veto
from nanchuan_eval.core.errors import RuleViolation
from tests.accountability.factories import LATER, make_account, make_bare_round, make_case, make_result

pytestmark = pytest.mark.django_db


def test_a_verified_lead_vetoes_the_section_in_its_unpublished_round():
    coming = make_result(make_bare_round("2020H2", state=RoundState.SEALED), "D01-01", rank=None).section
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)
    finding = Finding(LeadState.VERIFIED, "查实收受礼金", "南纪决〔2020〕1号", date(2020, 7, 19))

    concluded, veto = conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert (concluded.state, veto.section) == (LeadState.VERIFIED, coming)
    with pytest.raises(RuleViolation, match="已办结"):
        conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (Finding(LeadState.VERIFIED, "查实"), "决定文号"),
        (Finding(LeadState.VERIFIED, "查实", "1号", date(2020, 8, 1)), "不能晚于今天"),
        (Finding(LeadState.UNFOUNDED, " "), "处置情况"),
    ],
)
def test_a_lead_is_not_concluded_with_an_incomplete_finding(finding, message):
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)

    with pytest.raises(RuleViolation, match=message):
        conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert not Veto.objects.exists()


def test_a_verified_lead_is_a_veto_under_the_two_person_rule_too(settings):
    settings.TWO_PERSON_RULE = True
    make_result(make_bare_round("2020H2", state=RoundState.SEALED), "D01-01", rank=None)
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)
    finding = Finding(LeadState.VERIFIED, "查实收受礼金", "南纪决〔2020〕1号", date(2020, 7, 19))

    _, veto = conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert veto

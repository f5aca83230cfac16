"""Simultaneous decisions about a result: the second waits for the first and is then refused."""

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import AnomalyFlag, CountSignature, Tally
from evaluations.tally.rules.anomalies import FlagKind, Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, NOON, make_account, make_counted_round
from tests.accountability.results.test_count import CODES, with_codes
from tests.concurrency.test_case_races import call_during_own_transaction

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_flag_is_decided_once():
    round_ = make_counted_round()
    flag = AnomalyFlag.objects.create(round=round_, kind=FlagKind.FAR, text="相差12.0分。", found_at=NOON)
    by = make_account(Role.SUPERVISOR)

    (second,) = call_during_own_transaction(
        lambda: decide_flag(flag_id=flag.pk, verdict=Verdict.KEPT, reason="核查无异常", by=by, at=NOON)
    )

    assert isinstance(second, RuleViolation)
    assert Tally.objects.count() == 1


def test_a_code_signs_a_count_once():
    round_ = with_codes(make_counted_round(state=RoundState.COUNTED))

    (second,) = call_during_own_transaction(lambda: sign_count(round_id=round_.pk, code=CODES[0], at=NOON))

    assert isinstance(second, RuleViolation)
    assert CountSignature.objects.count() == 1


def test_a_section_is_withdrawn_once():
    round_, by = make_counted_round(places=3), make_account()
    publish_and_start(round_id=round_.pk, by=by, at=NOON)
    correction = Correction("经复核撤下", ("D01-01",))

    (second,) = call_during_own_transaction(
        lambda: correct_and_follow(round_id=round_.pk, correction=correction, by=by, at=LATER)
    )

    assert isinstance(second, RuleViolation)
    assert [p.version for p in Publication.objects.order_by("version")] == [1, 2]

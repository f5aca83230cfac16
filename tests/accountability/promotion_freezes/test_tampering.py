"""Promotion freezes changed by SQL are named by the verification; what the application does to them is not."""

from datetime import date

import pytest
from django.db import connection

from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.services import lift_freeze
from evaluations.publication.services import Correction
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_published_round

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accountability_promotionfreeze SET ends_on = '2020-07-12'",
        "UPDATE accountability_promotionfreeze SET starts_on = '2020-01-01'",
        "UPDATE accountability_promotionfreeze SET person_name = '别人'",
        "UPDATE accountability_promotionfreeze SET post = '别的职务'",
        "UPDATE accountability_promotionfreeze SET lifted_on = '2020-07-12', lift_reason = '期满'",
        "DELETE FROM accountability_promotionfreeze",
    ],
)
def test_a_tampering_is_named(statement):
    make_published_round()
    with connection.cursor() as cursor:
        cursor.execute(statement)

    assert any(fault.startswith("影响期") for fault in changed_facts())


def test_lifting_and_correcting_is_no_tampering():
    round_ = make_published_round()
    freeze = PromotionFreeze.objects.last()
    PromotionFreeze.objects.filter(pk=freeze.pk).update(ends_on=date(2020, 7, 14))
    assert list(changed_facts())

    lift_freeze(freeze_id=freeze.pk, on=date(2020, 7, 15), reason="期满", by=make_account(Role.PERSONNEL), at=LATER)
    correction = Correction("复核后更正", withdrawn=("D01-01",))
    correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=LATER)

    assert list(changed_facts()) == []

"""After a removal the next alternate takes the seat, nobody else moves; discretion is capped, triggers committed."""

import json
from datetime import date, timedelta

import pytest
from django.urls import reverse

from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import Draw, DrawEvent
from evaluations.draws.queries.proofs import proof_text
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.removals import Removal, open_next_round, remove_drawn
from evaluations.protocol.proofs import verify_proof
from evaluations.rounds.models import RoundSection
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import (
    LATER,
    NOON,
    hold_draw,
    make_codes,
    make_pool,
    make_round,
    make_sealed_round,
    make_section,
    make_user,
)

pytestmark = pytest.mark.django_db
CALLS = (date(2026, 3, 4), date(2026, 3, 4), date(2026, 3, 5))


@pytest.fixture
def drawn():
    return drawn_round()


def drawn_round(**rules):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, **rules})
    make_pool(round_)
    return hold_draw(round_)


def line_of(draw, stratum="服务对象"):
    return json.loads(Draw.objects.get(pk=draw.pk).result)["strata"][stratum]


def remove(entry, reason=RemovalReason.REFUSED, calls=(), explanation="电话中说明", role="chief"):
    removal = Removal(reason, explanation, calls)
    return remove_drawn(entry_id=entry.pk, removal=removal, by=make_user(role), at=LATER)


def first_of(draw, stratum="服务对象"):
    return draw.entries.filter(stratum=stratum, is_selected=True).order_by("place").first()


def test_the_next_alternate_joins_and_nobody_else_moves(drawn):
    before, others = line_of(drawn), line_of(drawn, "市场主体")

    remove(first_of(drawn))

    after = line_of(drawn)
    assert after["selected"] == [*before["selected"][1:], before["alternates"][0]]
    assert after["alternates"] == before["alternates"][1:]
    assert line_of(drawn, "市场主体") == others
    selected = drawn.entries.filter(stratum="服务对象", is_selected=True).order_by("place")
    assert list(selected.values_list("token", flat=True)) == after["selected"]


def test_the_proof_still_verifies_and_its_chain_has_every_event(drawn):
    remove(first_of(drawn))
    remove(first_of(drawn, "市场主体"))

    proof = json.loads("".join(proof_text(Draw.objects.get(pk=drawn.pk))))

    assert verify_proof(proof) == drawn.seed
    assert [event["seq"] for event in proof["events"]] == [1, 2]
    assert proof["result"]["head"] == DrawEvent.objects.get(seq=2).head


def test_only_selected_people_can_be_removed(drawn):
    alternate = drawn.entries.filter(is_selected=False).exclude(place=None).first()
    gone = first_of(drawn)
    remove(gone)

    for entry in (alternate, gone):
        if not drawn.entries.get(pk=entry.pk).is_selected:
            with pytest.raises(RuleViolation, match="当时已抽中"):
                remove(entry)

    assert DrawEvent.objects.count() == 1


def test_discretionary_removals_are_capped_and_refusals_are_not(drawn):
    for _ in range(2):  # 10 % of 20 seats
        remove(first_of(drawn), RemovalReason.CONFLICT)

    with pytest.raises(RuleViolation, match="已达上限（2人）"):
        remove(first_of(drawn), RemovalReason.INELIGIBLE)
    remove(first_of(drawn))

    assert DrawEvent.objects.count() == 3


@pytest.mark.parametrize("calls", [(), CALLS[:2], (CALLS[0],) * 3], ids=["none", "two", "one day"])
def test_unreachable_means_three_calls_on_two_days(drawn, calls):
    with pytest.raises(RuleViolation, match="至少拨打3次、分在2天"):
        remove(first_of(drawn), RemovalReason.UNREACHABLE, calls)

    remove(first_of(drawn), RemovalReason.UNREACHABLE, CALLS)
    assert DrawEvent.objects.get().calls == ["2026-03-04", "2026-03-04", "2026-03-05"]


def test_the_number_of_removals_is_public_and_the_explanation_is_not(drawn, client):
    remove(first_of(drawn), RemovalReason.CONFLICT, explanation="其妻在该局工作")

    page = client.get(reverse("draw", args=[drawn.draw_id])).content.decode()

    assert "移除1人（上限2人）" in page
    assert "移除（回避）" in page
    assert "其妻" not in page


def test_a_removal_needs_an_explanation_and_the_chief(drawn):
    with pytest.raises(RuleViolation, match="请填写说明"):
        remove(first_of(drawn), explanation=" ")
    with pytest.raises(Denied):
        remove(first_of(drawn), role="clerk")


def test_drawn_ballots_are_never_replaced():
    draw = hold_draw(make_sealed_round(sampled=3), DrawPurpose.COUNTED)

    with pytest.raises(RuleViolation, match="只有人员抽取"):
        remove(draw.entries.first())


class TestAFurtherRound:
    @pytest.fixture
    def opened(self):
        draw = drawn_round()
        make_codes(draw.round, 20)
        draw.round.state = RoundState.OPEN
        draw.round.save()
        return draw

    def open(self, draw, days=10):
        at = draw.round.opens_at + timedelta(days=days)
        return open_next_round(draw_id=draw.pk, by=make_user("chief"), at=at)

    def test_opens_once_its_committed_trigger_is_met(self, opened):
        before = line_of(opened)

        self.open(opened)

        after = line_of(opened)
        assert len(before["selected"]) == 10
        assert len(after["selected"]) == 15
        assert after["selected"][:10] == before["selected"]

    def test_does_not_open_before_its_day(self, opened):
        with pytest.raises(RuleViolation, match="满10日"):
            self.open(opened, days=9)

    def test_does_not_open_while_enough_ballots_are_returned(self, opened):
        codes = opened.round.batches.get().credentials
        for number, code in enumerate(codes.all()[:8]):
            codes.filter(pk=code.pk).update(spend=f"{number:064d}")

        with pytest.raises(RuleViolation, match="不低于40%"):
            self.open(opened)

    def test_counts_no_code_that_is_dead_or_bound_to_a_section(self, opened):
        (batch,) = opened.round.batches.all()
        for number, code in enumerate(batch.credentials.all()[:8]):
            batch.credentials.filter(pk=code.pk).update(spend=f"{number:064d}")
        place = RoundSection.objects.create(
            round=opened.round,
            section=make_section(),
            code="D01-01",
            name="科",
            department_name="局",
            is_vertical=False,
        )
        fields = {"channel": batch.channel, "origin": batch.origin, "section": place}
        bound = CodeBatch.objects.create(round=opened.round, **fields)
        Credential.objects.bulk_create(Credential(issue=f"{n:064d}", batch=bound) for n in range(100, 200))

        with pytest.raises(RuleViolation, match="不低于40%"):  # 8 of 20, whatever the clients do
            self.open(opened)

    def test_that_was_not_committed_never_opens(self, opened):
        self.open(opened)

        with pytest.raises(RuleViolation, match="没有预先承诺"):
            self.open(opened, days=11)

    def test_opens_only_during_the_vote(self, drawn):
        with pytest.raises(RuleViolation, match="投票期间"):
            open_next_round(draw_id=drawn.pk, by=make_user("chief"), at=NOON)

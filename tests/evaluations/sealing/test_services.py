"""Sealing moves every spooled ballot exactly once, all or nothing, and leaves no link from ballot to code."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from evaluations.ballots.models import Ballot, BallotSpool, Comment, Rating
from evaluations.codes.models import CodeBatch, Credential
from evaluations.protocol.codes import content_commitment, issue_hash
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Indicator
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK, Denied
from tests.factories import (
    cast_ballots,
    make_codes,
    make_open_round,
    make_sealed_round,
    make_self_service,
    make_user,
    waiting_ballots,
)

VOTERS = 120
CHANCE_HITS = 8


def seal(round_):
    return sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)


@pytest.mark.django_db
class TestSealing:
    def test_is_refused_before_the_closing_time(self):
        round_ = make_open_round()

        with pytest.raises(RuleViolation, match="尚未到截止投票时间"):
            sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at - timedelta(seconds=1))

    def test_is_done_by_the_clock_and_by_nobody_else(self):
        round_ = make_open_round()

        for role in ("clerk", "chief", "commission"):
            with pytest.raises(Denied):
                sealing.seal_round(round_id=round_.pk, by=make_user(role), at=round_.closes_at)

    def test_puts_every_ballot_into_the_box_exactly_once_with_its_vote(self):
        round_ = make_open_round(sections=2)
        receipts = cast_ballots(round_, make_codes(round_, 5), level="3", comment="排队太久")
        votes = sorted((row.receipt, row.vote) for row in waiting_ballots())

        seal(round_)

        assert sorted(Ballot.objects.values_list("receipt", flat=True)) == sorted(receipts)
        assert sorted((b.receipt, as_vote(b)) for b in Ballot.objects.all()) == [(r, json.loads(v)) for r, v in votes]
        assert list(Comment.objects.values_list("text", flat=True)) == ["排队太久"] * 5
        assert not BallotSpool.objects.exists()

    def test_publishes_a_root_that_anybody_can_recompute(self, client):
        round_ = make_sealed_round(targeted=7)

        published = b"".join(client.get(reverse("closing-list", args=[round_.key])).streaming_content)

        leaves = published.splitlines()
        assert leaves == sorted(leaf(b.receipt, b.commitment) for b in Ballot.objects.all())
        assert round_.closing_root == merkle_root(leaves)
        for ballot in Ballot.objects.all():
            assert content_commitment(ballot.receipt, ballot.nonce, as_vote(ballot)) == ballot.commitment

    def test_counts_no_sampled_ballot_before_it_is_drawn(self):
        make_sealed_round(targeted=2, sampled=3)

        assert Ballot.objects.filter(is_counted=True).count() == 2
        assert Rating.objects.filter(is_counted=True, channel="sampled").count() == 0

    def test_keeps_the_codes_with_their_batch_and_their_spend(self):
        round_ = make_open_round()
        codes = make_codes(round_, 4)
        cast_ballots(round_, codes[:3])
        before = sorted(Credential.objects.values_list("issue", "spend", "batch"))

        seal(round_)

        assert sorted(Credential.objects.values_list("issue", "spend", "batch")) == before
        assert all(issue_hash(c.spend) == c.issue for c in Credential.objects.exclude(spend=None))

    def test_of_an_empty_box_is_possible(self):
        round_ = seal(make_open_round())

        assert round_.closing_root == hashlib.sha256(b"").hexdigest()

    def test_that_fails_half_way_leaves_everything_as_it_was(self, monkeypatch):
        round_ = make_open_round()
        cast_ballots(round_, make_codes(round_, 3))
        monkeypatch.setattr(sealing, "rewrite_credentials", lambda round_: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            seal(round_)

        round_.refresh_from_db()
        assert (round_.state, BallotSpool.objects.count(), Ballot.objects.count()) == (RoundState.OPEN, 3, 0)
        monkeypatch.undo()
        seal(round_)
        assert Ballot.objects.count() == 3

    def test_happens_once(self):
        round_ = make_sealed_round()

        with pytest.raises(RuleViolation, match="已封箱"):
            seal(round_)


@pytest.mark.parametrize("model", [Ballot, Rating, Comment, BallotSpool, Credential, CodeBatch])
def test_no_table_of_the_box_can_hold_a_time_or_an_address(model):
    kinds = {field.get_internal_type() for field in model._meta.concrete_fields}
    assert not kinds & {"DateTimeField", "DateField", "TimeField", "GenericIPAddressField", "AutoField"}


def test_no_table_of_the_box_refers_to_a_code():
    for model in (Ballot, Rating, Comment, BallotSpool):
        assert Credential not in {f.related_model for f in model._meta.get_fields() if f.is_relation}


@pytest.mark.django_db(transaction=True)
class TestACuriousDatabaseAdministrator:
    """Learns nothing after sealing, in whatever order the tables are read."""

    def sealed(self):
        round_ = make_open_round(sections=1)
        codes = make_codes(round_, VOTERS)
        receipts = cast_ballots(round_, codes)
        seal(round_)
        return receipts

    def test_from_the_physical_order_of_the_ballots(self):
        receipts = self.sealed()
        order = "rowid" if connection.vendor == "sqlite" else "ctid"

        stored = read(f"SELECT receipt FROM evaluations_ballot ORDER BY {order}")

        assert hits(stored, receipts) <= CHANCE_HITS

    def test_from_the_ids_of_ballots_and_ratings(self):
        receipts = self.sealed()

        by_id = list(Ballot.objects.order_by("pk").values_list("receipt", flat=True))
        by_rating = list(Rating.objects.order_by("pk").values_list("ballot__receipt", flat=True))

        assert hits(by_id, receipts) <= CHANCE_HITS
        assert hits(by_rating, receipts) <= CHANCE_HITS

    def test_from_the_order_of_the_codes(self):
        self.sealed()
        order = "rowid" if connection.vendor == "sqlite" else "ctid"

        stored = read(f"SELECT issue FROM evaluations_credential ORDER BY {order}")

        assert stored == sorted(stored)

    @pytest.mark.postgres
    def test_from_the_transactions_that_wrote_the_rows(self):
        self.sealed()

        joined = read("SELECT count(*) FROM evaluations_credential c JOIN evaluations_ballot b ON c.xmin = b.xmin")
        writers = read("SELECT DISTINCT xmin::text FROM evaluations_ballot")

        assert joined == [VOTERS * VOTERS]
        assert len(writers) == 1

    @pytest.mark.postgres
    def test_from_rows_that_are_no_longer_there(self):
        self.sealed()

        assert read("SELECT pg_relation_size('evaluations_ballotspool')") == [0]


@pytest.mark.django_db
def test_a_self_service_code_is_mixed_like_any_other():
    round_ = make_open_round()
    counter = make_self_service(round_)
    from evaluations.codes.services.open_channel import issue_open_code  # noqa: PLC0415

    cast_ballots(round_, [issue_open_code(batch_id=counter.pk, at=round_.opens_at) for _ in range(3)])

    seal(round_)

    assert set(Ballot.objects.values_list("channel", "is_counted")) == {("other", True)}


def as_vote(ballot: Ballot) -> dict:
    """The vote of a sealed ballot, as committed."""
    return {
        "lines": [
            {
                "answers": {i.value: getattr(r, i) for i in Indicator if getattr(r, i) is not None},
                "manifestations": r.manifestations.split(),
                "section": r.section.code,
            }
            for r in ballot.ratings.select_related("section").order_by("section__code")
        ]
    }


def read(sql: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def hits(stored: list, cast: list) -> int:
    """Number of ballots at the same position as when cast."""
    return sum(a == b for a, b in zip(stored, cast, strict=True))

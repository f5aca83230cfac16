"""A ballot bound to a section is as secret as any other: its batch is nowhere with it, before sealing or after.

What a sealed box keeps of it is its channel and its line; how many of a section's codes were used is public.
"""

import json
from itertools import product

import pytest
from django.apps import apps
from django.db import connection

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.codes.models import CodeBatch, Credential
from evaluations.protocol.codes import issue_hash, issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.scoring.methods import recount
from evaluations.sealing.services import opening as sealing
from evaluations.tally.files import ballots_csv
from evaluations.verification.services import verify_round
from evaluations.voting.services import admit, cast_ballot
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.permissions.policy import CLOCK
from tests.evaluations.codes.bound import issue_bound, make_bound_codes
from tests.evaluations.sealing.test_secrecy import BOX, columns, values
from tests.evaluations.service_records.factories import make_clients
from tests.evaluations.tally.factories import BY_METHOD, count
from tests.factories import (
    NOON,
    WITHOUT_WAITING,
    cast_ballots,
    hold_draw,
    log_steps,
    make_codes,
    make_open_round,
    raw_answers,
    waiting_ballots,
)
from tests.pages import compact

pytestmark = pytest.mark.django_db


def cast_bound(round_, codes, *, level="1", comment=""):
    """Cast the ballots of one section's codes; returns the receipts."""
    form, receipts = ballot_form_by_digest(round_.ballot_form_sha256), []
    for code in codes:
        admission = admit(code=code, at=NOON)
        vote = validate_vote(form, "targeted", [RawLine(admission.section, raw_answers(level))]).as_text()
        sent = {"vote": vote, "comment": comment, "digits": "1234", "at": NOON}
        receipts.append(cast_ballot(admission=admission, code=code, **sent).receipt)
    return receipts


def seal(round_):
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    round_.refresh_from_db()


class TestTheSpool:
    def test_has_rows_of_one_length_whatever_the_batch_the_answers_and_the_comment(self):
        round_ = make_open_round(sections=3)
        bound, general = make_bound_codes(round_), make_codes(round_, 3)
        for number, codes in enumerate(bound.values()):
            cast_bound(round_, codes[:2], level=str(number % 2), comment="长" * 200 * number)
        cast_ballots(round_, general)

        assert len({len(row) for row in BallotSpool.objects.values_list("sealed", flat=True)}) == 1

    def test_keeps_nothing_beside_the_ciphertext_that_differs_between_batches(self):
        round_ = make_open_round(sections=2)
        for codes in make_bound_codes(round_).values():
            cast_bound(round_, codes[:3])

        assert {field.name for field in BallotSpool._meta.fields} == {"id", "round", "channel", "origin", "sealed"}
        assert set(BallotSpool.objects.values_list("channel", "origin")) == {("targeted", "issued")}

    def test_holds_a_ballot_that_says_no_more_than_others_but_its_one_line(self):
        round_ = make_open_round(sections=2)
        for codes in make_bound_codes(round_).values():
            cast_bound(round_, codes[:1])
        batches, strata = CodeBatch.objects.values_list("pk", "stratum"), CodeBatch.objects.values_list("stratum")

        for row in waiting_ballots():
            assert set(vars(row)) == {"channel", "comment", "nonce", "origin", "receipt", "round", "vote"}
            assert json.loads(row.vote).keys() == {"lines"}
            assert not [stratum for (stratum,) in strata if stratum in row.vote]
        assert len(batches) == 2


class TestTheSealedBox:
    def test_shares_no_value_with_codes_or_batches(self):
        round_ = make_open_round(sections=3)
        made = make_bound_codes(round_)
        for codes in made.values():
            cast_bound(round_, codes[:15], comment="等了很久")
        seal(round_)

        for model in BOX:
            for ours, theirs in product(columns(Credential), columns(model)):
                if ours != "batch_id":  # small numbers that all codes share
                    assert not values(Credential, ours) & values(model, theirs), (ours, model.__name__, theirs)
        refs = {field.related_model for model in BOX for field in model._meta.fields if field.related_model}
        assert not refs & {CodeBatch, Credential}

    def test_leads_from_no_table_to_a_code(self):
        round_ = make_open_round(sections=2)
        made = make_bound_codes(round_)
        receipts = [receipt for codes in made.values() for receipt in cast_bound(round_, codes)]
        seal(round_)
        fingerprints = {issue_of(round_.key, code) for codes in made.values() for code in codes}

        for model in apps.get_models(include_auto_created=True):
            rows = [" ".join(map(str, row)) for row in model._base_manager.values_list()]
            assert not [row for row in rows for codes in made.values() for code in codes if code in row], model
            holds_receipt = [row for row in rows if any(receipt in row for receipt in receipts)]
            assert not [row for row in holds_receipt if any(mark in row for mark in fingerprints)], model

    def test_stands_in_no_order_of_batches_or_of_casting(self):
        """Section by section the ballots were cast, and in no column do they stand section by section."""
        round_ = make_open_round(sections=2)
        cast = [cast_bound(round_, codes) for codes in make_bound_codes(round_, 60).values()]
        seal(round_)
        first = set(cast[0])

        for column in columns(Ballot):
            receipts = Ballot.objects.order_by(column).values_list("receipt", flat=True)
            assert 15 <= sum(receipt in first for receipt in receipts[:60]) <= 45, column
        ratings = Rating.objects.order_by("pk").values_list("ballot__receipt", flat=True)
        assert 15 <= sum(receipt in first for receipt in ratings[:60]) <= 45

    @pytest.mark.postgres
    @pytest.mark.django_db(transaction=True)
    def test_has_system_columns_equal_for_all_batches(self):
        round_ = make_open_round(sections=2)
        for codes in make_bound_codes(round_).values():
            cast_bound(round_, codes)
        seal(round_)

        with connection.cursor() as cursor:
            for model in (Ballot, Rating, Credential):
                cursor.execute(f"SELECT count(DISTINCT xmin::text) FROM {model._meta.db_table}")
                assert cursor.fetchone() == (1,), model


class TestThePublishedLists:
    def test_tell_how_many_of_a_section_were_used_and_name_the_section(self, client):
        round_ = make_open_round(sections=2)
        made = make_bound_codes(round_)
        for number, codes in enumerate(made.values(), start=1):
            cast_bound(round_, codes[: 6 * number])
        seal(round_)

        used = {issue_hash(spend) for spend in lines(client, round_, "spent.txt")}
        for number, batch in enumerate(CodeBatch.objects.order_by("pk"), start=1):
            issued = lines(client, round_, f"issued-{batch.pk}.txt")
            assert len(issued) == 20
            assert len(used.intersection(issued)) == 6 * number
        page = compact(client.get(f"/rounds/{round_.key}/box/").content.decode())
        assert "另有办事群众的评议票2批" in page
        for section in round_.sections.all():
            assert f"{section.code} {section.name}" in page

    def test_are_the_same_whichever_codes_of_one_person_were_used(self, client):
        """Every list is sorted by a hash, so no two lists tell that the same person holds a code of each."""
        round_ = make_open_round(sections=2)
        made = make_bound_codes(round_)
        for codes in made.values():
            cast_bound(round_, codes[5:])
        seal(round_)

        for name in ("spent.txt", *(f"issued-{batch.pk}.txt" for batch in CodeBatch.objects.all())):
            found = lines(client, round_, name)
            assert found == sorted(found)


def lines(client, round_, name):
    return b"".join(client.get(f"/rounds/{round_.key}/{name}").streaming_content).decode().split()


@pytest.mark.parametrize("method", BY_METHOD)
def test_a_round_with_bound_ballots_is_drawn_sealed_counted_and_recounted_like_any_other(method):
    rulebook = {**BY_METHOD[method], **WITHOUT_WAITING, "client_draw": True, "client_letters": 25}
    round_ = make_open_round(sections=3, rulebook=rulebook)
    draw_by_lot(round_)
    made = issue_bound(round_)
    assert {code: len(codes) for code, codes in made.items()} == {s.code: 25 for s in round_.sections.all()}
    for number, codes in enumerate(made.values()):
        cast_bound(round_, codes[:12], level=str(number % 2))
    seal(round_)
    log_steps(round_)

    tally = count(round_)

    drawn = {row["section"]: row["lines"]["targeted"] for row in json.loads(tally.result)["sections"]}
    assert drawn == dict.fromkeys(made, 12)
    result, cells = recount(ballots_csv(round_), json.loads(tally.rulebook))
    assert (result.decode(), (cells or b"").decode()) == (tally.result, tally.cells)
    found = [fault for _, faults in verify_round(round_) for fault in faults]
    assert [fault for fault in found if "办件" not in fault] == []  # the factory chains no records
    assert not any("票号" in fault or "评议票" in fault for fault in changed_facts())


def draw_by_lot(round_):
    """Hold the draw among forty clients of each section, as before the vote."""
    for section in round_.sections.select_related("section"):
        make_clients(section.section, 40)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
    round_.refresh_from_db()
    hold_draw(round_, DrawPurpose.CLIENTS)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    round_.refresh_from_db()

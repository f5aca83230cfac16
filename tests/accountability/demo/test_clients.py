"""A round with a draw among clients, played from the records to the counted result, with one top-up."""

import re

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.test import override_settings

from accountability.demo import story as story_module
from accountability.demo.opinions import SECTIONS_RATED
from accountability.demo.story import Story
from evaluations.ballots.models import Ballot
from evaluations.codes.models import CodeBatch
from evaluations.draws.models import Draw
from evaluations.draws.queries.proofs import proof_text
from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import MessageKind, MessageState
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rulebook import DEFAULTS
from evaluations.scoring.method import Channel
from evaluations.service_records.models import RecordBatch, ServiceRecord, StatedCount
from evaluations.service_records.queries.frame import eligible_people
from evaluations.verification.services import verify_round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.spreadsheets import read_rows
from tests.once import made_once

pytestmark = pytest.mark.django_db
HEADER_ROWS, SECTIONS, RECORDS, BALLOTS = 2, 12, 1200, 60


@pytest.fixture(scope="class")
def story(request, settings_for_class):
    """The story up to the counted result."""

    def told():
        story = Story(BALLOTS, seed=7, records=RECORDS, tell=(lines := []).append)
        story.begin()
        story._vote()
        story._count()
        story.lines = lines
        return story

    with made_once(request, told) as story:
        yield story


@pytest.fixture(scope="class")
def settings_for_class():
    """Two persons for what takes two, a roster of twelve sections, and general evaluators who rate few of them."""
    with override_settings(TWO_PERSON_RULE=True), pytest.MonkeyPatch.context() as patch:
        patch.setitem(SECTIONS_RATED, Channel.TARGETED, (3, 6))
        patch.setitem(DEFAULTS, "min_lines", 5)
        patch.setitem(DEFAULTS, "min_drawn_lines", 3)
        patch.setattr(story_module, "read_rows", lambda *file: list(read_rows(*file))[: HEADER_ROWS + SECTIONS])
        yield


def client_draw(story):
    return Draw.objects.get(round=story.round, purpose=DrawPurpose.CLIENTS)


class TestARoundWithADrawAmongClients:
    def test_every_record_is_in_a_batch_and_one_unit_states_more_than_it_delivered(self, story):
        assert ServiceRecord.objects.count() == RECORDS
        assert sum(RecordBatch.objects.values_list("records", flat=True)) == RECORDS
        differing = 0
        for stated in StatedCount.objects.all():
            delivered = RecordBatch.objects.filter(unit=stated.unit, day=stated.day)
            differing += stated.records != sum(delivered.values_list("records", flat=True))
        assert differing == 1

    def test_every_drawn_client_has_had_a_message_some_after_it_was_lost(self, story):
        messages = Message.objects.filter(round=story.round)
        drawn = client_draw(story).entries.filter(is_selected=True)

        assert set(messages.values_list("state", "content", "next_at")) == {(MessageState.DELIVERED, None, None)}
        assert set(messages.values_list("kind", flat=True)) == {MessageKind.INVITATION, MessageKind.TOP_UP}
        sections = drawn.filter(message_entry__isnull=False).values_list("stratum", flat=True)
        assert {stratum.partition(" ")[0] for stratum in sections} == set(story.clients.codes)
        again = AuditEntry.objects.filter(action="cred.print", detail__step_label="重新发送未成功的短信")
        assert again.count() == 2

    def test_sections_with_too_few_clients_are_left_to_the_general_ballots(self, story):
        people, least = eligible_people(story.round), story.round.rulebook["client_batch_min"]
        drawn = {stratum.partition(" ")[0] for stratum in client_draw(story).entries.values_list("stratum", flat=True)}

        assert drawn == {code for code, number in people.items() if number >= least}
        assert 0 < len(drawn) < SECTIONS

    def test_each_section_has_batches_bound_to_it(self, story):
        bound = CodeBatch.objects.filter(round=story.round, section__isnull=False)

        assert {batch.stratum.partition(" ")[0] for batch in bound} == {batch.section.code for batch in bound}
        assert bound.values("section").distinct().count() < bound.count()  # those of the top-up

    def test_one_top_up_brings_every_section_with_people_enough_to_what_it_needs(self, story):
        rules = story.round.rulebook
        events = [event for event in client_draw(story).events.all() if "open_round" in event.body]

        assert len(events) == 1
        for code, people in eligible_people(story.round).items():
            if people >= rules["client_letters"]:
                assert story.clients.voted(code) >= rules["client_least"], code

    def test_a_sealed_ballot_keeps_its_channel_and_its_line_and_nothing_of_the_batch(self, story):
        names = {field.name for field in Ballot._meta.get_fields()}
        targeted = Ballot.objects.filter(channel=Channel.TARGETED).annotate(lines=Count("ratings"))
        voted = sum(story.clients.voted(code) for code in eligible_people(story.round))

        assert targeted.filter(lines=1).count() == voted > 0
        assert not names & {"batch", "stratum", "code", "credential", "section"}

    def test_sections_with_drawn_ballots_enough_are_ranked_and_no_others(self, story):
        rules = story.round.rulebook
        for result in story.round.results.select_related("section"):
            shown = {c: n for c, n in result.data["lines"].items() if n >= rules["cell_min_lines"]}
            drawn = sum(n for c, n in shown.items() if rules["channels"][c]["drawn"])
            is_enough = sum(shown.values()) >= rules["min_lines"] and drawn >= rules["min_drawn_lines"]

            assert (result.rank is not None) == is_enough, result.section.code

    def test_sections_that_reached_what_they_need_from_their_clients_are_ranked(self, story):
        rules, reached = story.round.rulebook, set()
        for code in eligible_people(story.round):
            if story.clients.voted(code) >= max(rules["client_least"], rules["cell_min_lines"]):
                reached.add(code)

        ranked = story.round.results.filter(rank__isnull=False)
        assert set() < reached <= set(ranked.values_list("section__code", flat=True))

    def test_what_is_told_says_that_the_needs_are_reached(self, story):
        told = next(line for line in story.lines if "办事群众：发出" in line)
        many, reached = (int(text) for text in re.findall(r"的(\d+)个科室中，(\d+)个", told)[0])
        assert many == reached > 0

    def test_everything_can_be_verified_by_strangers(self, story, tmp_path, capsys):
        assert [fault for _, faults in verify_round(story.round) for fault in faults] == []
        proof = tmp_path / "clients.json"
        proof.write_text("".join(proof_text(client_draw(story))), encoding="utf-8")
        call_command("verify_draw", proof)
        assert "OK " in capsys.readouterr().out

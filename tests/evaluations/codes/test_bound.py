"""Codes bound to a section: always for its drawn clients, never for others, and none where too few were drawn."""

import base64
import io
import re
import statistics
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from departments.models import Section
from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import lacking_codes, stratum_lines, unfit_codes
from evaluations.codes.rules.issuing import summed_up, too_few_bound
from evaluations.codes.services import issuing, voiding
from evaluations.codes.services.issuing import FormKind
from evaluations.draws.models import DrawEntry
from evaluations.protocol.codes import issue_of
from evaluations.rounds.queries import gather_readiness
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Channel
from evaluations.turnout.queries import bound_codes
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.codes.bound import (
    add_drawn,
    bound_batch,
    draw_clients,
    issue_bound,
    make_bound_codes,
    stratum_of,
)
from tests.factories import NOON, hold_draw, make_codes, make_open_round, make_pool, make_user
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db


def kind(section, label=""):
    return FormKind(Channel.TARGETED, Origin.ISSUED, label, stratum_of(section))


def issue(round_, form, count):
    return issuing.issue_batch(round_id=round_.pk, form=form, count=count, by=make_user("clerk"), at=NOON)


def test_whoever_voted_by_a_recalled_batch_gets_no_second_code():
    round_ = make_open_round(sections=1)
    draw_clients(round_, 25)
    issue_bound(round_)
    batch = CodeBatch.objects.get()
    for code in list(batch.credentials.all()[:6]):
        Credential.objects.filter(pk=code.pk).update(spend=code.pk[::-1])
    with policy.approved("cred.void"):
        voiding.recall_batch(batch_id=batch.pk, reason="遗失", by=make_user("chief"), at=NOON)

    (line,) = lacking_codes(round_)
    assert (line.people, line.codes, line.lacking) == (25, 6, 19)
    assert bound_codes(round_) == {batch.section.code: (6, 6)}


class TestTheBatch:
    def test_of_drawn_clients_is_bound_to_their_section_and_one_is_made_for_each(self):
        round_ = make_open_round(sections=3)
        draw_clients(round_, 25)

        made = issue_bound(round_)

        assert {code: len(codes) for code, codes in made.items()} == {s.code: 25 for s in round_.sections.all()}
        assert {batch.section.code: batch.stratum for batch in CodeBatch.objects.all()} == {
            section.code: stratum_of(section) for section in round_.sections.all()
        }
        assert unfit_codes(round_) == []
        assert lacking_codes(round_) == []

    def test_of_anybody_else_is_bound_to_nothing(self):
        round_ = make_open_round(sections=1)
        round_.state = RoundState.FROZEN
        round_.save()
        make_pool(round_)
        hold_draw(round_)
        draw_clients(round_, 20)

        made = issuing.issue_together(round_id=round_.pk, counters=[], by=make_user("clerk"), at=NOON)

        bound = [batch for batch, _ in made if batch.section]
        assert [batch.stratum for batch in bound] == [stratum_of(round_.sections.get())]
        assert len(made) > 1
        assert unfit_codes(round_) == []

    def test_made_singly_or_offline_is_bound_by_its_stratum(self):
        round_ = make_open_round(sections=2)
        draw_clients(round_, 20)
        first, second = round_.sections.all()
        _, issues = issuing.make_codes(20, round_.key)

        single, _ = issue(round_, kind(first), 20)
        by = make_user("clerk")
        offline = issuing.import_issued(round_id=round_.pk, form=kind(second), issues=issues, by=by, at=NOON)

        assert (single.section, offline.section) == (first, second)

    def test_never_has_more_codes_than_clients_were_drawn(self):
        round_ = make_open_round(sections=1)
        make_bound_codes(round_)

        with pytest.raises(RuleViolation, match="抽中20人，票号有21个"):
            issue(round_, kind(round_.sections.get()), 1)

        assert Credential.objects.count() == 20

    def test_made_again_in_place_of_void_codes_stays_bound_however_small(self):
        round_ = make_open_round(sections=1)
        ((section, codes),) = make_bound_codes(round_).items()
        batch, issues = bound_batch(round_.sections.get()), [issue_of(round_.key, codes[0])]
        with policy.approved("cred.void"):
            voiding.void_codes(batch_id=batch.pk, issues=issues, reason="退信", by=make_user("chief"), at=NOON)

        again, _ = issuing.replace_codes(batch_id=batch.pk, count=1, by=make_user("clerk"), at=NOON)

        assert again.section is not None
        assert again.section.code == section

    def test_of_a_top_up_may_be_small_as_the_section_has_others(self):
        round_ = make_open_round(sections=1)
        draw = draw_clients(round_, 20)
        issue_bound(round_)
        add_drawn(draw, round_.sections.get(), 3)

        assert [len(codes) for codes in issue_bound(round_).values()] == [3]
        assert CodeBatch.objects.exclude(section=None).count() == 2

    def test_cannot_be_bound_to_another_section_by_sql_without_being_found(self):
        round_ = make_open_round(sections=2)
        make_bound_codes(round_)
        first, second = round_.sections.all()
        assert not any("票号批次" in fault for fault in changed_facts())

        CodeBatch.objects.filter(section=first).update(section=second)

        assert any("票号批次只评的科室" in fault for fault in changed_facts())

    def test_must_be_that_of_its_stratum_before_the_vote_may_open(self):
        round_ = make_open_round(sections=2)
        make_bound_codes(round_)
        first, second = round_.sections.all()
        CodeBatch.objects.filter(section=first).update(section=second)

        (fault,) = unfit_codes(round_)

        assert f"“{stratum_of(first)}”的票号绑定的是另一个科室（{second.code}）" in fault

    def test_stands_whatever_a_reform_does_to_the_section_since_the_draw(self):
        round_ = make_open_round(sections=2)
        make_bound_codes(round_)
        Section.objects.filter(code=round_.sections.first().code).update(is_active=False, code="X-1")

        assert unfit_codes(round_) == []


def drawn(round_):
    """The round before the vote."""
    round_.state = RoundState.DRAWN
    round_.save(update_fields=["state"])
    return round_


class TestTooFewClients:
    def test_get_no_codes_of_their_own_and_do_not_keep_the_vote_from_opening(self):
        round_ = make_open_round(sections=2)
        few, enough = round_.sections.all()
        draw_clients(round_, {few.code: 19, enough.code: 20})

        assert list(issue_bound(round_)) == [enough.code]
        assert unfit_codes(round_) == []
        assert [line.stratum for line in stratum_lines(round_) if line.is_thin] == [stratum_of(few)]

    def test_are_refused_a_batch_with_the_reason_and_nothing_is_made(self):
        round_ = make_open_round(sections=1)
        draw_clients(round_, 30)

        with pytest.raises(RuleViolation, match="不足20个，投票人容易被认出"):
            issue(round_, kind(round_.sections.get()), 19)

        assert not CodeBatch.objects.exists()

    def test_by_the_rulebook_of_the_round(self):
        round_ = make_open_round(sections=1, rulebook={"client_batch_min": 30})
        draw_clients(round_, 29)

        assert issue_bound(round_) == {}

    def test_that_were_enough_when_the_codes_were_made_keep_them(self):
        round_ = make_open_round(sections=1)
        make_bound_codes(round_, 20)
        DrawEntry.objects.filter(place=1).update(is_selected=False)

        assert not any(line.is_thin for line in stratum_lines(round_))
        assert "抽中19人，票号有20个，多1个" in unfit_codes(round_)[0]

    def test_that_are_left_before_the_vote_keep_it_from_opening_until_the_batch_is_stopped(self):
        round_ = make_open_round(sections=2)
        make_bound_codes(round_, 20)
        first, _ = round_.sections.all()
        gone = DrawEntry.objects.filter(stratum=stratum_of(first)).first()
        DrawEntry.objects.filter(pk=gone.pk).update(is_selected=False)
        batch = bound_batch(first)
        Credential.objects.filter(pk=batch.credentials.first().pk).update(is_void=True)

        (fault,) = unfit_codes(round_)
        assert f"“{stratum_of(first)}”可用的票号只有19个，不足20个" in fault
        assert fault in gather_readiness(drawn(round_), NOON).unfit_codes
        CodeBatch.objects.filter(pk=batch.pk).update(is_open=False)

        assert unfit_codes(round_) == []

    def test_are_told_of_for_the_first_sections_only(self):
        round_ = make_open_round(sections=8)
        make_bound_codes(round_, 20)
        Credential.objects.filter(pk__in=[batch.credentials.first().pk for batch in CodeBatch.objects.all()]).update(
            is_void=True
        )

        assert len(unfit_codes(round_)) == 7
        assert "另有2类人员" in unfit_codes(round_)[-1]

    @pytest.mark.parametrize(("codes", "says"), [(19, "不足20个"), (20, ""), (21, "")])
    def test_begin_below_the_smallest_batch(self, codes, says):
        assert says in too_few_bound("D01-01 车管科", codes, 20)
        assert bool(too_few_bound("D01-01 车管科", codes, 20)) == bool(says)


def test_codes_for_all_strata_are_for_evaluators_only():
    """Codes without a stratum leave open whose are lacking, but a client's code is bound."""
    round_ = make_open_round(sections=1)
    make_codes(round_, 3)
    draw_clients(round_, 20)

    assert [line.lacking for line in lacking_codes(round_)] == [20]
    assert "抽中20人，票号有0个" in unfit_codes(round_)[0]


def test_of_many_sections_without_codes_the_first_are_named():
    faults = [f"科室{n}缺票号" for n in range(105)]

    assert summed_up(faults) == [*faults[:6], "另有99类人员的票号与抽中人数不符，见“票号批次”。"]
    assert summed_up(faults[:6]) == faults[:6]


class TestTwoCodes:
    """Nobody can tell two codes of one person, drawn for two sections, from those of two people."""

    def test_share_no_value_and_lead_to_nothing_but_their_batches(self):
        round_ = make_open_round(sections=2)
        draw_clients(round_, 20)
        make_bound_persons(round_)
        issue_bound(round_)

        rows = list(Credential.objects.values_list("issue", "spend", "is_void", "is_on_paper"))

        assert len({row[0] for row in rows}) == 40
        assert {row[1:] for row in rows} == {(None, False, False)}
        assert {field.related_model for field in Credential._meta.get_fields() if field.related_model} == {CodeBatch}

    def test_stand_in_no_order_that_tells_of_their_holders(self):
        """The n-th drawn of both sections are one person here; the places of the codes have nothing to do with it."""
        round_ = make_open_round(sections=2)
        draw_clients(round_, 200)
        make_bound_persons(round_)
        made = [[issue_of(round_.key, code) for code in codes] for codes in issue_bound(round_).values()]

        assert abs(correlation(*made)) < 0.3
        for issues in made:
            assert abs(correlation(issues, range(200))) < 0.3
        for section in round_.sections.all():
            stored = list(Credential.objects.filter(batch__section=section).values_list("issue", flat=True))
            assert stored == sorted(stored)


def correlation(ours, theirs):
    """How far two orders agree, from -1 to 1; over 200 values chance alone hardly ever reaches 0.3."""
    ranks = [{value: rank for rank, value in enumerate(sorted(values))} for values in (ours, theirs)]
    pairs = [(ranks[0][one], ranks[1][other]) for one, other in zip(ours, theirs, strict=True)]
    return statistics.correlation(*zip(*pairs, strict=True))


def make_bound_persons(round_):
    """Let the n-th drawn of each section be the same person."""
    first, *others = [stratum_of(section) for section in round_.sections.all()]
    people = dict(DrawEntry.objects.filter(stratum=first).values_list("place", "client"))
    for stratum in others:
        for place, client in people.items():
            DrawEntry.objects.filter(stratum=stratum, place=place).update(client=client)
    return people


def address(round_):
    return reverse("admin:round-batches", args=[round_.pk])


class TestThePageOfAllCodes:
    def test_shows_what_is_lacking_which_sections_are_too_small_and_finds_one(self, client):
        round_ = make_open_round(sections=3)
        few, first, second = round_.sections.all()
        draw_clients(round_, {few.code: 7, first.code: 20, second.code: 20})
        client.force_login(make_user("clerk"))

        page = client.get(address(round_)).content.decode()
        text = compact(re.sub("<[^>]+>", "", page))
        assert "2个科室，抽中40人次，可用票号0个，还差40个" in text
        assert f"抽中不足20人的科室不发放这种票号，以免投票人被认出，由其他评议票评议：{stratum_of(few)}（7人）" in text

        issue_bound(round_)
        found = client.get(address(round_), {"q": first.code}).content.decode()
        assert first.name in found
        assert second.name not in found

    def test_costs_as_many_queries_with_a_hundred_sections_as_with_two(self, client):
        client.force_login(make_user("clerk"))
        round_ = make_open_round(sections=105)
        few = {section.code: 20 for section in round_.sections.all()[:2]}
        draw = draw_clients(round_, few)
        issue_bound(round_)
        with CaptureQueriesContext(connection) as queries:
            client.get(address(round_))
        for section in round_.sections.exclude(code__in=few):
            add_drawn(draw, section, 20)
        issue_bound(round_)

        page_in(client, address(round_), queries=len(queries), shows="各科室的批次（105批）")


def test_the_codes_of_all_sections_are_downloaded_in_one_file(client):
    round_ = make_open_round(sections=3)
    draw_clients(round_, 20)
    client.force_login(make_user("clerk"))

    page = client.post(reverse("admin:round-codes-together", args=[round_.pk]), {}).content.decode()

    found = re.search('href="data:application/zip;base64,([^"]+)"', page)
    assert found
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[1]))) as archive:
        files = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert len(files) == 3
    assert {len(text.splitlines()) for text in files.values()} == {21}

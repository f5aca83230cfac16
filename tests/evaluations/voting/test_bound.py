"""A ballot bound to a section: code, rating, review, receipt; the server takes no other section at any step."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.services.rows import sealing_key
from evaluations.codes.models import Credential
from evaluations.voting.services import admit, cast_ballot, checked_mark, is_checked
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.codes.bound import make_bound_codes
from tests.factories import NOON, make_codes, make_open_round, raw_answers, waiting_ballots
from tests.pages import exactly

pytestmark = pytest.mark.django_db


@pytest.fixture
def bound():
    """A round and, of each section, the first code."""
    now = timezone.now()
    round_ = make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    return round_, {section: codes[0] for section, codes in make_bound_codes(round_).items()}


class Citizen:
    """Somebody with a bound code, on a browser without scripts and cookies."""

    def __init__(self, round_, codes, number=1):
        self.client, self.sections = Client(), list(round_.sections.values_list("code", flat=True))
        self.own, self.other = self.sections[number], self.sections[0]
        self.code = codes[self.own]
        self.name = round_.sections.get(code=self.own)

    def enter(self, **carried):
        return self.client.post("/ballot/", {"code": self.code, **carried})

    def fields(self, section=None, level="1"):
        """What the rating page sends when it is filled in."""
        page = self.enter().content.decode()
        carried = FormReader(page).forms["/ballot/review/"]
        section = section or self.own
        answers = {f"{section}.{key}": value for key, value in raw_answers(level).items()}
        return {**carried, "shown": [section], **answers}

    def review(self, **changes):
        return self.client.post("/ballot/review/", {**self.fields(), **changes})

    def last_page(self):
        return self.cast_form(self.review())

    def cast_form(self, page):
        return {**FormReader(page.content.decode()).forms["/ballot/cast/"], "digits": "1234"}


def rated():
    return [[line["section"] for line in json.loads(row.vote)["lines"]] for row in waiting_ballots()]


class TestThePages:
    def test_lead_from_the_code_to_the_rating_of_the_one_section_and_to_the_receipt(self, bound):
        citizen = Citizen(*bound)

        rating = citizen.enter().content.decode()
        review = citizen.review().content.decode()
        done = citizen.client.post("/ballot/cast/", citizen.last_page()).content.decode()

        assert f"本票评议：{citizen.name}（您在这里办过事）" in rating
        assert "第 2 步，共 3 步" in rating
        assert "第 3 步，共 3 步" in review
        assert "评议票已提交" in done
        assert rated() == [[citizen.own]]

    def test_offer_no_choice_of_sections(self, bound):
        citizen = Citizen(*bound)

        for page in (citizen.enter(), citizen.review()):
            assert "重选科室" not in page.content.decode()
            assert 'name="section"' not in page.content.decode()
        asked = citizen.client.post("/ballot/sections/", citizen.fields())
        assert "本票评议" in asked.content.decode()
        assert "您在哪些科室办过事" not in asked.content.decode()

    def test_tell_those_who_did_not_deal_with_it_what_to_do_and_take_their_ballot(self, bound):
        citizen = Citizen(*bound)
        assert "没有在这里办过事的，五项都选“不了解”，或者不提交" in citizen.enter().content.decode()
        unknown = {f"{citizen.own}.{key}": ["x"] for key in raw_answers()}

        page = citizen.client.post("/ballot/review/", {**citizen.fields(), **unknown})
        citizen.client.post("/ballot/cast/", citizen.cast_form(page))

        assert [json.loads(row.vote)["lines"][0]["answers"] for row in waiting_ballots()] == [{}]

    def test_keep_what_was_filled_in_when_the_size_of_type_changes_or_the_code_is_entered_again(self, bound):
        citizen = Citizen(*bound)
        vote = FormReader(citizen.review().content.decode()).forms["/ballot/cast/"]["vote"]

        larger = citizen.client.post("/ballot/review/", {**citizen.fields(), "typesize": "large"})
        again = citizen.enter(vote=vote)

        assert "请核对您的评议" in larger.content.decode()
        assert "请核对您的评议" in again.content.decode()

    def test_leave_out_what_was_filled_in_under_a_mistyped_code(self, bound):
        citizen = Citizen(*bound)
        vote = json.dumps([[citizen.other, raw_answers(), []]])

        page = citizen.enter(section=[citizen.other], vote=vote).content.decode()

        assert f"本票评议：{citizen.name}" in page
        assert "还有" not in page

    def test_do_not_change_for_a_code_of_other_evaluators(self, bound):
        round_, _ = bound
        (code,) = make_codes(round_)

        assert "您在哪些科室办过事" in Client().post("/ballot/", {"code": code}).content.decode()


class TestAnotherSection:
    @pytest.mark.parametrize("step", ["rate", "review"])
    @pytest.mark.parametrize("with_own", [True, False])
    def test_is_refused_at_each_step_and_nothing_is_stored(self, bound, step, with_own):
        citizen = Citizen(*bound)
        wanted = [citizen.own, citizen.other] if with_own else [citizen.other]

        page = citizen.client.post(f"/ballot/{step}/", {**citizen.fields(citizen.other), "section": wanted})

        assert page.status_code == 400
        assert "本票只评议您办过事的这一个科室，不能评议其他科室" in page.content.decode()
        assert not BallotSpool.objects.exists()

    def test_sent_in_the_hidden_vote_is_not_cast(self, bound):
        citizen = Citizen(*bound)
        fields = citizen.last_page()
        foreign = fields["vote"][0].replace(citizen.own, citizen.other)

        page = citizen.client.post("/ballot/cast/", {**fields, "vote": foreign})

        assert page.status_code == 400
        assert not BallotSpool.objects.exists()
        assert not Credential.objects.exclude(spend=None).exists()

    def test_checked_for_another_ballot_is_not_checked_for_this_one(self, bound):
        _, codes = bound
        one, other = (admit(code=code, at=timezone.now()) for code in list(codes.values())[:2])

        mark = checked_mark(one, "{}", "")

        assert is_checked(one, "{}", "", mark)
        assert not is_checked(other, "{}", "", mark)
        assert not is_checked(replace(one, section=""), "{}", "", mark)

    @pytest.mark.parametrize("lines", [[0], [0, 1], [], [1, 1]])
    def test_is_refused_by_the_cast_itself(self, bound, lines):
        round_, codes = bound
        form = ballot_form_by_digest(round_.ballot_form_sha256)
        code, at = codes[form.sections[1].code], timezone.now()
        line = validate_vote(form, "targeted", [RawLine(form.sections[n].code, raw_answers()) for n in {*lines, 2}])
        chosen = {entry.section: entry for entry in line.lines}
        vote = replace(line, lines=tuple(chosen[form.sections[n].code] for n in lines)).as_text()

        with pytest.raises(RuleViolation, match="页面信息不完整"):
            cast_ballot(admission=admit(code=code, at=at), code=code, vote=vote, comment="", digits="1234", at=at)

        assert not BallotSpool.objects.exists()

    def test_cannot_be_written_into_the_signed_admission(self, bound):
        citizen = Citizen(*bound)
        fields = citizen.fields(citizen.other)
        (token,) = fields["admission"]
        body, _, signature = token.rpartition(":")

        page = citizen.client.post("/ballot/review/", {**fields, "admission": f"{body}A:{signature}"})

        assert page.status_code == 400
        assert "页面信息不完整或已失效" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_casting_takes_four_statements_and_admitting_no_more_than_for_other_codes():
    round_ = make_open_round(sections=3)
    codes, (plain,) = make_bound_codes(round_), make_codes(round_)
    ((section, (code, *_)), *_) = codes.items()
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    vote = validate_vote(form, "targeted", [RawLine(section, raw_answers())]).as_text()
    sealing_key(round_.box_key)  # a process reads it once
    with CaptureQueriesContext(connection) as before:
        admit(code=plain, at=NOON)

    with exactly(len(before)):
        admission = admit(code=code, at=NOON)
    with CaptureQueriesContext(connection) as queries:
        cast_ballot(admission=admission, code=code, vote=vote, comment="", digits="1234", at=NOON)

    assert admission.section == section
    assert [query["sql"].split()[0] for query in queries] == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]

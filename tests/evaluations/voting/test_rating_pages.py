"""The pages on which one rates: a section each, or a department's table for those who rate many."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accountability.demo.citizens import FormReader
from tests.evaluations.voting.phone import COMMENT, Phone, refused
from tests.factories import make_open_round, raw_answers
from tests.paths import ROOT

pytestmark = pytest.mark.django_db


class TestARatingPage:
    """One section a page where several are rated."""

    def rating(self, phone, chosen=2, **fields):
        carried = {"code": phone.code, "admission": phone.admission, "section": phone.sections[:chosen]}
        return phone.client.post("/ballot/rate/", {**carried, **fields})

    def filled(self, section, level="0"):
        return {"shown": section, **{f"{section}.{key}": value for key, value in raw_answers(level).items()}}

    def test_has_one_section_and_says_which_of_how_many(self, voting):
        page = self.rating(Phone(voting))

        assert [card.section.code for card in page.context["cards"]] == [voting.sections.first().code]
        assert "第1个科室，共2个" in page.content.decode()

    def test_leads_to_the_next_and_the_last_one_to_the_review(self, voting):
        phone = Phone(voting)
        first, second, _ = phone.sections

        page = self.rating(phone, **{"from": 0}, **self.filled(first))
        assert [card.section.code for card in page.context["cards"]] == [second]
        carried = FormReader(page.content.decode()).forms["/ballot/review/"]
        review = phone.client.post("/ballot/review/", {**carried, "comment": COMMENT, **self.filled(second)})

        assert [line.section.code for _, line in review.context["lines"]] == [first, second]

    def test_that_is_not_complete_stays_with_its_errors_only(self, voting):
        phone = Phone(voting)

        page = self.rating(phone, **{"from": 0, "shown": phone.sections[0], f"{phone.sections[0]}.cold": "1"})

        assert page.status_code == 400
        assert page.context["number"] == 0
        assert len(page.context["summary"]) == 1
        assert not [field for field in page.context["errors"] if not field.startswith(phone.sections[0])]

    def test_can_be_left_backwards_with_anything_on_it(self, voting):
        phone = Phone(voting)
        half = {"from": 1, "to": 0, "shown": phone.sections[1], f"{phone.sections[1]}.cold": "1"}

        page = self.rating(phone, **half)

        assert page.status_code == 200
        assert page.context["number"] == 0
        assert json.loads(page.context["vote"]) == [[phone.sections[1], {"cold": ["1"]}, []]]

    @pytest.mark.parametrize(("levels", "severe_from"), [(3, 2), (2, 1), (4, 3)])
    def test_shows_the_manifestations_from_the_rounds_own_severe_level_on(self, levels, severe_from):
        """The sheet shows them beside a chosen `.severe` answer: one that is not marked would hide what is required."""
        now = timezone.now()
        opened = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1)}
        phone = Phone(make_open_round(rulebook={"levels": levels, "severe_from": severe_from}, **opened))

        page = self.rating(phone).content.decode()

        marked = set(re.findall(r'class="level l(\w) severe"', page))
        assert marked == {str(level) for level in range(severe_from, levels + 1)}
        assert ":has(.severe :checked)" in (ROOT / "static" / "css" / "voting.css").read_text("utf-8")

    def test_fills_the_rest_with_none_and_leaves_what_was_answered(self, voting):
        phone = Phone(voting)
        section = phone.sections[0]

        page = self.rating(phone, **{"from": 0, "shown": section, f"{section}.cold": "1", "rest": section})

        chosen = [[o.value for o in q.options if o.is_chosen] for q in page.context["cards"][0].questions]
        assert chosen == [["1"], ["0"], ["0"], ["0"], ["0"]]
        assert page.context["number"] == 0

    def test_says_how_many_answers_a_section_needs_to_count(self, voting):
        assert f"至少{voting.rulebook['min_answered']}项选了程度的" in self.rating(Phone(voting)).content.decode()

    def test_of_the_first_incomplete_section_follows_the_choice(self, voting):
        phone = Phone(voting)
        vote = json.dumps([[phone.sections[0], raw_answers(), []]])

        assert self.rating(phone, vote=vote).context["number"] == 1
        assert self.rating(phone, chosen=1, vote=vote).templates[0].name == "evaluations/voting/review.html"

    def test_keeps_the_ratings_of_a_section_that_was_dropped_meanwhile(self, voting):
        phone = Phone(voting)
        vote = json.dumps([[phone.sections[2], raw_answers(), []]])

        page = self.rating(phone, vote=vote)

        assert json.loads(page.context["vote"])[0][0] == phone.sections[2]
        again = self.rating(phone, chosen=3, vote=page.context["vote"], to=2)
        assert all(any(o.is_chosen for o in question.options) for question in again.context["cards"][0].questions)

    @pytest.mark.parametrize("number", ["99", "-1", "x", "٣", "9" * 50])
    def test_of_an_impossible_number_is_no_server_error(self, voting, number):
        for field in ("from", "to"):
            assert self.rating(Phone(voting), **{field: number}).status_code in {200, 400}


class TestTheTable:
    """Evaluators who rate many sections get a table, one department after the other."""

    @pytest.fixture
    def phone(self):
        now = timezone.now()
        opened = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1)}
        return Phone(make_open_round(sections=20, **opened))

    def carried(self, phone):
        return {"code": phone.code, "admission": phone.admission, "section": phone.sections, "comment": COMMENT}

    def blank(self, codes):
        return {f"{code}.{i}": "" for code in codes for i in raw_answers()}

    def test_opens_for_all_sections_with_one_button(self, phone):
        page = phone.client.post("/ballot/rate/", {"code": phone.code, "admission": phone.admission, "all": "1"})

        shown = [card.section.code for card in page.context["cards"]]
        assert page.content.decode().count("<select") == 5 * len(shown)
        assert "selected" not in page.content.decode().replace('value="" selected', "")
        assert page.context["chosen"] == phone.sections
        assert sum(sections for *_, sections in page.context["index"]) == 20

    def test_may_stay_blank_and_leads_on(self, phone):
        codes = phone.sections[:1]

        page = phone.client.post(
            "/ballot/rate/", {**self.carried(phone), **self.blank(codes), "shown": codes, "from": 0}
        )

        assert page.status_code == 200
        assert page.context["number"] == 1

    def test_leaves_out_blank_rows_and_comes_back_to_all_sections(self, phone):
        first = {f"{phone.sections[0]}.{i}": "1" for i in raw_answers()}
        fields = {**self.carried(phone), **self.blank(phone.sections), **first, "shown": phone.sections}

        response = phone.client.post("/ballot/review/", fields)

        assert response.status_code == 200
        assert [line.section.code for _, line in response.context["lines"]] == [phone.sections[0]]
        assert FormReader(response.content.decode()).forms["/ballot/cast/"]["section"] == phone.sections

    def test_without_any_answer_is_not_reviewed(self, phone):
        fields = {**self.carried(phone), **self.blank(phone.sections), "shown": phone.sections, "from": 0}

        refused(phone.client.post("/ballot/review/", fields), "还没有评议任何科室")

    def test_requires_missing_answers_in_a_row_and_keeps_the_rest(self, phone):
        code = phone.sections[3]
        fields = {**self.carried(phone), **self.blank([code]), f"{code}.cold": "3", "shown": [code], "from": 0}

        response = phone.client.post("/ballot/review/", fields)

        page = response.content.decode()
        assert response.status_code == 400
        assert code in [card.section.code for card in response.context["cards"]]
        assert len(response.context["errors"]) == 5
        assert '<option value="3" selected data-severe="1">' in page
        assert page.count('value="COLD-1"') == 2  # the row that is asked, and the pattern for the script
        assert json.loads(response.context["vote"]) == [[code, {"cold": ["3"]}, []]]


def test_unticking_every_section_asks_for_one_and_keeps_the_ratings(voting):
    phone = Phone(voting)
    vote = json.dumps([[phone.sections[0], raw_answers(), []]])

    page = phone.client.post("/ballot/rate/", {"code": phone.code, "admission": phone.admission, "vote": vote})

    refused(page, "请至少选择一个您办过事的科室", keeps=phone.sections[0])
    assert FormReader(page.content.decode()).forms["/ballot/rate/"]["vote"][-1] == vote.replace(", ", ",").replace(
        ": ", ":"
    )


def test_missing_answers_are_named_by_section_and_indicator(voting):
    phone = Phone(voting)
    name = voting.sections.get(code=phone.sections[0]).name

    response = phone.review(__cold="3", __lazy="", __greedy="")

    assert [text for _, text in response.context["summary"]] == [
        f"{name}（冷）：“冷”选了较重或严重，请至少勾选一种具体表现。",
        f"{name}（懒、贪）：请选择一项；不清楚的请选“不了解”。",
    ]

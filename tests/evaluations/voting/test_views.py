"""The ballot pages refuse bad input in Chinese, store nothing, and keep the input."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import forget_topics
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.services.rows import sealing_key
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing, voiding
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.voting.views.responses import _done_page
from nanchuan_eval.profile.queries import current_profile
from tests.factories import make_codes, make_open_round, make_self_service, make_user, raw_answers, waiting_ballots
from tests.pages import page_in

pytestmark = pytest.mark.django_db
COMMENT = "写了很久的意见"
STATIC = Path(settings.BASE_DIR) / "static"


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


class Phone:
    """A browser going through the form."""

    def __init__(self, round_, **options):
        self.client = Client(**options)
        self.round = round_
        (self.code,) = make_codes(round_)
        page = self.client.post("/ballot/", {"code": self.code}).content.decode()
        self.admission = FormReader(page).forms["/ballot/rate/"]["admission"][0]
        self.sections = list(round_.sections.values_list("code", flat=True))

    def answers(self, section=None, **changes):
        section = section or self.sections[0]
        fields = {"section": [section], "shown": [section], "comment": COMMENT}
        fields |= {"code": self.code, "admission": self.admission}
        fields |= {f"{section}.{key}": value for key, value in raw_answers().items()}
        return {
            **fields,
            **{
                key.replace("__", f"{section}.", 1) if key.startswith("__") else key: value
                for key, value in changes.items()
            },
        }

    def review(self, **changes):
        return self.client.post("/ballot/review/", self.answers(**changes))

    def reviewed(self, **changes):
        vote = json.dumps([[self.sections[0], raw_answers(), []]])
        fields = {"code": self.code, "admission": self.admission, "vote": vote, "comment": COMMENT}
        fields["section"] = _sections_in(changes.get("vote", vote)) or self.sections[:1]
        return self.client.post("/ballot/review/", {**fields, **changes})

    def last_page(self, digits="1234", **changes):
        """Return the fields of the form that casts."""
        fields = cast_fields(self.reviewed(**changes))
        return {**fields, "digits": digits} if fields else {}

    def cast(self, **changes):
        """Continue from the review, if it is reached."""
        shown = self.last_page(**changes)
        changes.pop("digits", None)
        return self.client.post("/ballot/cast/", shown) if shown else self.reviewed(**changes)


def _sections_in(vote):
    """Return the sections of a hidden vote; none if it cannot be read."""
    try:
        rows = json.loads(vote)
        return [section for section, *_ in rows] if isinstance(rows, list) else []
    except (ValueError, TypeError, RecursionError):
        return []


class CookielessPhone(Client):
    """A browser that keeps no cookie, as WeChat's sometimes does."""

    def __init__(self):
        super().__init__(enforce_csrf_checks=True, headers={"origin": "http://testserver"})

    def request(self, **request):
        response = super().request(**request)
        self.cookies.clear()
        return response

    def send(self, page, action, **typed):
        """Submit the page's form that leads to an address."""
        fields = {**FormReader(page.content.decode()).forms[action], **typed}
        return self.post(action, fields, follow=True)


def cast_fields(page):
    return FormReader(page.content.decode()).forms.get("/ballot/cast/", {})


def refused(response, text="", *, keeps=COMMENT):
    """Assert that the page explains the refusal, keeps the input, and nothing is stored."""
    page = response.content.decode()
    assert response.status_code in {400, 403}, response.status_code
    assert text in page
    assert keeps in page
    assert "Traceback" not in page
    assert not BallotSpool.objects.exists()
    assert not Credential.objects.exclude(spend=None).exists()


class TestTheCode:
    @pytest.mark.parametrize(
        ("typed", "text"),
        [
            ("", "请输入票号"),
            ("ABCD", "应为20位，您输入了4位"),
            ("U" * 20, "没有字母U"),
            ("票" * 20, "不含“票”"),
            ("0" * 20, "该票号无法使用"),
            ("\x00" * 20, ""),
            ("A" * 5000, "应为20位"),
        ],
    )
    def test_mistyped_or_unknown_is_explained_and_stays_in_the_field(self, voting, client, typed, text):
        response = client.post("/ballot/", {"code": typed})

        refused(response, text, keeps="")
        if typed.isprintable():
            assert typed in response.content.decode()

    def test_used_void_recalled_and_foreign_ones_get_the_same_answer(self, voting):
        used, void, recalled = Phone(voting), Phone(voting), Phone(voting)
        used.cast()
        chief, (_, second, batch) = make_user("chief"), CodeBatch.objects.all()
        issues = [issue_of(voting.key, void.code)]
        voiding.void_codes(batch_id=second.pk, issues=issues, reason="x", by=chief, at=timezone.now())
        voiding.recall_batch(batch_id=batch.pk, reason="x", by=make_user("chief"), at=timezone.now())

        pages = set()
        for code in (used.code, void.code, recalled.code, issuing.new_code()):
            response = Client().post("/ballot/", {"code": code})
            assert response.status_code == 400
            pages.add(response.content.decode().split('class="errors"')[1].split("</div>")[0])

        assert len(pages) == 1

    def test_used_meanwhile_is_refused_at_the_end_and_the_vote_stays_on_the_page(self, voting):
        phone = Phone(voting)
        assert phone.cast().status_code == 200
        BallotSpool.objects.all().delete()

        again = phone.cast()

        page = again.content.decode()
        assert again.status_code == 400
        assert "该票号无法使用" in page
        assert COMMENT in page
        assert voting.sections.first().name in page
        assert not BallotSpool.objects.exists()

    def test_sent_after_closing_is_refused_with_everything_kept(self, voting):
        phone = Phone(voting)
        Round.objects.update(closes_at=timezone.now())

        refused(phone.cast(), "不在投票时间内")

    def test_without_an_open_round_leads_nowhere(self, client):
        refused(client.post("/ballot/", {"code": "0" * 20}), "现在不在投票时间内，请关注评议公告", keeps="")

    def test_can_be_exchanged_without_typing_the_vote_again(self, voting):
        phone, other = Phone(voting), Phone(voting)
        vote = json.dumps([[phone.sections[0], raw_answers("3"), ["COLD-1"]]])

        page = phone.client.post(
            "/ballot/", {"code": other.code, "section": phone.sections[0], "vote": vote, "comment": COMMENT}
        ).content.decode()

        assert COMMENT in page
        assert page.count("checked") == 6


class TestAnAnswer:
    @pytest.mark.parametrize("value", ["4", "9", "-1", "1_0", "٣", "５", "+1", "1.0", "NaN", " ", "1e9", "0" * 400])
    def test_outside_the_choices_is_refused(self, voting, value):
        refused(Phone(voting).review(__cold=value), "该项选择有误")

    def test_given_twice_is_refused(self, voting):
        refused(Phone(voting).review(__cold=["0", "3"]), "该项只能选择一个选项")

    def test_that_is_missing_or_blank_is_required(self, voting):
        phone = Phone(voting)
        fields = phone.answers()
        del fields[f"{phone.sections[0]}.lazy"]

        refused(phone.client.post("/ballot/review/", fields), "请选择一项")
        refused(phone.review(__lazy=""), "请选择一项")

    def test_that_is_severe_needs_a_tick(self, voting):
        refused(Phone(voting).review(__cold="2", __manifestations=["LAZY-2"]), "“冷”选了较重或严重")

    @pytest.mark.parametrize("ticks", [["NONE-1"], ["COLD-1", "COLD-1"]])
    def test_with_unknown_or_repeated_ticks_is_refused(self, voting, ticks):
        refused(Phone(voting).review(__cold="2", __manifestations=ticks), "所选表象有误")

    def test_of_only_dont_know_is_accepted_and_marked_as_not_counted(self, voting):
        response = Phone(voting).review(**{f"__{key}": "x" for key in raw_answers()})

        assert response.status_code == 200
        assert "不计入得分" in response.content.decode()

    def test_is_kept_when_another_one_is_wrong(self, voting):
        page = Phone(voting).review(__cold="9", __lazy="3", __manifestations=["LAZY-2"]).content.decode()

        assert page.count("checked") == 5  # the four good answers and the tick


class TestTheSections:
    @pytest.mark.parametrize(
        ("chosen", "text"),
        [([], "请至少选择一个"), (["NO-1"], "不在本轮评议范围内"), (["FIRST", "FIRST"], "重复选择")],
    )
    def test_must_be_on_the_form_and_chosen_once(self, voting, chosen, text):
        phone = Phone(voting)
        codes = [phone.sections[0] if code == "FIRST" else code for code in chosen]

        response = phone.client.post(
            "/ballot/rate/", {"section": codes, "code": phone.code, "admission": phone.admission, "comment": COMMENT}
        )

        refused(response, text)

    def test_are_limited_in_number_by_the_rulebook(self):
        now = timezone.now()
        limits = {"targeted": 2, "sampled": 10, "other": 10}
        round_ = make_open_round(
            opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1), rulebook={"max_sections": limits}
        )
        phone = Phone(round_)

        response = phone.client.post(
            "/ballot/rate/", {"section": phone.sections, "code": phone.code, "admission": phone.admission}
        )

        refused(response, "最多评议2个科室，现已选择3个", keeps="checked")

    def test_of_another_round_cannot_be_slipped_into_the_last_step(self, voting):
        phone = Phone(voting)

        refused(phone.cast(vote=json.dumps([["NO-1", raw_answers(), []]])), "不在本轮评议范围内")


class TestTheComment:
    def test_over_the_limit_is_refused_and_kept(self, voting):
        refused(Phone(voting).review(comment=COMMENT + "长" * 500), "意见最多500字")

    @pytest.mark.parametrize("comment", ["\x00", "好\ufffd"])
    def test_that_cannot_be_stored_is_refused(self, voting, comment):
        refused(Phone(voting).review(comment=comment), "无法识别的字符", keeps="")

    @pytest.mark.parametrize("comment", ["\u200b", "\u3000 \u200b", "\u202e"])
    def test_of_invisible_characters_is_no_comment(self, voting, comment):
        phone = Phone(voting)

        assert phone.cast(comment=comment).status_code == 200

        assert waiting_ballots()[0].comment == ""

    @pytest.mark.parametrize("comment", ["<script>alert(1)</script>", "{{7*7}}", "=1+1", "'; DROP TABLE x;", "𫍯䶮😀"])
    def test_is_escaped_as_text(self, voting, comment):
        phone = Phone(voting)
        page = phone.review(comment=comment).content.decode()

        assert "<script>alert" not in page
        assert phone.cast(comment=comment).status_code == 200
        assert waiting_ballots()[0].comment == comment


class TestTheHiddenFields:
    @pytest.mark.parametrize(
        "vote",
        [
            "{",
            "[1]",
            "null",
            '{"a":1}',
            "[[1,2,3]]",
            '[["x",{"cold":[1]},[]]]',
            "[" * 10_000,
            '[["x",{"no":["1"]},[]]]',
            "[]",
        ],
    )
    def test_with_a_broken_vote_are_refused(self, voting, vote):
        refused(Phone(voting).cast(vote=vote), keeps="")

    @pytest.mark.parametrize("admission", ["", "x", "x:y", "票:据", "\ud800".encode("utf-16", "surrogatepass").hex()])
    def test_with_an_altered_admission_are_refused_and_the_vote_is_kept(self, voting, admission):
        refused(Phone(voting).cast(admission=admission), "请重新输入票号")

    @pytest.mark.parametrize("digits", ["", "12", "abcd", "12345", "٣٣٣٣"])
    def test_need_four_digits(self, voting, digits):
        refused(Phone(voting).cast(digits=digits), "4位数字")

    def test_cannot_make_a_code_vote_for_another(self, voting):
        first, second = Phone(voting), Phone(voting)

        refused(first.cast(code=second.code), "请重新输入票号")

    def test_that_are_all_missing_lead_back_to_the_start(self, voting, client):
        for step in ("sections", "rate", "review", "cast"):
            refused(client.post(f"/ballot/{step}/", {}), "请重新输入票号", keeps="")


class TestTheRequest:
    def test_needs_no_cookie_through_the_whole_ballot(self, voting):
        make_self_service(voting)
        phone = CookielessPhone()

        front = phone.get("/")
        claimed = phone.send(front, "/ballot/claim/")
        sections = phone.send(claimed, "/ballot/")
        assert phone.get("/ballot/").status_code == 200
        (section, *_) = voting.sections.values_list("code", flat=True)
        rating = phone.send(sections, "/ballot/rate/", section=section)
        answers = {f"{section}.{key}": value for key, value in raw_answers().items()}
        reviewed = phone.send(rating, "/ballot/review/", comment=COMMENT, **answers)
        done = phone.send(reviewed, "/ballot/cast/", digits="1234")

        assert "评议票已提交" in done.content.decode()
        assert waiting_ballots()[0].comment == COMMENT

    def test_from_a_foreign_page_casts_nothing(self, voting):
        phone = Phone(voting, enforce_csrf_checks=True)
        fields = phone.last_page()

        refused(phone.client.post("/ballot/cast/", fields, HTTP_ORIGIN="https://evil.com"), "本网站", keeps="")

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
    def test_of_another_kind_is_refused(self, client, method):
        assert getattr(client, method)("/ballot/").status_code == 405

    def test_with_too_many_fields_or_too_large_is_a_chinese_400(self, voting, client):
        for fields in ({f"f{n}": "1" for n in range(4001)}, {"comment": "x" * 3_000_000}):
            response = client.post("/ballot/review/", fields)

            assert response.status_code == 400
            assert "提交的内容有误" in response.content.decode()

    @pytest.mark.parametrize(
        "address", ["/ballot/%00", "/%ff%fe/", "/draws/%00/", "/list/%00/", "/?q=%00", "/draws/x%ff/"]
    )
    def test_for_a_broken_address_is_no_server_error(self, client, address):
        assert client.get(address).status_code in {400, 404}

    def test_by_address_never_opens_a_later_step(self, client):
        for step in ("sections", "rate", "review", "cast", "claim"):  # nothing was claimed here
            assert client.get(f"/ballot/{step}/").url == reverse("ballot")


class TestWhatStaysOnTheServer:
    def test_no_session_is_created_and_no_page_is_cached(self, voting):
        phone = Phone(voting)
        response = phone.cast()

        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert not phone.client.cookies

    def test_the_form_takes_one_query(self, voting, client):
        client.get("/ballot/")  # rendered once for all

        page_in(client, "/ballot/", queries=1, shows="票号")

    @pytest.mark.parametrize("sections", [1, 3])
    def test_a_ballot_takes_four_statements(self, voting, sections):
        phone = Phone(voting)
        vote = json.dumps([[code, raw_answers(), []] for code in phone.sections[:sections]])

        shown = phone.last_page(vote=vote)
        sealing_key(voting.box_key)  # a process reads it once

        with CaptureQueriesContext(connection) as queries:
            assert phone.client.post("/ballot/cast/", shown).status_code == 200

        assert [q["sql"].split()[0] for q in queries] == ["SAVEPOINT", "UPDATE", "INSERT", "RELEASE"]

    def test_nothing_moves_from_the_comment_into_the_vote(self, voting):
        """The signature covers vote and comment each, not one after the other."""
        phone = Phone(voting)
        shown = phone.last_page(comment="a\nb")
        (vote,) = shown["vote"]

        page = phone.client.post("/ballot/cast/", {**shown, "vote": vote + "\na", "comment": "b"})

        assert "评议票已提交" not in page.content.decode()
        assert not BallotSpool.objects.exists()

    @pytest.mark.parametrize("change", [{}, {"comment": "别的意见"}, {"checked": "x"}, {"vote": "[]"}, {"vote": "x"}])
    def test_a_page_sent_again_tells_the_receipt_and_nothing_of_the_vote(self, voting, change):
        phone = Phone(voting)
        shown = phone.last_page()
        phone.client.post("/ballot/cast/", shown)

        page = Client().post("/ballot/cast/", {**shown, **change})

        assert page.status_code == 200
        assert "此前已有一张评议票以这个回执号提交，没有再次提交" in page.content.decode()
        assert BallotSpool.objects.count() == 1

    @pytest.mark.parametrize("change", [{"vote": ""}, {"comment": "别的意见"}, {"checked": "x"}, {"checked": ""}])
    def test_only_what_the_last_page_showed_is_stored(self, voting, change):
        """Anything changed in between is shown again and must be confirmed again."""
        phone = Phone(voting)
        shown = phone.last_page()
        changed = {**shown, **change}
        if change.get("vote") == "":
            changed["vote"] = shown["vote"][0].replace(":1,", ":0,")

        page = phone.client.post("/ballot/cast/", changed)

        assert "尚未提交" in page.content.decode()
        assert not BallotSpool.objects.exists()

    def test_a_comment_of_two_lines_comes_back_as_browsers_send_it(self, voting):
        phone = Phone(voting)
        shown = phone.last_page(comment="一\r\n二")

        assert phone.client.post("/ballot/cast/", {**shown, "comment": "一\r\n二"}).status_code == 200
        assert waiting_ballots()[0].comment == "一\n二"

    def test_a_late_ballot_keeps_the_input(self, voting):
        phone = Phone(voting)
        shown = phone.last_page()
        Round.objects.update(closes_at=timezone.now())

        refused(phone.client.post("/ballot/cast/", shown), "现在不在投票时间内")

    def test_after_the_end_the_choice_leads_to_no_rating_and_the_input_stays(self, voting):
        phone = Phone(voting)
        Round.objects.update(closes_at=timezone.now())

        page = phone.client.post("/ballot/rate/", phone.answers())

        refused(page, "投票时间为")

    def test_after_the_end_no_receipt_is_shown(self, voting):
        """The receipt would not be in the box."""
        phone = Phone(voting)
        Round.objects.update(closes_at=timezone.now())

        page = phone.review()
        refused(page, "现在不在投票时间内")
        assert "回执号" not in page.content.decode()


def test_unticking_every_section_asks_for_one_and_keeps_the_ratings(voting):
    phone = Phone(voting)
    vote = json.dumps([[phone.sections[0], raw_answers(), []]])

    page = phone.client.post("/ballot/rate/", {"code": phone.code, "admission": phone.admission, "vote": vote})

    refused(page, "请至少选择一个您办过事的科室", keeps=phone.sections[0])
    assert FormReader(page.content.decode()).forms["/ballot/rate/"]["vote"][-1] == vote.replace(", ", ",").replace(
        ": ", ":"
    )


def test_a_ballot_sent_again_with_other_digits_is_not_told_that_none_is_in_the_box(voting):
    phone = Phone(voting)
    assert phone.cast().status_code == 200

    page = phone.client.post("/ballot/cast/", {**phone.last_page(), "digits": "9999"}).content.decode()

    assert "<h1>本次提交未成功</h1>" in page
    assert "此前用这个票号提交过的，评议票已在票箱内，不必再提交" in page
    assert BallotSpool.objects.count() == 1


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


def test_the_first_page_is_under_60_kb_with_everything_it_loads(voting, client):
    page = client.get("/ballot/").content
    sheets = [STATIC / name for name in re.findall(r"css/\w+\.css", page.decode())]
    loaded = [*sheets, STATIC / "js/ballot.js", STATIC / "favicon.svg"]

    assert len(page) + sum(path.stat().st_size for path in loaded) < 60_000


def test_the_choice_of_105_sections_is_a_small_page(client):
    now = timezone.now()
    round_ = make_open_round(sections=105, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))

    page = client.post("/ballot/", {"code": make_codes(round_)[0]})

    assert len(page.content) < 100_000


class TestEverydayWords:
    """Words that no page shows come apart, at an address that names them."""

    @pytest.fixture
    def address(self, client, voting):
        name = voting.sections.first().name
        ServiceTopic.objects.create(text="办事", words=name, synonyms="跑腿")
        forget_topics()
        page = client.post("/ballot/", {"code": make_codes(voting)[0]}).content.decode()
        assert "跑腿" not in page
        return re.search(r'data-words="(/ballot/words/[0-9a-f]{12}\.json)"', page)[1]

    def test_they_are_a_file_to_keep_without_anything_of_the_voter(self, client, address):
        answer = client.get(address)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert "跑腿" in answer.content.decode()
        assert set(answer.json()) == {"letters", "sections", "units", "notes"}
        assert "immutable" in answer.headers["Cache-Control"]
        assert "public" in answer.headers["Cache-Control"]
        assert not answer.cookies

    def test_they_cost_one_query(self, client, address, django_assert_num_queries):
        with django_assert_num_queries(1):  # the round
            client.get(address)

    def test_changed_words_have_another_address(self, client, address):
        ServiceTopic.objects.update(synonyms="代办")
        forget_topics()

        assert client.get(address).status_code == 404

    def test_after_the_vote_there_are_none(self, client, address):
        Round.objects.update(state="sealed")

        assert client.get(address).status_code == 404


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries", "title"),
    [
        ("/", 5, "<h1>群众评科室，评出办事难在哪里</h1>"),
        ("/list/", 2, "<h1>结果公示</h1>"),
        ("/draws/", 4, "<h1>抽取公开</h1>"),
        ("/receipt/", 2, "<h1>回执查询</h1>"),
    ],
)
def test_public_pages_take_a_constant_number_of_queries(client, path, queries, title, rounds):
    for _ in range(rounds):
        make_open_round()
        Round.objects.update(state="sealed")

    page_in(client, path, queries=queries, shows=title)


def test_a_list_that_is_not_published_is_not_found(client):
    round_ = make_open_round()

    response = client.get(f"/list/{round_.key}/")

    assert response.status_code == 404
    assert "页面不存在" in response.content.decode()


def test_a_closed_self_service_batch_is_explained(voting, client):
    counter = make_self_service(voting)

    for change in ({"is_open": False}, {"is_open": True, "is_halted": True}):
        CodeBatch.objects.filter(pk=counter.pk).update(**change)
        response = client.post("/ballot/claim/", follow=True)
        assert response.status_code == 400
        assert "不能领取评议票" in response.content.decode()
        assert "领取评议票</button>" not in client.get("/").content.decode()


class TestNothingTypedIsLost:
    """The ratings are kept on every way from the rating page."""

    def rated(self, phone, **changes):
        return phone.answers(**{"__cold": "3", f"{phone.sections[0]}.manifestations": ["COLD-1"], **changes})

    def is_kept(self, phone, page, action):
        (vote,) = FormReader(page).forms[action]["vote"]
        section, answers, signs = json.loads(vote)[0]
        return section == phone.sections[0] and answers["cold"] == ["3"] and signs == ["COLD-1"]

    def test_back_to_the_sections_and_on_again(self, voting):
        phone = Phone(voting)

        back = phone.client.post("/ballot/sections/", self.rated(phone)).content.decode()
        fields = FormReader(back).forms["/ballot/rate/"]
        again = phone.client.post("/ballot/rate/", {**fields, "section": phone.sections[:2]})

        (second,) = again.context["cards"]  # the first is complete
        assert second.section.code == phone.sections[1]
        assert not any(option.is_chosen for question in second.questions for option in question.options)
        fields = FormReader(again.content.decode()).forms["/ballot/review/"]
        (first,) = phone.client.post("/ballot/rate/", {**fields, "to": 0}).context["cards"]
        assert [option.value for option in first.questions[0].options if option.is_chosen] == ["3"]
        assert [tick.value for tick in first.questions[0].ticks if tick.is_chosen] == ["COLD-1"]
        assert again.context["comment"] == COMMENT

    def test_a_broken_page_leads_to_the_code_and_back_to_the_ratings(self, voting):
        phone = Phone(voting)

        page = phone.client.post("/ballot/review/", self.rated(phone, admission="x")).content.decode()

        assert "您填写的内容仍保留着" in page
        assert self.is_kept(phone, page, "/ballot/")


def test_missing_answers_are_named_by_section_and_indicator(voting):
    phone = Phone(voting)
    name = voting.sections.get(code=phone.sections[0]).name

    response = phone.review(__cold="3", __lazy="", __greedy="")

    assert [text for _, text in response.context["summary"]] == [
        f"{name}（冷）：“冷”选了较重或严重，请至少勾选一种具体表现。",
        f"{name}（懒、贪）：请选择一项；不清楚的请选“不了解”。",
    ]


def test_a_late_ballot_is_answered_with_the_time_of_the_vote(voting):
    phone = Phone(voting)
    Round.objects.filter(pk=voting.pk).update(closes_at=timezone.now() - timedelta(seconds=1))

    response = phone.cast()

    refused(response, "投票时间为")
    assert "更正票号并继续" not in response.content.decode()


def test_the_pages_that_are_rendered_once_name_the_site(client):
    round_ = make_open_round()
    done = _done_page(round_.ballot_form_sha256, "", "", is_new=True, profile=current_profile())

    assert "南川区最难办事科室群众评</a>" in client.get("/ballot/").content.decode()
    assert "南川区最难办事科室群众评</a>" in done

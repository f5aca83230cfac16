"""The ballot pages refuse bad input in Chinese, store nothing, and keep the input."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accountability.demo.citizens import FormReader
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.services.rows import sealing_key
from evaluations.codes.models import CodeBatch
from evaluations.codes.services import issuing, voiding
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from tests.evaluations.voting.phone import COMMENT, CookielessPhone, Phone, refused
from tests.factories import make_open_round, make_self_service, make_user, raw_answers, waiting_ballots
from tests.pages import page_in

pytestmark = pytest.mark.django_db


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


def test_a_ballot_sent_again_with_other_digits_is_not_told_that_none_is_in_the_box(voting):
    phone = Phone(voting)
    assert phone.cast().status_code == 200

    page = phone.client.post("/ballot/cast/", {**phone.last_page(), "digits": "9999"}).content.decode()

    assert "<h1>本次提交未成功</h1>" in page
    assert "此前用这个票号提交过的，评议票已在票箱内，不必再提交" in page
    assert BallotSpool.objects.count() == 1


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


def test_a_late_ballot_is_answered_with_the_time_of_the_vote(voting):
    phone = Phone(voting)
    Round.objects.filter(pk=voting.pk).update(closes_at=timezone.now() - timedelta(seconds=1))

    response = phone.cast()

    refused(response, "投票时间为")
    assert "更正票号并继续" not in response.content.decode()

"""Running a service from a button or a form: what the user sees of its result and of its refusal."""

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import PROPOSED, calls
from nanchuan_eval.core.attempts import record_attempt, recorded_attempts, refused
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import FormPage, perform, refusals, show_form, submit
from tests.factories import make_user


class PlaceForm(forms.Form):
    place = forms.CharField()


def refuse(**_):
    raise RuleViolation("先锁定名录。", "先生成票号。")


@pytest.fixture
def request_(rf):
    request = rf.post("/")
    request.user = User(username="clerk")
    request._messages = CookieStorage(request)
    return request


def texts(request):
    return [str(message) for message in get_messages(request)]


def press(request, service):
    return perform(request, service, back="/back/", done="已办理。")


def send(request, form, service):
    return submit(request, form, service, back="/back/", done="已办理。")


def test_a_refused_button_leads_back_with_every_reason(request_):
    assert press(request_, refuse).url == "/back/"
    assert texts(request_) == ["先锁定名录。", "先生成票号。"]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "已办理。"),
        ("已补发3个票号。", "已补发3个票号。"),
        (Approval(state=Approval.State.PENDING), PROPOSED),
        (Approval(state=Approval.State.APPROVED), "已办理。"),
    ],
)
def test_a_button_says_what_came_of_it(request_, result, text):
    press(request_, lambda **_: result)
    assert texts(request_) == [text]


def test_a_refused_form_is_shown_again_with_every_reason(request_):
    form = PlaceForm({"place": "区政府"})
    assert send(request_, form, refuse) is None
    assert form.non_field_errors() == ["先锁定名录。", "先生成票号。"]
    assert texts(request_) == []


def test_an_invalid_form_reaches_no_service(request_):
    assert send(request_, PlaceForm({}), pytest.fail) is None


def test_a_service_gets_the_fields_and_the_account(request_):
    given = {}
    assert send(request_, PlaceForm({"place": "区政府"}), lambda **all_: given.update(all_)).url == "/back/"
    assert (given["place"], given["by"]) == ("区政府", request_.user)


def test_an_approved_action_calls_its_service_with_parsed_arguments():
    perform_action = calls(lambda **given: given, "account_id", count=int)
    given = perform_action(User(pk=7), {"count": "3", "reason": "补发"}, by="chief", at="now")
    assert given == {"account_id": 7, "count": 3, "reason": "补发", "by": "chief", "at": "now"}


class TestAFormThatCannotSucceed:
    PAGE = FormPage("答复", "答复", "/back/", refuses=refuse)

    @pytest.fixture
    def clerk(self, db):
        return make_user("clerk")

    def test_shows_why_before_anything_is_typed(self, rf, clerk):
        asked = rf.get("/")
        asked.user, asked.session = clerk, {}
        page = show_form(asked, PlaceForm(), self.PAGE, refuse).content.decode()

        assert "先锁定名录。" in page
        assert "先生成票号。" in page
        assert 'name="place"' not in page

    def test_shows_again_what_was_typed(self, rf, clerk):
        posted = rf.post("/", {"place": "大厅"})
        posted.user, posted.session = clerk, {}
        page = show_form(posted, PlaceForm(posted.POST), self.PAGE, refuse).content.decode()

        assert 'value="大厅"' in page
        assert "先锁定名录。" in page

    def test_to_ask_a_rule_is_no_attempt_of_the_request(self):
        with recorded_attempts() as attempts:
            record_attempt("clerk", "round.open")
            assert refusals(refuse) == ("先锁定名录。", "先生成票号。")

        assert not refused(attempts)

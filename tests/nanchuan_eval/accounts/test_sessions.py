"""The end of a session loses no form: the way back, what was accepted, the key of drafts, the warning's figures."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.forms import CharField, PasswordInput
from django.forms.forms import BaseForm
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.sessions import draft_key
from nanchuan_eval.permissions.policy import OPERATOR, Role
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from tests.factories import NOON, make_section, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "Blue-river-41"
ADD = "/admin/nanchuan_eval/holiday/add/"
AUDIT = "/admin/nanchuan_eval/auditentry/"
HOLIDAY = {"day": "2020-10-02", "name": "国庆节"}
FROM_THE_FORM = {"HTTP_REFERER": f"http://testserver{ADD}?_changelist_filters=a%3Db%26c%3Dd"}


@pytest.fixture(autouse=True)
def from_noon_on(time_machine):
    time_machine.move_to(NOON, tick=True)


def make_account(username="lihua", role=Role.CHIEF):
    account = User(username=username, name="李桦", role=role, person_code=f"N-{username}")
    return accounts.create_account(account, password=PASSWORD, by=OPERATOR, at=timezone.now())


def log_in(username="lihua", *, client=None, address="/login/"):
    client = client or Client()
    return client, client.post(address, {"username": username, "password": PASSWORD})


def next_of(answer):
    """Return path and `next` of a redirect."""
    target = urlsplit(answer.url)
    return target.path, parse_qs(target.query).get("next", [""])[0]


def data_of(page, name):
    found = re.search(rf'data-{name}="([^"]*)"', page)
    return found and found.group(1)


class TestAFormAfterTheLimit:
    """It is not processed, the log-in page says so and leads back to the page of the form."""

    def test_it_leads_back_to_the_page_of_the_form_with_its_filters(self, time_machine):
        make_account()
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=15))

        answer = client.post(ADD, HOLIDAY, **FROM_THE_FORM)

        assert next_of(answer) == ("/login/", f"{ADD}?_changelist_filters=a%3Db%26c%3Dd")
        page = client.get(answer.url).content.decode()
        assert "超过15分钟未操作" in page
        assert "刚才提交的内容未办理" in page
        assert not Holiday.objects.filter(day="2020-10-02").exists()

    def test_after_the_log_in_the_page_of_the_form_opens(self, time_machine):
        make_account()
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=15))
        answer = client.post(ADD, HOLIDAY, **FROM_THE_FORM)

        _, welcome = log_in(client=client, address=answer.url)

        assert welcome.url == f"{ADD}?_changelist_filters=a%3Db%26c%3Dd"
        assert client.get(welcome.url).status_code == 200

    @pytest.mark.parametrize("path", ["/personnel/assessment/2020/export/", f"{AUDIT}verify/", ADD])
    def test_so_does_a_form_of_a_browser_that_is_not_logged_in_any_more(self, client, path):
        answer = client.post(path, HTTP_REFERER="http://testserver/admin/")

        assert next_of(answer) == ("/login/", "/admin/")
        assert "刚才提交的内容未办理" in client.get(answer.url).content.decode()

    @pytest.mark.parametrize("referer", ["https://elsewhere.example/admin/", "//elsewhere.example/", ""])
    def test_a_foreign_page_is_no_way_back(self, client, referer):
        answer = client.post(ADD, HOLIDAY, HTTP_REFERER=referer)
        assert next_of(answer) == ("/login/", "")

    def test_a_page_that_is_only_read_says_nothing_of_a_form(self, client):
        answer = client.get(ADD, follow=True)
        assert "未办理" not in answer.content.decode()

    def test_the_log_in_page_keeps_its_way_back_when_it_ends_the_session(self, time_machine):
        make_account()
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=15))

        page = client.get("/login/", {"next": ADD})

        assert page.status_code == 200
        assert page.context["next"] == ADD
        assert "超过15分钟未操作" in page.content.decode()

    def test_the_page_asked_for_comes_back_with_its_query(self, time_machine):
        make_account()
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=15))
        assert next_of(client.get("/admin/departments/section/?q=a&o=1")) == (
            "/login/",
            "/admin/departments/section/?q=a&o=1",
        )

    def test_the_admins_own_redirect_keeps_a_query(self, client):
        answer = client.get("/admin/login/", {"next": "/admin/departments/section/?q=a&o=1"})
        assert next_of(answer) == ("/login/", "/admin/departments/section/?q=a&o=1")


class TestTheSecondFactorInBetween:
    """The one-time code comes between log-in and form, and leads on to it."""

    @pytest.fixture
    def client(self, settings, time_machine):
        settings.REQUIRE_OTP = True
        make_account()
        client, _ = log_in()
        client.post("/account/second-factor/setup/")
        self.enter_code(client, "/account/second-factor/setup/")
        time_machine.shift(timedelta(minutes=2))
        return log_in()[0]

    @staticmethod
    def enter_code(client, address):
        code = second_factor.current_code(SecondFactor.objects.get(), timezone.now())
        return client.post(address, {"code": code})

    def test_the_code_leads_on_to_the_page(self, client):
        asked = client.get(f"{ADD}?a=b")
        assert next_of(asked) == ("/account/second-factor/", f"{ADD}?a=b")
        assert self.enter_code(client, asked.url).url == f"{ADD}?a=b"

    def test_it_leads_nowhere_else(self, client):
        answer = self.enter_code(client, "/account/second-factor/?next=https://elsewhere.example/")
        assert answer.url == "/home/"

    def test_a_form_that_meets_it_is_named(self, client):
        asked = client.post(ADD, HOLIDAY, **FROM_THE_FORM)
        assert "刚才提交的内容未办理" in client.get(asked.url).content.decode()
        assert next_of(asked)[1].startswith(ADD)

    def test_before_the_code_no_page_has_the_key(self, client):
        page = client.get("/account/second-factor/").content.decode()
        assert data_of(page, "key") == ""
        assert data_of(page, "account") == str(User.objects.get().pk)


class TestWhatWasAccepted:
    """The next page names it once, so that the browser forgets its draft; a refused form is not named."""

    @pytest.fixture
    def client(self):
        make_account()
        return log_in()[0]

    def accepted_on(self, client, path="/home/"):
        return data_of(client.get(path).content.decode(), "accepted")

    def test_a_form_answered_by_a_redirect_is_named_once(self, client):
        assert client.post(f"{ADD}?a=b", HOLIDAY).status_code == 302
        assert self.accepted_on(client) == f"{ADD}?a=b"
        assert self.accepted_on(client) == ""

    def test_a_form_in_a_popup_is_named_once_it_is_done(self, client):
        assert client.post(f"{ADD}?_popup=1", {**HOLIDAY, "_popup": "1"}).status_code == 200
        assert Holiday.objects.filter(day="2020-10-02").exists()
        assert self.accepted_on(client) == f"{ADD}?_popup=1"

    def test_a_form_answered_by_a_file_is_named(self, client):
        answer = client.post("/work/rectifications/ledger/")
        assert answer.has_header("Content-Disposition")
        assert self.accepted_on(client) == "/work/rectifications/ledger/"

    def test_a_form_with_faults_is_not(self, client):
        assert client.post(ADD, {}).status_code == 200
        assert self.accepted_on(client) == ""

    def test_a_refusal_that_leads_back_is_not(self, settings):
        settings.TWO_PERSON_RULE = True
        section = make_section(head="")
        client = Client()
        client.force_login(make_user("clerk"))
        page = f"/admin/departments/section/{section.pk}/change/"
        fields = {name: getattr(section, name) for name in ("code", "name", "service_kind")}
        rows = {"tenures-TOTAL_FORMS": 0, "tenures-INITIAL_FORMS": 0}

        answer = client.post(page, {**fields, **rows, "department": section.department_id, "is_active": "on"})

        assert answer.status_code == 302
        assert "没有改动" in (shown := client.get(page).content.decode())
        assert data_of(shown, "accepted") == ""

    def test_a_form_without_an_account_is_not(self, client):
        other = Client()
        other.post(ADD, HOLIDAY)
        assert self.accepted_on(client) == ""
        assert "accepted" not in other.session

    def test_the_log_out_is_not(self, client):
        client.post("/logout/")
        assert "accepted" not in client.session


class TestTheKey:
    """One for each account, the same after each log-in, on no page for anybody else."""

    def test_it_is_the_accounts_own_and_stays(self):
        first, second = make_account(), make_account("wangmin")
        client, _ = log_in()
        key = data_of(client.get("/home/").content.decode(), "key")
        client.post("/logout/")
        again, _ = log_in()

        assert key == draft_key(first)
        assert key == data_of(again.get("/home/").content.decode(), "key")
        assert draft_key(second) != key
        assert len(key) == 64

    @pytest.mark.parametrize("path", ["/", "/login/", "/ballot/", "/receipt/", "/suggestions/", "/privacy/request/"])
    def test_public_pages_have_none_even_for_an_account(self, path):
        make_account()
        client, _ = log_in()
        page = client.get(path, follow=path != "/login/").content.decode()
        assert "session.js" not in page
        assert "data-key" not in page

    def test_the_log_in_page_has_none(self, client):
        page = client.get("/login/").content.decode()
        assert "drafts.js" in page
        assert "data-key" not in page


class TestTheWarning:
    """Pages say when the session ends; 继续使用 puts off the end."""

    @pytest.mark.parametrize(("role", "minutes"), [(Role.CHIEF, 15), (Role.SYSTEM_ADMIN, 10)])
    def test_the_figures_of_a_page(self, settings, time_machine, role, minutes):
        settings.IDLE_WARNING_MINUTES = 3
        make_account(role=role)
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=1))
        page = client.get("/home/").content.decode()

        assert data_of(page, "idle") == str(minutes * 60)
        assert data_of(page, "warning") == "180"
        assert 8 * 3600 - 62 <= int(data_of(page, "left")) <= 8 * 3600 - 60

    def test_going_on_puts_off_the_end(self, time_machine):
        make_account()
        client, _ = log_in()
        for _ in range(3):
            time_machine.shift(timedelta(minutes=14))
            assert client.get(reverse("continue-session")).status_code == 204
        assert client.get("/account/").status_code == 200

    def test_after_the_end_there_is_no_going_on(self, time_machine):
        make_account()
        client, _ = log_in()
        time_machine.shift(timedelta(minutes=15))
        assert client.get(reverse("continue-session")).status_code == 302

    def test_going_on_is_for_accounts_and_read_only(self, client):
        assert client.get(reverse("continue-session")).status_code == 302
        make_account()
        client, _ = log_in()
        assert client.post(reverse("continue-session")).status_code == 405


def kinds_of(form):
    for kind in form.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def open_secrets(forms):
    """Return the fields whose label names a secret and that a browser would keep."""
    return {
        f"{kind.__name__}.{name}"
        for kind in forms
        for name, field in kind.base_fields.items()
        if re.search("票号|签名码|恢复码|口令|密钥|分片", str(field.label or ""))
        and isinstance(field, CharField)
        and not isinstance(field.widget, PasswordInput)
        and field.widget.attrs.get("autocomplete", "") not in {"off", "one-time-code"}
    }


class TestSecrets:
    """No form has a field for a secret that a browser keeps."""

    def test_no_form_of_the_staff_keeps_a_secret(self):
        get_resolver().url_patterns  # noqa: B018  imports every form
        assert open_secrets(kind for kind in kinds_of(BaseForm) if hasattr(kind, "base_fields")) == set()

    def test_a_planted_one_is_found(self):
        planted = type("Planted", (), {"base_fields": {"code": CharField(label="票号")}})
        assert open_secrets([planted]) == {"Planted.code"}

"""Liaisons of all units from one list: SYS uploads, SEC proposes together, the chief approves, SYS prints letters."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from nanchuan_eval.accounts import letters as letter_pages
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from tests.factories import NOON, make_department, make_user

pytestmark = pytest.mark.django_db
LIST, REQUESTS, LETTERS = "/admin/lists/accounts/", "/admin/accounts/requests/", "/admin/accounts/letters/"
UNITS = 8


@pytest.fixture(autouse=True)
def two_persons_from_noon_on(settings, time_machine):
    """A movable clock, and the rule of two."""
    time_machine.move_to(NOON, tick=True)
    settings.TWO_PERSON_RULE = True


@pytest.fixture
def as_():
    """Log in as a new account of the role."""

    def log_in(role):
        client = Client()
        client.force_login(make_user(role))
        return client

    return log_in


@pytest.fixture
def printed(monkeypatch):
    """The links of the letters printed, instead of the PDF."""
    links = []

    def render(template, data, *, at, tagged):
        links.extend(sheet["address"] for sheet in data["sheets"])
        return b"%PDF-1.7"

    monkeypatch.setattr(letter_pages, "render_pdf", render)
    return links


def upload(client, lines):
    content = "\n".join(["单位,姓名,人员编号,角色", *lines]).encode()
    return client.post(LIST, {"file": SimpleUploadedFile("联络员.csv", content)}, follow=True)


def confirm(client, page):
    action = re.search(r'action="(/admin/lists/upload/\d+/confirm/)"', page.content.decode())[1]
    mark = re.search(r'name="fingerprint" value="([0-9a-f]+)"', page.content.decode())[1]
    return client.post(action, {"confirm": "", "fingerprint": mark, "kind": "accounts", "subject": ""}, follow=True)


def liaisons(as_, number=UNITS):
    """Make the accounts of a list with a liaison for each unit."""
    lines = []
    for n in range(number):
        department = make_department()
        lines.append(f"{department.name},联络员{n},L{n},")
    sys = as_("sysadmin")
    confirm(sys, upload(sys, lines))
    return list(User.objects.filter(requested_role="L").order_by("pk"))


def granted(as_, **more):
    accounts = liaisons(as_, **more)
    as_("security").post(REQUESTS, {"account": [one.pk for one in accounts], "reason": "到岗"})
    chief = make_user("chief")
    for approval in Approval.objects.pending():
        approvals.approve(approval_id=approval.pk, by=chief, at=timezone.now())
    return accounts


def test_a_list_makes_accounts_that_may_nothing_yet(as_):
    accounts = liaisons(as_)

    assert len(accounts) == UNITS
    assert not any(one.role or one.has_usable_password() for one in accounts)
    assert not any(policy.may_see(one, action, own=True) for one in accounts for action in policy.table())
    unlogged = [fault for fault in verify_chain() if fault.startswith("账号")]
    assert not any(f"（编号{one.pk}）" in fault for one in accounts for fault in unlogged)


def test_a_preview_saves_nothing(as_):
    department = make_department()
    before = User.objects.count()

    page = upload(as_("sysadmin"), [f"{department.name},张三,N1,"]).content.decode()

    assert "新建账号" in page
    assert User.objects.count() == before + 1  # the uploader


def test_a_file_with_a_fault_makes_no_account(as_):
    page = upload(as_("sysadmin"), ["天文台,张三,N1,", ",李四,N2,督查员"]).content.decode()

    assert "名录中没有单位“天文台”" in page
    assert not User.objects.filter(name="李四").exists()


def test_the_security_administrator_proposes_all_in_one_act_and_the_chief_approves_each(as_):
    accounts = liaisons(as_)

    as_("security").post(REQUESTS, {"account": [one.pk for one in accounts], "reason": "到岗"})

    assert Approval.objects.pending().filter(kind="role.grant").count() == UNITS
    assert not User.objects.filter(role="L").exists()
    chief = make_user("chief")
    for approval in Approval.objects.pending():
        approvals.approve(approval_id=approval.pk, by=chief, at=timezone.now())
    assert User.objects.filter(role="L", requested_role="").exclude(unit_code="").count() == UNITS


def test_only_the_chosen_ones_are_proposed(as_):
    first, *_ = liaisons(as_)

    page = as_("security").post(REQUESTS, {"account": [first.pk]}, follow=True).content.decode()

    assert "已提请1个账号的授权" in page
    assert [approval.object_id for approval in Approval.objects.pending()] == [str(first.pk)]


def test_one_that_cannot_be_granted_stops_all_and_is_named(as_):
    first, *others = liaisons(as_)
    User.objects.filter(pk=first.pk).update(person_code="")

    page = as_("security").post(REQUESTS, {"account": [one.pk for one in (first, *others)]}, follow=True)

    assert f"{first.name}（{first.username}）" in page.content.decode()
    assert not Approval.objects.exists()


@pytest.mark.parametrize("chosen", [[], ["0"], ["x"]])
def test_what_is_not_on_the_list_is_not_proposed(as_, chosen):
    liaisons(as_, number=1)

    as_("security").post(REQUESTS, {"account": chosen})

    assert not Approval.objects.exists()


@pytest.mark.parametrize(("address", "role"), [(REQUESTS, "security"), (LETTERS, "sysadmin"), (LIST, "sysadmin")])
@pytest.mark.parametrize("other", ["clerk", "chief", "commission", "auditor", "sysadmin", "security"])
def test_the_pages_are_for_their_administrator(as_, address, role, other):
    assert as_(other).get(address).status_code == (200 if other == role else 403)


def test_letters_wait_for_the_role(as_, printed):
    accounts = liaisons(as_)
    client = as_("sysadmin")

    assert f"另有{UNITS + 1}个账号尚未授权" not in client.get(LETTERS).content.decode()
    client.post(LETTERS, {"account": [one.pk for one in accounts]})
    assert printed == []


def test_letters_are_printed_once_and_their_links_lead_to_the_password(as_, printed):
    accounts = granted(as_)
    client = as_("sysadmin")

    answer = client.post(LETTERS, {"account": [one.pk for one in accounts]})

    assert (answer["Content-Type"], "no-store" in answer["Cache-Control"]) == ("application/pdf", True)
    assert len(printed) == UNITS
    page = Client().get(printed[0].removeprefix("http://testserver"), follow=True)
    assert "new_password1" in page.content.decode()
    client.post(LETTERS, {"account": [one.pk for one in accounts]})
    assert len(printed) == UNITS
    assert AuditEntry.objects.performed().filter(action="user.pwlink").count() == UNITS


def test_a_lost_letter_is_printed_anew_alone_and_the_lost_link_dies(as_, printed):
    first, *_ = accounts = granted(as_, number=2)
    client = as_("sysadmin")
    client.post(LETTERS, {"account": [one.pk for one in accounts]})
    lost = printed[0]

    client.post(f"/admin/nanchuan_eval/user/{first.pk}/letter/")

    assert "已经用过或者已经过期" in Client().get(lost.removeprefix("http://testserver"), follow=True).content.decode()
    assert "new_password1" in Client().get(printed[-1].removeprefix("http://testserver"), follow=True).content.decode()


def test_without_the_pdf_there_are_no_new_links(as_, monkeypatch):
    accounts = granted(as_, number=1)
    monkeypatch.setattr(letter_pages, "render_pdf", lambda *args, **more: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        as_("sysadmin").post(LETTERS, {"account": [accounts[0].pk]})

    assert User.objects.get(pk=accounts[0].pk).link_issued_at is None


def test_a_letter_is_a_page_for_each_person(as_):
    accounts = granted(as_, number=3)

    pdf = as_("sysadmin").post(LETTERS, {"account": [one.pk for one in accounts]}).content

    assert io.BytesIO(pdf).read(5) == b"%PDF-"
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 3


@pytest.mark.parametrize("address", [REQUESTS, LETTERS])
def test_a_long_list_takes_no_more_queries(as_, address, django_assert_max_num_queries):
    (granted if address == LETTERS else liaisons)(as_)
    client = as_("security" if address == REQUESTS else "sysadmin")
    client.get(address)

    with django_assert_max_num_queries(15):
        client.get(address)

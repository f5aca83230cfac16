"""Earlier lists in the office: proposed by one person from a preview, approved by another, and looked at."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.history.models import EarlierListing, EarlierRound
from departments.models import Section
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.lists.models import ListUpload
from tests.accountability.factories import NOON as LATE
from tests.accountability.factories import make_bare_round, make_result
from tests.departments.roster.files import xlsx
from tests.factories import make_user

pytestmark = pytest.mark.django_db
HEADER = ("轮次代码", "轮次名称", "评议期起", "名次", "单位名称", "科室", "主要问题")
SURE = ("2019H2", "2019年下半年", "2019年7月", "1", "D01 局", "D01-01科", "态度差")
UNSURE = ("2019H2", "2019年下半年", "2019年7月", "2", "D01局", "D01-02科窗口", "")
LIST = "/admin/accountability/earlierround/"
NEW = "/admin/lists/history/"


@pytest.fixture
def sections():
    round_ = make_bare_round()
    for place, code in enumerate(("D01-01", "D01-02"), start=1):
        make_result(round_, code, rank=place)
        Section.objects.filter(code=code).update(name=f"{code}科")


def upload(client, *rows, address):
    file = SimpleUploadedFile("往期上榜名单.xlsx", xlsx(HEADER, *rows))
    answer = client.post(address, {"file": file}, follow=True)
    return answer, answer.content.decode()


def address_of(client):
    """The address of the upload page, as the list of earlier rounds links it."""
    page = client.get(LIST).content.decode()
    return page.partition('class="import_link"')[0].rpartition('href="')[2].partition('"')[0]


def test_the_office_proposes_from_the_preview_and_another_person_approves(client, sections, settings):
    settings.TWO_PERSON_RULE = True
    client.force_login(make_user("clerk"))
    address = address_of(client)

    _, page = upload(client, SURE, UNSURE, address=address)

    assert "“D01局 D01-02科窗口”（2019H2）是名录中的哪个科室？" in page
    assert "D01-02 D01局D01-02科" in page
    assert not EarlierRound.objects.exists()
    pk = ListUpload.objects.get().pk
    question = page.partition('name="answer-')[2].partition('"')[0]
    answered = client.post(f"/admin/lists/upload/{pk}/confirm/", {f"answer-{question}": "D01-02"}, follow=True)
    page = answered.content.decode()
    assert "提请导入往期上榜名单" in page
    fingerprint = page.partition('name="fingerprint" value="')[2].partition('"')[0]

    posted = {f"answer-{question}": "D01-02", "fingerprint": fingerprint, "confirm": "1", "kind": "history"}
    done = client.post(f"/admin/lists/upload/{pk}/confirm/", posted, follow=True)

    assert "已提请" in done.content.decode()
    assert done.redirect_chain[-1][0] == LIST
    assert not EarlierRound.objects.exists()
    approval = Approval.objects.get()
    assert approval.content["轮次"] == ["2019H2"]
    assert len(approval.content["变动"]) == 2
    approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=LATE)
    listed = EarlierListing.objects.values_list("rank", "department_name", "section_name", "section__code")
    assert list(listed) == [(1, "D01 局", "D01-01科", "D01-01"), (2, "D01局", "D01-02科窗口", "D01-02")]


def test_where_one_person_may_the_confirmation_imports(client, sections, settings):
    settings.TWO_PERSON_RULE = False
    client.force_login(make_user("chief"))
    _, page = upload(client, SURE, address=NEW)
    pk, fingerprint = ListUpload.objects.get().pk, page.partition('name="fingerprint" value="')[2].partition('"')[0]

    done = client.post(f"/admin/lists/upload/{pk}/confirm/", {"fingerprint": fingerprint, "confirm": "1"}, follow=True)

    assert "已导入往期上榜名单：1个轮次，1个上榜科室。" in done.content.decode()
    assert EarlierListing.objects.get().section.code == "D01-01"


def test_a_faulty_file_gets_the_table_of_errors(client, sections, settings):
    settings.TWO_PERSON_RULE = False
    client.force_login(make_user("chief"))

    _, page = upload(client, SURE, (*SURE[:3], "第一", *SURE[4:]), address=address_of(client))

    assert "“位次”的“第一”不是整数" in page
    assert not EarlierRound.objects.exists()


def test_the_lists_are_shown_with_the_sections_they_count_for(client, sections, django_assert_max_num_queries):
    round_ = EarlierRound.objects.create(key="2019H2", name="2019年下半年", period_start="2019-07-01")
    for place, code in ((1, "D01-01"), (2, None)):
        section = Section.objects.filter(code=code).first()
        round_.listings.create(rank=place, department_name="旧局", section_name=f"旧科{place}", section=section)
    client.force_login(make_user("chief"))

    with django_assert_max_num_queries(15):
        page = client.get(LIST).content.decode()
    assert "2019年下半年" in page
    page = client.get(f"{LIST}{round_.pk}/change/").content.decode()
    assert "D01-01 D01局D01-01科" in page
    assert "无，不计入历次情况" in page


@pytest.mark.parametrize("word", ["chief", "commission"])
def test_who_may_not_propose_has_no_link(client, word, settings):
    settings.TWO_PERSON_RULE = True
    client.force_login(make_user(word))

    assert "import_link" not in client.get(LIST).content.decode()

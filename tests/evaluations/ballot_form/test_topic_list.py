"""The list of service topics: exported, edited in a spreadsheet, previewed, proposed, imported whole or not at all."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import known_topics
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import approve
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.spreadsheets import read_rows
from tests.factories import NOON, make_section, make_user

pytestmark = pytest.mark.django_db
HEADER = "办事事项,群众说法,科室名称关键词,单位名称关键词,不在评议范围的说明"
LIST = "/admin/lists/service-topics/"


@pytest.fixture(autouse=True)
def one_topic():
    """Start from one topic."""
    ServiceTopic.objects.all().delete()
    return ServiceTopic.objects.create(text="电费", words="抄表", departments="供电", synonyms="欠费")


def upload(client, *lines, header=HEADER):
    content = "\n".join([header, *lines]).encode()
    return client.post(LIST, {"file": SimpleUploadedFile("事项.csv", content)}, follow=True)


def confirm(client, page):
    action = re.search(r'action="(/admin/lists/upload/\d+/confirm/)"', page.content.decode())[1]
    mark = re.search(r'name="fingerprint" value="([0-9a-f]+)"', page.content.decode())[1]
    answers = {"confirm": "", "fingerprint": mark, "kind": "service-topics", "subject": ""}
    return client.post(action, answers, follow=True)


def test_a_list_adds_and_changes_topics_and_leaves_the_others(client, one_topic):
    client.force_login(make_user("chief"))
    other = ServiceTopic.objects.create(text="水费", words="抄表")

    preview = upload(client, "电费,欠费 停电,抄表,供电,", "驾驶证,驾照,车辆管理,,")
    text = preview.content.decode()
    assert "欠费 停电" in text
    assert ServiceTopic.objects.count() == 2
    done = confirm(client, preview)

    assert "已导入2个办事事项" in done.content.decode()
    one_topic.refresh_from_db()
    assert one_topic.synonyms == "欠费 停电"
    assert ServiceTopic.objects.filter(text="驾驶证", words="车辆管理").exists()
    assert ServiceTopic.objects.filter(pk=other.pk, words="抄表").exists()
    assert AuditEntry.objects.filter(action="round.edit", detail__step_label="导入办事事项").count() == 1
    assert list(changed_facts()) == []


def test_a_second_person_approves_it(client, settings):
    settings.TWO_PERSON_RULE = True
    client.force_login(make_user("clerk"))

    confirm(client, upload(client, "驾驶证,驾照,车辆管理,,"))
    assert not ServiceTopic.objects.filter(text="驾驶证").exists()
    proposal = Approval.objects.get()
    assert proposal.content["变动"] == ["办事事项 驾驶证，群众说法 驾照，科室名称关键词 车辆管理"]
    approve(approval_id=proposal.pk, by=make_user("chief"), at=NOON)

    assert "驾驶证" in [topic.text for topic in known_topics()]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["电费,,抄表,供电,", "电费,,抄表,,"], "“电费”在文件中重复"),
        (["入学,报名,,,"], "至少一个词"),
        ([",报名,基础教育,,"], "办事事项"),
    ],
)
def test_a_file_with_faults_changes_nothing(client, one_topic, lines, says):
    client.force_login(make_user("chief"))

    assert says in upload(client, *lines).content.decode()
    assert list(ServiceTopic.objects.values_list("text", "words")) == [("电费", "抄表")]


def test_a_column_that_is_missing_stays_as_it_is(client, one_topic):
    client.force_login(make_user("chief"))

    confirm(client, upload(client, "电费,停电", header="办事事项,群众说法"))

    one_topic.refresh_from_db()
    assert (one_topic.synonyms, one_topic.words, one_topic.departments) == ("停电", "抄表", "供电")


def test_what_is_exported_can_be_imported_again_and_says_where_topics_lead(client):
    make_section(name="抄表收费科")
    client.force_login(make_user("chief"))

    workbook = client.get(reverse("admin:service-topics-export"))

    cells = [row.cells for row in read_rows(workbook.content, "办事事项.xlsx")]
    assert list(cells[1][:4]) == ["电费", "欠费", "抄表", "供电"]
    assert "没有匹配的科室" in cells[1][5]
    again = client.post(LIST, {"file": SimpleUploadedFile("办事事项.xlsx", workbook.content)}, follow=True)
    assert "没有需要导入的内容" in again.content.decode()


def test_only_those_who_may_edit_topics_see_the_import(client):
    for role, allowed in (("chief", True), ("personnel", False)):
        client.force_login(make_user(role))
        assert (client.get(LIST).status_code == 200) is allowed, role
        assert (client.get(reverse("admin:service-topics-export")).status_code == 200) is allowed, role

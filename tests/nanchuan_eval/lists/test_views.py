"""Pages of the lists: upload, preview, errors, answers, confirmation, downloads."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.lists.models import ListUpload
from tests.factories import make_user
from tests.nanchuan_eval.lists.fake import TAKEN, fake_list, people
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db
NEW = "/admin/lists/fake/"
MANY = [(f"人{n}", f"139{n:08d}", "") for n in range(120)]


@pytest.fixture(name="register")
def _register():
    with fake_list() as register:
        yield register


@pytest.fixture(name="client")
def _client():
    return client_of("chief")


def client_of(role, **options):
    client = Client(**options)
    client.force_login(make_user(role))
    return client


def upload(client, content=None, name="名单.xlsx", address=NEW):
    return client.post(address, {"file": SimpleUploadedFile(name, content or people())}, follow=True)


def address(suffix=""):
    return f"/admin/lists/upload/{ListUpload.objects.get().pk}/{suffix}"


def confirm(client, page, **fields):
    given = {"kind": "fake", "subject": "", "fingerprint": page.context["fingerprint"], "confirm": "1", **fields}
    return client.post(address("confirm/"), given, follow=True)


def text_of(answer):
    return compact(answer.content.decode())


def test_a_list_is_uploaded_previewed_and_confirmed(register, client):
    page = upload(client)

    assert page.redirect_chain[-1][0] == address()
    for text in ("文件“名单.xlsx”，尚未导入", "新增2", "张三", "13900000001", "确认导入名单"):
        assert text in text_of(page)
    assert register.people == {}

    done = confirm(client, page)

    assert "已导入2人。" in text_of(done)
    assert done.redirect_chain[-1][0] == "/admin/departments/section/"
    assert len(register.people) == 2


def test_the_upload_page_names_the_columns_and_offers_the_template(register, client):
    page = text_of(client.get(NEW))

    assert "<b>必须有的列：</b>姓名、手机号" in page
    assert "<b>可以有的列：</b>单位" in page
    assert "/admin/lists/template/fake/" in page


def test_the_template_is_downloaded(register, client):
    answer = client.get("/admin/lists/template/fake/")

    assert load_workbook(io.BytesIO(answer.content)).sheetnames == ["名单", "填写示例", "填写说明"]
    assert client.get("/admin/lists/template/fake/2026/").status_code == 200


def test_a_list_may_belong_to_a_subject(register, client):
    assert "2026年" in text_of(client.get(f"{NEW}2026/"))

    upload(client, address=f"{NEW}2026/")

    assert ListUpload.objects.get().subject == "2026"
    assert "2026年" in text_of(client.get(address()))


@pytest.mark.parametrize("path", [f"{NEW}1999/", "/admin/lists/unknown/", "/admin/lists/template/unknown/"])
def test_an_unknown_list_or_subject_is_not_found(register, client, path):
    assert client.get(path).status_code == 404


def test_a_change_shows_the_values_before_and_after(register, client):
    register.people["张三"] = ("13900000009", "发改委")

    page = text_of(upload(client))

    assert "<del>13900000009</del><ins>13900000001</ins>" in page
    assert "变更1" in page


def test_of_many_changes_fifty_are_shown_and_all_are_downloaded(register, client):
    page = text_of(upload(client, people(*MANY)))

    assert "前50项变动，另有70项" in page
    assert "人49" in page
    assert "人50" not in page
    book = load_workbook(io.BytesIO(client.get(address("changes.xlsx")).content))
    assert book["变动"].max_row == 122


def test_errors_are_a_table_and_a_file(register, client):
    page = text_of(upload(client, people(*[("", "13900000001", "")] * 37, ("李四", "139", ""))))

    assert "有38处问题，没有导入任何内容" in page
    assert "等37处" in page
    assert "“139”不是11位手机号" in page
    assert "确认导入" not in page
    book = load_workbook(io.BytesIO(client.get(address("errors.xlsx")).content))
    assert book["错误清单"].max_row == 41


def test_a_file_without_errors_has_no_file_of_errors(register, client):
    upload(client)

    assert client.get(address("errors.xlsx")).headers["Location"] == address()


def test_a_refused_file_has_no_changes_to_download(register, client):
    upload(client, people(("", "", ""), ("李四", "", "")))

    assert client.get(address("changes.xlsx")).headers["Location"] == address()


def test_a_question_is_answered_seen_and_then_confirmed(register, client):
    register.people, register.is_asking = {"张三": ("13900000009", "发改委")}, True
    page = upload(client)
    assert "（请选择）" in text_of(page)
    assert "张三：13900000009 → 13900000001" in text_of(page)
    assert "确认导入名单" not in text_of(page)

    refused = confirm(client, page)
    assert "请先回答" in text_of(refused)

    page = client.post(address("confirm/"), {"answer-phones": "new"}, follow=True)
    assert "预览已按回答更新" in text_of(page)
    assert f'value="new"checked required>{TAKEN}' in text_of(page).replace(" checked", "checked").replace("> ", ">")

    confirm(client, page, **{"answer-phones": "new"})
    assert register.people["张三"] == ("13900000001", "发改委")


def test_an_answer_changed_with_the_confirmation_is_shown_first(register, client):
    register.people, register.is_asking = {"张三": ("13900000009", "发改委")}, True
    upload(client)
    page = client.post(address("confirm/"), {"answer-phones": "new"}, follow=True)

    again = confirm(client, page, **{"answer-phones": "old"})

    assert "预览已按回答更新" in text_of(again)
    assert register.people["张三"] == ("13900000009", "发改委")


def test_a_second_click_imports_nothing_more_and_says_so(register, client):
    page, path = upload(client), address("confirm/")
    confirm(client, page)
    register.people.clear()

    again = client.post(path, {"kind": "fake", "fingerprint": page.context["fingerprint"], "confirm": "1"}, follow=True)

    assert "没有再次导入" in text_of(again)
    assert again.redirect_chain[-1][0] == "/admin/departments/section/"
    assert register.people == {}


def test_a_confirmation_after_a_change_is_refused_and_shows_the_new_preview(register, client):
    page = upload(client)
    register.people["张三"] = ("13900000009", "")

    again = confirm(client, page)

    assert "有变动，没有导入任何内容" in text_of(again)
    assert "<del>13900000009</del>" in text_of(again)
    assert "李四" not in register.people


def test_an_unchanged_list_has_no_confirmation(register, client):
    register.people = {"张三": ("13900000001", "发改委"), "李四": ("13900000002", "")}

    page = text_of(upload(client))

    assert "没有需要导入的内容" in page
    assert "确认导入" not in page


def test_a_discarded_file_is_gone(register, client):
    upload(client)
    gone = address()

    page = client.post(f"{gone}discard/", {"kind": "fake"}, follow=True)

    assert "已放弃“名单.xlsx”" in text_of(page)
    assert not ListUpload.objects.exists()
    assert "没有再次导入" in text_of(client.get(gone, follow=True))


def test_another_users_upload_is_not_shown(register, client):
    upload(client)
    other = client_of("chief")

    for suffix in ("", "errors.xlsx", "changes.xlsx"):
        answer = other.get(address(suffix), follow=True)
        assert "张三" not in text_of(answer)
        assert "已经确认、放弃、被新上传的文件取代" in text_of(answer)
    for suffix in ("confirm/", "discard/"):
        other.post(address(suffix), {"kind": "fake", "confirm": "1", "fingerprint": "x"})
    assert ListUpload.objects.exists()
    assert register.people == {}


@pytest.mark.parametrize("role", ["clerk", "auditor", "personnel"])
def test_only_whoever_may_start_the_action_uploads(register, role):
    client = client_of(role)

    assert client.get(NEW).status_code == 403
    assert client.get("/admin/lists/template/fake/").status_code == 403
    assert upload(client).status_code == 403
    assert not ListUpload.objects.exists()
    assert AuditEntry.objects.filter(action="roster.import", result="denied").count() == 3


@pytest.mark.parametrize("suffix", ["confirm/", "discard/"])
def test_what_changes_something_is_posted(register, client, suffix):
    upload(client)

    assert client.get(address(suffix)).status_code == 405


def test_the_forms_need_their_token(register):
    client = client_of("chief", enforce_csrf_checks=True)

    assert upload(client).status_code == 403
    assert not ListUpload.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("名单.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, ".xls"),
        ("名单.xlsx", b"not a workbook", "内容却不是工作簿"),
        ("名单.docx", b"PK", "只能导入 .xlsx 或 .csv"),
        ("空.xlsx", b"", "文件没有内容"),
        ("长" * 201 + ".csv", b"a", "200"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_the_form(register, client, name, content, reason):
    page = client.post(NEW, {"file": SimpleUploadedFile(name, content)})

    assert page.status_code == 400
    assert reason in text_of(page)
    assert not ListUpload.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "reason"), [("名单.csv", b"a,b,c\x00d", "空字符"), ("<script>.csv", b"\xff\xfe\x00", "编码")]
)
def test_a_file_that_cannot_be_read_is_an_error_of_the_whole_file(register, client, name, content, reason):
    page = text_of(upload(client, content, name))

    assert reason in page
    assert "整份文件" in page
    assert "<script>." not in page


def test_with_two_persons_the_button_proposes(register, settings):
    settings.TWO_PERSON_RULE = True
    client = client_of("clerk")

    page = upload(client)
    assert "提请导入名单" in text_of(page)
    assert "另一人审批后才导入" in text_of(page)

    assert "经另一人审批后生效" in text_of(confirm(client, page))
    assert register.people == {}


@pytest.mark.parametrize("count", [2, 60])
def test_a_preview_takes_a_constant_number_of_queries(register, client, count):
    upload(client, people(*MANY[:count]))

    page_in(client, address(), queries=6, shows="人0")

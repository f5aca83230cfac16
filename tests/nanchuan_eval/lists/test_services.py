"""Uploads of lists: kept encrypted, seen by their uploader alone, confirmed once as they were shown."""

from datetime import timedelta

import pytest

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.sealed_bytes import decrypt_bytes, is_encrypted
from nanchuan_eval.lists import services
from nanchuan_eval.lists.models import ListUpload
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention import services as retention
from tests.factories import NOON, make_user
from tests.nanchuan_eval.lists.fake import NAME, fake_list, people

pytestmark = pytest.mark.django_db
KEPT = {"张三": ("13900000001", "发改委"), "李四": ("13900000002", "")}


@pytest.fixture(name="register")
def _register():
    with fake_list() as register:
        yield register


@pytest.fixture(name="chief")
def _chief():
    return make_user("chief")


def store(by, content=None, name="名单.xlsx", subject=""):
    kind = services.find_kind(NAME)
    return services.store_upload(kind=kind, subject=subject, filename=name, content=content or people(), by=by, at=NOON)


def opened(upload, by):
    return services.open_upload(upload_id=upload.pk, by=by, at=NOON)


def confirm(upload, by, agreed=None, **answers):
    agreed = opened(upload, by).fingerprint if agreed is None else agreed
    return services.confirm_upload(upload_id=upload.pk, posted=answers, agreed=agreed, by=by, at=NOON)


def test_a_file_is_kept_encrypted_and_nothing_is_imported(register, chief):
    content = people()
    upload = store(chief, content)

    stored = bytes(ListUpload.objects.get().content)
    assert is_encrypted(stored)
    assert decrypt_bytes(stored) == content
    assert opened(upload, chief).preview.figures == (("新增", 2), ("变更", 0))
    assert register.people == {}


def test_a_confirmed_file_is_imported_and_deleted(register, chief):
    assert confirm(store(chief), chief) == "已导入2人。"
    assert register.people == KEPT
    assert not ListUpload.objects.exists()


def test_a_second_confirmation_imports_nothing(register, chief):
    upload = store(chief)
    agreed = opened(upload, chief).fingerprint
    confirm(upload, chief, agreed)
    register.people.clear()

    with pytest.raises(services.Gone, match="已经确认"):
        confirm(upload, chief, agreed)
    assert register.people == {}


def test_another_users_upload_is_as_if_it_were_not_there(register, chief):
    upload = store(chief)
    other = make_user("chief")

    for service in (
        lambda: services.open_upload(upload_id=upload.pk, by=other, at=NOON),
        lambda: confirm(upload, other, opened(upload, chief).fingerprint),
        lambda: services.discard_upload(upload_id=upload.pk, by=other, at=NOON),
    ):
        with pytest.raises(services.Gone):
            service()
    assert ListUpload.objects.exists()
    assert register.people == {}


def test_data_that_changed_since_the_preview_refuse_the_confirmation(register, chief):
    upload = store(chief)
    agreed = opened(upload, chief).fingerprint
    register.people["张三"] = ("13900000009", "")

    with pytest.raises(RuleViolation, match="有变动"):
        confirm(upload, chief, agreed)
    assert "李四" not in register.people
    assert ListUpload.objects.exists()


def test_a_file_that_became_faulty_since_the_preview_is_not_imported(register, chief):
    upload = store(chief)
    agreed = opened(upload, chief).fingerprint
    register.is_late = True

    with pytest.raises(RuleViolation, match="有变动"):
        confirm(upload, chief, agreed)


def test_a_file_that_replaced_the_one_shown_is_not_imported(register, chief):
    first = store(chief)
    agreed = opened(first, chief).fingerprint
    upload = store(chief, people(("王五", "13900000005", "")))

    assert ListUpload.objects.get() == upload
    with pytest.raises(RuleViolation, match="有变动"):
        confirm(upload, chief, agreed)
    with pytest.raises(services.Gone):
        confirm(first, chief, agreed)
    assert register.people == {}


def test_the_page_of_a_replaced_file_does_not_discard_the_new_one(register, chief):
    first = store(chief)
    upload = store(chief, people(("王五", "13900000005", "")))

    with pytest.raises(services.Gone):
        services.discard_upload(upload_id=first.pk, by=chief, at=NOON)
    assert ListUpload.objects.get() == upload


def test_each_user_and_subject_has_an_upload_of_its_own(register, chief):
    store(chief)
    store(chief, subject="2026")
    store(make_user("chief"))

    assert ListUpload.objects.count() == 3


def test_an_open_question_refuses_the_confirmation(register, chief):
    register.people, register.is_asking = {**KEPT, "张三": ("13900000009", "发改委")}, True
    upload = store(chief)

    assert opened(upload, chief).preview.questions[0].detail == ("张三：13900000009 → 13900000001",)
    with pytest.raises(RuleViolation, match="请先回答"):
        confirm(upload, chief)
    assert register.people["张三"] == ("13900000009", "发改委")


def test_new_answers_are_shown_before_they_are_confirmed(register, chief):
    register.people, register.is_asking = {"张三": ("13900000009", "发改委")}, True
    upload = store(chief)

    assert confirm(upload, chief, phones="old") is None
    assert register.people == {"张三": ("13900000009", "发改委")}
    assert opened(upload, chief).preview.figures == (("新增", 1), ("变更", 0))

    assert confirm(upload, chief, phones="old") == "已导入1人。"
    assert register.people == {"张三": ("13900000009", "发改委"), "李四": ("13900000002", "")}


def test_an_unchanged_list_cannot_be_confirmed(register, chief):
    register.people = dict(KEPT)

    with pytest.raises(RuleViolation, match="没有需要导入的内容"):
        confirm(store(chief), chief)


def test_a_refused_file_has_all_its_faults(register, chief):
    upload = store(chief, people(("", "13900000001", ""), ("李四", "139", "")))

    assert [fault.where for fault in opened(upload, chief).faults] == ["工作表“名录”第2行", "工作表“名录”第3行"]
    with pytest.raises(RuleViolation):
        confirm(upload, chief, "x")


def test_a_refusal_without_a_place_is_an_error_of_the_whole_file(register, chief):
    register.is_late = True

    assert [fault.text for fault in opened(store(chief), chief).faults] == ["名单已经锁定，不能再导入。"]


def test_a_file_that_is_no_table_is_not_kept(register, chief):
    for name, content in (("名单.xls", b"x"), ("名单.xlsx", b"PK no workbook"), ("名单.docx", b"x")):
        with pytest.raises(RuleViolation):
            store(chief, content, name)
    assert not ListUpload.objects.exists()


def test_a_file_that_is_too_large_is_not_kept(chief):
    with fake_list(most_bytes=2 * 1024 * 1024), pytest.raises(RuleViolation, match="超过2MB"):
        store(chief, b"a" * (2 * 1024 * 1024 + 1), "名单.csv")
    assert not ListUpload.objects.exists()


def test_whoever_may_not_import_the_list_keeps_no_file(register):
    with pytest.raises(policy.Denied):
        store(make_user("auditor"))
    assert not ListUpload.objects.exists()


def test_a_role_that_was_taken_away_opens_its_upload_no_more(register, chief):
    upload = store(chief)
    chief.role = "AUD"

    with pytest.raises(policy.Denied):
        opened(upload, chief)


def test_a_discarded_file_is_deleted(register, chief):
    said = services.discard_upload(upload_id=store(chief).pk, by=chief, at=NOON)

    assert said == "已放弃“名单.xlsx”，没有导入任何内容。"
    assert not ListUpload.objects.exists()
    assert register.people == {}


def test_an_unconfirmed_file_is_purged_after_a_day(register, chief):
    (rule,) = [rule for rule in retention.rules if rule.label == "未确认的上传文件"]
    store(chief)

    assert not rule.due(NOON + timedelta(days=1)).exists()
    rule.forget(rule.due(NOON + timedelta(days=1, seconds=1)))
    assert not ListUpload.objects.exists()


def test_with_two_persons_the_confirmation_proposes(register, settings):
    settings.TWO_PERSON_RULE = True
    clerk = make_user("clerk")

    assert "另一人审批" in confirm(store(clerk), clerk)
    assert register.people == {}
    assert not ListUpload.objects.exists()

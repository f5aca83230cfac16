"""Every page that takes a file answers any file with a page, never with an error of the server; nothing is imported."""

import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.history.models import EarlierRound
from departments.models import Section
from evaluations.codes.models import CodeBatch
from nanchuan_eval.lists import services as lists
from nanchuan_eval.profile.rules.profile import DEFAULT
from tests.factories import make_codes, make_open_round, make_user
from tests.test_commands_and_files import hostile_files

pytestmark = pytest.mark.django_db
ROUND = "/admin/evaluations/round/{round}"
# Address, account, name of the file's field, the other fields.
PAGES = [
    (f"{ROUND}/import-codes/", "clerk", "file", {"channel": "targeted", "origin": "issued", "label": "甲"}),
    ("/admin/evaluations/codebatch/{batch}/print/", "clerk", "file", {}),
    (
        "/admin/evaluations/codebatch/{batch}/print/",
        "clerk",
        "people",
        {"codes": "0" * 20, "site": "https://pingyi.example", "messages": "1"},
    ),
    (f"{ROUND}/box-key/import/", "chief", "record", {}),
    (f"{ROUND}/simulation/", "chief", "file", {}),
    ("/personnel/many/", "personnel", "file", {}),
    *((f"/admin/lists/{name}/", "chief", "file", {}) for name in ("history", "roster", "service-topics")),
    ("/admin/lists/accounts/", "sysadmin", "file", {}),
    (
        "/admin/profile/change/",
        "chief",
        "upload",
        {**DEFAULT.as_json(), "phone": "12345", "place_names": "区", "reason": "搬迁"},
    ),
    ("/admin/lists/service-records/", "clerk", "file", {}),
    *((f"/admin/lists/pool.{name}/{{key}}/", "clerk", "file", {}) for name in ("supervisors",)),
]


def test_every_list_with_a_page_is_tried_here():
    tried = {path.split("/")[3] for path, *_ in PAGES if path.startswith("/admin/lists/")}

    assert set(lists._kinds) - {"pool.evaluators", "pool.recipients"} == tried


@pytest.mark.parametrize(("path", "word", "field", "others"), PAGES)
def test_a_file_of_any_kind_gets_a_page(client, settings, path, word, field, others):
    settings.TWO_PERSON_RULE = False
    round_ = make_open_round(key="R1", sections=2)
    make_codes(round_, 1)
    before, batch = Section.objects.count(), CodeBatch.objects.get()
    client.force_login(make_user(word))
    address = path.format(round=round_.pk, key=round_.key, batch=batch.pk)
    for name, content in hostile_files().items():
        for ending in ("", ".csv"):
            cache.clear()  # the limit of uploads a minute
            file = SimpleUploadedFile(re.sub(r"[^0-9A-Za-z.-]", "_", name) + ending, content or b"")
            answer = client.post(address, {**others, field: file}, follow=True)

            assert answer.status_code in {200, 400}, (name, ending)
    assert not EarlierRound.objects.exists()
    assert CodeBatch.objects.get() == batch
    assert Section.objects.count() == before

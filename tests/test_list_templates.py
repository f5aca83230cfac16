"""Every list that people fill in has a template to download, linked on the page that takes it."""

import pytest
from django import forms
from django.apps import apps
from django.urls import reverse

from evaluations.codes.models import CodeBatch
from nanchuan_eval.lists import services as lists
from tests.factories import make_codes, make_department, make_open_round, make_round, make_user

pytestmark = pytest.mark.django_db
# Files that a program made, or that are no list; each with the reason why nobody fills one in.
MADE_BY_A_PROGRAM = {
    "IssuedListForm.file": "issued.txt of make_codes: digests",
    "ProfileForm.upload": "the logo: any picture",
    "RecordForm.record": "box-key.json of make_box_key",
    "ResultForm.file": "simulation.json of simulate_round",
    "UploadForm.file": "evidence: any photo, recording or document",
}
# Forms of lists outside the registry, with the address of their template.
TEMPLATES = {
    "CodesFileForm.file": ("clerk", "/admin/evaluations/codebatch/print/codes/"),
    "HandOutForm.people": ("clerk", "/admin/evaluations/codebatch/print/phones/"),
    "OwnRecordsForm.file": ("liaison", "/work/records/template/"),
    "ListForm.file": ("personnel", "/personnel/many/template/"),
}
REGISTRY = "ListFileForm.file"


def file_fields():
    """Names of all fields of forms of ours that take a file."""
    found, waiting = set(), [forms.Form]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.partition(".")[0] in {config.name for config in apps.get_app_configs()}:
            fields = getattr(form, "base_fields", {})
            found |= {f"{form.__name__}.{name}" for name, field in fields.items() if isinstance(field, forms.FileField)}
    return found


def test_every_field_for_a_file_is_a_list_with_a_template_or_made_by_a_program():
    import nanchuan_eval.urls  # noqa: F401, PLC0415  # loads every form

    assert file_fields() == {REGISTRY, *TEMPLATES, *MADE_BY_A_PROGRAM}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_list_outside_the_registry_has_its_template(client, name):
    role, address = TEMPLATES[name]
    make_department(code="D01")  # the liaison's
    client.force_login(make_user(role))

    assert client.get(address).content.startswith(b"PK")


def test_every_registered_list_links_its_template(client, settings):
    settings.TWO_PERSON_RULE = False
    round_ = make_round()
    assert len(lists._kinds) > 4
    for name in lists._kinds:
        for role in ("clerk", "chief", "sysadmin", "secadmin"):
            client.force_login(make_user(role))
            subject = [round_.key] if name.startswith("pool.") else []
            page = client.get(reverse("list-new", args=[name, *subject]))
            if page.status_code == 200:
                break
        template = reverse("list-template", args=[name, *subject])
        assert template in page.content.decode(), name
        assert client.get(template).content.startswith(b"PK"), name


def test_the_page_for_printing_links_both_templates(client):
    make_codes(make_open_round(), 1)
    client.force_login(make_user("clerk"))

    page = client.get(reverse("admin:batch-print", args=[CodeBatch.objects.get().pk])).content.decode()
    assert TEMPLATES["CodesFileForm.file"][1] in page

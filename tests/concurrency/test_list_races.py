"""Two confirmations of one upload: the second waits for the first and finds nothing left to import."""

import pytest

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.lists import services
from nanchuan_eval.lists.models import ListUpload
from tests.concurrency.test_case_races import call_during_own_transaction
from tests.departments.roster.files import roster
from tests.factories import NOON, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_list_is_confirmed_once():
    by, kind = make_user("chief"), services.find_kind("roster")
    upload = services.store_upload(kind=kind, subject="", filename="名录.xlsx", content=roster(), by=by, at=NOON)
    agreed = services.open_upload(upload_id=upload.pk, by=by, at=NOON).fingerprint

    outcomes = call_during_own_transaction(
        lambda: services.confirm_upload(upload_id=upload.pk, posted={}, agreed=agreed, by=by, at=NOON)
    )

    assert isinstance(outcomes[0], services.Gone)
    assert not ListUpload.objects.exists()
    assert AuditEntry.objects.filter(action="roster.import", result="ok").count() == 1

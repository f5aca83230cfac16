"""The round's page about its box key: import and online making by two persons, cards lost and handed over."""

import pytest

from evaluations.box_key.models import BoxKey
from tests.factories import make_open_round, make_supervisors_key, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    make_supervisors_key(round_)
    return round_


@pytest.fixture
def staff(client):
    def log_in(role):
        user = make_user(role)
        client.force_login(user)
        return client, user

    return log_in


def address(round_, name=""):
    return f"/admin/evaluations/round/{round_.pk}/box-key/{name}"


def test_the_page_shows_the_key_and_who_holds_the_cards(round_, staff):
    client, _ = staff("commission")

    page = client.get(address(round_)).content.decode()

    assert round_.box_key[:8] in page
    assert "导入票箱密钥登记" not in page  # the commission proposes nothing here
    holder = BoxKey.objects.get().cards.get(card="S1").holder
    assert holder.person.name in page

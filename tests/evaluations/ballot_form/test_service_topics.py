"""Service topics: citizens find sections by everyday words; changes show at once and are in no frozen form."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import ballot_form_by_digest, known_topics
from evaluations.ballot_form.rules.form import as_words, found_by, topics_of
from nanchuan_eval.spreadsheets import read_rows
from tests.factories import make_codes, make_open_round, make_section, make_user
from tests.pages import page_in
from tests.paths import ROOT

ROSTER = ROOT / "departments" / "data" / "roster.xlsx"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def beginning():
    """Restore the initial topics, in case a transactional test has emptied the table."""
    for text, words in (("办房产证、过户、抵押", "不动产登记"), ("养老金、社保", "养老保险 社会保险")):
        ServiceTopic.objects.get_or_create(text=text, defaults={"words": words})


@pytest.fixture
def voting():
    now = timezone.now()
    make_section(name="不动产登记中心")
    return make_open_round(sections=1, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


@pytest.mark.parametrize(
    ("section", "topics"), [("不动产登记中心", "办房产证、过户、抵押"), ("社会保险局", "养老金、社保"), ("能源科", "")]
)
def test_a_section_is_found_by_everyday_words(section, topics):
    assert topics_of(section, known_topics()) == topics


def test_every_initial_topic_matches_a_section_of_the_default_roster():
    names = [cell for _, _, cells in read_rows(ROSTER.read_bytes(), ROSTER.name) for cell in cells]
    assert [topic.text for topic in ServiceTopic.objects.all() if not found_by(as_words(topic.words), names)] == []


def choose(client, round_):
    page = client.post("/ballot/", {"code": make_codes(round_)[0]})
    return page.content.decode()


def test_a_change_is_on_the_ballot_at_once_and_leaves_the_frozen_form_alone(client, voting):
    frozen = voting.ballot_form
    assert "办房产证、过户、抵押" in choose(client, voting)

    client.force_login(make_user("chief"))
    topic = ServiceTopic.objects.get(words="不动产登记")
    address = reverse("admin:evaluations_servicetopic_change", args=[topic.pk])
    assert client.post(address, {"text": "房子过户", "words": "不动产登记"}).status_code == 302
    assert (
        client.post(reverse("admin:evaluations_servicetopic_add"), {"text": "查档", "words": "不动产"}).status_code
        == 302
    )

    assert "房子过户；查档" in choose(client, voting)
    voting.refresh_from_db()
    assert voting.ballot_form == frozen
    assert "过户" not in frozen
    assert ballot_form_by_digest(voting.ballot_form_sha256).sections[0].name == "不动产登记中心"


def test_they_add_no_query_to_the_ballot(client, voting):
    codes = make_codes(voting, 2)
    client.post("/ballot/", {"code": codes[0]})

    page_in(client, "/ballot/", data={"code": codes[1]}, queries=2, shows="不动产登记中心")  # the round, the code


def test_words_are_required_and_only_the_chief_edits_them(client):
    address = reverse("admin:evaluations_servicetopic_add")
    client.force_login(make_user("chief"))
    assert "请至少填一个词" in client.post(address, {"text": "办事", "words": "、"}).content.decode()
    client.force_login(make_user("clerk"))
    assert client.post(address, {"text": "办事", "words": "科"}).status_code == 403
    assert not ServiceTopic.objects.filter(text="办事").exists()

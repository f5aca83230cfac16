"""Service topics: citizens find sections by everyday words; changes show at once and are in no frozen form."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from departments.roster.services import import_roster
from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import active_places, ballot_form_by_digest, known_topics
from evaluations.ballot_form.rules.topics import parts_of, topics_of, warnings
from evaluations.migrations import _everyday_words, _service_topics
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from tests.factories import NOON, make_codes, make_open_round, make_section, make_user
from tests.pages import page_in
from tests.paths import ROOT

ROSTER = ROOT / "departments" / "data" / "roster.xlsx"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def beginning():
    """Restore the initial topics, in case a transactional test has emptied the table."""
    if not ServiceTopic.objects.exists():
        _service_topics.enter(apps, None)
        _everyday_words.enter(apps, None)


@pytest.fixture
def voting():
    now = timezone.now()
    make_section(name="不动产登记中心")
    return make_open_round(sections=1, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def choose(client, round_, **typed):
    page = client.post("/ballot/", {"code": make_codes(round_)[0], **typed})
    return page.content.decode()


class TestTheShippedTopics:
    @pytest.fixture(autouse=True)
    def roster(self, beginning):
        import_roster(rows=read_rows(ROSTER.read_bytes(), ROSTER.name), by=OPERATOR, at=NOON)
        self.topics, self.places = known_topics(), active_places()

    def test_all_lead_somewhere_and_to_every_section(self):
        assert len(self.places) == 105
        assert warnings(self.topics, self.places) == []

    def test_each_section_has_two_everyday_words_beside_its_name(self):
        few = {name: words for name, unit in self.places if len(words := self._words(name, unit)) < 2}
        assert few == {}

    def test_there_are_enough_words_and_none_twice_in_a_topic(self):
        said = [word for topic in self.topics for word in topic.synonyms]

        assert len(set(said)) >= 150
        assert [topic.text for topic in self.topics if len(set(topic.synonyms)) < len(topic.synonyms)] == []

    def _words(self, name, unit):
        topics = topics_of(name, unit, self.topics)
        words = {word for topic in topics for word in (*parts_of(topic.text), *topic.synonyms)}
        return {word for word in words if word not in name}


def test_a_topic_that_staff_have_changed_stays_as_it_is():
    mine = ServiceTopic.objects.get(words="不动产登记")
    mine.text, mine.synonyms = "房子的事", ""
    mine.save()
    number = ServiceTopic.objects.count()

    _everyday_words.enter(apps, None)

    mine.refresh_from_db()
    assert (mine.text, mine.synonyms) == ("房子的事", "")
    assert ServiceTopic.objects.count() == number


def test_with_an_empty_roster_nobody_is_told_to_change_the_words(client):
    client.force_login(make_user("chief"))
    topics = reverse("admin:evaluations_servicetopic_changelist")
    empty = client.get(topics).content.decode()
    make_section(name="综合科")

    assert "名录为空" in empty
    assert "请更换关键词" not in empty
    assert "请更换关键词" in client.get(topics).content.decode()


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


def test_an_approved_change_is_on_the_ballot_at_once(client, voting, settings):
    assert "办房产证、过户、抵押" in choose(client, voting)
    settings.TWO_PERSON_RULE = True
    topic = ServiceTopic.objects.get(words="不动产登记")
    edit = {"fields": {"text": "房子过户"}, "rows": []}
    proposal = approvals.propose(
        "evaluations.servicetopic.edit", topic, by=make_user("clerk"), at=timezone.now(), **edit
    )

    approvals.approve(approval_id=proposal.pk, by=make_user("chief"), at=timezone.now())

    assert "房子过户" in choose(client, voting)


def test_they_add_no_query_to_the_ballot(client, voting):
    codes = make_codes(voting, 2)
    client.post("/ballot/", {"code": codes[0]})

    page_in(client, "/ballot/", data={"code": codes[1]}, queries=2, shows="不动产登记中心")  # the round, the code


def test_words_are_required_and_only_the_chief_edits_them(client):
    address = reverse("admin:evaluations_servicetopic_add")
    client.force_login(make_user("chief"))
    assert "至少一个词" in client.post(address, {"text": "办事", "words": "、", "departments": "，"}).content.decode()
    client.force_login(make_user("clerk"))
    assert client.post(address, {"text": "办事", "words": "科"}).status_code == 403
    assert not ServiceTopic.objects.filter(text="办事").exists()

"""The first pages of a ballot and what they load, and the pages that are rendered once."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import forget_topics
from evaluations.codes.models import CodeBatch
from evaluations.rounds.models import Round
from evaluations.voting.views.responses import _done_page
from nanchuan_eval.profile.queries import current_profile
from tests.factories import make_codes, make_open_round, make_self_service
from tests.pages import page_in

pytestmark = pytest.mark.django_db
STATIC = Path(settings.BASE_DIR) / "static"


def test_the_first_page_is_under_60_kb_with_everything_it_loads(voting, client):
    page = client.get("/ballot/").content
    sheets = [STATIC / name for name in re.findall(r"css/\w+\.css", page.decode())]
    loaded = [*sheets, STATIC / "js/ballot.js", STATIC / "favicon.svg"]

    assert len(page) + sum(path.stat().st_size for path in loaded) < 60_000


def test_the_choice_of_105_sections_is_a_small_page(client):
    now = timezone.now()
    round_ = make_open_round(sections=105, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))

    page = client.post("/ballot/", {"code": make_codes(round_)[0]})

    assert len(page.content) < 100_000


class TestEverydayWords:
    """Words that no page shows come apart, at an address that names them."""

    @pytest.fixture
    def address(self, client, voting):
        name = voting.sections.first().name
        ServiceTopic.objects.create(text="办事", words=name, synonyms="跑腿")
        forget_topics()
        page = client.post("/ballot/", {"code": make_codes(voting)[0]}).content.decode()
        assert "跑腿" not in page
        return re.search(r'data-words="(/ballot/words/[0-9a-f]{12}\.json)"', page)[1]

    def test_they_are_a_file_to_keep_without_anything_of_the_voter(self, client, address):
        answer = client.get(address)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert "跑腿" in answer.content.decode()
        assert set(answer.json()) == {"letters", "sections", "units", "notes"}
        assert "immutable" in answer.headers["Cache-Control"]
        assert "public" in answer.headers["Cache-Control"]
        assert not answer.cookies

    def test_they_cost_one_query(self, client, address, django_assert_num_queries):
        with django_assert_num_queries(1):  # the round
            client.get(address)

    def test_changed_words_have_another_address(self, client, address):
        ServiceTopic.objects.update(synonyms="代办")
        forget_topics()

        assert client.get(address).status_code == 404

    def test_after_the_vote_there_are_none(self, client, address):
        Round.objects.update(state="sealed")

        assert client.get(address).status_code == 404


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries", "title"),
    [
        ("/", 5, "<h1>群众评科室，评出办事难在哪里</h1>"),
        ("/list/", 2, "<h1>结果公示</h1>"),
        ("/draws/", 4, "<h1>抽取公开</h1>"),
        ("/receipt/", 2, "<h1>回执查询</h1>"),
    ],
)
def test_public_pages_take_a_constant_number_of_queries(client, path, queries, title, rounds):
    for _ in range(rounds):
        make_open_round()
        Round.objects.update(state="sealed")

    page_in(client, path, queries=queries, shows=title)


def test_a_list_that_is_not_published_is_not_found(client):
    round_ = make_open_round()

    response = client.get(f"/list/{round_.key}/")

    assert response.status_code == 404
    assert "页面不存在" in response.content.decode()


def test_a_closed_self_service_batch_is_explained(voting, client):
    counter = make_self_service(voting)

    for change in ({"is_open": False}, {"is_open": True, "is_halted": True}):
        CodeBatch.objects.filter(pk=counter.pk).update(**change)
        response = client.post("/ballot/claim/", follow=True)
        assert response.status_code == 400
        assert "不能领取评议票" in response.content.decode()
        assert "领取评议票</button>" not in client.get("/").content.decode()


def test_the_pages_that_are_rendered_once_name_the_site(client):
    round_ = make_open_round()
    done = _done_page(round_.ballot_form_sha256, "", "", is_new=True, profile=current_profile())

    assert "南川区最难办事科室群众评</a>" in client.get("/ballot/").content.decode()
    assert "南川区最难办事科室群众评</a>" in done

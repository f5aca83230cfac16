"""The feed of publications and corrections by RFC 4287, and the pages of the open data."""

import re
from datetime import datetime

import pytest
from defusedxml import ElementTree
from django.core.cache import cache

from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from nanchuan_eval.audit.models import AuditAnchor
from tests.evaluations.open_data.factories import PUBLISHED, correct, listed_codes, published, the_round
from tests.once import once
from tests.pages import exactly

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# RFC 4287, 4.1.1 and 4.1.2: exactly one of each.
ONCE = ("id", "title", "updated")


made = once(published)


@pytest.fixture(autouse=True)
def _published(made):
    cache.clear()


def feed_of(client, host="testserver"):
    answer = client.get("/data/feed.xml", headers={"host": host})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def entries_of(feed):
    return feed.findall(f"{ATOM}entry")


def text(element, name):
    return element.findtext(f"{ATOM}{name}")


def terms(entry):
    return [each.get("term") for each in entry.findall(f"{ATOM}category")]


def link(element, relation):
    return [each.get("href") for each in element.findall(f"{ATOM}link") if each.get("rel") == relation]


class TestFeed:
    def test_has_what_the_standard_requires(self, client):
        round_ = the_round()
        correct(round_, withdrawn=(listed_codes()[0],))

        feed = feed_of(client)

        assert feed.tag == f"{ATOM}feed"
        assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
        assert feed.findtext(f"{ATOM}author/{ATOM}name")
        assert link(feed, "self") == ["http://testserver/data/feed.xml"]
        for element in (feed, *entries_of(feed)):
            assert [len(element.findall(f"{ATOM}{name}")) for name in ONCE] == [1, 1, 1]
            assert UUID.fullmatch(text(element, "id"))
            assert datetime.fromisoformat(text(element, "updated")).tzinfo
            assert len(link(element, "alternate")) == 1
        assert len({text(element, "id") for element in (feed, *entries_of(feed))}) == 3
        assert text(feed, "updated") == max(text(each, "updated") for each in entries_of(feed))

    def test_tells_publication_correction_and_withdrawal(self, client):
        round_ = the_round()
        first, second = listed_codes()
        correct(round_, 1, problems={first: "排队时间长"})
        correct(round_, 2, reason="经复核撤下。", withdrawn=(second,))

        withdrawn, reworded, publication = entries_of(feed_of(client))

        assert [terms(each) for each in (publication, reworded, withdrawn)] == [["公示"], ["更正"], ["更正", "撤下"]]
        assert text(publication, "title") == f"{round_.name}最难办事科室群众评结果公示"
        assert text(withdrawn, "title") == f"{round_.name}最难办事科室群众评结果更正公示（第3版）"
        assert text(publication, "summary").startswith("上榜科室：1．")
        assert "改写主要问题" in text(reworded, "summary")
        assert text(withdrawn, "summary").startswith("更正说明：经复核撤下。")
        assert text(withdrawn, "summary").endswith("：撤下。")
        for entry in (publication, reworded, withdrawn):
            address = link(entry, "alternate")[0]
            assert client.get(address).status_code == 200
        assert datetime.fromisoformat(text(publication, "updated")) == PUBLISHED

    def test_of_an_empty_list_says_so(self, client):
        round_ = the_round()
        publication = round_.publications.get()
        publication.content = re.sub(r'"entries":\[.*?\],"', '"entries":[],"', publication.content)
        publication.save()

        assert text(entries_of(feed_of(client))[0], "summary") == "本轮没有上榜科室。"

    def test_marks_demonstrations(self, client):
        round_ = the_round()
        assert "演示数据" not in text(entries_of(feed_of(client))[0], "title")
        publication = round_.publications.get()
        publication.content = publication.content.replace('"is_demo":false', '"is_demo":true')
        publication.save()

        assert "（演示数据，非真实评议结果）" in text(entries_of(feed_of(client))[0], "title")

    def test_names_stay_the_same_under_another_host(self, client, settings):
        settings.ALLOWED_HOSTS = ["testserver", "other.example"]
        here, there = feed_of(client), feed_of(client, "other.example")

        assert link(there, "self") == ["http://other.example/data/feed.xml"]
        for one, other in zip((here, *entries_of(here)), (there, *entries_of(there)), strict=True):
            assert text(one, "id") == text(other, "id")

    def test_of_another_installation_has_other_names(self, client):
        before = text(feed_of(client), "id")
        AuditAnchor.objects.all().delete()
        AuditAnchor.objects.create(seq=1, hash="f" * 64, at=PUBLISHED, occasion="每日")

        assert text(feed_of(client), "id") != before

    def test_keeps_text_that_looks_like_marks(self, client):
        round_ = the_round()
        correct(round_, reason="<b>甲&乙</b>", problems={listed_codes()[0]: "排队"})

        assert "&lt;b&gt;甲&amp;乙&lt;/b&gt;" in text(entries_of(feed_of(client))[0], "summary")

    def test_takes_two_queries(self, client):
        round_ = the_round()
        correct(round_, withdrawn=(listed_codes()[0],))

        with exactly(2):
            feed_of(client)

    def test_is_announced_by_the_pages_of_lists_and_data(self, client):

        for address in ("/list/", "/data/", "/data/2020H1/"):
            page = client.get(address).content.decode()
            assert re.search(r'<link\s+rel="alternate"\s+type="application/atom\+xml"[^>]*href="/data/feed.xml"', page)

    def test_is_not_sent_again_to_whoever_has_it(self, client):
        etag = client.get("/data/feed.xml").headers["ETag"]

        assert client.get("/data/feed.xml", headers={"if-none-match": etag}).status_code == 304


class TestPages:
    def test_list_the_rounds_and_their_files(self, client):
        round_ = the_round()
        correct(round_, withdrawn=(listed_codes()[0],))

        assert f"{round_.name}数据文件" in client.get("/data/").content.decode()
        page = client.get("/data/2020H1/").content.decode()
        assert "已被更正" in page
        assert page.index("公示第2版") < page.index("公示第1版")
        for address in ("/data/2020H1/1/list.csv", "/data/2020H1/2/list.json", "/data/2020H1/closing-list.csv"):
            assert f'href="{address}"' in page

    def test_take_as_many_queries_however_many_rounds_there_are(self, client):
        client.get("/data/")
        with exactly(2):
            client.get("/data/")
        for key in ("2019H1", "2019H2"):
            round_, publication = Round.objects.get(key="2020H1"), Publication.objects.first()
            round_.pk, round_.key = None, key
            round_.save()
            publication.pk, publication.round = None, round_
            publication.save()
        with exactly(1):
            assert len(client.get("/data/catalog.json").json()["rounds"]) == 3
        with exactly(2):
            client.get("/data/")

    def test_lead_there_from_the_front_page_and_the_page_on_checking(self, client):
        for address in ("/", "/verify/", "/list/"):
            assert 'href="/data/"' in client.get(address).content.decode()

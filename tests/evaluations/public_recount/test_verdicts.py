"""The answer at the head of the public recount: counted again from the published files."""

import json
import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from evaluations.ballots.models import Rating
from evaluations.lifecycle.services import announce_result
from evaluations.publication.models import Publication
from evaluations.publication.services import publish_list, strike_unpublished
from evaluations.rounds.models import Round
from evaluations.tally.models import Tally
from evaluations.tally.services.tally import record_veto
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.permissions import policy
from tests.evaluations.public_recount.test_views import PUBLISHED, announced, correct, published
from tests.evaluations.tally.factories import BY_METHOD, LATER, count, keep_all_flags
from tests.factories import make_sealed_round, make_user
from tests.pages import compact, exactly

pytestmark = pytest.mark.django_db


def page_of(client, round_, version=1):
    return compact(client.get(reverse("recount-check", args=[round_.key, version])).content.decode())


def rewrite(round_, change, *, with_digest=True):
    """Change the published content afterwards, by default with the digest that belongs to it."""
    found = round_.publications.get()
    content = json.loads(found.content)
    change(content)
    text = canonical_json(content)
    digest = sha256_hex(text) if with_digest else found.content_sha256
    Publication.objects.filter(pk=found.pk).update(content=text.decode(), content_sha256=digest)


def test_a_list_that_follows_from_its_files_agrees(client):
    page = page_of(client, published())

    assert "结果：一致</h2>" in page
    assert page.index("结果：一致") < page.index("自行核验")


def test_sections_that_were_withdrawn_are_excepted_and_said(client):
    round_ = announced()
    strike_unpublished(round_, round_.results.get(rank=1).section.code)

    assert "结果：一致</h2>" in page_of(client, published_of(round_))
    assert "撤下的1个科室除外" in page_of(client, round_)


def test_a_list_that_names_nobody_agrees_as_one_that_names_nobody(client):
    round_ = announced()
    for result in round_.results.filter(is_listed=True):
        strike_unpublished(round_, result.section.code)

    page = page_of(client, published_of(round_))

    assert "结果：一致</h2>" in page
    assert "除撤下的2个科室以外，没有科室上榜，与公示的相同。" in page
    assert "各上榜科室的位次" not in page


def test_a_vetoed_section_with_too_few_ballots_has_no_interval_in_either(client):
    round_ = make_sealed_round(targeted=12, sections=4, rulebook=BY_METHOD["NC-2"] | {"publish_share": "1/2"})
    thin = round_.sections.last()
    Rating.objects.filter(section=thin).delete()
    facts = {"decision": "南纪〔2020〕1号", "decided_on": LATER.date(), "facts": "查实"}
    record_veto(section_id=thin.pk, by=make_user("commission"), at=LATER, **facts)
    count(round_)
    keep_all_flags(round_)
    round_.results.filter(main_problems="").update(main_problems="推诿")
    with policy.approved("publish.announce"):
        announce_result(round_id=round_.pk, by=make_user("chief"), at=LATER)

    page = page_of(client, published_of(Round.objects.get(pk=round_.pk)))

    (entry,) = [e for e in json.loads(round_.publications.get().content)["entries"] if e["code"] == thin.code]
    assert (entry["label"], entry["rank_low"]) == ("一票否决", None)
    assert "结果：一致</h2>" in page


def published_of(round_):
    publish_list(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    return round_


def other_rank(content):
    content["entries"][0]["rank"] = 2


def other_label(content):
    content["entries"][0]["label"] = "无"


def other_interval(content):
    content["entries"][0]["rank_high"] += 1


def one_less(content):
    content["entries"].pop()


def one_more(content):
    content["entries"].append({**content["entries"][0], "code": "X", "rank": 3})


def other_gate(content):
    content["publication"]["ranked"] -= 1


@pytest.mark.parametrize("change", [other_rank, other_label, other_interval, one_less, one_more, other_gate])
def test_whatever_does_not_follow_is_said(client, change):
    round_ = published()
    rewrite(round_, change)

    page = page_of(client, round_)

    assert "结果：不一致</h2>" in page
    assert "结果：一致" not in page


def test_a_changed_list_without_its_digest_is_said(client):
    round_ = published()
    rewrite(round_, lambda content: content.update(note="改动"), with_digest=False)

    assert "公示内容与公示时的不同" in page_of(client, round_)


def test_changed_data_are_said(client):
    round_ = published()
    cells = json.loads(round_.tally.cells)
    cells["between_variance"] = "9.0000"
    Tally.objects.filter(pk=round_.tally.pk).update(cells=canonical_json(cells).decode())

    assert "数据文件与公示时的不同" in page_of(client, round_)


def test_the_answer_is_computed_once_in_an_hour(client):
    round_ = published()
    page_of(client, round_)
    rewrite(round_, other_rank, with_digest=False)
    assert "结果：一致</h2>" in page_of(client, round_)  # as of the time that stands beside it

    cache.clear()
    assert "结果：不一致</h2>" in page_of(client, round_)


def test_the_answer_takes_no_query_of_its_own(client):
    round_ = published()

    with exactly(5):
        page_of(client, round_)


def test_a_corrected_list_has_its_own_answer(client):
    round_ = published()
    correct(round_, problems={round_.results.get(rank=1).section.code: "改写"})

    assert client.get(reverse("recount-check", args=[round_.key, 1])).status_code == 200


def test_files_programs_and_digests_are_folded_away(client):
    main = re.search(r"<main.*</main>", page_of(client, published()), re.DOTALL)[0]
    main = re.sub(r"<script.*?</script>", "", main, flags=re.DOTALL)
    shown = re.sub(r"<[^>]+>", "", re.sub(r"<details.*?</details>", "", main, flags=re.DOTALL))

    assert not re.findall(r"[0-9a-f]{8,}|\.json|python|校验值", shown)

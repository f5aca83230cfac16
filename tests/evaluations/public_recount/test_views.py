"""The files of the public recount: with the list and never before, of one count at a time, and only if it is on."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.ballots.models import Rating
from evaluations.publication.services import Correction, correct_publication, publish_list, strike_unpublished
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.services.tally import recount_round
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions import policy
from static.verify import check_result
from tests.evaluations.tally.factories import BY_METHOD, LATER, announce, spread_answers
from tests.factories import make_sealed_round, make_user

pytestmark = pytest.mark.django_db
PUBLISHED = LATER + timedelta(days=9)
NAMES = ("list", "rulebook", "cells")


def announced(method="NC-2", **rulebook):
    """A round of which the units have been told; twelve ballots suffice to see every cell."""
    round_ = make_sealed_round(targeted=12, sections=4, rulebook=BY_METHOD[method] | {"list_length": 2} | rulebook)
    spread_answers(round_)
    announce(round_)
    round_.refresh_from_db()
    return round_


def published(method="NC-2", **rulebook):
    round_ = announced(method, **rulebook)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    return Round.objects.get(pk=round_.pk)


def correct(round_, **changes):
    with policy.approved("publish.correct"):
        correction = Correction(reason="更正", **changes)
        return correct_publication(
            round_id=round_.pk, correction=correction, by=make_user("commission"), at=PUBLISHED + timedelta(days=1)
        )


def answer(client, round_, name, version=1):
    return client.get(reverse("open-data-version", args=[round_.key, version, name, "json"]))


def statuses(client, round_, version=1):
    return {name: answer(client, round_, name, version).status_code for name in NAMES}


def check_page(client, round_, version=1):
    return client.get(reverse("recount-check", args=[round_.key, version]))


def page(client, name, round_, query=""):
    return client.get(reverse(name, args=[round_.key]) + query).content.decode()


def recounted(client, round_, version=1):
    """What the stand-alone checker finds in the files as they are downloaded."""
    return check_result.check({name: json.loads(answer(client, round_, name, version).content) for name in NAMES})[1]


class TestFiles:
    def test_are_not_public_before_the_list(self, client):
        round_ = announced()

        assert set(statuses(client, round_).values()) == {404}
        assert check_page(client, round_).status_code == 404

    def test_are_those_that_the_list_names(self, client):
        round_ = published()
        content = json.loads(answer(client, round_, "list").content)

        assert sha256_hex(answer(client, round_, "list").content) == round_.publications.get().content_sha256
        for name in ("rulebook", "cells"):
            assert sha256_hex(answer(client, round_, name).content) == content[f"{name}_sha256"]
        assert content["publication"] == json.loads(round_.tally.result)["publication"]

    def test_give_the_list_again(self, client):
        assert recounted(client, published()) == []

    def test_other_files_are_not_public(self, client):
        round_ = published()

        assert answer(client, round_, "result").status_code == 404
        assert answer(client, round_, "cells", version=2).status_code == 404

    def test_nc_1_has_none(self, client):
        round_ = published("NC-1")

        assert statuses(client, round_) == {"list": 200, "rulebook": 404, "cells": 404}
        assert check_page(client, round_).status_code == 404
        assert "cells_sha256" not in answer(client, round_, "list").json()

    def test_stay_inside_where_the_rulebook_says_so(self, client):
        round_ = published(public_recount=False)

        assert statuses(client, round_) == {"list": 200, "rulebook": 404, "cells": 404}
        assert check_page(client, round_).status_code == 404


class TestCorrections:
    def test_of_a_text_leave_the_files_in_force(self, client):
        round_ = published()
        code = round_.results.get(rank=1).section.code

        correct(round_, problems={code: "一次性告知不到位"})

        for version in (1, 2):
            assert set(statuses(client, round_, version).values()) == {200}
            assert recounted(client, round_, version) == []

    def test_that_withdraw_a_section_agree_with_the_recount(self, client):
        round_ = published()

        correct(round_, withdrawn=(round_.results.get(rank=1).section.code,))

        assert recounted(client, round_, 2) == []

    def test_a_section_struck_before_the_list_is_not_named_and_agrees_with_the_recount(self, client):
        round_ = announced()
        struck = round_.results.get(rank=1).section
        strike_unpublished(round_, struck.code)
        publish_list(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)

        content = json.loads(answer(client, round_, "list").content)

        assert content["struck"] == 1
        assert struck.code not in json.dumps(content)
        assert recounted(client, round_) == []

    def test_a_corrected_count_waits_for_the_end_of_the_round(self, client):
        round_ = published()
        rating = Rating.objects.filter(round=round_, cold=3).first()
        Rating.objects.filter(pk=rating.pk).update(cold=1, lazy=1, buck_passing=1, disorderly=1, greedy=1)
        recount_round(round_, reason="更正", by=make_user("chief"), at=PUBLISHED + timedelta(hours=1))
        correct(round_)

        assert statuses(client, round_, 1) == {"list": 200, "rulebook": 200, "cells": 200}
        assert statuses(client, round_, 2) == {"list": 200, "rulebook": 404, "cells": 404}
        assert "待本轮归档后公布" in page(client, "public-list", round_)
        assert "待本轮归档后公布" not in page(client, "public-list", round_, "?version=1")

        Round.objects.filter(pk=round_.pk).update(state=RoundState.CLOSED)

        assert statuses(client, round_, 1) == {"list": 200, "rulebook": 404, "cells": 404}
        assert statuses(client, round_, 2) == {"list": 200, "rulebook": 200, "cells": 200}
        assert recounted(client, round_, 2) == []


class TestWhatPagesClaim:
    CLAIMS = ("任何人都可以用公布的", "公开复算", "recount-check", "名单三个环节")

    def test_the_list_leads_to_the_recount(self, client):
        round_ = published()

        shown = page(client, "public-list", round_)

        for name in ("rulebook", "cells"):
            assert reverse("open-data-version", args=[round_.key, 1, name, "json"]) in shown
        assert reverse("recount-check", args=[round_.key, 1]) in shown
        assert "抽取、票箱、名单三个环节均可自行核验" in shown
        assert round_.tally.cells_sha256 in shown

    @pytest.mark.parametrize(("method", "rulebook"), [("NC-1", {}), ("NC-2", {"public_recount": False})])
    def test_nobody_is_told_to_recount_what_is_not_public(self, client, method, rulebook):
        round_ = published(method, **rulebook)

        for name in ("public-list", "proofs", "box"):
            shown = page(client, name, round_)
            assert [claim for claim in self.CLAIMS if claim in shown] == [], name
        assert "计票由监督员、评议办和纪委监委核验" in page(client, "public-list", round_)
        assert "不对外公布" in page(client, "proofs", round_)

    def test_the_check_page_names_every_section_and_digest(self, client):
        round_ = published()

        shown = check_page(client, round_).content.decode()

        assert all(section.code in shown for section in round_.sections.all())
        for digest in (
            round_.tally.cells_sha256,
            round_.tally.rulebook_sha256,
            round_.publications.get().content_sha256,
        ):
            assert digest in shown

    def test_before_the_list_the_page_says_when_the_files_come(self, client):
        assert "公示前不公布" in page(client, "proofs", announced())

    def test_a_round_in_preparation_has_no_proofs(self, client):
        round_ = published()
        Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAFT)

        assert client.get(reverse("proofs", args=[round_.key])).status_code == 404


def test_totals_are_published_in_ballots_never_in_lines(client):
    """From a channel's total of lines the hidden counts could be subtracted."""
    round_ = published()
    content = json.loads(answer(client, round_, "list").content)

    [targeted] = [row for row in content["channels"] if row["channel"] == "targeted"]
    assert targeted["counted"] == round_.ballots.count() < Rating.objects.filter(round=round_).count()

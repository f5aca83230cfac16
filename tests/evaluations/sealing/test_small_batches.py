"""Attacks on the secrecy of who voted, with nothing but published lists: small batches and replacements of one."""

import hashlib
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.approvals import start_void
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing, voiding
from evaluations.protocol.codes import issue_hash, issue_of
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import ALONE, FEW
from evaluations.sealing.services import opening as sealing
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import (
    NOON,
    cast_ballots,
    commit,
    log_steps,
    make_codes,
    make_open_round,
    make_self_service,
    make_user,
)
from tests.pages import compact

pytestmark = pytest.mark.django_db


class Stranger:
    """Somebody who saves every list published, and computes with them."""

    def __init__(self, client, round_):
        self.client, self.round = client, round_
        self.saved: list[frozenset[str]] = []

    def get(self, name):
        response = self.client.get(f"/rounds/{self.round.key}/{name}")
        if response.status_code == 404:
            return None
        return b"".join(response.streaming_content) if response.streaming else response.content

    def box(self):
        return compact(self.get("box/").decode())

    def lists(self):
        names = [f"issued-{pk}.txt" for pk in CodeBatch.objects.values_list("pk", flat=True)]
        found = {name: self.get(name) for name in [*names, "issued-rest.txt"]}
        return {name: content.decode().split() for name, content in found.items() if content}

    def save(self):
        self.saved += [frozenset(lines) for lines in self.lists().values()]

    def groups(self, *known):
        """Every list, every difference of two lists, and both without the codes known to be void."""
        lists = {*self.saved, frozenset().union(*self.saved)}
        groups = lists | {one - other for one in lists for other in lists}
        return {group - set(known) for group in groups}

    def used(self):
        return {issue_hash(spend) for spend in self.get("spent.txt").decode().split()}

    def learns(self, *void):
        """Return what is told about groups of one to four people: the codes seen as used."""
        return {code for group in self.groups(*void) if 0 < len(group) < 5 for code in group & self.used()}

    def untold(self):
        """How many used codes stand in no list of used codes."""
        return json.loads(self.get("closing.json"))["spent"]["count"] - len(self.used())


@pytest.fixture
def round_():
    round_ = make_open_round()
    log_steps(round_)
    return round_


def void(batch, *codes, reason="退信"):
    issues = [issue_of(batch.round.key, code) for code in codes]
    voiding.void_codes(batch_id=batch.pk, issues=issues, reason=reason, by=make_user("chief"), at=NOON)
    return issues


def replace(batch, count=1):
    made, codes = issuing.replace_codes(batch_id=batch.pk, count=count, by=make_user("clerk"), at=NOON)
    return made, codes


def seal(round_):
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)


@pytest.mark.parametrize("votes", [True, False])
def test_who_got_the_one_replacement_is_not_known_to_have_voted(client, round_, settings, votes):
    settings.TWO_PERSON_RULE = False
    codes, stranger = make_codes(round_, 12), Stranger(client, round_)
    batch = CodeBatch.objects.get()
    stranger.save()
    gone = void(batch, codes[0])
    made, (fresh,) = replace(batch)
    stranger.save()
    cast_ballots(round_, [fresh, *codes[1:7]] if votes else codes[1:8])
    seal(round_)
    stranger.save()

    assert issue_of(round_.key, fresh) not in stranger.used()
    assert stranger.learns(*gone) == set()
    assert f"issued-{made.pk}.txt" not in stranger.lists()
    assert 0 <= stranger.untold() <= 5
    assert "有5个票号是否使用不单独公布" in stranger.box()


def test_no_replacement_of_few_is_listed_or_counted_before_sealing(client, round_, settings):
    settings.TWO_PERSON_RULE = False
    codes, stranger = make_codes(round_, 12), Stranger(client, round_)
    batch = CodeBatch.objects.get()
    before = stranger.box()
    void(batch, codes[0])

    made, _ = replace(batch)

    page = stranger.box()
    assert set(stranger.lists()) == {f"issued-{batch.pk}.txt"}
    assert made.label not in page
    assert made.issued_sha256 not in page
    assert "补发的票号不足5个的，封箱后并入原批次公布" in page
    assert "补发的票号不足5个的" not in before


def test_after_sealing_a_replacement_follows_the_list_whose_digest_was_published_before(client, round_, settings):
    settings.TWO_PERSON_RULE = False
    codes, stranger = make_codes(round_, 12), Stranger(client, round_)
    batch = CodeBatch.objects.get()
    before = stranger.get(f"issued-{batch.pk}.txt")
    void(batch, codes[0])
    _, (fresh,) = replace(batch)
    cast_ballots(round_, codes[1:7])
    seal(round_)

    after = stranger.get(f"issued-{batch.pk}.txt")

    assert after == before + f"{issue_of(round_.key, fresh)}\n".encode()
    assert hashlib.sha256(before).hexdigest() == batch.issued_sha256
    assert batch.issued_sha256 in stranger.box()
    assert "12（另有补发1个）" in stranger.box()


def test_five_replacements_have_a_list_of_their_own_at_once(client, round_, settings):
    settings.TWO_PERSON_RULE = False
    codes, stranger = make_codes(round_, 12), Stranger(client, round_)
    batch = CodeBatch.objects.get()
    void(batch, *codes[:5])

    made, fresh = replace(batch, 5)

    listed = stranger.get(f"issued-{made.pk}.txt")
    assert listed.decode().split() == sorted(issue_of(round_.key, code) for code in fresh)
    assert made.issued_sha256 in stranger.box()


def test_all_lists_together_are_the_list_of_the_sealing_record(client, round_, settings):
    settings.TWO_PERSON_RULE = False
    codes = make_codes(round_, 12)
    batch = CodeBatch.objects.get()
    hall = make_codes(round_, 3, channel=Channel.SAMPLED, origin=Origin.HALL)
    counter = make_self_service(round_)
    void(batch, codes[0])
    replace(batch)
    void(CodeBatch.objects.get(channel=Channel.SAMPLED), hall[0])
    replace(CodeBatch.objects.get(channel=Channel.SAMPLED))
    cast_ballots(round_, [*codes[1:7], *hall[1:]])
    seal(round_)
    stranger = Stranger(client, round_)

    lists = stranger.lists()

    whole = sorted(line for lines in lists.values() for line in lines)
    record = json.loads(stranger.get("closing.json"))
    digest = hashlib.sha256("".join(f"{line}\n" for line in whole).encode()).hexdigest()
    assert record["issued"] == {"count": 17, "sha256": digest}
    assert len(lists["issued-rest.txt"]) == 4
    assert counter.label in stranger.box()
    round_.refresh_from_db()
    assert [fault for _, faults in verify_round(round_) for fault in faults] == []


def test_of_a_batch_whose_codes_are_void_but_one_the_last_is_not_known_to_have_voted(client, round_, settings):
    settings.TWO_PERSON_RULE = False
    codes, stranger = make_codes(round_, 8), Stranger(client, round_)
    make_codes(round_, 30)
    batch = CodeBatch.objects.earliest("pk")
    stranger.save()
    gone = void(batch, *codes[1:])
    cast_ballots(round_, codes[:1])
    seal(round_)
    stranger.save()

    assert stranger.learns(*gone) == set()
    assert stranger.untold() >= 1
    assert f"issued-{batch.pk}.txt" in stranger.lists()


def test_a_small_batch_is_published_only_together_with_others_after_sealing(client, round_):
    make_codes(round_, 20)
    few, stranger = make_codes(round_, 2), Stranger(client, round_)
    batch = CodeBatch.objects.latest("pk")
    assert f"issued-{batch.pk}.txt" not in stranger.lists()
    assert batch.label not in stranger.box()
    assert stranger.get("issued-rest.txt") is None
    stranger.save()
    cast_ballots(round_, few)
    seal(round_)
    stranger.save()

    assert sorted(stranger.lists()["issued-rest.txt"]) == sorted(issue_of(round_.key, code) for code in few)
    assert stranger.used() == set()
    assert stranger.untold() == 2


def test_the_list_of_used_codes_is_whole_where_no_batch_is_small(client, round_):
    cast_ballots(round_, make_codes(round_, 6))
    seal(round_)
    stranger = Stranger(client, round_)

    assert len(stranger.used()) == 6
    assert "是否使用不单独公布" not in stranger.box()


def test_a_channel_of_one_code_has_hidden_figures_even_if_the_code_was_not_used(client, round_):
    cast_ballots(round_, make_codes(round_, 6))
    make_codes(round_, 1, channel=Channel.SAMPLED, origin=Origin.HALL)
    seal(round_)

    record = json.loads(Stranger(client, round_).get("closing.json"))

    assert record["channels"] == {"targeted": ALONE, "sampled": ALONE, "other": 0}
    assert {cells["sampled"] for cells in record["sections"].values()} == {FEW}


@pytest.mark.parametrize("votes", [0, 1])
def test_the_public_list_of_ballots_to_draw_from_does_not_tell_of_an_origin_of_one_code(client, round_, votes):
    cast_ballots(round_, make_codes(round_, 9, channel=Channel.SAMPLED, origin=Origin.NEWSPAPER)[: 7 - votes])
    cast_ballots(round_, make_codes(round_, 1, channel=Channel.SAMPLED, origin=Origin.HALL)[:votes])
    seal(round_)

    draw = commit(round_, DrawPurpose.COUNTED)

    pool = b"".join(client.get(f"/draws/{draw.draw_id}/pool.tsv").streaming_content).decode()
    assert {line.partition("\t")[0] for line in pool.splitlines()} == {"报纸、服务大厅"}
    assert len(pool.splitlines()) == 7


def test_two_persons_void_and_the_replacement_stays_unlisted(client, round_, settings):
    settings.TWO_PERSON_RULE = True
    codes, stranger = make_codes(round_, 12), Stranger(client, round_)
    batch, clerk, chief = CodeBatch.objects.get(), make_user("clerk"), make_user("chief")
    proposal = start_void(batch_id=batch.pk, typed=[codes[0]], reason="退信", by=clerk, at=NOON)
    approvals.approve(approval_id=proposal.pk, by=chief, at=NOON)
    _, (fresh,) = issuing.replace_codes(batch_id=batch.pk, count=1, by=clerk, at=NOON)
    stranger.save()
    cast_ballots(round_, [fresh, *codes[1:7]])
    seal(round_)
    stranger.save()

    assert Credential.objects.get(issue=issue_of(round_.key, fresh)).spend
    assert stranger.learns(issue_of(round_.key, codes[0])) == set()
    round_.refresh_from_db()
    assert [fault for _, faults in verify_round(round_) for fault in faults] == []


def test_the_page_takes_as_many_queries_for_many_small_batches_as_for_one(client, round_):
    counts = []
    for batches in (1, 4):
        for _ in range(batches):
            make_codes(round_, 2)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"/rounds/{round_.key}/box/").content.decode()
        counts.append(len(queries))
        assert not re.search(r"issued-\d", page)

    assert counts[0] == counts[1]


@pytest.mark.parametrize("votes", [0, 1])
def test_the_staff_do_not_read_from_a_small_batchs_page_whether_its_code_was_used(client, round_, votes):
    cast_ballots(round_, make_codes(round_, 1)[:votes])
    client.force_login(make_user("clerk"))

    page = compact(client.get(reverse("admin:papers", args=[CodeBatch.objects.get().pk])).content.decode())

    assert re.findall(r'<tdclass="number">([^<]*)</td>', page.replace(" ", "")) == [
        "1",
        "0",
        FEW,
        "1",
        FEW,
        "0",
        "0",
        "0",
    ]
    assert "不单独显示" in page

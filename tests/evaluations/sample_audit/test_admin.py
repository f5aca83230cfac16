"""The pages of the sample audit: plan, dice, keying a sheet, a difference, signature, record; the public page."""

import pytest

from evaluations.ballots.queries import sealed_votes
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from evaluations.sample_audit.queries.record import DRAWN_FROM, NOT_CLAIMED, sample_page
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.scoring.method import Indicator
from evaluations.tally.services.tally import recount_round
from evaluations.turnout.queries import disclosed_turnout
from tests.evaluations.sample_audit.rounds import (
    CODES,
    DICE,
    compared,
    drawn,
    give_signing_codes,
    make_counted_round,
    planned,
)
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db
ROUND = "/admin/evaluations/round"


@pytest.fixture
def round_():
    return make_counted_round()


def page_of(client, path, role="clerk", data=None):
    """The page for an account of the role, after what was posted."""
    client.force_login(make_user(role))
    answer = client.post(path, data, follow=True) if data is not None else client.get(path)
    return answer.content.decode()


def sheet_of(round_):
    return drawn(round_).ballots.exclude(sheet=None).first()


def test_the_page_leads_from_the_plan_to_the_drawn_sheets(client, round_):
    address = f"{ROUND}/{round_.pk}/sample/"
    assert "确定核对方案" in page_of(client, address)

    assert "核对方案已确定" in page_of(client, address + "plan/", data={})
    assert "抽取的评议票" not in page_of(client, address + "draw/")
    text = page_of(client, address + "draw/", data={"dice": DICE})

    assert "票面编号" in text
    assert "抽样核对还有2张评议票没有核对" in text


def test_a_sheet_is_keyed_without_seeing_what_was_counted(client, round_):
    row = sheet_of(round_)
    address = f"{ROUND}/sample-ballot/{row.pk}/"
    ((_, vote),) = sealed_votes(round_, [row.ballot_id])
    level = vote["lines"][0]["answers"]["cold"]
    assert f'value="{level}' not in page_of(client, address)

    keyed = {f"{line['section']}.keys": str(line["answers"]["cold"]) for line in vote["lines"]}
    text = page_of(client, address, data=keyed)

    assert f"核对序号{row.number}：一致" in text
    assert "已经核对" in page_of(client, address, data=keyed)


def test_a_sheet_that_differs_is_shown_with_what_differs_and_can_be_explained(client, round_):
    row = sheet_of(round_)
    code = round_.sections.first().code

    text = page_of(client, f"{ROUND}/sample-ballot/{row.pk}/", data={f"{code}.keys": "0"})
    assert "不一致" in text
    assert "“冷”票面0" in text
    text = page_of(client, f"{ROUND}/sample-ballot/{row.pk}/explain/", "chief", {"explanation": "读票有误，已复核"})

    assert "读票有误，已复核" in text


@pytest.mark.parametrize(
    ("data", "text"),
    [({"x": "1"}, "至少"), ({"is_missing": "on", "keys": "1"}, "请清空各格"), ({"keys": "9"}, "不是有效的程度代码")],
)
def test_bad_input_is_explained_and_nothing_is_recorded(client, round_, data, text):
    row = sheet_of(round_)
    code = round_.sections.first().code

    given = {f"{code}.{name}" if name == "keys" else name: value for name, value in data.items()}
    assert text in page_of(client, f"{ROUND}/sample-ballot/{row.pk}/", data=given)

    row.refresh_from_db()
    assert row.outcome == Outcome.OPEN


def test_a_missing_sheet_is_a_difference(client, round_):
    row = sheet_of(round_)

    assert "找不到正票" in page_of(client, f"{ROUND}/sample-ballot/{row.pk}/", data={"is_missing": "on"})


def test_supervisors_sign_on_the_page_and_the_record_is_printed(client, round_):
    compared(round_, drawn(round_))
    give_signing_codes(round_)
    address = f"{ROUND}/{round_.pk}/sample/"

    for code in CODES[:2]:
        assert "已签名" in page_of(client, address, data={"code": code})
    text = page_of(client, address)

    assert "全部一致" in text
    pdf = client.get(f"{ROUND}/{round_.pk}/sample-record.pdf")
    assert b"".join(pdf.streaming_content if pdf.streaming else [pdf.content]).startswith(b"%PDF")


@pytest.mark.parametrize("role", ["liaison", "inspector", "personnel", "auditor"])
def test_others_do_not_see_it(client, round_, role):
    client.force_login(make_user(role))

    assert client.get(f"{ROUND}/{round_.pk}/sample/").status_code in {302, 403, 404}


def finished(round_):
    compared(round_, drawn(round_))
    Round.objects.filter(pk=round_.pk).update(state=RoundState.PUBLISHED)
    return f"/list/{round_.key}/sample/"


def test_a_ballot_without_a_valid_line_is_drawn_from_though_the_turnout_does_not_count_it(client, round_):
    round_.ballots.first().ratings.update(**dict.fromkeys(Indicator.values))
    planned(round_)

    page = page_of(client, f"{ROUND}/{round_.pk}/sample/")

    assert (disclosed_turnout(round_)[0]["counted"], sample_page(round_).channels[0].counted) == ("少于5", 5)
    assert "供抽取（张）" in page
    assert "计票（张）" not in page
    assert DRAWN_FROM in page


def test_the_public_page_says_what_was_drawn_from(client, round_):
    assert DRAWN_FROM in client.get(finished(round_)).content.decode()


@pytest.mark.parametrize(
    ("rulebook", "words"),
    [
        ({"min_lines": 100}, "没有。本轮没有科室上榜。"),
        ({"list_length": 2}, "没有。参加排名的科室均已上榜，或者上榜的均为一票否决，没有需要抽样确认的位次。"),
        ({}, "没有。按评议结果上榜的科室与榜外科室的差距均在误差范围内，不作确认。"),
    ],
)
def test_the_public_page_says_why_no_section_is_confirmed(client, rulebook, words):
    round_ = make_counted_round(audit_least=1, **rulebook)

    assert words in client.get(finished(round_)).content.decode()


def test_what_the_list_leaves_open_is_not_called_too_close(client):
    round_ = make_counted_round(audit_least=1)
    planned(round_)

    assert [line.verdict for line in sample_page(round_).claims] == [NOT_CLAIMED]


def test_the_public_page_tells_result_and_draw_but_no_receipt(client, round_):
    audit = drawn(round_)
    compared(round_, audit)
    address = f"/list/{round_.key}/sample/"
    assert client.get(address).status_code == 404  # not before the list is published
    Round.objects.filter(pk=round_.pk).update(state=RoundState.PUBLISHED)

    text, facts = client.get(address).content.decode(), client.get(f"/list/{round_.key}/sample.json").json()

    assert "全部一致" in text
    assert (facts["seed"], facts["dice"]) == (SampleAudit.objects.get().seed, DICE)
    receipts = SampleBallot.objects.values_list("ballot__receipt", flat=True)
    assert not any(receipt in text for receipt in receipts)


def test_the_public_page_stays_when_the_published_list_is_counted_again(client, round_):
    address = finished(round_)
    recount_round(Round.objects.get(pk=round_.pk), reason="更正", by=make_user("commission"), at=NOON)

    assert "全部一致" in client.get(address).content.decode()
    assert client.get(f"{address[:-1]}.json").status_code == 200


def test_the_public_page_begins_with_what_did_not_agree(client, round_):
    address = finished(round_)
    row = SampleBallot.objects.first()
    SampleBallot.objects.filter(pk=row.pk).update(outcome=Outcome.DIFFERS, explained_at=NOON)

    text = client.get(address).content.decode()

    assert "结果：不一致</h2>" in text
    assert "结果：一致" not in text

"""The response is fixed with the list: returned ÷ delivered by section and stratum, small figures hidden."""

import io
import json

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.codes.models import Credential
from evaluations.codes.queries import counted_batches
from evaluations.draws.services.removals import open_next_round
from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import MessageState
from evaluations.publication.models import Publication
from evaluations.publication.queries import rounds_with_response
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.turnout.queries import response_of
from evaluations.turnout.rules.response import (
    COLUMNS,
    MEANS,
    left_out_note,
    percent_of,
    response_cells,
    response_rows,
    total_row,
)
from tests.accountability.factories import make_counted_round
from tests.evaluations.messages.factories import deliver
from tests.evaluations.turnout.clients import client_vote, return_ballots
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_round, make_user

pytestmark = pytest.mark.django_db


def publish(round_, response, version=1):
    content = json.dumps({"response": response}, separators=(",", ":")) if response else "{}"
    return Publication.objects.create(
        round=round_,
        version=version,
        content=content,
        content_sha256="0" * 64,
        published_at=round_.closes_at,
        approved_by=make_user("commission"),
        reason="更正" if version > 1 else "",
    )


TOLD = {
    "sections": [
        {"name": "公安局出入境科", "delivered": 110, "returned": 44},
        {"name": "人社局社保科", "delivered": 60, "returned": "少于5"},
    ],
    "strata": [{"name": "市场主体", "delivered": 200, "returned": 0}],
    "sampled": [],
}


def test_is_returned_divided_by_delivered_for_each_section():
    draw = client_vote(40, 40, 3)
    return_ballots(draw, 9, 6, 0)

    told = response_of(draw.round)

    assert [(line["delivered"], line["returned"]) for line in told["sections"]] == [(10, 9), (10, 6)]
    assert told["sections"][0]["name"] == str(draw.round.sections.order_by("code").first())
    assert (told["strata"], told["sampled"]) == ([], [])


def test_has_the_strata_of_general_evaluators_also_in_rounds_without_clients():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 8)[:6])

    assert response_of(round_) == {
        "sections": [],
        "strata": [{"name": "（不分类别）", "delivered": 8, "returned": 6}],
        "sampled": [],
        "left_out": 0,
    }


def test_sections_stand_in_the_order_of_the_roster():
    draw = client_vote(40, 40)
    first, second = draw.round.sections.order_by("code")
    for section, name in ((first, "乙科"), (second, "丙科")):  # by their bytes the other way round
        section.name = name
        section.save()

    assert [line["name"] for line in response_of(draw.round)["sections"]] == [str(first), str(second)]


def test_a_total_is_told_where_no_figure_of_the_kind_is_hidden():
    clients = [row for row in response_rows(TOLD) if row.kind == "办事群众"]
    assert total_row(clients)[1:] == ("合计", 170, "—", None)
    assert total_row(clients[:1])[1:] == ("合计", 110, 44, 40)


def test_hides_small_figures_and_the_next_smallest():
    draw = client_vote(40, 40, 40)
    return_ballots(draw, 9, 3, 6)

    assert [line["returned"] for line in response_of(draw.round)["sections"]] == [9, "不单独公布", "不单独公布"]


def test_says_nothing_of_a_few_replaced_codes():
    """The list of used codes leaves small batches out: a total that counts them would tell who of them has voted."""
    draw = client_vote(40, 40)
    return_ballots(draw, 9, 8)
    batch = draw.round.batches.order_by("pk").first()
    few = draw.round.batches.create(
        channel=batch.channel, origin=batch.origin, label="补发", section=batch.section, replaces=batch
    )
    Credential.objects.create(issue="f" * 64, spend="e" * 64, batch=few)

    response = response_of(draw.round)
    told = response["sections"]

    assert response["left_out"] == 1
    assert "另有1张票，所在批次不足5张" in left_out_note(response)
    assert left_out_note(TOLD) == ""
    assert [line["delivered"] for line in told] == [10, 10]
    assert [line["returned"] for line in told] == [9, "不单独公布"]  # its total with the replacement is public


def test_what_did_not_arrive_of_a_small_batch_is_not_missing_from_the_others():
    draw = client_vote(40, with_codes=False, client_letters=6)
    round_ = draw.round
    deliver(round_)
    Message.objects.update(state=MessageState.SENT, content=None)
    open_next_round(draw_id=draw.pk, by=make_user("chief"), at=NOON)
    deliver(round_)  # three further people, too few for figures of their own
    Message.objects.exclude(state=MessageState.SENT).update(state=MessageState.FAILED)
    assert [batch.codes for batch in counted_batches(round_)] == [6, 3]

    response = response_of(round_)

    assert ([line["delivered"] for line in response["sections"]], response["left_out"]) == ([6], 3)
    first = Message.objects.filter(state=MessageState.SENT).first()
    Message.objects.filter(pk=first.pk).update(state=MessageState.FAILED)
    assert [line["delivered"] for line in response_of(round_)["sections"]] == [5]


def test_of_a_hidden_figure_no_percentage_is_told():
    assert percent_of("少于5", 60) is None
    assert percent_of(0, 0) is None
    assert percent_of(44, 110) == 40


def test_cells_of_one_channel_are_hidden_together():
    assert response_cells({"a": (60, 3), "b": (60, 40), "c": (60, 9)}) == {
        "a": "不单独公布",
        "b": 40,
        "c": "不单独公布",
    }


def test_rows_name_the_kind_of_people():
    assert list(response_rows(TOLD)) == [
        ("办事群众", "公安局出入境科", 110, 44, 40),
        ("办事群众", "人社局社保科", 60, "少于5", None),
        ("定向评议人员", "市场主体", 200, 0, 0),
    ]


def addresses_of(round_):
    return reverse("response", args=[round_.key]), reverse("open-data-file", args=[round_.key, "response", "csv"])


def test_is_public_with_the_list_and_not_before(client):
    round_ = make_round()
    page, file = addresses_of(round_)
    assert {client.get(address).status_code for address in (page, file)} == {404}
    assert reverse("response", args=[round_.key]) not in client.get(reverse("how-to-verify")).content.decode()

    publish(round_, TOLD)

    shown = client.get(page).content.decode()
    assert "公安局出入境科" in shown
    assert "少于5" in shown
    # One row a section on a phone too: a hundred cards of four lines could not be read.
    assert '<table class="figures">' in shown and "cards" not in shown
    assert all(text in shown for text in MEANS)
    lines = client.get(file).content.decode("utf-8-sig").splitlines()
    assert lines[:2] == ["渠道,科室或身份类别,送达,收回,回收率（%）", "办事群众,公安局出入境科,110,44,40"]
    assert page in client.get(reverse("how-to-verify")).content.decode()


def test_before_the_list_nothing_about_returns_by_section_is_public(client):
    draw = client_vote(40)
    return_ballots(draw, 9)

    assert {client.get(address).status_code for address in addresses_of(draw.round)} == {404}
    assert rounds_with_response() == []


def test_lists_from_before_have_none(client):
    round_ = make_round()
    publish(round_, None)

    assert client.get(reverse("response", args=[round_.key])).status_code == 404
    assert rounds_with_response() == []


def test_claims_no_more_than_it_can():
    said = "".join(MEANS)

    assert "模拟结果，不是预测" in said
    assert "不说成是全体群众的看法" in said
    assert "代表性" not in said


def test_is_a_sheet_of_the_commissions_workbook():
    round_ = make_counted_round()
    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    texts = [str(cell) for row in book["回收率"].iter_rows(values_only=True) for cell in row if cell is not None]
    assert set(COLUMNS.values()) <= set(texts)
    assert set(MEANS) <= set(texts)


def test_a_section_is_found_by_a_part_of_its_name_and_the_total_is_left_out(client):
    round_ = make_round(state=RoundState.PUBLISHED)
    publish(round_, TOLD)
    page = reverse("response", args=[round_.key])
    found = client.get(page, {"find": "社保"}).content.decode()
    assert (
        "人社局社保科" in found and "公安局出入境科" not in found and "<tfoot>" not in found and "市场主体" not in found
    )
    assert "没有名称含“无此科”的科室或身份类别。" in client.get(page, {"find": "无此科"}).content.decode()
    assert "公安局出入境科" in client.get(page, {"find": " "}).content.decode()

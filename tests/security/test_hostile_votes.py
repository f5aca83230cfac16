"""Votes and codes typed to break the ballot: answers off the scale, broken JSON, markup, guessed codes."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluations.ballots.models import BallotSpool
from evaluations.codes.services import issuing
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.voting import services as voting_services
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from tests.evaluations.voting.phone import COMMENT, Phone, refused
from tests.factories import cast_ballots, make_codes, make_open_round, make_user, waiting_ballots
from tests.security import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


@pytest.mark.parametrize("value", ["1_0", "٣", "５", "+7", "7.0", "6", "-1", " ", "NaN", "1e999", str(10**30)])
def test_an_answer_off_the_scale_is_refused_and_the_others_kept(voting, value):
    response = Phone(voting).review(__cold=value, __lazy="3", __manifestations=["LAZY-2"])
    refused(response, "该项选择有误")
    assert response.content.decode().count("checked") == 5


def test_a_vote_without_sections_is_refused_and_one_that_knows_none_is_stored(voting):
    phone = Phone(voting)
    refused(phone.cast(vote="[]"), "")
    unknown = {key: ["x"] for key in json.loads(vote_of(phone))[0][1]}
    assert phone.cast(vote=json.dumps([[phone.sections[0], unknown, []]])).status_code == 200
    assert BallotSpool.objects.count() == 1


def vote_of(phone):
    return json.dumps([[phone.sections[0], {k.split(".")[1]: v for k, v in phone.answers().items() if "." in k}, []]])


def test_a_comment_of_100000_characters_is_refused_and_direction_marks_are_removed(voting):
    refused(Phone(voting).review(comment=COMMENT + "长" * 100_000), "意见最多500字", keeps="")
    assert Phone(voting).cast(comment="好\u202e坏\u200b𫍯䶮😀").status_code == 200
    assert waiting_ballots()[0].comment == "好坏𫍯䶮😀"


@pytest.mark.parametrize("text", ["{event.__class__}", "{{7*70011}}", "=cmd|' /C calc'!A0", "'; DROP TABLE x; --"])
def test_markup_formulas_and_sql_are_stored_as_text(voting, client, text):
    assert Phone(voting).cast(comment=text).status_code == 200
    assert waiting_ballots()[0].comment == text
    client.force_login(make_user("sysadmin"))
    client.post(
        "/admin/nanchuan_eval/user/add/", {"username": "u1", "name": text, "person_code": "N1", "is_active": "on"}
    )
    account = User.objects.get(username="u1")
    page = client.get("/admin/nanchuan_eval/user/").content.decode()
    assert account.name == text
    assert "490077" not in page.replace(account.session_stamp, "") or text != "{{7*70011}}"


@pytest.mark.parametrize("body", ["{", '"\\ud800"', '"\\u0000"', "[" * 10_000, "null", "1e999", '[["x",{},[]]]'])
def test_broken_json_is_refused(voting, body):
    phone = Phone(voting)
    assert phone.cast(vote=body).status_code == 400
    assert phone.client.post("/ballot/", {"code": phone.code, "vote": body}).status_code in {200, 400}
    assert not BallotSpool.objects.exists()


def test_a_code_typed_with_o_and_i_is_accepted_once():
    round_ = make_open_round()
    code = next(code for code in make_codes(round_, 60) if "0" in code and "1" in code)
    typed = f" {format_code(code).lower().replace('0', 'o').replace('1', 'i')} "
    assert voting_services.admit(code=typed, at=scenario.NOON)
    cast_ballots(round_, [typed])
    with pytest.raises(RuleViolation, match="票号无法使用"):
        voting_services.admit(code=code, at=scenario.NOON)


def test_used_foreign_early_late_and_unknown_codes_get_one_answer_for_the_same_work(client, time_machine):
    time_machine.move_to(scenario.NOON, tick=False)
    codes = {"unknown": issuing.new_code()}
    for state in (RoundState.DRAWN, RoundState.SEALED):
        other = make_open_round()
        codes[state] = make_codes(other)[0]
        Round.objects.filter(pk=other.pk).update(state=state)
    open_ = make_open_round()
    codes["used"] = make_codes(open_)[0]
    cast_ballots(open_, [codes["used"]])
    answers = set()
    for code in codes.values():
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post("/ballot/", {"code": code})
        text = answer.content.decode().split('class="errors"')[1].split("</div>")[0]
        answers.add((answer.status_code, text, len(queries)))
    assert len(answers) == 1


def test_a_thousand_wrong_codes_slow_their_address_and_nobody_else(voting):
    guesser = Client(REMOTE_ADDR="6.6.6.6")
    statuses = [guesser.post("/ballot/", {"code": issuing.new_code()}).status_code for _ in range(1000)]
    assert statuses.count(400) <= 30  # ten a minute, whatever the clock did meanwhile
    assert set(statuses[10:]) <= {400, 429}
    (code,) = make_codes(voting)
    assert Client(REMOTE_ADDR="7.7.7.7").post("/ballot/", {"code": code}).status_code == 200

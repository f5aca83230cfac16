"""What an outsider finds of a box key and its opening: every tampering is named."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from evaluations.ballots.models import BallotSpool
from evaluations.protocol.box import key_id
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.sealing.models import OpeningSignature
from evaluations.sealing.rules import Accepted
from evaluations.sealing.services.opening import open_box
from evaluations.sealing.services.signatures import sign_opening
from evaluations.verification.rules import BoxFacts, opening_faults, record_faults
from evaluations.verification.services import CHECKS, log_faults
from nanchuan_eval.audit.queries import worded
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.permissions.policy import OPERATOR
from tests.evaluations.protocol.factories import KEY, VECTORS
from tests.factories import (
    NOON,
    cast_ballots,
    issue_codes,
    make_codes,
    make_open_round,
    make_supervisors_key,
)
from tests.once import once

NOTHING = "SELECT 1"
TAMPERINGS = [
    ("", NOTHING),
    ("票箱密钥登记与其校验值不符", "UPDATE evaluations_boxkey SET record = replace(record, 'offline', 'online')"),
    ("票箱密钥登记与其校验值不符", "UPDATE evaluations_boxkey SET record_sha256 = '00'"),
    ("票箱密钥与操作日志所记的不符", "UPDATE evaluations_boxkey SET record_sha256 = '00'"),
    (
        "票箱公钥校验值不能由密钥登记中的公钥算出",
        """UPDATE evaluations_boxkey SET record = replace(record, '"public_key":"', '"public_key":"0')""",
    ),
    ("尚未清空", "UPDATE evaluations_boxkey SET row_key = 'kept'"),
    ("尚未清空", "UPDATE evaluations_boxkey SET seed = 'kept'"),
    ("与开箱记录不符", "DELETE FROM evaluations_setasideballot"),
    ("与开箱记录不符", "UPDATE evaluations_setasideballot SET reason = 'invalid'"),
    ("与开箱的评议票数不符", "UPDATE evaluations_setasideballot SET channel = 'other'"),
    ("与开箱的评议票数不符", "UPDATE evaluations_credential SET spend = NULL"),
    ("与开箱的评议票数不符", "UPDATE evaluations_ballot SET origin = 'open'"),
    ("密钥卡不足规定张数", """UPDATE evaluations_round SET closing = replace(closing, '"S2",', '')"""),
    ("密钥卡不足规定张数", """UPDATE evaluations_round SET closing = replace(closing, '"S2"', '"S9"')"""),
    ("不等于票箱内和搁置", """UPDATE evaluations_round SET closing = replace(closing, '"rows":4', '"rows":5')"""),
    (
        "不是本轮登记的票箱密钥",
        """UPDATE evaluations_round SET closing = replace(closing, '"made":"offline"', '"made":"online"')""",
    ),
    ("与开箱记录不符", """UPDATE evaluations_round SET closing = replace(closing, '"ballots":3', '"ballots":2')"""),
]


def _open():
    """A box opened by three supervisors: one row lost, one set aside, three ballots."""
    round_ = make_open_round(sections=1, rulebook={"box_key": "supervisors"})
    cards = make_supervisors_key(round_)
    cast_ballots(round_, make_codes(round_, 5))
    lost, damaged, *_ = BallotSpool.objects.values_list("pk", flat=True)
    BallotSpool.objects.filter(pk=lost).delete()
    BallotSpool.objects.filter(pk=damaged).update(sealed=b"\x01")
    accepted = Accepted(2, "查明为磁盘故障")
    open_box(round_id=round_.pk, typed=cards[:3], by=OPERATOR, at=round_.closes_at, accepted=accepted)
    return round_.pk


opened_once = once(_open)


@pytest.fixture
def opened(opened_once, db):
    return Round.objects.get(pk=opened_once)


def faults(round_):
    round_.refresh_from_db()
    return "".join(worded(lambda: CHECKS["票箱密钥"](round_)))


@pytest.mark.django_db
@pytest.mark.parametrize(("named", "statement"), TAMPERINGS)
def test_a_tampering_is_named(opened, named, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)

    assert (faults(opened) == "") if statement == NOTHING else named in faults(opened)


@pytest.mark.django_db
def test_a_row_left_in_the_spool_is_named(opened):
    BallotSpool.objects.create(
        id="00000000-0000-0000-0000-000000000001", round=opened, channel="other", origin="open", sealed=b"\x01"
    )

    assert "还有待封箱的评议票" in faults(opened)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [lambda s: s.delete(), lambda s: s.update(at=NOON)])
def test_a_signature_on_the_record_removed_or_redated_is_named(opened, change):
    draw = opened.draws.get(purpose=DrawPurpose.SUPERVISORS)
    codes = issue_codes(draw, at=NOON)
    sign_opening(round_id=opened.pk, code=codes[0][0], at=opened.closes_at)
    assert list(log_faults()) == []

    change(OpeningSignature.objects.all())

    assert "监督员在开箱记录上的签名" in "".join(log_faults())


@pytest.mark.django_db
def test_a_key_exchanged_as_a_whole_is_named(opened):
    other = VECTORS["keys"][1]
    record = json.loads(opened.box_keys.get(key_id=opened.box_key).record)
    record |= {"public_key": other["public_key"], "key_id": key_id(opened.key, other["public_key"])}
    text = canonical_json(record).decode()
    opened.box_keys.filter(key_id=opened.box_key).update(
        key_id=record["key_id"], record=text, record_sha256=sha256_hex(text.encode())
    )
    Round.objects.filter(pk=opened.pk).update(box_key=record["key_id"])

    found = faults(opened)

    assert "与操作日志所记的不符" in found
    assert "不是本轮登记的票箱密钥" in found


@pytest.mark.django_db
def test_a_round_that_the_server_opened_is_not_accused(time_machine):
    from evaluations.sealing.services.opening import seal_round  # noqa: PLC0415
    from nanchuan_eval.permissions.policy import CLOCK  # noqa: PLC0415

    round_ = make_open_round(sections=1)
    cast_ballots(round_, make_codes(round_, 2))
    seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at + timedelta(minutes=1))

    assert faults(round_) == ""


RECORD = KEY["record"] if isinstance(KEY["record"], dict) else json.loads(KEY["record"])


def closing(*cards, rows=2, ballots=2, missing=None, set_aside=None):
    opening = {"key_id": RECORD["key_id"], "mode": RECORD["mode"], "made": RECORD["made"], "cards": list(cards)}
    opening |= {"rows": rows, "missing": missing or {}, "set_aside": set_aside or {}}
    return {"ballots": ballots, "opening": opening}


def facts(used=2, ballots=2, aside=()):
    cell = ("targeted", "issued")
    return BoxFacts(
        Counter({cell: used}), Counter({cell: ballots}), Counter({cell: len(aside)} if aside else {}), Counter(aside)
    )


@pytest.mark.parametrize(
    ("cards", "is_enough"),
    [
        (("S1", "S2", "S5"), True),
        (("S1", "S2"), False),
        (("S1", "S2", "P6", "Q6"), True),
        (("S1", "S2", "P6"), False),
        (("S1", "P6", "Q6"), False),
        (("S1", "S1", "S2"), False),
        (("S1", "S2", "S6"), False),
    ],
)
def test_the_cards_of_an_opening_are_enough_and_of_the_record(cards, is_enough):
    assert (list(opening_faults(closing(*cards), RECORD, facts())) == []) is is_enough


@pytest.mark.parametrize(
    ("told", "stored", "is_clean"),
    [
        ({"rows": 3, "set_aside": {"invalid": 1}}, facts(3, aside=["invalid"]), True),
        ({"rows": 3, "set_aside": {"invalid": 1}}, facts(3, aside=["foreign"]), False),
        ({"missing": {"R1/targeted/issued": 1}}, facts(3), True),
        ({"missing": {"R1/targeted/issued": 1}}, facts(2), False),
        ({}, facts(3), False),
        ({"rows": 3}, facts(), False),
        # A row moved to another round: missing here, too many there, set aside at the opening.
        (
            {"rows": 3, "missing": {"R1/targeted/issued": 1, "R2/targeted/issued": -1}, "set_aside": {"misplaced": 1}},
            facts(3, aside=["misplaced"]),
            True,
        ),
    ],
)
def test_rows_ballots_rows_set_aside_and_used_codes_agree(told, stored, is_clean):
    assert (list(opening_faults(closing("S1", "S2", "S3", **told), RECORD, stored)) == []) is is_clean


def test_the_published_record_agrees_with_itself_and_with_its_round_only():
    text = canonical_json(RECORD).decode()
    digest = sha256_hex(text.encode())

    assert list(record_faults(RECORD["round"], RECORD["key_id"], text, digest)) == []
    assert len(list(record_faults("2099H1", RECORD["key_id"], text, digest))) == 1
    assert len(list(record_faults(RECORD["round"], "00", text, digest))) == 1
    assert len(list(record_faults(RECORD["round"], RECORD["key_id"], f" {text}", digest))) == 1

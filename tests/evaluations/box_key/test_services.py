"""A key on cards: put in force by its record, replaced before the first ballot; cards confirmed, lost, handed over."""

import json
from datetime import timedelta

import pytest
from nacl.bindings import crypto_scalarmult_base

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.queries import card_alarms, key_faults, supervisors_in_office, warning_of_round
from evaluations.box_key.rules import is_short
from evaluations.box_key.services import holding, keys, making
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.paper_ballots.models import PaperSheet
from evaluations.protocol.box import held_code, key_id
from evaluations.protocol.box_cards import card_text
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.services.opening import open_box
from evaluations.voting import services as voting
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import (
    NOON,
    cast_ballots,
    log_steps,
    make_codes,
    make_key,
    make_open_round,
    make_supervisors_key,
    make_user,
)
from tests.once import once

pytestmark = pytest.mark.django_db


def _with_key():
    """A round whose supervisors are drawn and hold a key, and their cards."""
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    cards = make_supervisors_key(round_)
    log_steps(round_)
    return round_.pk, cards


with_key = once(_with_key, "class")


@pytest.fixture
def round_(with_key):
    pk, cards = with_key
    round_ = Round.objects.get(pk=pk)
    round_.cards = list(cards)
    return round_


@pytest.fixture
def drawn(round_):
    """The same before the vote opens."""
    return in_state(round_, RoundState.DRAWN)


def in_state(round_, state):
    Round.objects.filter(pk=round_.pk).update(state=state)
    round_.state = state
    log_steps(round_)
    return round_


def adopt(round_, record):
    with policy.approved("box.key"):
        key = making.adopt_key(round_id=round_.pk, record=record, by=make_user("chief"), at=NOON)
    round_.refresh_from_db()
    return key


def changed(key, **values):
    """The record with other values, canonical and with a fitting key id."""
    record = {**json.loads(key.record), **values}
    if "key_id" not in values:
        record["key_id"] = key_id(record["round"], record["public_key"])
    return canonical_json(record).decode()


def rows():
    return list(BoxKey.objects.values_list()), list(BoxCard.objects.values_list()), AuditEntry.objects.count()


def remove(round_, entry):
    removal = Removal(RemovalReason.REFUSED, "本人拒绝参加")
    with policy.approved("draw.redraw"):
        remove_drawn(entry_id=entry.pk, removal=removal, by=make_user("chief"), at=NOON)


class TestPuttingInForce:
    def test_ballots_sealed_to_a_key_on_cards_open_with_enough_of_them(self, round_):
        cast_ballots(round_, make_codes(round_, 3))

        opened = open_box(round_id=round_.pk, typed=round_.cards[1:4], by=make_user("clerk"), at=round_.closes_at)

        assert json.loads(opened.closing)["ballots"] == 3

    def test_the_supervisors_in_office_are_the_holders_in_the_order_of_their_places(self, drawn):
        holders = list(BoxCard.objects.filter(box__key_id=drawn.box_key).values_list("card", "holder"))

        office = supervisors_in_office(drawn)
        assert holders == [*((f"S{x}", entry.pk) for x, entry in enumerate(office, 1)), ("P6", None), ("Q6", None)]
        assert [(e.stratum, e.place) for e in office] == sorted((e.stratum, e.place) for e in office)

    def test_the_log_holds_the_record_and_the_fixed_rows(self, drawn):
        key = BoxKey.objects.get(key_id=drawn.box_key)
        entry = AuditEntry.objects.filter(action="box.key", detail__has_key="record_sha256").get()

        assert entry.detail["record_sha256"] == key.record_sha256
        assert (entry.detail["key_id"], entry.detail["made"]) == (key.key_id, "offline")
        assert list(changed_facts()) == []
        BoxCard.objects.filter(card="S1").update(held_sha256="0" * 64)
        assert [fault for fault in changed_facts() if "票箱密钥" in fault]

    def test_nothing_secret_is_stored(self, drawn):
        key = BoxKey.objects.get(key_id=drawn.box_key)

        assert key.seed == ""
        stored = f"{BoxKey.objects.values_list()}{BoxCard.objects.values_list()}"
        assert not any(group in stored for text in drawn.cards for group in text.split("-"))


def refused(round_, record, why):
    before = rows()
    with pytest.raises(RuleViolation, match=why):
        adopt(round_, record)
    assert rows() == before
    round_.refresh_from_db()
    assert round_.box_key == Round.objects.get(pk=round_.pk).box_key


class TestAKeyOfTheServer:
    def test_is_not_replaced_by_one_on_cards(self):
        round_ = in_state(make_open_round(), RoundState.DRAWN)

        refused(round_, make_key(round_).record.decode(), "由评议系统保管")

    def test_lacks_nothing(self):
        assert key_faults(make_open_round()) == []


class TestARecordThatDoesNotFit:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "不是票箱密钥登记"),
            ("{}", "不是票箱密钥登记"),
            ("[" * 15_000, "不是票箱密钥登记"),
            ("null", "不是票箱密钥登记"),
            ('{"a":1.5}', "不是票箱密钥登记"),
            ('{"a":NaN}', "不是票箱密钥登记"),
            ('"\\ud800"', "不是票箱密钥登记"),
            ("x" * 20_001, "不是票箱密钥登记"),
        ],
    )
    def test_no_record_at_all(self, drawn, text, why):
        refused(drawn, text, why)

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            ({"round": "2099H1"}, "不属于本轮"),
            ({"format": "nanchuan-box/2"}, "只能导入离线生成"),
            ({"mode": "server"}, "只能导入离线生成"),
            ({"made": "online"}, "只能导入离线生成"),
            ({"key_id": "0" * 64}, "前后不符"),
            ({"needed": 2}, "前后不符"),
            ({"needed": True}, "前后不符"),
            ({"needed": "3"}, "前后不符"),
            ({"supervisors": 16}, "前后不符"),
            ({"supervisors": 10**400}, "前后不符"),
            ({"supervisors": -1}, "前后不符"),
            ({"cards": []}, "前后不符"),
            ({"cards": None}, "前后不符"),
            ({"public_key": None, "key_id": "0" * 64}, "前后不符"),
            ({"public_key": "0" * 64}, "票箱公钥无效"),
            ({"public_key": "01" + "0" * 62}, "票箱公钥无效"),
            ({"public_key": "E" * 64}, "前后不符"),
        ],
    )
    def test_a_wrong_value(self, drawn, values, why):
        refused(drawn, changed(make_key(drawn), **values), why)

    def test_cards_in_another_order_twice_or_with_another_field(self, drawn):
        key = make_key(drawn)
        cards = json.loads(key.record)["cards"]
        for wrong in (
            cards[::-1],
            cards[:-1],
            [*cards[:-1], {**cards[-1], "held_sha256": cards[0]["held_sha256"]}],
            [{**cards[0], "share": "00"}, *cards[1:]],
            [{**cards[0], "share_sha256": "F" * 64}, *cards[1:]],
        ):
            refused(drawn, changed(key, cards=wrong), "前后不符")

    def test_another_spelling_of_the_same_record(self, drawn):
        record = make_key(drawn).record.decode()

        refused(drawn, record + "\n", "不是票箱密钥登记")
        refused(drawn, json.dumps(json.loads(record)), "不是票箱密钥登记")
        refused(drawn, record.replace('"needed":3', '"needed":3,"needed":3'), "不是票箱密钥登记")

    def test_another_number_of_supervisors_or_of_cards(self, drawn):
        refused(drawn, make_key(drawn, supervisors=4).record.decode(), "按4名监督员生成，本轮现任监督员为5名")
        refused(drawn, make_key(drawn, needed=4).record.decode(), "密钥登记为4张卡开箱，本轮评议规则为3张")

    def test_a_key_used_before_in_this_round(self, drawn):
        first = BoxKey.objects.get().record
        refused(drawn, first, "已在本轮用过")
        adopt(drawn, make_key(drawn).record.decode())
        refused(drawn, first, "已在本轮用过")

    def test_a_public_key_seen_in_another_round(self, drawn):
        other = make_open_round(rulebook={"box_key": "supervisors"})
        make_supervisors_key(other)
        seen = json.loads(BoxKey.objects.get(key_id=other.box_key).record)["public_key"]

        refused(drawn, changed(make_key(drawn), public_key=seen), "已在另一轮次用过")

    @pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.FROZEN, RoundState.SEALED, RoundState.VOID])
    def test_a_round_in_another_state(self, drawn, state):
        refused(in_state(drawn, state), make_key(drawn).record.decode(), "“已抽取”之后")

    def test_the_first_point_that_libsodium_accepts_is_one_we_can_seal_to(self):
        assert keys.public_key(crypto_scalarmult_base(bytes([1] * 32)).hex())


class TestReplacement:
    def test_before_the_first_ballot_the_old_key_is_void_and_kept(self, round_):
        old = round_.box_key
        new = adopt(round_, make_key(round_).record.decode())

        round_.refresh_from_db()
        assert round_.box_key == new.key_id
        assert list(BoxKey.objects.filter(replaced_at=NOON).values_list("key_id", flat=True)) == [old]
        assert AuditEntry.objects.latest("seq").detail["replaced"] == old
        assert list(changed_facts()) == []
        assert key_faults(round_) == ["密钥卡S1、S2、S3、S4、S5、P6、Q6尚未确认领取。"]

    def test_cards_of_the_old_key_confirm_nothing(self, round_):
        old = make_key(round_)
        adopt(round_, old.record.decode())
        adopt(round_, make_key(round_).record.decode())

        with pytest.raises(RuleViolation, match="不属于本轮现在使用的票箱密钥"):
            confirm(round_, old, 0)

    def test_what_was_typed_for_the_old_key_is_refused_and_a_new_admission_is_taken(self, round_):
        [code] = make_codes(round_)
        admission = voting.admit(code=code, at=NOON)
        adopt(round_, make_key(round_).record.decode())

        with pytest.raises(RuleViolation, match="票箱密钥已更换"):
            voting.cast_ballot(admission=admission, code=code, vote="{}", comment="", digits="1234", at=NOON)
        cast_ballots(round_, [code])

    def test_after_the_first_ballot_never(self, round_):
        cast_ballots(round_, make_codes(round_))
        before = rows()

        with pytest.raises(RuleViolation, match="本轮已有评议票，票箱密钥不能再更换"):
            adopt(round_, make_key(round_).record.decode())
        assert rows() == before

    def test_after_a_sheet_is_keyed_never(self, round_):
        make_codes(round_)
        PaperSheet.objects.create(batch=round_.batches.first(), number=1, first="{}")

        with pytest.raises(RuleViolation, match="本轮已有评议票"):
            adopt(round_, make_key(round_).record.decode())


def confirm(round_, key, at):
    card = key.cards[at]
    return holding.confirm_card(
        round_key=round_.key, code=held_code(key.key_id, card.label, card.share), at=NOON + timedelta(hours=1)
    )


class TestPossession:
    @pytest.fixture
    def fresh(self, drawn):
        key = make_key(drawn)
        adopt(drawn, key.record.decode())
        return key

    def test_each_card_is_confirmed_once_and_no_round_opens_before(self, drawn, fresh):
        for at, label in enumerate(("S1", "S2", "S3", "S4", "S5", "P6", "Q6")):
            assert f"{label}" in key_faults(drawn)[0]
            assert confirm(drawn, fresh, at).held_at == NOON + timedelta(hours=1)

        assert key_faults(drawn) == []
        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.detail["card"], entry.actor) == ("box.key", "Q6", None)
        assert list(changed_facts()) == []

    def test_some_unconfirmed_are_named(self, drawn, fresh):
        for at in (0, 2, 4, 5, 6):
            confirm(drawn, fresh, at)

        assert key_faults(drawn) == ["密钥卡S2、S4尚未确认领取。"]

    def test_again_is_refused_without_a_second_row(self, drawn, fresh):
        confirm(drawn, fresh, 1)
        before = rows()

        with pytest.raises(RuleViolation, match=r"密钥卡S2已于.*确认领取"):
            confirm(drawn, fresh, 1)
        assert rows() == before

    def test_typed_in_any_usual_way(self, drawn, fresh):
        card = fresh.cards[0]
        code = held_code(fresh.key_id, card.label, card.share)
        typed = " " + "-".join(code[at : at + 4] for at in range(0, 20, 4)).lower().replace("0", "o") + " "

        assert holding.confirm_card(round_key=drawn.key, code=typed, at=NOON).card == "S1"

    @pytest.mark.parametrize(
        ("code", "why"), [("", "请输入领卡确认码"), ("ABCD", "领卡确认码应为20位"), ("0" * 20, "有误")]
    )
    def test_a_wrong_code(self, drawn, fresh, code, why):
        with pytest.raises(RuleViolation, match=why):
            holding.confirm_card(round_key=drawn.key, code=code, at=NOON)

    def test_a_share_confirms_nothing(self, drawn, fresh):
        with pytest.raises(RuleViolation) as refused:
            holding.confirm_card(round_key=drawn.key, code=card_text(fresh.cards[0], fresh.key_id), at=NOON)
        assert card_text(fresh.cards[0], fresh.key_id)[:5] not in str(refused.value)

    def test_a_card_of_another_round_confirms_nothing(self, drawn, fresh):
        other = make_open_round(rulebook={"box_key": "supervisors"})
        make_supervisors_key(other)

        with pytest.raises(RuleViolation, match="有误"):
            confirm(other, fresh, 0)


class TestWhatTheKeyLacks:
    def test_a_round_without_a_key(self, drawn):
        Round.objects.filter(pk=drawn.pk).update(box_key="")
        drawn.refresh_from_db()

        assert key_faults(drawn) == ["尚无票箱密钥。"]

    def test_a_supervisor_replaced(self, drawn):
        remove(drawn, supervisors_in_office(drawn)[1])

        assert key_faults(drawn) == ["监督员有变动，请重新生成票箱密钥。"]
        assert len(supervisors_in_office(drawn)) == 5
        adopt(drawn, make_key(drawn).record.decode())
        assert not [fault for fault in key_faults(drawn) if "变动" in fault]

    def test_a_card_lost(self, drawn):
        lose(drawn, "S2")

        assert key_faults(drawn) == ["密钥卡S2已报告遗失，请重新生成票箱密钥。"]


def lose(round_, card):
    with policy.approved("box.key"):
        return holding.report_lost(round_id=round_.pk, card=card, reason="家中失窃", by=make_user("chief"), at=NOON)


def hand_over(round_, card, holder):
    with policy.approved("box.key"):
        return holding.hand_over(
            round_id=round_.pk, card=card, holder=holder, reason="调离，两人见证", by=make_user("chief"), at=NOON
        )


class TestALostCard:
    def test_it_is_recorded_once(self, round_):
        assert lose(round_, "S2").lost_at == NOON
        entry = AuditEntry.objects.latest("seq")
        assert (entry.detail["card"], entry.detail["is_short"], entry.reason) == ("S2", False, "家中失窃")
        assert list(changed_facts()) == []

        with pytest.raises(RuleViolation, match="不能重复登记"):
            lose(round_, "S2")

    def test_the_opening_still_takes_it(self, round_):
        cast_ballots(round_, make_codes(round_))
        lose(round_, "S2")

        assert open_box(round_id=round_.pk, typed=round_.cards[:3], by=make_user("clerk"), at=round_.closes_at)

    def test_the_alarm_comes_when_no_further_card_may_be_lost(self, round_):
        assert list(card_alarms(NOON)) == []
        lose(round_, "S1")
        lose(round_, "S2")
        assert list(card_alarms(NOON)) == []

        lose(round_, "S3")
        [alarm] = card_alarms(NOON)
        assert "密钥卡S1、S2、S3已报告遗失" in alarm

    @pytest.mark.parametrize(
        ("supervisors", "needed", "lost", "short"),
        [
            (5, 3, [], False),
            (5, 3, ["S1", "S2"], False),
            (5, 3, ["S1", "S2", "S3"], True),
            (5, 3, ["S1", "S2", "P6"], True),
            (5, 3, ["P6", "Q6"], False),
            (3, 3, [], False),
            (3, 3, ["S1"], True),
            (2, 2, ["P3"], True),
        ],
    )
    def test_how_many_are_too_few(self, supervisors, needed, lost, short):
        assert is_short({"supervisors": supervisors, "needed": needed}, lost) is short

    def test_a_key_replaced_during_the_vote_must_be_confirmed_at_once(self, round_):
        adopt(round_, make_key(round_).record.decode())

        assert ["尚未确认领取" in alarm for alarm in card_alarms(NOON)] == [True]

    def test_no_card_of_a_key_already_used(self, round_):
        in_state(round_, RoundState.SEALED)

        with pytest.raises(RuleViolation, match="没有待开箱的票箱密钥"):
            lose(round_, "S1")


class TestACardHandedOver:
    def test_to_whoever_steps_in(self, round_):
        leaving = supervisors_in_office(round_)[0]
        remove(round_, leaving)
        held = set(BoxCard.objects.exclude(holder=None).values_list("holder", flat=True))
        [stepped_in] = [entry for entry in supervisors_in_office(round_) if entry.pk not in held]
        card = BoxCard.objects.get(holder=leaving).card

        assert hand_over(round_, card, str(stepped_in.pk)).holder == stepped_in
        detail = AuditEntry.objects.latest("seq").detail
        assert (detail["from"], detail["to"]) == (leaving.token, stepped_in.token)
        assert list(changed_facts()) == []

    def test_to_the_commission(self, round_):
        assert hand_over(round_, "S1", "").holder is None

        with pytest.raises(RuleViolation, match="已由纪委监委保管"):
            hand_over(round_, "S1", "")

    def test_to_the_commission_never_so_many_that_it_could_open_alone(self, round_):
        hand_over(round_, "S1", "")

        with pytest.raises(RuleViolation, match="连同备用卡就能单独开箱"):
            hand_over(round_, "S2", "")

        assert BoxCard.objects.get(card="S2").holder is not None

    def test_is_confirmed_again_by_its_new_holder(self, round_):
        assert BoxCard.objects.get(card="S1").held_at

        assert hand_over(round_, "S1", "").held_at is None
        assert any("密钥卡S1尚未确认领取" in alarm for alarm in card_alarms(NOON))

    def test_never_to_who_holds_a_card_or_is_not_in_office(self, round_):
        holder = BoxCard.objects.get(card="S2").holder_id
        for receiver, why in ((str(holder), "一人不得持有两张"), ("999999", "只能移交给现任监督员")):
            with pytest.raises(RuleViolation, match=why):
                hand_over(round_, "S1", receiver)

    def test_neither_a_half_nor_a_lost_card(self, round_):
        lose(round_, "S1")
        for card in ("P6", "S1"):
            with pytest.raises(RuleViolation, match="不办理移交"):
                hand_over(round_, card, "")

    def test_before_the_vote_a_new_key_is_made_instead(self, drawn):
        with pytest.raises(RuleViolation, match="重新生成票箱密钥"):
            hand_over(drawn, "S1", "")


class TestMadeOnline:
    def test_the_cards_are_returned_and_nothing_of_them_is_stored(self, drawn, settings):
        settings.TWO_PERSON_RULE = False
        made = making.make_key_online(round_id=drawn.pk, by=make_user("chief"), at=NOON)

        drawn.refresh_from_db()
        key = BoxKey.objects.get(key_id=made.key_id)
        assert (drawn.box_key, key.seed, json.loads(key.record)["made"]) == (made.key_id, "", "online")
        assert [card.label for card in made.cards] == ["S1", "S2", "S3", "S4", "S5", "P6", "Q6"]
        assert "在线生成" in warning_of_round(drawn)
        in_state(drawn, RoundState.OPEN)
        cast_ballots(drawn, make_codes(drawn))
        typed = [card_text(card, made.key_id) for card in made.cards[:3]]
        assert open_box(round_id=drawn.pk, typed=typed, by=make_user("clerk"), at=drawn.closes_at)

    def test_not_while_a_supervisor_is_missing(self, drawn, settings):
        settings.TWO_PERSON_RULE = False
        for entry in supervisors_in_office(drawn)[:2]:
            entry.is_selected = False
            entry.save()

        with pytest.raises(RuleViolation, match="现任监督员人数与评议规则不符"):
            making.make_key_online(round_id=drawn.pk, by=make_user("chief"), at=NOON)


class TestTheShares:
    def test_a_request_combines_few_choices_that_prove_all(self, monkeypatch):
        seen = []
        combine = keys.combine_shares
        monkeypatch.setattr(keys, "combine_shares", lambda chosen: seen.append(len(chosen)) or combine(chosen))

        keys.split_seed(bytes(16), needed=6, supervisors=11)

        assert seen == [6] * 7

    def test_a_single_wrong_share_is_found_by_the_few_choices(self, monkeypatch):
        split = keys.Shamir.split

        for wrong in range(12):

            def spoil(*given, wrong=wrong):
                shares = split(*given)
                x, share = shares[wrong]
                shares[wrong] = (x, bytes([share[0] ^ 1]) + share[1:])
                return shares

            monkeypatch.setattr(keys.Shamir, "split", spoil)
            with pytest.raises(RuntimeError):
                keys.split_seed(bytes(16), needed=6, supervisors=11)

    def test_offline_every_choice_is_combined(self):
        seen = []

        keys.split_seed(bytes(16), needed=4, supervisors=7, progress=lambda done, total: seen.append((done, total)))

        assert seen[-1] == (70, 70)


def test_a_key_is_not_proposed_online_once_there_is_a_ballot(round_, settings):
    settings.TWO_PERSON_RULE = True
    cast_ballots(round_, make_codes(round_))

    with pytest.raises(RuleViolation, match="票箱密钥不能再更换"):
        approvals.propose(making.ONLINE_KEY, round_, by=make_user("clerk"), at=NOON)

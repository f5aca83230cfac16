"""Opening a box with key cards: who must come, what is told, and that nothing is lost or jammed."""

import io
import json
import secrets
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.box_key.models import BoxKey, SetAsideBallot
from evaluations.box_key.services import keys
from evaluations.box_key.services.cards import CardsRefused
from evaluations.lifecycle import services as lifecycle
from evaluations.protocol.box_rows import BallotRow, frame
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.approvals import ACTION_OF
from evaluations.sealing.rules import Accepted, Permit
from evaluations.sealing.services import opening
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR, NeedsApproval
from tests.factories import cast_ballots, make_codes, make_open_round, make_supervisors_key, make_user
from tests.once import once

pytestmark = pytest.mark.django_db
SUPERVISED = {"box_key": "supervisors", "box_needed": 3}
SET_ASIDE_PLACE = ("targeted", "issued")


def _voted():
    """A round in whose box six ballots wait, and S1 … S5, P, Q as printed."""
    round_ = make_open_round(sections=2, rulebook=SUPERVISED)
    texts = make_supervisors_key(round_)
    cast_ballots(round_, make_codes(round_, 6), comment="排队太久")
    return round_.pk, texts


voted = once(_voted, "class")


@pytest.fixture
def round_(voted):
    return Round.objects.get(pk=voted[0])


@pytest.fixture
def cards(voted):
    return list(voted[1])


def open_with(round_, typed, by=OPERATOR, **accepted):
    return opening.open_box(round_id=round_.pk, typed=typed, by=by, at=round_.closes_at, accepted=Accepted(**accepted))


def box(round_):
    """What is where: state, rows waiting, ballots sealed, rows set aside."""
    state = Round.objects.get(pk=round_.pk).state
    return state, BallotSpool.objects.count(), Ballot.objects.count(), SetAsideBallot.objects.count()


def untouched(rows=6):
    return RoundState.OPEN, rows, 0, 0


def permit(round_, permitted=Permit.RECOVERY):
    """Two persons permit it: the commission proposes, the chief approves."""
    name, at = ACTION_OF[permitted], round_.closes_at
    approval = approvals.propose(name, round_, by=make_user("commission"), at=at, reason="S2、S3遗失")
    approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=at)


def another_group(text):
    """The card with one character of its third group exchanged for another."""
    return text[:12] + ("0" if text[12] != "0" else "1") + text[13:]


class TestTheCards:
    def test_any_three_open_the_box_and_are_named_in_its_record(self, round_, cards):
        open_with(round_, [cards[4], "", cards[0], cards[2].lower().replace("-", " ")])

        round_.refresh_from_db()
        told = json.loads(round_.closing)["opening"]
        assert box(round_) == (RoundState.SEALED, 0, 6, 0)
        assert told["cards"] == ["S5", "S1", "S3"]
        assert (told["mode"], told["rows"], told["missing"], told["set_aside"]) == ("supervisors", 6, {}, {})
        assert told["authenticated"] is True

    def test_the_key_is_forgotten(self, round_, cards):
        open_with(round_, cards[:3])

        key = BoxKey.objects.get(key_id=round_.box_key)
        assert (key.seed, key.row_key, key.opened_at) == ("", "", round_.closes_at)

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            (lambda c: c[:2], "还差1张密钥卡，评议票都在，卡到齐后再开箱"),
            (lambda c: [], "还差3张密钥卡"),
            (lambda c: [c[0], c[1], another_group(c[2])], "第3格第3组有误，请对照密钥卡重新输入这一组"),
            (lambda c: [c[0], c[1], c[0]], "第3格与前面一格是同一张密钥卡"),
            (lambda c: [c[0], c[1], c[5]], "动用备用卡须先提请批准"),
            (lambda c: [c[0], c[5], c[6]], "动用备用卡须先提请批准"),
        ],
    )
    def test_too_few_or_faulty_ones_open_nothing(self, round_, cards, typed, told):
        with pytest.raises(CardsRefused, match=told):
            open_with(round_, typed(cards))

        assert box(round_) == untouched()

    def test_a_card_of_another_round_is_told_in_its_field(self, round_, cards):
        foreign = make_supervisors_key(make_open_round_beside(round_))

        with pytest.raises(CardsRefused) as refused:
            open_with(round_, [cards[0], foreign[1], cards[2]])

        assert refused.value.faults == {1: "第2格有误：这张卡属于另一个票箱密钥"}
        assert box(round_) == untouched()

    def test_no_refusal_quotes_a_card(self, round_, cards):
        with pytest.raises(CardsRefused) as refused:
            open_with(round_, [cards[0], another_group(cards[1]), cards[0]])

        assert not any(group in str(refused.value) for group in cards[1].split("-"))

    def test_before_the_closing_time_they_open_nothing(self, round_, cards):
        with pytest.raises(RuleViolation, match="尚未到截止投票时间"):
            opening.open_box(
                round_id=round_.pk, typed=cards[:3], by=OPERATOR, at=round_.closes_at - timedelta(seconds=1)
            )

        assert box(round_) == untouched()

    def test_a_second_opening_reads_that_the_box_is_sealed(self, round_, cards):
        open_with(round_, cards[:3])

        with pytest.raises(RuleViolation, match="已封箱"):
            open_with(round_, cards[:3])

    def test_neither_the_clock_nor_seal_round_opens_such_a_round(self, round_, cards):
        with pytest.raises(RuleViolation, match="本轮由监督员开箱"):
            opening.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)

        assert box(round_) == untouched()


class TestTheRecoveryCard:
    def test_counts_as_one_card_once_two_persons_permit_it(self, round_, cards, settings):
        settings.TWO_PERSON_RULE = True
        permit(round_)

        open_with(round_, [cards[3], cards[5], cards[6], cards[0]])

        round_.refresh_from_db()
        assert json.loads(round_.closing)["opening"]["cards"] == ["S4", "P6", "Q6", "S1"]
        assert box(round_) == (RoundState.SEALED, 0, 6, 0)

    @pytest.mark.parametrize("typed", [(0, 1, 5), (0, 1, 2, 6)])
    def test_half_of_it_is_nothing(self, round_, cards, typed):
        permit(round_)

        with pytest.raises(CardsRefused, match="备用卡的两半须同时到场"):
            open_with(round_, [cards[at] for at in typed])

        assert box(round_) == untouched()

    def test_a_proposal_alone_permits_nothing(self, round_, cards, settings):
        settings.TWO_PERSON_RULE = True
        approvals.propose(
            "box.recover", round_, by=make_user("commission"), at=round_.closes_at, reason="两名监督员失联"
        )

        with pytest.raises(CardsRefused, match="动用备用卡须先提请批准"):
            open_with(round_, [cards[0], cards[1], cards[5], cards[6]])

    def test_one_person_alone_cannot_permit_it(self, round_, settings):
        settings.TWO_PERSON_RULE = True
        from evaluations.sealing.services.permits import permit_opening  # noqa: PLC0415

        with pytest.raises(NeedsApproval):
            permit_opening(
                round_id=round_.pk,
                permit=Permit.RECOVERY,
                reason="遗失",
                by=make_user("chief"),
                at=round_.closes_at,
            )

    def test_is_not_to_be_asked_for_before_the_vote_has_ended(self, round_, cards):
        early = round_.closes_at - timedelta(seconds=1)
        with pytest.raises(RuleViolation, match="投票截止之后"):
            approvals.propose("box.recover", round_, by=make_user("commission"), at=early, reason="遗失")


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def table(name):
    return connection.ops.quote_name(name)


def spool(round_, sealed, channel="targeted", origin="issued"):
    """A row planted by SQL."""
    BallotSpool.objects.bulk_create(
        [BallotSpool(id=new_id(), round=round_, channel=channel, origin=origin, sealed=sealed)]
    )


def new_id():
    import uuid  # noqa: PLC0415

    return uuid.UUID(bytes=secrets.token_bytes(16))


def sealed_row(round_, *, row_key=None, **texts):
    """A sealed row as the system writes it, with other texts or under another row key."""
    key = BoxKey.objects.get(key_id=round_.box_key)
    row = {
        "channel": "targeted",
        "comment": "",
        "nonce": secrets.token_hex(32),
        "origin": "issued",
        "receipt": "".join(secrets.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(20)),
        "round": round_.key,
        "vote": '{"lines":[]}',
    }
    authentic = row_key or bytes.fromhex(key.row_key)
    public = keys.public_key(json.loads(key.record)["public_key"])
    return keys.seal(frame(BallotRow(**{**row, **texts}), authentic, 2816), public)


def replace_one(round_, sealed):
    """Exchange the ciphertext of one row, so that the counts still agree."""
    row = BallotSpool.objects.filter(round=round_).first()
    BallotSpool.objects.filter(pk=row.pk).update(sealed=sealed)


def make_open_round_beside(round_):
    """Another round; only one is open at a time."""
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    other = make_open_round(rulebook=SUPERVISED)
    Round.objects.filter(pk=other.pk).update(state=RoundState.DRAWN)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    other.refresh_from_db()
    return other


class TestRowsThatDoNotOpen:
    """Each is planted in the place of a row, so that only its opening can show it."""

    def sealed(self, round_, kind):
        public = keys.public_key(json.loads(BoxKey.objects.get(key_id=round_.box_key).record)["public_key"])
        first = BallotSpool.objects.first()
        return {
            "undecryptable": lambda: b"\x02" + bytes(2864),
            "malformed": lambda: keys.seal(b"\xff" * 2816, public),
            "foreign": lambda: sealed_row(round_, row_key=secrets.token_bytes(32)),
            "misplaced": lambda: sealed_row(round_, channel="sampled"),
            "repeated": lambda: bytes(first.sealed),
            "invalid": lambda: sealed_row(round_),
        }[kind]()

    @pytest.mark.parametrize("kind", ["undecryptable", "malformed", "foreign", "misplaced", "repeated", "invalid"])
    def test_each_kind_is_told_and_set_aside_only_if_accepted(self, round_, cards, kind):
        victim = BallotSpool.objects.last()
        sealed = self.sealed(round_, kind)
        BallotSpool.objects.filter(pk=victim.pk).update(sealed=sealed)

        with pytest.raises(opening.BoxDiffers) as refused:
            open_with(round_, cards[:3])
        assert (refused.value.number, refused.value.found["set_aside"]) == (1, {kind: 1})
        assert box(round_) == untouched()

        open_with(round_, cards[:3], number=1, reason="查明为写入故障")
        (aside,) = SetAsideBallot.objects.all()
        assert (aside.reason, bytes(aside.sealed), aside.channel, aside.origin) == (kind, sealed, "targeted", "issued")
        assert box(round_) == (RoundState.SEALED, 0, 5, 1)

    @pytest.mark.parametrize("comment", ["\ud800", "很慢\0"])
    def test_an_authentic_row_with_text_that_no_database_holds_is_invalid(self, round_, cards, comment):
        vote = json.dumps(valid_vote(round_), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        replace_one(round_, sealed_row_escaped(round_, vote=vote, comment=comment))

        with pytest.raises(opening.BoxDiffers) as refused:
            open_with(round_, cards[:3])

        assert refused.value.found["set_aside"] == {"invalid": 1}

    @pytest.mark.parametrize("escape", ["\\ud800", "\\u0000"])
    def test_and_so_is_a_vote_with_it(self, round_, cards, escape):
        vote = json.dumps(valid_vote(round_), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        vote = vote.replace('"manifestations":[]', f'"manifestations":["{escape}"]', 1)
        replace_one(round_, sealed_row(round_, vote=vote))

        with pytest.raises(opening.BoxDiffers) as refused:
            open_with(round_, cards[:3])

        assert refused.value.found["set_aside"] == {"invalid": 1}


def valid_vote(round_):
    answers = dict.fromkeys(("cold", "lazy", "buck_passing", "disorderly", "greedy"), 1)
    codes = sorted(round_.sections.values_list("code", flat=True))
    return {"lines": [{"answers": answers, "manifestations": [], "section": code} for code in codes]}


def sealed_row_escaped(round_, **texts):
    """A row whose JSON writes every sign outside ASCII as an escape, as the system itself never does."""
    import hmac  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    key = BoxKey.objects.get(key_id=round_.box_key)
    row = {"channel": "targeted", "nonce": "0" * 64, "origin": "issued", "receipt": "0" * 20, "round": round_.key}
    packed = zlib.compress(json.dumps({**row, **texts}).encode())
    auth = hmac.digest(bytes.fromhex(key.row_key), b"nanchuan-box/1/row\n" + packed, "sha256")
    framed = (auth + len(packed).to_bytes(4, "big") + packed).ljust(2816, b"\0")
    return keys.seal(framed, keys.public_key(json.loads(key.record)["public_key"]))


class TestDifferences:
    """Told before any card is read: rows lost or added, in their channel and origin."""

    def told(self, round_, typed=()):
        with pytest.raises(opening.BoxDiffers) as refused:
            open_with(round_, typed)
        return refused.value

    def test_a_deleted_row(self, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        assert self.told(round_).lines == [f"{round_.key} 定向评议·发放票号：缺少1张"]
        assert box(round_) == untouched(5)

    def test_nothing_says_that_all_ballots_are_there_while_one_is_missing(self, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        assert "评议票都在" not in str(self.told(round_))
        with pytest.raises(CardsRefused, match="还差1张密钥卡，没有开箱，数据没有改动") as refused:
            open_with(round_, cards[:2], number=1, reason="已查明")
        assert "评议票都在" not in str(refused.value)

    def test_a_copied_row_is_one_too_many_and_then_a_repeated_one(self, round_, cards):
        spool(round_, bytes(BallotSpool.objects.first().sealed))

        assert self.told(round_).number == 1
        with pytest.raises(opening.BoxDiffers) as refused:
            open_with(round_, cards[:3], number=1, reason="多一行")
        assert (refused.value.number, refused.value.found["set_aside"]) == (2, {"repeated": 1})
        open_with(round_, cards[:3], number=2, reason="重复写入一行，已查明")
        assert box(round_) == (RoundState.SEALED, 0, 6, 1)

    def test_a_row_moved_to_another_channel(self, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).update(channel="other")

        assert (self.told(round_).number, len(self.told(round_).lines)) == (2, 2)
        open_with(round_, cards[:3], number=3, reason="有一行被改过渠道")
        assert list(SetAsideBallot.objects.values_list("reason", "channel")) == [("misplaced", "other")]

    def test_a_row_moved_to_another_round(self, round_, cards):
        other = make_open_round_beside(round_)
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).update(round=other)

        told = self.told(round_)
        assert told.found["missing"] == {f"{round_.key}/targeted/issued": 1, f"{other.key}/targeted/issued": -1}
        open_with(round_, cards[:3], number=3, reason="有一行被改到别的轮次")
        assert box(round_) == (RoundState.SEALED, 0, 5, 1)

    def test_a_code_marked_as_used_by_sql_does_not_count(self, round_, cards):
        make_codes(round_, 1)
        sql("UPDATE evaluations_credential SET spend = %s WHERE spend IS NULL", secrets.token_hex(32))

        open_with(round_, cards[:3])

        assert box(round_) == (RoundState.SEALED, 0, 6, 0)

    @pytest.mark.parametrize(("number", "reason"), [(2, "多写了"), (1, " "), (0, "没有写处数")])
    def test_only_exactly_their_number_is_accepted_and_with_a_reason(self, round_, cards, number, reason):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        with pytest.raises(RuleViolation):
            open_with(round_, cards[:3], number=number, reason=reason)

        assert box(round_) == untouched(5)

    def test_a_number_is_not_accepted_where_nothing_differs(self, round_, cards):
        with pytest.raises(opening.BoxDiffers, match="没有需要接受的差异"):
            open_with(round_, cards[:3], number=1, reason="以防万一")

        assert box(round_) == untouched()

    def test_what_was_accepted_stands_in_the_closing_record(self, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()

        open_with(round_, cards[:3], number=1, reason="硬盘故障，已查明")

        round_.refresh_from_db()
        told = json.loads(round_.closing)["opening"]
        assert told["missing"] == {f"{round_.key}/targeted/issued": 1}
        assert told["accepted"] == {"number": 1, "reason": "硬盘故障，已查明"}

    def test_a_refusal_stays_in_the_log_with_its_counts(self, round_, cards):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()
        clerk = make_user("clerk")

        with pytest.raises(opening.BoxDiffers):
            open_with(round_, cards[:3], by=clerk)

        entry = AuditEntry.objects.get(action="box.open")
        assert (entry.result, entry.actor, entry.object_id) == (AuditEntry.Result.REFUSED, clerk, str(round_.pk))
        assert entry.detail == {"number": 1, "missing": {f"{round_.key}/targeted/issued": 1}, "set_aside": {}}
        assert "缺少1张" in entry.reason


class TestAKeyOfTheServer:
    @pytest.fixture
    def server_round(self):
        round_ = make_open_round(sections=1)
        cast_ballots(round_, make_codes(round_, 3))
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()
        return round_

    def test_what_the_clock_may_not_accept_a_clerk_accepts_on_the_page_without_cards(self, server_round):
        with pytest.raises(opening.BoxDiffers):
            opening.seal_round(round_id=server_round.pk, by=CLOCK, at=server_round.closes_at)

        open_with(server_round, [], by=make_user("clerk"), number=1, reason="已查明")

        assert box(server_round) == (RoundState.SEALED, 0, 2, 0)

    def test_the_clock_records_the_same_finding_once(self, server_round):
        for _ in range(3):
            with pytest.raises(opening.BoxDiffers):
                opening.seal_round(round_id=server_round.pk, by=CLOCK, at=server_round.closes_at)

        assert AuditEntry.objects.filter(action="round.close").count() == 1

    def test_the_command_accepts_with_a_reason(self, server_round, time_machine):
        time_machine.move_to(server_round.closes_at + timedelta(minutes=1))

        with pytest.raises(CommandError, match="共1处"):
            call_command("seal_round", server_round.key)
        call_command("seal_round", server_round.key, accept=1, reason="已查明")

        assert box(server_round) == (RoundState.SEALED, 0, 2, 0)


class TestWithoutTheFieldKey:
    """FIELD_KEY is lost for good: what stands in the row key opens no more."""

    @pytest.fixture(autouse=True)
    def lost(self, round_, cards):
        sql("UPDATE evaluations_boxkey SET row_key = 'gAAAAA-lost'")

    def test_the_opening_stops_and_says_why(self, round_, cards):
        with pytest.raises(RuleViolation, match="FIELD_KEY"):
            open_with(round_, cards[:3])

        assert box(round_) == untouched()

    def test_two_persons_permit_it_and_the_record_tells(self, round_, cards, settings):
        settings.TWO_PERSON_RULE = True
        with pytest.raises(RuleViolation, match="须先由纪委监委提请"):
            open_with(round_, cards[:3], reason="密钥丢失", is_unauthenticated=True)
        permit(round_, Permit.UNAUTHENTICATED)

        open_with(round_, cards[:3], reason="密钥丢失", is_unauthenticated=True)

        round_.refresh_from_db()
        assert json.loads(round_.closing)["opening"]["authenticated"] is False
        assert box(round_) == (RoundState.SEALED, 0, 6, 0)

    def test_a_permit_for_the_recovery_card_is_another_one(self, round_, cards):
        permit(round_)

        with pytest.raises(RuleViolation, match="须先由纪委监委提请"):
            open_with(round_, cards[:3], reason="密钥丢失", is_unauthenticated=True)

    def test_the_round_can_be_declared_void(self, round_, cards):
        lifecycle.void_round(round_id=round_.pk, reason="密钥丢失", by=make_user("commission"), at=round_.closes_at)

        assert box(round_) == (RoundState.VOID, 0, 0, 0)


def test_rows_are_never_opened_unauthenticated_while_their_key_is_there(round_, cards):
    permit(round_, Permit.UNAUTHENTICATED)

    with pytest.raises(RuleViolation, match="写入验证密钥可以读出"):
        open_with(round_, cards[:3], reason="密钥丢失", is_unauthenticated=True)


class TestTheCommand:
    def run(self, round_, typed, monkeypatch, **options):
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{card}\n" for card in typed)))
        call_command("open_box", round_.key, stdout=out, **options)
        return out.getvalue()

    def test_reads_the_cards_line_by_line(self, round_, cards, monkeypatch, time_machine):
        time_machine.move_to(round_.closes_at)

        said = self.run(round_, cards[1:4], monkeypatch)

        round_.refresh_from_db()
        assert round_.closing_root in said
        assert "备份" in said
        assert not any(card in said for card in cards)

    def test_asks_without_echo_and_again_for_a_faulty_card(self, round_, cards, monkeypatch, time_machine):
        time_machine.move_to(round_.closes_at)
        answers = [cards[0], "", another_group(cards[1]), cards[0], cards[1], cards[2]]
        terminal = io.StringIO()
        terminal.isatty = lambda: True
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("evaluations.management.commands.open_box.getpass", lambda _: answers.pop(0))
        said = io.StringIO()

        call_command("open_box", round_.key, stdout=io.StringIO(), stderr=said)

        assert box(round_) == (RoundState.SEALED, 0, 6, 0)
        assert [line[:5] for line in said.getvalue().splitlines()] == ["第2格第3", "第2格与前"]

    def test_takes_both_halves_with_a_permit(self, round_, cards, monkeypatch, time_machine):
        permit(round_)
        time_machine.move_to(round_.closes_at)

        self.run(round_, [cards[0], cards[1], cards[5], cards[6]], monkeypatch, recovery=True)

        assert box(round_) == (RoundState.SEALED, 0, 6, 0)

    def test_accepts_differences_with_their_number_and_reason(self, round_, cards, monkeypatch, time_machine):
        BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).delete()
        time_machine.move_to(round_.closes_at)

        with pytest.raises(CommandError, match="共1处"):
            self.run(round_, cards[:3], monkeypatch)
        self.run(round_, cards[:3], monkeypatch, accept=1, reason="已查明")

        assert box(round_) == (RoundState.SEALED, 0, 5, 0)

    def test_is_refused_before_it_asks_while_the_vote_runs(self, round_, cards, monkeypatch, time_machine):
        time_machine.move_to(round_.closes_at - timedelta(minutes=1))
        monkeypatch.setattr("evaluations.management.commands.open_box.Command._cards", lambda *_, **__: 1 / 0)

        with pytest.raises(CommandError, match="尚未到截止投票时间"):
            call_command("open_box", round_.key)

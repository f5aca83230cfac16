"""Draws are committed, then get their randomness, then are drawn, each once; anybody can verify the proof."""

import json
import subprocess
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from evaluations.ballots.models import Ballot, Rating
from evaluations.draws.models import Draw, DrawEntry, PlannedDraw
from evaluations.draws.queries.proofs import proof_text
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.commitment import (
    abandon_draw,
    commit_draw,
    commit_section_draw,
    drawn_sections,
    plan_draw,
)
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import import_pool
from evaluations.pools.services.notices import announce_pool
from evaluations.protocol.drawing import commitment
from evaluations.protocol.proofs import verify_proof
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import keyed_hash
from nanchuan_eval.permissions.policy import OPERATOR, Denied
from nanchuan_eval.retention import services as retention
from nanchuan_eval.spreadsheets import Row
from tests.factories import (
    GROUPS,
    LATER,
    NOON,
    commit,
    enter_all,
    hold_draw,
    make_open_round,
    make_pool,
    make_round,
    make_sealed_round,
    make_user,
    plan,
    run,
)
from tests.pages import page_in

pytestmark = pytest.mark.django_db


def frozen_round(**rules):
    fields = {"is_demo": rules.pop("is_demo", False)}
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, **rules}, **fields)
    make_pool(round_)
    return round_


def drawn(round_, purpose=DrawPurpose.EVALUATORS):
    return run(commit(round_, purpose))


def proof_of(draw):
    return json.loads("".join(proof_text(draw)))


def test_a_draw_gives_each_stratum_its_seats_and_alternates():
    draw = drawn(frozen_round())

    selected = draw.entries.filter(is_selected=True)
    assert {g: selected.filter(stratum=g).count() for g in GROUPS} == dict(zip(GROUPS, [10, 4, 3, 2, 1], strict=True))
    assert draw.entries.filter(stratum="服务对象", place__isnull=False).count() == 11  # one in ten as alternate


def test_the_proof_verifies_and_contains_the_commitment(tmp_path, capsys):
    draw = drawn(frozen_round())
    proof = proof_of(draw)

    assert verify_proof(proof) == draw.seed
    assert proof["params"] == json.loads(draw.params)
    assert commitment(proof["params"]) == draw.commit
    (tmp_path / "proof.json").write_text("".join(proof_text(draw)), encoding="utf-8")
    call_command("verify_draw", tmp_path / "proof.json")
    assert capsys.readouterr().out == f"OK {draw.seed}\n"


def test_an_altered_proof_fails_the_check(tmp_path, capsys):
    proof = proof_of(drawn(frozen_round()))
    proof["randomness"][0][0] = (proof["randomness"][0][0] + 1) % 10
    (tmp_path / "proof.json").write_text(json.dumps(proof), encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        call_command("verify_draw", tmp_path / "proof.json")

    assert ended.value.code == 1
    assert capsys.readouterr().out.startswith("FAIL ")


PUBLIC_FILES = ("params.json", "pool.tsv", "exclusions.tsv")


def test_nothing_personal_is_in_any_public_answer_of_a_drawn_round(client):
    round_ = frozen_round()
    make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 9})
    PoolEntry.objects.filter(name="其他第1人").update(exclusion="conflict", exclusion_note="其妻在某局")
    draws = [hold_draw(round_, purpose) for purpose in (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS)]
    removal = Removal(RemovalReason.CONFLICT, "其妻在某局")
    gone = draws[1].entries.filter(is_selected=True).first()
    remove_drawn(entry_id=gone.pk, removal=removal, by=make_user("chief"), at=LATER)
    pages = [reverse("front-page"), reverse("draws"), reverse("lists"), reverse("receipt-check")]
    for draw in draws:
        pages += [reverse(name, args=[draw.draw_id]) for name in ("draw", "draw-proof")]
        pages += [reverse("draw-file", args=[draw.draw_id, name]) for name in PUBLIC_FILES]

    answers = [client.get(page) for page in pages]

    assert {answer.status_code for answer in answers} == {200}
    text = "".join(f"{a.request['PATH_INFO']} {a.headers} {a.getvalue().decode()}" for a in answers)
    secrets = [value for person in PoolEntry.objects.all() for value in (person.name, person.phone)]
    secrets += [*DrawEntry.objects.values_list("salt", flat=True), "其妻在某局"]
    assert [secret for secret in secrets if secret in text] == []
    assert draws[0].entries.first().token in text


def test_the_commitment_can_be_checked_with_two_commands(client, tmp_path):
    draw = commit(frozen_round())
    content = client.get(reverse("draw-file", args=[draw.draw_id, "pool.tsv"])).getvalue()
    (tmp_path / "pool.tsv").write_bytes(content)

    subprocess.run(["sort", "-c", "-u", "pool.tsv"], cwd=tmp_path, env={"LC_ALL": "C"}, check=True)
    done = subprocess.run(["sha256sum", "pool.tsv"], cwd=tmp_path, capture_output=True, check=True)

    assert done.stdout.decode().split()[0] == json.loads(draw.params)["pool_sha256"]
    params = client.get(reverse("draw-file", args=[draw.draw_id, "params.json"])).getvalue()
    assert params.decode() == draw.params


def test_the_register_takes_five_queries(client):
    hold_draw(frozen_round())
    draw = hold_draw(frozen_round())

    page_in(client, reverse("draws"), queries=6, shows=draw.draw_id)


def test_a_pool_is_fixed_once_its_draw_is_committed():
    round_ = frozen_round()
    commit(round_)

    with pytest.raises(RuleViolation, match="名单不能再改"):
        make_pool(round_)

    assert PoolEntry.objects.count() == sum(GROUPS.values())


def test_excluded_people_are_never_drawn():
    round_ = frozen_round()
    PoolEntry.objects.filter(stratum="其他").exclude(name="其他第0人").update(exclusion="conflict")

    draw = drawn(round_)

    assert draw.entries.get(stratum="其他", is_selected=True).person.name == "其他第0人"


def test_too_little_entropy_is_refused():
    with pytest.raises(RuleViolation, match="不足64比特"):
        commit(frozen_round(dice=5, lottery=""))


def test_an_empty_pool_cannot_be_committed():
    with pytest.raises(RuleViolation, match="尚未公告"):
        commit(make_round(state=RoundState.FROZEN))


@pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.OPEN, RoundState.PUBLISHED])
def test_people_are_drawn_between_freezing_and_opening_only(state):
    with pytest.raises(RuleViolation, match="只能在轮次处于“名录锁定”时"):
        commit(make_round(state=state))


def test_an_abandoned_draw_keeps_its_record_and_makes_way_for_another():
    round_ = frozen_round()
    first = commit(round_)

    abandon_draw(draw_id=first.pk, reason="名单有误", by=make_user("chief"), at=NOON)
    second = commit(round_)

    assert Draw.objects.get(pk=first.pk).status == DrawStatus.ABANDONED
    assert second.draw_id != first.draw_id


def test_only_the_chief_commits():
    round_ = frozen_round()
    plan(round_, DrawPurpose.EVALUATORS)

    with pytest.raises(Denied):
        commit_draw(round_id=round_.pk, purpose=DrawPurpose.EVALUATORS, by=make_user("clerk"), at=NOON)


def test_only_drawn_sampled_ballots_are_counted():
    round_ = make_sealed_round(targeted=2, sampled=6, rulebook={"counted_sampled_ballots": 4})

    draw = drawn(round_, DrawPurpose.COUNTED)

    counted = set(Ballot.objects.filter(channel="sampled", is_counted=True).values_list("receipt", flat=True))
    assert counted == set(draw.entries.filter(is_selected=True).values_list("token", flat=True))
    assert len(counted) == 4
    assert Ballot.objects.filter(channel="targeted", is_counted=True).count() == 2
    assert (
        set(Rating.objects.filter(is_counted=True, channel="sampled").values_list("ballot__receipt", flat=True))
        == counted
    )


def test_all_sampled_ballots_count_if_fewer_were_returned_than_seats():
    round_ = make_sealed_round(sampled=3)

    drawn(round_, DrawPurpose.COUNTED)

    assert Ballot.objects.filter(is_counted=False).count() == 0


class TestSectionsToInspect:
    @pytest.fixture
    def published(self):
        round_ = make_open_round(sections=6)
        round_.state = RoundState.PUBLISHED
        round_.save()
        return round_

    def codes(self, round_):
        return list(round_.sections.values_list("code", flat=True))

    def commit(self, round_, codes, seats=2, role="commission"):
        return commit_section_draw(round_id=round_.pk, codes=codes, seats=seats, by=make_user(role), at=NOON)

    def test_are_drawn_like_everything_else_and_named_in_drawing_order(self, published):
        codes = self.codes(published)[1:]
        draw = run(self.commit(published, codes))

        assert verify_proof(proof_of(draw)) == draw.seed
        assert len(drawn_sections(draw)) == 2
        assert set(drawn_sections(draw)) < set(codes)
        assert not [code for code in codes if code in "".join(proof_text(draw))]  # kept secret

    def test_may_be_drawn_more_than_once_in_a_round(self, published):
        first, second = (self.commit(published, self.codes(published)) for _ in range(2))

        assert first.draw_id != second.draw_id

    @pytest.mark.parametrize("seats", [0, 7])
    def test_cannot_outnumber_the_candidates(self, published, seats):
        with pytest.raises(RuleViolation, match="1到6之间"):
            self.commit(published, self.codes(published), seats)

    def test_belong_to_the_round(self, published):
        with pytest.raises(RuleViolation, match="不在本轮名录"):
            self.commit(published, [*self.codes(published), "X99-01"])

    def test_are_planned_by_the_commission(self, published):
        with pytest.raises(Denied):
            self.commit(published, self.codes(published), role="chief")


class TestTheRegister:
    def test_a_draw_that_was_not_announced_cannot_be_committed(self):
        round_ = frozen_round()

        with pytest.raises(RuleViolation, match="尚未公告"):
            commit_draw(round_id=round_.pk, purpose=DrawPurpose.EVALUATORS, by=make_user("chief"), at=NOON)

        assert not Draw.objects.exists()

    def test_a_change_needs_a_reason_and_keeps_the_old_announcement(self):
        round_ = frozen_round()
        first = plan(round_, DrawPurpose.EVALUATORS)

        with pytest.raises(RuleViolation, match="更改登记须填写理由"):
            plan(round_, DrawPurpose.EVALUATORS, held_at=LATER + timedelta(days=1))
        plan(round_, DrawPurpose.EVALUATORS, held_at=LATER + timedelta(days=1), reason="见证人改期")

        first.refresh_from_db()
        assert (first.replaced_at, first.replaced_reason) == (NOON, "见证人改期")
        assert PlannedDraw.objects.filter(replaced_at=None).count() == 1

    def test_a_draw_of_counted_ballots_announced_before_the_vote_closes_is_announced_anew(self):
        round_ = make_sealed_round(targeted=2, sampled=6, rulebook={"counted_sampled_ballots": 4})
        plan(round_, DrawPurpose.COUNTED, held_at=round_.closes_at - timedelta(hours=1))

        with pytest.raises(RuleViolation, match="早于投票截止时间，请更改公告"):
            commit(round_, DrawPurpose.COUNTED)
        plan(round_, DrawPurpose.COUNTED, held_at=round_.closes_at + timedelta(days=1), reason="投票延期")

        assert commit(round_, DrawPurpose.COUNTED).pk

    def test_no_commitment_follows_the_announced_time(self):
        round_ = frozen_round()
        plan(round_, DrawPurpose.EVALUATORS)

        with pytest.raises(RuleViolation, match="已经过去，请更改公告"):
            commit(round_, at=LATER + timedelta(minutes=1))

    def test_the_announcement_of_a_committed_draw_cannot_change(self):
        round_ = frozen_round()
        commit(round_)

        with pytest.raises(RuleViolation, match="登记不能再改"):
            plan(round_, DrawPurpose.EVALUATORS, reason="改期")

    def test_a_draw_is_not_announced_for_a_time_that_is_over(self):
        round_ = frozen_round()

        with pytest.raises(RuleViolation, match="已经过去，请核对后填写今后的时间"):
            plan(round_, DrawPurpose.SUPERVISORS, held_at=NOON - timedelta(days=365))

        assert not round_.planned_draws.filter(purpose=DrawPurpose.SUPERVISORS).exists()

    def test_a_clerk_does_not_announce(self):
        planned = PlannedDraw(round=frozen_round(), purpose=DrawPurpose.EVALUATORS, planned_at=LATER)

        with pytest.raises(Denied):
            plan_draw(planned=planned, by=make_user("clerk"), at=NOON)

    def test_abandoned_draws_are_counted_in_public_with_their_reason(self, client):
        round_ = frozen_round()
        abandon_draw(draw_id=commit(round_).pk, reason="名单漏列一个镇", by=make_user("chief"), at=NOON)

        page = client.get(reverse("draws")).content.decode()

        assert "名单漏列一个镇" in page
        assert "作废1次" in page

    def test_an_abandoned_draw_stays_on_the_page_of_its_round_with_a_link(self, client):
        round_ = frozen_round()
        draw = commit(round_)
        abandon_draw(draw_id=draw.pk, reason="名单漏列一个镇", by=make_user("chief"), at=NOON)
        client.force_login(make_user("clerk"))

        page = client.get(reverse("admin:evaluations_round_change", args=[round_.pk])).content.decode()

        assert "名单漏列一个镇" in page
        assert reverse("draw", args=[draw.draw_id]) in page

    def test_a_draw_with_randomness_cannot_be_abandoned(self):
        draw = commit(frozen_round())
        enter_all(draw)

        with pytest.raises(RuleViolation, match="方可作废"):
            abandon_draw(draw_id=draw.pk, reason="结果不好", by=make_user("chief"), at=LATER)


class TestTheTerms:
    def test_an_empty_stratum_of_the_rulebook_prevents_the_draw(self):
        round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
        make_pool(round_, groups={"服务对象": 30, "市场主体": 12})

        with pytest.raises(RuleViolation, match=r"没有“.*两代表一委员.*”类人员"):
            commit(round_)

        assert not Draw.objects.exists()

    def test_drawn_supervisors_are_not_drawn_again(self):
        round_ = frozen_round()
        make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 6})
        hold_draw(round_, DrawPurpose.SUPERVISORS)
        phone = DrawEntry.objects.filter(is_selected=True).first().person.phone
        PoolEntry.objects.filter(kind=PoolKind.EVALUATORS, name="服务对象第0人").update(
            phone=phone, phone_hash=keyed_hash(phone)
        )

        draw = commit(round_)

        assert draw.entries.get(person__phone_hash=keyed_hash(phone)).exclusion == "already_selected"

    def test_further_rounds_and_their_trigger_are_committed(self):
        params = json.loads(commit(frozen_round()).params)

        first, second = params["quota"]["rounds"]
        assert (sum(first), sum(second)) == (20, 30)
        assert all(more >= few for few, more in zip(first, second, strict=True))
        assert "回收率低于40%" in params["note"]

    def test_ballots_to_issue_are_drawn_section_by_section(self):
        round_ = make_open_round(
            sections=3, rulebook={"sampled_forms": "issued_codes", "issued_ballots": 6, "issued_min": 1}
        )
        round_.state = RoundState.FROZEN
        round_.save()
        codes = list(round_.sections.values_list("code", flat=True))
        rows = [Row("办件", 1, ("姓名", "手机号", "办过事的科室"))]
        rows += [Row("办件", n, (f"人{n}", f"137{n:08d}", f"{codes[0]}、{codes[1 + n % 2]}")) for n in range(2, 12)]
        import_and_announce(round_, rows)

        draw = hold_draw(round_, DrawPurpose.ISSUED)

        strata = json.loads(draw.result)["strata"]
        assert [name.split()[0] for name in strata] == sorted(codes)
        assert draw.entries.filter(is_selected=True).count() == 6
        assert draw.entries.count() == 20  # one line for each section and person
        assert draw.entries.values("token").distinct().count() == 10

    def test_equal_seats_for_every_section_are_a_setting(self):
        round_ = make_open_round(
            sections=2, rulebook={"sampled_forms": "issued_codes", "issued_ballots": 5, "issued_quota": "equal"}
        )
        round_.state = RoundState.FROZEN
        round_.save()
        codes = list(round_.sections.values_list("code", flat=True))
        rows = [Row("办件", 1, ("姓名", "手机号", "办过事的科室"))]
        rows += [Row("办件", n, (f"人{n}", f"137{n:08d}", codes[n % 2])) for n in range(2, 12)]
        import_and_announce(round_, rows)

        assert json.loads(commit(round_, DrawPurpose.ISSUED).params)["quota"]["rounds"] == [[2, 2], [3, 3]]

    def test_the_plans_seats_are_drawn_section_by_section(self):
        round_ = make_open_round(sections=3, rulebook={"sampled_forms": "issued_codes"})
        codes = list(round_.sections.values_list("code", flat=True))
        seats = dict(zip(codes, (4, 2, 3), strict=True))
        round_.rulebook |= {"issued_quota": "planned", "issued_seats": seats, "issued_ballots": 9}
        round_.state = RoundState.FROZEN
        round_.save()
        rows = [Row("办件", 1, ("姓名", "手机号", "办过事的科室"))]
        rows += [Row("办件", n, (f"人{n}", f"137{n:08d}", codes[n % 2])) for n in range(2, 12)]
        import_and_announce(round_, rows)

        params = json.loads(commit(round_, DrawPurpose.ISSUED).params)

        assert [name.split()[0] for name in params["strata"]] == codes[
            :2
        ]  # nobody is known to have dealt with the third
        assert params["quota"] == {"mode": "fixed", "rounds": [[4, 2], [6, 3]]}
        assert params["alternates"] == 1


def import_and_announce(round_, rows):
    by = make_user("clerk")
    import_pool(round_id=round_.pk, kind=PoolKind.RECIPIENTS, rows=rows, by=by, at=NOON)
    announce_pool(round_id=round_.pk, kind=PoolKind.RECIPIENTS, by=make_user("chief"), at=NOON)


@pytest.mark.django_db(transaction=True)
def test_salts_are_erased_with_the_phones_and_the_proof_still_verifies():
    draw = hold_draw(frozen_round())
    draw.round.steps.create(state=RoundState.PUBLISHED, at=NOON - timedelta(days=61))
    draw.round.state = RoundState.PUBLISHED
    draw.round.save()

    forgotten = retention.purge(by=OPERATOR, at=NOON)

    assert forgotten["抽取查询码"] == 60
    assert not draw.entries.exclude(salt="").exists()
    assert verify_proof(proof_of(draw)) == draw.seed

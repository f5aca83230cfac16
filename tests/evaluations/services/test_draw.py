"""Draws: committed first, thrown second, drawn third, each once; the proof can be redone by anybody."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from evaluations.models import Ballot, Draw, DrawEntry, PoolEntry, Rating
from evaluations.rules.drawing import commitment
from evaluations.rules.pools import PoolKind
from evaluations.rules.proofs import verify_proof
from evaluations.rules.rounds import DrawPurpose, DrawStatus, RoundState
from evaluations.services.draw import (
    abandon_draw,
    commit_draw,
    commit_section_draw,
    drawn_sections,
    enter_randomness,
    run_draw,
)
from evaluations.services.pool import import_pool
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.policy import Denied
from tests.factories import NOON, make_open_round, make_round, make_sealed_round, make_user, throw

pytestmark = pytest.mark.django_db
GROUPS = {"服务对象": 30, "市场主体": 12, "村居干部和居民代表": 9, "两代表一委员": 6, "其他": 3}
LATER = NOON + timedelta(hours=24)


def make_pool(round_, kind=PoolKind.EVALUATORS):
    people = [(group, f"{group}{n}") for group, size in GROUPS.items() for n in range(size)]
    rows = [("名单", 1, ("身份类别", "姓名", "手机号"))]
    rows += [("名单", n, (group, name, f"139{n:08d}")) for n, (group, name) in enumerate(people, start=2)]
    import_pool(round_id=round_.pk, kind=kind, rows=rows, by=make_user("clerk"), at=NOON)


def frozen_round(**rules):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, **rules})
    make_pool(round_)
    return round_


def commit(round_, purpose=DrawPurpose.EVALUATORS, at=NOON):
    return commit_draw(round_id=round_.pk, purpose=purpose, by=make_user("chief"), at=at)


def drawn(round_, purpose=DrawPurpose.EVALUATORS):
    draw = commit(round_, purpose)
    enter_randomness(draw_id=draw.pk, numbers=throw(draw), by=make_user("clerk"), at=LATER)
    return run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)


def test_a_draw_gives_each_stratum_its_seats_and_alternates():
    draw = drawn(frozen_round())

    selected = draw.entries.filter(is_selected=True)
    assert {g: selected.filter(stratum=g).count() for g in GROUPS} == dict(zip(GROUPS, [10, 4, 3, 2, 1], strict=True))
    assert draw.entries.filter(stratum="服务对象", place__isnull=False).count() == 11  # one in ten as alternate


def test_the_proof_verifies_and_holds_what_was_committed(tmp_path, capsys):
    draw = drawn(frozen_round())
    proof = json.loads(draw.proof)

    assert verify_proof(proof) == draw.seed
    assert proof["params"] == json.loads(draw.params)
    assert commitment(proof["params"]) == draw.commit
    (tmp_path / "proof.json").write_bytes(draw.proof.encode())
    call_command("verify_draw", tmp_path / "proof.json")
    assert capsys.readouterr().out == f"OK {draw.seed}\n"


def test_an_altered_proof_fails_the_check(tmp_path, capsys):
    proof = json.loads(drawn(frozen_round()).proof)
    proof["randomness"][0][0] = (proof["randomness"][0][0] + 1) % 10
    (tmp_path / "proof.json").write_text(json.dumps(proof), encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        call_command("verify_draw", tmp_path / "proof.json")

    assert ended.value.code == 1
    assert capsys.readouterr().out.startswith("FAIL ")


def test_nothing_personal_is_public_in_a_drawn_round(client):
    round_ = frozen_round()
    draw = drawn(round_)
    pages = [
        reverse("front-page"),
        reverse("draws"),
        *(reverse(n, args=[draw.draw_id]) for n in ("draw", "draw-proof")),
    ]

    text = "".join(client.get(page).content.decode() for page in pages)

    secrets = [value for person in PoolEntry.objects.all() for value in (person.name, person.phone)]
    secrets += DrawEntry.objects.values_list("salt", flat=True)
    assert [secret for secret in secrets if secret in text] == []
    assert draw.entries.first().token in text


def test_randomness_comes_after_the_committed_lead_time():
    draw = commit(frozen_round())

    with pytest.raises(RuleViolation, match="至少24小时"):
        enter_randomness(draw_id=draw.pk, numbers=throw(draw), by=make_user("clerk"), at=LATER - timedelta(seconds=1))

    draw.refresh_from_db()
    assert (draw.status, draw.seed) == (DrawStatus.COMMITTED, "")


@pytest.mark.parametrize("spoil", [lambda n: n[:1], lambda n: [n[0][:-1], n[1]], lambda n: [[10, *n[0][1:]], n[1]]])
def test_numbers_that_do_not_fit_the_sources_are_refused(spoil):
    draw = commit(frozen_round())

    with pytest.raises(RuleViolation):
        enter_randomness(draw_id=draw.pk, numbers=spoil(throw(draw)), by=make_user("clerk"), at=LATER)


def test_each_act_of_a_draw_happens_once():
    round_ = frozen_round()
    draw = drawn(round_)

    with pytest.raises(RuleViolation, match="不能重复抽取"):
        commit(round_)
    with pytest.raises(RuleViolation, match="只能录入一次"):
        enter_randomness(draw_id=draw.pk, numbers=throw(draw), by=make_user("clerk"), at=LATER)
    with pytest.raises(RuleViolation, match="进行一次"):
        run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)


def test_a_draw_is_not_run_before_its_randomness():
    draw = commit(frozen_round())

    with pytest.raises(RuleViolation, match="随机数录入之后"):
        run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)


def test_a_pool_is_fixed_once_its_draw_is_committed():
    round_ = frozen_round()
    commit(round_)

    with pytest.raises(RuleViolation, match="名单不能再改"):
        make_pool(round_)

    assert PoolEntry.objects.count() == sum(GROUPS.values())


def test_whoever_is_excluded_is_never_drawn():
    round_ = frozen_round()
    PoolEntry.objects.filter(stratum="其他").exclude(name="其他0").update(exclusion="conflict")

    draw = drawn(round_)

    assert draw.entries.get(stratum="其他", is_selected=True).person.name == "其他0"


def test_too_little_entropy_is_refused():
    with pytest.raises(RuleViolation, match="不足64比特"):
        commit(frozen_round(dice=5, lottery=""))


def test_an_empty_pool_cannot_be_committed():
    with pytest.raises(RuleViolation, match="名单为空"):
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


def test_roles_of_a_draw_are_kept_apart():
    round_ = frozen_round()

    with pytest.raises(Denied):
        commit_draw(round_id=round_.pk, purpose=DrawPurpose.EVALUATORS, by=make_user("clerk"), at=NOON)
    draw = commit(round_)
    with pytest.raises(Denied):
        enter_randomness(draw_id=draw.pk, numbers=throw(draw), by=make_user("chief"), at=LATER)


def test_just_the_drawn_sampled_ballots_are_counted():
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


def test_all_sampled_ballots_count_where_fewer_came_back_than_would_be_drawn():
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
        draw = self.commit(published, codes)
        enter_randomness(draw_id=draw.pk, numbers=throw(draw), by=make_user("clerk"), at=LATER)
        draw = run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)

        assert verify_proof(json.loads(draw.proof)) == draw.seed
        assert len(drawn_sections(draw)) == 2
        assert set(drawn_sections(draw)) < set(codes)
        assert not [code for code in codes if code in draw.proof]  # the sections are not to know

    def test_may_be_drawn_more_than_once_in_a_round(self, published):
        first, second = (self.commit(published, self.codes(published)) for _ in range(2))

        assert first.draw_id != second.draw_id

    @pytest.mark.parametrize("seats", [0, 7])
    def test_are_no_more_than_there_are(self, published, seats):
        with pytest.raises(RuleViolation, match="1到6之间"):
            self.commit(published, self.codes(published), seats)

    def test_belong_to_the_round(self, published):
        with pytest.raises(RuleViolation, match="不在本轮名录"):
            self.commit(published, [*self.codes(published), "X99-01"])

    def test_are_planned_by_the_commission(self, published):
        with pytest.raises(Denied):
            self.commit(published, self.codes(published), role="chief")

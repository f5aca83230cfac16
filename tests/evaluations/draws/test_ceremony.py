"""The ceremony: two users enter equal numbers, one draws, supervisors sign with codes, the draw is published."""

from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.draws.models import Draw, RandomnessEntry, SigningCode
from evaluations.draws.services.ceremony import (
    Reading,
    enter_randomness,
    publish_draw,
    run_draw,
    sign_draw,
)
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus, RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import (
    LATER,
    NOON,
    commit,
    enter_all,
    hold_draw,
    issue_codes,
    make_pool,
    make_round,
    make_user,
    plan,
    run,
    throw,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerks():
    return make_user("clerk"), make_user("clerk")


def frozen_round(*, is_demo=False, **rules):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, **rules}, is_demo=is_demo)
    make_pool(round_)
    make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 6, "市民代表": 6})
    return round_


def enter(draw, clerk, numbers=None, source=0, at=LATER, issue=""):
    reading = Reading(source, numbers or throw(draw)[source], issue)
    return enter_randomness(draw_id=draw.pk, reading=reading, by=clerk, at=at)


def reread(draw):
    return Draw.objects.get(pk=draw.pk)


class TestRandomness:
    def test_counts_once_two_users_have_entered_the_same(self, clerks):
        draw = commit(frozen_round())

        enter(draw, clerks[0])
        assert reread(draw).randomness == []
        enter(draw, clerks[1])

        assert reread(draw).randomness == throw(draw)[:1]

    def test_one_person_alone_cannot_enter_it_twice(self, clerks):
        draw = commit(frozen_round())

        enter(draw, clerks[0])
        enter(draw, clerks[0])

        assert reread(draw).randomness == []
        assert RandomnessEntry.objects.count() == 1

    def test_two_accounts_of_one_person_are_not_two_readers(self):
        draw = commit(frozen_round())

        enter(draw, make_user("clerk", person_code="N1"))
        enter(draw, make_user("clerk", person_code="n1 "))
        with pytest.raises(RuleViolation, match="没有人员编号"):
            enter(draw, make_user("clerk", person_code=""))
        assert reread(draw).randomness == []

        enter(draw, make_user("clerk", person_code="N2"))
        assert reread(draw).randomness == throw(draw)[:1]

    def test_a_mismatch_stays_until_one_of_the_two_corrects_it(self, clerks):
        draw = commit(frozen_round())
        right = throw(draw)[0]
        enter(draw, clerks[0], [*right[:-1], (right[-1] + 1) % 10])
        enter(draw, clerks[1], right)
        assert (reread(draw).status, reread(draw).randomness) == (DrawStatus.COMMITTED, [])

        enter(draw, clerks[0], right)

        assert reread(draw).randomness == [right]

    def test_the_lottery_comes_after_the_dice_and_names_its_issue(self, clerks):
        draw = commit(frozen_round())

        with pytest.raises(RuleViolation, match="彩票须在骰子之后"):
            enter(draw, clerks[0], source=1, issue="2026061")
        for clerk in clerks:
            enter(draw, clerk)
        with pytest.raises(RuleViolation, match="期号"):
            enter(draw, clerks[0], source=1)

    def test_two_different_issues_are_a_mismatch_too(self, clerks):
        draw = commit(frozen_round())
        for clerk in clerks:
            enter(draw, clerk)

        enter(draw, clerks[0], source=1, issue="2026061")
        enter(draw, clerks[1], source=1, issue="2026062")

        assert reread(draw).status == DrawStatus.COMMITTED

    def test_that_two_users_have_settled_cannot_be_changed(self, clerks):
        draw = commit(frozen_round())
        for clerk in clerks:
            enter(draw, clerk)

        with pytest.raises(RuleViolation, match="不能再改"):
            enter(draw, clerks[0])

    def test_comes_after_the_committed_lead_time(self, clerks):
        draw = commit(frozen_round())

        with pytest.raises(RuleViolation, match="至少24小时"):
            enter(draw, clerks[0], at=LATER - timedelta(seconds=1))

        assert not RandomnessEntry.objects.exists()

    def test_comes_not_before_the_announced_time(self, clerks):
        round_ = frozen_round()
        plan(round_, DrawPurpose.EVALUATORS, held_at=LATER + timedelta(days=2))
        draw = commit(round_)

        with pytest.raises(RuleViolation, match="到登记的抽取时间"):
            enter(draw, clerks[0])

    def test_of_a_demonstration_need_not_wait_and_every_page_states_it(self, clerks, client):
        draw = commit(frozen_round(is_demo=True))

        for clerk in clerks:
            enter(draw, clerk, at=NOON)

        assert reread(draw).lead_waived
        assert "未执行公布承诺至抽取的最短间隔" in client.get(reverse("draw", args=[draw.draw_id])).content.decode()
        assert "未执行公布承诺至抽取的最短间隔" in client.get(reverse("draws")).content.decode()
        client.force_login(clerks[0])
        for page in ("draw-ceremony", "draw-people"):
            assert (
                "未执行公布承诺至抽取的最短间隔"
                in client.get(reverse(f"admin:{page}", args=[draw.pk])).content.decode()
            )

    @pytest.mark.parametrize(
        "spoil", [lambda n: n[:-1], lambda n: [10, *n[1:]], lambda n: [*n, 1]], ids=["few", "range", "many"]
    )
    def test_that_does_not_fit_its_source_is_refused(self, clerks, spoil):
        draw = commit(frozen_round())

        with pytest.raises(RuleViolation):
            enter(draw, clerks[0], spoil(throw(draw)[0]))

        assert not RandomnessEntry.objects.exists()

    def test_is_entered_by_clerks_only(self):
        with pytest.raises(Denied):
            enter(commit(frozen_round()), make_user("chief"))


class TestDrawing:
    def test_waits_for_the_whole_randomness(self, clerks):
        draw = commit(frozen_round())
        for clerk in clerks:
            enter(draw, clerk)

        with pytest.raises(RuleViolation, match="须在录入随机数后进行"):
            run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)

    def test_each_step_happens_once(self, clerks):
        round_ = frozen_round()
        draw = run(commit(round_))

        with pytest.raises(RuleViolation, match="不能重复抽取"):
            commit(round_)
        with pytest.raises(RuleViolation, match="只能录入一次"):
            enter(draw, clerks[0])
        with pytest.raises(RuleViolation, match="只能抽取一次"):
            run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)

    def test_reports_progress(self):
        draw, reported = commit(frozen_round()), []
        enter_all(draw)

        run_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER, progress=reported.append)

        assert sum(reported) == 60


class TestSigning:
    @pytest.fixture
    def round_(self):
        return frozen_round(supervisors_present=2, signing_codes=2)

    @pytest.fixture
    def codes(self, round_):
        supervisors = hold_draw(round_, DrawPurpose.SUPERVISORS)
        return issue_codes(supervisors)

    def sign(self, draw, code):
        return sign_draw(draw_id=draw.pk, code=code, at=LATER)

    def publish(self, draw):
        return publish_draw(draw_id=draw.pk, by=make_user("chief"), at=LATER)

    def test_a_draw_is_public_once_enough_supervisors_have_signed(self, round_, codes, client):
        draw = run(commit(round_))
        proof = reverse("draw-proof", args=[draw.draw_id])
        self.sign(draw, codes[0][0])
        with pytest.raises(RuleViolation, match="还差1名监督员签名"):
            self.publish(draw)
        assert client.get(proof).status_code == 404

        self.sign(draw, codes[1][0].lower())

        assert self.publish(draw).status == DrawStatus.PUBLISHED
        assert client.get(proof).status_code == 200

    def test_a_supervisor_signs_once_and_keeps_the_other_codes(self, round_, codes):
        draw = run(commit(round_))
        self.sign(draw, codes[0][0])

        with pytest.raises(RuleViolation, match="已经为本次抽取签名"):
            self.sign(draw, codes[0][1])

        assert SigningCode.objects.exclude(used_at=None).count() == 1

    def test_a_code_signs_once(self, round_, codes):
        self.sign(run(commit(round_)), codes[0][0])
        draw = Draw.objects.get(purpose=DrawPurpose.EVALUATORS)

        with pytest.raises(RuleViolation, match="已使用"):
            self.sign(draw, codes[0][0])

    @pytest.mark.parametrize("code", ["", "12345", "0" * 20, "签名"])
    def test_an_invalid_code_signs_nothing(self, round_, codes, code):
        draw = run(commit(round_))

        with pytest.raises(RuleViolation, match="签名码"):
            self.sign(draw, code)

        assert not draw.signatures.exists()

    def test_only_hashes_of_the_codes_are_stored(self, codes):
        stored = set(SigningCode.objects.values_list("code_sha256", flat=True))

        assert len(stored) == 10
        assert not stored & {code for made in codes for code in made}

    def test_a_draw_is_published_once(self, round_, codes):
        draw = run(commit(round_))
        for made in codes[:2]:
            self.sign(draw, made[0])
        self.publish(draw)

        with pytest.raises(RuleViolation, match="不能重复公开"):
            self.publish(draw)

"""The rulebook of a round: refused with faults, fixed once the roster is frozen."""

import pytest

from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from evaluations.rounds.services import edit_rulebook
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import NOON, make_open_round, make_round, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"channels": {"targeted": {"weight": "1/2", "drawn": True}}}, "缺少“抽样评议权重”"),
        ({"next_margin": "0"}, "下一轮误差目标"),
        ({"flag_points": "abc"}, "渠道相差提示"),
        ({"flag_z": "1/2"}, "偏向提示"),
        ({"count_witnesses": -1}, "计票须签名的监督员"),
    ],
)
def test_a_rulebook_that_the_count_could_not_use_is_refused(changes, refusal):
    round_ = make_round()
    book = {**round_.rulebook, **changes}

    assert any(refusal in error for error in rulebook_errors(book))
    with pytest.raises(RuleViolation, match=refusal):
        edit_rulebook(round_id=round_.pk, rulebook=book, by=make_user("chief"), at=NOON)

    round_.refresh_from_db()
    assert round_.rulebook != book


def test_the_rulebook_is_fixed_once_the_roster_is_frozen():
    round_ = make_open_round()

    with pytest.raises(RuleViolation, match="不能修改"):
        edit_rulebook(round_id=round_.pk, rulebook=round_.rulebook, by=make_user("chief"), at=NOON)

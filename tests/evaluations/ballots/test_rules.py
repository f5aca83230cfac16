"""Redacting an opinion covers the named words wherever they stand and changes nothing else."""

import pytest

from evaluations.ballots.rules import redact, spans_of
from nanchuan_eval.core.errors import RuleViolation

TEXT = "找张三办事，电话13912345678，张三不理"


def test_every_occurrence_is_covered_and_nothing_reworded():
    assert redact(TEXT, spans_of(TEXT, ["张三", "13912345678"])) == "找██办事，电话███████████，██不理"


@pytest.mark.parametrize("words", [["张三", ""], [" 张三 "], ["张三", "张三"]])
def test_blanks_and_repetitions_do_not_matter(words):
    assert spans_of(TEXT, words) == [(1, 3), (20, 22)]


@pytest.mark.parametrize("words", [[""], ["李四"], [], ["张三", "李四"]])
def test_words_that_are_not_there_are_refused(words):
    with pytest.raises(RuleViolation):
        spans_of(TEXT, words)

"""A round's scale may have two to five answers: word, step and colour of a score follow it."""

import re

import pytest

from accountability.results.queries.lines import indicator_score
from evaluations.scoring.method import HIGHEST_LEVEL, Indicator
from evaluations.scoring.questionnaire import DEFAULT
from tests.nanchuan_eval.profile.test_colours import CSS, contrast, palette

SCALES = range(1, HIGHEST_LEVEL + 1)
# Sheet -> how a step's rule begins there.
RULES = {"results.css": r"\.heat-{step}\b", "voting.css": r"\.word[^{{]*\.l{step}\b"}
DECLARED = re.compile(r"(background|color): var\(--([\w-]+)\)")


def told(value, levels):
    score = indicator_score(Indicator.COLD, {"cold": value}, DEFAULT, levels)
    return score.step, score.word


@pytest.mark.parametrize("levels", SCALES)
def test_the_ends_of_the_scale_are_the_ends_of_the_scores(levels):
    assert told("0.0", levels) == (0, "没有")
    assert told("100.0", levels) == (levels, DEFAULT.answers(levels)[str(levels)])


@pytest.mark.parametrize(
    ("value", "levels", "word"),
    [("50.0", 2, "轻微"), ("49.9", 1, "没有"), ("70.0", 3, "较重"), ("70.0", 4, "严重"), ("90.0", 4, "非常严重")],
)
def test_a_score_has_the_word_of_the_nearest_answer_of_its_own_scale(value, levels, word):
    assert told(value, levels)[1] == word


@pytest.mark.parametrize("sheet", RULES)
@pytest.mark.parametrize("step", range(HIGHEST_LEVEL + 1))
def test_every_step_has_a_ground_on_which_its_text_can_be_read(sheet, step):
    text = (CSS / sheet).read_text("utf-8").replace(".word:is(.l3, .l4)", ".word.l3, .word.l4")
    rules = re.findall(r"([^{}]+)\{([^}]*)\}", text)
    found = {"color": "on-level"}
    for selector, body in rules:
        if re.search(RULES[sheet].format(step=step), selector):
            found |= dict(DECLARED.findall(body))

    for theme in (0, 1):
        known = palette("blue", theme)
        assert contrast(known[found["color"]], known[found["background"]]) >= 4.5


def test_no_two_steps_look_alike():
    known = palette("blue", 0)

    assert len({known[f"level-{step}"] for step in range(HIGHEST_LEVEL + 1)}) == HIGHEST_LEVEL + 1

"""Rules: wording."""

from evaluations.ballot_form.rules.form import BallotForm, FormSign
from evaluations.ballot_form.rules.votes import DONT_KNOW
from evaluations.scoring.method import LEVEL_WORDS, Indicator

# What each indicator asks, in plain words.
QUESTIONS = {
    Indicator.COLD: "态度冷漠、生硬，对群众诉求不重视",
    Indicator.LAZY: "办事拖拉、脱岗、不作为",
    Indicator.BUCK_PASSING: "推诿扯皮，让群众来回跑",
    Indicator.DISORDERLY: "不按规定办事，乱定标准、乱收费、乱检查",
    Indicator.GREEDY: "吃拿卡要，讲人情、要好处",
}


def signs_by_indicator(ballot_form: BallotForm) -> list[tuple[str, str, list[FormSign]]]:
    """Return (indicator, label, its 表象) for the table's templates."""
    return [(i.value, i.label, [s for s in ballot_form.manifestations if s.indicator == i]) for i in Indicator]


def level_words(ballot_form: BallotForm) -> dict[str, str]:
    """Return value -> word for the paper's levels; a scale other than 0 to 3 gets numbered words between."""
    top = str(ballot_form.levels)
    words = {str(level): LEVEL_WORDS.get(str(level), f"{level}级") for level in range(ballot_form.levels + 1)}
    if top not in LEVEL_WORDS:
        words[top] = "非常严重"
    return words | {DONT_KNOW: LEVEL_WORDS[DONT_KNOW]}

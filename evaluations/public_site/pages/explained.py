"""Data of the pages 怎样参加 and 怎样核验."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evaluations.protocol.example import DrawExample, draw_example
from evaluations.publication.models import Publication
from evaluations.publication.queries import open_counts, rounds_with_response
from evaluations.rounds.models import Round
from evaluations.rounds.queries import leading_round, open_round, questionnaire_in_use
from evaluations.rounds.rules.lifecycle import ISSUING, SEALED, RoundState
from evaluations.rounds.rules.rulebook import ISSUED_CODES, default_rulebook
from evaluations.scoring.method import Channel
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of, quoted


@dataclass(frozen=True)
class HowToVote:
    """怎样参加: the rulebook of the round that is open or next, or the default one."""

    round: Round | None
    is_open: bool
    # The announced time has passed and the vote has not begun.
    is_late: bool
    is_demo: bool
    rules: Mapping[str, Any]
    channels: Sequence[tuple[str, str]]
    limits: str
    asked: Questionnaire
    words: Mapping[int, str]
    severe: str


@dataclass(frozen=True)
class HowToVerify:
    """怎样核验: the rounds with something to check, and the example of a draw."""

    rounds: Sequence[Round]
    recount: Publication | None
    example: DrawExample
    responses: Sequence[Round]
    is_demo: bool


def how_to_vote(at: datetime) -> HowToVote:
    """Read the rules of the round that one can take part in now or next."""
    announced = Round.objects.filter(state__in=(RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN))
    accepting = open_round(at)
    round_ = accepting or leading_round(announced.exclude(state=RoundState.OPEN, opens_at__lte=at))
    rules = round_.rulebook if round_ else rules_of_a_new_round()
    asked = questionnaire_of(rules)
    return HowToVote(
        round=round_,
        is_open=accepting is not None,
        is_late=accepting is None and round_ is not None and round_.opens_at <= at,
        is_demo=bool(round_ and round_.is_demo),
        rules=rules,
        channels=[(c.label, _who(c, rules)) for c in Channel if c in rules["channels"]],
        asked=asked,
        words={level: asked.words[str(level)] for level in range(rules["levels"] + 1)},
        severe=quoted(asked.severe(rules["severe_from"], rules["levels"]), "或者"),
        limits="，".join(f"{c.label}{rules['max_sections'][c]}个" for c in Channel if c in rules["channels"]),
    )


def rules_of_a_new_round() -> dict[str, Any]:
    """Return the rules that a new round starts with: the default ones, asking what the newest round asks."""
    return default_rulebook() | questionnaire_in_use().as_settings()


def rounds_to_verify() -> HowToVerify:
    """Read the rounds whose box is public, and the latest list that a browser counts again."""
    rounds = list(Round.objects.filter(state__in=ISSUING).defer("ballot_form", "closing"))
    return HowToVerify(
        rounds=rounds,
        recount=_latest_recount(),
        example=draw_example(),
        responses=rounds_with_response(),
        is_demo=any(each.is_demo for each in rounds),
    )


def _latest_recount() -> Publication | None:
    """Return the version of the latest published round whose count anybody may repeat."""
    newest = Round.objects.filter(state__in=SEALED, publications__isnull=False).first()
    if newest is None:
        return None
    publications = list(newest.publications.select_related("round").order_by("version"))
    versions = open_counts(publications)
    return next((each for each in reversed(publications) if each.version in versions), None)


def _who(channel: Channel, rules: Mapping[str, Any]) -> str:
    if channel == Channel.TARGETED:
        clients = "和从各科室办事群众中随机抽取的人员" if rules.get("client_draw") else ""
        return f"从名单库中随机抽取的评议人员{clients}，评议票由评议办发放"
    if channel == Channel.SAMPLED and rules["sampled_forms"] == ISSUED_CODES:
        return "随机抽取的群众，评议票由评议办发放"
    if channel == Channel.SAMPLED:
        return "取得报纸、网站、服务大厅所发评议票的群众"
    return "自行领取评议票的群众"

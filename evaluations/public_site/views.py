"""Pages that explain the evaluation to everybody: front page, 怎样参加, 怎样计分, 怎样核验."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.public_site.pages.explained import how_to_vote, rounds_to_verify, rules_of_a_new_round
from evaluations.public_site.pages.front import read_front_page
from evaluations.public_site.pages.scoring import scoring_example
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.methodology import channel_rows, label_meanings, method_steps
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.database.replica import from_replica


@require_safe
def front_page(request: HttpRequest) -> HttpResponse:
    """The front page: what it is, whether one can vote, how, the latest list, what came of it, how to check."""
    return render(request, "evaluations/public_site/front.html", {"page": read_front_page(clock.now())})


@require_safe
@from_replica
def how_to_take_part(request: HttpRequest) -> HttpResponse:
    """怎样参加: who gets a ballot, the steps of the vote, what is kept, with the numbers of the rulebook in force."""
    return render(request, "evaluations/public_site/how.html", vars(how_to_vote(clock.now())))


@require_safe
@from_replica
def how_to_verify(request: HttpRequest) -> HttpResponse:
    """怎样核验: how anybody checks draws, box, receipt and count, with a small draw as an example."""
    return render(request, "evaluations/public_site/verify.html", vars(rounds_to_verify()))


@require_safe
@from_replica
def scoring(request: HttpRequest, key: str = "") -> HttpResponse:
    """How ballots become a list (怎样计分): by the frozen rules of a round, or by those a new round starts with."""
    rounds = Round.objects.exclude(state__in=(RoundState.DRAFT, RoundState.VOID))
    round_ = get_object_or_404(rounds, key=key) if key else None
    rules = round_.rulebook if round_ else rules_of_a_new_round()
    codes = list(round_.sections.order_by("code").values_list("code", flat=True)) if round_ else []
    context = {
        "round": round_,
        "rounds": rounds,
        "steps": method_steps(rules | {"sections": codes}),
        "example": scoring_example(rules),
        "asked": questionnaire_of(rules),
        "labels": label_meanings(rules, len(codes)),
        "channels": channel_rows(rules),
        "is_demo": bool(round_ and round_.is_demo),
    }
    return render(request, "evaluations/public_site/scoring.html", context)

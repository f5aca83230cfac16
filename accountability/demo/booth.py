"""Voting by the service behind the pages: for the many ballots of which nobody needs to see the pages."""

from datetime import datetime

from accountability.demo.opinions import Opinion
from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.voting.services import admit, cast_ballot

DIGITS = "2020"


def cast(form: BallotForm, code: str, opinion: Opinion, *, at: datetime) -> None:
    """Seal an opinion with a code as the last page does."""
    vote = validate_vote(form, opinion.channel, _lines(opinion)).as_text()
    admission = admit(code=code, at=at)
    cast_ballot(admission=admission, code=code, vote=vote, comment=opinion.comment, digits=DIGITS, at=at)


def _lines(opinion: Opinion) -> list[RawLine]:
    """Return the opinion as the form would send it."""
    return [
        RawLine(section, {indicator: [answer] for indicator, answer in answers.items()}, opinion.ticks[section])
        for section, answers in opinion.answers.items()
    ]

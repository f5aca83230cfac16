"""The frozen ballot form (评议表) of a round, cached by digest, and the service topics."""

from functools import lru_cache

from django.core.cache import cache

from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign, ServiceTopics, as_words
from evaluations.rounds.models import Round, RoundSection
from nanchuan_eval.core.errors import RuleViolation

SERVICE_TOPICS = "service-topics"


@lru_cache(maxsize=32)
def ballot_form_by_digest(digest: str) -> BallotForm:
    """Return the form with this digest; a form never changes, so each process reads it once."""
    text = Round.objects.filter(ballot_form_sha256=digest).values_list("ballot_form", flat=True).first()
    if not digest or text is None:
        raise RuleViolation("页面已失效，请重新输入票号。")
    return BallotForm.from_json(text)


def known_topics() -> ServiceTopics:
    """Return the service topics, cached for a minute."""
    return cache.get_or_set(SERVICE_TOPICS, _read_topics, 60) or ()


def forget_topics() -> None:
    """Clear the cache after a change."""
    cache.delete(SERVICE_TOPICS)


def _read_topics() -> ServiceTopics:
    return tuple((text, as_words(words)) for text, words in ServiceTopic.objects.values_list("text", "words"))


def make_ballot_form(round_: Round, sections: list[RoundSection]) -> BallotForm:
    """Build the form of a round from its frozen sections and the active manifestations."""
    rulebook = round_.rulebook
    return BallotForm(
        round_key=round_.key,
        round_name=round_.name,
        sections=tuple(_form_section(section) for section in sections),
        manifestations=tuple(
            FormSign(sign.code, sign.indicator, sign.text) for sign in Manifestation.objects.filter(is_active=True)
        ),
        levels=rulebook["levels"],
        severe_from=rulebook["severe_from"],
        min_answered=rulebook["min_answered"],
        max_sections=rulebook["max_sections"],
        comment_length=rulebook["comment_length"],
        is_demo=round_.is_demo,
        office_phone=rulebook["office_phone"],
    )


def _form_section(section: RoundSection) -> FormSection:
    return FormSection(
        code=section.code,
        name=section.name,
        department_code=section.department_code,
        department=section.department_name,
        service_kind=section.service_kind,
    )

"""The frozen ballot form (评议表) of a round, cached by digest, and the service topics."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.core.cache import cache
from django.db import models, transaction

from departments.models import Section
from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign
from evaluations.ballot_form.rules.topics import Place, ServiceTopics, Topic, as_words
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation

SERVICE_TOPICS = "service-topics"
TOPIC_COLUMNS = ("text", "words", "departments", "synonyms", "note")


@lru_cache(maxsize=32)
def ballot_form_by_digest(digest: str) -> BallotForm:
    """Return the form with this digest; a form never changes, so each process reads it once."""
    text = Round.objects.filter(ballot_form_sha256=digest).values_list("ballot_form", flat=True).first()
    if not digest or text is None:
        raise RuleViolation("页面已失效，请重新输入票号。")
    return BallotForm.from_json(text)


def topics_version() -> str:
    """Return a digest of the service topics, cached for a minute: pages are kept under it."""
    return cache.get_or_set(SERVICE_TOPICS, _digest_of_topics, 60) or ""


@lru_cache(maxsize=4)
def topics_by_version(version: str) -> ServiceTopics:
    """Return the service topics; each process reads a version once."""
    return known_topics()


def known_topics() -> ServiceTopics:
    """Return the service topics as they are now."""
    return tuple(map(as_topic, ServiceTopic.objects.all()))


def forget_topics() -> None:
    """Clear the cache after a change."""
    cache.delete(SERVICE_TOPICS)


def renew_topics(before: models.Model | None, after: models.Model | None, at: datetime) -> Iterable[models.Model]:
    """Forget them after a change: now, and for other processes once it is committed."""
    forget_topics()
    transaction.on_commit(forget_topics)
    return ()


def _digest_of_topics() -> str:
    return sha256_hex(canonical_json([list(row) for row in ServiceTopic.objects.values_list(*TOPIC_COLUMNS)]))


def as_topic(topic: ServiceTopic) -> Topic:
    """Return a topic as the rules read it."""
    return Topic(topic.text, as_words(topic.words), as_words(topic.departments), as_words(topic.synonyms), topic.note)


def active_places() -> list[Place]:
    """Return the (section, department) names of the roster (1 query)."""
    return list(Section.objects.active().order_by("code").values_list("name", "department__name"))


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
        questionnaire=questionnaire_of(rulebook),
    )


def _form_section(section: RoundSection) -> FormSection:
    return FormSection(
        code=section.code,
        name=section.name,
        department_code=section.department_code,
        department=section.department_name,
        service_kind=section.service_kind,
    )

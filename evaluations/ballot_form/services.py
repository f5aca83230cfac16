"""Import of service topics from a list: all or nothing, by the approval of a second person."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import renew_topics
from evaluations.ballot_form.rules import topic_list
from evaluations.ballot_form.rules.topic_list import COLUMNS, KEYS, TopicChange
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists.rules.tables import SourceRow, TableError, read_table
from nanchuan_eval.lists.services import CHANGED
from nanchuan_eval.permissions import policy

ACTION = "round.edit"


def compare_topics(rows: Sequence[SourceRow]) -> tuple[list[TopicChange], tuple[str, ...]]:
    """Return what a file would change, and notices; refuses a file with faults."""
    try:
        table = read_table(rows, COLUMNS, what="办事事项")
    except TableError as error:
        raise FileRefused(error.faults) from None
    known = {row["text"]: row for row in ServiceTopic.objects.values(*KEYS)}
    changes = topic_list.changes(table.records, table.columns, known)
    if faults := list(topic_list.faults(table.records, changes)):
        raise FileRefused(faults)
    return changes, table.notices


def fingerprint(changes: Sequence[TopicChange]) -> str:
    """Return a digest of all changes."""
    return sha256_hex(canonical_json([[list(cell) for cell in change.cells] for change in changes]))


@transaction.atomic
def import_topics(*, rows: Sequence[SourceRow], agreed: str, by: policy.Actor, at: datetime) -> int:
    """Add and change topics; `agreed` = fingerprint of the confirmed preview. Returns how many."""
    policy.check(by, ACTION)
    stored = {topic.text: topic for topic in ServiceTopic.objects.select_for_update().order_by("pk")}
    changes, _ = compare_topics(rows)
    if fingerprint(changes) != agreed:
        raise RuleViolation(CHANGED)
    written = []
    for change in changes:
        topic = stored.get(change.after["text"]) or ServiceTopic()
        for key, value in change.after.items():
            setattr(topic, key, value)
        topic.save()
        written.append(topic)
    renew_topics(None, None, at)
    detail = {"step_label": "导入办事事项", "topics": len(written)}
    audit.record(ACTION, None, by=by, at=at, detail=detail, wrote=written)
    return len(written)

"""The service topics as a workbook: to edit and to import again."""

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.queries import active_places, as_topic
from evaluations.ballot_form.rules.topic_list import COLUMNS, KEYS
from evaluations.ballot_form.rules.topics import in_words
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook

WIDTHS = {"text": 34, "synonyms": 60, "note": 50}
LEADS_TO = "当前可查到的科室"


def topics_workbook() -> bytes:
    """Return all topics, with the sections each leads to; that column is not read when the file is imported."""
    places = active_places()
    columns = [ColumnSpec(column.label, WIDTHS.get(column.key, 24)) for column in COLUMNS]
    rows = [
        [*(getattr(topic, key) for key in KEYS), in_words(as_topic(topic), places)]
        for topic in ServiceTopic.objects.all()
    ]
    return write_workbook([SheetSpec("办事事项", [*columns, ColumnSpec(LEADS_TO, 50)], rows, is_form=True)])

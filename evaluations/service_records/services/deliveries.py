"""The machine's way in (接口报送): one unit's records of one day, with the unit's token; a repeat changes nothing."""

import hashlib
import hmac
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from departments.models import Department
from evaluations.service_records.models import RecordBatch
from evaluations.service_records.rules.columns import COLUMNS, FINISHED
from evaluations.service_records.services.importing import Delivery, Only, import_records
from evaluations.service_records.services.stated import check_day, state_count
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.faults import shortened
from nanchuan_eval.core.strict_json import HALF
from nanchuan_eval.lists.rules.columns import heading_key
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row, stream_rows
from nanchuan_eval.spreadsheets.guard import Limits
from nanchuan_eval.spreadsheets.streaming import cleaned

LINES = "报送.jsonl"
MOST_ROWS = 100_000
BAD_LINE = "第{number}行不是一个 JSON 对象，请每行写一件办件。"


def token_faults(tokens: Mapping[str, str]) -> list[str]:
    """Return in Chinese which settings of units can never let a system in: a token, say, where its SHA-256 belongs."""
    wrong = [code for code, digest in tokens.items() if not re.fullmatch("[0-9a-fA-F]{64}", digest)]
    return (
        [f"RECORDS_TOKENS：{'、'.join(wrong)}的值不是SHA-256校验值（64位）。请填令牌的校验值，不要填令牌。"]
        if wrong
        else []
    )


def has_token(code: str, token: str) -> bool:
    """True if the token is one of the unit's; settings hold only its SHA-256."""
    expected = settings.RECORDS_TOKENS.get(code, "")
    given = hashlib.sha256(token.encode()).hexdigest()
    return hmac.compare_digest(given, expected.lower()) and bool(expected)


def deliver(
    *, unit: Department, day: date, rows: Iterable[Row], stated: int | None, reason: str, at: datetime
) -> tuple[Delivery, RecordBatch]:
    """Import a day's records and the unit's own count together, or neither; a repeat changes nothing."""
    check_day(day, at)
    by = policy.MACHINE
    with transaction.atomic():
        delivery = import_records(rows=rows, by=by, at=at, only=Only(unit, day))
        if stated is not None:
            state_count(unit=unit, day=day, records=stated, reason=reason, by=by, at=at)
        # A repeat adds no batch: the answer is that of the first time.
        newest = RecordBatch.objects.filter(unit_id=unit.pk, day=day).order_by("-seq").first()
        if newest is None:
            raise RuntimeError("a delivery leaves a batch behind")
    return delivery, newest


def rows_of(body: bytes, content_type: str, day: date) -> Iterator[Row]:
    """Yield the rows of a body in CSV, or with one JSON object a line; the day may be left out of them."""
    if "json" in content_type:
        return _from_json(body, day)
    return iter(stream_rows(io.BytesIO(body), "报送.csv", Limits(rows=MOST_ROWS))) if body.strip() else iter(())


def _from_json(body: bytes, day: date) -> Iterator[Row]:
    keys = {key: column.key for column in COLUMNS for key in (*column.headings, heading_key(column.key))}
    yield Row(LINES, 0, tuple(column.label for column in COLUMNS))
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RuleViolation("内容不是 UTF-8 编码，请核对。") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            values = _values(line, number, keys)
            values.setdefault(FINISHED.key, day.isoformat())
            yield Row(LINES, number, tuple(values.get(column.key, "") for column in COLUMNS))


def _values(line: str, number: int, keys: dict[str, str]) -> dict[str, str]:
    """Return the texts of one object; a key that is not known is refused: it may be the phone, under another name."""
    try:
        found: Any = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, _Pairs):
        raise RuleViolation(BAD_LINE.format(number=number))
    values: dict[str, str] = {}
    for name, value in found:
        shown, key = shortened(str(name)), keys.get(heading_key(str(name)))
        if key is None:
            raise RuleViolation(f"第{number}行的“{shown}”不是办件清单的列，请改为列名或者删除。")
        if key in values:
            raise RuleViolation(f"第{number}行的“{shown}”与同一行的另一项是同一列，请只留一项。")
        if not isinstance(value, str | int | None) or isinstance(value, bool):
            raise RuleViolation(f"第{number}行的“{shown}”应为文字，请核对。")
        if HALF.search(str(value)):
            raise RuleViolation(f"第{number}行的“{shown}”有不完整的字符，请核对。")
        values[key] = "" if value is None else cleaned(str(value))
    return values


class _Pairs(tuple[tuple[str, Any], ...]):
    """The items of a JSON object, a repeated key included."""

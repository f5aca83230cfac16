"""Import of service records (导入办件): a file as a whole or not at all, streamed, each unit's days chained.

Rows pass through in chunks; what stays in memory is a key for each person and 32 bytes for each record.
"""

import hashlib
import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from departments.models import Department
from evaluations.pools.queries import reference_data
from evaluations.service_records.models import RecordBatch, ServiceRecord
from evaluations.service_records.permissions import action_of, check_delivers
from evaluations.service_records.queries.chain import chain_ends
from evaluations.service_records.queries.sections import section_names, sections_by_code
from evaluations.service_records.rules.chain import Link, day_digest, next_head, record_leaf, split_leaves
from evaluations.service_records.rules.conflicts import Conflicts
from evaluations.service_records.rules.parsing import Bounds, Line, RecordReader, oldest_day, person_key
from evaluations.service_records.services.clients import Clients
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import FileRefused
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.database.sql import among, insert_objects, insert_rows, reserve_keys
from nanchuan_eval.encryption.fields import keyed_hash, mask_phone
from nanchuan_eval.lists.rules.tables import SourceRow, TableError
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

CHUNK = 5000
MOST_HINTS = 1000  # shared phones that are listed
COLUMNS = ("number", "unit_id", "section_id", "topic", "finished_on", "client_id", "batch_id")
KEYS = 500  # of batches, reserved at a time
CORRECTED = "收到的办件不能改写：姓名、手机号报错的，请评议办办理办件更正；其他内容报错的，请用新的办件编号另报。"
NOTHING = "文件中没有办件，请核对文件内容。"
Told = tuple[int, str, date, str, str]
_Known = dict[tuple[int, str], Told]
_Older = dict[tuple[int, str], list[Told]]


@dataclass(frozen=True)
class Only:
    """The one unit that a delivery is of, and its day; None = a file of several days."""

    unit: Department
    day: date | None = None


@dataclass
class Delivery:
    """What an import has brought: figures, its batches, what staff should know, and a list of it."""

    records: int = 0
    known: int = 0
    without_phone: int = 0
    excluded: int = 0
    people: int = 0
    shared_phones: int = 0
    sections: int = 0
    days: int = 0
    batches: Sequence[RecordBatch] = ()
    notices: list[str] = field(default_factory=list)
    hints: list[Fault] = field(default_factory=list)
    content: str = ""

    @property
    def figures(self) -> tuple[tuple[str, int], ...]:
        """The figures as pages and commands show them."""
        return (
            ("新办件", self.records),
            ("已导入过、本次略过的办件", self.known),
            ("办事人", self.people),
            ("科室", self.sections),
            ("办结日", self.days),
            ("没有手机号、不能抽取的办件", self.without_phone),
            ("几个人共用的手机号", self.shared_phones),
            ("列为回避的办事人", self.excluded),
        )


def import_records(  # noqa: PLR0913  who imports what when, within which bounds, for good or on trial
    *,
    rows: Iterable[SourceRow],
    by: policy.Actor,
    at: datetime,
    period: tuple[date, date] | None = None,
    only: Only | None = None,
    is_trial: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Delivery:
    """Import the records of a file; raises `FileRefused` with every fault, and then nothing is imported.

    `period` = the days of a round, outside which a record is refused; `only` = the unit and day of a machine's
    delivery; `is_trial`: everything is done and taken back. `progress` hears how many rows are done.
    """
    check_delivers(by, only.unit if only else None)
    try:
        with transaction.atomic():
            running = _Import(only, by, at, _bounds(at, period, only))
            running.take(rows, progress)
            delivery = running.finish()
            if is_trial:
                transaction.set_rollback(True)
            elif delivery.batches:
                running.log(delivery)
    except TableError as error:
        raise FileRefused(error.faults) from None
    return delivery


def _bounds(at: datetime, period: tuple[date, date] | None, only: Only | None) -> Bounds:
    """Return the days that a record may be of; nobody finishes anything in the future."""
    today, future = timezone.localtime(at).date(), "在今天以后，请核对。"
    if only and only.day:
        outside = f"不是本次报送的{only.day.isoformat()}，请核对。"
        return Bounds(only.day, only.day, outside, outside)
    if period is None:
        oldest = oldest_day(today, settings.RECORD_DAYS_BACK)
        return Bounds(
            oldest,
            today,
            f"早于{oldest.isoformat()}，请核对；以前轮次的，请运维人员用 import_service_records 命令写明轮次导入。",
            future,
        )
    outside = f"不在本轮的{period[0].isoformat()}至{period[1].isoformat()}之内，请核对。"
    return Bounds(period[0], min(period[1], today), outside, future if period[1] > today else outside)


@dataclass
class _Open:
    """A batch that is being filled."""

    batch: RecordBatch
    leaves: bytearray = field(default_factory=bytearray)


class _Import:
    """One import under way, inside its transaction."""

    def __init__(self, only: Only | None, by: policy.Actor, at: datetime, bounds: Bounds) -> None:
        self._only, self._by, self._at = only, by, at
        # Deliveries of one unit queue up; rows that merely refer to the unit do not wait.
        units = Department.objects.select_for_update(no_key=True).order_by("pk")
        self._units = {each.pk: each for each in (units.filter(pk=only.unit.pk) if only else units)}
        self._ends = chain_ends(self._units.values())
        self._places = sections_by_code()
        self._reader = RecordReader(section_names(), bounds)
        self._conflicts = Conflicts(reference_data())
        self._clients = Clients(self._conflicts)
        self._open: dict[tuple[int, date], _Open] = {}
        self._keys: list[int] = []
        self._sections: set[int] = set()
        self._content = hashlib.sha256()
        self._made = Delivery(notices=self._reader.notices)

    def take(self, rows: Iterable[SourceRow], progress: Callable[[int], object]) -> None:
        """Read and save all rows, or raise every fault of the file."""
        done = 0
        for lines in _chunks(self._reader.lines(rows)):
            self._save(lines)
            done += len(lines)
            progress(done)
        if not done and not self._reader.faults and not (self._only and self._only.day):
            self._reader.faults.append(Fault("", NOTHING, "没有内容"))
        if self._reader.faults:
            raise TableError(self._reader.faults)

    def finish(self) -> Delivery:
        """Close the batches and return the figures."""
        made = self._made
        only = self._only
        if only and only.day and not RecordBatch.objects.filter(unit_id=only.unit.pk, day=only.day).exists():
            self._batch(only.unit.pk, only.day)  # also of a day on which nothing was finished
        opened = sorted(self._open.values(), key=lambda one: (one.batch.unit_id, one.batch.seq))
        made.batches = [self._close(one) for one in opened]
        insert_objects(RecordBatch, made.batches)
        made.people, made.excluded = self._clients.people, len(self._clients.excluded)
        made.sections, made.days = len(self._sections), len({day for _, day in self._open})
        made.shared_phones, made.content = len(self._clients.shared), self._content.hexdigest()
        self._tell()
        return made

    def log(self, made: Delivery) -> None:
        """Write the audit row, with the digest of each unit's chain."""
        codes = sorted({self._units[batch.unit_id].code for batch in made.batches})
        detail = {
            "step_label": "导入办件",
            "records": made.records,
            "batches": len(made.batches),
            "fixed": fixed_digests(*(("record_chain", code) for code in codes)),
        }
        audit.record(action_of(self._by), made.batches[0], by=self._by, at=self._at, detail=detail)

    def _save(self, lines: Sequence[Line]) -> None:
        places = [self._place(line) for line in lines]
        known, older = self._standing(lines, places)
        new: list[tuple[Line, str, int, int]] = []
        for line, (section, unit_id) in zip(lines, places, strict=True):
            person = person_key(line.name)
            told = (section, line.topic, line.finished_on, person, line.phone)
            before = known.setdefault((unit_id, line.number), told)
            if before is told:
                new.append((line, person, section, unit_id))
            elif _is_same(before, told) or any(_is_same(each, told) for each in older.get((unit_id, line.number), ())):
                self._made.known += 1
            else:
                text = f"办件编号“{line.number}”已有内容不同的办件，请核对；{CORRECTED}"
                self._reader.refuse(line.where, text, "办件编号重复，内容不同")
        if new and not self._reader.faults:  # with faults nothing is kept: only go on collecting them
            clients = self._clients.of([line for line, *_ in new])
            insert_rows(ServiceRecord, COLUMNS, [self._row(*one, pk) for one, pk in zip(new, clients, strict=True)])

    def _place(self, line: Line) -> tuple[int, int]:
        """Return section and unit of a line; a delivery of one unit takes no other's."""
        section, unit_id = self._places[line.section]
        if unit_id not in self._units:
            name = self._only.unit.name if self._only else ""
            self._reader.refuse(line.where, f"科室“{line.section}”不是“{name}”的科室，请核对。", "不是本单位的科室")
        return section, unit_id

    def _standing(self, lines: Sequence[Line], places: Sequence[tuple[int, int]]) -> tuple[_Known, _Older]:
        """Return what stands under these numbers, and what stood there before a correction (1 query for each unit).

        Earlier rows of the file count. A system that sends a day once more does not know of corrections.
        """
        numbers: dict[int, list[str]] = {}
        for line, (_, unit_id) in zip(lines, places, strict=True):
            numbers.setdefault(unit_id, []).append(line.number)
        begun = {unit_id for unit_id, _ in self._open} | {unit_id for unit_id, (seq, _) in self._ends.items() if seq}
        found: _Known = {}
        older: _Older = {}
        for unit_id in begun & set(numbers):
            records = ServiceRecord.objects.filter(unit_id=unit_id, number__in=among(numbers[unit_id])).order_by()
            for one in records.select_related("client"):
                person = (person_key(one.client.name), str(one.client.phone)) if one.client else ("", "")
                told = (one.section_id, one.topic, one.finished_on, *person)
                if one.is_corrected:
                    older.setdefault((unit_id, one.number), []).append(told)
                else:
                    found[unit_id, one.number] = told
        return found, older

    def _row(self, line: Line, person: str, section: int, unit_id: int, client: int) -> tuple[Any, ...]:
        made, one, day = self._made, self._batch(unit_id, line.finished_on), line.finished_on.isoformat()
        made.records += 1
        made.without_phone += not line.phone
        self._sections.add(section)
        one.batch.records += 1
        values = (line.number, line.section, day, line.topic, person, line.phone)
        one.leaves += record_leaf(one.batch.salt, *values)
        self._content.update("\n".join((*values, "")).encode())
        return line.number, unit_id, section, line.topic, day, client, one.batch.pk

    def _batch(self, unit_id: int, day: date) -> _Open:
        """Return the batch of a day, opened by its first record."""
        if (unit_id, day) not in self._open:
            seq, head = self._ends[unit_id]
            self._ends[unit_id] = (seq + 1, head)
            if not self._keys:
                self._keys = reserve_keys(RecordBatch, 1 if self._only and self._only.day else KEYS)
            # Inserted with its digest when the file has been read; its records refer to it before.
            batch = RecordBatch(
                pk=self._keys.pop(0),
                unit=self._units[unit_id],
                seq=seq + 1,
                day=day,
                records=0,
                salt=secrets.token_hex(32),
                received_at=self._at,
                by=self._by if isinstance(self._by, User) else None,
            )
            self._open[unit_id, day] = _Open(batch)
        return self._open[unit_id, day]

    def _close(self, one: _Open) -> RecordBatch:
        """Give a batch its digest and head; batches of one unit are closed in the order of their numbers."""
        batch, code = one.batch, one.batch.unit.code
        last, head = self._ends[batch.unit_id]
        batch.digest = day_digest(batch.salt, split_leaves(one.leaves))
        batch.head = next_head(head, code, Link(batch.seq, batch.day, batch.records, batch.digest, ""))
        self._ends[batch.unit_id] = (last, batch.head)
        return batch

    def _tell(self) -> None:
        """Say what staff should know, and list it."""
        made = self._made
        if self._reader.landlines:
            made.notices.append(f"有{self._reader.landlines}件只有固定电话，按没有手机号处理。")
        made.hints += self._conflicts.doubts
        if doubts := len(made.hints):
            made.notices.append(f"有{doubts}个工作单位不能确定是不是评议对象，没有列为回避，请核对提示清单。")
        made.hints += self._sharing(made.batches)

    def _sharing(self, batches: Sequence[RecordBatch]) -> list[Fault]:
        """Return which records of this delivery have a phone of several people, the first of very many."""
        phones = {keyed_hash(phone): phone for phone in sorted(self._clients.shared)[:MOST_HINTS]}
        sharing = ServiceRecord.objects.filter(batch__in=batches, client__phone_hash__in=list(phones))
        rows = sharing.order_by("client__phone_hash", "unit", "number").values_list("client__phone_hash", "number")
        found = list(rows[: MOST_HINTS + 1])
        if len(found) > MOST_HINTS or len(self._clients.shared) > MOST_HINTS:
            self._made.notices.append(f"几个人共用手机号的办件很多，提示只列出{MOST_HINTS}件。")
        return [
            Fault(
                f"办件{number}", f"手机号{mask_phone(phones[digest])}由几个人共用，照常导入。", "几个人共用一个手机号"
            )
            for digest, number in found[:MOST_HINTS]
        ]


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(itertools.islice(lines, CHUNK)):
        yield chunk


def _is_same(before: Told, told: Told) -> bool:
    """True if a record was imported before; of one whose person has left after a round, the rest is compared."""
    return before == told or (before[:3] == told[:3] and not before[3])

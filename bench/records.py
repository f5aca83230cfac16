"""Import of service records, as .csv and as .xlsx, against reading the same file and against what no import can spare.

That is reading it, encrypting each phone, hashing each record, and COPY of the same rows with their constraints.
"""

import hashlib
import itertools
import os
import resource
import tempfile
from datetime import date, timedelta
from pathlib import Path

from django.db import connection, transaction

from bench.measure import cpu_seconds, report
from departments.models import Section
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import record_chain_faults
from evaluations.service_records.services.clients import COLUMNS as OF_CLIENT
from evaluations.service_records.services.importing import CHUNK, import_records
from evaluations.service_records.services.importing import COLUMNS as OF_RECORD
from nanchuan_eval.database.sql import insert_rows, reserve_keys
from nanchuan_eval.encryption.fields import encrypt, keyed_hash
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import stream_rows, stream_workbook
from nanchuan_eval.spreadsheets.guard import MIB, Limits
from tests.evaluations.service_records.factories import make_batch
from tests.factories import NOON, make_department, make_section

ROWS = int(os.environ.get("BENCH_RECORDS", "500000"))
SECTIONS, UNITS, DAYS = 105, 20, 180
HEADINGS = ["办件编号", "评议对象单位", "科室", "事项", "办结日期", "姓名", "手机号", "类别", "工作单位"]
LIMITS = Limits(rows=2 * ROWS + 20, unpacked=4000 * MIB, strings=10 * ROWS + 100, seconds=3600)
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫", "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚"


def run() -> None:
    """Print for each kind of file CPU, peak of memory and the ratio to reading alone; the chains must hold."""
    units = [make_department() for _ in range(UNITS)]
    for n in range(SECTIONS):
        make_section(department=units[n % UNITS], head="")
    codes = list(Section.objects.order_by("pk").values_list("code", flat=True))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("records.csv", "records.xlsx"):
            path = Path(folder) / name
            _write(path, codes)
            _measure(path)


def _measure(path: Path) -> None:
    started = cpu_seconds()
    with path.open("rb") as source:
        read = sum(1 for _ in stream_rows(source, path.name, LIMITS)) - 1
    floor = cpu_seconds() - started
    begun_with = _peak_anew()
    started = cpu_seconds()
    with path.open("rb") as source:
        made = import_records(rows=stream_rows(source, path.name, LIMITS), by=OPERATOR, at=NOON)
    ours = cpu_seconds() - started
    peak, child = _peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert made.records == read == ServiceRecord.objects.count()
    assert list(record_chain_faults()) == []
    report(f"import of {read:,} records, {path.suffix}", floor, ours, 2, "s", 1)
    print(
        f"{'':<44} {path.stat().st_size / 1e6:,.0f} MB, {made.people:,} people, {len(made.batches):,} batches;"
        f" memory {begun_with:,.0f} -> at most {peak:,.0f} MB, child {child:,.0f} MB",
        flush=True,
    )
    _empty()
    if path.suffix == ".csv":  # storing is the same for both
        report("  the same, against storing it barely", _stored_barely(path), ours, 2, "s", 1)


def _stored_barely(path: Path) -> float:
    started = cpu_seconds()
    _store_bare(path)
    seconds = cpu_seconds() - started
    _empty()
    return seconds


def _empty() -> None:
    for table in (ServiceRecord, RecordBatch, Client):
        table.objects.all().delete()


@transaction.atomic
def _store_bare(path: Path) -> None:
    """Store what the file says without looking at it: no bad row, no namesake, no recusal is found."""
    sections = {section.code: section for section in Section.objects.all()}
    batch = make_batch(next(iter(sections.values())), date(2025, 8, 1))
    people: dict[str, int] = {}
    with path.open("rb") as source:
        rows = iter(stream_rows(source, path.name, LIMITS))
        next(rows)
        while chunk := [(*row.cells, "")[:9] for row in itertools.islice(rows, CHUNK)]:
            new = {cells[5] + cells[6]: cells for cells in chunk if cells[5] + cells[6] not in people}
            people |= zip(new, reserve_keys(Client, len(new)), strict=True)
            insert_rows(Client, OF_CLIENT, [_client(people[key], cells) for key, cells in new.items()])
            insert_rows(ServiceRecord, OF_RECORD, [_record(cells, sections, people, batch) for cells in chunk])
    connection.check_constraints()


def _client(pk: int, cells: tuple[str, ...]):
    phone = cells[6]
    held = (encrypt(phone), keyed_hash(phone)) if phone else ("", "")
    return pk, cells[5], *held, cells[8], "person", "", ""


def _record(cells: tuple[str, ...], sections: dict[str, Section], people: dict[str, int], batch: RecordBatch):
    hashlib.sha256("\n".join(cells).encode()).digest()
    section = sections[cells[2]]
    return cells[0], section.department_id, section.pk, cells[3], cells[4], people[cells[5] + cells[6]], batch.pk


def _rows(codes: list[str]):
    first = date(2025, 8, 1)
    for n in range(ROWS):
        person = n * 7919 % (ROWS * 3 // 5)
        name = SURNAMES[person % 12] + GIVEN[person // 12 % 20] + GIVEN[person // 240 % 20]
        firm = f"第{person % 9000}号商贸有限公司" if person % 5 == 0 else ""
        phone = "" if person % 25 == 0 else f"13{person:09d}"
        day = (first + timedelta(days=n * DAYS // ROWS)).isoformat()
        number = f"BJ{n:014d}"
        yield number, "", codes[n * 31 % len(codes)], "企业设立登记", day, name, phone, "企业" if firm else "个人", firm


def _write(path: Path, codes: list[str]) -> None:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8") as target:
            target.write(",".join(HEADINGS) + "\n")
            target.writelines(",".join(row) + "\n" for row in _rows(codes))
    else:
        with path.open("wb") as target:
            stream_workbook(target, "办件", HEADINGS, _rows(codes))


def _peak_anew() -> float:
    """Forget the process's peak of memory so far; returns what it holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak()


def _peak() -> float:
    """Return the process's peak of memory in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

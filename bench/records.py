"""Import of service records, as .csv and as .xlsx, against reading the same file."""

import os
import resource
import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.measure import cpu_seconds, report
from departments.models import Section
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import record_chain_faults
from evaluations.service_records.services.importing import import_records
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import stream_rows, stream_workbook
from nanchuan_eval.spreadsheets.guard import MIB, Limits
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
    before = _peak(resource.RUSAGE_SELF)
    started = cpu_seconds()
    with path.open("rb") as source:
        made = import_records(rows=stream_rows(source, path.name, LIMITS), by=OPERATOR, at=NOON)
    ours = cpu_seconds() - started
    assert made.records == read == ServiceRecord.objects.count()
    assert list(record_chain_faults()) == []
    report(f"import of {read:,} records, {path.suffix}", floor, ours, 2, "s", 1)
    peak, child = _peak(resource.RUSAGE_SELF), _peak(resource.RUSAGE_CHILDREN)
    print(
        f"{'':<44} {path.stat().st_size / 1e6:,.0f} MB, {made.people:,} people, {len(made.batches):,} batches;"
        f" peak {before:,.0f} -> {peak:,.0f} MB, child {child:,.0f} MB",
        flush=True,
    )
    for table in (ServiceRecord, RecordBatch, Client):
        table.objects.all().delete()


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


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024

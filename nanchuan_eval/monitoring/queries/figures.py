"""Figures for a monitor (Prometheus): requests of all processes, ages of what runs by the clock, disk, queues."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from nanchuan_eval.doctor.queries.machine import disks
from nanchuan_eval.doctor.queries.schedule import newest_saved, runs
from nanchuan_eval.monitoring.rules import key_of, shown

# Where the processes of gunicorn keep their counts, in memory (deploy/gunicorn.conf.py).
SHARED = "PROMETHEUS_MULTIPROC_DIR"
# The samples of a family that count requests.
COUNTS = ("_total", "_count")
# Addresses on which people vote, claim, ask or write; filled by `AppConfig.ready`.
private_routes: set[str] = set()
# Figures of later apps: (name, what it is, value); filled by `AppConfig.ready`.
gauges: list[Callable[[datetime], Iterable[tuple[str, str, float]]]] = []
_own = CollectorRegistry()
_requests = Counter("nanchuan_requests", "Requests answered", ["route", "who", "status"], registry=_own)
_seconds = Histogram(
    "nanchuan_request_seconds",
    "Time to answer a request",
    ["route", "who"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_own,
)


def count_request(route: str, who: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    _requests.labels(route, who, str(status)).inc()
    _seconds.labels(route, who).observe(seconds)


class Figures:
    """All figures of this moment, as `generate_latest` reads them."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of requests as they may be told, then the state of the installation."""
        for family in _counted():
            told = Metric(family.name, family.documentation, family.type)
            samples = [(name, labels, shown(name, value, labels)) for name, labels, value, *_ in family.samples]
            # A series that begins with its first request would tell when that came.
            begun = {key_of(labels) for name, labels, value in samples if name.endswith(COUNTS) and value}
            for name, labels, value in samples:
                if key_of(labels) in begun and not name.endswith("_created"):
                    told.add_sample(name, labels, value)
            yield told
        yield from _state(self.at)


def figures(at: datetime) -> bytes:
    """Return all figures in Prometheus' text format."""
    return generate_latest(Figures(at))


def _counted() -> Iterable[Metric]:
    if not os.environ.get(SHARED):
        return _own.collect()
    everywhere = CollectorRegistry()
    MultiProcessCollector(everywhere)  # type: ignore[no-untyped-call]
    return everywhere.collect()


def _state(at: datetime) -> Iterator[Metric]:
    version = GaugeMetricFamily("nanchuan_info", "Version of the program", labels=["version"])
    version.add_metric([settings.VERSION], 1)
    yield version
    ages = GaugeMetricFamily("nanchuan_job_age_seconds", "Seconds since a job last ran", labels=["job"])
    failed = GaugeMetricFamily("nanchuan_job_failed", "1 if a step failed in the job's last run", labels=["job"])
    for run in runs():
        if run.ran_at:
            ages.add_metric([run.name], (at - run.ran_at).total_seconds())
            failed.add_metric([run.name], bool(run.failed))
    saved = newest_saved()
    if saved.made_at:
        ages.add_metric(["backup"], (at - saved.made_at).total_seconds())
    if saved.tested_at:
        ages.add_metric(["test_restore"], (at - saved.tested_at).total_seconds())
        failed.add_metric(["test_restore"], not saved.is_restorable)
    yield from (ages, failed)
    free = GaugeMetricFamily("nanchuan_disk_free_bytes", "Free bytes of a disk, by its number", labels=["disk"])
    whole = GaugeMetricFamily("nanchuan_disk_size_bytes", "Size of a disk in bytes", labels=["disk"])
    for number, disk in enumerate(disks(with_needs=False), 1):
        free.add_metric([str(number)], disk.free)
        whole.add_metric([str(number)], disk.whole)
    yield from (free, whole)
    for reader in gauges:
        for name, what, value in reader(at):
            yield GaugeMetricFamily(name, what, value=value)

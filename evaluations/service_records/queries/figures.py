"""The figures of a round's frame by section, beside those of the half-year before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.queries import earlier_round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from evaluations.service_records.models import Client, ServiceRecord
from evaluations.service_records.queries.frame import ELIGIBLE, frame_sections
from evaluations.service_records.rules.frame import (
    Counts,
    FrameRow,
    batch_min,
    days_between,
    period_before,
    runs_of,
)
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import days_hint


@dataclass(frozen=True)
class FrameFigures:
    """All sections of a round, the period compared with, and the working days on which nobody delivered anything."""

    rows: list[FrameRow]
    before: tuple[date, date]
    empty_days: list[tuple[date, date]]
    # Why the working days are not sure; empty if they are.
    calendar_hint: str
    # Day on which the draw among clients was committed; None before that.
    committed_on: date | None
    # True once the period is over: before that, the records are not all there to be compared.
    is_over: bool


def frame_figures(round_: Round, at: datetime) -> FrameFigures:
    """Return the figures (eight queries, nine before the roster is frozen), whatever number of records there is."""
    # What was finished today may still come.
    until = min(round_.period_end, timezone.localdate(at) - timedelta(days=1))
    calendar = Holiday.objects.calendar()
    workdays = [day for day in days_between(round_.period_start, until) if calendar.is_workday(day)]
    before = _before(round_)
    now, then = _counts(_finished(round_.period_start, round_.period_end), workdays), _counts(_finished(*before), ())
    least = batch_min(round_.rulebook)
    committed_on, drawn = _committed(round_)
    rows = [
        FrameRow(
            section,
            now.get(section.pk, Counts()),
            then.get(section.pk, Counts()),
            len(workdays),
            least,
            None if committed_on is None else drawn.get(section.code, 0),
        )
        for section in frame_sections(round_)
    ]
    days = _finished(round_.period_start, until).values_list("finished_on", flat=True).distinct()
    return FrameFigures(
        rows,
        before,
        runs_of(set(workdays) - set(days), {*workdays, *days}),
        days_hint(round_.period_start, until, declared_years()),
        committed_on,
        round_.period_end < timezone.localdate(at),
    )


def _committed(round_: Round) -> tuple[date | None, dict[str, int]]:
    """Return when the draw among clients was committed, and section code -> people in it (one query)."""
    draws = round_.draws.filter(purpose=DrawPurpose.CLIENTS).exclude(status=DrawStatus.ABANDONED).order_by()
    people = Count("entries", filter=Q(entries__exclusion=""))
    rows = list(draws.values_list("committed_at", "entries__stratum").annotate(people=people))
    day = timezone.localdate(rows[0][0]) if rows else None
    return day, {(stratum or "").partition(" ")[0]: number for _, stratum, number in rows}


def _before(round_: Round) -> tuple[date, date]:
    """Return the period of the round before, or the half-year before where there is none."""
    earlier = earlier_round(round_)
    if earlier is None:
        return period_before(round_.period_start, round_.period_end)
    return earlier.period_start, earlier.period_end


def _finished(start: date, end: date) -> QuerySet[ServiceRecord]:
    return ServiceRecord.objects.standing().filter(finished_on__range=(start, end)).order_by()


def _counts(records: QuerySet[ServiceRecord], workdays: Collection[date]) -> dict[int, Counts]:
    """Return section -> its figures (one query)."""
    # Of a corrected record the newest version alone counts.
    phones = Client.objects.filter(records__is_corrected=False).exclude(phone_hash="").order_by().values("phone_hash")
    shared = phones.annotate(people=Count("pk", distinct=True)).filter(people__gt=1).values("phone_hash")
    taking_part, is_reached = Q(client__exclusion=""), ~Q(client__phone_hash="")
    # Without a phone, nothing tells that somebody of another delivery is the same person but the name and the firm.
    written = Concat("client__name", Value("/"), "client__unit", Value("/"), "client__kind", output_field=TextField())
    rows = records.values_list("section_id").annotate(
        records=Count("pk"),
        named=Count("client"),
        eligible=Count("client__phone_hash", distinct=True, filter=ELIGIBLE),
        without_phone=Count(written, distinct=True, filter=Q(client__phone_hash="") & taking_part),
        excluded=Count("client", distinct=True, filter=Q(client__isnull=False) & is_reached & ~taking_part)
        + Count(written, distinct=True, filter=Q(client__phone_hash="") & ~taking_part),
        sharing=Count("client", distinct=True, filter=Q(client__phone_hash__in=shared)),
        workdays=Count("finished_on", distinct=True, filter=Q(finished_on__in=workdays)),
    )
    return {section: Counts(*figures) for section, *figures in rows}

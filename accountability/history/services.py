"""Import of lists published before this system (历史榜单导入), all or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accountability.history.models import EarlierListing, EarlierRound
from accountability.history.rules.earlier_lists import EarlierEntry, EarlierListError, parse_earlier_lists
from departments.models import Section, SectionChange
from evaluations.rounds.models import Round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy


@dataclass(frozen=True)
class HistoryReport:
    """Result of an import: number of rounds and listings, and the listings without a current section."""

    rounds: int
    listings: int
    unknown: tuple[str, ...]


@transaction.atomic
def import_history(
    *, rows: Iterable[tuple[int, Sequence[str]]], by: policy.Actor, at: datetime, dry_run: bool = False
) -> HistoryReport:
    """Import lists; replaces rounds imported before, refuses rounds counted by this system."""
    policy.check(by, "roster.import")
    entries = _parsed(rows)
    keys = sorted({entry.key for entry in entries})
    counted = list(Round.objects.filter(key__in=keys, is_demo=False).values_list("key", flat=True))
    if counted:
        raise RuleViolation(f"轮次{'、'.join(counted)}由本系统评议，不能用历史榜单导入。")
    sections = _sections_by_name()
    listings = [_listing(entry, sections) for entry in entries]
    if not dry_run:
        _store(entries, listings)
        audit.record(
            "roster.import",
            None,
            by=by,
            at=at,
            detail={
                "step_label": "导入历史榜单",
                "rounds": keys,
                "rows": len(entries),
                "fixed": fixed_digests(*(("earlier", key) for key in keys)),
            },
        )
    return HistoryReport(len(keys), len(entries), tuple(str(row) for row in listings if row.section_id is None))


def _parsed(rows: Iterable[tuple[int, Sequence[str]]]) -> list[EarlierEntry]:
    try:
        return parse_earlier_lists(rows)
    except EarlierListError as error:
        raise RuleViolation(*error.faults) from None


def _sections_by_name() -> dict[tuple[str, str], int]:
    """Map current and former names to section ids; a current name takes precedence."""
    before = SectionChange.objects.order_by("-on").values_list("earlier_department_name", "earlier_name", "earlier")
    names = {(department, name): pk for department, name, pk in before}
    names.update(
        {
            (department, name): pk
            for department, name, pk in Section.objects.values_list("department__name", "name", "pk")
        }
    )
    return names


def _listing(entry: EarlierEntry, sections: dict[tuple[str, str], int]) -> EarlierListing:
    return EarlierListing(
        rank=entry.rank,
        department_name=entry.department,
        section_name=entry.section,
        problems=entry.problems,
        section_id=sections.get((entry.department, entry.section)),
    )


def _store(entries: Sequence[EarlierEntry], listings: Sequence[EarlierListing]) -> None:
    rounds = {}
    for key, name, start in sorted({(e.key, e.name, e.period_start) for e in entries}):
        fields = {"name": name, "period_start": start}
        rounds[key], _ = EarlierRound.objects.update_or_create(key=key, defaults=fields)
        rounds[key].listings.all().delete()
    for entry, listing in zip(entries, listings, strict=True):
        listing.round = rounds[entry.key]
    EarlierListing.objects.bulk_create(listings)

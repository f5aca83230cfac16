"""Import of lists published before this system (往期上榜名单): all or nothing; each round in the file is replaced."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.history.models import EarlierListing, EarlierRound
from accountability.history.rules.comparison import NONE, Comparison, Stored, compare
from accountability.history.rules.earlier_lists import EarlierLists, parse_earlier_lists
from accountability.history.rules.matching import Known, Sections
from departments.models import ChangeKind, Section, SectionChange
from departments.roster.queries import unit_names
from evaluations.rounds.models import Round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists.rules.tables import SourceRow, TableError
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions import policy

CHANGED = "名录或者往期上榜名单在预览之后有变动，没有导入任何内容，请核对新的预览。"
Answers = Mapping[str, str]


@dataclass(frozen=True)
class HistoryReport:
    """What an import does, and what it asks."""

    comparison: Comparison

    @property
    def rounds(self) -> int:
        """Number of rounds in the file."""
        return len(self.comparison.lists.rounds)

    @property
    def listings(self) -> int:
        """Number of listed sections."""
        return len(self.comparison.lines)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Listed sections that count for no section of the roster, each once."""
        return tuple(dict.fromkeys(line.entry.title for line in self.comparison.lines if line.section is None))


@transaction.atomic
def import_history(
    *,
    rows: Iterable[SourceRow],
    by: policy.Actor,
    at: datetime,
    answers: Answers | None = None,
    agreed: str = "",
    dry_run: bool = False,
) -> HistoryReport:
    """Import lists, with the answers to what is asked; `agreed` = fingerprint of the confirmed preview.

    Replaces rounds imported before, refuses rounds counted by this system.
    """
    (policy.check_starts if dry_run else policy.check)(by, "roster.import")
    found = compare_history(rows, answers or {}, at)
    refuse_unless_agreed(found, agreed)
    if open_ := found.open_questions(answers or {}):
        raise RuleViolation(*(f"{question.text}请写明，可选：{_choices(question.choices)}。" for question in open_))
    if not dry_run:
        _store(found)
        keys = sorted(found.lists.rounds)
        audit.record(
            "roster.import",
            None,
            by=by,
            at=at,
            detail={
                "step_label": "导入往期上榜名单",
                "rounds": keys,
                "rows": len(found.lines),
                "fixed": fixed_digests(*(("earlier", key) for key in keys)),
            },
        )
    return HistoryReport(found)


def compare_history(rows: Iterable[SourceRow], answers: Answers, at: datetime) -> Comparison:
    """Return what an import would change; the caller checks the permission and opens the transaction."""
    lists = _in_stored_spelling(_parsed(rows, timezone.localdate(at)))
    _refuse_counted(lists)
    sections = Sections(_known_sections(), unit_names())
    return compare(lists, sections, list(_stored(lists)), answers)


def refuse_unless_agreed(found: Comparison, agreed: str) -> None:
    """Refuse changes other than those of the confirmed preview."""
    if agreed and agreed != found.fingerprint:
        raise RuleViolation(CHANGED)


def _parsed(rows: Iterable[SourceRow], today: date) -> EarlierLists:
    try:
        return parse_earlier_lists(rows, today)
    except TableError as error:
        raise FileRefused(error.faults) from None


def _in_stored_spelling(lists: EarlierLists) -> EarlierLists:
    """Return the lists with the codes that stored rounds have, however the file writes them."""
    stored = {name_key(key): key for key in EarlierRound.objects.values_list("key", flat=True)}
    return lists.with_codes({key: stored[name_key(key)] for key in lists.rounds if name_key(key) in stored})


def _refuse_counted(lists: EarlierLists) -> None:
    ours = {name_key(key): key for key in Round.objects.filter(is_demo=False).values_list("key", flat=True)}
    counted = [ours[name_key(key)] for key in lists.rounds if name_key(key) in ours]
    if counted:
        raise RuleViolation(f"轮次{'、'.join(counted)}由本系统评议，不能用往期上榜名单导入。")


def _known_sections() -> Iterator[Known]:
    """Yield every section under its present name and under those it bore before."""
    sections = {section.pk: section for section in Section.objects.select_related("department").order_by("code")}
    changes = list(SectionChange.objects.order_by("on", "pk"))
    since = {
        change.later_id: change.on
        for change in changes
        if change.kind in {ChangeKind.RENAMED, ChangeKind.MOVED, ChangeKind.SPLIT}
    }
    now = {pk: f"{section.department.name}{section.name}" for pk, section in sections.items()}
    for pk, section in sections.items():
        yield Known(pk, section.code, section.department.name, section.name, since=since.get(pk), now=now[pk])
    for change in changes:
        pk, named = change.earlier_id, (change.earlier_department_name, change.earlier_name)
        yield Known(pk, sections[pk].code, *named, until=change.on, now=now[pk])


def _stored(lists: EarlierLists) -> Iterator[Stored]:
    rows = EarlierListing.objects.filter(round__key__in=lists.rounds).select_related("round", "section__department")
    for row in rows:
        yield Stored(
            row.round.key,
            row.round.name,
            row.round.period_start,
            row.rank,
            row.department_name,
            row.section_name,
            row.problems,
            f"{row.section.code} {row.section.department.name}{row.section.name}" if row.section else NONE,
        )


def _choices(choices: Sequence[tuple[str, str]]) -> str:
    return "、".join(text for _, text in choices)


def _store(found: Comparison) -> None:
    rounds = {}
    for key, first in found.lists.rounds.items():
        fields = {"name": first.name, "period_start": first.period_start}
        rounds[key], _ = EarlierRound.objects.update_or_create(key=key, defaults=fields)
        rounds[key].listings.all().delete()
    EarlierListing.objects.bulk_create(
        EarlierListing(
            round=rounds[line.entry.key],
            rank=line.entry.rank,
            department_name=line.entry.department,
            section_name=line.entry.section,
            problems=line.entry.problems,
            section_id=line.section.section if line.section else None,
        )
        for line in found.lines
    )

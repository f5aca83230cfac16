"""Data of the page of the supervisors' signing codes: who has which sheet, and what may be done with it."""

from dataclasses import dataclass

from django.db.models import Count, Q

from evaluations.draws.models import Draw, DrawEntry, SigningSheet
from evaluations.draws.services.signing import HAND, ISSUE, SEAL, without_codes
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons


@dataclass(frozen=True)
class SheetLine:
    """One supervisor in office, the sheet in force, how many codes are used, and the actions allowed."""

    entry: DrawEntry
    sheet: SigningSheet | None
    used: int
    has_codes: bool
    may_seal: bool
    may_hand: bool
    may_reissue: bool


@dataclass(frozen=True)
class SigningPage:
    """All that the page shows."""

    lines: list[SheetLine]
    revoked: list[SigningSheet]
    may_issue: bool
    # Sheets that wait for another person than this one.
    waits_for_another: int

    @property
    def may_hand(self) -> bool:
        """True if this person may confirm the handing of some sheet."""
        return any(line.may_hand for line in self.lines)


def signing_page(draw: Draw, user: User) -> SigningPage:
    """Read the page in a fixed number of queries."""
    sheets = list(
        SigningSheet.objects.filter(entry__draw=draw).select_related("entry__person", "sealed_by", "handed_by")
    )
    standing = {sheet.entry_id: sheet for sheet in sheets if not sheet.revoked_at}
    supervisors = draw.entries.filter(is_selected=True).select_related("person").order_by("stratum", "place")
    counted = supervisors.annotate(
        codes=Count("signing_codes"), used=Count("signing_codes", filter=Q(signing_codes__used_at__isnull=False))
    )
    lines = [_line(entry, standing.get(entry.pk), user) for entry in counted]
    return SigningPage(
        lines=lines,
        revoked=[sheet for sheet in sheets if sheet.revoked_at],
        may_issue=policy.may_start(user, ISSUE) and without_codes(draw).exists(),
        waits_for_another=sum(_waits(line.sheet) and not line.may_hand for line in lines),
    )


def _line(entry: DrawEntry, sheet: SigningSheet | None, user: User) -> SheetLine:
    codes, used = entry.codes, entry.used  # type: ignore[attr-defined]  # annotated above
    return SheetLine(
        entry=entry,
        sheet=sheet,
        used=used,
        has_codes=bool(codes),
        may_seal=sheet is not None and sheet.sealed_at is None and policy.may(user, SEAL),
        may_hand=_waits(sheet) and policy.may(user, HAND) and _is_another(user, sheet),
        may_reissue=bool(codes or (sheet and sheet.sealed_at)) and policy.may_start(user, ISSUE),
    )


def _waits(sheet: SigningSheet | None) -> bool:
    return sheet is not None and sheet.sealed_at is not None and sheet.handed_at is None


def _is_another(user: User, sheet: SigningSheet | None) -> bool:
    return sheet is not None and sheet.sealed_by is not None and are_two_persons(user, sheet.sealed_by)

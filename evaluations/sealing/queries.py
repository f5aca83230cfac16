"""The sealing record (封箱记录), published lists of codes and ballots, inclusion proofs.

The record is stored as bytes at sealing: counts by section and channel, hashes of the lists of issued and used codes,
and the Merkle root over all ballots.
"""

import hashlib
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db.models import Count, Q

from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import DEAD, able_by, codes_of_withheld_use, family_of, sizes_of, with_sizes
from evaluations.codes.rules.publishing import lists_of, withheld_use
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.protocol.box_rows import KINDS, Place
from evaluations.protocol.codes import issue_hash
from evaluations.protocol.merkle import audit_path, leaf, levels_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED, RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN, shown, shown_among, shown_beside_total
from evaluations.sealing.rules import Permit, difference_lines, waited_for
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import canonical_json

CHUNK = 5000
# What a backup holds while ballots wait for the opening of their box, by who holds the key.
ON_CARDS = (
    "尚未开箱：这份备份含有待封箱评议票的密文，规定张数的密钥卡到齐方可打开；密钥卡销毁后，不能再用它恢复评议票。"
    "开箱之后、销毁密钥卡之前，请再备份一次并用 restore --verify 读回核对。"
)
KEPT_BY_SERVER = "尚未封箱：这份备份含有待封箱评议票的密文和由系统保管的票箱密钥，封箱后必须销毁。"
OPENED_BY = {"supervisors": "监督员持密钥卡开箱", "server": "评议系统自动开箱（密钥由评议系统保管）"}
OPENINGS = ("round.close", "box.open")  # the actions that open a box
LABELS = dict([*Channel.choices, *Origin.choices])
ACCOUNT_LABELS = {
    "online": "网上提交",
    "paper": "纸质票有效",
    "unfit": "纸质票空白、污损、无效",
    "void": "作废或者随批次停用的票号",
    "missing": "未收回的票号",
}


@dataclass(frozen=True)
class Inclusion:
    """Proof that a receipt is in a closing list: its path to the root (收录证明)."""

    round: Round
    receipt: str
    commitment: str
    path: list[tuple[str, str]]

    def as_json(self) -> str:
        """Return the proof file, as read by check_receipt.py."""
        facts = {
            "round": self.round.key,
            "receipt": self.receipt,
            "commitment": self.commitment,
            "path": self.path,
            "root": self.round.closing_root,
        }
        return json.dumps(facts, ensure_ascii=False, indent=1)


def sealing_record(round_: Round, ballots: int, opening: Mapping[str, Any]) -> bytes:
    """Build the record of the box being sealed, as canonical JSON; `opening` tells how it was opened."""
    return canonical_json(
        {
            "format": "nanchuan-closing/2",
            "round": round_.key,
            "paper_sha256": round_.ballot_form_sha256,
            "root": round_.closing_root,
            "ballots": ballots,
            "opening": opening,
            "channels": shown_beside_total(_ballots_by_channel(round_), able_by(round_, "channel")),
            "sections": _lines_by_section(round_),
            "books": _ballot_account(round_),
            "issued": _list_facts(issued_lines(round_)),
            "spent": _list_facts(spent_lines(round_)),
        }
    )


def account_lines(record: Mapping[str, Any]) -> list[tuple[str, int | str]]:
    """Return labelled figures that explain why more codes are used than ballots sealed; [] for old records."""
    books = record.get("books")
    if books is None:
        return []
    lines = [(label, books[name]) for name, label in ACCOUNT_LABELS.items()]
    lines += _opening_lines(record.get("opening", {}))
    cleared = books["cleared"]
    return [*lines, ("已查明并处理的纸质票差异", f"{cleared}个批次" if cleared else "没有")]


def _opening_lines(opening: Mapping[str, Any]) -> list[tuple[str, int | str]]:
    """Return the differences found at the opening, by kind; [] if there were none."""
    set_aside, missing = opening.get("set_aside", {}), opening.get("missing", {}).values()
    lines = [(f"不能打开、搁置的评议票（{KINDS[kind]}）", number) for kind, number in set_aside.items()]
    lines += [("缺少的评议票", sum(n for n in missing if n > 0)), ("多出的评议票", -sum(n for n in missing if n < 0))]
    return [(label, number) for label, number in lines if number]


def opening_lines(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return labelled facts of how the box was opened; [] for records from before there were box keys."""
    told = record.get("opening")
    if told is None:
        return []
    missing = {Place(*place.split("/")): number for place, number in told["missing"].items()}
    accepted = told["accepted"]
    lines = [
        ("开箱方式", OPENED_BY[told["mode"]]),
        ("票箱公钥校验值", told["key_id"]),
        *([("到场密钥卡", "、".join(told["cards"]))] if told["cards"] else []),
        ("开箱前的评议票密文", f"{told['rows']}张"),
        ("与登记的差异", "；".join(difference_lines(missing, told["set_aside"], LABELS)) or "没有"),
        *([("接受的差异", f"{accepted['number']}处，理由：{accepted['reason']}")] if accepted["number"] else []),
    ]
    if not told["authenticated"]:
        lines.append(("写入验证", f"系统密钥已丢失，经两人批准未作核对，理由：{accepted['reason']}"))
    return lines


def rows_found() -> Counter[Place]:
    """Count the whole spool by place: a row moved to another round is a difference of both."""
    rows = BallotSpool.objects.values_list("round__key", "channel", "origin").annotate(rows=Count("pk")).order_by()
    return Counter({Place(*place): number for *place, number in rows})


def rows_expected(round_: Round) -> Counter[Place]:
    """Count the used codes whose hash is the issued one, but for those on paper, and the settled valid sheets."""
    used = Credential.objects.filter(batch__round=round_, spend__isnull=False, is_on_paper=False)
    codes = used.values_list("batch__channel", "batch__origin", "issue", "spend").iterator(chunk_size=CHUNK)
    expected = Counter(
        Place(round_.key, channel, origin) for channel, origin, issue, spend in codes if issue_hash(str(spend)) == issue
    )
    sheets = PaperSheet.objects.filter(batch__round=round_, kind=SheetKind.VALID)
    for place in sheets.values_list("batch__channel", "batch__origin"):
        expected[Place(round_.key, *place)] += 1
    return expected


def has_told_differences(round_: Round) -> bool:
    """True if an opening of the round's box was refused because it differs from the used codes."""
    told = AuditEntry.objects.refused().filter(object_type=Round._meta.label)
    return told.filter(object_id=str(round_.pk), action__in=OPENINGS, detail__has_key="set_aside").exists()


def backup_note() -> str:
    """Return what a backup made now holds of ballots whose box is not open yet; "" if there are none.

    Reads no column that a newer version may have added: the backup before an upgrade asks it.
    """
    waiting = BallotSpool.objects.order_by().values("round").distinct()
    books = list(Round.objects.filter(pk__in=waiting).values_list("rulebook", flat=True))
    if not books:
        return ""
    return ON_CARDS if all(is_opened_by_supervisors(book) for book in books) else KEPT_BY_SERVER


def waited_for_at(round_: Round, at: datetime) -> str:
    """Return whom the round waits for at that moment, empty unless its vote has ended and its box is closed."""
    is_waiting = round_.state == RoundState.OPEN and at >= round_.closes_at
    return waited_for(round_.rulebook) if is_waiting else ""


def is_permitted(round_: Round, permit: Permit) -> bool:
    """True if two persons have permitted it for the opening of the round's box."""
    performed = AuditEntry.objects.performed().filter(action="box.recover", object_type=Round._meta.label)
    return performed.filter(object_id=str(round_.pk), detail__permit=permit, detail__key_id=round_.box_key).exists()


def issued_lines(round_: Round, batch: int | None = None) -> Iterator[bytes]:
    """Yield the published list of I, sorted, of a round or of one batch."""
    codes = Credential.objects.filter(batch__round=round_)
    if batch is not None:
        codes = codes.filter(batch=batch)
    return _lines(codes.order_by("issue").values_list("issue", flat=True).iterator(chunk_size=CHUNK))


def published_list(batch: CodeBatch, *, is_sealed: bool) -> Iterator[bytes] | None:
    """Return a batch's published list, or None if it has none (yet).

    After sealing its small replacements follow its own lines, whose digest was published before.
    """
    lists = lists_of(sizes_of(with_sizes(family_of(batch))), SMALLEST_SHOWN)
    if batch.pk not in lists.own or (batch.is_self_service and not is_sealed):
        return None
    joined = lists.joined.get(batch.pk, ()) if is_sealed else ()
    return chain(issued_lines(batch.round, batch.pk), _lines_of_batches(joined))


def rest_lines(round_: Round) -> Iterator[bytes]:
    """Yield the list of I of the small batches without a list of their own, published together after sealing."""
    return _lines_of_batches(lists_of(sizes_of(with_sizes(round_.batches.all())), SMALLEST_SHOWN).rest)


def published_spent_lines(round_: Round) -> Iterator[bytes]:
    """Yield the published list of E, sorted, without the codes whose use is not told one by one."""
    withheld = codes_of_withheld_use(round_)
    used = Credential.objects.filter(batch__round=round_, spend__isnull=False).order_by("spend")
    rows = used.values_list("issue", "spend").iterator(chunk_size=CHUNK)
    return _lines(str(spend) for issue, spend in rows if issue not in withheld)


def _lines_of_batches(batches: Iterable[int]) -> Iterator[bytes]:
    codes = Credential.objects.filter(batch__in=list(batches)).order_by("issue")
    return _lines(codes.values_list("issue", flat=True).iterator(chunk_size=CHUNK))


def spent_lines(round_: Round) -> Iterator[bytes]:
    """Yield the whole list of E, sorted, one line per used code; its digest is in the sealing record."""
    used = Credential.objects.filter(batch__round=round_, spend__isnull=False)
    return _lines(str(e) for e in used.order_by("spend").values_list("spend", flat=True).iterator(chunk_size=CHUNK))


def closing_leaves(round_: Round) -> Iterator[bytes]:
    """Yield the leaves of the closing list, sorted."""
    rows = Ballot.objects.filter(round=round_).order_by("receipt").values_list("receipt", "commitment")
    for receipt, commitment in rows.iterator(chunk_size=CHUNK):
        yield leaf(receipt, commitment)


def inclusion_of(round_: Round, receipt: str) -> Inclusion:
    """Return the audit path of a sealed ballot; nothing about its content.

    Takes one query once the process has cached the tree, which is built on first use.
    """
    commitment = Ballot.objects.values_list("commitment", flat=True).get(round=round_, receipt=receipt)
    receipts, levels = _tree(round_.pk, round_.closing_root)
    wanted, size = receipt.encode(), len(receipt)
    places = range(len(receipts) // size)
    place = bisect_left(places, wanted, key=lambda at: receipts[at * size : (at + 1) * size])
    return Inclusion(round_, receipt, commitment, audit_path(levels, place))


@lru_cache(maxsize=2)
def _tree(round_id: int, root: str) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the sorted receipts, joined, and the tree's levels; the root identifies the box, which never changes."""
    leaves = list(closing_leaves(Round(pk=round_id)))
    return b"".join(entry.partition(b"\t")[0] for entry in leaves), levels_of(leaves)


def _lines(values: Iterable[str]) -> Iterator[bytes]:
    return (f"{value}\n".encode() for value in values)


def _list_facts(lines: Iterable[bytes]) -> dict[str, object]:
    digest, count = hashlib.sha256(), 0
    for count, line in enumerate(lines, start=1):  # noqa: B007  the last number is the count
        digest.update(line)
    return {"count": count, "sha256": digest.hexdigest()}


def _ballot_account(round_: Round) -> dict[str, int | str]:
    """Return the round's ballot account, and how many batches had a difference cleared.

    The total of the box is public, so online and paper ballots are hidden together. Void and missing codes are not
    ballots and need not be hidden.
    """
    sheets = PaperSheet.objects.filter(batch__round=round_).exclude(kind="")
    valid = sheets.filter(kind=SheetKind.VALID).count()
    codes = Credential.objects.filter(batch__round=round_).aggregate(
        online=Count("pk", filter=Q(spend__isnull=False, is_on_paper=False)),
        void=Count("pk", filter=DEAD),
        missing=Count("pk", filter=Q(spend=None) & ~DEAD),
    )
    unfit = sheets.exclude(kind=SheetKind.VALID).count()
    cleared = PaperCount.objects.filter(batch__round=round_).exclude(cleared_because="").count()
    cells = shown_beside_total({"online": codes.pop("online"), "paper": valid})
    return {**cells, **codes, "unfit": shown(unfit), "cleared": cleared}


def _ballots_by_channel(round_: Round) -> dict[str, int]:
    found = dict(Ballot.objects.filter(round=round_).values_list("channel").annotate(ballots=Count("pk")))
    return {channel.value: found.get(channel.value, 0) for channel in Channel}


def _lines_by_section(round_: Round) -> dict[str, Any]:
    """Return section -> channel -> rated lines; without totals, from which hidden cells could be computed."""
    found = {
        (section, channel): lines
        for section, channel, lines in Rating.objects.filter(round=round_)
        .values_list("section__code", "channel")
        .annotate(lines=Count("pk"))
    }
    able = able_by(round_, "channel")
    codes = round_.sections.values_list("code", flat=True)
    return {
        code: {c.value: shown_among(found.get((code, c.value), 0), able.get(c, 0)) for c in Channel} for code in codes
    }


def sealed_rounds() -> list[Round]:
    """Return the rounds whose box is sealed (one query)."""
    return list(Round.objects.filter(state__in=SEALED))


def round_of_receipt(receipt: str) -> Round | None:
    """Return the sealed round whose closing list contains the receipt, or None (one query)."""
    found = Ballot.objects.filter(receipt=receipt, round__state__in=SEALED).select_related("round").first()
    return found.round if found else None


@dataclass(frozen=True)
class SectionLine:
    """Rated lines of one section by channel, with small figures hidden."""

    department: str
    name: str
    cells: list[tuple[str, int | str]]


@dataclass(frozen=True)
class PublishedBatches:
    """The published batches, with their number of `codes` and, after sealing, of replacements that `joined` them.

    `bound` = those whose ballots rate one section, which may be as many as there are sections;
    `rest` = codes of the small batches, known after sealing; `are_waiting` = some lists follow after sealing;
    `withheld` = codes of which the list of used codes tells nothing.
    """

    batches: list[tuple[CodeBatch, int]]
    bound: list[tuple[CodeBatch, int]]
    rest: int
    are_waiting: bool
    withheld: int


def batches_to_show(round_: Round, *, is_sealed: bool) -> PublishedBatches:
    """Return what the public page shows of the batches (one query)."""
    found = with_sizes(CodeBatch.objects.filter(round=round_))
    sizes = sizes_of(found)
    codes = {size.batch: size.codes for size in sizes}
    lists, withheld = lists_of(sizes, SMALLEST_SHOWN), withheld_use(sizes, SMALLEST_SHOWN)
    hidden = sum(size.able for size in sizes if size.batch in withheld.batches)
    others = sum(size.able for size in sizes) - hidden
    listed = [
        (batch, sum(codes[pk] for pk in lists.joined.get(batch.pk, ())) if is_sealed else 0)
        for batch in found
        if batch.pk in lists.own or (batch.is_self_service and not is_sealed)
    ]
    return PublishedBatches(
        batches=[(batch, joined) for batch, joined in listed if batch.section_id is None],
        bound=[(batch, joined) for batch, joined in listed if batch.section_id],
        rest=sum(codes[pk] for pk in lists.rest) if is_sealed else 0,
        are_waiting=not is_sealed and bool(lists.rest or lists.joined),
        withheld=hidden + min(withheld.cover, others) if is_sealed else 0,
    )


def sections_to_show(round_: Round, record: Mapping[str, Any]) -> list[SectionLine]:
    """Return the sealing record's counts by section (one query)."""
    return [
        SectionLine(
            section.department_name,
            section.name,
            [(c.label, record["sections"][section.code][c.value]) for c in Channel],
        )
        for section in round_.sections.all()
    ]

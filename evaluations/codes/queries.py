"""Totals of a round's codes by batch and stratum (票号批次); never anything about a single code.

Replacements (补发) are few, and for people the staff know by name: their returns are counted within the original
batch, and hiding one small figure beside a public total hides the next smallest too. Bound batches of one section
(drawn first, drawn by a top-up) are counted together too: what the page says of the section is the sum.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.rules.issuing import (
    bound_elsewhere,
    code_faults,
    is_thin,
    section_code,
    summed_up,
    too_few_at_opening,
)
from evaluations.codes.rules.publishing import BatchSize, few_together, is_small, withheld_use
from evaluations.draws.models import DrawEntry
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN, shown_beside_total
from evaluations.service_records.rules.frame import batch_min

# Codes that can no longer vote: voided, or unused when their batch was recalled.
DEAD = Q(spend=None) & (Q(is_void=True) | Q(batch__is_open=False))
# A stratum lags if its return rate is more than this many percentage points below its channel's.
LAG_POINTS = 10
# What stands in place of the returns of a batch that are told with another batch's.
ELSEWHERE = "并入原批次"


@dataclass(frozen=True)
class BatchLine:
    """One batch: codes issued, returns including its replacements, whether its stratum lags, whether it is small.

    A small batch has no published list of its own.
    """

    batch: CodeBatch
    issued: int
    void: int
    returned: int | str
    percent: int | None
    lags: bool
    is_small: bool

    @property
    def is_counted_here(self) -> bool:
        """False if its returns are told with another batch's."""
        return self.returned != ELSEWHERE


class Kind(NamedTuple):
    """Codes that go to people of the same kind: of one channel, bound to a section or not."""

    channel: Channel
    is_bound: bool = False


class BoundBatches(NamedTuple):
    """All batches bound to a section in three figures: there may be as many as sections."""

    batches: int
    issued: int
    void: int


@dataclass(frozen=True)
class StratumLine:
    """One stratum: drawn people beside their valid codes; `least` = how many a bound batch needs at least."""

    channel: Channel
    stratum: str
    people: int
    codes: int
    is_bound: bool = False
    least: int = 0

    @property
    def is_thin(self) -> bool:
        """True if so few clients of a section were drawn that no bound codes are made for them."""
        return self.is_bound and is_thin(self.people, self.codes, self.least)

    @property
    def lacking(self) -> int:
        """Number of codes still to be made."""
        return 0 if self.is_thin else max(0, self.people - self.codes)


def counted_batches(round_: Round) -> list[CodeBatch]:
    """Return the batches annotated with `codes`, `used`, `void`, `dead`; replacements follow their original batch."""
    batches = CodeBatch.objects.filter(round=round_).annotate(
        codes=Count("credentials"),
        used=Count("credentials", filter=Q(credentials__spend__isnull=False)),
        void=Count("credentials", filter=Q(credentials__is_void=True)),
        dead=Count(
            "credentials", filter=Q(credentials__spend=None) & (Q(credentials__is_void=True) | Q(is_open=False))
        ),
    )
    return sorted(batches, key=lambda batch: (batch.replaces_id or batch.pk, batch.pk))


def batch_lines(batches: Sequence[CodeBatch]) -> list[BatchLine]:
    """Return one line per batch of `counted_batches`, with small figures hidden."""
    heads, families = counted_with(batches), defaultdict(list)
    for batch in batches:
        families[heads[batch.pk]].append(batch)
    figures: dict[str, int | str] = {}
    for channel in Channel:
        used = {
            str(head): sum(batch.used for batch in family)  # type: ignore[attr-defined]  # annotated
            for head, family in families.items()
            if family[0].channel == channel
        }
        able = {
            head: sum(batch.codes - batch.void for batch in families[int(head)])  # type: ignore[attr-defined]  # annotated
            for head in used
        }
        figures |= shown_beside_total(used, able)
    return [_line(batch, batches, families, figures) for batch in batches]


def counted_with(batches: Iterable[CodeBatch]) -> dict[int, int]:
    """Return batch -> the batch within which its returns are told: its original, its section's first bound one."""
    heads: dict[int, int] = {}
    first: dict[int, int] = {}
    for batch in batches:
        own = batch.replaces_id or batch.pk
        heads[batch.pk] = first.setdefault(batch.section_id, own) if batch.section_id else own
    return heads


def bound_batches(lines: Iterable[BatchLine]) -> BoundBatches | None:
    """Return the figures of the batches bound to a section, or None if there are none."""
    bound = [line for line in lines if line.batch.section_id]
    return BoundBatches(len(bound), sum(b.issued for b in bound), sum(b.void for b in bound)) if bound else None


def return_rate(batches: Sequence[CodeBatch]) -> int | None:
    """Return the percentage of valid codes used, ignoring recalled batches; None without valid codes."""
    standing = [batch for batch in batches if batch.is_open]
    issued = sum(batch.codes - batch.void for batch in standing)  # type: ignore[attr-defined]  # annotated
    used = sum(batch.used for batch in standing)  # type: ignore[attr-defined]  # annotated
    return 100 * used // issued if issued else None


def drawn_people(round_: Round) -> dict[Channel, dict[str, int]]:
    """Return channel -> stratum -> drawn people, for channels whose codes go to drawn people (one query)."""
    found: dict[Channel, dict[str, int]] = {}
    for kind, strata in drawn_by_kind(round_).items():
        found.setdefault(kind.channel, {}).update(strata)
    return found


def drawn_by_kind(round_: Round) -> dict[Kind, dict[str, int]]:
    """Return kind of codes -> stratum -> drawn people (one query)."""
    kinds = {
        DrawPurpose.EVALUATORS: Kind(Channel.TARGETED),
        DrawPurpose.CLIENTS: Kind(Channel.TARGETED, is_bound=True),
    }
    if round_.rulebook["sampled_forms"] == ISSUED_CODES:
        kinds[DrawPurpose.ISSUED] = Kind(Channel.SAMPLED)
    drawn = DrawEntry.objects.filter(draw__in=round_.draws.standing(), draw__purpose__in=list(kinds), is_selected=True)
    found: dict[Kind, dict[str, int]] = {}
    rows = drawn.order_by("stratum").values_list("draw__purpose", "stratum")
    for purpose, stratum, people in rows.annotate(Count("pk")):
        found.setdefault(kinds[DrawPurpose(purpose)], {})[stratum] = people
    return found


def codes_by_kind(round_: Round) -> dict[Kind, dict[str, int]]:
    """Return kind -> stratum -> codes that can vote or have voted, also of a recalled batch (one query)."""
    return _by_kind(_able_codes(round_))


def _able_codes(round_: Round) -> list[tuple[str, str | None, str, int]]:
    """Return channel, code of the section that the batches are bound to, stratum, codes (one query)."""
    codes = Credential.objects.filter(batch__round=round_).exclude(DEAD).order_by()
    rows = codes.values_list("batch__channel", "batch__section__code", "batch__stratum").annotate(Count("pk"))
    return sorted(rows, key=itemgetter(0, 2))


def _by_kind(rows: Iterable[tuple[str, str | None, str, int]]) -> dict[Kind, dict[str, int]]:
    found: dict[Kind, dict[str, int]] = {}
    for channel, section, stratum, number in rows:
        mine = found.setdefault(Kind(Channel(channel), is_bound=section is not None), {})
        mine[stratum] = mine.get(stratum, 0) + number
    return found


def stratum_lines(round_: Round) -> list[StratumLine]:
    """Return drawn people beside their codes, by stratum (two queries)."""
    codes, least = codes_by_kind(round_), batch_min(round_.rulebook)
    lines = []
    for (channel, is_bound), drawn in drawn_by_kind(round_).items():
        mine = codes.get(Kind(channel, is_bound), {})
        lines += [
            StratumLine(channel, stratum, people, mine.get(stratum, 0), is_bound, least)
            for stratum, people in drawn.items()
        ]
        if mine.get(""):
            lines.append(StratumLine(channel, "（不分类别）", 0, mine[""]))
    return lines


def lacking_codes(round_: Round) -> list[StratumLine]:
    """Return the strata drawn without enough codes; codes without a stratum leave open whose are lacking."""
    lines = stratum_lines(round_)
    mixed = {line.channel for line in lines if not line.people}
    return [line for line in lines if line.lacking and (line.is_bound or line.channel not in mixed)]


def closed_counters(round_: Round) -> dict[Channel, Origin]:
    """Return the channels whose codes visitors may claim but cannot yet, with the origin such codes have."""
    counters = {Channel.SAMPLED: Origin.WEBSITE, Channel.OTHER: Origin.OPEN}
    if round_.rulebook["sampled_forms"] == ISSUED_CODES:
        del counters[Channel.SAMPLED]
    opened = set(round_.batches.filter(is_self_service=True, is_open=True).values_list("channel", flat=True))
    wanted = [channel for channel in counters if channel in round_.rulebook["channels"] and channel not in opened]
    return {channel: counters[channel] for channel in wanted}


def self_service_batch(round_: Round) -> CodeBatch | None:
    """Return the batch whose code the next visitor gets, if any: of those open, the one with the fewest codes.

    The visitor does not choose the channel, and every channel that takes visitors gets as many (one query).
    """
    batches = CodeBatch.objects.filter(round=round_, is_self_service=True, is_open=True, is_halted=False)
    return batches.annotate(codes=Count("credentials")).order_by("codes", "pk").first()


def takes_visitors(round_: Round) -> bool:
    """True if visitors can claim codes of the round (one query)."""
    return CodeBatch.objects.filter(round=round_, is_self_service=True, is_open=True, is_halted=False).exists()


def is_usable(round_key: str, code: str) -> bool:
    """True if the code can still vote, whenever the vote is open (one query)."""
    unused = Credential.objects.filter(pk=issue_of(round_key, code), spend=None, is_void=False, batch__is_open=True)
    return unused.exists()


def channels_with_batches(round_: Round) -> set[str]:
    """Return the channels that have a batch in force."""
    return set(round_.batches.filter(is_open=True).values_list("channel", flat=True))


def unfit_codes(round_: Round) -> list[str]:
    """Return in Chinese where codes and drawn people differ; all codes must exist before the vote (two queries).

    A bound batch must be that of its stratum's section, and hide its voters among each other: before the vote begins
    it can still be stopped. A reform since the draw changes nothing, as the round keeps the roster it froze.
    """
    rows, least = _able_codes(round_), batch_min(round_.rulebook)
    codes = _by_kind(rows)
    faults = [bound_elsewhere(stratum, code) for _, code, stratum, _ in rows if code and section_code(stratum) != code]
    for kind, drawn in drawn_by_kind(round_).items():
        mine = codes.get(kind, {})
        thin = {name for name, people in drawn.items() if kind.is_bound and is_thin(people, mine.get(name, 0), least)}
        if kind.is_bound:
            few = {name: number for name, number in mine.items() if number < least and name in drawn}
            faults += summed_up([too_few_at_opening(name, number, least) for name, number in few.items()])
            thin |= set(few)
            mine = {name: number for name, number in mine.items() if name not in few}
        wanted = {name: people for name, people in drawn.items() if name not in thin}
        faults += summed_up(code_faults(kind.channel.label, wanted, mine, is_complete=True))
    return faults


def with_sizes(batches: QuerySet[CodeBatch]) -> QuerySet[CodeBatch]:
    """Return the batches annotated with `codes` and with `able`, those not void."""
    able = Count("credentials", filter=Q(credentials__is_void=False))
    return batches.annotate(codes=Count("credentials"), able=able)


def sizes_of(batches: Iterable[CodeBatch]) -> list[BatchSize]:
    """Return the sizes of batches from `with_sizes`."""
    return [
        BatchSize(batch.pk, batch.codes, batch.able, batch.replaces_id)  # type: ignore[attr-defined]  # annotated
        for batch in batches
    ]


def able_by(round_: Round, field: str) -> dict[str, int]:
    """Return a field of the batches (channel, origin) -> codes not void, whose holders could vote (one query)."""
    able = Credential.objects.filter(batch__round=round_, is_void=False).order_by(f"batch__{field}")
    return dict(able.values_list(f"batch__{field}").annotate(Count("pk")))


def origins_together(round_: Round) -> frozenset[str]:
    """Return the origins of sampled ballots that are published as one, since some have few codes (one query)."""
    able = Credential.objects.filter(batch__round=round_, batch__channel=Channel.SAMPLED, is_void=False)
    people = dict(able.order_by("batch__origin").values_list("batch__origin").annotate(Count("pk")))
    return few_together(people, SMALLEST_SHOWN)


def codes_of_withheld_use(round_: Round) -> frozenset[str]:
    """Return I of the codes of which the list of used codes does not tell whether they were used (three queries)."""
    withheld = withheld_use(sizes_of(with_sizes(CodeBatch.objects.filter(round=round_))), SMALLEST_SHOWN)
    able = Credential.objects.filter(batch__round=round_, is_void=False)
    small = able.filter(batch__in=withheld.batches).values_list("issue", flat=True)
    # In the order of I, which is random: any further codes will do, as nobody can tell whose they are.
    others = able.exclude(batch__in=withheld.batches).order_by("issue").values_list("issue", flat=True)
    return frozenset([*small, *others[: withheld.cover]])


def family_of(batch: CodeBatch) -> QuerySet[CodeBatch]:
    """Return the batch and its replacements."""
    return CodeBatch.objects.filter(Q(pk=batch.pk) | Q(replaces=batch))


def replaceable(batch: CodeBatch) -> int:
    """Return how many void codes of the batch and its replacements are not replaced yet."""
    codes = Credential.objects.filter(batch__in=family_of(batch))
    figures = codes.aggregate(
        void=Count("pk", filter=Q(is_void=True)), again=Count("pk", filter=Q(batch__replaces=batch))
    )
    return int(figures["void"] - figures["again"])


def _line(
    batch: CodeBatch,
    batches: Sequence[CodeBatch],
    families: Mapping[int, list[CodeBatch]],
    figures: Mapping[str, int | str],
) -> BatchLine:
    returned = figures.get(str(batch.pk), ELSEWHERE)
    rate = return_rate(families[batch.pk]) if isinstance(returned, int) else None
    whole = return_rate([b for b in batches if b.channel == batch.channel])
    return BatchLine(
        batch=batch,
        issued=batch.codes,  # type: ignore[attr-defined]  # annotated
        void=batch.void,  # type: ignore[attr-defined]  # annotated
        returned=returned,
        percent=rate,
        lags=bool(batch.stratum) and rate is not None and whole is not None and rate + LAG_POINTS < whole,
        is_small=is_small(batch.codes, SMALLEST_SHOWN),  # type: ignore[attr-defined]  # annotated
    )

"""Whether a round's sample audit is done, and what its record shows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Count, Exists, Q

from evaluations.ballots.models import Ballot
from evaluations.draws.models import SigningCode
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.rounds.rules.rulebook import wants_sample_audit
from evaluations.sample_audit.models import SampleAudit
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.sample_audit.rules.drawing import draw_sample, sample_seed
from evaluations.scoring.method import Channel
from nanchuan_eval.core.canonical import sha256_hex

UNEQUAL_OUTCOMES = (Outcome.DIFFERS, Outcome.MISSING)
UNEQUAL = Q(outcome__in=UNEQUAL_OUTCOMES)


def audit_of(round_: Round) -> SampleAudit | None:
    """Return the audit of the count in force, or None while there is none (one query).

    After the publication it is the newest one, that of the first list: counts that follow have none of their own.
    """
    found = SampleAudit.objects.filter(tally__round=round_).select_related("tally__round")
    if round_.state in PUBLISHED:
        return found.order_by("-tally__version").first()
    newest = round_.tallies.order_by("-version").values("pk")[:1]
    return found.filter(tally__in=newest).first()


def audit_faults(round_: Round) -> list[str]:
    """Return in Chinese what the audit still lacks before the units may be told; [] if it is done or not wanted."""
    if not wants_sample_audit(round_.rulebook):
        return []
    newest = round_.tallies.order_by("-version").values("pk")[:1]
    found = SampleAudit.objects.filter(tally__round=round_, tally__in=newest).order_by("pk").values("seed")
    audit = found.annotate(
        open=Count("ballots", filter=Q(ballots__outcome=Outcome.OPEN), distinct=True),
        unexplained=Count(
            "ballots", filter=Q(ballots__outcome__in=UNEQUAL_OUTCOMES, ballots__explained_at=None), distinct=True
        ),
        signed=Count("signatures", distinct=True),
        has_codes=Exists(SigningCode.objects.filter(entry__draw__round=round_)),
    ).first()
    if audit is None:
        return ["抽样核对尚未进行，请先确定核对方案。"]
    if not audit["seed"]:
        return ["抽样核对的方案已经确定，尚未抽取评议票。"]
    lacking = max(0, int(round_.rulebook["count_witnesses"]) - audit["signed"]) if audit["has_codes"] else 0
    return _still_open(audit["open"], audit["unexplained"]) or _unsigned(lacking)


def comparison_faults(audit: SampleAudit) -> list[str]:
    """Return in Chinese what has still to be compared or explained."""
    found = audit.ballots.aggregate(
        open=Count("pk", filter=Q(outcome=Outcome.OPEN)),
        unexplained=Count("pk", filter=UNEQUAL & Q(explained_at=None)),
    )
    return _still_open(found["open"], found["unexplained"])


def _still_open(compared: int, unexplained: int) -> list[str]:
    lacks = [f"抽样核对还有{compared}张评议票没有核对。"] if compared else []
    return lacks + ([f"抽样核对有{unexplained}处差异没有查明。"] if unexplained else [])


def _unsigned(lacking: int) -> list[str]:
    return [f"抽样核对记录还差{lacking}名监督员签名。"] if lacking else []


def signature_faults(audit: SampleAudit) -> list[str]:
    """Return in Chinese how many supervisors have yet to sign the record."""
    lacking = supervisors_lacking(audit.tally.round, audit.signatures.count())
    return _unsigned(lacking)


def supervisors_lacking(round_: Round, signed: int) -> int:
    """Return how many signatures are missing; none are asked for before the supervisors have signing codes."""
    if not SigningCode.objects.filter(entry__draw__round=round_).exists():
        return 0
    return max(0, int(round_.rulebook["count_witnesses"]) - signed)


def plan_of(audit: SampleAudit) -> dict[str, Any]:
    """Return the frozen plan, its channels in their usual order."""
    plan: dict[str, Any] = json.loads(audit.plan)
    return plan | {"channels": {c.value: plan["channels"][c] for c in Channel if c in plan["channels"]}}


def counted_receipts(round_: Round, channels: Iterable[str]) -> dict[str, list[str]]:
    """Return channel -> receipts of the counted ballots, sorted: the list from which is drawn."""
    found: dict[str, list[str]] = {channel: [] for channel in channels}
    rows = Ballot.objects.filter(round=round_, is_counted=True).order_by("receipt")
    for channel, receipt in rows.values_list("channel", "receipt"):
        found[channel].append(receipt)
    return found


def list_digest(receipts: Iterable[str]) -> str:
    """Return the digest of a channel's sorted receipts, a line each."""
    return sha256_hex("".join(f"{receipt}\n" for receipt in receipts).encode())


def drawn_receipts(seed: str, plan: Mapping[str, Any], receipts: Mapping[str, list[str]]) -> list[str]:
    """Return the drawn receipts, channel by channel in the order drawn."""
    sizes = {channel: of["size"] for channel, of in plan["channels"].items()}
    return [receipt for of in draw_sample(seed, receipts, sizes).values() for receipt in of]


def draw_faults(round_: Round, audit: SampleAudit) -> Iterator[str]:
    """Yield what does not agree in plan, seed and drawn ballots; a list that a recount changed is not drawn again."""
    if sha256_hex(audit.plan.encode()) != audit.plan_sha256:
        yield f"“{audit}”的核对方案与其校验值不符。"
    if not audit.seed:
        return
    if sample_seed(audit.plan_sha256, audit.dice) != audit.seed:
        yield f"“{audit}”的抽取种子不能由核对方案和骰子数字算出。"
    plan = plan_of(audit)
    receipts = counted_receipts(round_, plan["channels"])
    if any(list_digest(receipts[channel]) != of["list_sha256"] for channel, of in plan["channels"].items()):
        return
    if list(audit.ballots.values_list("ballot__receipt", flat=True)) != drawn_receipts(audit.seed, plan, receipts):
        yield f"“{audit}”登记的评议票不是由抽取种子抽出的。"

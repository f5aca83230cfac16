"""What the page and the record of a sample audit show."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from evaluations.box_key.queries import holder_name
from evaluations.rounds.models import Round
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from evaluations.sample_audit.queries.audits import audit_of, comparison_faults, plan_of, signature_faults
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.sample_audit.rules.drawing import last_tickets
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import shown
from evaluations.verdicts.queries import Answer, Verdict

CONFIRMED = "能够确认"
NOT_CLAIMED = "误差范围内，不作确认"
# Printed under every table of the sizes, for the turnout beside it does not count a ballot without a valid line.
DRAWN_FROM = (
    "核对的评议票从票箱中抽取，不含抽样评议未抽中的票和经核查认定的废票；没有有效评议的票不计入“计票”，但也供抽取。"
)


@dataclass(frozen=True)
class ChannelLine:
    """One channel: the ballots to draw from, how many are compared, what was found; the last drawn one's ticket."""

    code: str
    label: str
    counted: int
    size: int
    equal: int
    unequal: int
    last_ticket: str

    @property
    def shown_size(self) -> int | str:
        """The number compared, hidden where it would tell of one to four people."""
        return shown(self.size)

    @property
    def is_whole(self) -> bool:
        """True if every ballot is compared."""
        return 0 < self.counted == self.size


@dataclass(frozen=True)
class ClaimLine:
    """One listed section: its least lead, the ballots that would confirm it, and whether this sample does."""

    section: str
    is_claimed: bool
    margin: str
    needed: list[int]
    verdict: str


@dataclass(frozen=True)
class SamplePage:
    """All that page and record show; `audit` is None before there is a plan."""

    audit: SampleAudit | None
    assurance: str
    channels: list[ChannelLine]
    claims: list[ClaimLine]
    sheets: list[SampleBallot]
    differing: list[SampleBallot]
    online: int
    open: int
    lacks: list[str]
    signed: list[str]
    conclusion: str
    unconfirmed: str
    drawn_from: str = DRAWN_FROM

    @property
    def drawing(self) -> dict[str, str]:
        """What the drawn ballots follow from."""
        of = self.audit
        return {"plan_sha256": of.plan_sha256, "dice": of.dice, "seed": of.seed} if of else {}

    @property
    def confirmed(self) -> list[str]:
        """The listed sections that the sample confirms."""
        return [line.section for line in self.claims if line.verdict == CONFIRMED]


def sample_page(round_: Round) -> SamplePage:
    """Read everything the page shows."""
    audit = audit_of(round_)
    assurance = _assurance(round_)
    if audit is None:
        return SamplePage(None, assurance, [], [], [], [], 0, 0, [], [], "", "")
    rows = list(audit.ballots.select_related("ballot", "sheet__batch"))
    plan, differing = plan_of(audit), [row for row in rows if row.outcome in {Outcome.DIFFERS, Outcome.MISSING}]
    claims = _claims(round_, plan)
    lacks = (comparison_faults(audit) or signature_faults(audit)) if audit.seed else []
    return SamplePage(
        audit=audit,
        assurance=assurance,
        channels=_channels(plan, audit, rows),
        claims=claims,
        sheets=[row for row in rows if row.sheet],
        differing=differing,
        online=sum(row.sheet is None for row in rows),
        open=sum(row.outcome == Outcome.OPEN for row in rows),
        lacks=lacks,
        signed=[
            f"{holder_name(each.supervisor)}（{timezone.localtime(each.at):%Y年%-m月%-d日 %H:%M}）"
            for each in audit.signatures.select_related("supervisor__person")
        ],
        conclusion=_conclusion(rows, differing, claims, assurance) if audit.seed and not lacks else "",
        unconfirmed=_unconfirmed(round_, claims),
    )


def sample_verdict(page: SamplePage) -> Verdict:
    """Return the supervisors' finding as recorded; nothing is compared anew, for the ballots are not public."""
    answer = Answer.DIFFERS if page.differing else Answer.AGREES
    return Verdict(answer, page.conclusion)


def _assurance(round_: Round) -> str:
    """Return the certainty in words, from the rulebook's risk."""
    return f"{(100 * (1 - Decimal(round_.rulebook['audit_risk']))).normalize():f}%"


def _channels(plan: Mapping[str, Any], audit: SampleAudit, rows: list[SampleBallot]) -> list[ChannelLine]:
    drawn: dict[str, list[SampleBallot]] = {channel: [] for channel in plan["channels"]}
    for row in rows:
        drawn[row.ballot.channel].append(row)
    tickets = last_tickets(audit.seed, {c: [row.ballot.receipt for row in of] for c, of in drawn.items()})
    return [
        ChannelLine(
            code=channel,
            label=Channel(channel).label,
            counted=of["counted"],
            size=of["size"],
            equal=sum(row.outcome == Outcome.EQUAL for row in drawn[channel]),
            unequal=sum(row.outcome in {Outcome.DIFFERS, Outcome.MISSING} for row in drawn[channel]),
            last_ticket=tickets.get(channel, ""),
        )
        for channel, of in plan["channels"].items()
    ]


def _claims(round_: Round, plan: Mapping[str, Any]) -> list[ClaimLine]:
    names = {section.code: str(section) for section in round_.sections.all()}
    return [
        ClaimLine(
            section=names[claim["section"]],
            is_claimed=claim["made"],
            margin=claim["margin"],
            needed=[claim["needed"][channel] for channel in plan["channels"]],
            verdict=CONFIRMED if claim["confirmed"] else NOT_CLAIMED,
        )
        for claim in plan["claims"]
    ]


def _unconfirmed(round_: Round, claims: list[ClaimLine]) -> str:
    """Return what to say where the sample confirms no section; the size suffices for each that is 明确."""
    if claims:
        return "没有。按评议结果上榜的科室与榜外科室的差距均在误差范围内，不作确认。"
    if round_.results.filter(data__listed=True).exists():
        return "没有。参加排名的科室均已上榜，或者上榜的均为一票否决，没有需要抽样确认的位次。"
    return "没有。本轮没有科室上榜。"


def _conclusion(rows: list[SampleBallot], differing: list[SampleBallot], claims: list[ClaimLine], sure: str) -> str:
    """Return what the finished comparison says, and no more."""
    if differing:
        return (
            f"共核对{len(rows)}张，其中{len(differing)}张不一致，原因均已查明。因有差异，不能再说抽样确认了上榜科室。"
        )
    text = f"共核对{len(rows)}张，全部一致。"
    if not any(line.verdict == CONFIRMED for line in claims):
        return text
    return (
        f"{text}列为“{CONFIRMED}”的科室，如果因评议票记录错误而排到参加排名的榜外科室之前，"
        f"这样抽取有不低于{sure}的把握抽到错误的评议票；本次没有抽到。"
    )

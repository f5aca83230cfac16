"""What waits before the list: pools and draws, personal data, paper ballots, alerts, flags of a count."""

from collections.abc import Callable
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.urls import reverse

from accountability.worklist.queries.source import Asked, Columns, Row, Source
from evaluations.codes.models import CodeBatch, OpenClaimAlert
from evaluations.draws.models import Draw, DrawEntry, PlannedDraw, SigningCode, SigningSheet
from evaluations.messages.models import Message, MessageEntry
from evaluations.messages.rules.kinds import MessageState, Way
from evaluations.paper_ballots.models import PaperSheet
from evaluations.personal_data.models import DataRequest, RequestState
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, VOIDABLE, DrawPurpose, DrawStatus, RoundState
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import Verdict
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workspace.rules import Phase

BEFORE_THE_DRAWS = (RoundState.DRAFT, RoundState.FROZEN)
BEFORE_CLOSING = (RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN)


def _pool_page(row: Row) -> str:
    return f"{reverse('admin:round-pool', args=[row.ref])}#pool-{row.detail}"


def _pools(kind: PoolKind, *, has_people: bool) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        people = PoolEntry.objects.filter(round=OuterRef("pk"), kind=kind)
        standing = PoolNotice.objects.filter(round=OuterRef("pk"), kind=kind, withdrawn_at=None)
        found = Round.objects.filter(~Exists(standing), state__in=BEFORE_THE_DRAWS)
        found = found.filter(Exists(people)) if has_people else found.filter(~Exists(people), state=RoundState.FROZEN)
        return Columns(found, title="name", detail=Value(str(kind)))

    return rows


def _draws(*statuses: DrawStatus) -> Callable[[Asked], Columns]:
    def rows(_: Asked) -> Columns:
        found = Draw.objects.filter(status__in=statuses).exclude(round__state=RoundState.VOID)
        return Columns(found, title="round__name", detail="purpose", since="planned__planned_at")

    return rows


def _replan(_: Asked) -> Columns:
    """Return the draws of counted ballots whose announced time an extension of the vote has left behind."""
    early = PlannedDraw.objects.filter(
        purpose=DrawPurpose.COUNTED, replaced_at=None, planned_at__lt=F("round__closes_at")
    )
    found = early.filter(round__state__in=[RoundState.DRAWN, RoundState.OPEN])
    return Columns(found, parent="round__pk", title="round__name", detail="purpose", since="round__closes_at")


def _ceremony(row: Row) -> str:
    return reverse("admin:draw-ceremony", args=[row.ref])


def _named(what: str) -> Callable[[Row], str]:
    return lambda row: f"{row.title}“{DrawPurpose(row.detail).label}”：{what}"


def _day(row: Row) -> date | None:
    return row.started_on


def _supervisors_draws(**sheets: object) -> QuerySet[Draw]:
    """Return the standing draws of supervisors with such a sheet of signing codes."""
    drawn = Draw.objects.filter(purpose=DrawPurpose.SUPERVISORS, status__in=[DrawStatus.DRAWN, DrawStatus.PUBLISHED])
    wanted = SigningSheet.objects.filter(entry__draw=OuterRef("pk"), revoked_at=None, **sheets)
    return drawn.filter(Exists(wanted), round__state__in=VOIDABLE)


def _to_issue(_: Asked) -> Columns:
    codes = SigningCode.objects.filter(entry=OuterRef("pk"))
    sheets = SigningSheet.objects.filter(entry=OuterRef("pk"), revoked_at=None)
    without = DrawEntry.objects.filter(~Exists(codes), ~Exists(sheets), draw=OuterRef("pk"), is_selected=True)
    drawn = Draw.objects.filter(purpose=DrawPurpose.SUPERVISORS, status__in=[DrawStatus.DRAWN, DrawStatus.PUBLISHED])
    return Columns(drawn.filter(Exists(without), round__state__in=VOIDABLE), title="round__name")


def _to_seal(_: Asked) -> Columns:
    return Columns(_supervisors_draws(sealed_at=None), title="round__name")


def _to_hand(asked: Asked) -> Columns:
    mine = SigningSheet.objects.filter(sealed_by=asked.user).values("pk")
    found = SigningSheet.objects.filter(
        entry__draw=OuterRef("pk"), revoked_at=None, sealed_at__isnull=False, handed_at=None
    ).exclude(pk__in=mine)
    draws = Draw.objects.filter(Exists(found), purpose=DrawPurpose.SUPERVISORS, round__state__in=VOIDABLE)
    return Columns(draws, title="round__name")


def _signing(row: Row) -> str:
    return reverse("admin:draw-signing-codes", args=[row.ref])


def _sheets(condition: Q) -> Callable[[Asked], Columns]:
    def rows(asked: Asked) -> Columns:
        sheets = PaperSheet.objects.filter(condition, batch=OuterRef("pk"), kind="").exclude(first_by=asked.user)
        batches = CodeBatch.objects.filter(Exists(sheets.exclude(second_by=asked.user)), round__state=RoundState.OPEN)
        return Columns(batches, title="label", since="round__closes_at")

    return rows


def _messages(asked: Asked, **conditions: object) -> Columns:
    """Return the rounds with letters or messages that nobody has dealt with, until the vote closes."""
    kept = MessageEntry.objects.filter(message=OuterRef("pk"), entry__is_selected=True)
    waiting = Message.objects.filter(Exists(kept), round=OuterRef("pk"), **conditions)
    rounds = Round.objects.filter(Exists(waiting), state__in=BEFORE_CLOSING, closes_at__gt=asked.at)
    return Columns(rounds, title="name", since="opens_at")


def _flags(_: Asked) -> Columns:
    waiting = AnomalyFlag.objects.filter(round=OuterRef("pk"), verdict=Verdict.OPEN)
    # A recount after the publication may find some, too.
    states = {*BEFORE_PUBLICATION, RoundState.PUBLISHED}
    return Columns(Round.objects.filter(Exists(waiting), state__in=states), parent="key", title="name")


def _pool_sources(kind: PoolKind) -> tuple[Source, ...]:
    imported = () if kind == PoolKind.RECIPIENTS else (_import_source(kind),)
    return (
        *imported,
        Source(
            f"announce-{kind}",
            Phase.PREPARING,
            ("pool.announce",),
            _pools(kind, has_people=True),
            lambda row: f"{row.title}：公告{PoolKind(row.detail).label}人数",
            _pool_page,
            proposal=lambda row: f"pool.announce.{row.detail}@evaluations.Round:{row.ref}",
        ),
    )


def _import_source(kind: PoolKind) -> Source:
    return Source(
        f"import-{kind}",
        Phase.PREPARING,
        ("pool.import",),
        _pools(kind, has_people=False),
        lambda row: f"{row.title}：导入{PoolKind(row.detail).label}",
        _pool_page,
    )


SOURCES = (
    *(source for kind in PoolKind for source in _pool_sources(kind)),
    Source(
        "pool-objection",
        Phase.PREPARING,
        ("pool.exclude",),
        lambda _: Columns(
            PoolObjection.objects.filter(answer=""),
            title="notice__round__name",
            detail="notice__kind",
            due_on="notice__objections_until",
            since="notice__announced_at",
        ),
        lambda row: f"{row.title}：处理{PoolKind(row.detail).label}异议",
        lambda row: reverse("admin:pool-answer", args=[row.ref]),
        model="evaluations.PoolObjection",
        has_term=True,
    ),
    Source(
        "request",
        Phase.PREPARING,
        ("privacy.handle",),
        lambda _: Columns(
            DataRequest.objects.filter(state=RequestState.OPEN),
            title="reference",
            due_on="due_on",
            since="received_at",
        ),
        lambda row: f"办理个人信息申请{row.title}",
        lambda row: reverse("admin:data-request", args=[row.ref]),
        model="evaluations.DataRequest",
        has_term=True,
    ),
    Source(
        "replan",
        Phase.VOTING,
        ("draw.commit",),
        _replan,
        _named("公告的时间早于投票截止时间，更改公告"),
        lambda row: reverse("admin:draw-plan", args=[row.parent, row.detail]),
        due=_day,
    ),
    Source(
        "randomness",
        Phase.DRAWING,
        ("draw.seed",),
        _draws(DrawStatus.COMMITTED),
        _named("现场录入随机数"),
        _ceremony,
        due=_day,
    ),
    Source(
        "run",
        Phase.DRAWING,
        ("draw.run",),
        _draws(DrawStatus.SEEDED),
        _named("执行抽取"),
        _ceremony,
        model="evaluations.Draw",
        due=_day,
    ),
    Source(
        "proof",
        Phase.DRAWING,
        ("draw.run",),
        _draws(DrawStatus.DRAWN),
        _named("监督员签名后公开证明"),
        _ceremony,
        model="evaluations.Draw",
        due=_day,
    ),
    Source(
        "sign-issue",
        Phase.DRAWING,
        ("sign.issue",),
        _to_issue,
        lambda row: f"{row.title}：提请发放监督员签名码",
        _signing,
        model="evaluations.Draw",
    ),
    Source(
        "sign-seal",
        Phase.DRAWING,
        ("sign.seal",),
        _to_seal,
        lambda row: f"{row.title}：逐人取出签名码密封件",
        _signing,
    ),
    Source(
        "sign-hand",
        Phase.DRAWING,
        ("sign.hand",),
        _to_hand,
        lambda row: f"{row.title}：当面交付签名码密封件后确认",
        _signing,
    ),
    Source(
        "second-keying",
        Phase.VOTING,
        ("paper.match",),
        _sheets(Q(first_by__isnull=False, second_by__isnull=True)),
        lambda row: f"批次“{row.title}”：第二人录入纸质票",
        lambda row: reverse("admin:paper-key", args=[row.ref]),
        due=_day,
    ),
    Source(
        "difference",
        Phase.VOTING,
        ("paper.match", "paper.entry"),
        _sheets(Q(first_by__isnull=False, second_by__isnull=False)),
        lambda row: f"批次“{row.title}”：两次录入不一致，核对纸质票",
        lambda row: reverse("admin:papers", args=[row.ref]),
        due=_day,
    ),
    Source(
        "letters",
        Phase.VOTING,
        ("cred.print",),
        lambda asked: _messages(asked, way=Way.LETTER, state=MessageState.QUEUED),
        lambda row: f"{row.title}：评议通知书待打印、寄出",
        lambda row: reverse("admin:round-messages", args=[row.ref]),
        due=_day,
    ),
    Source(
        "failed-messages",
        Phase.VOTING,
        ("cred.print",),
        lambda asked: _messages(asked, way=Way.SMS, state=MessageState.FAILED, content__isnull=False),
        lambda row: f"{row.title}：有评议短信未成功，请重新发送或者改用信函",
        lambda row: reverse("admin:round-messages", args=[row.ref]),
        due=_day,
    ),
    Source(
        "alert",
        Phase.VOTING,
        ("ballot.invalid",),
        lambda _: Columns(
            OpenClaimAlert.objects.unreviewed().filter(batch__round__state__in=[RoundState.OPEN, RoundState.SEALED]),
            title="batch__label",
            detail="kind",
            due_on="on",
        ),
        lambda row: f"核查领票异常：{row.title}",
        lambda row: reverse("admin:alert-review", args=[row.ref]),
        roles=frozenset({Role.CLERK}),
    ),
    Source(
        "flags",
        Phase.COUNTING,
        ("ballot.invalid",),
        _flags,
        lambda row: f"{row.title}：处理异常提示",
        lambda row: reverse("accountability:commission-anomalies", args=[row.parent]),
        model="evaluations.Round",
    ),
)

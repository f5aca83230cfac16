"""Personal data in service records (办件): what is held about a person, erasure, retention.

Records belong to no round: their names leave once every round whose period they fall into is over, records after the
last such period stay for the coming round. Numbers of records, batches and digests stay for good.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import models, transaction

from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED, DrawStatus, RoundState
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

ERASE = "privacy.erase_client"
ENDED = (RoundState.PUBLISHED, RoundState.CLOSED, RoundState.VOID)
BATCH = 500
ERASED = "删除办件中的本人信息"
CORRECTED = "（已更正，不再使用）"
IN_DRAW = "本人已被抽中，本轮结束后方可删除；不愿参加的请先办理移除递补。"
IN_POOL = "本人在已承诺的抽取名单中，投票截止前可能递补或者追加抽取，封箱后方可删除。"


def clients_of(phone_hash: str) -> models.QuerySet[Client]:
    """Return the people in service records with this phone, each with the number of their records."""
    found = Client.objects.filter(phone_hash=phone_hash) if phone_hash else Client.objects.none()
    return found.annotate(number=models.Count("records")).order_by("pk")


def records_held(phone_hash: str, name: str = "") -> Iterator[dict[str, str]]:
    """Yield what is held about the people with this phone, or the one of this name, by record (four queries)."""
    clients = {client.pk: client for client in clients_of(phone_hash) if is_named(client.name, name)}
    entries = DrawEntry.objects.filter(client__in=clients, is_selected=True)
    drawn = {
        (client, round_, stratum.partition(" ")[0])
        for client, round_, stratum in entries.values_list("client", "draw__round", "stratum")
    }
    rounds = list(Round.objects.order_by("period_start")) if clients else []
    records = ServiceRecord.objects.filter(client__in=clients).select_related("section__department")
    for record in records.order_by("finished_on", "pk"):
        client = clients[record.client_id or 0]
        of = [each for each in rounds if each.period_start <= record.finished_on <= each.period_end]
        code = record.section.code
        chances = {(client.pk, each.pk, code) for each in of}
        # What was corrected may be another person's, whose phone was mistyped.
        told = {
            "姓名": client.name,
            "单位": client.unit,
            "办过事的科室": f"{record.section}（{code}），{record.topic}{in_chinese(record.finished_on)}办结",
        }
        yield {
            "轮次": "、".join(each.name for each in of),
            "名单库": f"办件{record.number}",
            "身份类别": client.get_kind_display(),
            "手机号": str(client.phone),
            **(dict.fromkeys(told, CORRECTED) if record.is_corrected else told),
            "是否抽中": "是" if chances & drawn else "否",
        }


def is_named(held: str, name: str) -> bool:
    """True if somebody held under a name is the one of this name; whoever asks for no name gets all."""
    return not name or name_key(held) == name_key(name)


@transaction.atomic
def erase_client(*, client_id: int, reason: str, by: User, at: datetime) -> Client:
    """Erase a person from the service records at their own request; what was counted stays counted."""
    policy.check(by, "privacy.handle")
    client = Client.objects.select_for_update(of=("self",)).get(pk=client_id)
    _refuse_drawn(client)
    # Numbers of rows, which name nobody: `unnamed_faults` tells these records from any other without its person.
    people = [client.pk, *_as_before(client)]
    keys = sorted(ServiceRecord.objects.filter(client__in=people).values_list("pk", flat=True))
    records = _forget(Client.objects.filter(pk__in=people))
    detail = {"step_label": ERASED, "records": records, "keys": keys}
    audit.record("privacy.handle", client, by=by, at=at, reason=reason, detail=detail)
    return client


def _as_before(client: Client) -> list[int]:
    """Return the people who stand in earlier versions of the person's records, and in no record that counts."""
    newer = client.records.filter(
        unit=models.OuterRef("unit"), number=models.OuterRef("number"), version__gt=models.OuterRef("version")
    )
    earlier = ServiceRecord.objects.filter(models.Exists(newer)).exclude(client=None).exclude(client=client)
    standing = ServiceRecord.objects.standing().filter(client=models.OuterRef("pk"))
    found = Client.objects.filter(pk__in=earlier.values("client")).filter(~models.Exists(standing))
    return list(found.values_list("pk", flat=True))


def living_records(over: models.QuerySet[Round]) -> models.QuerySet[ServiceRecord]:
    """Return the records whose names are still needed while these rounds are over: of others, and of none to come."""
    periods = Round.objects.exclude(pk__in=over.values("pk")).values_list("period_start", "period_end")
    last = over.aggregate(last=models.Max("period_end"))["last"]
    needed = models.Q(finished_on__gt=last) if last else ~models.Q(pk=None)
    for period in periods:
        needed |= models.Q(finished_on__range=period)
    return ServiceRecord.objects.filter(needed)


def unlinked(over: models.QuerySet[Round]) -> models.QuerySet[ServiceRecord]:
    """Return the records that no longer need to name a person."""
    return ServiceRecord.objects.exclude(client=None).exclude(pk__in=living_records(over).values("pk"))


def unneeded(over: models.QuerySet[Round]) -> models.QuerySet[Client]:
    """Return the people who have a name or a phone left, and no record that still needs it."""
    named = Client.objects.exclude(name="", phone_hash="")
    needed = living_records(over).filter(client=models.OuterRef("pk"))
    return named.filter(~models.Exists(needed))


def idle_salts() -> models.QuerySet[RecordBatch]:
    """Return the batches whose people have all left and whose salt has not: it lets names and phones be tried out."""
    entries = ServiceRecord.objects.filter(batch=models.OuterRef("pk"))
    held = RecordBatch.objects.exclude(salt="").filter(models.Exists(entries))
    return held.filter(~models.Exists(entries.filter(client__isnull=False))).order_by()


def unnamed_faults() -> Iterator[str]:
    """Yield in Chinese how many records lack their person before its time, if logged erasures do not explain them.

    An erasure names its records; those logged before they did so explain as many as they took.
    """
    over = Round.objects.filter(state__in=ENDED)
    unnamed = set(living_records(over).filter(client=None).values_list("pk", flat=True))
    if unnamed:
        erasures = AuditEntry.objects.performed().filter(action="privacy.handle", detail__step_label=ERASED)
        details = list(erasures.values_list("detail", flat=True))
        named = unnamed.intersection(key for detail in details for key in detail.get("keys", ()))
        explained = len(named) + sum(detail["records"] for detail in details if "keys" not in detail)
        if len(unnamed) > explained:
            yield (
                f"有{len(unnamed)}件未到清除期限的办件没有办事人，其中操作日志所记的本人申请删除只有{explained}件，"
                "有办事人被去掉。"
            )


def forget(rows: models.QuerySet[Client]) -> None:
    """Erase these people; who stands in a draw keeps an empty row, which the draw's record points to."""
    _forget(rows)


def _forget(rows: models.QuerySet[Client]) -> int:
    people = list(rows.values_list("pk", flat=True))
    records = 0
    for start in range(0, len(people), BATCH):
        part = people[start : start + BATCH]
        records += ServiceRecord.objects.filter(client__in=part).update(client=None)
        in_draws = set(DrawEntry.objects.filter(client__in=part).values_list("client", flat=True))
        Client.objects.filter(pk__in=in_draws).update(name="", phone="", phone_hash="", unit="", exclusion_note="")
        Client.objects.filter(pk__in=set(part) - in_draws).delete()
    if people:
        idle_salts().update(salt="")
    return records


def _refuse_drawn(client: Client) -> None:
    drawn = DrawEntry.objects.filter(client=client, is_selected=True).exclude(draw__round__state__in=ENDED)
    if drawn.exists():
        raise RuleViolation(IN_DRAW)
    pool = DrawEntry.objects.filter(client=client, exclusion="").exclude(draw__round__state__in=[*SEALED, *ENDED])
    if pool.exclude(draw__status=DrawStatus.ABANDONED).exists():
        raise RuleViolation(IN_POOL)
    if not (client.name or client.phone_hash):
        raise RuleViolation("本人信息已经清除。")


ERASE_CLIENT = ApprovableAction(
    ERASE,
    permission="privacy.handle",
    label="本人申请删除办件中的个人信息",
    closed=_refuse_drawn,
    model=Client,
    content=lambda client, asked: {
        "姓名": client.name,
        "手机号": client.masked_phone,
        "办件": f"{client.records.count()}件",
        "办理后果": "删除姓名、手机号和单位，办件件数和校验值保留；以后各项抽取中没有本人",
        "理由": asked["reason"],
    },
    perform=calls(erase_client, "client_id"),
    names=lambda client, _: f"办件中的{client}（第{client.pk}号）",
)
ACTIONS = (ERASE_CLIENT,)

"""Service records (办件) of the halls and departments, the people in them, and the chain of what each day brought.

Records belong to no round: a round's frame is what was finished in its period. Names and phones leave after the
round; batches, counts and digests stay.
"""

from django.conf import settings
from django.db import models

from departments.models import Department, Section
from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.service_records.rules.kinds import ClientKind
from nanchuan_eval.encryption.fields import EncryptedField, mask_phone


class Client(models.Model):
    """办事人: one person who had something done, for a firm its agent; several people may share a phone."""

    name = models.CharField("姓名", max_length=40, blank=True)
    phone = EncryptedField("手机号", blank=True, looked_up_by="phone_hash")
    phone_hash = models.CharField("手机号摘要", max_length=64, blank=True)
    unit = models.CharField("单位", max_length=80, blank=True)
    kind = models.CharField("类别", max_length=6, choices=ClientKind)
    exclusion = models.CharField("不参加抽取的原因", max_length=20, blank=True, choices=ExclusionReason)
    exclusion_note = models.CharField("回避说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "办事人"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_hash", "name"],
                condition=~models.Q(phone_hash=""),
                name="a_person_with_a_phone_stands_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name[:1]}**"

    @property
    def masked_phone(self) -> str:
        """The phone as staff see it: 138****0001."""
        return mask_phone(self.phone)


class RecordBatch(models.Model):
    """办件批次: what one delivery brought of one unit's records of one day, chained to the unit's batch before it."""

    unit = models.ForeignKey(Department, models.PROTECT, verbose_name="单位", related_name="record_batches")
    seq = models.PositiveIntegerField("序号", help_text="本单位的第几批")
    day = models.DateField("办结日期")
    records = models.PositiveIntegerField("办件数")
    salt = models.CharField("随机数", max_length=64, help_text="不公开，核对时出示")
    digest = models.CharField("办件校验值", max_length=64)
    head = models.CharField("累计校验值", max_length=64)
    is_correction = models.BooleanField("更正批次", default=False, db_default=False, help_text="代替以前批次中的办件")
    received_at = models.DateTimeField("收到时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "办件批次"
        ordering = ["unit", "seq"]
        constraints = [models.UniqueConstraint(fields=["unit", "seq"], name="a_unit_counts_its_record_batches")]

    def __str__(self) -> str:
        return f"{self.unit.name}第{self.seq}批"


class StatedCount(models.Model):
    """单位自报办件数: how many records the unit itself says it finished on a day."""

    unit = models.ForeignKey(Department, models.PROTECT, verbose_name="单位", related_name="stated_counts")
    day = models.DateField("办结日期")
    records = models.PositiveIntegerField("自报办件数")
    stated_at = models.DateTimeField("报送时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "单位自报办件数"
        ordering = ["unit", "day"]
        constraints = [models.UniqueConstraint(fields=["unit", "day"], name="a_unit_states_a_day_once")]

    def __str__(self) -> str:
        return f"{self.unit.name}{self.day:%Y年%-m月%-d日}"


class RecordQuerySet(models.QuerySet["ServiceRecord"]):
    """Named filters of records."""

    def standing(self) -> "RecordQuerySet":
        """Return the records that count: of a corrected one the newest version."""
        return self.filter(is_corrected=False)


class ServiceRecord(models.Model):
    """办件: one finished matter of one person with one section; a corrected one stays, beside its newer version."""

    number = models.CharField("办件编号", max_length=60)
    unit = models.ForeignKey(Department, models.PROTECT, verbose_name="单位", related_name="+", db_index=False)
    section = models.ForeignKey(Section, models.PROTECT, verbose_name="科室", related_name="service_records")
    topic = models.CharField("事项", max_length=100, blank=True)
    finished_on = models.DateField("办结日期", db_index=True)
    # None: the names and phones of the round have left.
    client = models.ForeignKey(Client, models.SET_NULL, verbose_name="办事人", null=True, related_name="records")
    batch = models.ForeignKey(RecordBatch, models.PROTECT, verbose_name="办件批次", related_name="entries")
    version = models.PositiveSmallIntegerField("第几版", default=1, db_default=1)
    is_corrected = models.BooleanField("已更正", default=False, db_default=False, help_text="以更正后的办件为准")

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "办件"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "number", "version"], name="a_record_stands_once_in_its_unit")
        ]

    def __str__(self) -> str:
        return self.number
